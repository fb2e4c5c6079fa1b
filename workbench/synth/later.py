"""Vaccines after childhood: mothers, influenza, COVID-19, pneumococcal, shingles, rubella of grown men."""

from typing import Any

import numpy as np

from workbench.synth import days, visits
from workbench.synth.book import Book
from workbench.synth.circumstances import Circumstances
from workbench.synth.days import NEVER, add_months, open_day
from workbench.synth.tables import ROUTINE, TEMPORARY, VOLUNTARY, curve, load
from workbench.synth.visits import Children

_OLD_AGE, _VERY_OLD_AGE, _HALF_YEAR, _TWO_DOSE_AGE, _SCHOOL_END, _CENTURY = 65.02, 75.02, 0.5, 13, 16, 100
_HABIT = 2.0  # who takes the yearly vaccine takes it every year: spread of the log odds
_LOGISTIC = 0.3927
_FIRST_SEASON, _FIRST_ROUTINE_DAY = 2001, days.on(2001, 11, 7)
_HIGH_DOSE_FROM, _HIGH_DOSE_SHARE = days.on(2026, 10, 1), 0.35
_SEASON_SHARE, _SEASON_DAY = [0, 0.1, 0.7, 0.95, 1], [0, 12, 50, 80, 121]
_COVID_ELDERS, _COVID_AGE, _COVID_CHILD_PCT = 60.0, 12.0, 20.0
_COVID_CHILD_FROM, _COVID_END = days.on(2022, 3, 5), days.on(2024, 3, 31)
_COVID_ROUTINE_YEAR = 2024
_PPV_END, _ONE_AGE_FROM = days.on(2026, 3, 31), days.on(2024, 4, 1)
_PPV_YEARS = range(2014, 2024)
_SHINGLES_FROM, _SHINGLES_PRIVATE_FROM, _SHINGLES_LIVE_SHARE = 2025, days.on(2022, 4, 1), 0.3
_RSV_FROM, _RSV_PRIVATE_FROM, _RSV_PCT, _RSV_PRIVATE_SHARE = days.on(2026, 4, 1), days.on(2024, 7, 1), 55.0, 0.08
_RUBELLA_DAYS, _RUBELLA_PCT = (days.on(2019, 6, 3), days.on(2025, 3, 20)), 65.0


def vaccinate(book: Book, children: Children, found: Circumstances, excluded: np.ndarray) -> None:
    """Write the doses of later life; `excluded` (a mask of people) get none."""
    adults = np.flatnonzero(~excluded)
    _mothers(book, found, excluded)
    _influenza(book, found, adults)
    _covid(book, children, found, adults)
    _rubella(book, found, excluded)
    elders = adults[book.people.birth[adults] <= book.today - round(50 * 365.25)]
    _pneumococcal(book, elders)
    _shingles(book, elders)


def _mothers(book: Book, found: Circumstances, excluded: np.ndarray) -> None:
    """RSウイルス: mothers and women who expect a child, some weeks before the day it is expected."""
    mothers = np.flatnonzero(found.due_on != NEVER)
    when = open_day(found.due_on[mothers] - book.rng.integers(24, 82, len(mothers)))
    takes = book.wants(mothers, np.where(when >= _RSV_FROM, _RSV_PCT, 100 * _RSV_PRIVATE_SHARE))
    takes &= ~excluded[mothers] & (when >= _RSV_PRIVATE_FROM)
    book.add(mothers, np.where(takes, when, NEVER), "RSVM")


def _rubella(book: Book, found: Circumstances, excluded: np.ndarray) -> None:
    """風しん第5期: men whose test found few antibodies."""
    men = np.flatnonzero(found.has_few_antibodies)
    when = open_day(book.rng.integers(*_RUBELLA_DAYS, len(men)))
    takes = book.wants(men, _RUBELLA_PCT) & ~excluded[men]
    book.add(men, np.where(takes, when, NEVER), ("MR", 3))


