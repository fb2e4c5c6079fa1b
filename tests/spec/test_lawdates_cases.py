"""The worked examples of legal date arithmetic, as tables: the drawing is the specification.

OFF: a city or the ministry publishes these dates. C: computed by the rule. Windows are written in the notation of
programme files, but each word is bound here to the function of `lawdates`, so that programmes which the workbench does
not hold yet are examples too.
"""

import re
from datetime import date

import pytest

from tests.tables import rows
from workbench import lawdates

MEANING = {
    "m": lawdates.reach_months,
    "y": lawdates.reach_years,
    "d": lambda birth, days: lawdates.weeks_days_after(birth, 0, days),
    "w": lambda birth, weeks: lawdates.weeks_days_after(birth, weeks, 0),
    "fyS": lambda birth, years: lawdates.fy_of_age(birth, years)[0],
    "fyE": lambda birth, years: lawdates.fy_of_age(birth, years)[1],
    "sch-1y": lambda birth, _: lawdates.year_before_school(birth)[0],
    "sch-1d": lambda birth, _: lawdates.year_before_school(birth)[1],
    "birth": lambda birth, _: birth,
}


def day_of(word, birth):
    name, number = re.fullmatch(r"(sch-1y|sch-1d|birth|[a-zA-Z]+)(\d*)", word).groups()
    return MEANING[name](birth, int(number or 0))


WINDOWS = rows("""
    no | birth      | item                                        | window       | first      | last       | mark
    1  | 2013-04-01 | 生後3月から生後6月に至るまで                | m3..m6       | 2013-06-30 | 2013-09-30 | OFF
    3  | 2013-01-31 | 生後1月（2月31日はない）                    | birth..m1    | 2013-01-31 | 2013-02-28 | OFF
    4  | 2020-04-01 | 1歳に至るまで（BCG、B型肝炎）               | birth..y1    | 2020-04-01 | 2021-03-31 | OFF
    6  | 2018-04-01 | Hib・小児肺炎球菌                           | m2..m60      | 2018-05-31 | 2023-03-31 | OFF
    7  | 2018-04-01 | 4種混合（改正前）                           | m3..m90      | 2018-06-30 | 2025-09-30 | OFF
    9  | 2018-12-28 | Hib・小児肺炎球菌                           | m2..m60      | 2019-02-27 | 2023-12-27 | C
    10 | 2022-04-02 | MR第1期                                     | m12..m24     | 2023-04-01 | 2024-04-01 | OFF
    13 | 2025-01-01 | MR第1期                                     | m12..m24     | 2025-12-31 | 2026-12-31 | C
    15 | 2024-02-29 | 小児肺炎球菌、うるう日生まれ                | m2..m60      | 2024-04-28 | 2029-02-28 | C
    18 | 2023-08-31 | 日本脳炎1期（6月後がうるう年の2月）         | m6..m90      | 2024-02-29 | 2031-02-28 | C
    20 | 2024-08-28 | 日本脳炎1期                                 | m6..m90      | 2025-02-27 | 2032-02-27 | C
    21 | 2024-08-31 | 水痘                                        | m12..m36     | 2025-08-30 | 2027-08-30 | C
    23 | 2025-03-01 | 5種混合、3月1日生まれ                       | m2..m90      | 2025-04-30 | 2032-08-31 | C
    26 | 2025-03-15 | BCG・B型肝炎                                | birth..m12   | 2025-03-15 | 2026-03-14 | C
    27 | 2026-05-10 | ロタ1価、出生6週0日後から24週0日後まで      | w6..w24      | 2026-06-21 | 2026-10-25 | C
    27 | 2026-05-10 | 同じ期間を日で数えたもの                    | d42..d168    | 2026-06-21 | 2026-10-25 | C
    32 | 2019-04-01 | MR第2期（早生まれ）                         | sch-1y..sch-1d | 2024-04-01 | 2025-03-31 | OFF
    34 | 2020-04-01 | MR第2期                                     | sch-1y..sch-1d | 2025-04-01 | 2026-03-31 | OFF
    36 | 2017-05-10 | 日本脳炎2期                                 | y9..y13      | 2026-05-09 | 2030-05-09 | C
    38 | 2014-04-01 | DT第2期                                     | y11..y13     | 2025-03-31 | 2027-03-31 | C
    41 | 2014-04-02 | HPV 9価、2回で済む初回                      | fyS12..y15   | 2026-04-01 | 2029-04-01 | C
    42 | 2009-04-01 | HPV（令和6年度末で対象外）                  | fyS12..fyE16 | 2020-04-01 | 2025-03-31 | OFF
    44 | 2007-04-01 | 日本脳炎 特例                               | y4..y20      | 2011-03-31 | 2027-03-31 | C
    46 | 1960-11-30 | 高齢者肺炎球菌 65歳の者                     | y65..y66     | 2025-11-29 | 2026-11-29 | C
    48 | 1960-04-02 | 帯状疱疹 令和7年度の65歳                    | fyS65..fyE65 | 2025-04-01 | 2026-03-31 | OFF
    50 | 1961-04-02 | 帯状疱疹 令和8年度の65歳                    | fyS65..fyE65 | 2026-04-01 | 2027-03-31 | C
    52 | 1951-10-02 | 高用量インフルエンザ 75歳以上               | y75..y76     | 2026-10-01 | 2027-10-01 | C
""")


