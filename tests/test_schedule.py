"""The schedule: windows of a birth, and what the calendar tables promise. Dates worked by hand stand in tests/spec."""

import json
from datetime import date, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.tables import rows
from tests.test_schedule_data import edited, shipped
from workbench import schedule
from workbench.errors import ParameterError
from workbench.records import NO_END, TABLES
from workbench.schedule.load import build
from workbench.schedule.windows import NO_START

SLOTS = [
    *("ROTA1-1", "ROTA1-2", "ROTA5-1", "ROTA5-2", "ROTA5-3", "HEPB-1", "HEPB-2", "HEPB-3"),
    *(f"{code}-{dose}" for code in ("DPIH", "DPTI", "DPT", "IPV", "HIB", "PCV") for dose in range(1, 5)),
    *("BCG-1", "MR1-1", "MR2-1", "VAR-1", "VAR-2", "JE1-1", "JE1-2", "JE1A-1", "JE2-1", "DT2-1"),
    *("HPV-1", "HPV-2", "HPV-3", "RSVM-1", "RUB5-1"),
    *("FLU-1", "FLUHD-1", "PPV-1", "PCVA-1", "COV-1", "HZL-1", "HZR-1", "HZR-2"),
]
BIRTHS = st.dates(date(1975, 1, 1), date(2027, 12, 31))


def test_slots_are_those_of_the_issue_in_display_order():
    assert [slot.slot for slot in schedule.load().slots] == SLOTS
    assert [row["slot"] for row in schedule.windows(date(2020, 1, 1), "M")] == SLOTS


def test_windows_json_has_the_shape_of_the_command():
    found = json.loads(json.dumps(schedule.windows_json(date(2018, 12, 31), "F")))

    assert list(found) == ["birth_date", "slots", "extensions"]
    assert found["birth_date"] == "2018-12-31"
    assert found["slots"][SLOTS.index("MR2-1")] == {
        "slot": "MR2-1",
        "opens_on": "2024-04-01",
        "standard_from": "2024-04-01",
        "standard_until": "2025-03-31",
        "closes_on": "2025-03-31",
    }
    assert found["extensions"] == [
        {"slot": "MR2-1", "extension": "MR-EXT", "opens_on": "2025-04-01", "closes_on": "2027-03-31"}
    ]


@pytest.mark.parametrize("birth", [date(1960, 1, 1), date(9999, 12, 31), date.min])
def test_who_has_no_window_has_nulls(birth):
    found = schedule.windows_json(birth, "U")["slots"]

    assert [row["slot"] for row in found] == SLOTS
    later = {"FLU-1", "FLUHD-1", "PPV-1", "PCVA-1", "COV-1", "HZL-1", "HZR-1", "HZR-2"}  # of the old, however far off
    assert {value for row in found if row["slot"] not in later for key, value in row.items() if key != "slot"} == {None}


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

    place = SLOTS.index("DT2-1")
    by_sex = {sex: rules.windows(birth, sex)[place] for sex in "MFU"}
    (row,) = [
        row
        for row in rules.window_table([birth]).to_pylist()
        if row["slot_no"] == place + 1 and row["known_from"] <= date(2026, 11, 1) <= row["known_until"]
    ]

    assert (by_sex["M"]["opens_on"], by_sex["U"]["opens_on"]) == (None, None)
    assert (by_sex["F"]["opens_on"], by_sex["F"]["standard_until"], by_sex["F"]["closes_on"]) == (
        date(2021, 6, 1),
        None,
        None,
    )
    assert (row["opens_on"], row["standard_until"], row["closes_on"]) == (date(2021, 6, 1), NO_END, NO_END)


def is_extended(birth, slot_no):
    """Tell whether a measure beside the ordinary window concerns a birth; `windows` leaves it out."""
    rows_of_slot = (
        row for programme in schedule.load().programmes for row in programme.window if SLOTS[slot_no - 1] in row.slots
    )
    return any(row.extension and row.has_birth(birth) for row in rows_of_slot)


