"""The short words in which programme files write a day of a life, or the time between two doses.

m12     the day on which 12月 is reached (R1)          y9      the day on which 9歳 is reached (R2)
d42     42 days after birth (R7)                       birth   the day of birth
fyS12   first day of the 年度 of the 12th year (R8)    fyE16   last day of the 年度 of the 16th year (R8)
sch-1y  a year before 小学校就学の始期 (R10)           sch-1d  the day before it (R10)
edd-84  84 days before 出産予定日 (R15); the day counted from is then that of delivery, not of birth
27d     n日以上 between two doses (R11)                6m      n月以上 between two doses (R12)
2m15d   n月 and d日以上, as 2月半 (R14)                10-01   a day of a season: 10月1日 of the 年度
"""

import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache, lru_cache, partial

from workbench import lawdates
from workbench.errors import ScheduleError

DayRule = Callable[[date], date]

_DAY = re.compile(r"(?P<unit>m|y|d|fyS|fyE)(?P<number>[1-9]\d{0,3})")
_BEFORE_DELIVERY = re.compile(r"edd-(?P<number>[1-9]\d{0,2})")
_SPAN = re.compile(r"(?P<number>[1-9]\d{0,3})(?P<unit>d|m)(?:(?P<days>[1-9]\d?)d)?")
_SEASON_DAY = re.compile(r"(?P<month>\d{2})-(?P<day>\d{2})")


def _same_day(birth: date) -> date:
    return birth


def _fiscal_year_first(birth: date, years: int) -> date:
    return lawdates.fy_of_age(birth, years)[0]


def _fiscal_year_last(birth: date, years: int) -> date:
    return lawdates.fy_of_age(birth, years)[1]


def _year_before_school_first(birth: date) -> date:
    return lawdates.year_before_school(birth)[0]


def _year_before_school_last(birth: date) -> date:
    return lawdates.year_before_school(birth)[1]


_NAMED: dict[str, DayRule] = {
    "birth": _same_day,
    "sch-1y": _year_before_school_first,
    "sch-1d": _year_before_school_last,
}
_COUNTED: dict[str, Callable[[int], DayRule]] = {
    "m": lambda number: partial(lawdates.reach_months, months=number),
    "y": lambda number: partial(lawdates.reach_years, years=number),
    "d": lambda number: partial(lawdates.weeks_days_after, weeks=0, days=number),
    "fyS": lambda number: partial(_fiscal_year_first, years=number),
    "fyE": lambda number: partial(_fiscal_year_last, years=number),
}


@cache
def parse_day(text: str) -> DayRule:
    """Return the function from birth date to the day that `text` means; it remembers the last birth it was asked about.

    Many rows of one birth use the same few words, so each is counted once.

    Raises:
        ScheduleError: `text` is none of the words above.
    """
    if text in _NAMED:
        return lru_cache(maxsize=1)(_NAMED[text])
    if found := _BEFORE_DELIVERY.fullmatch(text):
        return partial(_days_before, days=int(found["number"]))
    found = _DAY.fullmatch(text)
    if found is None:
        msg = (
            "対象期間の書き方が違います。m12、y9、d42、fyS12、fyE16、sch-1y、sch-1d、birth、edd-84 の形で書いてください"
        )
        raise ScheduleError(msg)
    return lru_cache(maxsize=1)(_COUNTED[found["unit"]](int(found["number"])))


def parse_span(text: str) -> DayRule:
    """Return the function from the day of a dose to the first day on which an interval of `text` has passed.

    Raises:
        ScheduleError: `text` is not n日 (27d), n月 (6m) or n月d日 (2m15d).
    """
    number, unit, days = span_parts(text)
    if unit == "d":
        return partial(lawdates.earliest_after_days, days=number)
    if days:
        return partial(lawdates.earliest_after_months_and_days, months=number, days=days)
    return partial(lawdates.earliest_after_months, months=number)


def parse_span_end(text: str, *, reading: lawdates.UpperReading) -> DayRule:
    """Return the function from the day of a dose to the last day of a standard interval "`text` まで" (R13).

    The reading concerns days only; months end on the day that `parse_span` gives.

    Raises:
        ScheduleError: `text` is not n日 (56d) or n月 (18m).
    """
    number, unit, _ = span_parts(text)
    if unit == "m":
        return partial(lawdates.earliest_after_months, months=number)
    return partial(lawdates.latest_standard_after_days, days=number, reading=reading)


def parse_season_day(text: str) -> Callable[[int], date]:
    """Return the function from a 年度 to the day of it that `text` (10-01, 01-31) means.

    Raises:
        ScheduleError: `text` is not a month and a day.
    """
    found = _SEASON_DAY.fullmatch(text)
    try:
        month, day = (int(found["month"]), int(found["day"])) if found else (0, 0)
        date(2001, month, day)  # a common year: 02-29 is refused
    except ValueError:
        found = None
    if found is None:
        msg = "季節の日の書き方が違います。10-01、01-31 の形で書いてください"
        raise ScheduleError(msg)
    return lambda year: date(year if month >= lawdates.APRIL else year + 1, month, day)


def _days_before(day: date, days: int) -> date:
    return day - timedelta(days=days)


def span_parts(text: str) -> tuple[int, str, int]:
    """Return number, unit (d, m) and further days of a span.

    Raises:
        ScheduleError: it is none of the three forms.
    """
    found = _SPAN.fullmatch(text)
    if found is None or (found["days"] and found["unit"] == "d"):
        msg = "接種間隔の書き方が違います。27d（27日）、6m（6月）、2m15d（2月と15日）の形で書いてください"
        raise ScheduleError(msg)
    return int(found["number"]), found["unit"], int(found["days"] or 0)