@pytest.mark.parametrize("case", WINDOWS, ids=lambda case: f"{case['no']}-{case['birth']}")
def test_worked_example(case):
    birth = date.fromisoformat(case["birth"])
    first, last = case["window"].split("..")

    found = (day_of(first, birth).isoformat(), day_of(last, birth).isoformat())

    assert found == (case["first"], case["last"])


REACHED = rows("""
    birth      | age | reached    | why
    2025-03-01 | m1  | 2025-03-31 | 1日生まれ：前月の末日ではなく、その月の末日
    2023-03-01 | y1  | 2024-02-29 | 1日生まれ、前日がうるう日
    2018-12-31 | m2  | 2019-02-28 | 応当する日がない月は末日（前日にしない）
    2018-12-30 | m2  | 2019-02-28 | 30日も2月にはない
    2018-12-29 | m2  | 2019-02-28 | 29日は平年の2月にない
    2018-12-28 | m2  | 2019-02-27 | 28日はある
    2023-12-29 | m2  | 2024-02-28 | うるう年の2月には29日がある
    2023-12-30 | m2  | 2024-02-29 | うるう年の2月にも30日はない
    2024-02-29 | y1  | 2025-02-28 | うるう日生まれ、平年
    2024-02-29 | y4  | 2028-02-28 | うるう日生まれ、うるう年
    2025-03-31 | m1  | 2025-04-30 | 31日は4月にない
    2025-01-01 | m12 | 2025-12-31 | 年をまたぐ
""")


@pytest.mark.parametrize("case", REACHED, ids=lambda case: f"{case['birth']}-{case['age']}")
def test_reached(case):
    assert day_of(case["age"], date.fromisoformat(case["birth"])).isoformat() == case["reached"]


INTERVALS = rows("""
    dose       | at least | earliest   | note
    2026-05-11 | 6d       | 2026-05-18 | 月曜から月曜
    2026-05-11 | 20d      | 2026-06-01 | 月曜から月曜
    2026-05-11 | 27d      | 2026-06-08 | 4週後の同じ曜日
    2026-05-11 | 60d      | 2026-07-11 | 61日後
    2026-05-11 | 139d     | 2026-09-28 | 140日後
    2026-04-15 | 6m       | 2026-10-15 | 同じ日
    2026-08-28 | 6m       | 2027-02-28 | 2月28日はある
    2026-08-29 | 6m       | 2027-03-01 | 2月29日がない年は翌月1日
    2026-08-31 | 6m       | 2027-03-01 | 2月31日はない
    2027-08-29 | 6m       | 2028-02-29 | うるう年には29日がある
    2026-01-31 | 1m       | 2026-03-01 | 2月31日はない
    2026-12-01 | 3m       | 2027-03-01 | 1日は1日
    2026-01-15 | 2.5m     | 2026-03-30 | 2月半：2月と15日（未確認）
""")


