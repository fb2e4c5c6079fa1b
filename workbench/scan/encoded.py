"""Runs of hex and base64 inside other bytes, found quickly and decoded all together."""

from dataclasses import dataclass

import numpy as np

SHORTEST_HEX = 16
SHORTEST_BASE64 = 15  # eleven digits make fifteen characters
_BLOCK = 8  # a run of 15 holds at least one aligned block of 8
_ALL_TRUE = np.uint64(0x0101010101010101)
_OUTSIDE = 64
_LINE_BREAK = 10

_LOWER, _UPPER, _DIGITS = b"abcdefghijklmnopqrstuvwxyz", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"0123456789"


def _values(*alphabets: bytes) -> np.ndarray:
    """Return the value of each of 256 characters in alphabets that mean the same; `_OUTSIDE` for the rest."""
    table = np.full(256, _OUTSIDE, np.uint8)
    for alphabet in alphabets:
        table[np.frombuffer(alphabet, np.uint8)] = np.arange(len(alphabet))
    return table


HEX = _values(_DIGITS + b"abcdef", _DIGITS + b"ABCDEF")
BASE64 = _values(_UPPER + _LOWER + _DIGITS + b"+/", _UPPER + _LOWER + _DIGITS + b"-_")
_FLAGS = tuple((table != _OUTSIDE).astype(np.uint8).tobytes() for table in (BASE64, HEX))
_CASE = np.zeros(256, np.uint8)  # 1: capital, 2: small, 4: in base64 but not in hex, nor a hyphen
_CASE[np.frombuffer(_UPPER, np.uint8)] = 1 | 4
_CASE[np.frombuffer(_LOWER, np.uint8)] = 2 | 4
_CASE[np.frombuffer(b"ABCDEFabcdef", np.uint8)] &= 3
_CASE[np.frombuffer(b"+/", np.uint8)] = 4
_SHORT = 32  # characters from which base64 of anything holds both cases


@dataclass(frozen=True)
class EncodedRuns:
    """Runs of one alphabet: where they start and end."""

    starts: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.starts)

    def at_least(self, length: int) -> "EncodedRuns":
        """Return those of `length` and more."""
        mask = self.ends - self.starts >= length
        return EncodedRuns(self.starts[mask], self.ends[mask])

    def places(self) -> np.ndarray:
        """Return the places of all their characters, run after run, with one place (-1) after each."""
        lengths = self.ends - self.starts + 1
        before = np.cumsum(lengths) - lengths
        places = np.arange(int(lengths.sum())) + np.repeat(self.starts - before, lengths)
        places[before + lengths - 1] = -1
        return places


def find_runs(data: bytes, table: np.ndarray, shortest: int) -> EncodedRuns:
    """Find the maximal runs of at least `shortest` (15 or more) characters that `table` knows."""
    flags = data.translate(_FLAGS[table is HEX])
    free = bytes(_BLOCK)  # at each end
    known = np.frombuffer(b"".join([free, flags, bytes(2 * _BLOCK - len(data) % _BLOCK)]), np.uint8)
    full = np.flatnonzero(known.view(np.uint64) == _ALL_TRUE)
    if not len(full):
        return EncodedRuns(full, full)
    first = np.append(True, np.diff(full) > 1)
    last = np.append(first[1:], True)
    starts, ends = full[first] * _BLOCK, (full[last] + 1) * _BLOCK
    for _ in range(_BLOCK - 1):
        starts = starts - known[starts - 1]
        ends = ends + known[ends]
    return EncodedRuns(starts - _BLOCK, ends - _BLOCK).at_least(shortest)


def likely_base64(text: np.ndarray, runs: EncodedRuns) -> EncodedRuns:
    """Drop runs that are words, numbers, hex or pseudonyms.

    Base64 of digits or digests holds capital and small letters; that of a short name may hold one case only, but then
    more letters beyond hex than a pseudonym, a UUID or a moment (one). Chance drops 4 short names in a million.
    """
    if not len(runs):
        return runs
    places = runs.places()
    flags = np.where(places < 0, 0, _CASE[text[places]])
    lengths = runs.ends - runs.starts
    borders = np.append(0, np.cumsum(lengths + 1))[:-1]
    both = np.bitwise_or.reduceat(flags, borders) & 3 == 3  # noqa: PLR2004 - both cases
    beyond_hex = np.add.reduceat(flags >> 2, borders)
    likely = both | ((lengths < _SHORT) & (beyond_hex > 1))
    return EncodedRuns(runs.starts[likely], runs.ends[likely])


def decode_hex(text: np.ndarray, runs: EncodedRuns) -> list[bytes]:
    """Return what the runs say, read from their first character and from their second; a line break between runs."""
    places = runs.places()
    values = np.where(places < 0, _OUTSIDE, HEX[text[places]])
    decoded = []
    for phase in (0, 1):
        pairs = values[phase : phase + (len(values) - phase) // 2 * 2].reshape(-1, 2)
        whole = (pairs << np.array([4, 0], np.uint8)).sum(axis=1, dtype=np.uint8)
        decoded.append(np.where((pairs == _OUTSIDE).any(axis=1), _LINE_BREAK, whole).astype(np.uint8).tobytes())
    return decoded


def decode_base64(text: np.ndarray, runs: EncodedRuns) -> list[bytes]:
    """Return what the runs say, read at each of the four places where a group may begin."""
    places = np.append(runs.places(), [-1, -1, -1])
    values = np.where(places < 0, _OUTSIDE, BASE64[text[places]]).astype(np.uint8)
    decoded = []
    for phase in range(4):
        groups = values[phase : phase + (len(values) - phase) // 4 * 4].reshape(-1, 4)
        outside = groups == _OUTSIDE
        first, second = groups[:, :3], groups[:, 1:]
        high = first << np.array([2, 4, 6], np.uint8)
        low = second >> np.array([4, 2, 0], np.uint8)
        whole = np.where(outside[:, :3] | outside[:, 1:], _LINE_BREAK, high | low)
        decoded.append(whole.astype(np.uint8).tobytes())
    return decoded
