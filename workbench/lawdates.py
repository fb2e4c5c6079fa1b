"""Legal date arithmetic: rules R1 to R16, pure functions on `datetime.date`.

Months and years of age are counted here and nowhere else; SQL never adds a month. All days are whole days and
both ends of a window belong to it. There is no clock here: every date is an argument.

R5 needs no function of its own: one day is both "n歳以上" and "n歳未満", because R3 and R4 name the same day, the day
before the n-th birthday. Two shortcuts are not the law: `birth - 1 day + n months` fails for births on the 1st, and
`birth + n months - 1 day` for births on the 29th to 31st.

Sources: 年齢計算ニ関スル法律 (明治35年法律第50号), 民法143条2項, 学校教育法17条, and 事務連絡 平成26年3月11日
「定期の予防接種における対象者の解釈について」 as cities quote it.
"""

import re
from calendar import monthrange
from datetime import date, timedelta
from typing import Literal

ONE_DAY = timedelta(days=1)
LAW_FROM = date(2013, 4, 1)  # the statute's data begins with the amendment of 2013; before it there is part of it only
APRIL = 4
SHORTEST_MONTH = 28  # every month has this day
SCHOOL_AGE_YEARS = 6
GUARDIAN_UNTIL_YEARS = 16
PREGNANCY_DAYS = 280  # 40週0日, the expected date of delivery

UpperReading = Literal["clear", "elapsed"]

# 元号法 and the edicts; what is read, in its many forms, is a matter of `sources`.
ERAS = (
    ("令和", date(2019, 5, 1)),
    ("平成", date(1989, 1, 8)),
    ("昭和", date(1926, 12, 25)),
    ("大正", date(1912, 7, 30)),
    ("明治", date(1868, 1, 1)),
)
WEEKDAYS = "月火水木金土日"

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def read_day(text: str) -> date | None:
    """Return the day written YYYY-MM-DD; None for all else, the other forms of ISO 8601 included."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def wareki(day: date) -> str:
    """Write a day as the law's papers do: 令和9年3月31日; the first year is 元年, days before 明治 are 西暦."""
    name, first = next((era for era in ERAS if era[1] <= day), ("西暦", date.min))
    year = day.year - first.year + 1
    return f"{name}{'元' if year == 1 else year}年{day.month}月{day.day}日"


def wareki_with_weekday(day: date) -> str:
    """Write a day with its weekday: 令和9年3月31日（水）."""
    return f"{wareki(day)}（{WEEKDAYS[day.weekday()]}）"


def reach_months(birth: date, months: int) -> date:
    """R1: the day on which "生後n月に達する（至る）", at 24:00.

    The day before the corresponding day n months later; the last day of that month when it has no such day.

    Raises:
        ValueError: `months` is less than 1.

    Source:
        年齢計算ニ関スル法律, 民法143条2項.
    """
    if months < 1:
        msg = "an age is reached after at least one month"
        raise ValueError(msg)
    year, month = divmod(birth.year * 12 + birth.month - 1 + months, 12)
    month += 1
    day = birth.day
    if day == 1:
        return date(year, month, 1) - ONE_DAY
    if day <= SHORTEST_MONTH or day <= (last := monthrange(year, month)[1]):
        return date(year, month, day - 1)
    return date(year, month, last)


def reach_years(birth: date, years: int) -> date:
    """R2: the day on which "n歳に達する", the day before the n-th birthday; 28 February for a leap day in common years.

    Source:
        年齢計算ニ関スル法律, 民法143条2項.
    """
    return reach_months(birth, 12 * years)


def first_day_from_months(birth: date, months: int) -> date:
    """R3: the first eligible day of "生後n月以上" and "生後n月から" (n歳 is 12n月).

    The day before the birthday counts, although the age is reached only at 24:00.

    Source:
        事務連絡 平成26年3月11日.
    """
    return reach_months(birth, months)


def last_day_until_months(birth: date, months: int) -> date:
    """R4: the last eligible day of "至るまで", "至った日まで", "達するまで" and "未満" (n歳 is 12n月); it is included.

    Source:
        事務連絡 平成26年3月11日.
    """
    return reach_months(birth, months)


def day_after_reaching_months(birth: date, months: int) -> date:
    """R6: "生後n月に至った日の翌日" (n歳 is 12n月).

    Source:
        予防接種法施行令3条 (the wording), 民法143条2項.
    """
    return reach_months(birth, months) + ONE_DAY


