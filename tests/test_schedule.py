"""The schedule: windows of a birth, and what the calendar tables promise. Dates worked by hand stand in tests/spec."""

import json
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tables import rows
from tests.test_schedule_data import edited, shipped
from workbench import schedule
from workbench.errors import ParameterError
from workbench.records import NO_END, TABLES
from workbench.schedule.load import build

SLOTS = [
    *("HEPB-1", "HEPB-2", "HEPB-3", "DPIH-1", "DPIH-2", "DPIH-3", "DPIH-4", "BCG-1"),
    *("MR1-1", "MR2-1", "VAR-1", "VAR-2", "JE1-1", "JE1-2", "JE1A-1", "JE2-1", "DT2-1"),
]
BIRTHS = st.dates(date(1975, 1, 1), date(2027, 12, 31))


def test_slots_are_those_of_the_issue_in_display_order():
    assert [slot.slot for slot in schedule.load().slots] == SLOTS
    assert [row["slot"] for row in schedule.windows(date(2020, 1, 1), "M")] == SLOTS


def test_windows_json_has_the_shape_of_the_command():
    found = json.loads(json.dumps(schedule.windows_json(date(2018, 12, 31), "F")))

    assert list(found) == ["birth_date", "slots"]
    assert found["birth_date"] == "2018-12-31"
    assert found["slots"][SLOTS.index("MR2-1")] == {
        "slot": "MR2-1",
        "opens_on": "2024-04-01",
        "standard_from": "2024-04-01",
        "standard_until": "2025-03-31",
        "closes_on": "2025-03-31",
    }


@pytest.mark.parametrize("birth", [date(1960, 1, 1), date(9999, 12, 31), date.min])
def test_who_has_no_window_has_nulls(birth):
    found = schedule.windows_json(birth, "U")["slots"]

    assert [row["slot"] for row in found] == SLOTS
    assert {value for row in found for key, value in row.items() if key != "slot"} == {None}


def test_a_programme_that_ends_ends_its_windows():
    rules = build(*edited("var.effective_to", "2026-03-31"))

    by_slot = {row["slot"]: row for row in rules.windows(date(2024, 8, 31), "F")}
    later = {row["slot"]: row for row in rules.windows(date(2025, 4, 2), "F")}

    assert (by_slot["VAR-1"]["opens_on"], by_slot["VAR-1"]["closes_on"]) == (date(2025, 8, 30), date(2026, 3, 31))
    assert later["VAR-1"]["opens_on"] is None


def test_unknown_sex_is_refused():
    with pytest.raises(ParameterError, match="M（男）"):
        schedule.windows(date(2020, 1, 1), "X")


def test_sex_of_a_slot_and_an_open_end():
    edition, files = edited("dt.slot.0.sex", '"F"')
    del files["dt.toml"]["standard"], files["dt.toml"]["window"][1]["closes"]
    rules = build(edition, files)
    birth = date(2010, 6, 2)

    by_sex = {sex: rules.windows(birth, sex)[-1] for sex in "MFU"}
    row = next(row for row in rules.window_table([birth]).to_pylist() if row["slot"] == "DT2-1")

    assert (by_sex["M"]["opens_on"], by_sex["U"]["opens_on"]) == (None, None)
    assert (by_sex["F"]["opens_on"], by_sex["F"]["standard_until"], by_sex["F"]["closes_on"]) == (
        date(2021, 6, 1),
        None,
        None,
    )
    assert (row["opens_on"], row["standard_until"], row["closes_on"]) == (date(2021, 6, 1), NO_END, NO_END)


@given(st.lists(BIRTHS, max_size=5))
@settings(max_examples=50)
def test_window_table_says_what_windows_says(births):
    table = schedule.window_table(births)

    expected = [
        {"birth_date": birth} | row
        for birth in sorted(set(births))
        for row in schedule.windows(birth, "M")
        if row["opens_on"]
    ]
    key = TABLES["window"].schema.names
    assert table.schema == TABLES["window"].schema
    assert sorted(table.to_pylist(), key=str) == sorted(
        [{name: row[name] for name in key} for row in expected], key=str
    )


@given(BIRTHS)
def test_every_window_is_in_order(birth):
    for row in schedule.windows(birth, "F"):
        if row["opens_on"]:
            assert birth <= row["opens_on"] <= row["closes_on"]
            assert row["standard_from"] <= row["standard_until"] <= row["closes_on"]
            assert row["opens_on"] <= row["standard_from"] or row["standard_until"] < row["opens_on"]


