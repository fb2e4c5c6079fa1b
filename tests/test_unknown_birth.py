"""Residents of unknown birth: a city's listing says of each what evaluating every possible day of birth says."""

import re
from datetime import date, timedelta
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.city import build_city, read_doses
from tests.interpreter import evaluate, shipped_rules
from tests.tables import rows
from workbench import schedule
from workbench.evaluation import Case
from workbench.explanation import explain
from workbench.explanation.words import say
from workbench.queries import run_query
from workbench.records import NO_END
from workbench.schedule.possible import WIDEST_DAYS, possible_births
from workbench.settings import Home
from workbench.snapshot import open_snapshot

NO_READING = (None, None)
COHORT_OF_DOSES = date(2007, 4, 2), date(2009, 10, 1)  # JE-B: fewer doses than three; needs more than a birth


def unknown(person_id, earliest, latest, **more):
    """Return a resident born on some day from `earliest` to `latest`."""
    bounds = {"birth_earliest": earliest, "birth_latest": latest}
    return {"person_id": person_id, "birth_date": None, "birth_date_precision": "year"} | bounds | more


def listing(city, as_of, slot="*", district="*"):
    return run_query(city, "unknown_birth_windows", as_of=as_of, slot=slot, district=district)


def told(city, as_of, person_id=1):
    """Return by slot what the listing says of a person: opening, the widest and the narrowest window."""
    found = listing(city, as_of)
    found = found[(found["person_id"] == person_id) & (found["opening"] != "unreadable")]
    return {
        row["slot"]: (
            row["opening"],
            (day(row["widest_from"]), day(row["widest_until"])),
            (day(row["narrowest_from"]), day(row["narrowest_until"])),
        )
        for row in found.to_dict("records")
    }


def day(value):
    if value is None or value != value:  # noqa: PLR0124 - what pandas has where there is no day
        return None
    return value if type(value) is date else value.date()


def read_by_hand(case):
    """Return the same from the plain interpreter, asked about every possible day of birth."""
    births = possible_births(date.fromisoformat(case["earliest"]), date.fromisoformat(case["latest"]))
    doses = read_doses(1, case["doses"])
    asked = {"sex": case["sex"], "as_of": case["as_of"], "doses": doses, "special": case.get("special", [])}
    answers = [evaluate(asked | {"birth_date": birth.isoformat()}, shipped_rules()) for birth in births]
    by_slot = {}
    for answer in answers:
        for row in answer["slots"]:
            if row["status"] != "not_applicable":
                by_slot.setdefault(row["slot"], []).append(window_of(row))
    return {slot: read(windows, len(births), date.fromisoformat(case["as_of"])) for slot, windows in by_slot.items()}


def window_of(row):
    return date.fromisoformat(row["opens_on"]), date.fromisoformat(row["closes_on"] or NO_END.isoformat())


def read(windows, births, as_of):
    opens, closes = zip(*windows, strict=True)
    common = {*windows} and len(windows) == births and max(opens) <= min(closes)
    narrowest = (max(opens), min(closes)) if common else NO_READING
    is_open = [first <= as_of <= last for first, last in windows]
    opening = "surely" if all(is_open) and len(windows) == births else "perhaps" if any(is_open) else "not_now"
    return opening, (min(opens), max(closes)), narrowest


# ---------------------------------------------------------------- the listing is what every possible day says


