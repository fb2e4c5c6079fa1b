"""Commands on the keys: make, add and remove officers, show, renew, destroy. Every change is a ledger entry first."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli import books, clock, passphrase
from workbench.cli.options import STAFF_TEXT, account_name
from workbench.errors import KeyFileError
from workbench.settings import Home, find_home, make_folder

if TYPE_CHECKING:
    from workbench import keys
    from workbench.ledger import Entry

ONE_OFFICER = 1
NEW_PASSPHRASE = click.option(
    "--new-passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="追加する担当者のパスフレーズを1行目に書いたファイル（chmod 600）。なければ画面で本人が入力する。",
)


@click.group(name="keys", help="鍵と担当者の管理。")
def keys_group() -> None:
    """Hold the key commands."""


@keys_group.command(name="init", help="鍵を作り、パスフレーズで包んで var/keys/ に置く（1回だけ）。")
@passphrase.OPTION
@click.option(
    "--officer", type=STAFF_TEXT, default=account_name, metavar="NAME", help="鍵を開けられる職員。省略すると利用者名。"
)
@click.option("--demo", is_flag=True, help="実演用: パスフレーズを自動で作り var/keys/ に置く。")
def keys_init(passphrase_file: Path | None, officer: str, *, demo: bool) -> None:
    """Create the installation's master key."""
    from workbench import keys

    home = find_home()
    keys.check_absent(home.keys)
    if demo:
        words = keys.write_demo_passphrase(home.keys)
        click.echo(
            f"実演用のパスフレーズを {home.keys / keys.DEMO_PASSPHRASE} に作りました（本番では使わないでください）。"
        )
    elif passphrase_file:
        words = passphrase.read_file(passphrase_file)
    else:
        words = passphrase.ask(f"新しいパスフレーズ（{keys.MIN_PASSPHRASE}文字以上）", again="もう一度")
    keys.init(home.keys, officer=officer, passphrase=words, at=clock.now())
    click.echo(f"鍵を {home.keys} に作りました。パスフレーズを失うと、名簿は誰にも開けません。")
    click.echo("手紙には2人目の担当者の承認が必要です。workbench keys add で登録してください。")


@keys_group.command(name="add", help="鍵を開けられる担当者を追加する。登録済みの担当者のパスフレーズが必要。")
@click.argument("officer", type=STAFF_TEXT, metavar="NAME")
@NEW_PASSPHRASE
@passphrase.OPTION
def keys_add(officer: str, new_passphrase_file: Path | None, passphrase_file: Path | None) -> None:
    """Seal the master key for one more officer."""
    from workbench import keys

    home = find_home()
    master = passphrase.unlock(home, passphrase_file)
    title = f"追加する担当者のパスフレーズ（{keys.MIN_PASSPHRASE}文字以上、本人が入力）"
    words = (
        passphrase.read_file(new_passphrase_file) if new_passphrase_file else passphrase.ask(title, again="もう一度")
    )
    add_officer(home, master, officer=officer, passphrase=words, at=clock.now())
    click.echo(f"担当者 {officer} を追加しました。ほかの担当者の鍵と保管庫は変わっていません。")


@keys_group.command(name="remove", help="担当者を外す。以後、その人のパスフレーズでは開かない。")
@click.argument("officer", type=STAFF_TEXT, metavar="NAME")
@passphrase.OPTION
def keys_remove(officer: str, passphrase_file: Path | None) -> None:
    """Take one officer's part out of the key file."""
    from workbench.keys import changes

    home = find_home()
    master = passphrase.unlock(home, passphrase_file)
    with _alone(home):
        change = changes.remove_officer(home.keys, master, officer=officer)
        _enter(home, master, "officer_removed", change, purpose=f"担当者の削除: {officer}", at=clock.now())
        changes.put(home.keys, change.content)
    click.echo(
        f"担当者 {officer} を外しました。鍵の写しを持ち出したおそれがあるときは、workbench keys rotate も必要です。"
    )


@keys_group.command(name="status", help="鍵の番号・作成日と、開けられる担当者を表示する（パスフレーズ不要）。")
def keys_status() -> None:
    """Show what the key file tells without a passphrase."""
    from workbench import keys

    home = find_home()
    if not keys.exists(home.keys) and (destroyed := _destroyed(home)):
        click.echo(f"鍵は破棄されています（{destroyed.at}、{destroyed.actor}）。保管庫と仮名は誰にも戻せません。")
        return
    state = keys.status(home.keys)
    click.echo(f"鍵 {state.key_id}（{state.created_at} 作成）")
    for officer in state.officers:
        click.echo(f"  {officer.name}  署名 {officer.key}  登録 {officer.created_at}  scrypt n={officer.scrypt_n}")
    if len(state.officers) == ONE_OFFICER:
        click.echo("担当者が1人なので、承認ができません。workbench keys add で2人目を登録してください。")


