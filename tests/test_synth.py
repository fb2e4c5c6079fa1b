"""The made-up city: the same every time, like a city, and wrong exactly where it says so.

The counts of faults.json are taken again here with the standard library only, from the meaning of each fault.
"""

import ast
import csv
import json
import re
import subprocess
import sys
import tomllib
import unicodedata
from collections import Counter, defaultdict
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stdnum.jp import in_
from stdnum.luhn import is_valid as is_luhn

from tests.tables import rows
from workbench.synth import CityError, days, make_city
from workbench.synth.layout import COLUMNS
from workbench.synth.people import make_people

ROOT = Path(__file__).parent.parent
COMMITTED = ROOT / "data" / "synthetic"
EXTRACTED_ON = date(2026, 11, 1)
TODAY = days.number(EXTRACTED_ON)
NUMBERS = {"宛名番号", "世帯番号"}
DATES = {"転入日", "転出日", "死亡日", "接種日", "開始日", "終了日", "事由終了日", "出産予定日"}
REQUIRED = {
    "住民.csv": {"宛名番号", "性別", "住民区分"},
    "接種記録.csv": {"宛名番号", "接種種類コード", "接種日", "法定区分", "実施区分"},
    "対象外事由.csv": {"宛名番号", "接種種類コード", "事由区分", "開始日"},
}
CODES = {
    "性別": {"0", "1", "2", "9"},
    "住民区分": set("123456"),
    "生年月日不詳区分": set("0123"),
    "法定区分": set("123"),
    "実施区分": set("1239"),
    "期": set("0123"),
    "送付先区分": set("1239"),
    "支援措置区分": set("12345"),
    "事由区分": set("1234"),
    "対象区分": set("12"),
}
VACCINES = {f"100{n:02d}" for n in range(1, 19)} | {f"2000{n}" for n in range(1, 7)} | {"30001"}
TEXTS = {"氏名", "氏名カナ", "住所", "方書", "電話番号", "備考", "送付先氏名", "ワクチン名", "ロット番号", "証明書番号"}
NAMES_AND_ADDRESSES = {"氏名", "住所", "方書", "送付先氏名"}


@cache
def records(folder, file, encoding="utf-8"):
    with (folder / file).open(encoding=encoding, newline="") as source:
        return list(csv.reader(source, strict=True))[1:]


def as_dicts(folder, file, encoding="utf-8"):
    width = len(COLUMNS[file])
    return [dict(zip(COLUMNS[file], row, strict=True)) for row in records(folder, file, encoding) if len(row) == width]


def planted(folder, kind="files"):
    return json.loads((folder / "faults.json").read_text(encoding="utf-8"))[kind]


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    return make_city(2000, seed=1, out=folder).folder


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """Big enough for coverage by cohort, and made in two parts."""
    return make_city(20_000, seed=5, out=tmp_path_factory.mktemp("town")).folder


@pytest.fixture(scope="module")
def people(town):
    return frame(town, "住民.csv")


@pytest.fixture(scope="module")
def doses(town, people):
    """Doses of known people on possible days: without the planted faults."""
    births = people.drop_duplicates("宛名番号").set_index("宛名番号")["生年月日"]
    table = frame(town, "接種記録.csv").join(births, on="宛名番号", how="inner")
    return table[
        (table["接種日"] >= table["生年月日"]) & (table["接種日"] <= "2026-11-01") & table["接種日"].map(is_date)
    ]


def frame(folder, file):
    return pd.read_csv(folder / file, dtype=str, keep_default_na=False, on_bad_lines="skip").dropna()


# ---------------------------------------------------------------- the same every time


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "README.md"}


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_same_arguments_give_the_same_bytes(tmp_path, encoding):
    for name in ("a", "b"):
        make_city(2000, seed=3, out=tmp_path / name, encoding=encoding)

    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_another_seed_gives_another_city(city, tmp_path):
    make_city(2000, seed=2, out=tmp_path)

    assert contents(city)["住民.csv"] != contents(tmp_path)["住民.csv"]


def test_committed_city_is_what_the_code_makes_today(city):
    assert contents(COMMITTED) == contents(city)