SPANS = rows("""
    case                             | sex | earliest   | latest     | as_of
    a month of this year             | F   | 2026-03-01 | 2026-03-31 | 2026-11-01
    February of a leap year          | M   | 2024-02-01 | 2024-02-29 | 2026-11-01
    a year with a leap day           | F   | 2024-01-01 | 2024-12-31 | 2026-11-01
    two days, one school year each   | F   | 2020-04-01 | 2020-04-02 | 2026-11-01
    the day before school            | F   | 2020-04-01 | 2020-04-02 | 2027-03-31
    the day after it                 | F   | 2020-04-01 | 2020-04-02 | 2027-04-01
    a year across two school years   | M   | 2020-01-01 | 2020-12-31 | 2026-11-01
    one day                          | F   | 2025-03-10 | 2025-03-10 | 2026-11-01
    girls, two years                 | F   | 2013-06-01 | 2015-05-31 | 2026-11-01
    boys of that age                 | M   | 2013-06-01 | 2014-05-31 | 2026-11-01
    sex unknown too                  | U   | 2013-06-01 | 2013-06-30 | 2026-11-01
    the bound of HPV catch-up        | F   | 1997-03-20 | 1997-04-20 | 2024-11-01
    the bound of 日本脳炎特例        | M   | 1995-03-20 | 1995-04-20 | 2014-11-01
    the bound of 風しん5期           | M   | 1979-03-20 | 1979-04-20 | 2024-11-01
    65 in the year                   | F   | 1961-01-01 | 1961-12-31 | 2026-11-01
    65 across 1 and 2 April          | F   | 1962-04-01 | 1962-04-02 | 2026-11-01
    ages of shingles                 | M   | 1946-01-01 | 1947-12-31 | 2026-11-01
    between two ages of shingles     | F   | 1959-06-01 | 1960-12-31 | 2026-11-01
    five in one, before it was       | F   | 2023-12-01 | 2024-01-31 | 2024-03-31
    five in one, on the first day    | F   | 2023-12-01 | 2024-01-31 | 2024-04-01
    not born yet on the day          | F   | 2026-10-01 | 2026-12-31 | 2026-11-01
    the law of 2013                  | M   | 2012-01-01 | 2012-02-29 | 2013-04-01
    """)


NOBODY = ("the bound of 風しん5期",)  # its window is that of a special cohort: a test of antibodies decides


@pytest.mark.parametrize("case", SPANS, ids=lambda case: case["case"])
def test_the_listing_is_what_the_interpreter_says_of_every_possible_day(case):
    city = build_city([unknown(1, case["earliest"], case["latest"], sex=case["sex"])])

    found = told(city, case["as_of"])

    assert found == read_by_hand(case | {"doses": None})
    assert bool(found) == (case["case"] not in NOBODY)


@cache
def drawn_city(earliest, latest, sex):
    return build_city([unknown(1, earliest.isoformat(), latest.isoformat(), sex=sex)])


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    earliest=st.dates(date(1925, 1, 1), date(2026, 12, 31)),
    days=st.integers(0, 40),
    as_of=st.dates(date(2013, 4, 1), date(2027, 3, 31)),
    sex=st.sampled_from("MFU"),
)
def test_any_span_on_any_day_is_what_the_interpreter_says(earliest, days, as_of, sex):
    latest = earliest + timedelta(days=days)
    case = {"earliest": earliest.isoformat(), "latest": latest.isoformat(), "as_of": as_of.isoformat(), "sex": sex}

    found, expected = told(drawn_city(earliest, latest, sex), as_of), read_by_hand(case | {"doses": None})

    if earliest <= COHORT_OF_DOSES[1] and latest >= COHORT_OF_DOSES[0]:
        found, expected = ({slot: row for slot, row in one.items() if slot[:2] != "JE"} for one in (found, expected))
    assert found == expected


HISTORIES = rows("""
    case                         | earliest   | latest     | as_of      | doses
    MR once                      | 2021-01-01 | 2021-03-31 | 2026-11-01 | MR 2022-06-01
    four in one begun            | 2024-04-01 | 2024-05-31 | 2026-11-01 | DPTI 2024-08-01, DPTI 2024-09-01
    five in one begun            | 2025-04-01 | 2025-05-31 | 2026-11-01 | DPIH 2025-08-01
    HIB begun early              | 2023-01-01 | 2023-01-31 | 2026-11-01 | HIB 2023-04-10
    PCV begun late               | 2024-01-01 | 2024-03-31 | 2026-11-01 | PCV 2025-03-10, PCV 2025-06-01
    rotavirus of one kind        | 2026-06-01 | 2026-06-30 | 2026-11-01 | ROTA1 2026-08-20
    HPV in the catch-up          | 2003-04-01 | 2003-04-30 | 2025-11-01 | HPV 2023-08-20
    influenza of another season  | 1950-01-01 | 1950-02-28 | 2026-11-01 | FLU 2024-11-01
    a dose nobody can read       | 2025-03-01 | 2025-03-31 | 2026-11-01 | unknown 2025-08-01
    """)


