"""Small-count protection of one published list of counts whose sum is known to the reader.

A count of 1 to `threshold` - 1 is shown as that range only. Because the sum is known, larger counts are hidden as well
until no hidden small count can be narrowed: as far as the reader can tell it may still be any number of the range.
Zero is shown, unless everything has to be hidden. Pure: counts in, what may be shown out; nothing is published here.
The test `test_no_reader_can_narrow_a_small_count` plays the reader.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import pandas as pd

from workbench.errors import DisclosureError

DEFAULT_THRESHOLD = 10
LEAST_THRESHOLD = 3  # below it a "range" would be one number
HIDDEN = "秘匿"

Shown = int | str


@dataclass(frozen=True)
class _List:
    """The counts of one list, and the places of those hidden besides the small ones."""

    counts: tuple[int, ...]
    threshold: int
    also_hidden: frozenset[int] = frozenset()

    def is_small(self, place: int) -> bool:
        return 0 < self.counts[place] < self.threshold

    @property
    def candidates(self) -> list[int]:
        """Places of large counts still shown, the smallest count first."""
        places = [n for n, count in enumerate(self.counts) if count >= self.threshold and n not in self.also_hidden]
        return sorted(places, key=lambda n: (self.counts[n], n))

    @property
    def is_protected(self) -> bool:
        """Whether every small count may still be 1, and may still be `threshold` - 1, given the sum of the hidden."""
        small = [count for n, count in enumerate(self.counts) if self.is_small(n)]
        if not small:
            return True
        hidden_sum = sum(small) + sum(self.counts[n] for n in self.also_hidden)
        others = len(small) - 1
        most = self.threshold - 1
        can_be_most = hidden_sum - others - self.threshold * len(self.also_hidden) >= most
        can_be_least = bool(self.also_hidden) or hidden_sum - others * most <= 1
        return can_be_most and can_be_least


def protect_counts(counts: Sequence[int], *, threshold: int = DEFAULT_THRESHOLD) -> list[Shown]:
    """Return what a reader who knows the sum may see of each count: a number, the range of small ones, or 「秘匿」.

    Raises:
        DisclosureError: the threshold is no whole number from 3, or a count is missing, no whole number or negative;
            nothing is shown then.
    """
    if not _is_whole(threshold) or threshold < LEAST_THRESHOLD:
        msg = f"秘匿の基準の件数は{LEAST_THRESHOLD}以上の整数で指定してください。表は作っていません。"
        raise DisclosureError(msg)
    if not all(_is_whole(count) and count >= 0 for count in counts):
        msg = "秘匿処理をする件数に、空欄、負の数、または整数でないものがあります。表は作っていません。"
        raise DisclosureError(msg)
    listed = _List(tuple(map(int, counts)), threshold)
    while not listed.is_protected:
        if not listed.candidates:
            return [HIDDEN] * len(counts)
        listed = _hide_one_more(listed)
    return [_show(listed, place) for place in range(len(counts))]


def hide_small_counts(
    rows: pd.DataFrame, columns: Sequence[str], *, threshold: int = DEFAULT_THRESHOLD
) -> pd.DataFrame:
    """Return the rows with each of `columns` protected as a list of its own; the others stay.

    Columns protected together must not be sums or differences of one another.

    Raises:
        DisclosureError: as `protect_counts`, or a column is not there.
    """
    missing: list[Hashable] = [column for column in columns if column not in rows]
    if missing or not columns:
        msg = "秘匿処理をする列が表にありません。表は作っていません。"
        raise DisclosureError(msg)
    shown = {column: protect_counts(rows[column].tolist(), threshold=threshold) for column in columns}
    return rows.assign(**{column: pd.Series(cells, rows.index, dtype="object") for column, cells in shown.items()})


def small_range(threshold: int) -> str:
    """Return how a small count is written: 1〜9."""
    return f"1〜{threshold - 1}"


def _hide_one_more(listed: _List) -> _List:
    """Hide the smallest large count that suffices; where none does, the smallest, and go on."""
    tries = [_List(listed.counts, listed.threshold, listed.also_hidden | {n}) for n in listed.candidates]
    return next((one for one in tries if one.is_protected), tries[0])


def _show(listed: _List, place: int) -> Shown:
    if place in listed.also_hidden:
        return HIDDEN
    return small_range(listed.threshold) if listed.is_small(place) else listed.counts[place]


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
