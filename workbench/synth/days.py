"""Calendar arithmetic on arrays: a day is an int64 counted from 1970-01-01, and NEVER stands for "no date"."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

NEVER = -(10**6)
_EPOCH = date(1970, 1, 1)
_FIRST_TEXT, _LAST_TEXT = date(1895, 1, 1), date(2059, 12, 31)  # the days that `texts` can write
_WEEK, _THURSDAY = 7, 4  # 1970-01-01 was a Thursday; Sunday is 0
_FISCAL_OFFSET = 3  # a fiscal year starts in April


def number(day: date) -> int:
    """Return the day number of `day`."""
    return (day - _EPOCH).days


def day_of(number_of_day: int) -> date:
    """Return the date of a day number."""
    return _EPOCH + timedelta(days=int(number_of_day))


def on(year: int, month: int = 1, day: int = 1) -> int:
    """Return the day number of a calendar date."""
    return number(date(year, month, day))


def add_months(days: np.ndarray, months: np.ndarray | int) -> np.ndarray:
    """Return the same day of the month so many months on, or the last day of a month that has no such day."""
    of_month, first = _month(days)
    target = of_month + months
    start, end = _first_day(target), _first_day(target + 1)
    return start + np.minimum(days - first, end - start - 1)


def fiscal_year(days: np.ndarray) -> np.ndarray:
    """Return the fiscal year (April to March) of each day."""
    return (_month(days)[0] - _FISCAL_OFFSET) // 12 + 1970


def birth_cohort(births: np.ndarray) -> np.ndarray:
    """Return the fiscal year of birth as schools count it: 2 April to 1 April."""
    return fiscal_year(births - 1)


def fiscal_start(years: np.ndarray) -> np.ndarray:
    """Return 1 April of each year."""
    return _first_day((np.asarray(years) - 1970) * 12 + _FISCAL_OFFSET)


def calendar_year(days: np.ndarray) -> np.ndarray:
    """Return the calendar year of each day."""
    return _month(days)[0] // 12 + 1970


def open_day(days: np.ndarray) -> np.ndarray:
    """Move Sundays to Monday: clinics are closed."""
    return days + ((days + _THURSDAY) % _WEEK == 0)


def texts() -> pa.StringArray:
    """Return YYYY-MM-DD for every writable day, after an empty text at place 0; see `text_places`."""
    days = np.arange(number(_FIRST_TEXT), number(_LAST_TEXT) + 1).astype("datetime64[D]")
    return pa.array(["", *np.datetime_as_string(days).tolist()])


def text_places(days: np.ndarray) -> pa.Array:
    """Return where `texts` holds each day; NEVER is the empty text."""
    return pa.array(np.where(days == NEVER, 0, days - number(_FIRST_TEXT) + 1))


def _month(days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    months = np.asarray(days).astype("datetime64[D]").astype("datetime64[M]")
    return months.astype(np.int64), months.astype("datetime64[D]").astype(np.int64)


def _first_day(months: np.ndarray) -> np.ndarray:
    return np.asarray(months).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def month(days: np.ndarray) -> np.ndarray:
    """Return the calendar month, 1 to 12."""
    return _month(days)[0] % 12 + 1


def day_of_month(days: np.ndarray) -> np.ndarray:
    """Return the day of the month, from 1."""
    return days - _month(days)[1] + 1