@pytest.mark.parametrize("case", HISTORIES, ids=lambda case: case["case"])
def test_no_slot_that_a_history_can_call_for_is_left_out(case):
    """With doses the listing goes by the birth alone: never narrower than the evaluations, never surer of less."""
    city = build_city([unknown(1, case["earliest"], case["latest"], sex="F")], read_doses(1, case["doses"]))

    found, expected = told(city, case["as_of"]), read_by_hand(case | {"sex": "F"})

    assert expected
    for slot, (_, (opens, closes), narrowest) in expected.items():
        if case["case"] == "HPV in the catch-up":  # a cohort of doses: said to be missing in the header
            assert slot in found or slot.startswith("HPV")
            continue
        assert found[slot][1][0] <= opens
        assert found[slot][1][1] >= closes
        assert narrowest in (NO_READING, found[slot][2])


EXPLAINED = {
    "a month": unknown(1, "2025-03-01", "2025-03-31", sex="F"),
    "two school years": unknown(1, "2020-03-25", "2020-04-10", sex="M"),
    "old": unknown(1, "1961-03-01", "1961-04-30", sex="F"),
}


@pytest.mark.parametrize("name", EXPLAINED)
def test_the_listing_says_the_windows_that_explain_reads_out(name):
    person = EXPLAINED[name]
    case = {key: person[key] for key in ("birth_date", "sex", "birth_earliest", "birth_latest")}
    account = explain(Case.model_validate(case | {"as_of": "2026-11-01"}))

    told_here = {(widest, narrowest) for _, widest, narrowest in told(build_city([person]), "2026-11-01").values()}

    assert told_here
    assert {sentences(*both) for both in told_here} == {
        line[found.start() :] for line in account.splitlines() if (found := MARK.search(line))
    }


MARK = re.compile("対象になりうる期間（広く|対象期間は、どの日の生まれでも")


def sentences(widest, narrowest):
    if widest == narrowest:
        return sentence("same", widest)
    return sentence("widest", widest) + (
        say("unknown_birth", "narrowest_none") if narrowest == NO_READING else sentence("narrowest", narrowest)
    )


def sentence(name, days):
    if name == "narrowest" and days[0] == days[1]:
        return say("unknown_birth", "narrowest_day", opens=days[0])
    if days[1] == NO_END:
        return say("unknown_birth", f"{name}_open", opens=days[0])
    return say("unknown_birth", name, opens=days[0], closes=days[1])


# ---------------------------------------------------------------- what a snapshot holds for it


def test_a_snapshot_holds_the_rules_of_every_possible_birth(demo_home):
    with open_snapshot(Home(demo_home)) as snapshot:
        spans = snapshot.execute(
            "SELECT DISTINCT birth_earliest, birth_latest FROM person WHERE birth_date IS NULL ORDER BY ALL"
        ).fetchall()
        days = snapshot.execute("SELECT birth_earliest, birth_latest, birth_date FROM possible_birth").fetchall()
        lacking = snapshot.execute("FROM possible_birth ANTI JOIN variant USING (birth_date)").fetchall()

    assert sorted(days) == [(*span, birth) for span in spans for birth in possible_births(*span)]
    assert len({span for span in spans if possible_births(*span)}) > 1
    assert lacking == []


SPAN_BOUNDS = rows("""
    earliest   | latest     | births
    2024-02-01 | 2024-02-29 | 29
    2025-03-10 | 2025-03-10 | 1
    2025-03-10 | 2025-03-09 | 0
    2025-03-10 |            | 0
               | 2025-03-10 | 0
    2015-01-01 | 2025-02-16 | 3700
    2015-01-01 | 2025-02-17 | 0
    """)


