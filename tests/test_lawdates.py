"""Laws that hold for every date; the worked examples stand in tests/spec."""

from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench import lawdates

DAY = timedelta(days=1)
BIRTHS = st.dates(date(1900, 1, 1), date(2100, 12, 31))
MONTHS = st.integers(1, 12 * 25)
YEARS = st.integers(1, 110)


def period_end(start, months):
    """民法143条2項 read aloud: walk through the calendar month by month; no month is added to a date."""
    first_of_month = start.replace(day=1)
    for _ in range(months):
        first_of_month = (first_of_month + 31 * DAY).replace(day=1)
    last_month = [first_of_month + n * DAY for n in range(monthrange(first_of_month.year, first_of_month.month)[1])]
    corresponding = [day for day in last_month if day.day == start.day]
    return corresponding[0] - DAY if corresponding else last_month[-1]


@given(BIRTHS, MONTHS)
def test_age_in_months_is_the_civil_code_period(birth, months):
    assert lawdates.reach_months(birth, months) == period_end(birth, months)


@given(BIRTHS, MONTHS)
def test_age_in_months_moves_with_months_and_births(birth, months):
    assert lawdates.reach_months(birth, months) < lawdates.reach_months(birth, months + 1)
    assert lawdates.reach_months(birth, months) <= lawdates.reach_months(birth + DAY, months)


@given(BIRTHS, YEARS)
def test_years_are_twelve_months(birth, years):
    assert lawdates.reach_years(birth, years) == lawdates.reach_months(birth, 12 * years)


@given(BIRTHS, MONTHS)
def test_one_day_is_both_at_least_and_under(birth, months):  # R5
    reached = lawdates.reach_months(birth, months)

    assert lawdates.first_day_from_months(birth, months) == lawdates.last_day_until_months(birth, months) == reached
    assert lawdates.day_after_reaching_months(birth, months) == reached + DAY


@given(BIRTHS, MONTHS)
def test_the_day_after_is_the_same_day_or_the_first(birth, months):
    after = lawdates.day_after_reaching_months(birth, months)

    assert after.day in (birth.day, 1)
    if after.day != birth.day:  # the month before had no such day
        assert (after - DAY).day < birth.day


@given(BIRTHS, YEARS)
def test_fiscal_year_of_an_age_holds_the_day_before_the_birthday(birth, years):
    first, last = lawdates.fy_of_age(birth, years)

    assert first <= lawdates.reach_years(birth, years) <= last
    assert (first.month, first.day, last.month, last.day) == (4, 1, 3, 31)
    assert last.year == first.year + 1


@given(BIRTHS, YEARS)
def test_cohort_and_fiscal_year_of_an_age_agree(birth, years):
    year = lawdates.fiscal_year(lawdates.reach_years(birth, years))
    first, last = lawdates.births_turning(years, in_fiscal_year=year)

    assert first <= birth <= last


@given(BIRTHS)
def test_the_year_before_school_lies_between_five_and_seven(birth):  # R10: 5歳以上7歳未満
    first, last = lawdates.year_before_school(birth)

    assert lawdates.reach_years(birth, 5) <= first < last <= lawdates.reach_years(birth, 7)
    assert last + DAY == lawdates.school_entry(birth)


@given(BIRTHS, st.integers(0, 400))
def test_interval_of_days_leaves_that_many_clear_days(dose, days):
    assert (lawdates.earliest_after_days(dose, days) - dose).days == days + 1


@given(BIRTHS, MONTHS)
def test_interval_of_months_ends_the_day_before_the_next_dose(dose, months):
    assert lawdates.earliest_after_months(dose, months) == period_end(dose, months) + DAY


@given(BIRTHS, st.integers(0, 40), st.integers(0, 6))
def test_weeks_count_from_the_day_of_birth(birth, weeks, days):
    assert (lawdates.weeks_days_after(birth, weeks, days) - birth).days == 7 * weeks + days


@given(BIRTHS)
def test_fiscal_years_follow_without_a_gap(day):
    year = lawdates.fiscal_year(day)

    assert lawdates.fy_start(year) <= day <= lawdates.fy_end(year)
    assert lawdates.fy_end(year) + DAY == lawdates.fy_start(year + 1)


@pytest.mark.parametrize("months", [0, -1])
def test_no_age_is_reached_at_birth(months):
    with pytest.raises(ValueError, match="at least one month"):
        lawdates.reach_months(date(2025, 1, 1), months)


def shifted(day, months):
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def test_both_shortcuts_are_wrong_as_often_as_was_counted():
    births = [date(2013, 1, 1) + n * DAY for n in range((date(2026, 10, 31) - date(2013, 1, 1)).days + 1)]
    cases = [(birth, n) for birth in births for n in (2, 3, 6, 7, 12, 24, 36, 60, 90)]

    before = sum(shifted(birth - DAY, n) != lawdates.reach_months(birth, n) for birth, n in cases)
    after = sum(shifted(birth, n) - DAY != lawdates.reach_months(birth, n) for birth, n in cases)

    assert (len(cases), before, after) == (45_468, 263, 354)


@pytest.mark.parametrize(
    ("day", "written"),
    [
        ("2026-05-09", "令和8年5月9日（土）"),
        ("2019-05-01", "令和元年5月1日（水）"),
        ("2019-04-30", "平成31年4月30日（火）"),
        ("1989-01-07", "昭和64年1月7日（土）"),
        ("1926-12-24", "大正15年12月24日（金）"),
        ("1900-01-01", "明治33年1月1日（月）"),
        ("1860-03-01", "西暦1860年3月1日（木）"),
    ],
)
def test_a_day_is_said_in_its_era(day, written):
    assert lawdates.wareki_with_weekday(date.fromisoformat(day)) == written


@pytest.mark.parametrize(
    "text", ["20261101", "2026-W45-1", "2026-11-1", "2026-11-31", "２０２６-11-01", "2026-11-01T00:00", ""]
)
def test_a_day_is_read_in_one_form_only(text):
    assert lawdates.read_day(text) is None
    assert lawdates.read_day("2026-11-01") == date(2026, 11, 1)
