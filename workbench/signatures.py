"""Signatures of officers (Ed25519, RFC 8032): who wrote a ledger entry, so that nobody can write one for another.

The private key comes from the key file, opened by the officer's own passphrase; the public key stands in the ledger.
"""

import hashlib
import unicodedata
from typing import NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_FILLERS = "\u115f\u1160"  # letters that nobody sees


class Signer:
    """One officer who has given her passphrase; neither shows nor pickles the private key."""

    __slots__ = ("__secret", "officer", "public_key")

    def __init__(self, officer: str, secret: bytes) -> None:
        """Hold the 32 bytes of a private key; `officer` is the name that stands in the records."""
        self.officer = officer
        self.__secret = Ed25519PrivateKey.from_private_bytes(secret)
        self.public_key = self.__secret.public_key().public_bytes_raw().hex()

    @property
    def key(self) -> str:
        """The short name of the key (k and 16 hex digits), as it stands in an entry."""
        return key_name(self.public_key)

    def sign(self, content: bytes) -> str:
        """Return the signature of `content` in hex."""
        return self.__secret.sign(content).hex()

    def __repr__(self) -> str:
        """Name the key, never show it."""
        return f"Signer(officer={self.officer!r}, key={self.key!r})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be copied or pickled: the key stays in this process."""
        msg = "a signer cannot be pickled or copied"
        raise TypeError(msg)


def as_spoken(name: str) -> str:
    """Return a name as two spellings of one person compare equal: width, case, spaces, signs, marks and fillers aside.

    Letters that merely look alike (力 and カ) stay different: who signed, the keys say.
    """
    whole = unicodedata.normalize("NFKC", name).casefold()
    letters = "".join(sign for sign in whole if sign.isalnum() and sign not in _FILLERS)
    return letters or whole


def key_name(public_key: str) -> str:
    """Return the short name of a public key in hex."""
    return f"k{hashlib.sha256(bytes.fromhex(public_key)).hexdigest()[:16]}"


def is_signed(content: bytes, *, by: str, signature: str) -> bool:
    """Return whether `signature` over `content` was made with the private key of the public key `by`."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(by)).verify(bytes.fromhex(signature), content)
    except (InvalidSignature, ValueError):
        return False
    return True