@keys_group.command(
    name="rotate", help="鍵を新しくし、保管庫を包み直し、仮名を作り直す（途中で止まっても旧か新のどちらか）。"
)
@passphrase.OPTION
def keys_rotate(passphrase_file: Path | None) -> None:
    """Renew the master key, the vaults and the pseudonyms."""
    from workbench.ingest import rotation

    home = find_home()
    master = passphrase.unlock(home, passphrase_file)
    result = rotation.rotate(home, master, at=clock.now())
    click.echo(f"鍵を新しくしました（{result.old_key_id} → {result.new_key_id}）。")
    click.echo(f"スナップショット {result.snapshots:,} 件、のべ {result.persons:,} 人の仮名を作り直しました。")
    if result.vaults_left:
        click.echo(
            f"対になるスナップショットがない（または前の形式の）名簿 {result.vaults_left:,} 件は、"
            "前の鍵とともに削除しました。"
        )
    click.echo("前の仮名の一覧は使えません。報告から作り直してください。")


@keys_group.command(name="destroy", help="鍵を破棄する。保管庫も仮名も、二度と元に戻せない。台帳に残る。")
@click.option("--key-id", required=True, metavar="ID", help="破棄する鍵の番号（keys status に出るもの）。確認のため。")
@passphrase.OPTION
def keys_destroy(key_id: str, passphrase_file: Path | None) -> None:
    """Erase every key file: the vaults become noise."""
    from workbench import keys
    from workbench.keys import changes

    home = find_home()
    if keys.status(home.keys).key_id != key_id:
        msg = "番号が今の鍵と違います。workbench keys status で確かめてください。何も破棄していません。"
        raise KeyFileError(msg)
    last = _destroyed(home)
    is_entered = last is not None and last.subject.get("key") == f"id-{key_id}"  # killed before the keys were gone
    master = None if is_entered else passphrase.unlock(home, passphrase_file)
    with _alone(home):
        if master:
            _enter_destruction(home, master, at=clock.now())
        changes.destroy(home.keys)
        shutil.rmtree(home.vault, ignore_errors=True)  # noise from here on
    click.echo(f"鍵 {key_id} を破棄しました。保管庫の名簿と仮名の対応は、二度と戻せません。台帳に記録しました。")


def add_officer(home: Home, master: "keys.MasterKey", *, at: datetime, **new: str | int) -> None:
    """Authorise an officer (see `changes.add_officer`): first in the ledger, then in the key file."""
    from workbench.keys import changes

    with _alone(home):
        change = changes.add_officer(home.keys, master, at=at, **new)
        _enter(home, master, "officer_added", change, purpose=f"担当者の追加: {change.officer.name}", at=at)
        changes.put(home.keys, change.content)


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Keep every other change of the keys, and every ingest, out while the block runs."""
    from workbench.ingest.guards import only_one

    make_folder(home.snapshots)
    with only_one(home):
        yield


def _enter(
    home: Home, master: "keys.MasterKey", action: str, change: "keys.Change", *, purpose: str, at: datetime
) -> None:
    key = {"key": change.officer.key, "key_id": f"id-{change.key_id}"}
    books.open_ledger(home, master).append(
        action,
        actor=master.signer.officer,
        purpose=purpose,
        approved_by=None,
        subject=key | ({"public_key": change.officer.public_key} if action == "officer_added" else {}),
        counts={},
        at=at,
    )


def _enter_destruction(home: Home, master: "keys.MasterKey", *, at: datetime) -> None:
    books.open_ledger(home, master).append(
        "keys_destroyed",
        actor=master.signer.officer,
        purpose="鍵の破棄による暗号化消去",
        approved_by=None,
        subject={"key": f"id-{master.key_id}"},
        counts={"vaults": sum(1 for path in home.vault.glob("*") if path.is_dir())},
        at=at,
    )


def _destroyed(home: Home) -> "Entry | None":
    """Return the ledger's entry of a destruction, if no key was made after it."""
    last = [e for e in books.open_ledger(home).finished_entries() if e.action in ("keys_created", "keys_destroyed")]
    return last[-1] if last and last[-1].action == "keys_destroyed" else None


COMMANDS = (keys_group,)
