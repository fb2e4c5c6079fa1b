"""Dates of the Japanese calendar (和暦): the eras, their bounds, and the ways in which registers write them.

Forms (domain notes 3.3): seven digits GYYMMDD (1明治 2大正 3昭和 4平成 5令和), `R6.4.1`, `R060401`, `令和6年4月1日`,
`令和元年5月1日`; a part that is not known is 00, 99, 不詳 or absent. A day outside its era is no date. On the day on
which an era was changed registers use both names, except where the law fixed the last day (平成, 令和).
"""

import re
from dataclasses import dataclass
from datetime import date

Parts = tuple[int, int, int]


@dataclass(frozen=True)
class Era:
    """One era: its digit, letter and names, and its first and last day (both included)."""

    digit: str
    letter: str
    names: tuple[str, ...]
    first: date
    last: date


# Bounds: 元号法 and the edicts; domain notes 3.3 for 昭和 to 令和. 明治6年 is the first year of the solar calendar.
ERAS = (
    Era("1", "M", ("明治", "明", "㍾"), date(1868, 1, 1), date(1912, 7, 30)),
    Era("2", "T", ("大正", "大", "㍽"), date(1912, 7, 30), date(1926, 12, 25)),
    Era("3", "S", ("昭和", "昭", "㍼"), date(1926, 12, 25), date(1989, 1, 7)),
    Era("4", "H", ("平成", "平", "㍻"), date(1989, 1, 8), date(2019, 4, 30)),
    Era("5", "R", ("令和", "令", "㋿"), date(2019, 5, 1), date.max),
)
_BY_MARK = {mark: era for era in ERAS for mark in (era.digit, era.letter, *era.names)}
_NAMES = "|".join(name for era in ERAS for name in era.names)
_PART = r"\d{1,2}|不詳|不明"
_SEVEN = re.compile(r"([1-5])(\d{2})(\d{2})(\d{2})", re.ASCII)
_SHORT = re.compile(r"([MTSHR])(\d{2})(\d{2})(\d{2})", re.ASCII)
_DOTTED = re.compile(rf"([MTSHR]|{_NAMES}) ?(元|\d{{1,2}})[./-]({_PART})[./-]({_PART})", re.ASCII)
_WRITTEN = re.compile(
    rf"([MTSHR]|{_NAMES}) ?(元|\d{{1,2}})年 ?(?:({_PART})月 ?(?:({_PART})日?)?|不詳|不明|月日不詳|月日不明)?",
    re.ASCII,
)
FORMS = (_SEVEN, _SHORT, _DOTTED, _WRITTEN)
_NOT_KNOWN = frozenset({None, "不詳", "不明", "99"})


def read_wareki(text: str) -> tuple[Parts, Era] | None:
    """Return year (A.D.), month and day, 0 where not known, and the era; None when `text` is of no such form.

    Whether the day lies in the era is for the caller, who knows how to widen a part that is not known.
    """
    text = text.upper()
    found = next(filter(None, (form.fullmatch(text) for form in FORMS)), None)
    if found is None:
        return None
    mark, year, month, day = found.groups()
    era = _BY_MARK[mark]
    number = 1 if year == "元" else int(year)
    return (era.first.year + number - 1 if number else 0, _part(month), _part(day)), era


def _part(text: str | None) -> int:
    return 0 if text in _NOT_KNOWN else int(text)