def test_summary_counts_rows_and_bytes(tmp_path):
    told = {}
    summary = make_city(2000, seed=1, out=tmp_path, progress=lambda file, count: told.update({file: count}))

    assert summary.rows == {file: len(records(tmp_path, file)) for file in COLUMNS}
    assert summary.bytes == sum((tmp_path / file).stat().st_size for file in COLUMNS)
    assert told["接種記録.csv"] == summary.rows["接種記録.csv"]


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_files_have_the_standard_shape(tmp_path, encoding):
    make_city(2000, seed=4, out=tmp_path, encoding=encoding)

    assert {path.name for path in tmp_path.iterdir()} == {*COLUMNS, "extract.toml", "faults.json"}
    for file, columns in COLUMNS.items():
        text = (tmp_path / file).read_bytes().decode(encoding)
        assert text.startswith(",".join(columns) + "\r\n")
        assert text.endswith("\r\n")
        for field in re.findall(r'(?<![^,\n])"((?:[^"]|"")*)"', text):
            assert set(field) & set(',"\n'), "quoted without need"


def test_both_encodings_hold_the_same_city(city, tmp_path):
    old = make_city(2000, seed=1, out=tmp_path, encoding="cp932").folder

    assert records(old, "接種記録.csv", "cp932") == records(city, "接種記録.csv")
    differing = Counter(
        title
        for new_row, old_row in zip(as_dicts(city, "住民.csv"), as_dicts(old, "住民.csv", "cp932"), strict=True)
        for title in new_row
        if new_row[title] != old_row[title]
    )
    assert set(differing) == {"氏名"}


def test_description_names_the_invented_city(city):
    about = tomllib.loads((city / "extract.toml").read_text(encoding="utf-8"))

    assert about == {
        "layout": "standard",
        "municipality_code": "992011",
        "municipality_name": "桜浜市",
        "extracted_on": EXTRACTED_ON,
    }


# ---------------------------------------------------------------- numbers


def test_my_numbers_are_valid_and_nobody_shares_one(city):
    owners = defaultdict(set)
    for row in as_dicts(city, "住民.csv"):
        owners[row["個人番号"]].add(row["氏名カナ"])
    del owners[""]
    faults = planted(city)["住民.csv"]["faults"]

    assert sum(not in_.is_valid(number) for number in owners) == faults["mynumber_check"]
    assert all(len(names) == 1 for names in owners.values())
    assert any(number.startswith("0") for number in owners)


def test_no_number_hides_in_another(people):
    jumin = set(people["住民票コード"]) - {""}
    longer = {*people["個人番号"], *people["宛名番号"], *people["世帯番号"]}

    assert all(re.fullmatch("1[0-9]{10}", code) for code in jumin)
    assert not jumin & {number[start : start + 11] for number in longer for start in range(len(number) - 10)}
    others = {*people["宛名番号"], *people["世帯番号"]}
    assert not set(people["個人番号"]) & {
        text[start : start + 12] for text in others for start in range(len(text) - 11)
    }


def test_clinic_codes_have_their_check_digit(town, doses):
    codes = [row["医療機関コード"] for row in as_dicts(town, "医療機関.csv")]

    assert len(set(codes)) == len(codes)
    assert all(is_luhn(code) and code.startswith("99") for code in codes)
    assert set(doses["医療機関コード"]) == {*codes, ""}


# ---------------------------------------------------------------- faults


def is_date(text):
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_birth(row):
    endings = {"0": "", "1": "-00", "2": "-00-00", "3": None}
    ending = endings[row["生年月日不詳区分"]]
    text = row["生年月日"]
    if ending is None:
        return text == ""
    return text.endswith(ending) and is_date(
        text[: len(text) - len(ending)] + "-01-01"[: len(ending)].replace("00", "01")
    )


@cache
def is_my_number(number):
    return in_.is_valid(number)


def holds_my_number(text):
    if sum(letter.isdigit() for letter in text) < 12:
        return False
    plain = re.sub(r"(?<=\d)[ \-.](?=\d)", "", unicodedata.normalize("NFKC", text))
    return any(is_my_number(run) for run in re.findall(r"(?<!\d)\d{12}(?!\d)", plain))


