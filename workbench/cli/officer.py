"""Commands of the follow-up officer (勧奨担当) and the auditor (監査): letters, the ledger."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli import clock, passphrase, screen
from workbench.cli.options import BY_OPTION, STAFF_TEXT
from workbench.errors import LedgerError, NoSnapshotError
from workbench.settings import Home, find_home, load_settings

if TYPE_CHECKING:
    from workbench.ledger import Ledger

LEDGER_FILE = "ledger.jsonl"


@click.command(help="仮名の名簿から、宛名を付けた手紙（PDF）と名簿（Excel）を作る。承認と台帳の記録が必要。")
@click.argument("list_file", type=click.Path(path_type=Path, dir_okay=False), metavar="LIST")
@click.option("--purpose", type=STAFF_TEXT, required=True, metavar="TEXT", help="個人情報を使う目的。台帳に残る。")
@click.option(
    "--approved-by", type=STAFF_TEXT, required=True, metavar="NAME", help="承認した職員（実行者とは別の人）。"
)
@BY_OPTION
@passphrase.OPTION
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="出力に付けるパスワードのファイル。省略すると自動で作って表示する。",
)
def letters(
    list_file: Path,
    purpose: str,
    approved_by: str,
    *,
    actor: str,
    passphrase_file: Path | None,
    password_file: Path | None,
) -> None:
    """Join names and addresses at the last moment; protected persons stay out."""
    from workbench.ledger import Ledger
    from workbench.outputs.letter_batch import make_letters, new_password
    from workbench.snapshot import current
    from workbench.vault import Approval, Vault

    home = find_home()
    approval = Approval(purpose=purpose, requested_by=actor, approved_by=approved_by)
    master = passphrase.unlock(home, passphrase_file)
    password = passphrase.read_file(password_file) if password_file else new_password()
    with screen.step_progress("手紙", "通") as progress:
        batch = make_letters(
            list_file,
            home=home,
            settings=load_settings(),
            vault=Vault(home.vault / current(home).id, master.derive("vault")),
            ledger=Ledger(home.registers / LEDGER_FILE),
            approval=approval,
            password=password,
            at=clock.now(),
            progress=progress,
        )
    screen.console().print(screen.letter_counts(batch))
    for file in sorted(batch.folder.iterdir()):
        click.echo(screen.shown(file))
    if password_file is None:
        click.echo(f"パスワード（この画面だけに表示）: {password}")


@click.group(help="利用の台帳。")
def ledger() -> None:
    """Hold the ledger commands."""


@ledger.command(name="verify", help="台帳に改変・欠落・順序の入れ替えがないことを確かめる。")
def ledger_verify() -> None:
    """Walk the whole chain, and look for the entry of the published snapshot."""
    from workbench.ledger import Ledger

    home = find_home()
    book = Ledger(home.registers / LEDGER_FILE)
    head = book.verify()
    _refuse_unless_entered(book, home)
    if not book.path.exists():
        click.echo(f"台帳 {book.path} はまだありません（取り込む前です）。")
        return
    click.echo(f"台帳は正しくつながっています（{head.seq:,} 件、末尾 {head.hash[:16]}）。")


def _refuse_unless_entered(book: "Ledger", home: Home) -> None:
    """Refuse a ledger that does not know the published snapshot: its end, or all of it, was taken away.

    Raises:
        LedgerError: as the first line says.
    """
    from workbench.snapshot import current

    try:
        published = current(home).id
    except NoSnapshotError:
        return
    if any(entry.action == "ingest" and entry.subject.get("snapshot_id") == published for entry in book.entries()):
        return
    msg = (
        f"台帳 {book.path} に、公開中のスナップショット {published} を取り込んだ記録がありません。台帳が消されたか、"
        "末尾が切り取られた疑いがあります。ファイルを保全し、バックアップと比べてください。何も変更していません。"
    )
    raise LedgerError(msg)


COMMANDS = (letters, ledger)
