"""The childhood programmes: which vaccine at which visit, by the rules and products of the time."""

import numpy as np

from workbench.synth import days, visits
from workbench.synth.book import Book
from workbench.synth.days import NEVER, add_months
from workbench.synth.tables import VOLUNTARY, curve
from workbench.synth.visits import Children

_GOES_ON = 0.994  # chance that a series is not broken off before the next dose
_FOUR_FROM, _FIVE_FROM = days.on(2012, 11, 1), days.on(2024, 4, 1)  # 4種混合, 5種混合
_FIVE_FOR_ALL = days.on(2024, 6, 1)
_FOUR_SOLD_UNTIL = days.on(2025, 7, 31)
_THREE_MONTHS_UNTIL = days.on(2023, 3, 31)
_BCG_TO_ONE_YEAR = days.on(2013, 4, 1)
_MR_FROM = days.on(2006, 4, 1)
_PCV_CHANGES = [days.on(2013, 11, 1), days.on(2024, 4, 1), days.on(2024, 10, 1)]
_IPV_BIRTHS = (days.on(2011, 6, 1), days.on(2012, 7, 31))
_HIB_BIRTHS, _VAR_BIRTHS = days.on(2011, 1, 1), days.on(2010, 4, 1)
_HEPB_BIRTHS, _HEPB_PRIVATE = days.on(2016, 4, 1), days.on(2013, 1, 1)
_ROTA_BIRTHS, _ROTA_PRIVATE = days.on(2020, 8, 1), days.on(2015, 1, 1)
_MR2_COHORT, _JE_A_LAST = 2000, days.on(2007, 4, 1)
_EARLY_FIVE_SHARE, _BOOSTER_AT_ONE_SHARE, _ROTA5_SHARE = 0.7, 0.6, 0.4
_LATE_PRIVATE_SHARE, _SECOND_VAR_SHARE, _THIRD_JE_SHARE = 0.4, 0.96, 0.97
_LAST_ROTA_START, _PCV_BOOSTER_DAYS = 104, 61


def vaccinate(book: Book, children: Children) -> None:
    """Write the childhood doses of these children."""
    accepts = book.wants(children.who, curve("INFANT", children.cohort))
    takes_five = _combined(book, children, accepts)
    _hib(book, children, accepts & ~takes_five)
    _pneumococcal(book, children, accepts)
    _bcg(book, children)
    _hepatitis(book, children)
    _rota(book, children)
    _measles(book, children)
    _varicella(book, children)
    _encephalitis(book, children)
    eleven = book.wants(children.who, curve("DT2", children.cohort)) & children.by_age(visits.ELEVEN, 156)
    book.add(children.who, np.where(eleven, children.at(visits.ELEVEN), NEVER), "DT")


def _series(book: Book, children: Children, symbol: str, going: np.ndarray, when: list[np.ndarray]) -> np.ndarray:
    """Write the doses of a series one after the other; return who had them all."""
    for dose, day in enumerate(when, 1):
        going = going & (book.chance(len(going), _GOES_ON) | (dose == 1)) & (day != NEVER)
        book.add(children.who, np.where(going, day, NEVER), (symbol, dose))
    return going


