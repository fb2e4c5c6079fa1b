"""Every dose is judged: in the series that count it, or as one that no series counts."""

import duckdb
import pytest

from tests.city import build_city, read_doses
from workbench.queries import judging, run_query
from workbench.records import TABLES
from workbench.snapshot import DERIVED_TABLES, open_snapshot

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


@pytest.mark.usefixtures("demo_home")
def test_a_snapshot_judges_every_dose_under_its_own_number():
    """Duplicates were deleted before; the numbers of the rows must still be those that were judged."""
    with open_snapshot() as connection:
        [[doses, judged, astray]] = connection.execute(
            "SELECT (SELECT count(*) FROM dose), count(DISTINCT j.dose_id), "
            "count(*) FILTER (WHERE d.person_id IS DISTINCT FROM j.person_id OR d.given_on <> j.given_on) "
            "FROM judged AS j LEFT JOIN dose AS d ON j.dose_id = d.rowid"
        ).fetchall()
        [[deleted]] = connection.execute(
            "SELECT sum(rows) FROM quality WHERE outcome = 'duplicate' AND source = '接種記録.csv'"
        ).fetchall()
        numbers = {number for (number,) in connection.execute("SELECT rowid FROM dose").fetchall()}
        listed = run_query(
            connection, "dose_evaluation", as_of="9999-12-31", from_on="0001-01-01", until_on="9999-12-31"
        )

    assert (judged, astray) == (doses, 0)
    assert deleted > 0
    assert set(listed["dose_id"]) == numbers
    assert len(listed) == doses


@pytest.mark.usefixtures("demo_home")
def test_judging_in_parts_changes_no_judgement(monkeypatch):
    heard = []
    with open_snapshot() as connection, duckdb.connect() as own:
        for name, spec in TABLES.items():
            rows = connection.sql(f'SELECT * FROM "{name}"').to_arrow_table()
            kept = rows.slice(0, 0) if name in DERIVED_TABLES else rows
            own.from_arrow(kept.cast(spec.schema)).create(f'"{name}"')
        whole = "SELECT * EXCLUDE (dose_id) FROM judged ORDER BY ALL"
        expected = connection.execute(whole).fetchall()
        monkeypatch.setattr(judging, "PERSONS_PER_PART", 500)
        judged = judging.judge_doses(own, heard.append)

        assert own.execute(whole).fetchall() == expected
    assert judged == len(expected)
    assert len(heard) > 2
    assert heard == sorted(heard)
    assert heard[-1] == judged
