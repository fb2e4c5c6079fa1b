"""Where a passphrase comes from: a file, the environment, the demonstration's file, or the keyboard."""

import getpass
import stat
import warnings
from pathlib import Path

import click

from workbench import keys
from workbench.cli import screen
from workbench.errors import PassphraseError
from workbench.keys.keyfile import PENDING
from workbench.settings import Home

ENVIRONMENT = "WORKBENCH_PASSPHRASE_FILE"
OTHERS = stat.S_IRWXG | stat.S_IRWXO
_STATE = "何も変更していません。"

OPTION = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar=ENVIRONMENT,
    show_envvar=True,
    metavar="FILE",
    help="鍵のパスフレーズを1行目に書いたファイル（chmod 600）。なければ画面で尋ねる。",
)


def unlock(home: Home, file: Path | None) -> keys.MasterKey:
    """Return the master key, opened by the passphrase of `file`, the demonstration's file, or the keyboard.

    Raises:
        KeyFileError: there are no keys yet, or they are damaged; said before a passphrase is asked for.
        PassphraseError: it does not open them, or cannot be had.
    """
    keys.check(home.keys)
    demo = home.keys / keys.DEMO_PASSPHRASE
    named = file or (demo if demo.exists() else None)
    if named == demo:
        shown = screen.shown(demo)
        click.echo(f"実演用のパスフレーズ {shown} を使います。本番では使わないでください。", err=True)
    master = keys.unlock(home.keys, officer=None, passphrase=read_file(named) if named else ask("鍵のパスフレーズ"))
    if (home.keys / PENDING).exists():  # a rotation was killed: finish or undo it before anything else
        from workbench.ingest import rotation

        rotation.settle(home, master)
    return master


def ask(title: str, *, again: str | None = None) -> str:
    """Return what is typed without being shown; with `again`, typed twice.

    Raises:
        PassphraseError: there is no keyboard where it can be typed unseen.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            return click.prompt(title, hide_input=True, confirmation_prompt=again or False)
    except getpass.GetPassWarning:
        pass
    msg = f"パスフレーズを画面に出さずに入力できる端末がありません。--passphrase-file で渡してください。{_STATE}"
    raise PassphraseError(msg)


def read_file(file: Path) -> str:
    """Return the first line of `file`, which nobody but its owner may read.

    Raises:
        PassphraseError: the file cannot be read, its first line is empty, or other accounts may read it.
    """
    problem = ""
    try:
        state = file.stat()
        if stat.S_ISREG(state.st_mode) and state.st_mode & OTHERS:
            problem = f"はほかの利用者も読めます。chmod 600 {file} としてからやり直してください"
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        text = ""
    words = text.partition("\n")[0].strip()
    if not words:
        problem = problem or "を読めないか、1行目が空です。場所と中身を確認してください"
    if problem:
        msg = f"パスフレーズやパスワードのファイル {file} {problem}。{_STATE}"
        raise PassphraseError(msg)
    return words
