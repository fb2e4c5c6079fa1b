"""Commands of the analyst (分析担当): windows of a birth date, reports, JupyterLab."""

import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click

from workbench.cli import clock, screen
from workbench.cli.options import DAY, WholeNumber
from workbench.errors import SourceError
from workbench.lawdates import read_day
from workbench.settings import find_home, load_settings

SEX = click.Choice(["M", "F"])


@click.command(help="生年月日から、接種の枠ごとの対象期間を表示する。")
@click.option("--birth", type=DAY, metavar="YYYY-MM-DD", help="生年月日（YYYY-MM-DD）。")
@click.option(
    "--births",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="1行に1つ生年月日を書いたファイル。1行に1つJSONを返す。空の行は飛ばす。",
)
@click.option("--sex", type=SEX, default="F", show_default=True, help="性別。")
@click.option("--json", "as_json", is_flag=True, help="JSONで出力する。")
def windows(birth: date | None, births: Path | None, sex: str, *, as_json: bool) -> None:
    """Print the legal windows of one birth date, or of many."""
    from workbench import schedule

    if (birth is None) == (births is None):
        msg = "--birth か --births のどちらか1つを指定してください。"
        raise click.UsageError(msg, click.get_current_context())
    rules = schedule.load()
    if births is not None:
        for day in _read_births(births):
            click.echo(json.dumps(rules.windows_json(day, sex), ensure_ascii=False))
        return
    answer = rules.windows_json(birth, sex)
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    screen.console().print(_window_table(rules, answer))


def _read_births(file: Path) -> list[date]:
    """Read one ISO date a line; a line that is none is named by its number, not quoted."""
    try:
        with file.open(encoding="utf-8-sig") as stream:
            lines = [line.strip() for line in stream]
    except (OSError, UnicodeDecodeError):
        lines = None
    if lines is None:
        msg = f"{file} を読めません。1行に1つ YYYY-MM-DD を書いたUTF-8のファイルを指定してください。"
        raise SourceError(msg)
    days = {number: read_day(line) for number, line in enumerate(lines, 1) if line}
    bad = [number for number, day in days.items() if day is None]
    if bad:
        msg = (
            f"{file} の {bad[0]} 行目が YYYY-MM-DD の日付ではありません（そのような行は全部で {len(bad):,} 行）。"
            "直してからやり直してください。何も出力していません。"
        )
        raise SourceError(msg)
    return list(days.values())


def _window_table(rules: object, answer: dict) -> object:
    from rich.table import Table

    labels = {slot.slot: slot.label for slot in rules.slots}
    table = Table(title=f"対象期間（{answer['birth_date']} 生まれ、両端を含む）", title_justify="left")
    for title in ("枠", "名称", "対象の初日", "標準の初日", "標準の末日", "対象の末日"):
        table.add_column(title, overflow="fold")
    for line in answer["slots"]:
        days = (line[key] or "—" for key in ("opens_on", "standard_from", "standard_until", "closes_on"))
        table.add_row(line["slot"], labels[line["slot"]], *days)
    return table


@click.command(help="報告の帳票（ノートブック）を1つ実行し、HTMLとExcelを作る。")
@click.argument("name", metavar="REPORT", required=False)
@click.option("-p", "--parameter", "pairs", multiple=True, metavar="NAME=VALUE", help="パラメータ。何度でも書ける。")
@click.option("--list", "show", is_flag=True, help="報告の一覧、または指定した報告で使えるパラメータを表示する。")
def report(name: str | None, pairs: tuple[str, ...], *, show: bool) -> None:
    """Run one notebook through papermill, in a process of its own."""
    from workbench import runs

    if show:
        for line in _parameters(name) if name else _reports():
            click.echo(line)
        return
    if name is None:
        msg = f"REPORT（{'、'.join(runs.report_names())} のどれか）を指定してください。"
        raise click.UsageError(msg, click.get_current_context())
    with screen.step_progress(f"報告 {name}", "セル") as progress:
        result = runs.run_report(
            name,
            runs.parse_assignments(pairs),
            home=find_home(),
            at=clock.now(),
            timeout_seconds=load_settings().reports.timeout_seconds,
            progress=progress,
        )
    for file in sorted(result.folder.iterdir()):
        click.echo(screen.shown(file))


def _reports() -> Iterator[str]:
    from workbench import runs

    for name, notebook in runs.report_names().items():
        yield f"{name}  {runs.title(notebook)}"


def _parameters(name: str) -> Iterator[str]:
    """Yield one line per parameter: its default as it would be given, its meaning, and what may be given."""
    from workbench import runs

    for parameter in runs.declared_parameters(runs.find_notebook(name)):
        yield f"{parameter.name}={parameter.default}  {parameter.meaning}：{parameter.form}"


@click.command(help="JupyterLab を日本語で開く（この機械の中だけ。合い言葉つき）。")
@click.option(
    "--port", type=WholeNumber(1024, 65535), default=8888, show_default=True, metavar="N", help="ポート番号。"
)
@click.option("--browser/--no-browser", default=True, help="ブラウザーを自動で開くか。")
def lab(port: int, *, browser: bool) -> None:
    """Replace this process by JupyterLab."""
    from workbench.lab import command

    arguments, environment = command(find_home(), port=port, browser=browser)
    os.execve(arguments[0], arguments, environment)  # noqa: S606  (our own interpreter, no shell)


COMMANDS = (windows, report, lab)
