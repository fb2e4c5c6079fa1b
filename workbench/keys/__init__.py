"""The keys of an installation: one master key, sealed for each authorised officer, and one derived key per purpose.

The key file (0600) is described in `keyfile`. Adding or removing an officer changes that file only; `changes` makes
the new file, and the caller puts it in place once the ledger knows. Decisions 0003 and 0024.
"""

import base64
import hmac
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from workbench.errors import KeyFileError, PassphraseError, StorageError, WorkbenchError
from workbench.keys.keyfile import (
    KEY_BYTES,
    KEY_FILE,
    Kdf,
    KeyFile,
    Wrap,
    close_wrap,
    damaged,
    open_wrap,
    read,
    seal_master,
)
from workbench.settings import make_folder, sync_folder, write_private
from workbench.signatures import Signer, key_name

DEMO_PASSPHRASE = "demo-passphrase.txt"  # noqa: S105 - the name of a file
DEMO_APPROVER = "demo-approver-passphrase.txt"

SCRYPT_N = 2**17  # 128 MiB and about 0.3 s for each guess
MIN_SCRYPT_N = 2**15  # a key file that asks for less was weakened: refused
MAX_SCRYPT_N = 2**20  # 1 GiB; a key file that asks for more would stop the machine
MIN_PASSPHRASE = 12  # characters
MAX_OFFICER = 64  # characters
_FILE_MAC = "key-file"


@dataclass(frozen=True)
class Officer:
    """What anyone may know of an authorised officer."""

    name: str
    created_at: str
    public_key: str  # Ed25519, hex
    scrypt_n: int

    @property
    def key(self) -> str:
        """The short name of her key, as it stands in ledger entries."""
        return key_name(self.public_key)


@dataclass(frozen=True)
class Status:
    """What the key file tells without a passphrase."""

    key_id: str
    created_at: str
    officers: tuple[Officer, ...]


@dataclass(frozen=True)
class Change:
    """A new key file that is not in place yet; `content` is sealed, so it may be kept on the disk."""

    content: bytes
    key_id: str
    officer: Officer | None = None  # who was added or removed


class MasterKey:
    """The unwrapped master key. It gives derived keys only, and neither shows nor pickles itself."""

    __slots__ = ("__secret", "key_id", "signer")

    def __init__(self, key_id: str, secret: bytes, signer: Signer | None = None) -> None:
        """Hold `secret` (32 bytes); `key_id` names it in records, `signer` is the officer who opened it."""
        self.key_id = key_id
        self.signer = signer
        self.__secret = secret

    def derive(self, purpose: str) -> bytes:
        """Return the 32-byte key of one purpose (HKDF-SHA-256, RFC 5869), such as `vault`.

        Another purpose gives an unrelated key (promise P2).
        """
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(self.__secret)

    def sealed_for(self, wrap: Wrap, file: KeyFile) -> Wrap:
        """Return `wrap` with this key sealed for its officer."""
        return seal_master(wrap, file, self.__secret)

    def __repr__(self) -> str:
        """Name the key, never show it."""
        return f"MasterKey(key_id={self.key_id!r})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be copied or pickled: the key stays in this process."""
        msg = "a master key cannot be pickled or copied"
        raise TypeError(msg)


def exists(folder: Path) -> bool:
    """Return whether there is a key file; also True where this user may not look."""
    try:
        return (folder / KEY_FILE).exists()
    except PermissionError:
        return True


def check(folder: Path) -> None:
    """Refuse before anyone types a passphrase that could open nothing.

    Raises:
        KeyFileError: the key file is missing, damaged, or of an earlier version.
    """
    _read(folder)


def check_absent(folder: Path) -> None:
    """Refuse before anyone types a passphrase for a key that may not be made.

    Raises:
        KeyFileError: there is a key file already.
    """
    if exists(folder):
        raise _exists_already(folder)


def status(folder: Path) -> Status:
    """Return what the key file tells without a passphrase.

    Raises:
        KeyFileError: as `check`.
    """
    file = _read(folder)
    return Status(file.key_id, file.created_at, tuple(map(officer_of, file.wraps)))


def init(folder: Path, *, officer: str, passphrase: str, at: datetime, scrypt_n: int = SCRYPT_N) -> None:
    """Make a new master key for `officer` in `folder` (0700); an existing key file is never overwritten.

    Raises:
        KeyFileError: there is a key file already.
        PassphraseError: the passphrase is shorter than 12 characters, or the officer has no name.
        StorageError: the folder cannot be written.
    """
    check_absent(folder)
    wrap = new_wrap(officer, passphrase, at=at, scrypt_n=scrypt_n)
    _create(folder, KEY_FILE, new_key((wrap,), at=at)[1].to_bytes())


