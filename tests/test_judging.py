"""Every dose is judged: in the series that count it, or as one that no series counts."""

from tests.city import build_city, read_doses
from workbench.queries import run_query

WHOLE = {"part": 0, "mask": 0}


def test_a_dose_counts_in_a_series_or_is_said_to_count_in_none():
    doses = read_doses(1, "HEPB 2025-05-10, HEPB 2025-06-07, unknown 2025-07-01, HEPB 2025-03-01")
    city = build_city([{"person_id": 1, "birth_date": "2025-03-10"}], doses)

    counted = run_query(city, "judged_dose", **WHOLE)
    uncounted = run_query(city, "uncounted_dose", **WHOLE).sort_values("dose_id")

    assert sorted(counted["dose_id"]) == [0, 1]
    assert list(zip(uncounted["dose_id"], uncounted["evaluation"], strict=True)) == [(2, "unknown"), (3, "impossible")]


def test_who_has_no_special_reason_is_in_no_cohort_and_has_no_window_of_their_own():
    city = build_city([{"person_id": 1, "birth_date": "2025-03-10"}])

    assert run_query(city, "cohort_member").empty
    assert run_query(city, "window_of_own").empty
