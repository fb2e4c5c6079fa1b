"""Commands on the 媒体管理簿: a carry, its erasure, the register."""

import csv
import io
from dataclasses import asdict
from pathlib import Path

import click

from workbench.cli import books, clock, passphrase
from workbench.errors import StorageError
from workbench.settings import find_home, storage_reason, write_private

TITLES = {
    "number": "番号",
    "medium": "媒体",
    "to": "持ち出し先",
    "carried_at": "持ち出し日時",
    "carried_by": "実施者",
    "approved_by": "承認者",
    "purpose": "目的",
    "file_sha256": "ファイルのSHA-256",
    "rows": "行数",
    "erased_at": "消去日時",
    "erased_by": "消去者",
}


@click.group(help="媒体管理簿（持ち出しと消去の記録）。")
def media() -> None:
    """Hold the commands of the register of media."""


@media.command(name="carry", help="承認されたファイルを媒体で持ち出すことを記録する（写すのは本人）。")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option("--approval", "number", required=True, metavar="NUMBER", help="承認番号（request --use media で申請）。")
@click.option("--medium", required=True, metavar="ID", help="媒体のラベルの番号（英数字。例 USB-03）。")
@click.option("--to", required=True, metavar="ZONE", help="持ち出し先の区画や機械の名前（英数字。例 LGWAN）。")
@passphrase.OPTION
def media_carry(file: Path, number: str, medium: str, to: str, passphrase_file: Path | None) -> None:
    """Enter one carry."""
    from workbench import approvals, custody

    home = find_home()
    approvals.file_digest(file)
    ledger = books.open_ledger(home, passphrase.unlock(home, passphrase_file))
    entry = custody.carry(ledger, file, number=number, medium=medium, to=to, at=clock.now())
    click.echo(
        f"媒体 {medium} での持ち出しを記録しました（{entry.counts['rows']:,} 行、台帳の末尾 {entry.head.text}）。"
    )
    click.echo(f"使い終えたら中身を消去し、workbench media erase {number} で記録してください。")


@media.command(name="erase", help="媒体の中身を消去したことを記録する。")
@click.argument("number", metavar="NUMBER")
@passphrase.OPTION
def media_erase(number: str, passphrase_file: Path | None) -> None:
    """Enter the erasure of what was carried."""
    from workbench import custody

    home = find_home()
    ledger = books.open_ledger(home, passphrase.unlock(home, passphrase_file))
    entry = custody.erase(ledger, number, at=clock.now())
    click.echo(f"媒体 {entry.subject['medium']} の消去を記録しました（番号 {number}）。")


@media.command(name="list", help="媒体管理簿を表示する。消去の記録がないものが分かる。")
@click.option(
    "--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="CSVに書き出す。"
)
def media_list(csv_file: Path | None) -> None:
    """Print the register, or write it as a table."""
    from workbench import custody

    lines = custody.register(books.open_ledger(find_home()))
    if csv_file:
        _write(csv_file, [asdict(line) for line in lines])
    for line in lines:
        state = f"消去 {line.erased_at}（{line.erased_by}）" if line.erased_at else "未消去"
        what = f"{line.rows:,} 行  SHA-256 {line.file_sha256[:16]}…  承認 {line.approved_by}"
        click.echo(f"{line.number}  {line.carried_at}  {line.medium} → {line.to}  {line.carried_by}  {what}  {state}")
    click.echo(f"持ち出し {len(lines):,} 件、うち未消去 {sum(not line.erased_at for line in lines):,} 件。")


def _as_text(cell: object) -> object:
    """Keep a spreadsheet from taking what somebody wrote for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _write(path: Path, lines: list[dict]) -> None:
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(TITLES.values())
    writer.writerows([_as_text(line[name]) for name in TITLES] for line in lines)
    try:
        write_private(path, table.getvalue().encode("utf-8-sig"))
    except OSError as error:
        reason = storage_reason(error)
    else:
        return
    msg = (
        f"{path} に書けません（{reason}）。場所と空き容量を確かめるか、別の名前を指定してください。何も書いていません。"
    )
    raise StorageError(msg)


COMMANDS = (media,)