def weeks_days_after(birth: date, weeks: int, days: int) -> date:
    """R7: "出生w週d日後"; the day of birth is 0週0日, and から and まで both include the day.

    Source:
        予防接種法施行令3条, ロタウイルス感染症.
    """
    return birth + timedelta(days=7 * weeks + days)


def fiscal_year(day: date) -> int:
    """R8: the 年度 that holds `day`, named by the year in which it begins on 1 April."""
    return day.year if day.month >= APRIL else day.year - 1


def fy_start(year: int) -> date:
    """R8: the first day of 年度 `year`, 1 April."""
    return date(year, APRIL, 1)


def fy_end(year: int) -> date:
    """R8: the last day of 年度 `year`, 31 March of the next year."""
    return date(year + 1, 3, 31)


def fy_of_age(birth: date, years: int) -> tuple[date, date]:
    """R8: first and last day of the 年度 to which the day belongs on which the person turns `years`.

    Who is born on 1 April turns it on 31 March, one 年度 earlier than who is born on 2 April.

    Source:
        予防接種法施行令3条 ("n歳となる日の属する年度").
    """
    year = fiscal_year(reach_years(birth, years))
    return fy_start(year), fy_end(year)


def births_turning(years: int, *, in_fiscal_year: int) -> tuple[date, date]:
    """R8 turned round: first and last birth date of those who turn `years` in a 年度 ("n年度末年齢").

    Source:
        予防接種法施行令 附則 (帯状疱疹 and other cohorts by 年度).
    """
    birth_year = in_fiscal_year - years
    return date(birth_year, APRIL, 2), date(birth_year + 1, APRIL, 1)


def school_entry(birth: date) -> date:
    """R9: 小学校就学の始期, the first 1 April on or after the day after the sixth year is reached.

    Source:
        学校教育法17条1項.
    """
    six = reach_years(birth, SCHOOL_AGE_YEARS) + ONE_DAY
    entry = fy_start(six.year)
    return entry if entry >= six else fy_start(six.year + 1)


def year_before_school(birth: date) -> tuple[date, date]:
    """R10: first and last day of the year before 小学校就学の始期, the window of MR第2期.

    Source:
        予防接種法施行令3条 (麻しん・風しん).
    """
    entry = school_entry(birth)
    return fy_start(entry.year - 1), entry - ONE_DAY


def earliest_after_days(given: date, days: int) -> date:
    """R11: the first day after an interval of "n日以上", with n clear days between.

    27日以上 is the same weekday four weeks later.

    Source:
        予防接種実施規則 (the intervals); reading as 名取市 publishes it.
    """
    return given + timedelta(days=days + 1)


def earliest_after_months(given: date, months: int) -> date:
    """R12: the first day after an interval of "n月以上": the same day n months later.

    Where that day does not exist the interval ends with the month, so the 1st of the following month.

    Raises:
        ValueError: `months` is less than 1.

    Source:
        民法143条2項; reading as 名取市 publishes it.
    """
    return reach_months(given, months) + ONE_DAY


def latest_standard_after_days(given: date, days: int, *, reading: UpperReading = "clear") -> date:
    """R13: the last day of a standard interval "… n日まで".

    "clear" counts n clear days between as R11 does (56日まで: 57 days later); "elapsed" is n days later, the reading of
    some offices. A standard interval decides only what is late, never what is legal.

    Source:
        定期接種実施要領; the reading is a choice of the city.
    """
    return given + timedelta(days=days + 1 if reading == "clear" else days)


def earliest_after_months_and_days(given: date, months: int, days: int) -> date:
    """R14: the first day after an interval of "n月半以上": n months by R12 and `days` (15) more. Unconfirmed.

    Source:
        予防接種実施規則 (HPV 2価).
    """
    return earliest_after_months(given, months) + timedelta(days=days)


def pregnancy_day(due: date, weeks: int, days: int) -> date:
    """R15: the day that is "妊娠w週d日", counted from the expected date of delivery, 40週0日."""
    return due - timedelta(days=PREGNANCY_DAYS - 7 * weeks - days)


def rsv_window(due: date) -> tuple[date, date]:
    """R15: first and last day of "妊娠28週から37週に至るまで", 28週0日 to 36週6日; `due` is the delivery expected.

    Source:
        予防接種法施行令3条 (RSウイルス感染症, from 2026-04-01).
    """
    return pregnancy_day(due, 28, 0), pregnancy_day(due, 36, 6)


def guardian_until(birth: date) -> date:
    """R16: the last day on which the guardian is addressed and consents, because the person is "16歳未満" (R4).

    Source:
        予防接種法8条 (7条の2 in the text of 2011).
    """
    return reach_years(birth, GUARDIAN_UNTIL_YEARS)
