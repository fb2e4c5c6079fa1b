"""Small counts stay hidden from a reader who knows the sum and every rule of the hiding."""

from itertools import product

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tables import rows
from workbench.disclosure import HIDDEN, hide_small_counts, protect_counts, small_range
from workbench.errors import DisclosureError

CASES = rows("""
    case                                        | counts      | shown
    nothing small                               | 10 250 0    | 10 250 0
    zero is no count of persons                 | 0 0 0       | 0 0 0
    no rows                                     |             |
    one small count takes a large one with it   | 3 40 25 0   | 1〜9 秘匿 25 0
    the first in the list, not the fittest      | 90 1 18 10  | 秘匿 1〜9 18 10
    one alone does not suffice: two             | 1 10 19 90  | 1〜9 秘匿 秘匿 90
    just enough: 19 may be 9 and 10, and more   | 1 19 50     | 1〜9 秘匿 50
    just not: 19 would be 9 and 10 at the most  | 1 18 50     | 1〜9 秘匿 秘匿
    several small ones share one                | 5 5 40 60   | 1〜9 1〜9 秘匿 60
    two nines: their sum would reveal both      | 9 9 40      | 1〜9 1〜9 秘匿
    nothing large enough is left: all is hidden | 1 10 0      | 秘匿 秘匿 秘匿
    alone: the sum is the count                 | 4           | 秘匿
""")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_counts_are_shown_as_drawn(case):
    counts = [int(count) for count in (case["counts"] or "").split()]

    assert [str(cell) for cell in protect_counts(counts)] == (case["shown"] or "").split()


def possible(cell, total, threshold):
    if cell == small_range(threshold):
        return range(1, threshold)
    return range(threshold, total + 1) if cell == HIDDEN else (cell,)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5), st.integers(3, 5))
def test_no_reader_can_narrow_a_small_count(counts, threshold):
    shown = protect_counts(counts, threshold=threshold)
    if set(shown) == {HIDDEN}:
        return  # nothing but the sum is told

    total = sum(counts)
    guesses = (w for w in product(*(possible(cell, total, threshold) for cell in shown)) if sum(w) == total)
    worlds = [world for world in guesses if protect_counts(world, threshold=threshold) == shown]

    assert tuple(counts) in worlds
    for place, cell in enumerate(shown):
        if cell == small_range(threshold):
            assert {world[place] for world in worlds} == set(range(1, threshold))


@given(st.lists(st.integers(0, 3000), max_size=30))
def test_no_small_count_is_ever_shown(counts):
    shown = protect_counts(counts)

    assert all(cell == count for cell, count in zip(shown, counts, strict=True) if isinstance(cell, int))
    assert not [cell for cell in shown if isinstance(cell, int) and 0 < cell < 10]


REFUSED = [([1, None], 10), ([1, 2.5], 10), ([-1], 10), (["3"], 10), ([True], 10), ([3], 2), ([3], "10"), ([3], None)]


@pytest.mark.parametrize(("counts", "threshold"), REFUSED)
def test_what_cannot_be_protected_is_refused(counts, threshold):
    with pytest.raises(DisclosureError, match="表は作っていません"):
        protect_counts(counts, threshold=threshold)


def test_the_columns_named_are_protected_and_the_others_stay():
    table = pd.DataFrame({"clinic": ["A", "B", "C"], "doses": [500, 60, 70], "irregular": [3, 30, 90]})

    shown = hide_small_counts(table, ["doses", "irregular"])

    assert shown["clinic"].tolist() == ["A", "B", "C"]
    assert shown["doses"].tolist() == [500, 60, 70]
    assert shown["irregular"].tolist() == ["1〜9", HIDDEN, 90]
    assert table["irregular"].tolist() == [3, 30, 90]


@pytest.mark.parametrize("columns", [[], ["dozes"]])
def test_a_column_that_is_not_there_is_refused(columns):
    with pytest.raises(DisclosureError):
        hide_small_counts(pd.DataFrame({"doses": [3]}), columns)
