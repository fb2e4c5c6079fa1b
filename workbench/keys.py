"""The keys of an installation: one master key, wrapped by a passphrase, and one derived key for each purpose.

The key file (0600) holds the master key once per officer, sealed with AES-256-GCM under scrypt of a passphrase.
A checksum tells an accident from a wrong passphrase, associated data binds the header to each wrap, and a MAC
under the master key covers the other officers' wraps. See decision 0003.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import unicodedata
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from workbench.errors import KeyFileError, PassphraseError, StorageError, WorkbenchError
from workbench.settings import make_folder, sync_folder, write_private

KEY_FILE = "master.json"
DEMO_PASSPHRASE = "demo-passphrase.txt"  # noqa: S105 - the name of a file

SCRYPT_N = 2**17  # 128 MiB and about 0.3 s for each guess
MIN_SCRYPT_N = 2**15  # a key file that asks for less was weakened: refused
MAX_SCRYPT_N = 2**20  # 1 GiB; a key file that asks for more would stop the machine
KEY_BYTES = 32
MIN_PASSPHRASE = 12  # characters
MAX_OFFICER = 64  # characters
_FILE_MAC = "key-file"

_Hex = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2})+$", max_length=256)]


class MasterKey:
    """The unwrapped master key. It gives derived keys only, and neither shows nor pickles itself."""

    __slots__ = ("__secret", "key_id")

    def __init__(self, key_id: str, secret: bytes) -> None:
        """Hold `secret` (32 bytes); `key_id` names it in records."""
        self.key_id = key_id
        self.__secret = secret

    def derive(self, purpose: str) -> bytes:
        """Return the 32-byte key of one purpose (HKDF-SHA-256, RFC 5869), such as `vault`.

        Another purpose gives an unrelated key (promise P2).
        """
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(self.__secret)

    def __repr__(self) -> str:
        """Name the key, never show it."""
        return f"MasterKey(key_id={self.key_id!r})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be copied or pickled: the key stays in this process."""
        msg = "a master key cannot be pickled or copied"
        raise TypeError(msg)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Kdf(_Part):
    name: Literal["scrypt"] = "scrypt"
    n: int
    r: Literal[8] = 8
    p: Literal[1] = 1


class _Wrap(_Part):
    """The master key as one officer's passphrase opens it; everything but nonce and ciphertext is bound to it."""

    officer: str
    created_at: str
    kdf: _Kdf
    salt: _Hex
    nonce: _Hex
    ciphertext: _Hex


class _KeyFile(_Part):
    version: Literal[1] = 1
    key_id: _Hex
    wraps: Annotated[tuple[_Wrap, ...], Field(min_length=1, strict=False)]
    mac: str = ""  # under the master key, over all above
    checksum: str = ""  # of all above; anyone can make it, it only finds accidents

    def sum(self) -> str:
        return hashlib.sha256(_canonical(self.model_dump(exclude={"checksum"}))).hexdigest()

    def to_bytes(self) -> bytes:
        return (json.dumps(self.model_dump(), ensure_ascii=False, indent=1) + "\n").encode()


def exists(folder: Path) -> bool:
    """Return whether there is a key file; also True where this user may not look."""
    try:
        return (folder / KEY_FILE).exists()
    except PermissionError:
        return True


def check(folder: Path) -> None:
    """Refuse before anyone types a passphrase that could open nothing.

    Raises:
        KeyFileError: the key file is missing or damaged.
    """
    _read(folder / KEY_FILE)


def check_absent(folder: Path) -> None:
    """Refuse before anyone types a passphrase for a key that may not be made.

    Raises:
        KeyFileError: there is a key file already.
    """
    if exists(folder):
        raise _exists_already(folder)


def init(folder: Path, *, officer: str, passphrase: str, at: datetime, scrypt_n: int = SCRYPT_N) -> None:
    """Make a new master key for `officer` in `folder` (0700); an existing key file is never overwritten.

    Raises:
        KeyFileError: there is a key file already.
        PassphraseError: the passphrase is shorter than 12 characters, or the officer has no name.
        StorageError: the folder cannot be written.
    """
    check_absent(folder)
    if len(passphrase) < MIN_PASSPHRASE or not 0 < len(officer.strip()) <= MAX_OFFICER:
        msg = f"パスフレーズは{MIN_PASSPHRASE}文字以上、担当者名は{MAX_OFFICER}文字までです。鍵は作っていません。"
        raise PassphraseError(msg)
    wrap = _Wrap(
        officer=officer,
        created_at=at.isoformat(timespec="seconds"),
        kdf=_Kdf(n=scrypt_n),
        salt=secrets.token_hex(16),
        nonce=secrets.token_hex(12),
        ciphertext="00",
    )
    secret = secrets.token_bytes(KEY_BYTES)
    file = _KeyFile(key_id=secrets.token_hex(8), wraps=(wrap,))
    file = file.model_copy(update={"wraps": (_wrapped(wrap, file, secret, passphrase),)})
    _create(folder, KEY_FILE, _sealed(file, secret).to_bytes())


