"""Small-count protection of one published list of counts whose sum is known to the reader.

A count of 1 to `threshold` - 1 is shown as that range only. Because the sum is known, larger counts are hidden as well,
in the order of the list, until no small count can be narrowed: it may still be any number of the range. That holds
against a reader who knows every rule of this module too, since a larger count is chosen by its place and the hiding
ends by what anyone can add up: were a small count any other of its range, the same would be shown.
Zero is shown, unless everything has to be hidden. Pure: counts in, what may be shown out; nothing is published here.
The test `test_no_reader_can_narrow_a_small_count` plays the reader.
"""

from collections.abc import Hashable, Sequence

import pandas as pd

from workbench.errors import DisclosureError

DEFAULT_THRESHOLD = 10
LEAST_THRESHOLD = 3  # below it a "range" would be one number
HIDDEN = "秘匿"

Shown = int | str


def protect_counts(counts: Sequence[int], *, threshold: int = DEFAULT_THRESHOLD) -> list[Shown]:
    """Return what a reader who knows the sum may see of each count: a number, the range of small ones, or 「秘匿」.

    The order of the list must not follow the counts.

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
    small = [place for place, count in enumerate(counts) if 0 < count < threshold]
    if not small:
        return [int(count) for count in counts]
    also_hidden = _also_hidden(counts, small, threshold)
    if also_hidden is None:
        return [HIDDEN] * len(counts)
    cells: list[Shown] = [int(count) for count in counts]
    for places, cell in ((small, small_range(threshold)), (also_hidden, HIDDEN)):
        for place in places:
            cells[place] = cell
    return cells


def hide_small_counts(
    rows: pd.DataFrame, columns: Sequence[str], *, threshold: int = DEFAULT_THRESHOLD
) -> pd.DataFrame:
    """Return the rows with each of `columns` protected as a list of its own; the others stay.

    Columns protected together must be disjoint: none a part, a sum or a difference of others, in any row. The order of
    the rows must not follow the counts.

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


def _also_hidden(counts: Sequence[int], small: Sequence[int], threshold: int) -> list[int] | None:
    """Return the places of the large counts to hide besides the small ones, or None where no number of them suffices.

    Hiding ends when the hidden ones add up to more than one small count at its most, the others at 1 and every large
    one at the threshold need; so wherever it went on, that was still possible, and so was every lower count.
    """
    needed = threshold - 1 + len(small) - 1
    hidden_sum = sum(counts[place] for place in small)
    hidden: list[int] = []
    for place, count in enumerate(counts):
        if count < threshold:
            continue
        hidden.append(place)
        hidden_sum, needed = hidden_sum + count, needed + threshold
        if hidden_sum > needed:
            return hidden
    return None


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
