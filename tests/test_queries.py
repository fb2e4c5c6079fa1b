"""Queries keep what their headers promise, are bound strictly, and count every person once."""

import re
from datetime import date, datetime, timedelta
from functools import cache

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.city import build_city, read_doses, read_exemptions
from tests.tables import rows
from workbench import schedule
from workbench.errors import QueryError
from workbench.queries import describe, names, query_sql, run_query
from workbench.records import TABLES

VALUES = {
    "as_of": "2026-11-01",
    "part": 0,
    "mask": 0,
    "from_on": "2026-04-01",
    "until_on": "2026-11-01",
    "closing_days": 30,
    "first_birth_year": 1900,
    "last_birth_year": 2100,
    "programme": "*",
    "district": "*",
    "slot": "MR1-1",
}
BASE = {"as_of": "2026-11-01", "closing_days": 30}
STATUSES = {
    *("done", "done_irregular", "not_yet_open", "open", "due", "late", "closing", "missed"),
    *("excluded", "not_applicable"),
}
PARTS = ["done_valid", "done_private", "done_irregular", "excluded", "not_applicable", "not_done"]
NOT_DONE = ["not_yet_open", "open", "due", "late", "closing", "missed"]


def values_of(name):
    return {param: VALUES[param] for param in describe(name).params}


# ---------------------------------------------------------------- what a header promises


@cache
def empty_world():
    """Return a city of nobody that also has every query as a table, so that one query's own text can be parsed."""
    world = build_city([])
    for name in names():
        world.from_arrow(world.sql(query_sql(name), params=values_of(name)).to_arrow_table()).create(name)
    return world


def test_no_query_has_the_name_of_a_table():
    assert set(names()).isdisjoint(TABLES)


@pytest.mark.parametrize("name", names())
def test_parameters_used_are_the_parameters_declared(name):
    used = re.findall(r"\$(\w+)(?:::([A-Z]+))?", query_sql(name))

    assert dict(used) == describe(name).params


@pytest.mark.parametrize("name", names())
def test_tables_read_are_the_tables_declared(name):
    text = re.sub(r"\$\w+", "NULL", describe(name).text)

    assert empty_world().get_table_names(text) == set(describe(name).reads)


@pytest.mark.parametrize("name", names())
def test_columns_returned_are_the_columns_declared(name):
    found = empty_world().execute(f"DESCRIBE {query_sql(name)}", values_of(name) or None).fetchall()

    assert [(column, kind) for column, kind, *_ in found] == list(describe(name).returns.items())


@pytest.mark.parametrize("name", names())
def test_the_order_is_the_order_declared(name):
    query = describe(name)
    promised = re.search(r"ordered by (.+)", query.rows)
    ordered = re.search(r"\nORDER BY ([\w., ]+)$", query.text)

    assert bool(ordered) == bool(promised)
    assert promised or query.rows.endswith(("in no order", "one row"))
    assert not promised or re.sub(r"\b\w+\.", "", ordered[1]) == promised[1]


@pytest.mark.parametrize("name", names())
def test_the_decision_behind_a_query_exists(name, pytestconfig):
    why = describe(name).notes["Why"]

    assert why.startswith("design: ") or (pytestconfig.rootpath / why).is_file()


def test_every_query_reads_another_one_only_once():
    put_in_front = re.findall(r"^(\w+) AS (?:NOT )?(?:MATERIALIZED )?\($", query_sql("coverage"), re.MULTILINE)

    assert {"person_as_of", "person_choice", "slot_status"} <= set(put_in_front)
    assert [name for name in names() if put_in_front.count(name) > 1] == []


def test_no_dose_is_counted_twice_by_a_series():
    """Two feeds of one vaccine in one series would let one dose fill two slots."""
    fed = schedule.rule_tables()["series_vaccine"].to_pandas()

    assert not fed.duplicated(["series_no", "vaccine_no", "sex_no", "births_from"]).any()