def unlock(folder: Path, *, officer: str | None = None, passphrase: str, min_scrypt_n: int = MIN_SCRYPT_N) -> MasterKey:
    """Return the master key, opened by the passphrase of `officer` (of any officer, if none is named).

    Raises:
        KeyFileError: the key file is missing, damaged, or asks for a scrypt cost out of bounds.
        PassphraseError: no wrap opens; the message does not tell why.
    """
    path = folder / KEY_FILE
    file = _read(folder)
    if any(not min_scrypt_n <= wrap.kdf.n <= MAX_SCRYPT_N or wrap.kdf.n.bit_count() != 1 for wrap in file.wraps):
        msg = f"鍵ファイル {path} のscryptの設定が許す範囲にありません。控えから戻してください。何も変更していません。"
        raise KeyFileError(msg)
    wraps = [wrap for wrap in file.wraps if officer in (None, wrap.officer)]
    found = next(((w, opened) for w in wraps if (opened := open_wrap(w, file, passphrase))), None)
    if found is None:
        msg = "担当者またはパスフレーズが違います。確かめてもう一度実行してください。何も変更していません。"
        raise PassphraseError(msg)
    wrap, opened = found
    master = MasterKey(file.key_id, opened.master, Signer(wrap.officer, opened.signing))
    if not hmac.compare_digest(sealed(file, master).mac, file.mac):
        raise damaged(path)
    return master


def new_wrap(officer: str, passphrase: str, *, at: datetime, scrypt_n: int) -> Wrap:
    """Return the part of a new officer, without a master key in it yet.

    Raises:
        PassphraseError: the passphrase is shorter than 12 characters, or the officer has no name.
    """
    if len(passphrase) < MIN_PASSPHRASE or not 0 < len(officer.strip()) <= MAX_OFFICER:
        msg = f"パスフレーズは{MIN_PASSPHRASE}文字以上、担当者名は{MAX_OFFICER}文字までです。鍵は作っていません。"
        raise PassphraseError(msg)
    sealing, signing = X25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    wrap = Wrap(
        officer=officer,
        created_at=at.isoformat(timespec="seconds"),
        kdf=Kdf(n=scrypt_n),
        salt=secrets.token_hex(16),
        nonce=secrets.token_hex(12),
        signing_key=signing.public_key().public_bytes_raw().hex(),
        sealing_key=sealing.public_key().public_bytes_raw().hex(),
    )
    return close_wrap(wrap, passphrase, sealing=sealing, signing=signing.private_bytes_raw())


def new_key(wraps: tuple[Wrap, ...], *, at: datetime, signer: Signer | None = None) -> tuple[MasterKey, KeyFile]:
    """Return a new random master key, and the file in which it is sealed for the officers of `wraps`."""
    file = KeyFile(key_id=secrets.token_hex(8), created_at=at.isoformat(timespec="seconds"), wraps=wraps)
    master = MasterKey(file.key_id, secrets.token_bytes(KEY_BYTES), signer)
    file = file.model_copy(update={"wraps": tuple(master.sealed_for(wrap, file) for wrap in wraps)})
    return master, sealed(file, master)


def sealed(file: KeyFile, master: MasterKey) -> KeyFile:
    """Return `file` with its MAC and checksum computed anew."""
    mac = hmac.new(master.derive(_FILE_MAC), file.content(), "sha256").hexdigest()
    marked = file.model_copy(update={"mac": mac})
    return marked.model_copy(update={"checksum": marked.sum()})


def write_demo_passphrase(folder: Path, name: str = DEMO_PASSPHRASE) -> str:
    """Make a random passphrase (160 bits) for the made-up city, keep it beside the keys (0600), and return it.

    Left by an interrupted run without a key file, it is returned as it is.

    Raises:
        KeyFileError: there is a key file already, which a new passphrase would not open.
    """
    path = folder / name
    if name == DEMO_PASSPHRASE:
        check_absent(folder)
    if path.exists():
        return path.read_text(encoding="ascii").strip()
    letters = base64.b32encode(secrets.token_bytes(20)).decode().lower()
    passphrase = "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))
    _create(folder, name, f"{passphrase}\n".encode())
    return passphrase


def officer_of(wrap: Wrap) -> Officer:
    """Return what anyone may know of the officer of a wrap."""
    return Officer(wrap.officer, wrap.created_at, wrap.signing_key, wrap.kdf.n)


def _read(folder: Path) -> KeyFile:
    if not exists(folder):
        msg = (
            f"鍵ファイル {folder / KEY_FILE} がありません。workbench keys init で作ってください。何も変更していません。"
        )
        raise KeyFileError(msg)
    return read(folder / KEY_FILE)


def _create(folder: Path, name: str, content: bytes) -> None:
    """Write a file that did not exist, whole or not at all: a link, unlike a rename, replaces nothing."""
    draft = folder / f".{name}.{secrets.token_hex(4)}"
    failure: WorkbenchError | None = None
    try:
        make_folder(folder).chmod(0o700)
        write_private(draft, content)
        os.link(draft, folder / name)
        sync_folder(folder)
    except FileExistsError:
        failure = _exists_already(folder)
    except OSError:
        msg = f"フォルダー {folder} に書き込めません。権限と空き容量を確認してください。鍵は作っていません。"
        failure = StorageError(msg)
    with suppress(OSError):
        draft.unlink()
    if failure:
        raise failure


def _exists_already(folder: Path) -> KeyFileError:
    return KeyFileError(
        f"鍵ファイル {folder / KEY_FILE} はすでにあります。上書きすると保管庫が読めなくなるため、何も変更していません。"
    )