def _yearly(book: Book, pct: np.ndarray, habit: np.ndarray) -> np.ndarray:
    """Decide who takes a yearly vaccine of that coverage, given each person's habit (standard normal)."""
    share = np.clip(pct / 100, 1e-6, 1 - 1e-6)
    odds = np.log(share / (1 - share)) * np.sqrt(1 + _LOGISTIC * _HABIT**2) + _HABIT * habit
    return (book.rng.random(len(pct)) < 1 / (1 + np.exp(-odds))) & (share > 1e-5)  # noqa: PLR2004 (a zero in the table)


def _influenza(book: Book, found: Circumstances, who: np.ndarray) -> None:
    """Influenza by season: routine from 65, or 60 with a condition; before that private with the city's grant."""
    habit = book.rng.standard_normal(len(who))
    for year in range(_FIRST_SEASON, int(days.fiscal_year(np.array(book.today))) + 1):
        start = max(days.on(year, 10, 1), _FIRST_ROUTINE_DAY)
        age = book.people.ages(start)[who]
        has_condition = found.designated(book.people, start)
        pct = np.where(
            (age >= _OLD_AGE) | has_condition[who], curve("FLU65", np.array(year)), curve("FLU_ADULT", np.array(year))
        )
        pct = np.where(age < _SCHOOL_END, curve("FLU_CHILD", np.array(year)), pct)
        takes = _yearly(book, pct, habit) & (age >= _HALF_YEAR)
        takers, ages = who[takes], age[takes]
        when = start + np.interp(book.rng.random(len(takers)), _SEASON_SHARE, _SEASON_DAY).astype(np.int64)
        when = open_day(when)
        again = open_day(when + book.rng.integers(21, 29, len(takers)))
        legal = np.where((ages >= _OLD_AGE) | has_condition[takers], ROUTINE, VOLUNTARY)
        high = (when >= _HIGH_DOSE_FROM) & (ages >= _VERY_OLD_AGE) & book.chance(len(takers), _HIGH_DOSE_SHARE)
        book.add(takers, np.where(high, NEVER, when), "FLU", legal=legal)
        book.add(takers, np.where(high, when, NEVER), "FLUHD", legal=ROUTINE)
        book.add(takers, np.where(ages < _TWO_DOSE_AGE, again, NEVER), ("FLU", 2), legal=VOLUNTARY)


def _covid(book: Book, children: Children, found: Circumstances, who: np.ndarray) -> None:
    """COVID-19: 特例臨時接種 to 2024-03, afterwards every autumn from 65, or 60 with a condition."""
    going = np.ones(len(who), bool)
    age = book.people.ages(days.on(2021, 7, 1))[who]
    for entry in load("rates")["covid"]:
        going, when = _covid_round(book, who, age, going, entry)
        book.add(who, np.where(going, when, NEVER), ("COV", entry["dose"]), legal=TEMPORARY)
        if entry["dose"] == 1:
            second = open_day(when + 21 + book.rng.integers(0, 8, len(who)))
            book.add(who, np.where(going, second, NEVER), ("COV", 2), legal=TEMPORARY)
    _covid_children(book, children, who[(age < _COVID_AGE) & (age > 5)])  # noqa: PLR2004 (from five years)
    habit = book.rng.standard_normal(len(who))
    for year in range(_COVID_ROUTINE_YEAR, int(days.fiscal_year(np.array(book.today))) + 1):
        start = days.on(year, 10, 1)
        is_meant = (book.people.ages(start) >= _OLD_AGE) | found.designated(book.people, start)
        takes = _yearly(book, np.where(is_meant[who], curve("COV65", np.array(year)), 0.0), habit)
        when = start + np.interp(book.rng.random(len(who)), _SEASON_SHARE, _SEASON_DAY).astype(np.int64)
        book.add(who, np.where(takes, open_day(when), NEVER), "COV")