@cache
def checks(file, title):
    """List the faults a column can show, each with the test that its value passes when it is right."""
    codes = {"", *CODES.get(title, ())}
    table = [
        ("missing_value", REQUIRED.get(file, {"宛名番号"}), bool),
        ("spreadsheet_number", NUMBERS, lambda value: not re.fullmatch("[0-9]{1,14}", value)),
        ("bad_number", NUMBERS, lambda value: re.fullmatch("[0-9]{0,15}", value)),
        ("unknown_code", CODES, codes.__contains__),
        ("unknown_vaccine", {"接種種類コード"}, VACCINES.__contains__),
        ("bad_date", DATES, lambda value: value == "" or is_date(value)),
        ("mynumber_check", {"個人番号"}, lambda value: value == "" or is_my_number(value)),
        ("mynumber_in_text", TEXTS, lambda value: not holds_my_number(value)),
        ("gaiji", NAMES_AND_ADDRESSES, lambda value: "Co" not in map(unicodedata.category, value)),
    ]
    return [(fault, is_right) for fault, titles, is_right in table if title in titles]


def faults_of_fields(file, row):
    """Name the faults that show in the row alone."""
    for title, value in row.items():
        yield from (fault for fault, is_right in checks(file, title) if not is_right(value))
    if row.get("終了日") and is_date(row["終了日"]) and row["終了日"] < row["開始日"]:
        yield "bad_period"
    if file == "住民.csv":
        yield from ["bad_date"] * (not is_birth(row))
        yield from ["mynumber_missing"] * (row["個人番号"] == "")


def faults_beside_residents(file, row, births):
    """Name the faults that show only next to the 住民 file."""
    number = row["宛名番号"]
    if file != "住民.csv" and len(number) == 15 and number.isdigit() and number not in births:
        yield "no_resident"
    if file == "接種記録.csv" and is_date(row["接種日"]):
        if births.get(number) and row["接種日"] < births[number]:
            yield "before_birth"
        if row["接種日"] > EXTRACTED_ON.isoformat():
            yield "future_date"


def quarantines(fault):
    return fault not in ("mynumber_check", "mynumber_missing", "gaiji")


def recount(folder, encoding):
    """Count the faults of every file, and prove that no row has two."""
    births = {}
    for row in as_dicts(folder, "住民.csv", encoding):
        if not any(quarantines(fault) for fault in faults_of_fields("住民.csv", row)):
            births[row["宛名番号"]] = row["生年月日"] if row["生年月日不詳区分"] == "0" else None
    people = {tuple(row) for row in records(folder, "住民.csv", encoding) if len(row) == len(COLUMNS["住民.csv"])}
    shared = Counter(row[0] for row in people)
    births = {number: birth for number, birth in births.items() if shared[number] == 1}
    for file in [file for file, columns in COLUMNS.items() if columns[0] == "宛名番号"]:
        counts, seen = Counter(), set()
        for fields in records(folder, file, encoding):
            if len(fields) != len(COLUMNS[file]):
                counts["ragged_row"] += 1
                continue
            row = dict(zip(COLUMNS[file], fields, strict=True))
            found = [*faults_of_fields(file, row), *faults_beside_residents(file, row, births)]
            found += ["duplicate_row"] if tuple(fields) in seen else []
            found += (
                ["conflicting_rows"] if file == "住民.csv" and row["宛名番号"] and shared[row["宛名番号"]] > 1 else []
            )
            seen.add(tuple(fields))
            assert len(found) <= 1, (file, found)
            counts.update(found)
        yield file, counts


@pytest.mark.parametrize(("residents", "encoding"), [(2000, "utf-8"), (2000, "cp932"), (10_001, "utf-8")])
def test_faults_are_exactly_those_announced(tmp_path, residents, encoding):
    folder = make_city(residents, seed=9, out=tmp_path, encoding=encoding).folder
    announced = planted(folder)

    for file, counts in recount(folder, encoding):
        assert len(records(folder, file, encoding)) == announced[file]["rows"]
        assert counts == Counter(announced[file]["faults"]), file


