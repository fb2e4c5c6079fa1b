"""Commands of the follow-up officer (勧奨担当) and the auditor (監査): letters, the ledger."""

import getpass
import os
from pathlib import Path

import click

from workbench.cli import clock, passphrase, screen
from workbench.cli.operator import BY_OPTION
from workbench.settings import find_home, load_settings


@click.command(help="仮名の名簿から、宛名を付けた手紙（PDF）と名簿（Excel）を作る。承認と台帳の記録が必要。")
@click.argument("list_file", type=click.Path(path_type=Path, dir_okay=False), metavar="LIST")
@click.option("--purpose", required=True, metavar="TEXT", help="個人情報を使う目的。台帳に残る。")
@click.option("--approved-by", required=True, metavar="NAME", help="承認した職員（実行者とは別の人）。")
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
    actor: str | None,
    passphrase_file: Path | None,
    password_file: Path | None,
) -> None:
    """Join names and addresses at the last moment; protected persons stay out."""
    from workbench import keys
    from workbench.ledger import Ledger
    from workbench.outputs.letter_batch import make_letters, new_password
    from workbench.snapshot import current
    from workbench.vault import Approval, Vault

    home = find_home()
    approval = Approval(purpose=purpose, requested_by=actor or getpass.getuser(), approved_by=approved_by)
    master = keys.unlock(home.keys, officer=None, passphrase=passphrase.read(home, passphrase_file))
    password = passphrase.read_file(password_file) if password_file else new_password()
    batch = make_letters(
        list_file,
        home=home,
        settings=load_settings(),
        vault=Vault(home.vault / current(home).id, master.derive("vault")),
        ledger=Ledger(home.registers / "ledger.jsonl"),
        approval=approval,
        password=password,
        at=clock.now(),
    )
    screen.console().print(screen.letter_counts(batch))
    for file in sorted(batch.folder.iterdir()):
        click.echo(os.path.relpath(file))
    if password_file is None:
        click.echo(f"パスワード（この画面だけに表示）: {password}")


@click.group(help="利用の台帳。")
def ledger() -> None:
    """Hold the ledger commands."""


@ledger.command(name="verify", help="台帳に改変・欠落・順序の入れ替えがないことを確かめる。")
def ledger_verify() -> None:
    """Walk the whole chain."""
    from workbench.ledger import Ledger

    head = Ledger(find_home().registers / "ledger.jsonl").verify()
    click.echo(f"台帳は正しくつながっています（{head.seq:,} 件、末尾 {head.hash[:16]}）。")


COMMANDS = (letters, ledger)