# ---------------------------------------------------------------- what a caller may say


WRONG = rows("""
    case                 | name     | change                | message
    unknown query        | coverag  |                       | 集計「coverag」はありません。使える集計は .*coverage
    parameter missing    | coverage | programme             | 足りない指定: programme
    parameter unknown    | coverage | cohort=2020           | 知らない指定: cohort.*必要な指定: as_of（日付
    no date              | coverage | as_of=2026-02-30      | 指定 as_of は日付
    date in another form | coverage | as_of=20261101        | 指定 as_of は日付
    number as text       | coverage | first_birth_year=2020 | 指定 first_birth_year は整数
    """)


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case["case"])
def test_a_wrong_question_is_refused_in_japanese(case):
    params = values_of("coverage")
    key, equals, value = (case["change"] or "as_of=2026-11-01").partition("=")
    if equals:
        params[key] = value
    else:
        del params[key]

    with pytest.raises(QueryError, match=case["message"]) as caught:
        run_query(build_city([]), case["name"], **params)

    assert "\n" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("as_of", datetime(2026, 11, 1)),  # noqa: DTZ001 - a moment is not a day, whatever its zone
        ("as_of", None),
        ("closing_days", True),
        ("closing_days", 30.0),
        ("programme", 1),
        ("programme", None),
    ],
)
def test_a_value_of_another_type_is_refused(param, value):
    with pytest.raises(QueryError, match=param):
        run_query(build_city([]), "coverage", **values_of("coverage") | {param: value})


def test_a_day_may_be_a_date_or_iso_text():
    city = build_city([{"person_id": 1, "birth_date": "2025-03-10"}])

    by_text = run_query(city, "slot_status", as_of="2026-11-01", closing_days=30)

    pd.testing.assert_frame_equal(by_text, run_query(city, "slot_status", as_of=date(2026, 11, 1), closing_days=30))


def test_a_snapshot_that_cannot_answer_is_named_without_its_contents():
    with pytest.raises(QueryError, match="集計「slots」を実行できませんでした（CatalogException）") as caught:
        run_query(duckdb.connect(), "slots")

    assert caught.value.__context__ is None


def test_too_little_memory_is_said_with_its_cure():
    city = build_city([{"person_id": 1, "birth_date": "2025-03-10"}])
    city.execute("SET memory_limit = '1MB'")

    with pytest.raises(QueryError, match="OutOfMemoryException）。メモリが足りません。生まれ年度や種類を絞る"):
        run_query(city, "coverage", **values_of("coverage"))


# ---------------------------------------------------------------- a dose judged


EVER = {"from_on": date.min, "until_on": date.max}


DOSES = rows("""
    doses                                             | evaluations
    MR:1 2026-03-09                                   | valid
    MR:1 2026-03-08                                   | too_early
    MR:1 2027-03-10                                   | too_late
    MR 2027-03-10 voluntary                           | private
    MR:1 2026-05-01, MR:1 2026-06-01                  | valid extra
    MR:1 2026-05-01, MR:1 2026-05-01                  | valid duplicate
    MR 2026-05-01 voluntary, MR:1 2026-05-01          | duplicate valid
    MR:1 2025-03-09                                   | impossible
    MR:1 2025-03-09, MR:1 2025-03-09, MR:1 2026-05-01 | impossible impossible valid
    MR:1 2027-11-02                                   | impossible
    HEPB 2025-05-10, HEPB 2025-06-06                  | valid too_soon
    HEPB 2025-05-10, HEPB 2025-06-07                  | valid valid
    HEPB 2025-05-10, HEPB 2025-06-06 voluntary        | valid too_soon
    HEPB 2025-05-10, HEPB 2025-05-10, HEPB 2025-06-07 | valid duplicate valid
    HEPB 2025-05-10, HEPB 2025-06-07, HEPB 2025-09-26 | valid valid too_soon
    HEPB 2025-05-10, HEPB 2025-06-07, HEPB 2025-09-27 | valid valid valid
    DPIH:1 2025-05-01, DPIH:1 2025-05-10              | too_early too_soon
    HEPB 2025-03-10                                   | valid
    HEPB 2025-05-10 voluntary, HEPB 2025-05-10        | duplicate valid
    MR:1 2027-11-01                                   | too_late
    FLU 2026-10-20                                    | not_in_force
    unknown 2026-10-20                                | unknown
    """)  # the person is born 2025-03-10; the extracts are of 2027-11-01, the day asked about is a year later


