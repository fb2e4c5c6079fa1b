"""Characters that printing may lack: 外字 (private use) and whatever JIS X 0213 does not have. Kept, noted, counted.

A single character says nothing of a person, so the list for the printing side holds code points and how often they
stand in which column; never a cell.
"""

from collections import Counter
from functools import cache

import numpy as np
import pyarrow as pa

from workbench.sources.raw import bytes_of

_ASCII_END = 0x80
_TRAILS = bytes(range(0x40, 0xFF))
_LEADS = bytes(range(0x81, 0xFF))
_PRIVATE = ((0xE000, 0xF8FF), (0xF0000, 0x10FFFF))


def find_unprintable(text: pa.Array) -> tuple[np.ndarray, np.ndarray, Counter[int]]:
    """Return two bool masks (n,), texts with 外字 and with others outside JIS X 0213, and these characters counted."""
    offsets, content = bytes_of(text)
    nothing = np.zeros(len(text), bool)
    if not len(content) or content.max() < _ASCII_END:
        return nothing, nothing, Counter()
    points = np.frombuffer(content.tobytes().decode().encode("utf-32-le"), np.uint32)
    is_odd = ~_printable()[points]
    if not is_odd.any():
        return nothing, nothing, Counter()
    begins = np.append(0, np.cumsum((content & 0xC0) != _ASCII_END))[offsets]  # of each text, counted in characters
    places = np.flatnonzero(is_odd)
    owners = np.searchsorted(begins, places, side="right") - 1
    odd = points[places]
    is_private = is_private_use(odd)
    masks = [nothing.copy(), nothing.copy()]
    masks[0][owners[is_private]] = True
    masks[1][owners[~is_private]] = True
    values, counts = np.unique(odd, return_counts=True)
    return *masks, Counter(dict(zip(values.tolist(), counts.tolist(), strict=True)))


def is_private_use(points: np.ndarray) -> np.ndarray:
    """Return a bool mask: which code points are 外字."""
    return np.logical_or.reduce([(points >= first) & (points <= last) for first, last in _PRIVATE])


@cache
def _printable() -> np.ndarray:
    """Return a bool table by code point: whether JIS X 0213:2004 or CP932 has it.

    CP932 adds what every Japanese PC prints: ～, －, the NEC and IBM extensions.
    """
    pairs = [bytes((lead, trail)) for lead in _LEADS for trail in _TRAILS]
    triples = [b"\x8f" + pair for pair in pairs]  # the second plane of JIS X 0213
    table = np.zeros(0x110000, bool)
    table[:_ASCII_END] = True
    for codec, codes in (("euc_jis_2004", pairs + triples), ("cp932", pairs + [bytes((one,)) for one in _LEADS])):
        for text in filter(None, (_decoded(code, codec) for code in codes)):
            table[[ord(character) for character in text]] = True
    for first, last in _PRIVATE:
        table[first : last + 1] = False
    return table


def _decoded(code: bytes, codec: str) -> str | None:
    try:
        return code.decode(codec)
    except UnicodeDecodeError:
        return None
