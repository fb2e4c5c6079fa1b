"""The short words in which programme files write a day of a life, or the time between two doses.

m12     the day on which 12月 is reached (R1)          y9      the day on which 9歳 is reached (R2)
d42     42 days after birth (R7)                       birth   the day of birth
fyS12   first day of the 年度 of the 12th year (R8)    fyE16   last day of the 年度 of the 16th year (R8)
sch-1y  a year before 小学校就学の始期 (R10)           sch-1d  the day before it (R10)
27d     n日以上 between two doses (R11)                6m      n月以上 between two doses (R12)
"""

import re
from collections.abc import Callable
from datetime import date
from functools import partial

from workbench import lawdates
from workbench.errors import ScheduleError

DayRule = Callable[[date], date]

_DAY = re.compile(r"(?P<unit>m|y|d|fyS|fyE)(?P<number>[1-9]\d{0,3})")
_SPAN = re.compile(r"(?P<number>[1-9]\d{0,3})(?P<unit>d|m)")


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


def parse_day(text: str) -> DayRule:
    """Return the function from birth date to the day that `text` means.

    Raises:
        ScheduleError: `text` is none of the words above.
    """
    if text in _NAMED:
        return _NAMED[text]
    found = _DAY.fullmatch(text)
    if found is None:
        msg = "対象期間の書き方が違います。m12、y9、d42、fyS12、fyE16、sch-1y、sch-1d、birth の形で書いてください"
        raise ScheduleError(msg)
    return _COUNTED[found["unit"]](int(found["number"]))


def parse_span(text: str) -> DayRule:
    """Return the function from the day of a dose to the first day on which an interval of `text` has passed.

    Raises:
        ScheduleError: `text` is not n日 (27d) or n月 (6m).
    """
    number, unit = _span(text)
    if unit == "m":
        return partial(lawdates.earliest_after_months, months=number)
    return partial(lawdates.earliest_after_days, days=number)


def parse_span_end(text: str, *, reading: lawdates.UpperReading) -> DayRule:
    """Return the function from the day of a dose to the last day of a standard interval "`text` まで" (R13).

    The reading concerns days only; months end on the day that `parse_span` gives.

    Raises:
        ScheduleError: `text` is not n日 (56d) or n月 (18m).
    """
    number, unit = _span(text)
    if unit == "m":
        return partial(lawdates.earliest_after_months, months=number)
    return partial(lawdates.latest_standard_after_days, days=number, reading=reading)


def _span(text: str) -> tuple[int, str]:
    found = _SPAN.fullmatch(text)
    if found is None:
        msg = "接種間隔の書き方が違います。27d（27日）、6m（6月）の形で書いてください"
        raise ScheduleError(msg)
    return int(found["number"]), found["unit"]