def test_even_the_smallest_city_has_every_fault(city):
    assert set().union(*(entry["faults"] for entry in planted(city).values())) == {
        *("ragged_row", "bad_number", "bad_date", "unknown_code", "unknown_vaccine", "missing_value", "duplicate_row"),
        *("conflicting_rows", "no_resident", "mynumber_check", "mynumber_missing", "mynumber_in_text", "before_birth"),
        *("future_date", "gaiji", "bad_period", "spreadsheet_number"),
    }


def test_doses_that_differ_only_in_remarks_do_not_exist(town):
    """A reader that ignores 備考 and 個人番号 must find the same duplicates."""
    table = frame(town, "接種記録.csv")

    assert table.duplicated().sum() == planted(town)["接種記録.csv"]["faults"]["duplicate_row"]
    assert table.drop(columns=["個人番号", "備考"]).duplicated().sum() == table.duplicated().sum()


# ---------------------------------------------------------------- windows of one's own


def test_pregnancies_are_those_that_the_programme_can_concern(town, people):
    found = frame(town, "妊娠届.csv").merge(people.drop_duplicates("宛名番号"), on="宛名番号")
    found = found[found["出産予定日"].map(is_date)]
    doses = frame(town, "接種記録.csv").query("接種種類コード == '10018'").merge(found, on="宛名番号")
    before = (pd.to_datetime(doses["出産予定日"]) - pd.to_datetime(doses["接種日"])).dt.days

    assert len(found) > 50
    assert set(found["性別"]) == {"2"}
    assert found["出産予定日"].min() >= "2026-04-23"
    assert found["出産予定日"].max() > EXTRACTED_ON.isoformat()
    assert len(doses) > 10
    assert before[before < 200].between(22, 84).mean() > 0.9


def test_the_designated_are_of_the_ages_of_the_decree(town, people):
    found = frame(town, "特別対象者.csv").merge(people.drop_duplicates("宛名番号"), on="宛名番号")
    found = found[found["対象区分"].isin(CODES["対象区分"])]
    born = found.groupby("対象区分")["生年月日"]

    assert found["対象区分"].value_counts().min() > 30
    assert born.min()["1"] >= "1961-10-31"
    assert born.max()["1"] <= "1966-11-01"
    assert born.min()["2"] >= "1962-04-02"
    assert born.max()["2"] <= "1979-04-01"
    assert set(found[found["対象区分"] == "2"]["性別"]) == {"1"}


# ---------------------------------------------------------------- awkward cases


def test_even_the_smallest_city_has_every_awkward_case(city):
    awkward = planted(city, "awkward")

    assert len(awkward) == 21
    assert all(count >= 2 for count in awkward.values())


def test_awkward_people_are_there_as_often_as_announced(city):
    awkward = planted(city, "awkward")
    people = {row["宛名番号"]: row for row in as_dicts(city, "住民.csv")}.values()
    protected = {row["宛名番号"] for row in as_dicts(city, "支援措置.csv")} & {row["宛名番号"] for row in people}

    assert len(protected) == awkward["protected_persons"]
    assert sum(row["生年月日不詳区分"] != "0" for row in people) == awkward["births_not_known"]
    assert sum(row["住民区分"] == "5" for row in people) == awkward["not_registered"]
    assert any("髙" in row["氏名"] or "﨑" in row["氏名"] for row in people)
    assert any("𠮷" in row["氏名"] or "鷗" in row["氏名"] for row in people)


def test_protected_households_are_as_rare_as_in_life(town, people):
    protected = people[people["宛名番号"].isin(frame(town, "支援措置.csv")["宛名番号"])]

    assert 0.002 <= protected["世帯番号"].nunique() / people["世帯番号"].nunique() <= 0.004


def test_texts_hold_quoted_commas_quotes_and_newlines(city):
    texts = [text for file in ("住民.csv", "接種記録.csv") for row in records(city, file) for text in row]

    assert all(any(mark in text for text in texts) for mark in ',"\n')


# ---------------------------------------------------------------- like a city


