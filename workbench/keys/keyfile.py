"""The key file: its form, and what protects each part of it.

An officer's passphrase opens (scrypt, AES-256-GCM) two private keys of her own; one of them opens the master key that
was sealed for her (X25519, HKDF, AES-256-GCM), the other signs ledger entries. So a new master key can be sealed for
every officer although only one is present, and adding an officer touches nobody else's part. See decision 0024.
"""

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from workbench.errors import KeyFileError

KEY_FILE = "master.json"
PENDING = "rotation.json"  # beside the key file while a rotation is under way
KEY_BYTES = 32
VERSION = 2
_OLD_VERSION = re.compile(rb'\{\s*"version": 1,')
_ONCE = bytes(12)  # nonce of a key that seals one text only

Hex = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2})+$", max_length=256)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Kdf(_Part):
    """The cost of guessing a passphrase."""

    name: Literal["scrypt"] = "scrypt"
    n: int
    r: Literal[8] = 8
    p: Literal[1] = 1


class Wrap(_Part):
    """One officer's part: her private keys under her passphrase, and the master key sealed for her."""

    officer: str
    created_at: str
    kdf: Kdf
    salt: Hex
    nonce: Hex
    signing_key: Hex  # public, Ed25519
    sealing_key: Hex  # public, X25519
    private_keys: Hex = "00"  # both, under the passphrase
    ephemeral_key: Hex = "00"  # public, X25519, of one sealing
    master: Hex = "00"


class KeyFile(_Part):
    """The whole file; every byte of it is covered by a checksum and by a MAC under the master key."""

    version: Literal[2] = VERSION
    key_id: Hex
    created_at: str
    wraps: Annotated[tuple[Wrap, ...], Field(min_length=1, strict=False)]
    mac: str = ""  # under the master key, over all above
    checksum: str = ""  # of all above; anyone can make it, it only finds accidents

    def sum(self) -> str:
        """Return the checksum this file must have."""
        return hashlib.sha256(canonical(self.model_dump(exclude={"checksum"}))).hexdigest()

    def content(self) -> bytes:
        """Return what the MAC covers."""
        return canonical(self.model_dump(exclude={"mac", "checksum"}))

    def to_bytes(self) -> bytes:
        """Return the only form in which this file may stand on the disk."""
        return (json.dumps(self.model_dump(), ensure_ascii=False, indent=1) + "\n").encode()


@dataclass(frozen=True, repr=False)
class Opened:
    """What a passphrase opened: the master key and the private key that signs."""

    master: bytes
    signing: bytes


def canonical(content: dict) -> bytes:
    """Return the one spelling of a JSON object."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def read(path: Path) -> KeyFile:
    """Return the key file if every byte of it is as it was written; no passphrase is needed to tell.

    Raises:
        KeyFileError: it cannot be read, is damaged, or has the form of an earlier version.
    """
    content = b""
    try:
        content = path.read_bytes()
        parsed = KeyFile.model_validate_json(content)
        whole = parsed.to_bytes() == content and parsed.checksum == parsed.sum()
    except (OSError, ValueError):
        whole = False
    if whole:
        return parsed
    if _OLD_VERSION.match(content):
        msg = (
            f"鍵ファイル {path} は前の版の形式で、この版では開けません。{path.parents[1]} を別の場所に移し、"
            "workbench keys init から始めて、取り込み直してください。何も変更していません。"
        )
        raise KeyFileError(msg)
    raise damaged(path)


def damaged(path: Path) -> KeyFileError:
    """Return the error of a key file that is not what was written."""
    where = f"鍵ファイル {path} を読む権限がないか、壊れています。"
    return KeyFileError(f"{where}権限を確かめ、壊れていれば控えから戻してください。何も変更していません。")


def close_wrap(wrap: Wrap, passphrase: str, *, sealing: X25519PrivateKey, signing: bytes) -> Wrap:
    """Return `wrap` with both private keys under the passphrase. Salt and nonce must be fresh."""
    private = sealing.private_bytes_raw() + signing
    sealed = _cipher(wrap, passphrase).encrypt(bytes.fromhex(wrap.nonce), private, _owner(wrap))
    return wrap.model_copy(update={"private_keys": sealed.hex()})


def seal_master(wrap: Wrap, file: KeyFile, secret: bytes) -> Wrap:
    """Return `wrap` with the master key `secret` of `file` sealed for its officer; her passphrase is not needed."""
    once = X25519PrivateKey.generate()
    public = once.public_key().public_bytes_raw()
    shared = once.exchange(X25519PublicKey.from_public_bytes(bytes.fromhex(wrap.sealing_key)))
    wrap = wrap.model_copy(update={"ephemeral_key": public.hex()})
    return wrap.model_copy(update={"master": _once(shared).encrypt(_ONCE, secret, _whole(wrap, file)).hex()})


def open_wrap(wrap: Wrap, file: KeyFile, passphrase: str) -> Opened | None:
    """Return what the passphrase opens, None where it opens nothing."""
    try:
        private = _cipher(wrap, passphrase).decrypt(
            bytes.fromhex(wrap.nonce), bytes.fromhex(wrap.private_keys), _owner(wrap)
        )
        sealing = X25519PrivateKey.from_private_bytes(private[:KEY_BYTES])
        shared = sealing.exchange(X25519PublicKey.from_public_bytes(bytes.fromhex(wrap.ephemeral_key)))
        master = _once(shared).decrypt(_ONCE, bytes.fromhex(wrap.master), _whole(wrap, file))
        return Opened(master, private[KEY_BYTES:])
    except (InvalidTag, ValueError):  # ValueError: a part of impossible length
        return None


def _cipher(wrap: Wrap, passphrase: str) -> AESGCM:
    """Return the cipher of one wrap; NFKC, so that full-width input on another keyboard is the same passphrase."""
    kdf = Scrypt(bytes.fromhex(wrap.salt), KEY_BYTES, n=wrap.kdf.n, r=wrap.kdf.r, p=wrap.kdf.p)
    return AESGCM(kdf.derive(unicodedata.normalize("NFKC", passphrase).encode()))


def _once(shared: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt=None, info=b"workbench master key for an officer").derive(shared))


def _owner(wrap: Wrap) -> bytes:
    """Return what is bound to the private keys: whose they are, and at which cost."""
    return canonical(wrap.model_dump(exclude={"nonce", "private_keys", "ephemeral_key", "master"}))


def _whole(wrap: Wrap, file: KeyFile) -> bytes:
    """Return what is bound to the sealed master key: all else of the wrap, and which key it is."""
    bound = wrap.model_dump(exclude={"master"})
    return canonical({"version": file.version, "key_id": file.key_id, "key_created_at": file.created_at} | bound)
