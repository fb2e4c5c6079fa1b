"""The wall's own promises: pseudonyms that need the key (P2), and no batch that still carries a My Number (P1)."""

import hmac
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import WallError
from workbench.pseudonymize import Wall
from workbench.pseudonyms import PseudonymKeys, pseudonyms, refuse_shared
from workbench.sources import FaultLog, Parsed, look_up

ATENA_NUMBERS = st.lists(st.integers(1, 10**15 - 1), min_size=1, max_size=30, unique=True)
KEYS = st.binary(min_size=32, max_size=32)


@given(ATENA_NUMBERS, KEYS)
def test_a_pseudonym_is_the_head_of_a_keyed_digest_of_the_fifteen_digits(numbers, key):
    expected = [hmac.digest(key, f"{number:015d}".encode(), "sha256")[:8] for number in numbers]

    made = pseudonyms(np.array(numbers), key)

    assert made.tolist() == [int.from_bytes(digest, "big", signed=True) for digest in expected]


@given(ATENA_NUMBERS, KEYS, KEYS)
def test_another_domain_gives_pseudonyms_that_cannot_be_joined(numbers, key, other):
    if key == other:
        return
    here, there = (set(pseudonyms(np.array(numbers), each).tolist()) for each in (key, other))

    assert len(here) == len(numbers)
    assert here.isdisjoint(there)


def test_keys_do_not_show_themselves():
    keys = PseudonymKeys("followup", person=b"p" * 32, household=b"h" * 32)

    assert "ppp" not in repr(keys)
    assert "hhh" not in repr(keys)


class Leaky:
    """A street door that failed to drop a column."""

    file = "住民.csv"

    def __init__(self, field):
        self.field = field

    def batches(self, _, **_options):
        columns = {"atena_number": pa.array([1]), self.field: pa.array(["123456789018"])}
        yield Parsed(rows_read=1, lines=np.array([2]), columns=columns, bytes_read=10, stripped={})


@pytest.mark.parametrize("field", ["mynumber", "juminhyo_code"])
def test_the_wall_refuses_a_batch_that_still_carries_a_number(field):
    keys = PseudonymKeys("followup", person=b"p" * 32, household=b"h" * 32)
    wall = Wall(keys, extracted_on=date(2026, 11, 1), log=FaultLog())

    with pytest.raises(WallError, match=r"住民\.csv") as caught:
        wall.admit_residents(Leaky(field))

    assert "123456789018" not in str(caught.value)


def test_two_numbers_of_one_pseudonym_are_refused_and_one_number_twice_is_not():
    refuse_shared(np.array([7, 8, 7]), np.array([1, 2, 1]))
    with pytest.raises(WallError, match="仮名が重なりました"):
        refuse_shared(np.array([7, 8, 9]), np.array([1, 2, 1]))


@given(st.lists(st.integers(0, 9)), st.lists(st.integers(0, 12)))
def test_whoever_is_looked_up_is_found_at_the_first_place_or_nowhere(ordered, wanted):
    ordered = sorted(ordered)

    found = look_up(np.array(ordered, np.int64), np.array(wanted, np.int64))

    assert found.tolist() == [ordered.index(one) if one in ordered else -1 for one in wanted]
