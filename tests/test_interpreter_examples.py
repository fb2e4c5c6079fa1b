"""The interpreter over the statute itself: the worked examples of the domain notes, and what holds for everybody.

`OFF` examples are an official or municipal page's; the others are computed by hand from the rule named.
"""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given, settings

from tests.interpreter import evaluate, shipped_rules
from tests.interpreter.slots import STATUS, STATUS_OF
from tests.population import crowds, random_people
from tests.tables import rows


def slot_on(birth, slot, as_of, doses=()):
    case = {"birth_date": birth, "sex": "F", "as_of": as_of, "doses": list(doses)}
    return next(row for row in evaluate(case, shipped_rules())["slots"] if row["slot"] == slot)


EXAMPLES = rows("""
    rule     | birth      | slot    | first      | last       | mark
    R1 R3 R4 | 2020-04-01 | BCG-1   | 2020-04-01 | 2021-03-31 | OFF
    R1       | 2018-04-01 | HIB-1   | 2018-05-31 | 2023-03-31 | OFF
    R1       | 2018-04-01 | PCV-1   | 2018-05-31 | 2023-03-31 | OFF
    R1       | 2018-12-28 | PCV-1   | 2019-02-27 | 2023-12-27 | contrast to the next
    R1       | 2018-12-31 | PCV-1   | 2019-02-28 | 2023-12-30 | end of February
    R1 R4    | 2022-04-02 | MR1-1   | 2023-04-01 | 2024-04-01 | OFF
    R1       | 2025-01-01 | MR1-1   | 2025-12-31 | 2026-12-31 |
    R1       | 2024-02-29 | PCV-1   | 2024-04-28 | 2029-02-28 | leap day
    R1       | 2023-08-31 | JE1-1   | 2024-02-29 | 2031-02-28 | month end
    R1       | 2024-08-28 | JE1-1   | 2025-02-27 | 2032-02-27 |
    R1       | 2024-08-31 | VAR-1   | 2025-08-30 | 2027-08-30 |
    R1       | 2025-03-01 | DPIH-1  | 2025-04-30 | 2032-08-31 | birth on 1 March
    R4       | 2025-03-15 | HEPB-1  | 2025-03-15 | 2026-03-14 |
    R7       | 2026-05-10 | ROTA1-1 | 2026-06-21 | 2026-10-25 |
    R9 R10   | 2019-04-01 | MR2-1   | 2024-04-01 | 2027-03-31 | OFF cohort, and the extension that follows
    R9 R10   | 2020-04-01 | MR2-1   | 2025-04-01 | 2026-03-31 | OFF cohort
    R3 R4    | 2017-05-10 | JE2-1   | 2026-05-09 | 2030-05-09 |
    R3 R4    | 2014-04-01 | DT2-1   | 2025-03-31 | 2027-03-31 |
    R8       | 2009-04-01 | HPV-1   | 2020-04-01 | 2025-03-31 | OFF cohort
    R3 R4    | 2007-04-01 | JE1-1   | 2007-09-30 | 2027-03-31 | cohort OFF; its window follows the ordinary one
    R3 R4    | 1960-11-30 | PCVA-1  | 2026-04-01 | 2026-11-29 | the programme began in the year
    R8       | 1960-04-02 | HZR-1   | 2025-04-01 | 2026-03-31 | OFF cohort
    R8       | 1961-04-02 | HZR-1   | 2026-04-01 | 2027-03-31 |
""")


@pytest.mark.parametrize("case", EXAMPLES, ids=lambda case: f"{case['slot']} {case['birth']}")
def test_both_ends_of_worked_windows(case):
    """Asked on the day before, the first, the last and the day after: open on the two in the middle, and only there."""
    first, last = date.fromisoformat(case["first"]), date.fromisoformat(case["last"])
    one = timedelta(days=1)
    days = [first - one, first, last, last + one]
    found = [slot_on(case["birth"], case["slot"], day.isoformat()) for day in days]
    is_open = [row["status"] in ("due", "open", "late", "closing") for row in found]

    assert is_open == [False, True, True, False]


def test_intervals_of_the_notes():
    table = rows("""
        dose       | vaccine | birth      | slot   | earliest
        2026-05-11 | JE      | 2022-06-01 | JE1-2  | 2026-05-18
        2026-05-11 | DPIH    | 2026-02-10 | DPIH-2 | 2026-06-01
        2026-05-11 | HIB     | 2026-02-10 | HIB-2  | 2026-06-08
    """)
    for case in table:
        dose = {"vaccine": case["vaccine"], "given_on": case["dose"]}

        row = slot_on(case["birth"], case["slot"], "2026-05-12", [dose])

        assert (row["status"], row["earliest_next_on"]) == ("not_yet_open", case["earliest"]), case


def test_every_reason_has_one_status():
    named = Counter(reason for reasons in STATUS.values() for reason in reasons)

    assert set(named.values()) == {1}


@settings(max_examples=25)
@given(crowds(shipped_rules(), most=3))
def test_what_holds_for_everybody(cases):
    for case in cases:
        answer = evaluate(case, shipped_rules())

        assert [row["slot"] for row in answer["slots"]] == list(shipped_rules().slots)
        assert [row["given_on"] for row in answer["doses"]] == [dose["given_on"] for dose in case["doses"]]
        for row in answer["slots"]:
            assert STATUS_OF[row["reason"]] == row["status"]
            assert (row["given_on"] is not None) == row["status"].startswith("done")


def test_random_people_meet_every_status_and_evaluation():
    found = [evaluate(case, shipped_rules()) for case in random_people(shipped_rules(), 1_500, seed=3, share=25)]

    assert {row["status"] for answer in found for row in answer["slots"]} == set(STATUS)
    assert {row["evaluation"] for answer in found for row in answer["doses"]} == {
        *("valid", "too_early", "too_late", "too_soon", "wrong_product", "extra", "private", "duplicate"),
        *("impossible", "not_in_force", "unknown"),
    }