@given(st.lists(BIRTHS, max_size=5), st.dates(date(2005, 1, 1), date(2028, 12, 31)))
@settings(max_examples=50)
def test_window_table_says_what_windows_says(births, day):
    table = schedule.window_table(births)

    key = ("opens_on", "standard_from", "standard_until", "closes_on")
    found = sorted(
        (row["birth_date"], row["slot_no"], *(row[name] for name in key))
        for row in table.to_pylist()
        if row["cohort"] == ""
        and row["known_from"] <= day <= row["known_until"]
        and not is_extended(row["birth_date"], row["slot_no"])
    )
    expected = sorted(
        (birth, number, *(row[name] or NO_END for name in key))
        for birth in set(births)
        for by_sex in [(schedule.load().windows(birth, "F", day), schedule.load().windows(birth, "M", day))]
        for number, rows_of_slot in enumerate(zip(*by_sex, strict=True), 1)
        for row in [next((row for row in rows_of_slot if row["opens_on"]), None)]
        if row and not is_extended(birth, number)
    )
    assert table.schema == TABLES["window"].schema
    assert found == expected


@given(BIRTHS)
def test_every_window_is_in_order(birth):
    for row in schedule.windows(birth, "F"):
        if row["opens_on"]:
            assert birth <= row["opens_on"] <= row["closes_on"]
            assert row["standard_from"] <= row["standard_until"] <= row["closes_on"]
            assert row["opens_on"] <= row["standard_from"] or row["standard_until"] < row["opens_on"]


@given(BIRTHS)
@example(date(2007, 4, 1))  # 日本脳炎特例 opens at 4 years, the ordinary window of the next birth at 6 months
@example(date(2012, 9, 30))  # BCG had ended at 6 months when 1歳 came into force; for the next birth it just had not
def test_a_later_birth_never_opens_or_closes_earlier_by_the_same_rows(birth):
    windows = [row for programme in schedule.load().programmes for row in programme.window]
    last_of_a_row = {slot for row in windows if row.births_until == birth for slot in row.slots}
    pairs = zip(schedule.windows(birth, "F"), schedule.windows(birth + timedelta(days=1), "F"), strict=True)
    for row, after in pairs:
        if row["opens_on"] and after["opens_on"] and row["slot"] not in last_of_a_row:
            begun = {one.effective_from for one in windows if row["slot"] in one.slots}
            assert row["opens_on"] <= after["opens_on"] or row["opens_on"] in begun  # opened by a row, not by an age
            assert row["closes_on"] <= after["closes_on"]


@given(st.lists(st.dates(date(1990, 1, 1), date(2030, 12, 31)), max_size=5))
@settings(max_examples=50)
def test_interval_table_has_one_row_for_each_day_and_rule(days):
    table = schedule.interval_table(days)

    tables = schedule.rule_tables()
    named = {row["rule_no"] for name in ("slot_interval", "waive") for row in tables[name].to_pylist()}
    assert table.schema == TABLES["interval"].schema
    assert sorted((row["given_on"], row["rule_no"]) for row in table.to_pylist()) == sorted(
        (day, rule) for day in set(days) for rule in named
    )
    for row in table.to_pylist():
        assert row["given_on"] < (row["earliest_next_on"] or row["standard_from"] or NO_END)
        assert (row["earliest_next_on"] or date.min) <= (row["standard_from"] or NO_END)
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


def test_the_tables_are_those_of_records():
    tables = schedule.load().tables([date(2025, 3, 1)], [date(2025, 5, 1)])

    recorded = {"person", "dose", "exemption", "special", "asked", "clinic", "district", "quality", "about"}
    computed = {"person_cohort", "own_window", "judged"}
    assert set(tables) == set(TABLES) - recorded - computed
    assert all(table.schema == TABLES[name].schema for name, table in tables.items())