@pytest.mark.parametrize("case", SPAN_BOUNDS, ids=lambda case: f"{case['earliest']} {case['latest']}")
def test_the_possible_days_of_birth(case):
    bounds = [date.fromisoformat(case[end]) if case[end] else None for end in ("earliest", "latest")]
    births = possible_births(*bounds)

    assert len(births) == len(set(births)) == int(case["births"])
    assert not births or [births[0], births[-1]] == bounds
    assert len(schedule.load().tables([], [], spans=[bounds, bounds])["possible_birth"]) == len(births)


def test_a_birth_that_is_possible_and_known_has_its_rules_once():
    both = schedule.load().tables([date(2025, 3, 2)], [], spans=[(date(2025, 3, 1), date(2025, 3, 3))])
    known = schedule.load().tables([date(2025, 3, day) for day in (1, 2, 3)], [])

    assert {name for name, table in both.items() if table != known[name]} == {"possible_birth"}


# ---------------------------------------------------------------- who is listed, and what stands beside it


OPENINGS = rows("""
    as_of      | slot  | opening
    2026-02-28 | MR1-1 | not_now
    2026-03-01 | MR1-1 | perhaps
    2026-03-31 | MR1-1 | surely
    2027-03-01 | MR1-1 | surely
    2027-03-02 | MR1-1 | perhaps
    2027-03-31 | MR1-1 | perhaps
    2027-04-01 | MR1-1 | not_now
    """)  # born 2 March to 1 April 2025: 第1期 from the day before the first birthday to the day before the second


@pytest.mark.parametrize("case", OPENINGS, ids=lambda case: case["as_of"])
def test_on_which_days_a_slot_may_be_or_surely_is_open(case):
    births = "2025-03-02", "2025-04-01"
    found = told(build_city([unknown(1, *births)]), case["as_of"])

    assert found[case["slot"]][0] == case["opening"]


def test_school_years_side_by_side_have_no_day_in_common():
    found = told(build_city([unknown(1, "2019-04-01", "2021-04-02", sex="F")]), "2026-11-01")

    assert found["MR2-1"] == ("perhaps", (date(2024, 4, 1), date(2028, 3, 31)), NO_READING)
    assert found["MR1-1"][0] == "not_now"


def test_inside_the_widest_window_may_lie_days_on_which_nobody_of_these_births_is_in_hers():
    """Who was 66 when 帯状疱疹 began waits for 70, and who was 65 has had her year: between them nobody is asked."""
    found = told(build_city([unknown(1, "1959-06-01", "1960-12-31")]), "2026-11-01")

    opening, (widest_from, widest_until), narrowest = found["HZR-1"]

    assert widest_from < date(2026, 11, 1) < widest_until
    assert (opening, narrowest) == ("not_now", NO_READING)


def test_the_doses_that_a_series_may_count_stand_beside_it():
    doses = read_doses(1, "MR 2022-06-01, MR 2026-11-02, M 2023-01-01, R 2023-01-01, FLU 2026-10-20, FLU 2024-10-20")
    doses += read_doses(1, "unknown 2022-07-01, MR 2020-12-31") + read_doses(2, "FLU 2026-10-20, FLU 2025-10-20")
    people = [unknown(1, "2021-01-01", "2021-12-31"), unknown(2, "1950-01-01", "1950-12-31")]

    found = listing(build_city(people, doses), "2026-11-01").set_index(["person_id", "slot"])["recorded_doses"]

    assert (found[1, "MR1-1"], found[1, "MR2-1"]) == (3, 3)
    assert found[1, "VAR-1"] == 0
    assert found[2, "FLU-1"] == 1


