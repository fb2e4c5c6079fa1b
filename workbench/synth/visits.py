"""When a child sees the doctor: the days on which vaccines are given together.

Visits follow the standard periods with a tail of late ones and keep 28 days between them (JE apart), so that
every legal interval holds without looking at pairs of vaccines. Only the planted hasty children break one.
"""

from dataclasses import dataclass

import numpy as np

from workbench.synth import days
from workbench.synth.book import Book
from workbench.synth.days import NEVER, add_months, open_day

FIRST, SECOND, THIRD, FOURTH, HALF_YEAR, BIRTHDAY, SECOND_WINTER, JE_1, JE_2, JE_3, PRESCHOOL, JE_4, ELEVEN = range(13)
_RECORDED_BIRTHS = days.on(1979, 4, 2)
_APART = 28
_MONTH_EARLIER_FROM = days.on(2023, 4, 1)  # 4種混合 may start at two months instead of three
_JE_HOLD = (days.on(2005, 5, 30), days.on(2010, 3, 31))  # no recommendation: caught up afterwards
_LAST_JE_COHORT = days.on(2007, 4, 1)
_HASTY_SHARE, _VERY_LATE_SHARE = 0.01, 0.006
_HASTY_BIRTHS = days.on(2013, 1, 1)


@dataclass(frozen=True)
class Children:
    """Rows of people with a childhood on record, and the day of each visit."""

    who: np.ndarray
    births: np.ndarray
    cohort: np.ndarray  # fiscal year of birth
    day: np.ndarray  # (children, visits)

    def at(self, visit: int) -> np.ndarray:
        """Return the day of one visit."""
        return self.day[:, visit]

    def by_age(self, visit: int, months: int) -> np.ndarray:
        """Return who has that visit well before reaching an age."""
        return self.day[:, visit] <= add_months(self.births, months) - 2


def plan(book: Book, excluded: np.ndarray) -> Children:
    """Return the visits of everyone born since records are kept, except `excluded` (a mask of people)."""
    who = np.flatnonzero((book.people.birth >= _RECORDED_BIRTHS) & ~excluded)
    births = book.people.birth[who]
    infancy = _infancy(births, book.rng)
    school = _to_school(births, infancy, book.rng)
    return Children(who, births, days.birth_cohort(births), np.column_stack([*infancy, *school]))


def near(children: Children, people: int, who: np.ndarray, when: np.ndarray) -> np.ndarray:
    """Return which of these days fall within 28 days of one of the person's visits."""
    row = np.full(people, -1)
    row[children.who] = np.arange(len(children.who))
    visits = children.day[row[who]]
    return (np.abs(visits - when[:, None]) < _APART).any(axis=1) & (row[who] >= 0)


def _infancy(births: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Return the visits of the first two years."""
    count = len(births)
    first = add_months(births, 2) + 2 + _delay(rng, count, 9, late=(0.05, 200))
    first = np.where(rng.random(count) < _VERY_LATE_SHARE, first + rng.integers(300, 900, count), first)
    first = open_day(first)
    second = first + _APART + _delay(rng, count, 5)
    second = np.where(first < _MONTH_EARLIER_FROM, np.maximum(second, add_months(births, 3) + 2), second)
    is_recent = first >= _MONTH_EARLIER_FROM
    hasty = (rng.random(count) < _HASTY_SHARE) & (births >= _HASTY_BIRTHS)
    hasty[np.flatnonzero(is_recent)[2:30:9]] = True  # even a small city has some
    second = open_day(np.where(hasty & is_recent, first + rng.integers(10, 18, count), second))
    third = second + _APART + _delay(rng, count, 5)
    third = open_day(np.where(hasty & ~is_recent, second + rng.integers(10, 18, count), third))
    fourth = np.maximum(third + _APART + _delay(rng, count, 6), add_months(births, 5) + _delay(rng, count, 12))
    fourth = open_day(fourth)
    half = np.maximum(fourth + _APART, first + 141 + _delay(rng, count, 10))
    half = open_day(np.maximum(half, add_months(births, 7) + _delay(rng, count, 15)))
    birthday = add_months(births, 12) + 1 + _delay(rng, count, 18, late=(0.09, 330))
    birthday = open_day(np.maximum(half + _APART, birthday))
    second_winter = np.maximum(birthday + 190, add_months(births, 18)) + _delay(rng, count, 20)
    return [first, second, third, fourth, half, birthday, open_day(second_winter)]


def _to_school(births: np.ndarray, infancy: list[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """Return the visits from the third birthday on; PRESCHOOL may be NEVER."""
    count = len(births)
    je_1 = np.maximum(infancy[-1] + _APART, add_months(births, 36) + 1 + _delay(rng, count, 60, late=(0.15, 900)))
    je_1 = open_day(_after_hold(je_1, 1400, rng))
    je_2 = open_day(je_1 + 7 + rng.integers(0, 21, count))
    je_3 = open_day(je_2 + 330 + _delay(rng, count, 60))
    start = days.fiscal_start(days.birth_cohort(births) + 6)
    preschool = start + np.interp(rng.random(count), [0, 0.55, 0.8, 1], [0, 75, 200, 360]).astype(np.int64)
    for other in (je_1, je_2, je_3):
        clash = np.abs(preschool - other) < _APART
        preschool = np.where(clash, other + _APART, preschool)
    preschool = open_day(preschool)
    preschool = np.where(preschool <= add_months(start, 12) - 2, preschool, NEVER)
    je_4 = add_months(births, 108) + 1 + _delay(rng, count, 90, late=(0.25, 1000))
    je_4 = np.where(births <= _LAST_JE_COHORT, _after_hold(je_4, 2500, rng), je_4)
    je_4 = open_day(np.maximum(je_4, np.maximum(je_3, preschool) + 200))
    eleven = add_months(births, 132) + 1 + _delay(rng, count, 90, late=(0.15, 380))
    for other in (je_1, je_2, je_3, je_4):
        eleven = np.where(np.abs(eleven - other) < _APART, other + _APART, eleven)
    eleven = open_day(eleven)
    return [je_1, je_2, je_3, preschool, je_4, eleven]


def _after_hold(day: np.ndarray, spread: int, rng: np.random.Generator) -> np.ndarray:
    held = (day >= _JE_HOLD[0]) & (day <= _JE_HOLD[1])
    return np.where(held, _JE_HOLD[1] + 1 + rng.integers(0, spread, len(day)), day)


def _delay(rng: np.random.Generator, count: int, typical: float, *, late: tuple[float, int] = (0.0, 1)) -> np.ndarray:
    """Draw days of delay: exponential, plus for a share of the children up to so many days more."""
    delay = np.floor(rng.exponential(typical, count)).astype(np.int64)
    share, most = late
    return np.where(rng.random(count) < share, delay + rng.integers(0, most, count), delay)