@pytest.mark.parametrize("residents", [2000, 2001, 20_000])
def test_living_residents_are_as_many_as_asked(residents):
    people = make_people(residents, rng=np.random.default_rng(1), today=TODAY, is_first=True)

    assert people.is_living().sum() == residents
    assert (np.diff(people.household) >= 0).all()


SHARES = rows("""
    ages | at least | at most
    0-15 | 10       | 14
    15-65 | 55      | 65
    65-120 | 25     | 32
""")


@pytest.mark.parametrize("case", SHARES, ids=lambda case: case["ages"])
def test_age_pyramid(case):
    people = make_people(20_000, rng=np.random.default_rng(1), today=TODAY, is_first=True)
    low, high = map(int, case["ages"].split("-"))
    ages = people.ages(TODAY)[people.is_living()]

    assert float(case["at least"]) < 100 * ((ages >= low) & (ages < high)).mean() < float(case["at most"])


COVERAGE = rows("""
    vaccine | dose  | born from  | born to    | sex | at least | at most | published
    10006   | 1,01  | 2013-04-02 | 2023-04-01 |     | 92       | 98.5    | MR1 92.7-98.5
    10006   | 2,01  | 2012-04-02 | 2019-04-01 |     | 90       | 96.5    | MR2 91.0-94.7
    10001   | 0,01  | 2014-04-02 | 2024-04-01 |     | 93       | 99      | BCG 96.8
    10017   | 1,01  | 2024-05-02 | 2026-04-01 |     | 93       | 99      | DPIH 97
    10013   | 0,03  | 2018-04-02 | 2024-04-01 |     | 90       | 99      | HEPB 98.1, less for dose 3
    10014   | 2,01  | 2009-04-02 | 2013-04-01 |     | 60       | 80      | JE2 53-66 and rising
    10003   | 2,01  | 2010-04-02 | 2013-04-01 |     | 80       | 93      | DT2 90
    10011   | 0,01  | 2009-04-02 | 2012-04-01 | 2   | 35       | 65      | HPV FY2022-2023 42-62
    10011   | 0,01  | 2009-04-02 | 2012-04-01 | 1   | 0        | 0       | boys: not in the programme
""")


@pytest.mark.parametrize("case", COVERAGE, ids=lambda case: f"{case['published']} {case['sex'] or ''}")
def test_coverage_is_as_published(people, doses, case):
    cohort = people[
        people["住民区分"].isin(["1", "2"]) & people["生年月日"].between(case["born from"], case["born to"])
    ]
    cohort = cohort[cohort["性別"] == case["sex"]] if case["sex"] else cohort
    stage, number = case["dose"].split(",")
    done = doses[(doses["接種種類コード"] == case["vaccine"]) & (doses["期"] == stage) & (doses["回数"] == number)]
    pct = 100 * cohort["宛名番号"].isin(done["宛名番号"]).mean()

    assert float(case["at least"]) <= pct <= float(case["at most"])


def test_half_of_the_old_take_the_influenza_vaccine(people, doses):
    old = people[(people["住民区分"] == "1") & (people["生年月日"] < "1959-10-01")]
    season = doses[(doses["接種種類コード"] == "20001") & doses["接種日"].between("2024-10-01", "2025-03-31")]

    assert 0.44 < old["宛名番号"].isin(season["宛名番号"]).mean() < 0.58


def test_districts_differ(people):
    living = people[(people["住民区分"] == "1") & (people["地区コード"] != "")]
    shares = (living["生年月日"] >= "2011-11-01").groupby(living["地区コード"]).mean()

    assert len(shares) == 15
    assert shares.max() > 1.8 * shares.min()


PROGRAMMES = rows("""
    vaccine            | code  | product | first day  | last day
    5種混合            | 10017 |         | 2024-04-01 |
    RSウイルス (定期)  | 10018 |         | 2024-07-01 |
    ロタ               | 10015 |         | 2015-01-01 |
    PCV7               | 10010 | PCV7    |            | 2013-10-31
    PCV13              | 10010 | PCV13   | 2013-11-01 | 2024-03-31
    PCV20              | 10010 | PCV20   | 2024-10-01 |
    HPV 9価            | 10011 | 9価     | 2023-04-01 |
    HPV 4価            | 10011 | 4価     | 2010-12-01 | 2026-03-31
    高用量インフル     | 20006 |         | 2026-10-01 |
    成人 PPSV23        | 20002 |         | 2014-10-01 | 2026-03-31
    成人 PCV20         | 20005 |         | 2026-04-01 |
    帯状疱疹 生        | 20003 |         | 2025-04-01 |
    MR                 | 10006 |         | 2006-04-01 |
""")