def test_who_cannot_be_read_is_listed_apart():
    people = [
        unknown(1, None, None, birth_date_precision="unknown"),
        unknown(2, "2020-01-01", None),
        unknown(3, "2000-01-01", (date(2000, 1, 1) + timedelta(days=WIDEST_DAYS)).isoformat()),
        unknown(4, "2025-03-01", (date(2025, 3, 1) + timedelta(days=WIDEST_DAYS - 1)).isoformat()),
        unknown(5, "2025-03-01", "2025-03-31"),
        {"person_id": 6, "birth_date": "2025-03-10"},
        unknown(7, "2025-03-01", "2025-03-31", residency="moved_out", resident_until="2026-10-31"),
    ]

    found = listing(build_city(people), "2026-11-01", slot="MR1-1")

    assert found["person_id"].tolist() == [5, 4, 1, 2, 3]
    assert found["opening"].tolist() == ["surely", "perhaps", "unreadable", "unreadable", "unreadable"]
    assert found["slot"].tolist()[:2] == ["MR1-1", "MR1-1"]
    assert found["slot"].isna().tolist() == [False, False, True, True, True]
    assert found["recorded_doses"].isna().tolist() == [False, False, True, True, True]


def test_a_district_and_an_exemption():
    people = [unknown(1, "2025-03-01", "2025-03-31"), unknown(2, "2025-03-01", "2025-03-31", district="D02")]
    exemptions = [{"person_id": 1, "vaccine": "MR", "reason": "contraindicated"}]
    city = build_city(people, exemptions=exemptions, tables={"district": [{"district": "D01", "name": "中央"}]})

    found = listing(city, "2026-11-01", slot="MR1-1")

    assert found["exemption"].tolist()[0] == "contraindicated"
    assert found["exemption"].isna().tolist() == [False, True]
    assert found["district_name"].tolist() == ["中央", "D02"]
    assert listing(city, "2026-11-01", slot="MR1-1", district="D02")["person_id"].tolist() == [2]


def test_a_pregnancy_decides_whatever_the_birth():
    pregnant = [{"person_id": 1, "kind": "pregnancy", "vaccine": "RSVM", "reason_end_on": "2026-12-20"}]
    city = build_city([unknown(1, "1995-01-01", "1995-12-31", sex="F")], tables={"special": pregnant})

    opening, widest, narrowest = told(city, "2026-11-01")["RSVM-1"]

    assert (opening, widest) == ("surely", narrowest)


def test_they_are_in_no_other_list_and_nobody_of_known_birth_is_in_this_one():
    people = [unknown(1, "2020-05-01", "2020-05-31"), {"person_id": 2, "birth_date": "2020-05-10"}]
    city = build_city(people)
    late = run_query(city, "followup_list", as_of="2026-11-01", closing_days=30, slot="MR2-1", district="*")

    assert late["person_id"].tolist() == [2]
    assert listing(city, "2026-11-01", slot="MR2-1")["person_id"].tolist() == [1]


# ---------------------------------------------------------------- the inner questions


def test_what_a_possible_birth_needs_without_a_record():
    found = run_query(build_city([unknown(1, "2024-05-01", "2024-05-02")]), "possible_window", as_of="2026-11-01")
    slots = run_query(build_city([]), "slots").set_index("display_order")["slot"]
    needed = {slots[row.slot_no]: row.is_needed for row in found.itertuples()}

    assert found["birth_date"].nunique() == 2
    assert (needed["DPIH-1"], needed["DPTI-1"]) == (True, False)


def test_a_history_shows_every_slot_with_a_window():
    found = run_query(build_city([unknown(1, "2024-05-01", "2024-05-02")]), "possible_slot", as_of="2026-11-01")
    by_history = found.groupby("has_history")["slot_no"].agg(set)

    assert by_history[False] < by_history[True]


def test_a_dose_of_one_series_is_a_history_of_its_whole_group():
    city = build_city([unknown(1, "1961-05-01", "1961-05-02")], read_doses(1, "PPV 2026-05-10"))
    slots = run_query(city, "slots").set_index("display_order")["slot"]

    history = run_query(city, "unknown_birth_history", as_of="2026-11-01")
    doses = dict(zip(history["slot_no"].map(slots), history["doses"], strict=True))
    shown = set(run_query(city, "unknown_birth_slot", as_of="2026-11-01")["slot_no"].map(slots))

    assert (doses["PPV-1"], doses["PCVA-1"]) == (1, 0)
    assert "PCVA-1" in shown
