"""Two officers for one use of identities: `request` by the one, `approve` by the other."""

from pathlib import Path

import click

from workbench import approvals
from workbench.cli import books, clock, passphrase
from workbench.cli.options import STAFF_TEXT, WholeNumber
from workbench.errors import ApprovalError
from workbench.settings import find_home

DAYS = WholeNumber(1, 30)


@click.command(help="個人情報を使う承認を申請する。表示された番号を、ほかの担当者が承認する。")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option("--purpose", type=STAFF_TEXT, required=True, metavar="TEXT", help="個人情報を使う目的。台帳に残る。")
@click.option(
    "--use",
    type=click.Choice(list(approvals.USES)),
    default="letters",
    show_default=True,
    help="使いみち。letters は手紙と宛名の一覧、media は媒体での持ち出し。",
)
@passphrase.OPTION
def request(file: Path, purpose: str, use: str, passphrase_file: Path | None) -> None:
    """Ask another officer for approval of one use of one file."""
    home = find_home()
    approvals.file_digest(file)  # refused before a passphrase is asked for
    ledger = books.open_ledger(home, passphrase.unlock(home, passphrase_file))
    number = approvals.request(ledger, file, use=use, purpose=purpose, at=clock.now())
    click.echo(f"承認番号 {number} で申請しました（{approvals.USES[use]}、{file.name}）。")
    click.echo(f"ほかの担当者が workbench approve {number} で承認すると、{approvals.VALID_DAYS}日間、1回だけ使えます。")


@click.command(help="ほかの担当者の申請を承認する。期限つきで、1回だけ使える。")
@click.argument("number", metavar="NUMBER")
@click.option(
    "--days",
    type=DAYS,
    default=approvals.VALID_DAYS,
    show_default=True,
    metavar="N",
    help=f"承認が使える日数（{DAYS.bounds}）。",
)
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="承認する一覧。指定すると、申請されたものと同じ中身かを確かめる。",
)
@passphrase.OPTION
def approve(number: str, days: int, file: Path | None, passphrase_file: Path | None) -> None:
    """Agree to what another officer asked for."""
    home = find_home()
    asked = approvals.requested(books.open_ledger(home), number)
    if file is not None and approvals.file_digest(file) != asked.subject["file_sha256"]:
        msg = f"{file.name} は、承認番号 {number} で申請されたものと中身が違います。何も記録していません。"
        raise ApprovalError(msg)
    use = approvals.USES.get(str(asked.subject["use"]), "不明")
    click.echo(
        f"申請者 {asked.actor}　目的 {asked.purpose}　使いみち {use}　{asked.counts['rows']:,} 行　申請日時 {asked.at}"
    )
    ledger = books.open_ledger(home, passphrase.unlock(home, passphrase_file))
    until = approvals.approve(ledger, number, at=clock.now(), days=days)
    click.echo(f"承認番号 {number} を承認しました（{until:%Y-%m-%d %H:%M} まで、1回だけ使えます）。")


COMMANDS = (request, approve)
