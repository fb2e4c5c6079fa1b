"""Commands of the follow-up officer (勧奨担当) and the auditor (監査): letters, the ledger."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli import books, clock, passphrase, screen
from workbench.errors import LedgerError, NoSnapshotError
from workbench.settings import Home, find_home, load_settings

if TYPE_CHECKING:
    from workbench.ledger import Ledger


@click.command(help="仮名の名簿から、宛名を付けた手紙（PDF）と名簿（Excel）を作る。承認と台帳の記録が必要。")
@click.argument("list_file", type=click.Path(path_type=Path, dir_okay=False), metavar="LIST")
@click.option(
    "--approval", "number", required=True, metavar="NUMBER", help="承認番号（workbench request で申請したもの）。"
)
@passphrase.OPTION
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="出力に付けるパスワードのファイル。省略すると自動で作って表示する。",
)
def letters(list_file: Path, number: str, *, passphrase_file: Path | None, password_file: Path | None) -> None:
    """Join names and addresses at the last moment; protected persons stay out."""
    from workbench import approvals
    from workbench.outputs.letter_batch import make_letters, new_password
    from workbench.snapshot import current
    from workbench.vault import Vault

    home = find_home()
    master = passphrase.unlock(home, passphrase_file)
    register = home.vault / current(home).id
    ledger, at = books.open_ledger(home, master), clock.now()
    approval = approvals.find(ledger, number, use="letters", at=at)
    password = passphrase.read_file(password_file) if password_file else new_password()
    with screen.step_progress("手紙", "通") as progress:
        batch = make_letters(
            list_file,
            home=home,
            settings=load_settings(),
            vault=Vault(register, master.derive("vault")),
            ledger=ledger,
            approval=approval,
            password=password,
            at=at,
            progress=progress,
        )
    screen.console().print(screen.letter_counts(batch))
    for file in sorted(batch.folder.iterdir()):
        click.echo(screen.shown(file))
    click.echo(f"台帳の末尾（控えに使えます）: {batch.ledger_head.text}")
    if password_file is None:
        click.echo(f"パスワード（この画面だけに表示）: {password}")


@click.group(help="利用の台帳。")
def ledger() -> None:
    """Hold the ledger commands."""


@ledger.command(name="verify", help="台帳に改変・欠落・順序の入れ替えがないことを確かめる。")
@click.option(
    "--anchor", metavar="HEAD", help="紙や手紙に印刷された台帳の末尾（例 12-3f…）。切り捨てと書き直しも見つける。"
)
def ledger_verify(anchor: str | None) -> None:
    """Walk the whole chain and every signature, and look for the anchor and for the published snapshot's entry."""
    from workbench.ledger import read_head

    known = read_head(anchor) if anchor else None
    if anchor and known is None:
        msg = "--anchor は、印刷された台帳の末尾（番号-ハッシュ16桁以上）を指定してください。"
        raise click.UsageError(msg, click.get_current_context())
    home = find_home()
    book = books.open_ledger(home)
    head = book.verify(known)
    _refuse_unless_entered(book, home)
    if not book.path.exists():
        click.echo(f"台帳 {book.path} はまだありません（取り込む前です）。")
        return
    click.echo(f"台帳は正しくつながっています（{head.seq:,} 件、末尾 {head.text}）。")
    if known:
        click.echo("控えの記録が、台帳の中にそのままあります。")


@ledger.command(name="list", help="台帳の記録を表示する（だれが、いつ、何のために、だれの承認で、何を、何件）。")
@click.option("--action", metavar="NAME", help="この操作だけを表示する（例 reveal、ingest、approved）。")
def ledger_list(action: str | None) -> None:
    """Print the entries, each checked against the one before."""
    officers: dict[str, str] = {}  # short name of a key -> officer, as the entry says that introduced it
    for entry in books.open_ledger(find_home()).entries():
        officers |= {entry.subject["key"]: entry.officer} if "public_key" in entry.subject else {}
        if action in (None, entry.action):
            what = " ".join(f"{name}={value}" for name, value in (*entry.subject.items(), *entry.counts.items()))
            by = f"{entry.actor}（署名 {officers.get(entry.signer, '')} {entry.signer}）"
            click.echo(
                f"{entry.seq}  {entry.at}  {entry.action}  {by}  承認 {entry.approved_by or '—'}  {entry.purpose}"
            )
            click.echo(f"    {what}")


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
    made = ("ingest", "keys_rotated")
    if any(entry.action in made and entry.subject.get("snapshot_id") == published for entry in book.entries()):
        return
    msg = (
        f"台帳 {book.path} に、公開中のスナップショット {published} を取り込んだ記録がありません。台帳が消されたか、"
        "末尾が切り取られた疑いがあります。ファイルを保全し、バックアップと比べてください。何も変更していません。"
    )
    raise LedgerError(msg)


COMMANDS = (letters, ledger)