@pytest.mark.parametrize("case", DOSES, ids=lambda case: case["doses"])
def test_evaluation_of_doses(case):
    doses = read_doses(1, case["doses"])
    city = build_city([{"person_id": 1, "birth_date": "2025-03-10"}], doses, extracted_on=date(2027, 11, 1))

    found = run_query(city, "dose_evaluation", as_of="2028-11-01", **EVER)
    by_dose = {(row.given_on.date().isoformat(), row.legal_class, row.evaluation) for row in found.itertuples()}

    assert len(found) == len(doses)
    assert by_dose == {
        (dose["given_on"], dose["legal_class"], evaluation)
        for dose, evaluation in zip(doses, case["evaluations"].split(), strict=True)
    }


def test_a_dose_outside_every_programme_is_said_to_be_so():
    people = [{"person_id": 1, "birth_date": "2010-03-10"}, {"person_id": 2, "birth_date": None}]
    doses = [*read_doses(1, "HEPB 2012-05-01, HEPB 2012-07-01 voluntary"), *read_doses(2, "HEPB 2020-05-01")]

    found = run_query(build_city(people, doses), "dose_evaluation", as_of="2026-11-01", **EVER)

    assert dict(
        zip(found["given_on"].dt.year * 100 + found["given_on"].dt.month, found["evaluation"], strict=True)
    ) == {
        201205: "not_in_force",
        201207: "private",
        202005: "unknown",
    }


@pytest.mark.parametrize(
    ("doses", "is_otherwise"), [("JE:1 2018-05-01, JE:2 2024-05-01", False), ("JE:2 2018-05-01, JE:1 2024-05-01", True)]
)
def test_of_two_series_that_share_a_vaccine_the_day_decides_and_not_the_stage(doses, is_otherwise):
    city = build_city([{"person_id": 1, "birth_date": "2014-03-10"}], read_doses(1, doses))

    found = run_query(city, "dose_evaluation", as_of="2026-11-01", **EVER)

    assert found["slot"].tolist() == ["JE1-1", "JE2-1"]
    assert found["is_recorded_otherwise"].tolist() == [is_otherwise, is_otherwise]


def test_the_next_dose_waits_for_the_latest_of_its_intervals():
    city = build_city([{"person_id": 1, "birth_date": "2026-01-10"}], read_doses(1, "HEPB 2026-03-10, HEPB 2026-07-25"))

    found = run_query(city, "next_dose", as_of="2026-08-01")
    names_by_number = run_query(city, "slots").set_index("display_order")["slot"]

    assert dict(zip(found["slot_no"].map(names_by_number), found["earliest_next_on"].dt.date, strict=True)) == {
        "HEPB-3": date(2026, 8, 1)
    }


BEGUN = rows("""
    case                      | doses                                                  | extracted_on | needed
    nothing                   |                                                        | 2027-11-01   | DPIH
    5種                       | DPIH:1 2025-09-01                                      | 2027-11-01   | DPIH
    4種                       | DPTI:1 2025-09-01                                      | 2027-11-01   | DPTI HIB
    4種, then 5種             | DPTI:1 2025-09-01, DPIH:1 2025-10-01                   | 2027-11-01   | DPTI HIB
    5種, then 4種             | DPIH:1 2025-09-01, DPTI:1 2025-10-01                   | 2027-11-01   | DPTI HIB
    5種 and Hib               | DPIH:1 2025-09-01, HIB:1 2025-10-01                    | 2027-11-01   | DPIH HIB
    3種                       | DPT:1 2025-09-01                                       | 2027-11-01   | DPT IPV HIB
    on the day of the extract | DPTI:1 2025-09-01                                      | 2025-09-01   | DPTI HIB
    after it                  | DPTI:1 2025-09-01                                      | 2025-08-31   | DPIH
    before birth              | DPTI:1 2025-06-01                                      | 2027-11-01   | DPIH
""")