POSITIONS = rows("""
    slot   | code | dose | programme | stage | number | vaccine | label
    HEPB-3 | HEPB | 3    | HEPB      |       | 3      | HEPB    | B型肝炎 3回目
    DPIH-1 | DPIH | 1    | DPIH      | 1     | 1      | DPIH    | 5種混合 初回1回目
    DPIH-4 | DPIH | 4    | DPIH      | 1A    | 1      | DPIH    | 5種混合 追加
    BCG-1  | BCG  | 1    | BCG       |       | 1      | BCG     | BCG
    MR1-1  | MR1  | 1    | MR        | 1     | 1      | MR      | 麻しん風しん混合（MR）第1期
    MR2-1  | MR2  | 1    | MR        | 2     | 1      | MR      | 麻しん風しん混合（MR）第2期
    VAR-2  | VAR  | 2    | VAR       |       | 2      | VAR     | 水痘 2回目
    JE1-2  | JE1  | 2    | JE        | 1     | 2      | JE      | 日本脳炎 第1期初回2回目
    JE1A-1 | JE1A | 1    | JE        | 1A    | 1      | JE      | 日本脳炎 第1期追加
    JE2-1  | JE2  | 1    | JE        | 2     | 1      | JE      | 日本脳炎 第2期
    DT2-1  | DT2  | 1    | DT        | 2     | 1      | DT      | 2種混合（DT）第2期
""")


@pytest.mark.parametrize("case", POSITIONS, ids=lambda case: case["slot"])
def test_slot(case):
    row = next(row for row in schedule.rule_tables()["slot"].to_pylist() if row["slot"] == case["slot"])

    assert {name: None if row[name] is None else str(row[name]) for name in case} == case
    assert row["display_order"] == SLOTS.index(case["slot"]) + 1


SERIES = rows("""
    series | group | slots                       | vaccines
    HEPB   |       | HEPB-1 HEPB-2 HEPB-3        | HEPB
    DPIH   | DPT   | DPIH-1 DPIH-2 DPIH-3 DPIH-4 | DPIH DPTI
    BCG    |       | BCG-1                       | BCG
    MR1    |       | MR1-1                       | MR
    MR2    |       | MR2-1                       | MR
    JE1    | JE    | JE1-1 JE1-2 JE1A-1          | JE
    JE2    | JE    | JE2-1                       | JE
    JE4    | JE    | JE1-1 JE1-2 JE1A-1 JE2-1    | JE
    DT2    |       | DT2-1                       | DT
""")


@pytest.mark.parametrize("case", SERIES, ids=lambda case: case["series"])
def test_what_a_series_holds_and_what_feeds_it(case):
    tables = {name: table.to_pylist() for name, table in schedule.rule_tables().items()}
    series = next(row for row in tables["series"] if row["series"] == case["series"])
    mine = {
        name: [row for row in tables[name] if row["series_no"] == series["series_no"]]
        for name in ("series_slot", "series_vaccine")
    }
    groups = {row["group_no"]: row["choice_group"] for row in tables["choice_group"]}
    vaccines = {row["vaccine_no"]: row["vaccine"] for row in tables["vaccine"]}
    placed = sorted(mine["series_slot"], key=lambda row: row["position"])

    assert groups.get(series["group_no"]) == case["group"]
    assert [SLOTS[row["slot_no"] - 1] for row in placed] == case["slots"].split()
    assert sorted(vaccines[row["vaccine_no"]] for row in mine["series_vaccine"]) == case["vaccines"].split()


AGED = rows("""
    birth      | series | from       | until
    2020-04-01 | MR1    |            | 2025-03-31
    2020-04-01 | MR2    | 2025-04-01 |
    2020-04-02 | MR1    |            | 2026-03-31
    2020-04-02 | MR2    | 2026-04-01 |
    2017-05-10 | JE1    |            | 2026-05-08
    2017-05-10 | JE2    | 2026-05-09 |
""")


@pytest.mark.parametrize("case", AGED, ids=lambda case: f"{case['birth']}-{case['series']}")
def test_one_day_of_life_parts_the_doses_of_two_series(case):
    tables = schedule.load().tables([date.fromisoformat(case["birth"])], [])
    numbers = {row["series"]: row["series_no"] for row in tables["series"].to_pylist()}

    row = next(row for row in tables["series_days"].to_pylist() if row["series_no"] == numbers[case["series"]])

    assert row["from_on"] == (date.fromisoformat(case["from"]) if case["from"] else NO_START)
    assert row["until_on"] == (date.fromisoformat(case["until"]) if case["until"] else NO_END)
