"""Finds unkeyed digests of secrets (md5, sha1, sha256, sha512): in hex or raw, whole or cut to their first 8 bytes.

The first 8 bytes decide: of 20 million digests a random place matches one in a million million. A keyed hash, such as
a pseudonym, is none of these.
"""

import hashlib
from collections.abc import Iterable

import numpy as np

from workbench.scan.encoded import HEX
from workbench.scan.kinds import Secrets, Tally
from workbench.scan.lookup import KeySet

WAY = "ハッシュ"
ALGORITHMS = (hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.sha512)
PREFIX_BYTES = 8
HEX_DIGITS = 2 * PREFIX_BYTES


class DigestSearch:
    """A search for the digests of a `Secrets`: of each as it is written, and of a name without its spaces too."""

    def __init__(self, secrets: Secrets) -> None:
        """Digest every secret; about a second for every 400,000."""
        blocks, labels = [], []
        for part in (*secrets.numbers, *secrets.words):
            texts = part.texts() if hasattr(part, "texts") else _spellings(part.values)
            block = _digest(texts)
            blocks.append(block)
            labels.append(np.full(len(block), part.kind, np.uint8))
        none = (np.empty(0, np.uint64), np.empty(0, np.uint8))
        self._keys = KeySet(np.concatenate([none[0], *blocks]), np.concatenate([none[1], *labels]))

    def raw(self, data: bytes, tally: Tally) -> None:
        """Search bytes at every offset."""
        for offset in range(PREFIX_BYTES):
            size = (len(data) - offset) // PREFIX_BYTES
            if size > 0:
                _, labels = self._keys.find(np.frombuffer(data, "<u8", size, offset))
                tally.add_all(labels, WAY)

    def hexadecimal(self, text: np.ndarray, starts: np.ndarray, tally: Tally) -> None:
        """Search windows of 16 hex digits of `text` (uint8) that begin at `starts`."""
        value = np.zeros(len(starts), np.uint64)
        for place in range(HEX_DIGITS):
            value = (value << np.uint64(4)) | HEX[text[starts + place]]
        _, labels = self._keys.find(value.byteswap())
        tally.add_all(labels, WAY)


def _spellings(words: Iterable[str]) -> list[str]:
    return [form for word in words for form in {word, "".join(word.split())}]


def _digest(texts: list[str]) -> np.ndarray:
    """Return the first 8 bytes of every digest of every text, as uint64 (little end first)."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    parts = [b"".join([make(text).digest()[:PREFIX_BYTES] for text in encoded]) for make in ALGORITHMS]
    return np.frombuffer(b"".join(parts), "<u8")
