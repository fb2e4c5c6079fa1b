"""Changes of the key file: another officer, one fewer, a new master key, no key at all.

Each makes a whole new file in memory (`Change`); `put` replaces the old one in one step, so that a kill leaves the
one or the other. The caller enters the change in the ledger first: nobody is authorised without an entry.
"""

import os
import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from workbench import keys
from workbench.errors import KeyFileError, PassphraseError, StorageError
from workbench.keys.keyfile import KEY_FILE, KeyFile, Wrap, open_wrap, read
from workbench.settings import sync_folder, write_private
from workbench.signatures import as_spoken

UNCHANGED = "何も変更していません。"


def add_officer(  # noqa: PLR0913 - where, by whom, who, her secret, when, at which cost
    folder: Path,
    master: keys.MasterKey,
    *,
    officer: str,
    passphrase: str,
    at: datetime,
    scrypt_n: int = keys.SCRYPT_N,
) -> keys.Change:
    """Return the key file with one more officer; the other officers' parts stay byte for byte.

    Raises:
        KeyFileError: there is an officer of that name, or of one spelt a little otherwise.
        PassphraseError: the passphrase is too short, or another officer's: what she does would be signed by the other.
    """
    file = _current(folder, master)
    if any(as_spoken(wrap.officer) == as_spoken(officer) for wrap in file.wraps):
        msg = f"その名前の担当者はすでに登録されています。別の名前を指定してください。{UNCHANGED}"
        raise KeyFileError(msg)
    if any(open_wrap(wrap, file, passphrase) for wrap in file.wraps):
        msg = f"このパスフレーズは使えません。本人だけが知る別のものにしてください。{UNCHANGED}"
        raise PassphraseError(msg)
    wrap = master.sealed_for(keys.new_wrap(officer, passphrase, at=at, scrypt_n=scrypt_n), file)
    return _change(file, (*file.wraps, wrap), master, about=wrap)


def remove_officer(folder: Path, master: keys.MasterKey, *, officer: str) -> keys.Change:
    """Return the key file without one officer. Who copied the file or the key before may still hold it: rotate.

    Raises:
        KeyFileError: there is no such officer, or no other one.
    """
    file = _current(folder, master)
    gone = [wrap for wrap in file.wraps if wrap.officer == officer]
    if not gone:
        msg = f"その名前の担当者は登録されていません。workbench keys status で確認してください。{UNCHANGED}"
        raise KeyFileError(msg)
    if len(file.wraps) == len(gone):
        msg = f"最後の担当者は外せません。先に workbench keys add で別の担当者を登録してください。{UNCHANGED}"
        raise KeyFileError(msg)
    left = tuple(wrap for wrap in file.wraps if wrap.officer != officer)
    return _change(file, left, master, about=gone[0])


def new_master(folder: Path, master: keys.MasterKey, *, at: datetime) -> tuple[keys.MasterKey, keys.Change]:
    """Return a new master key, and the key file in which it is sealed for every officer; no passphrase is needed."""
    file = _current(folder, master)
    fresh, new_file = keys.new_key(file.wraps, at=at, signer=master.signer)
    return fresh, keys.Change(new_file.to_bytes(), fresh.key_id)


def put(folder: Path, content: bytes) -> None:
    """Replace the key file in one step.

    Raises:
        StorageError: it cannot be written, and the old one stands; or it is replaced, and the disk did not confirm it.
    """
    draft = folder / f".{KEY_FILE}.{secrets.token_hex(4)}"
    is_replaced = False
    try:
        write_private(draft, content)
        draft.replace(folder / KEY_FILE)
        is_replaced = True
        sync_folder(folder)
    except OSError:
        with suppress(OSError):
            draft.unlink()
    else:
        return
    ending = UNCHANGED
    if is_replaced:
        ending = "鍵ファイルは新しいものに替わっています。workbench keys status で確かめてください。"
    msg = f"フォルダー {folder} に書き込めません。権限と空き容量を確認してください。{ending}"
    raise StorageError(msg)


def destroy(folder: Path) -> int:
    """Overwrite and remove every file of the keys' folder; return how many. Without them no vault opens again.

    Raises:
        StorageError: a file cannot be removed; the key file goes first.
    """
    files = sorted((path for path in folder.iterdir() if path.is_file()), key=lambda path: path.name != KEY_FILE)
    try:
        for path in files:
            _overwrite(path)
            path.unlink()
        sync_folder(folder)
    except OSError:
        files = []
    if files:
        return len(files)
    msg = f"フォルダー {folder} の鍵を消しきれませんでした。権限を確認して、もう一度実行してください。"
    raise StorageError(msg)


def _overwrite(path: Path) -> None:
    """Write zeros over a file. On flash media old blocks may stay: see the threat model."""
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())


def _current(folder: Path, master: keys.MasterKey) -> KeyFile:
    file = read(folder / KEY_FILE)
    if file.key_id != master.key_id:
        msg = f"鍵ファイル {folder / KEY_FILE} がほかの操作で入れ替わりました。もう一度実行してください。{UNCHANGED}"
        raise KeyFileError(msg)
    return file


def _change(file: KeyFile, wraps: tuple[Wrap, ...], master: keys.MasterKey, *, about: Wrap) -> keys.Change:
    changed = keys.sealed(file.model_copy(update={"wraps": wraps}), master)
    return keys.Change(changed.to_bytes(), file.key_id, keys.officer_of(about))
