"""Dates as Japanese registers write them: 和暦 in its forms and bounds, 不詳 in its forms, every day in each form."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tables import rows
from workbench.sources.dates import EPOCH, read_date, read_partial_date
from workbench.sources.wareki import ERAS

DAYS = rows("""
    text               | day
    R6.4.1             | 2024-04-01
    r6.4.1             | 2024-04-01
    Ｒ６．４．１       |
    R6/4/1             | 2024-04-01
    R06-04-01          | 2024-04-01
    R060401            | 2024-04-01
    5060401            | 2024-04-01
    ５０６０４０１     | 2024-04-01
    令和6年4月1日      | 2024-04-01
    令和６年４月１日   | 2024-04-01
    令和元年5月1日     | 2019-05-01
    令6.4.1            | 2024-04-01
    ㋿6年4月1日        | 2024-04-01
    2024年4月1日       | 2024-04-01
    2024/4/1           | 2024-04-01
    20240401           | 2024-04-01
    平成31年4月30日    | 2019-04-30
    平成31年5月1日     |
    令和元年4月30日    |
    昭和64年1月7日     | 1989-01-07
    昭和64年1月8日     |
    平成元年1月7日     |
    H1.1.8             | 1989-01-08
    大正15年12月25日   | 1926-12-25
    昭和元年12月25日   | 1926-12-25
    昭和元年12月24日   |
    大正15年12月26日   |
    明治45年7月30日    | 1912-07-30
    大正元年7月30日    | 1912-07-30
    明治45年7月31日    |
    1330520            | 1900-05-20
    6060401            |
    5000401            |
    令和0年4月1日      |
    令和6年13月1日     |
    令和6年2月30日     |
    5060230            |
    令和6年4月         |
    R6.4.0             |
    令和6年4月1        | 2024-04-01
    R6.4               |
    K6.4.1             |
    令和六年四月一日   |
""")


@pytest.mark.parametrize("case", DAYS, ids=lambda case: case["text"])
def test_a_day_is_read_in_the_form_and_the_bounds_of_its_era(case):
    day = case["day"] and date.fromisoformat(case["day"]).toordinal() - EPOCH

    assert read_date(case["text"]) == day


PARTS = rows("""
    text               | precision | earliest   | latest
    昭和20年5月不詳    | month     | 1945-05-01 | 1945-05-31
    昭和20年月日不詳   | year      | 1945-01-01 | 1945-12-31
    昭和20年不詳       | year      | 1945-01-01 | 1945-12-31
    3200500            | month     | 1945-05-01 | 1945-05-31
    3200000            | year      | 1945-01-01 | 1945-12-31
    3209999            | year      | 1945-01-01 | 1945-12-31
    S20.不詳.不詳      | year      | 1945-01-01 | 1945-12-31
    昭和64年           | year      | 1989-01-01 | 1989-01-07
    平成元年           | year      | 1989-01-08 | 1989-12-31
    平成31年5月        | -         |            |
    昭和元年12月       | month     | 1926-12-25 | 1926-12-31
    2019年5月日不詳    | month     | 2019-05-01 | 2019-05-31
    2019年月日不詳     | year      | 2019-01-01 | 2019-12-31
    2019-05-99         | month     | 2019-05-01 | 2019-05-31
    20199999           | year      | 2019-01-01 | 2019-12-31
    不詳               | unknown   |            |
    9999               | unknown   |            |
    99999999           | unknown   |            |
    ００００００００   | unknown   |            |
""")


@pytest.mark.parametrize("case", PARTS, ids=lambda case: case["text"])
def test_a_date_that_is_partly_unknown_is_as_wide_as_its_era_allows(case):
    known = read_partial_date(case["text"])

    if case["precision"] == "-":
        assert known is None
        return
    days = [case[end] and date.fromisoformat(case[end]).toordinal() - EPOCH for end in ("earliest", "latest")]
    assert (known.precision, known.earliest, known.latest) == (case["precision"], *days)


@given(st.dates(min_value=date(1868, 1, 1), max_value=date(2100, 12, 31)))
def test_every_day_is_the_same_in_every_form_of_every_era_it_lies_in(day):
    for era in (era for era in ERAS if era.first <= day <= era.last):
        year = day.year - era.first.year + 1
        forms = [
            f"{era.digit}{year:02d}{day:%m%d}",
            f"{era.letter}{year}.{day.month}.{day.day}",
            f"{era.letter}{year:02d}{day:%m%d}",
            *(f"{name}{year}年{day.month}月{day.day}日" for name in era.names),
        ]
        assert {read_date(form) for form in forms} == {day.toordinal() - EPOCH}


def test_the_eras_follow_one_another_without_a_gap():
    for before, after in pairwise(ERAS):
        assert after.first - before.last in {timedelta(0), timedelta(1)}