@given(BIRTHS)
def test_a_later_birth_never_opens_or_closes_earlier(birth):
    pairs = zip(schedule.windows(birth, "F"), schedule.windows(birth + timedelta(days=1), "F"), strict=True)
    for row, after in pairs:
        if row["opens_on"] and after["opens_on"]:
            assert row["opens_on"] <= after["opens_on"]
            assert row["closes_on"] <= after["closes_on"]


@given(st.lists(st.dates(date(1990, 1, 1), date(2030, 12, 31)), max_size=5))
@settings(max_examples=50)
def test_interval_table_has_one_row_for_each_day_and_rule(days):
    table = schedule.interval_table(days)

    named = {row["rule"] for row in schedule.rule_tables()["slot_interval"].to_pylist()}
    assert table.schema == TABLES["interval"].schema
    assert sorted((row["given_on"], row["rule"]) for row in table.to_pylist()) == sorted(
        (day, rule) for day in set(days) for rule in named
    )
    for row in table.to_pylist():
        assert row["given_on"] < row["earliest_next_on"] <= (row["standard_from"] or NO_END)
        assert (row["standard_from"] or date.min) <= (row["standard_until"] or NO_END)


def test_days_at_the_end_of_the_calendar_get_no_row():
    assert schedule.interval_table([date(9999, 12, 31)]).num_rows == 0
    assert schedule.window_table([date(9999, 12, 31)]).num_rows == 0


def test_reading_of_the_standard_interval_is_a_choice():
    edition, files = shipped()
    edition["reading"]["standard_upper_days"] = "elapsed"

    ends = {
        row["rule"]: row["standard_until"]
        for row in build(edition, files).interval_table([date(2026, 5, 11)]).to_pylist()
    }

    assert ends["20d/20d-56d"] == date(2026, 7, 6)
    assert ends["6m/6m-18m"] == date(2027, 11, 11)


def test_rule_tables_are_those_of_records():
    tables = schedule.rule_tables()

    assert set(tables) == {"programme", "slot", "series_vaccine", "series_instead", "slot_interval"}
    assert all(table.schema == TABLES[name].schema for name, table in tables.items())


POSITIONS = rows("""
    slot   | code | dose | programme | series | position | vaccine | label
    HEPB-3 | HEPB | 3    | HEPB      | HEPB   | 3        | HEPB    | B型肝炎 3回目
    DPIH-1 | DPIH | 1    | DPIH      | DPIH   | 1        | DPIH    | 5種混合 初回1回目
    DPIH-4 | DPIH | 4    | DPIH      | DPIH   | 4        | DPIH    | 5種混合 追加
    BCG-1  | BCG  | 1    | BCG       | BCG    | 1        | BCG     | BCG
    MR1-1  | MR1  | 1    | MR        | MR1    | 1        | MR      | 麻しん風しん混合（MR）第1期
    MR2-1  | MR2  | 1    | MR        | MR2    | 1        | MR      | 麻しん風しん混合（MR）第2期
    VAR-2  | VAR  | 2    | VAR       | VAR    | 2        | VAR     | 水痘 2回目
    JE1-2  | JE1  | 2    | JE        | JE1    | 2        | JE      | 日本脳炎 第1期初回2回目
    JE1A-1 | JE1A | 1    | JE        | JE1    | 3        | JE      | 日本脳炎 第1期追加
    JE2-1  | JE2  | 1    | JE        | JE2    | 1        | JE      | 日本脳炎 第2期
    DT2-1  | DT2  | 1    | DT        | DT2    | 1        | DT      | 2種混合（DT）第2期
""")


@pytest.mark.parametrize("case", POSITIONS, ids=lambda case: case["slot"])
def test_slot(case):
    row = next(row for row in schedule.rule_tables()["slot"].to_pylist() if row["slot"] == case["slot"])

    assert {name: str(row[name]) for name in case} == case
    assert row["display_order"] == SLOTS.index(case["slot"]) + 1


FEEDING = rows("""
    vaccine | stage | series
    MR      | 1     | MR1
    MR      | -     | MR1
    MR      | 2     | MR2
    JE      | 1     | JE1
    JE      | 1A    | JE1
    JE      | 2     | JE2
    DT      | 2     | DT2
    DPIH    | 1A    | DPIH
    BCG     | *     | BCG
    VAR     | *     | VAR
    HEPB    | *     | HEPB
""")


@pytest.mark.parametrize("case", FEEDING, ids=lambda case: f"{case['vaccine']}{case['stage']}")
def test_which_doses_feed_a_series(case):
    assert case in schedule.rule_tables()["series_vaccine"].to_pylist()


def test_who_began_with_another_product_is_not_judged_by_five_in_one():
    found = schedule.rule_tables()["series_instead"].to_pylist()

    assert found == [{"series": "DPIH", "vaccine": "DPTI"}, {"series": "DPIH", "vaccine": "DPT"}]