def unlock(folder: Path, *, officer: str | None = None, passphrase: str, min_scrypt_n: int = MIN_SCRYPT_N) -> MasterKey:
    """Return the master key, opened by the passphrase of `officer` (of any officer, if none is named).

    Raises:
        KeyFileError: the key file is missing, damaged, or asks for a scrypt cost out of bounds.
        PassphraseError: no wrap opens; the message does not tell why.
    """
    path = folder / KEY_FILE
    file = _read(path)
    if any(not min_scrypt_n <= wrap.kdf.n <= MAX_SCRYPT_N or wrap.kdf.n.bit_count() != 1 for wrap in file.wraps):
        msg = f"鍵ファイル {path} のscryptの設定が許す範囲にありません。控えから戻してください。何も変更していません。"
        raise KeyFileError(msg)
    wraps = [wrap for wrap in file.wraps if officer in (None, wrap.officer)]
    secret = next((opened for wrap in wraps if (opened := _unwrap(wrap, file, passphrase))), None)
    if secret is None:
        msg = "担当者またはパスフレーズが違います。確かめてもう一度実行してください。何も変更していません。"
        raise PassphraseError(msg)
    if not hmac.compare_digest(_sealed(file, secret).mac, file.mac):
        raise _damaged(path)
    return MasterKey(file.key_id, secret)


def write_demo_passphrase(folder: Path) -> str:
    """Make a random passphrase (160 bits) for the made-up city, keep it beside the keys (0600), and return it.

    Left by an interrupted run without a key file, it is returned as it is.

    Raises:
        KeyFileError: there is a key file already, which a new passphrase would not open.
    """
    check_absent(folder)
    path = folder / DEMO_PASSPHRASE
    if path.exists():
        return path.read_text(encoding="ascii").strip()
    letters = base64.b32encode(secrets.token_bytes(20)).decode().lower()
    passphrase = "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))
    _create(folder, DEMO_PASSPHRASE, f"{passphrase}\n".encode())
    return passphrase


def _wrapped(wrap: _Wrap, file: _KeyFile, secret: bytes, passphrase: str) -> _Wrap:
    """Return `wrap` with `secret` sealed in it. Salt and nonce must be fresh."""
    sealed = _cipher(wrap, passphrase).encrypt(bytes.fromhex(wrap.nonce), secret, _bound(wrap, file))
    return wrap.model_copy(update={"ciphertext": sealed.hex()})


def _unwrap(wrap: _Wrap, file: _KeyFile, passphrase: str) -> bytes | None:
    nonce, sealed = bytes.fromhex(wrap.nonce), bytes.fromhex(wrap.ciphertext)
    try:
        return _cipher(wrap, passphrase).decrypt(nonce, sealed, _bound(wrap, file))
    except (InvalidTag, ValueError):  # ValueError: a nonce of impossible length
        return None


def _cipher(wrap: _Wrap, passphrase: str) -> AESGCM:
    """Return the cipher of one wrap; NFKC, so that full-width input on another keyboard is the same passphrase."""
    kdf = Scrypt(bytes.fromhex(wrap.salt), KEY_BYTES, n=wrap.kdf.n, r=wrap.kdf.r, p=wrap.kdf.p)
    return AESGCM(kdf.derive(unicodedata.normalize("NFKC", passphrase).encode()))


def _bound(wrap: _Wrap, file: _KeyFile) -> bytes:
    """Return the associated data of a wrap: whose it is, of which key, at which cost."""
    bound = wrap.model_dump(exclude={"nonce", "ciphertext"})
    return _canonical({"version": file.version, "key_id": file.key_id} | bound)


def _sealed(file: _KeyFile, secret: bytes) -> _KeyFile:
    """Return `file` with its MAC and checksum computed anew."""
    content = _canonical(file.model_dump(exclude={"mac", "checksum"}))
    key = MasterKey(file.key_id, secret).derive(_FILE_MAC)
    marked = file.model_copy(update={"mac": hmac.new(key, content, "sha256").hexdigest()})
    return marked.model_copy(update={"checksum": marked.sum()})


def _canonical(content: dict) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _read(path: Path) -> _KeyFile:
    """Return the key file if every byte of it is as it was written; no passphrase is needed to tell."""
    if not exists(path.parent):
        msg = f"鍵ファイル {path} がありません。workbench keys init で作ってください。何も変更していません。"
        raise KeyFileError(msg)
    try:
        content = path.read_bytes()
        parsed = _KeyFile.model_validate_json(content)
        whole = parsed.to_bytes() == content and parsed.checksum == parsed.sum()
    except (OSError, ValidationError, UnicodeError):
        whole = False
    if not whole:
        raise _damaged(path)
    return parsed


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


def _damaged(path: Path) -> KeyFileError:
    where = f"鍵ファイル {path} を読む権限がないか、壊れています。"
    return KeyFileError(f"{where}権限を確かめ、壊れていれば控えから戻してください。何も変更していません。")