@pytest.mark.parametrize("case", BEGUN, ids=lambda case: case["case"])
def test_the_series_needed_follow_from_what_was_given(case):
    city = build_city(
        [{"person_id": 1, "birth_date": "2025-06-15"}],
        read_doses(1, case["doses"]),
        extracted_on=date.fromisoformat(case["extracted_on"]),
    )

    found = run_query(city, "slot_status", **BASE)
    needed = found[found["reason"] != "other_series"]["slot"]

    assert set(needed) & {f"{code}-1" for code in ("DPIH", "DPTI", "DPT", "IPV", "HIB")} == {
        f"{code}-1" for code in case["needed"].split()
    }


def test_a_special_reason_opens_a_window_of_ones_own():
    people = [{"person_id": number, "birth_date": "2021-05-10"} for number in (1, 2)]
    special = {"person_id": 1, "kind": "long_term_care", "vaccine": "MR", "reason_end_on": "2026-03-01"}
    city = build_city(people, tables={"special": [special]})

    found = run_query(city, "slot_status", **BASE)
    first = found[found["slot"] == "MR1-1"].set_index("person_id")

    assert first["reason"].to_dict() == {1: "in_standard", 2: "window_ended"}
    assert first.loc[1, "opens_on"].date() == date(2026, 3, 1)
    assert first.loc[1, "closes_on"].date() == date(2028, 2, 29)


@pytest.mark.parametrize(("sex", "reason"), [("M", "other_sex"), ("U", "sex_unknown"), ("F", "in_standard")])
def test_a_slot_of_one_sex(sex, reason):
    girls = [row | {"sex": "F"} for row in schedule.rule_tables()["slot"].to_pylist()]
    city = build_city([{"person_id": 1, "birth_date": "2025-03-10", "sex": sex}], tables={"slot": girls})

    for name in ("slot_status", "slot_reason"):
        found = run_query(city, name, **BASE).set_index("slot")
        assert found.loc["MR1-1", "reason"] == reason


@pytest.mark.parametrize(("days", "status"), [(0, "due"), (29, "due"), (30, "closing"), (366, "closing")])
def test_how_near_the_end_is_closing_is_the_askers_choice(days, status):
    city = build_city([{"person_id": 1, "birth_date": "2025-03-10"}])

    found = run_query(city, "slot_status", as_of="2027-02-07", closing_days=days).set_index("slot")

    assert found.loc["MR1-1", "status"] == status


# ---------------------------------------------------------------- who is a resident, and of which cohort


RESIDENTS = rows("""
    case                      | residency      | resident_from | resident_until | is_resident
    lives here                | resident       | 2020-05-20    |                | yes
    moves in on the day       | resident       | 2026-11-01    |                | yes
    moves in the day after    | resident       | 2026-11-02    |                | no
    moved out, last day       | moved_out      | 2020-05-20    | 2026-11-01     | yes
    moved out the day before  | moved_out      | 2020-05-20    | 2026-10-31     | no
    moved out, no day known   | moved_out      | 2020-05-20    |                | no
    died later                | died           | 2020-05-20    | 2026-11-02     | yes
    died                      | died           | 2020-05-20    | 2026-10-30     | no
    住登外                    | not_registered | 2020-05-20    |                | no
    住登外, with a last day   | not_registered | 2020-05-20    | 2026-11-02     | no
    no day of moving in known | resident       |               |                | yes
    """)


