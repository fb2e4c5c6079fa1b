"""Reading a date as text: ISO, YYYYMMDD, what spreadsheets make of them (2024/4/1), 和暦, and 不詳 in its many forms.

Full-width digits are digits. A form that is not listed here is refused, never guessed.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from workbench.sources.wareki import read_wareki

Parts = tuple[int, int, int]  # year, month, day; 0 where the text says "unknown"

EPOCH = date(1970, 1, 1).toordinal()
FIRST_YEAR = 1868  # Meiji 1; an earlier year is a typing error (0201-05-01), not a date
MAX_REMEMBERED = 1 << 16  # every block has much the same dates; reading them anew was a fifth of all time
_DIGITS, _HYPHENS = [0, 1, 2, 3, 5, 6, 8, 9], [4, 7]
_NUMERIC = re.compile(r"(\d{4})-(\d{2})-(\d{2})|(\d{4})(\d{2})(\d{2})|(\d{4})/(\d{1,2})/(\d{1,2})", re.ASCII)
_WRITTEN = re.compile(r"(\d{4})年(?:(\d{1,2})月(?:(\d{1,2})日|日?(?:不詳|不明))?|(?:月日)?(?:不詳|不明))?", re.ASCII)
_UNKNOWN = frozenset({"不詳", "不明", "9999", "99999999", "9999-99-99", "00000000", "0000-00-00", "0000000", "9999999"})
_NOT_KNOWN = 99  # as month or day
_WIDE = str.maketrans("０１２３４５６７８９．／－", "0123456789./-")
_ALWAYS = (date(FIRST_YEAR, 1, 1).toordinal() - EPOCH, date.max.toordinal() - EPOCH)


@dataclass(frozen=True)
class PartialDate:
    """A birth date as far as it is known: day | month | year | unknown, and the days it may be (since 1970)."""

    precision: str
    earliest: int | None
    latest: int | None


@lru_cache(MAX_REMEMBERED)
def read_date(text: str) -> int | None:
    """Return the day as days since 1970-01-01, or None when `text` is not a whole date of the calendar."""
    partial = read_partial_date(text)
    return partial.earliest if partial and partial.precision == "day" else None


@lru_cache(MAX_REMEMBERED)
def read_partial_date(text: str) -> PartialDate | None:
    """Return what `text` tells: `2019-05-00` a month, `2019-00-00` a year, `` nothing; None when it is no date."""
    text = text.translate(_WIDE)
    if not text or text in _UNKNOWN:
        return PartialDate("unknown", None, None)
    wareki = read_wareki(text)
    if wareki is None:
        return _widened(_numeric(text), _ALWAYS)
    parts, era = wareki
    return _widened(parts, (era.first.toordinal() - EPOCH, era.last.toordinal() - EPOCH))


def is_unknown(text: str) -> bool:
    """Say whether `text` says that the date is not known at all (不詳)."""
    return text.translate(_WIDE) in _UNKNOWN


def read_iso_dates(text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Read many dates at once: the same answer as `read_date` for every one written YYYY-MM-DD.

    Args:
        text: ASCII bytes, uint8 (n, 10).

    Returns:
        Days since 1970-01-01, int32 (n,), and a bool mask (n,) of those that are a date in this form.
    """
    digits = text - ord("0")
    is_date = (digits[:, _DIGITS] <= 9).all(axis=1) & (text[:, _HYPHENS] == ord("-")).all(axis=1)  # noqa: PLR2004
    number = digits.astype(np.int64)
    year = number[:, :4] @ (1000, 100, 10, 1)
    month = number[:, 5] * 10 + number[:, 6]
    day = number[:, 8] * 10 + number[:, 9]
    first = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    is_date &= (year >= FIRST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= length)  # noqa: PLR2004
    return (first.astype("datetime64[D]").astype(np.int64) + day - 1).astype(np.int32), is_date


def _numeric(text: str) -> Parts | None:
    found = _NUMERIC.fullmatch(text)
    if found:
        year, month, day = (int(group) for group in found.groups() if group is not None)
        return year, month % _NOT_KNOWN, day % _NOT_KNOWN
    written = _WRITTEN.fullmatch(text)
    return None if written is None else tuple(int(group or 0) for group in written.groups())


def _widened(parts: Parts | None, within: tuple[int, int]) -> PartialDate | None:
    """Return the days that `parts` may mean, those outside `within` left out; None where no day is left."""
    if parts is None:
        return None
    year, month, day = parts
    if not month:
        return None if day else _between("year", (year, 1, 1), (year, 12, 31), within)
    if not day:
        return _between("month", (year, month, 1), (year, month, _month_length(year, month)), within)
    return _between("day", parts, parts, within)


def _days(year: int, month: int, day: int) -> int | None:
    if not (year >= FIRST_YEAR and 1 <= month <= 12 and 1 <= day <= _month_length(year, month)):  # noqa: PLR2004
        return None
    return date(year, month, day).toordinal() - EPOCH


def _month_length(year: int, month: int) -> int:
    """Return the days of the month; 0 where there is no such month, so that no day fits."""
    return calendar.monthrange(year, month)[1] if year and 1 <= month <= 12 else 0  # noqa: PLR2004


def _between(precision: str, first: Parts, last: Parts, within: tuple[int, int]) -> PartialDate | None:
    earliest, latest = _days(*first), _days(*last)
    if earliest is None or latest is None or earliest > within[1] or latest < within[0]:
        return None
    return PartialDate(precision, max(earliest, within[0]), min(latest, within[1]))