def _combined(book: Book, children: Children, accepts: np.ndarray) -> np.ndarray:
    """Diphtheria, tetanus, pertussis, polio; return who gets 5種混合, Hib included."""
    first, second, third, fourth = (children.at(visit) for visit in range(4))
    waits = first <= _THREE_MONTHS_UNTIL
    when = [np.where(waits, late, early) for early, late in ((first, second), (second, third), (third, fourth))]
    when[2] = np.where(when[2] <= add_months(children.births, 90) - 2, when[2], NEVER)
    may = (first >= _FIVE_FROM) & book.chance(len(first), _EARLY_FIVE_SHARE)
    takes_five = may | (first >= _FIVE_FOR_ALL)
    takes_four = ~takes_five & (when[0] >= _FOUR_FROM)
    takes_three = ~takes_five & ~takes_four
    booster = children.at(visits.SECOND_WINTER)
    at_one = (children.at(visits.BIRTHDAY) >= add_months(when[2], 6) + 1) & book.chance(
        len(first), _BOOSTER_AT_ONE_SHARE
    )
    booster_five = np.where(at_one, children.at(visits.BIRTHDAY), booster)
    five = _series(book, children, "DPIH", accepts & takes_five, when)
    book.add(children.who, np.where(five, booster_five, NEVER), ("DPIH", 4))
    four = _series(book, children, "DPTI", accepts & takes_four, when)
    is_sold = booster <= _FOUR_SOLD_UNTIL
    book.add(children.who, np.where(four & is_sold, booster, NEVER), ("DPTI", 4))
    for symbol in ("DPT", "IPV"):  # 4種混合 is sold out: its parts complete the series
        book.add(children.who, np.where(four & ~is_sold, booster, NEVER), (symbol, 4))
    three = _series(book, children, "DPT", accepts & takes_three, when)
    book.add(children.who, np.where(three, booster, NEVER), ("DPT", 4))
    polio = three & (children.births >= _IPV_BIRTHS[0]) & (children.births <= _IPV_BIRTHS[1])
    late = [children.at(visit) for visit in (visits.HALF_YEAR, visits.BIRTHDAY, visits.SECOND_WINTER)]
    _series(book, children, "IPV", polio & (late[0] >= days.on(2012, 9, 1)), late)
    return takes_five


def _classes(children: Children) -> tuple[np.ndarray, np.ndarray]:
    """Return who began before seven months, and who between seven and twelve (the classes of Hib and PCV)."""
    early = children.by_age(visits.FIRST, 7)
    return early, ~early & children.by_age(visits.FIRST, 12)


def _hib(book: Book, children: Children, accepts: np.ndarray) -> None:
    early, middle = _classes(children)
    accepts = accepts & (children.births >= _HIB_BIRTHS) & children.by_age(visits.FIRST, 60)
    first, second, third = (children.at(visit) for visit in range(3))
    second = np.where((early | middle) & children.by_age(visits.SECOND, 12), second, NEVER)
    third = np.where(early & children.by_age(visits.THIRD, 12), third, NEVER)
    book.add(children.who, np.where(accepts, first, NEVER), "HIB")
    book.add(children.who, np.where(accepts, second, NEVER), ("HIB", 2))
    book.add(children.who, np.where(accepts, third, NEVER), ("HIB", 3))
    last = np.maximum(np.maximum(second, third), first)
    birthday, winter = children.at(visits.BIRTHDAY), children.at(visits.SECOND_WINTER)
    booster = np.where(birthday >= add_months(last, 7) + 1, birthday, winter)
    has = accepts & (early | middle) & (booster <= add_months(children.births, 60) - 2)
    book.add(children.who, np.where(has & book.chance(len(has), _GOES_ON), booster, NEVER), ("HIB", 4))


def _pneumococcal(book: Book, children: Children, accepts: np.ndarray) -> None:
    early, middle = _classes(children)
    late = ~early & ~middle & children.by_age(visits.FIRST, 24)  # two doses, sixty days apart
    accepts = accepts & (children.births >= _HIB_BIRTHS) & children.by_age(visits.FIRST, 60)
    second = np.where(early | middle, children.at(visits.SECOND), np.where(late, children.at(visits.FOURTH), NEVER))
    when = [children.at(visits.FIRST), second, np.where(early, children.at(visits.THIRD), NEVER)]
    last = np.maximum(np.maximum(when[1], when[2]), when[0])
    birthday, winter = children.at(visits.BIRTHDAY), children.at(visits.SECOND_WINTER)
    booster = np.where(birthday - last > _PCV_BOOSTER_DAYS, birthday, winter)
    fits = (early | middle) & (booster <= add_months(children.births, 60) - 2)
    when.append(np.where(fits & book.chance(len(fits), _GOES_ON), booster, NEVER))
    for dose, day in enumerate(when, 1):
        product = np.searchsorted(_PCV_CHANGES, day, side="right")
        book.add(children.who, np.where(accepts, day, NEVER), ("PCV", dose), product=product)


def _bcg(book: Book, children: Children) -> None:
    wants = book.wants(children.who, curve("INFANT", children.cohort))
    fourth, second = children.at(visits.FOURTH), children.at(visits.SECOND)
    modern = fourth >= _BCG_TO_ONE_YEAR
    day = np.where(modern, fourth, second)
    in_time = np.where(modern, children.by_age(visits.FOURTH, 12), children.by_age(visits.SECOND, 6))
    book.add(children.who, np.where(wants & in_time, day, NEVER), "BCG")