@pytest.mark.parametrize("case", RESIDENTS, ids=lambda case: case["case"])
def test_residents_of_a_day(case):
    days = {name: case[name] for name in ("residency", "resident_from", "resident_until")}
    city = build_city([{"person_id": 1, "birth_date": "2020-05-20", **days}])

    found = run_query(city, "person_as_of", as_of="2026-11-01")

    assert found["is_resident"].tolist() == [case["is_resident"] == "yes"]
    assert run_query(city, "coverage", **values_of("coverage")).empty == (case["is_resident"] == "no")


@pytest.mark.parametrize(
    ("birth", "year"),
    [("2020-04-01", 2019), ("2020-04-02", 2020), ("2021-03-31", 2020), ("2021-04-01", 2020), ("2020-01-01", 2019)],
)
def test_a_school_year_of_birth_begins_on_2_april(birth, year):
    found = run_query(build_city([{"person_id": 1, "birth_date": birth}]), "person_as_of", as_of="2026-11-01")

    assert found["birth_school_year"].tolist() == [year]


# ---------------------------------------------------------------- questions about a small city


@cache
def small_city():
    people = rows("""
    person_id | birth_date | district | residency | resident_until | doses                         | exempt
    1         | 2020-05-20 | D01      | resident  |                | MR:1 2021-06-01               |
    2         | 2020-06-20 | D01      | resident  |                | MR:2 2026-05-01               |
    3         | 2020-07-20 | D01      | resident  |                | MR:2 2026-05-01 voluntary     |
    4         | 2020-08-20 | D02      | resident  |                | VAR 2026-04-10, MR 2026-04-20 |
    5         | 2020-09-20 | D02      | resident  |                |                               | MR declined
    6         | 2020-10-20 |          | resident  |                |                               |
    7         | 2020-11-20 | D02      | moved_out | 2026-10-01     |                               |
    8         |            | D02      | resident  |                |                               |
    13        |            | D02      | moved_out | 2026-10-01     |                               |
    9         | 2019-12-20 | D01      | resident  |                |                               |
    10        | 2025-03-10 | D01      | resident  |                |                               |
    11        | 2025-02-10 | D01      | resident  |                |                               |
    12        | 2023-09-10 | D02      | resident  |                |                               |
    """)
    persons = [{key: row[key] for key in list(row)[:5]} for row in people]
    return build_city(
        [person | {"birth_earliest": "2020-01-01"} if not person["birth_date"] else person for person in persons],
        [dose for row in people for dose in read_doses(int(row["person_id"]), row["doses"])],
        [kept for row in people for kept in read_exemptions(int(row["person_id"]), row["exempt"])],
        tables={"district": [{"district": "D01", "name": "中央"}, {"district": "D03", "name": "北"}]},
    )


def ask(name, **changes):
    return run_query(small_city(), name, **values_of(name) | changes)


def test_coverage_of_a_cohort():
    found = ask("coverage", first_birth_year=2020, last_birth_year=2020, programme="MR")
    second = found[found["slot"] == "MR2-1"].set_index("district")

    assert set(found["slot"]) == {"MR1-1", "MR2-1"}
    assert second["district_name"].to_dict() == {"-": "-", "D01": "中央", "D02": "D02"}
    assert second["denominator"].to_dict() == {"-": 1, "D01": 3, "D02": 2}
    assert second["numerator"].to_dict() == {"-": 0, "D01": 1, "D02": 0}
    assert second.loc["D01", ["done_valid", "done_private", "due"]].tolist() == [1, 1, 1]
    assert second.loc["D02", ["done_irregular", "excluded"]].tolist() == [1, 1]
    assert second.loc["-", "due"] == 1