def _covid_round(
    book: Book, who: np.ndarray, age: np.ndarray, going: np.ndarray, entry: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    is_old = age >= _COVID_ELDERS
    start = np.where(is_old, days.number(entry["elders_from"]), days.number(entry["others_from"]))
    when = open_day(start + book.rng.integers(0, entry["span"], len(who)))
    share = np.where(is_old, entry["elders_pct"], entry["others_pct"]) / 100
    return going & (book.rng.random(len(who)) < share) & (age >= _COVID_AGE) & (when <= _COVID_END), when


def _covid_children(book: Book, children: Children, who: np.ndarray) -> None:
    takes = book.wants(who, _COVID_CHILD_PCT)
    first = open_day(_COVID_CHILD_FROM + book.rng.integers(0, 150, len(who)))
    second = open_day(first + 21 + book.rng.integers(0, 7, len(who)))
    for day in (first, second):
        takes &= ~visits.near(children, len(book.people), who, day)
    book.add(who, np.where(takes, first, NEVER), "COV", legal=TEMPORARY)
    book.add(who, np.where(takes, second, NEVER), ("COV", 2), legal=TEMPORARY)


def _pneumococcal(book: Book, who: np.ndarray) -> None:
    """高齢者肺炎球菌: once in life; every fifth age to FY2023, then at 65."""
    cohort = days.birth_cohort(book.people.birth[who])
    done = np.zeros(len(who), bool)
    for year in _PPV_YEARS:
        age = year - cohort
        eligible = (age >= 65) & (((age % 5 == 0) & (age <= _CENTURY)) | (year in (2014, 2019)) & (age > _CENTURY))  # noqa: PLR2004 (the ages of the law)
        takes = eligible & ~done & book.wants(who, 42.0 if year < 2019 else 25.0)  # noqa: PLR2004 (second round)
        start = days.on(2015, 2, 5) if year == _PPV_YEARS[0] else days.on(year, 4, 5)
        when = open_day(start + book.rng.integers(0, 50 if year == _PPV_YEARS[0] else 170, len(who)))
        book.add(who, np.where(takes, when, NEVER), "PPV")
        done |= takes
    when = open_day(add_months(book.people.birth[who], 65 * 12) + book.rng.integers(5, 350, len(who)))
    takes = ~done & (when >= _ONE_AGE_FROM) & book.wants(who, 36.0)
    book.add(who, np.where(takes & (when <= _PPV_END), when, NEVER), "PPV")
    book.add(who, np.where(takes & (when > _PPV_END), when, NEVER), "PCVA")


def _shingles(book: Book, who: np.ndarray) -> None:
    """帯状疱疹: private from 50 with the city's grant, routine by age of the fiscal year since FY2025."""
    cohort = days.birth_cohort(book.people.birth[who])
    private = book.wants(who, 3.0)
    done = private.copy()
    first = open_day(_SHINGLES_PRIVATE_FROM + book.rng.integers(0, 1000, len(who)))
    _two_shingles(book, who, private, first, until=NEVER)
    for year in range(_SHINGLES_FROM, int(days.fiscal_year(np.array(book.today))) + 1):
        age = year - cohort
        eligible = (age >= 65) & (((age % 5 == 0) & (age <= _CENTURY)) | (year == _SHINGLES_FROM) & (age > _CENTURY))  # noqa: PLR2004
        takes = eligible & ~done & book.wants(who, 22.0)
        live = takes & book.chance(len(who), _SHINGLES_LIVE_SHARE)
        when = open_day(days.on(year, 4, 7) + book.rng.integers(0, 340, len(who)))
        book.add(who, np.where(live, when, NEVER), "HZL")
        _two_shingles(book, who, takes & ~live, when, until=days.on(year + 1, 3, 31))
        done |= takes


def _two_shingles(book: Book, who: np.ndarray, takes: np.ndarray, first: np.ndarray, *, until: int) -> None:
    """Write two doses two to six months apart; what is given after `until` is private."""
    second = open_day(add_months(first, 2) + book.rng.integers(1, 110, len(who)))
    for dose, when in enumerate((first, second), 1):
        given = takes & (book.chance(len(who), 0.93) | (dose == 1))
        legal = np.where(when > until, VOLUNTARY, ROUTINE)
        book.add(who, np.where(given, when, NEVER), ("HZR", dose), legal=legal)