@pytest.mark.parametrize("case", INTERVALS, ids=lambda case: f"{case['dose']}-{case['at least']}")
def test_earliest_next_dose(case):
    number, unit = case["at least"][:-1], case["at least"][-1]
    dose = date.fromisoformat(case["dose"])
    if unit == "d":
        found = lawdates.earliest_after_days(dose, int(number))
    elif number.endswith(".5"):
        found = lawdates.earliest_after_months_and_days(dose, int(number[:-2]), 15)
    else:
        found = lawdates.earliest_after_months(dose, int(number))

    assert found.isoformat() == case["earliest"]


STANDARD_ENDS = rows("""
    dose       | until | reading | last
    2026-05-11 | 56    | clear   | 2026-07-07
    2026-05-11 | 56    | elapsed | 2026-07-06
    2026-05-11 | 28    | clear   | 2026-06-09
    2026-05-11 | 28    | elapsed | 2026-06-08
""")


@pytest.mark.parametrize("case", STANDARD_ENDS, ids=lambda case: f"{case['until']}-{case['reading']}")
def test_standard_interval_ends_as_the_office_reads_it(case):
    dose = date.fromisoformat(case["dose"])

    last = lawdates.latest_standard_after_days(dose, int(case["until"]), reading=case["reading"])

    assert last.isoformat() == case["last"]


SCHOOL = rows("""
    birth      | entry      | why
    2019-04-01 | 2025-04-01 | 6歳に達するのは3月31日、翌日の4月1日に入学
    2019-04-02 | 2026-04-01 | 6歳に達するのは4月1日、その翌日以後の最初の4月1日
    2020-02-29 | 2026-04-01 | 6歳に達するのは2月28日
    2020-04-01 | 2026-04-01 | 早生まれ
    2020-12-31 | 2027-04-01 |
""")


@pytest.mark.parametrize("case", SCHOOL, ids=lambda case: case["birth"])
def test_school_entry(case):
    assert lawdates.school_entry(date.fromisoformat(case["birth"])).isoformat() == case["entry"]


COHORTS = rows("""
    age | fiscal year | first birth | last birth | source
    65  | 2025        | 1960-04-02  | 1961-04-01 | 帯状疱疹 S35.4.2～S36.4.1
    70  | 2025        | 1955-04-02  | 1956-04-01 | 帯状疱疹 S30.4.2～S31.4.1
    100 | 2025        | 1925-04-02  | 1926-04-01 | 帯状疱疹 T14.4.2～T15.4.1
    65  | 2014        | 1949-04-02  | 1950-04-01 | 高齢者肺炎球菌 S24.4.2～S25.4.1
""")


@pytest.mark.parametrize("case", COHORTS, ids=lambda case: f"{case['age']}-{case['fiscal year']}")
def test_cohort_of_a_fiscal_year(case):
    first, last = lawdates.births_turning(int(case["age"]), in_fiscal_year=int(case["fiscal year"]))

    assert (first.isoformat(), last.isoformat()) == (case["first birth"], case["last birth"])


PREGNANCY = rows("""
    due        | first      | last       | why
    2026-10-01 | 2026-07-09 | 2026-09-09 | 予定日の84日前から22日前まで
    2027-03-01 | 2026-12-07 | 2027-02-07 | 年をまたぐ
""")


@pytest.mark.parametrize("case", PREGNANCY, ids=lambda case: case["due"])
def test_rsv_window(case):
    first, last = lawdates.rsv_window(date.fromisoformat(case["due"]))

    assert (first.isoformat(), last.isoformat()) == (case["first"], case["last"])


GUARDIANS = rows("""
    birth      | until      | why
    2010-11-01 | 2026-10-31 | 16歳の誕生日の前日まで保護者あて
    2012-02-29 | 2028-02-28 | うるう日生まれ
""")


@pytest.mark.parametrize("case", GUARDIANS, ids=lambda case: case["birth"])
def test_guardian_until(case):
    assert lawdates.guardian_until(date.fromisoformat(case["birth"])).isoformat() == case["until"]