def test_the_statuses_of_a_cohort_add_up_to_its_coverage():
    covered = (
        ask("coverage", programme="MR").groupby(["birth_school_year", "slot"])[["denominator", "done_valid"]].sum()
    )
    found = ask("cohort_status", slot="MR2-1").set_index("birth_school_year")
    valid = found[found["reason"] == "valid"]["persons"]

    assert found.groupby(level=0)["persons"].sum().to_dict() == covered.xs("MR2-1", level=1)["denominator"].to_dict()
    assert valid.to_dict() == {2020: 1}


def test_who_to_remind_by_urgency():
    days = {"as_of": "2026-01-15", "closing_days": 60}
    first = ask("followup_list", slot="MR2-1", **days)
    second = ask("followup_list", slot="DPIH-1", as_of="2031-02-15", closing_days=60)

    assert first[["person_id", "status", "days_left"]].to_numpy().tolist() == [[9, "due", 75]]
    assert second["person_id"].tolist() == [12, 11, 10]
    assert second["status"].tolist() == ["closing", "late", "late"]
    assert second["urgency"].tolist() == [1, 2, 2]
    assert second["closes_on"].dt.date.tolist()[0] == date(2031, 3, 9)


def test_who_to_remind_in_one_district():
    assert ask("followup_list", slot="MR2-1")["person_id"].tolist() == [1, 6]
    assert ask("followup_list", slot="MR2-1", district="D01")["person_id"].tolist() == [1]
    assert ask("followup_list", slot="MR2-1", district="-")["person_id"].tolist() == [6]
    assert ask("followup_list", slot="MR2-1", district="D02").empty


def test_unknown_births_stand_apart():
    found = ask("unknown_births")

    assert found["persons"].tolist() == [1]
    assert found["birth_date_precision"].tolist() == ["unknown"]
    assert found["birth_earliest"].dt.date.tolist() == [date(2020, 1, 1)]
    assert ask("coverage")["denominator"].sum() == 10 * len(ask("slots"))


def test_lists_of_names_for_codes():
    slots, districts = ask("slots"), ask("districts")

    assert slots["slot"].tolist()[-1] == "HZR-2"
    assert dict(zip(slots["slot"], slots["programme"], strict=True))["JE1A-1"] == "JE"
    assert slots["slot_label"].is_unique
    assert districts.set_index("district")["district_name"].to_dict() == {
        "-": "-",
        "D01": "中央",
        "D02": "D02",
        "D03": "北",
    }


def test_provenance_is_one_row():
    assert ask("provenance")["snapshot_id"].tolist() == ["20300331-000000"]


def test_quality_in_the_order_of_the_sum():
    said = [("住民.csv", outcome, reason, 1) for outcome, reason in (("noted", "gaiji"), ("kept", ""), ("read", ""))]
    quality = [dict(zip(("source", "outcome", "reason", "rows"), row, strict=True)) for row in said]

    found = run_query(build_city([], tables={"quality": quality}), "quality_summary")

    assert found["outcome"].tolist() == ["read", "kept", "noted"]


# ---------------------------------------------------------------- any city, any day


FIRST_DAY, LAST_DAY = date(2011, 1, 1), date(2028, 12, 31)
DAYS = st.dates(FIRST_DAY, LAST_DAY)
PERSONS = st.fixed_dictionaries(
    {
        "birth_date": st.none() | DAYS,
        "sex": st.sampled_from("MFU"),
        "district": st.sampled_from([None, "D01", "D02"]),
        "residency": st.sampled_from(["resident", "moved_out", "died", "not_registered"]),
        "resident_until": st.none() | DAYS,
    }
)
VACCINES = st.sampled_from(["MR", "DPIH", "DPTI", "HEPB", "VAR", "JE", "BCG", "DT", "FLU", "unknown"])
DOSE = st.fixed_dictionaries(
    {
        "vaccine": VACCINES,
        "stage": st.sampled_from([None, "1", "1A", "2"]),
        "legal_class": st.sampled_from(["routine", "routine", "voluntary", "temporary"]),
        "after": st.integers(-30, 3000),  # days after the birth, or after the first day of all
    }
)
EXEMPTION = st.fixed_dictionaries(
    {
        "vaccine": VACCINES,
        "reason": st.sampled_from(["had_disease", "contraindicated", "declined", "vaccinated_elsewhere"]),
        "from_on": DAYS,
        "until_on": st.none() | DAYS,
    }
)
PEOPLE = st.lists(st.tuples(PERSONS, st.lists(DOSE, max_size=8), st.lists(EXEMPTION, max_size=2)), max_size=6)


