"""Commands on invented persons: evaluate, explain."""

import json
import sys
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli.options import DAY
from workbench.errors import SourceError

if TYPE_CHECKING:
    from workbench.evaluation import Case

_BATCH = 10_000
_FORM = (
    '事例は {"birth_date":"生年月日","sex":"F・M・U","as_of":"基準日", "doses":[{"vaccine":"ワクチンの記号",'
    '"given_on":"接種日"}]} の形のJSONで、日付は 2026-11-01 のように書く。接種（doses）に product・stage・dose_no・'
    "legal_class を、ほかに exemptions（対象外事由）と special（特別の事情）を書ける。"
    "知らない言葉は受け付けない。"
)


@click.command(help=f"架空の1人（標準入力のJSON）について、枠ごとの状態と接種ごとの評価を答える。\n\n{_FORM}")
@click.option(
    "--cases",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="1行に1つ事例を書いたファイル。1行に1つJSONで答える。空の行は飛ばす。",
)
@click.option("--json", "as_json", is_flag=True, help="JSONで出力する（1人のときも）。")
def evaluate(cases: Path | None, *, as_json: bool) -> None:
    """Evaluate one invented person, or a file of them."""
    from workbench.evaluation import evaluate_cases, read_case

    if cases is None:
        [answer] = evaluate_cases([read_case(sys.stdin.read())])
        click.echo(json.dumps(answer, ensure_ascii=False, indent=None if as_json else 1))
        return
    read = list(_read_cases(cases))
    for start in range(0, len(read), _BATCH):
        for answer in evaluate_cases(islice(read, start, start + _BATCH)):
            click.echo(json.dumps(answer, ensure_ascii=False))


def _read_cases(file: Path) -> Iterator["Case"]:
    from workbench.evaluation import read_case

    for number, line in enumerate(_read_text(file, "1行に1つ事例").splitlines(), 1):
        if line.strip():
            yield read_case(line, number)


def _read_text(file: Path, what: str) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        pass
    msg = f"{file} を読めません。{what}をJSONで書いたUTF-8のファイルを指定してください。"
    raise SourceError(msg)


@click.command(help="1人について、なぜその答えになるかを、電話で読み上げられる文章で説明する。鍵は要らない。")
@click.argument("person_id", metavar="PERSON_ID", required=False)
@click.option(
    "--case",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="架空の1人の事例（evaluate と同じ形のJSON）を書いたファイル。",
)
@click.option("--as-of", "as_of", type=DAY, metavar="YYYY-MM-DD", help="PERSON_ID のとき、基準日。省けば抽出日。")
def explain(person_id: str | None, file: Path | None, as_of: date | None) -> None:
    """Explain the answer for a pseudonym of the current snapshot, or for an invented person."""
    from workbench.evaluation import read_case
    from workbench.explanation import explain as account_of
    from workbench.explanation import person_case

    if (person_id is None) == (file is None) or (file and as_of):
        msg = (
            "PERSON_ID（p と16桁）か --case FILE のどちらか1つを指定してください。基準日は、事例では as_of に書きます。"
        )
        raise click.UsageError(msg, click.get_current_context())
    case = read_case(_read_text(file, "事例1件")) if file else person_case(person_id, as_of=as_of)
    click.echo(account_of(case))


COMMANDS = (evaluate, explain)
