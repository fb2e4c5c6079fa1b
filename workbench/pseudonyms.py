"""The pseudonym of a 宛名番号 or 世帯番号: 64 bits of HMAC-SHA-256 under a key of one domain (promise P2)."""

import hashlib
from dataclasses import dataclass, field

import numpy as np

from workbench.errors import WallError

PSEUDONYM_BYTES = 8


@dataclass(frozen=True)
class PseudonymKeys:
    """The two derived keys of one domain; another domain gives pseudonyms that cannot be joined (P2)."""

    domain: str
    person: bytes = field(repr=False)
    household: bytes = field(repr=False)


def pseudonyms(numbers: np.ndarray, key: bytes) -> np.ndarray:
    """Return the int64 pseudonym of each 宛名番号 (or 世帯番号) in `numbers` (n,): one HMAC each.

    Raises:
        WallError: two numbers share a pseudonym (about one chance in ten million for a million residents).
    """
    made = derived(numbers, key)
    refuse_shared(numbers, made)
    return made


def derived(numbers: np.ndarray, key: bytes) -> np.ndarray:
    """Return what `pseudonyms` does, unchecked.

    Written with two keyed hash states that are copied, which is three times as fast as `hmac` for short texts;
    a test compares it with `hmac`.
    """
    padded = key.ljust(hashlib.sha256().block_size, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))

    def digest(number: int) -> bytes:
        first, second = inner.copy(), outer.copy()
        first.update(b"%015d" % number)
        second.update(first.digest())
        return second.digest()[:PSEUDONYM_BYTES]

    return np.frombuffer(b"".join(map(digest, numbers.tolist())), dtype=">i8").astype(np.int64)


def refuse_shared(numbers: np.ndarray, made: np.ndarray) -> None:
    """Refuse two different numbers of one pseudonym.

    Raises:
        WallError: as `pseudonyms`.
    """
    order = np.argsort(made)
    number, pseudonym = numbers[order], made[order]
    if ((pseudonym[1:] == pseudonym[:-1]) & (number[1:] != number[:-1])).any():
        msg = "仮名が重なりました。別の用途名（domain）で鍵を作り直してください。何も公開していません。"
        raise WallError(msg)