def settle(people):
    """Return the city of such people."""
    numbered = list(enumerate(people))
    doses = [
        dose | {"person_id": number, "given_on": (person["birth_date"] or FIRST_DAY) + timedelta(days=dose["after"])}
        for number, (person, found, _) in numbered
        for dose in found
    ]
    return build_city(
        [person | {"person_id": number} for number, (person, _, _) in numbered],
        [{key: value for key, value in dose.items() if key != "after"} for dose in doses],
        [row | {"person_id": number} for number, (_, _, found) in numbered for row in found],
        extracted_on=date(2027, 6, 1),
    )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(people=PEOPLE, as_of=DAYS, closing_days=st.integers(0, 366))
def test_every_person_and_slot_has_one_status_that_its_dates_bear_out(people, as_of, closing_days):
    city, slots = settle(people), schedule.rule_tables()["slot"].num_rows

    found = run_query(city, "slot_status", as_of=as_of, closing_days=closing_days)
    today, given_on = pd.Timestamp(as_of), found["given_on"].notna()
    is_open = found["status"].isin(["open", "due", "late", "closing"])
    is_over = found["closes_on"] < today
    waits = found["earliest_next_on"] > today

    assert len(found) == len(people) * slots
    assert not found.duplicated(["person_id", "slot"]).any()
    assert set(found["status"]) <= STATUSES
    assert (given_on[found["status"].isin(["done", "done_irregular"])]).all()
    assert not given_on[is_open | found["status"].isin(["missed", "not_yet_open", "excluded"])].any()
    assert not (is_open & (is_over | waits | (found["opens_on"] > today))).any()
    assert not (is_open & (found["status"] == "closing").ne((found["closes_on"] - today).dt.days <= closing_days)).any()
    assert not ((found["status"] == "not_yet_open") & is_over).any()
    assert (found["opens_on"].isna() <= (found["status"] == "not_applicable")).all()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(people=PEOPLE, as_of=DAYS, closing_days=st.integers(0, 366))
def test_every_cohort_adds_up_and_every_list_is_a_part_of_it(people, as_of, closing_days):
    city, base = settle(people), {"as_of": as_of, "closing_days": closing_days}

    covered = run_query(city, "coverage", **values_of("coverage") | base)
    everyone = run_query(city, "person_as_of", as_of=as_of)
    counted = everyone[everyone["is_resident"] & everyone["birth_date"].notna()]
    by_slot = covered.groupby("slot")["denominator"].sum()
    listed = run_query(city, "followup_list", **values_of("followup_list") | base)
    asked = covered[covered["slot"] == "MR1-1"]

    assert (covered["denominator"] == covered[PARTS].sum(axis=1)).all()
    assert (covered["not_done"] == covered[NOT_DONE].sum(axis=1)).all()
    assert covered.empty == counted.empty
    assert (by_slot == len(counted)).all()
    assert len(listed) == asked[["closing", "late", "due"]].to_numpy().sum()
    assert listed["person_id"].isin(counted["person_id"]).all()


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(people=PEOPLE, as_of=DAYS)
def test_what_is_ordered_comes_in_that_order(people, as_of):
    city = settle(people)
    for name in ("coverage", "cohort_status", "followup_list"):
        found = run_query(city, name, **values_of(name) | {"as_of": as_of})
        order = describe(name).rows.partition("ordered by ")[2].split(", ")

        pd.testing.assert_frame_equal(found, found.sort_values(order, kind="stable"))
