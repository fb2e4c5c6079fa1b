"""The report of irregular doses: every dose judged is counted once, in the class that the city reports."""

import tomllib
from importlib.resources import files

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from tests.tables import rows
from workbench import schedule
from workbench.disclosure import HIDDEN
from workbench.errors import ParameterError
from workbench.outputs import irregular
from workbench.queries import run_query
from workbench.queries.judging import judge_doses
from workbench.records import TABLES

PERIOD = {"as_of": "2026-11-01", "from_on": "2026-04-01", "until_on": "2026-11-01"}
CLASSES = tomllib.loads(files("workbench.outputs").joinpath("irregular.toml").read_text(encoding="utf-8"))

# births: 1 on 2025-03-10 (MR1 from 2026-03-09), 2 unknown, 3 on 2014-05-01 (HPV)
DOSES = rows("""
    person | vaccine       | product    | given      | class     | no | clinic | evaluation
    1      | MR            |            | 2026-04-10 | routine   | 1  | A      | valid
    1      | MR            |            | 2026-05-10 | routine   | 2  | A      | extra
    1      | VAR           |            | 2026-04-10 | routine   | 1  | B      | valid
    1      | VAR           |            | 2026-05-10 | routine   | 3  |        | too_soon
    1      | BCG           |            | 2026-06-01 | routine   |    | B      | too_late
    1      | unknown:10099 | コビハマ   | 2026-06-01 | routine   |    | B      | unknown
    1      | FLU           |            | 2026-03-31 | voluntary |    | A      | outside
    1      | MR            |            | 2026-11-02 | routine   |    | A      | outside
    2      | JE            |            | 2026-06-01 | routine   |    | A      | unknown
    3      | HPV           | 謎の製品   | 2026-06-01 | routine   |    | A      | unknown
    3      | MR            |            | 2014-04-30 | routine   |    | A      | outside
""")


@pytest.fixture(scope="module")
def city():
    persons = [person(1, "2025-03-10"), person(2, None), person(3, "2014-05-01")]
    doses = [dose(row) for row in DOSES]
    about = {column.name: "test" for column in TABLES["about"].columns}
    about |= {"extracted_on": pd.Timestamp("2026-11-30").date(), "format_version": 2}
    filled = {name: arrow(name, given) for name, given in (("person", persons), ("dose", doses), ("about", [about]))}
    births = [row["birth_date"] for row in persons if row["birth_date"]]
    filled |= schedule.load().tables(births, filled["dose"]["given_on"].to_pylist(), set())
    connection = duckdb.connect()
    for name, spec in TABLES.items():
        connection.from_arrow(filled.get(name, spec.schema.empty_table()).cast(spec.schema)).create(f'"{name}"')
    judge_doses(connection)
    return connection


def person(person_id, birth):
    day = birth and pd.Timestamp(birth).date()
    row = {"person_id": person_id, "birth_date": day, "birth_earliest": day, "birth_latest": day}
    return row | {"birth_date_precision": "day" if birth else "unknown", "sex": "F", "residency": "resident"}


def dose(row):
    return {
        "person_id": int(row["person"]),
        "given_on": pd.Timestamp(row["given"]).date(),
        "dose_no": row["no"] and int(row["no"]),
        "legal_class": row["class"],
        "setting": "individual",
        "source": "接種記録.csv",
    } | {name: row[name] for name in ("vaccine", "product", "clinic")}


def arrow(name, given):
    return pa.Table.from_pylist(given, schema=TABLES[name].schema)


@pytest.fixture(scope="module")
def counts(city):
    return run_query(city, "irregular_doses", **PERIOD)


def test_every_dose_of_the_period_is_counted_once_as_judged(counts):
    expected = pd.Series([row["evaluation"] for row in DOSES if row["evaluation"] != "outside"]).value_counts()

    assert counts.groupby("evaluation")["doses"].sum().to_dict() == expected.to_dict()
    assert set(counts["clinic"]) == {"A", "B", "-"}


def test_the_classes_add_up_and_what_no_record_shows_is_empty(counts):
    told = irregular.by_class(counts).set_index("irregular_class")

    assert told["routine_doses"].sum() == counts["doses"].sum() - 2  # the two valid ones
    assert told.loc["接種間隔の誤り", "routine_doses"] == 1
    assert told.loc["接種年齢（対象者）の誤り", "routine_doses"] == 1
    assert told.loc["判定できない", "routine_doses"] == 3
    assert told[told["seen"] == "記録からは分からない"]["routine_doses"].isna().all()
    assert told.loc["不必要な接種（回数超過・重複）", "routine_doses"] == 1
    assert told.loc["ワクチン（製品）の誤り", "routine_doses"] == 0