def _hepatitis(book: Book, children: Children) -> None:
    wants = book.wants(children.who, curve("HEPB", children.cohort)) & (children.births >= _HEPB_PRIVATE)
    in_time = children.by_age(visits.FIRST, 12)
    legal = np.where(children.births < _HEPB_BIRTHS, VOLUNTARY, 0)
    for dose, visit in enumerate((visits.FIRST, visits.SECOND, visits.HALF_YEAR), 1):
        in_time = in_time & children.by_age(visit, 12) & (book.chance(len(wants), _GOES_ON) | (dose == 1))
        day = np.where(wants & in_time, children.at(visit), NEVER)
        book.add(children.who, day, ("HEPB", dose), legal=legal)


def _rota(book: Book, children: Children) -> None:
    wants = book.wants(children.who, curve("ROTA", children.cohort)) & (children.births >= _ROTA_PRIVATE)
    wants &= children.at(visits.FIRST) <= children.births + _LAST_ROTA_START
    legal = np.where(children.births < _ROTA_BIRTHS, VOLUNTARY, 0)
    five = book.chance(len(wants), _ROTA5_SHARE)
    for symbol, takes, doses, until in (("ROTA1", wants & ~five, 2, 167), ("ROTA5", wants & five, 3, 223)):
        for dose in range(doses):
            in_time = children.at(dose) <= children.births + until
            day = np.where(takes & in_time, children.at(dose), NEVER)
            book.add(children.who, day, (symbol, dose + 1), legal=legal)


def _measles(book: Book, children: Children) -> None:
    wants = book.wants(children.who, curve("MR1", children.cohort))
    day = children.at(visits.BIRTHDAY)
    in_time = children.by_age(visits.BIRTHDAY, 24)
    single = day < _MR_FROM
    for symbol, visit in (("M", visits.BIRTHDAY), ("R", visits.SECOND_WINTER)):
        book.add(children.who, np.where(wants & in_time & single, children.at(visit), NEVER), symbol)
    book.add(children.who, np.where(wants & in_time & ~single, day, NEVER), "MR")
    private = wants & ~in_time & ~single & book.chance(len(wants), _LATE_PRIVATE_SHARE)
    book.add(children.who, np.where(private, day, NEVER), "MR", legal=VOLUNTARY)
    again = book.wants(children.who, curve("MR2", children.cohort)) & (children.cohort >= _MR2_COHORT)
    book.add(children.who, np.where(again, children.at(visits.PRESCHOOL), NEVER), ("MR", 2))


def _varicella(book: Book, children: Children) -> None:
    wants = book.wants(children.who, curve("VAR", children.cohort)) & (children.births >= _VAR_BIRTHS)
    first = wants & children.by_age(visits.BIRTHDAY, 36)
    second = first & children.by_age(visits.SECOND_WINTER, 36) & book.chance(len(wants), _SECOND_VAR_SHARE)
    book.add(children.who, np.where(first, children.at(visits.BIRTHDAY), NEVER), "VAR")
    book.add(children.who, np.where(second, children.at(visits.SECOND_WINTER), NEVER), ("VAR", 2))


def _encephalitis(book: Book, children: Children) -> None:
    """日本脳炎: those of the 特例 cohorts have until twenty."""
    extended = children.births <= _JE_A_LAST
    first = book.wants(children.who, curve("JE1", children.cohort)) & (extended | children.by_age(visits.JE_2, 90))
    third = _series(book, children, "JE", first, [children.at(visits.JE_1), children.at(visits.JE_2)])
    third &= book.chance(len(first), _THIRD_JE_SHARE) & (extended | children.by_age(visits.JE_3, 90))
    book.add(children.who, np.where(third, children.at(visits.JE_3), NEVER), ("JE", 3))
    in_time = children.by_age(visits.JE_4, 156) | (extended & children.by_age(visits.JE_4, 240))
    fourth = third & in_time & book.wants(children.who, curve("JE2", children.cohort))
    book.add(children.who, np.where(fourth, children.at(visits.JE_4), NEVER), ("JE", 4))
