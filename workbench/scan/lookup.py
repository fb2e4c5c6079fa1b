"""A set of 64-bit keys that answers for millions of candidates at once: bitmaps first, a sorted array for the rest."""

import numpy as np

_FIRST = np.uint64(0x9E3779B97F4A7C15)  # odd constants: they spread neighbouring keys over the whole bitmap
_SECOND = np.uint64(0xC2B2AE3D27D4EB4F)
_BITS_PER_KEY = 16
_SMALLEST, _LARGEST = 16, 30  # bits of a bitmap, as powers of two: 8 KB to 128 MB
_SLICE = 1 << 20  # keys entered at a time, so that building takes little memory
_EIGHT = np.uint64(7)
_THREE = np.uint64(3)


class Bitmap:
    """A filter that never denies a key of its own; one stranger in about sixteen passes."""

    def __init__(self, keys: np.ndarray, factor: np.uint64) -> None:
        """Enter `keys` (uint64)."""
        size = max(1, len(keys) * _BITS_PER_KEY)
        bits = min(_LARGEST, max(_SMALLEST, (size - 1).bit_length()))
        self._factor = factor
        self._shift = np.uint64(64 - bits)
        self._table = np.zeros(1 << (bits - 3), np.uint8)
        for start in range(0, len(keys), _SLICE):
            places = self._places(keys[start : start + _SLICE])
            np.bitwise_or.at(self._table, places >> _THREE, np.left_shift(1, places & _EIGHT).astype(np.uint8))

    def passing(self, keys: np.ndarray) -> np.ndarray:
        """Return the indices of the keys that may be entered here."""
        places = self._places(keys)
        bits = self._table[places >> _THREE]
        bits >>= (places & _EIGHT).astype(np.uint8)
        return np.flatnonzero(bits & np.uint8(1))

    def _places(self, keys: np.ndarray) -> np.ndarray:
        return (keys * self._factor) >> self._shift


class KeySet:
    """Keys (uint64) with a small label (uint8) each; a key that is given twice keeps its first label."""

    def __init__(self, keys: np.ndarray, labels: np.ndarray) -> None:
        """Sort and enter."""
        self._keys, first = np.unique(keys.astype(np.uint64, copy=False), return_index=True)
        self._labels = labels.astype(np.uint8, copy=False)[first]
        self._filters = (Bitmap(self._keys, _FIRST), Bitmap(self._keys, _SECOND))

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._keys)

    def find(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices (n,) of those of `keys` that are in the set, and their labels (n,)."""
        if not len(self._keys) or not len(keys):
            return np.empty(0, np.int64), np.empty(0, np.uint8)
        found = self.may_hold(keys)
        suspects = keys[found]
        places = np.minimum(np.searchsorted(self._keys, suspects), len(self._keys) - 1)
        is_there = self._keys[places] == suspects
        return found[is_there], self._labels[places[is_there]]

    def may_hold(self, keys: np.ndarray) -> np.ndarray:
        """Return the indices of those of `keys` that are in the set, and of one in 250 that are not; quicker."""
        found = self._filters[0].passing(keys)
        return found[self._filters[1].passing(keys[found])] if len(found) else found
