"""Where a passphrase comes from: a file, the environment, the demonstration's file, or the keyboard."""

import os
from pathlib import Path

import click

from workbench import keys
from workbench.errors import PassphraseError
from workbench.settings import Home

ENVIRONMENT = "WORKBENCH_PASSPHRASE_FILE"

OPTION = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar=ENVIRONMENT,
    show_envvar=True,
    metavar="FILE",
    help="鍵のパスフレーズを書いたファイル。なければ画面で尋ねる。",
)


def read(home: Home, file: Path | None) -> str:
    """Return the passphrase from `file`, the demonstration's file, or the keyboard (not echoed)."""
    demo = home.keys / keys.DEMO_PASSPHRASE
    named = file or (demo if demo.exists() else None)
    if named is None:
        return click.prompt("鍵のパスフレーズ", hide_input=True)
    if named == demo:
        click.echo(f"実演用のパスフレーズ {_short(demo)} を使います。本番では使わないでください。", err=True)
    return read_file(named)


def read_file(file: Path) -> str:
    """Return the first line of `file`."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text.strip():
        msg = f"パスフレーズのファイル {file} を読めないか、空です。何も変更していません。"
        raise PassphraseError(msg)
    return text.splitlines()[0].strip()


def _short(path: Path) -> Path:
    return Path(os.path.relpath(path))
