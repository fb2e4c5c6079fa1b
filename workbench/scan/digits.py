"""Finds numbers in an array of characters, however their digits are grouped.

A number that stands alone, or whose digits come in equal groups with one separator between, is found for what it is.
One inside a longer run (fixed-length records, a word of letters and digits) might be chance when a file has millions
of runs, so such places are counted apart, with the number that chance explains (decision 0020).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from workbench.scan.kinds import Kind, Numbers, Secrets, Tally
from workbench.scan.lookup import KeySet

PLAIN, REVERSED = "そのまま", "並べ替え"
SHORTEST = 10
GROUP_SIZES = (1, 2, 3, 4, 5, 6, 7, 8)
INTEGERS_FROM, INTEGERS_BELOW = 10**9, 10**15  # a smaller integer is a count or a code
_SEPARATORS = np.zeros(256, bool)
_SEPARATORS[np.frombuffer(b" -._/\t\xa0", np.uint8)] = True
_BETWEEN = _SEPARATORS.copy()
_BETWEEN[np.frombuffer(b":()[]", np.uint8)] = True
_WIDEST_GAP = 3
_LETTERS = np.zeros(256, bool)
_LETTERS[np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", np.uint8)] = True
_WIDTH_SHIFT = np.uint64(52)  # 15 digits need 50 bits; the width stands above them
_TURNED, _LOST = 8, 16  # added to the label of a number: its digits in another order, its leading zeros lost


@dataclass(frozen=True)
class _Runs:
    """Maximal runs of digits: where they start and end, and what they say about themselves."""

    starts: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def lengths(self) -> np.ndarray:
        return self.ends - self.starts

    def linked(self, text: np.ndarray) -> np.ndarray:
        """Say of each run but the last whether one separator alone stands between it and the next."""
        return (self.starts[1:] - self.ends[:-1] == 1) & _SEPARATORS[text[self.ends[:-1]]]

    def where(self, mask: np.ndarray) -> "_Runs":
        return _Runs(self.starts[mask], self.ends[mask])


class DigitSearch:
    """A search for the numbers of a `Secrets`."""

    def __init__(self, secrets: Secrets) -> None:
        """Enter every number as it is written, and with its digits in other orders."""
        parts = [(part.kind, part.width, part.values) for part in secrets.numbers]
        lost = [
            (part.kind + _LOST, width, values) for part in secrets.numbers for width, values in _without_zeros(part)
        ]
        turned = [
            (kind + _TURNED, width, values)
            for kind, width, plain in parts
            if kind != Kind.PHONE
            for values in _turned(plain, width)
        ]
        everything = [*parts, *lost, *turned]
        keys = [values.astype(np.uint64) | (np.uint64(width) << _WIDTH_SHIFT) for _, width, values in everything]
        labels = [np.full(len(values), label, np.uint8) for label, _, values in everything]
        self._keys = KeySet(_joined(keys, np.uint64), _joined(labels, np.uint8))
        self._counts: dict[int, dict[int, int]] = {}
        for label, width, values in everything:
            kinds = self._counts.setdefault(width, {})
            if label < _LOST:
                kinds[label % _TURNED] = kinds.get(label % _TURNED, 0) + len(values)
        plain = [values[values >= INTEGERS_FROM] for _, _, values in parts]
        kinds = [np.full(len(values), part[0], np.uint8) for part, values in zip(parts, plain, strict=True)]
        self._integers = KeySet(_joined(plain, np.int64).astype(np.uint64), _joined(kinds, np.uint8))

    def integers(self, values: np.ndarray, tally: Tally, way: str) -> None:
        """Search integers or floats (n,): a number's leading zeros are lost in them."""
        values = values[(values >= INTEGERS_FROM) & (values < INTEGERS_BELOW)]
        if values.dtype.kind == "f":
            values = values[values == np.floor(values)]
        _, labels = self._integers.find(values.astype(np.uint64))
        tally.add_all(labels, way)

    def characters(self, text: np.ndarray, tally: Tally) -> None:
        """Search characters (uint8; ASCII stands for itself)."""
        runs = _find_runs(text)
        self._long(text, runs.where(runs.lengths >= SHORTEST), tally)
        if len(runs) > 1:
            linked = runs.linked(text)
            self._grouped(text, runs, linked, tally)
            self._phones(text, runs, linked, tally)
            self._uneven(text, runs, tally)

    # ------------------------------------------------------------ runs as they are

    def _long(self, text: np.ndarray, runs: _Runs, tally: Tally) -> None:
        if not len(runs):
            return
        lengths = runs.lengths
        places = _all_places(runs)
        left = np.repeat(runs.ends, lengths) - places
        at_start = left == np.repeat(lengths, lengths)
        is_alone = np.repeat(_is_alone(text, runs), lengths)
        is_fraction = np.repeat(_is_fraction(text, runs), lengths)
        values = _Windows(text[places] - np.uint8(ord("0")))
        longest = int(lengths.max())
        for width in (width for width in self._counts if width <= longest):
            is_whole = at_start & (left == width)
            is_found = is_whole & is_alone
            is_inside = (left >= width) & ~is_found & (is_whole | ~is_fraction)
            self._look_up(values.of(width, np.flatnonzero(is_found)), width, tally, is_embedded=False)
            self._look_up(values.of(width, np.flatnonzero(is_inside)), width, tally, is_embedded=True)

    def _look_up(self, values: np.ndarray, width: int, tally: Tally, *, is_embedded: bool) -> None:
        _, labels = self._keys.find(values | (np.uint64(width) << _WIDTH_SHIFT))
        if not is_embedded:
            _tally_labels(labels, tally)
            return
        kinds = np.bincount(labels[labels < _LOST] % _TURNED, minlength=len(Kind))
        for kind, count in self._counts[width].items():
            tally.add_embedded(Kind(kind), int(kinds[kind]), len(values) * count / 10**width)

    # ------------------------------------------------------------ groups

    def _grouped(self, text: np.ndarray, runs: _Runs, linked: np.ndarray, tally: Tally) -> None:
        """Find numbers in equal groups, the last of which may be shorter: 4-4-4, pairs, single digits."""
        lengths = runs.lengths
        same = linked & (lengths[1:] == lengths[:-1])
        begins = np.flatnonzero(
            same | (linked & (2 * lengths[:-1] >= SHORTEST))
        )  # two groups: the second may be shorter
        if not len(begins):
            return
        streak = _streaks(same)
        for size in GROUP_SIZES:
            sized = begins[lengths[begins] == size]
            for width in self._counts if len(sized) else ():
                count = -(-width // size)
                chosen = sized[(streak[sized] >= count - 2) & (sized + count <= len(runs))]
                last = chosen + count - 1
                fits = (lengths[last] == width - size * (count - 1)) & linked[last - 1]
                if fits.any():
                    values = _join_groups(text, runs, chosen[fits], (size, count, width))
                    _, labels = self._keys.find(values | (np.uint64(width) << _WIDTH_SHIFT))
                    _tally_labels(labels, tally)

    def _uneven(self, text: np.ndarray, runs: _Runs, tally: Tally) -> None:
        """Find numbers in groups of any sizes; like those inside a longer run, they might be chance."""
        runs, linked = _in_chains(text, runs)
        begins = np.flatnonzero(linked)
        if not len(begins):
            return
        before = np.append(0, np.cumsum(runs.lengths))  # digits before each run
        run_at = np.full(int(before[-1]) + 1, -1)
        run_at[before] = np.arange(len(before))
        chain = np.append(0, np.cumsum(~linked))
        values = _Windows(text[_all_places(runs)] - np.uint8(ord("0")))
        for width in self._counts:
            first = begins[before[begins] + width <= before[-1]]
            last = run_at[before[first] + width] - 1
            is_one = (last > first) & (chain[last] == chain[first])
            first, last = first[is_one], last[is_one]
            new = first[~(_is_even(runs, first, last) & _SEPARATORS[text[runs.ends[first]]])]
            self._look_up(values.of(width, before[new]), width, tally, is_embedded=True)

    def _phones(self, text: np.ndarray, runs: _Runs, linked: np.ndarray, tally: Tally) -> None:
        """Find telephone numbers in three groups of any size, with one separator twice."""
        lengths = runs.lengths
        widths = [width for width, kinds in self._counts.items() if Kind.PHONE in kinds]
        begins = np.flatnonzero(linked[:-1] & linked[1:])
        begins = begins[text[runs.starts[begins]] == ord("0")]
        begins = begins[text[runs.ends[begins]] == text[runs.ends[begins + 1]]]
        total = lengths[begins] + lengths[begins + 1] + lengths[begins + 2]
        begins = begins[np.isin(total, widths)]
        keys = [_joined_value(text, runs, begin) for begin in begins.tolist()]
        _, labels = self._keys.find(np.array(keys, np.uint64))
        tally.add_all(labels[labels == Kind.PHONE], PLAIN)


class _Windows:
    """The values of all windows over neighbouring digits: of 2, 4, 8 digits by doubling, then of the width asked."""

    def __init__(self, digits: np.ndarray) -> None:
        self._parts = {1: digits.astype(np.uint64)}
        for size in (1, 2, 4):
            whole = self._parts[size]
            self._parts[size * 2] = whole[:-size] * np.uint64(10**size) + whole[size:]

    def of(self, width: int, starts: np.ndarray) -> np.ndarray:
        """Return the values (uint64) of the windows of `width` digits at `starts`."""
        value = np.zeros(len(starts), np.uint64)
        place = starts
        for size in (8, 4, 2, 1):
            if width & size:
                value = value * np.uint64(10**size) + self._parts[size][place]
                place = place + size
        return value


def _joined(arrays: list[np.ndarray], kind: type) -> np.ndarray:
    return np.concatenate(arrays) if arrays else np.empty(0, kind)


def _without_zeros(part: Numbers) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the widths numbers have when a spreadsheet has lost their leading zeros, down to 11 digits."""
    for width in range(part.width - 1, SHORTEST, -1):
        values = part.values[(part.values < 10**width) & (part.values >= 10 ** (width - 1))]
        if len(values):
            yield width, values


def _turned(values: np.ndarray, width: int) -> list[np.ndarray]:
    """Return the numbers backwards, with their pairs backwards, and with the digits of each pair exchanged."""
    digits = (values[:, None] // 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)) % 10
    pairs = [[place, place + 1] if place + 1 < width else [place] for place in range(0, width, 2)]
    orders = {
        tuple(range(width))[::-1],
        tuple(place for pair in pairs[::-1] for place in pair),
        tuple(place for pair in pairs for place in pair[::-1]),
    }
    return [sum(digits[:, place] * 10 ** (width - 1 - rank) for rank, place in enumerate(order)) for order in orders]


def _tally_labels(labels: np.ndarray, tally: Tally) -> None:
    is_turned = (labels >= _TURNED) & (labels < _LOST)
    tally.add_all(labels[~is_turned] % _LOST, PLAIN)
    tally.add_all(labels[is_turned] - np.uint8(_TURNED), REVERSED)


def _find_runs(text: np.ndarray) -> _Runs:
    is_digit = np.empty(len(text) + 2, bool)
    is_digit[0] = is_digit[-1] = False
    np.less(text - np.uint8(ord("0")), 10, out=is_digit[1:-1])
    edges = np.flatnonzero(is_digit[1:] != is_digit[:-1])
    return _Runs(edges[::2], edges[1::2])


def _is_alone(text: np.ndarray, runs: _Runs) -> np.ndarray:
    before = _LETTERS[text[runs.starts - 1]] & (runs.starts > 0)
    after = _LETTERS[text[np.minimum(runs.ends, len(text) - 1)]] & (runs.ends < len(text))
    return ~(before | after)


def _in_chains(text: np.ndarray, runs: _Runs) -> tuple[_Runs, np.ndarray]:
    """Return the runs of chains that hold digits enough for a number, and of each but the last whether it goes on.

    In a chain one to three separators, and nothing else, stand between two runs.
    """
    starts, gaps = runs.ends[:-1], runs.starts[1:] - runs.ends[:-1]
    linked = gaps <= _WIDEST_GAP
    for place in range(_WIDEST_GAP):
        near = np.flatnonzero(linked & (gaps > place))
        linked[near] = _BETWEEN[text[starts[near] + place]]
    firsts = np.flatnonzero(np.append(True, ~linked))
    sizes = np.diff(np.append(firsts, len(runs)))
    is_long = (np.add.reduceat(runs.lengths, firsts) >= SHORTEST) & (sizes > 1)
    kept = np.repeat(is_long, sizes)
    goes_on = np.append(linked, False)[kept]
    return runs.where(kept), goes_on[:-1]


def _is_even(runs: _Runs, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Say which of the runs from `first` to `last` are what `_grouped` looks for, as far as the ends tell."""
    size, gap = runs.lengths[first], runs.starts[first + 1] - runs.ends[first]
    is_equal = runs.starts[last] - runs.starts[first] == (last - first) * (size + 1)
    return (gap == 1) & is_equal & (runs.lengths[last] <= size)


def _is_fraction(text: np.ndarray, runs: _Runs) -> np.ndarray:
    """Say which runs are the digits behind a decimal point."""
    digit = text[runs.starts - 2] - np.uint8(ord("0"))
    return (runs.starts > 1) & (text[runs.starts - 1] == ord(".")) & (digit < 10)  # noqa: PLR2004 - digits


def _all_places(runs: _Runs) -> np.ndarray:
    """Return the places of all digits of the runs, run after run."""
    lengths = runs.lengths
    before = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) + np.repeat(runs.starts - before, lengths)


def _streaks(same: np.ndarray) -> np.ndarray:
    """Return for each place (n + 1) how many True follow without a break."""
    places = np.arange(len(same) + 1)
    breaks = np.where(np.append(same, False), len(same), places)
    return np.minimum.accumulate(breaks[::-1])[::-1] - places


def _join_groups(text: np.ndarray, runs: _Runs, begins: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Return the values (uint64) of groups of `size` digits each that begin at the runs `begins`."""
    size, count, width = shape
    value = np.zeros(len(begins), np.uint64)
    for group in range(count):
        for place in range(min(size, width - size * group)):
            digit = text[runs.starts[begins + group] + place] - np.uint8(ord("0"))
            value = value * np.uint64(10) + digit.astype(np.uint64)
    return value


def _joined_value(text: np.ndarray, runs: _Runs, begin: int) -> int:
    parts = [text[runs.starts[run] : runs.ends[run]].tobytes() for run in range(begin, begin + 3)]
    digits = b"".join(parts)
    return int(digits) | len(digits) << int(_WIDTH_SHIFT)
