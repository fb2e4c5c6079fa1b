"""HPV: the girls before the recommendation was withheld, those who caught up, and those of today."""

import numpy as np

from workbench.synth import days, visits
from workbench.synth.book import Book
from workbench.synth.days import NEVER, add_months, open_day
from workbench.synth.tables import curve
from workbench.synth.visits import Children

_WOMAN = 2
_FIRST_BIRTH = days.on(1994, 4, 2)
_WITHHELD, _BACK = days.on(2013, 6, 13), days.on(2022, 4, 1)
_NINE_FROM, _NINE_ONLY = days.on(2023, 4, 1), days.on(2026, 4, 1)
_CATCHUP_END, _TRANSITION_END = days.on(2025, 3, 31), days.on(2026, 3, 31)
_LAST_CATCHUP_COHORT = 2008
_BIVALENT, _QUADRIVALENT, _NINE = 0, 1, 2
_AGES, _AGE_SHARES = [12, 13, 14, 15, 16], [0.08, 0.42, 0.14, 0.13, 0.23]
_SECOND_SHARE, _THIRD_SHARE = 0.95, 0.93
_OLD_PRODUCT_SHARE, _BIVALENT_SHARE = 0.03, 0.3


def vaccinate(book: Book, children: Children, excluded: np.ndarray) -> None:
    """Write the HPV doses of girls and women; `excluded` (a mask of people) get none."""
    is_girl = (book.people.sex == _WOMAN) & (book.people.birth >= _FIRST_BIRTH) & ~excluded
    who = np.flatnonzero(is_girl)
    cohort = days.birth_cohort(book.people.birth[who])
    early = book.wants(who, curve("HPV", cohort))
    early_day = _before_withheld(book, cohort)
    caught = ~early & book.wants(who, curve("HPV_CATCHUP", cohort)) & (cohort < _LAST_CATCHUP_COHORT)
    caught_day = _BACK + np.floor(1090 * np.sqrt(book.rng.random(len(who)))).astype(np.int64)
    routine = ~early & ~caught & book.wants(who, curve("HPV_ROUTINE", cohort))
    first = np.where(early, early_day, np.where(caught, caught_day, np.where(routine, _today(book, cohort), NEVER)))
    first = np.where(first == NEVER, NEVER, open_day(first))
    first = np.where(_clashes(book, children, who, first), NEVER, first)
    leaves = days.fiscal_start(cohort + 17) - 1
    until = np.where(cohort <= _LAST_CATCHUP_COHORT, _TRANSITION_END, leaves)
    _doses(book, children, who, first, until - 1)


def _before_withheld(book: Book, cohort: np.ndarray) -> np.ndarray:
    start = np.maximum(days.on(2010, 12, 1), days.fiscal_start(cohort + 12) + 20)
    day = start + np.floor(book.rng.random(len(cohort)) * (_WITHHELD - start)).astype(np.int64)
    return np.where(start < _WITHHELD, day, NEVER)


def _today(book: Book, cohort: np.ndarray) -> np.ndarray:
    """Draw the first day since 2022-04-01: mostly at 13 in summer, many in the last year, none after it."""
    age = book.rng.choice(_AGES, len(cohort), p=_AGE_SHARES)
    in_year = np.interp(book.rng.random(len(cohort)), [0, 0.3, 0.8, 1], [0, 90, 200, 360]).astype(np.int64)
    day = days.fiscal_start(cohort + age) + in_year
    later = _BACK + book.rng.integers(0, 700, len(cohort))
    day = np.where(day < _BACK, later, day)
    leaves = days.fiscal_start(cohort + 17) - 1
    leaves = np.where(cohort <= _LAST_CATCHUP_COHORT, _CATCHUP_END, leaves)
    return np.where(day < leaves, day, NEVER)


def _clashes(book: Book, children: Children, who: np.ndarray, when: np.ndarray) -> np.ndarray:
    """Return which days are too near a visit for another vaccine, by the rule of their time."""
    return visits.near(children, len(book.people), who, when) & (when < _BACK)


def _doses(book: Book, children: Children, who: np.ndarray, first: np.ndarray, until: np.ndarray) -> None:
    """Write two or three doses: 9価 begun before 15 needs two, six months apart."""
    count = len(who)
    draw = book.rng.random(count)
    old = np.where(draw < _BIVALENT_SHARE, _BIVALENT, _QUADRIVALENT)
    nine = (first >= _NINE_FROM) & ((draw > _OLD_PRODUCT_SHARE) | (first >= _NINE_ONLY))
    product = np.where(nine, _NINE, old)
    two = nine & (first <= add_months(book.people.birth[who], 180) - 2)
    short = np.where(product == _BIVALENT, 31, 62) + book.rng.integers(0, 20, count)
    second = open_day(first + np.where(two, 186 + book.rng.integers(0, 60, count), short))
    third = open_day(np.maximum(first + 186, second + 95) + book.rng.integers(0, 60, count))
    has_second = (
        ~_clashes(book, children, who, second)
        & (first != NEVER)
        & book.chance(count, _SECOND_SHARE)
        & (second <= until)
    )
    has_third = (
        ~_clashes(book, children, who, third) & has_second & ~two & book.chance(count, _THIRD_SHARE) & (third <= until)
    )
    book.add(who, first, "HPV", product=product)
    for dose, has, day in ((2, has_second, second), (3, has_third, third)):
        current = np.where(day >= _NINE_ONLY, _NINE, product)
        book.add(who, np.where(has, day, NEVER), ("HPV", dose), product=current)