def test_a_recorded_number_that_contradicts_the_order_is_counted(counts):
    told = irregular.recorded_otherwise(counts)

    assert told[["vaccine", "doses", "recorded_otherwise"]].to_numpy().tolist() == [["VAR", 2, 1]]


def test_doses_of_persons_of_unknown_birth_are_told_apart(counts):
    (row,) = irregular.birth_unknown(counts).to_dict("records")

    assert (row["vaccine"], row["birth_unknown"]) == ("JE", 1)


def test_unknown_codes_and_products_are_listed_to_be_mapped(city):
    listed = run_query(city, "unmapped_vaccines", as_of="2026-11-01")

    assert listed[["vaccine", "product", "unmapped", "doses"]].to_numpy().tolist() == [
        ["HPV", "謎の製品", "product", 1],
        ["unknown:10099", "コビハマ", "vaccine", 1],
    ]


def test_clinics_are_protected_and_the_unrecorded_stands_last(counts):
    shown = irregular.by_clinic(counts)

    assert shown["clinic"].tolist() == ["A", "B", "-"]
    assert set(shown["irregular_shown"]) == {HIDDEN}
    assert set(shown["others_shown"]) == {HIDDEN}


def test_the_two_counts_of_a_clinic_share_no_dose():
    """All doses beside the irregular ones would tell: B had 10 of the 19, so A had the 9 others and not 1 to 9."""
    kept, found = ("valid", "A B C", (491, 0, 500)), ("too_soon", "A B", (9, 10))
    judged = [
        (e, clinic, n) for e, clinics, doses in (kept, found) for clinic, n in zip(clinics.split(), doses, strict=False)
    ]
    counts = pd.DataFrame(judged, columns=["evaluation", "clinic", "doses"]).assign(legal_class="routine")

    shown = irregular.by_clinic(counts)

    assert shown.columns.tolist() == ["clinic", "irregular_shown", "others_shown"]
    assert shown["irregular_shown"].tolist() == [HIDDEN] * 3
    assert shown["others_shown"].tolist() == [491, 0, 500]


def test_an_empty_period_has_every_class_and_no_clinic(city):
    empty = run_query(city, "irregular_doses", as_of="2026-11-01", from_on="1990-01-01", until_on="1990-01-02")

    assert irregular.by_class(empty)["routine_doses"].sum() == 0
    assert irregular.by_vaccine(empty).empty
    assert irregular.by_clinic(empty).empty


# ---------------------------------------------------------------- the data


def test_every_judgement_that_is_not_regular_has_exactly_one_class():
    """The words are those of decision 0011."""
    judgements = ["unknown", "impossible", "duplicate", "wrong_product", "not_in_force", "extra"]
    judgements += ["too_early", "too_soon", "too_late"]
    mapped = [evaluation for row in CLASSES["class"] for evaluation in row["evaluations"]]

    assert sorted(mapped) == sorted(judgements)
    assert not set(mapped) & set(irregular.NOT_IRREGULAR)


def test_a_class_no_record_shows_counts_nothing_and_the_wording_is_not_confirmed():
    assert all((row["seen"] == "no") == (not row["evaluations"]) for row in CLASSES["class"])
    assert CLASSES["source"].startswith("[M]")
    assert CLASSES["confirmed"] is False


# ---------------------------------------------------------------- the period


PERIODS = rows("""
    as_of      | from       | until      | first      | last
    2026-11-01 |            |            | 2026-04-01 | 2026-11-01
    2026-03-31 |            |            | 2025-04-01 | 2026-03-31
    2026-04-01 |            |            | 2026-04-01 | 2026-04-01
    2026-11-01 | 2020-01-01 |            | 2020-01-01 | 2026-11-01
    2026-11-01 |            | 2026-05-31 | 2026-04-01 | 2026-05-31
    2026-11-01 | 2026-05-31 | 2026-05-31 | 2026-05-31 | 2026-05-31
    2026-11-01 | 2026-06-01 | 2026-05-31 |            |
    2026-11-01 |            | 2026-11-02 |            |
    2026-11-01 |            | 2026-03-31 |            |
""")


@pytest.mark.parametrize("case", PERIODS, ids=lambda case: f"{case['as_of']} {case['from']} {case['until']}")
def test_the_period_is_the_fiscal_year_up_to_the_day_unless_named(case):
    asked = (case["as_of"], case["from"] or "", case["until"] or "")
    if case["first"]:
        assert irregular.period(*asked) == {"from_on": case["first"], "until_on": case["last"]}
    else:
        with pytest.raises(ParameterError, match="レポートは作っていません"):
            irregular.period(*asked)
