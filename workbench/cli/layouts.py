"""Commands on layouts (運用担当): does one fit, and a draft of a new one."""

from pathlib import Path

import click

from workbench.errors import SourceError


@click.group(name="layout", help="抽出ファイルの様式（レイアウト）を確かめる・下書きを作る。")
def layout_group() -> None:
    """Hold the layout commands."""


@layout_group.command(name="check", help="レイアウトが合うか、何が足りないかを示す（行は読まない）。")
@click.argument("layout", metavar="FILE|NAME")
@click.option(
    "--extracts",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="このフォルダーのファイルの見出し行とも比べる。",
)
def check(layout: str, extracts: Path | None) -> None:
    """Compare a layout with the house and with files."""
    from workbench.sources.review import open_layout, review

    findings = review(open_layout(layout), extracts)
    for finding in findings:
        click.echo(f"{'○' if finding.fits else '×'} {finding.text}")
    wrong = sum(not finding.fits for finding in findings)
    if wrong:
        msg = f"合わないところが {wrong} か所あります。× の行を直してください。何も変更していません。"
        raise SourceError(msg)
    click.echo("合わないところはありません。")


@layout_group.command(name="new", help="ファイルの見出し行だけを読み、レイアウトの下書き（TOML）を表示する。")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option(
    "--table",
    type=click.Choice(
        ["residents", "doses", "exemptions", "deliveries", "protections", "specials", "districts", "clinics"]
    ),
    required=True,
    metavar="TABLE",
    help="何のファイルか: residents 住民、doses 接種記録、exemptions 対象外事由、deliveries 送付先、"
    "protections 支援措置、"
    "specials 特別の事情（長期療養特例、妊娠、障害など）、districts 地区、clinics 医療機関。",
)
def new(file: Path, table: str) -> None:
    """Draft a layout."""
    from workbench.sources.review import draft

    click.echo(draft(file, table=table), nl=False)


COMMANDS = (layout_group,)