@pytest.mark.parametrize("case", PROGRAMMES, ids=lambda case: case["vaccine"])
def test_products_are_used_in_their_time(doses, case):
    given = doses[doses["接種種類コード"] == case["code"]]
    given = given[given["ワクチン名"] == case["product"]] if case["product"] else given

    assert given["接種日"].min() >= (case["first day"] or "1979-04-01")
    assert given["接種日"].max() <= (case["last day"] or "2026-11-01")


def test_doses_keep_the_least_interval_but_for_those_announced(town, doses):
    least = {"10005": 21, "10017": 21, "10002": 21, "10009": 21, "10010": 28, "10013": 28}
    series = doses[doses["接種種類コード"].isin(least)].drop_duplicates(["宛名番号", "接種種類コード", "接種日"])
    series = series.sort_values(["宛名番号", "接種種類コード", "接種日"])
    gap = pd.to_datetime(series["接種日"]).groupby([series["宛名番号"], series["接種種類コード"]]).diff().dt.days
    close = (gap < series["接種種類コード"].map(least)).sum()

    assert abs(close - planted(town, "awkward")["too_close"]) <= 5  # planted faults take a date away here and there


# ---------------------------------------------------------------- bad input


REFUSALS = rows("""
    case              | residents | seed | encoding  | message
    too small         | 1999      | 1    | utf-8     | 住民数は 2,000 人から 4,000,000 人
    too large         | 4000001   | 1    | utf-8     | 住民数は
    negative seed     | 2000      | -1   | utf-8     | シードは 0 以上
    unknown encoding  | 2000      | 1    | shift_jis | 文字コードは utf-8 か cp932
""")


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case["case"])
def test_wrong_arguments_are_refused(tmp_path, case):
    with pytest.raises(CityError, match=case["message"]) as caught:
        make_city(int(case["residents"]), seed=int(case["seed"]), out=tmp_path / "out", encoding=case["encoding"])

    assert str(caught.value).endswith("何も変更していません。")
    assert not (tmp_path / "out").exists()


def test_a_real_extract_is_never_overwritten(tmp_path):
    (tmp_path / "住民.csv").write_text("real", encoding="utf-8")
    (tmp_path / "extract.toml").write_text("real", encoding="utf-8")

    with pytest.raises(CityError, match="空のフォルダー"):
        make_city(2000, seed=1, out=tmp_path)

    assert (tmp_path / "住民.csv").read_text(encoding="utf-8") == "real"


def test_unwritable_folder_is_one_line(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(CityError, match="書き込めません"):
        make_city(2000, seed=1, out=tmp_path / "file" / "below")


def test_full_disk_leaves_the_earlier_city(tmp_path):
    make_city(2000, seed=1, out=tmp_path)
    before = contents(tmp_path)
    code = (
        "import resource; from pathlib import Path; from workbench.synth import make_city, CityError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
        f"try: make_city(2000, seed=2, out=Path({str(tmp_path)!r}))\n"
        "except CityError: print('refused')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603

    assert run.stdout.strip() == "refused"
    assert contents(tmp_path) == before


def test_an_interrupted_city_is_replaced_and_its_readme_stays(tmp_path):
    (tmp_path / "住民.csv.part").write_text("half", encoding="utf-8")
    (tmp_path / "README.md").write_text("about", encoding="utf-8")

    make_city(2000, seed=1, out=tmp_path)

    assert not list(tmp_path.glob("*.part"))
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "about"


# ---------------------------------------------------------------- apart from the reading side


def test_imports_nothing_else_of_the_workbench():
    for module in (ROOT / "workbench" / "synth").glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert all(not name.startswith("workbench") or name.startswith("workbench.synth") for name in names)
