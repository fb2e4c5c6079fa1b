"""Households: families with their children, couples, people alone. Only births, sexes and roles here."""

from dataclasses import dataclass

import numpy as np

from workbench.synth import days
from workbench.synth.days import NEVER
from workbench.synth.tables import curve

HEAD, SPOUSE, CHILD, ELDER = 0, 1, 2, 3
_YEAR = 365.25
_CHILDHOOD_YEARS, _OLDEST_AGE = 18, 106
_REGISTERED_AFTER = 4  # days from birth to the registers
_FAMILIES = 0.0805  # per resident
_COUPLE_AGES, _COUPLE_SHARES = [18, 22, 30, 40, 60, 80, 95], [0.0, 0.1, 0.6, 0.78, 0.8, 0.65, 0.1]
_AT_HOME_SHARE, _AT_HOME_AGE, _PARENT_YEARS = 0.6, 38, 29  # grown children who live with their parents
_TWINS_SHARE, _SECOND_SHARE, _THIRD_SHARE = 0.011, 0.66, 0.24
_NO_FATHER_SHARE, _NO_ELDER_SHARES = 0.13, (0.92, 0.95)  # in families with children
_GIRLS_SHARE = 0.487
# Births that calendars get wrong: month ends, leap days, the first of a month, both sides of 1 April.
AWKWARD_BIRTHS = (
    *((2020, 2, 29), (2024, 2, 29), (2016, 2, 29), (2012, 2, 29), (2019, 4, 1), (2019, 4, 2), (2020, 4, 1)),
    *((2020, 4, 2), (2021, 4, 1), (2021, 4, 2), (2018, 12, 31), (2023, 8, 31), (2024, 8, 31), (2025, 3, 1)),
    *((2025, 1, 1), (2022, 10, 30), (2024, 3, 29), (2026, 4, 1), (2026, 5, 31), (2026, 8, 29), (2014, 4, 1)),
    *((2014, 4, 2), (2017, 5, 31), (2013, 4, 2)),
)


@dataclass(frozen=True)
class Homes:
    """Arrays of one length; a row is a person. Members of a household stand next to each other."""

    household: np.ndarray
    birth: np.ndarray
    sex: np.ndarray
    role: np.ndarray
    mother: np.ndarray  # row of the mother, or -1
    shares_numbers: bool = False  # household numbers are already those of the merged whole

    def __len__(self) -> int:
        """Return the number of persons."""
        return len(self.birth)


def settle(count: int, *, rng: np.random.Generator, today: int, pyramid: str, is_first: bool = False) -> Homes:
    """Return households of exactly `count` persons whose ages follow a pyramid of rates.toml.

    Args:
        is_first: begin with `AWKWARD_BIRTHS` and some twins.
    """
    families = _families(count, rng=rng, today=today, is_first=is_first)
    if len(families) > count:  # a handful of persons: no room for families
        families = _from_members(np.full((0, 1), NEVER), np.zeros((0, 1)), [HEAD])
    others = _grown_ups(count - len(families), families.birth, rng=rng, today=today, pyramid=pyramid)
    return merge([families, others])


def merge(parts: list[Homes]) -> Homes:
    """Put households side by side under new numbers."""
    numbers, mothers = [], []
    next_home = next_row = 0
    for part in parts:
        shift = 0 if part.shares_numbers else next_home
        numbers.append(part.household + shift)
        mothers.append(np.where(part.mother >= 0, part.mother + next_row, -1))
        next_home = max(next_home, int(numbers[-1].max(initial=-1)) + 1)
        next_row += len(part)
    columns = (np.concatenate([getattr(part, name) for part in parts]) for name in ("birth", "sex", "role"))
    birth, sex, role = columns
    return Homes(np.concatenate(numbers), birth, sex, role, np.concatenate(mothers))


def _from_members(births: np.ndarray, sexes: np.ndarray, roles: list[int]) -> Homes:
    """Flatten a table with one household a row and one place a column; NEVER is an empty place."""
    present = births != NEVER
    household, place = np.nonzero(present)
    row = np.full(births.shape, -1)
    row[present] = np.arange(len(household))
    role = np.array(roles)[place]
    mother = np.where(role == CHILD, row[household, 0], -1)
    return Homes(household, births[present], sexes[present].astype(np.int64), role, mother)


def _families(count: int, *, rng: np.random.Generator, today: int, is_first: bool) -> Homes:
    """Return parents with children: mother, father, up to three children, sometimes grandparents."""
    total = round(count * _FAMILIES)
    children = _children(total, rng=rng, today=today, is_first=is_first)
    oldest = np.where(children == NEVER, today, children).min(axis=1)
    mother = oldest - np.floor(np.clip(rng.normal(29.7, 4.6, total), 18, 42) * _YEAR).astype(np.int64)
    father = mother - np.floor(rng.normal(1.8, 3.4, total) * _YEAR).astype(np.int64)
    father = np.minimum(father, oldest - round(18 * _YEAR))
    father[rng.random(total) < _NO_FATHER_SHARE] = NEVER
    elders = mother[:, None] - np.floor(rng.normal(28, 3.0, (total, 2)) * _YEAR).astype(np.int64)
    elders[rng.random((total, 2)) < _NO_ELDER_SHARES] = NEVER
    births = np.column_stack([mother, father, children, elders])
    sexes = 1 + (rng.random(births.shape) < _GIRLS_SHARE)
    sexes[:, [0, 1, 5, 6]] = [2, 1, 2, 1]
    return _from_members(births, sexes, [SPOUSE, HEAD, CHILD, CHILD, CHILD, ELDER, ELDER])


def _children(total: int, *, rng: np.random.Generator, today: int, is_first: bool) -> np.ndarray:
    """Return up to three births a family, around one that follows the births per year."""
    anchor = _births(total, rng=rng, today=today)
    spacing = np.where(rng.random((total, 2)) < _TWINS_SHARE, 0, rng.integers(480, 1700, (total, 2)))
    if is_first:
        awkward = np.array([days.on(*day) for day in AWKWARD_BIRTHS])
        awkward = awkward[awkward < today - _REGISTERED_AFTER][:total]
        anchor[: len(awkward)] = awkward
        spacing[2:4, 0] = 0
    sign = rng.choice([-1, 1], total)
    second = anchor + sign * spacing[:, 0]
    third = second + sign * spacing[:, 1]
    has_second = rng.random(total) < _SECOND_SHARE
    if is_first:
        has_second[2:4] = True
    has_third = has_second & (rng.random(total) < _THIRD_SHARE)
    births = np.column_stack([anchor, np.where(has_second, second, NEVER), np.where(has_third, third, NEVER)])
    known = (births <= today - _REGISTERED_AFTER) & (births > today - 24 * _YEAR)
    return np.where(known, births, NEVER)


def _births(total: int, *, rng: np.random.Generator, today: int) -> np.ndarray:
    """Draw days of birth of children, as many each year as the city had."""
    day = np.arange(today - round(_CHILDHOOD_YEARS * _YEAR), today - _REGISTERED_AFTER)
    share = np.cumsum(curve("births", days.calendar_year(day), of="per_mille"))
    return day[np.searchsorted(share, rng.random(total) * share[-1], side="right")]


def _grown_ups(count: int, families: np.ndarray, *, rng: np.random.Generator, today: int, pyramid: str) -> Homes:
    """Return couples and people alone: whom the pyramid still lacks beside the families."""
    ages = np.arange(_CHILDHOOD_YEARS, _OLDEST_AGE)
    per_year = curve(pyramid, ages, of="per_mille")
    there = np.bincount(np.clip((today - families) / _YEAR, 0, _OLDEST_AGE - 1).astype(int), minlength=_OLDEST_AGE)
    grown = there[_CHILDHOOD_YEARS:].sum() + count
    lacking = np.clip(per_year / per_year.sum() * grown - there[_CHILDHOOD_YEARS:], 0.001, None)
    share = np.cumsum(lacking)
    age = ages[np.searchsorted(share, rng.random(count) * share[-1], side="right")] + rng.random(count)
    birth = today - np.ceil(age * _YEAR).astype(np.int64)
    is_woman = rng.random(count) < curve("women", age, of="share")
    pairs = rng.random(count) < np.interp(age, _COUPLE_AGES, _COUPLE_SHARES)
    men, women = np.sort(birth[pairs & ~is_woman]), np.sort(birth[pairs & is_woman])
    couples = min(len(men), len(women))
    left_men = np.concatenate([birth[~pairs & ~is_woman], men[couples:]])
    left_women = np.concatenate([birth[~pairs & is_woman], women[couples:]])
    alone = np.concatenate([left_men, left_women])
    sex = np.concatenate([np.full(len(left_men), 1), np.full(len(left_women), 2)])
    return _with_grown_children(men[:couples], women[:couples], alone, sex, rng=rng)


def _with_grown_children(
    men: np.ndarray, women: np.ndarray, alone: np.ndarray, sex: np.ndarray, *, rng: np.random.Generator
) -> Homes:
    """Let some of the young live with a couple of their parents' age."""
    youngest = alone.max(initial=NEVER)
    is_young = alone > youngest - round((_AT_HOME_AGE - _CHILDHOOD_YEARS) * _YEAR)
    stays = is_young & (rng.random(len(alone)) < _AT_HOME_SHARE) & (len(women) > 0)
    young, young_sex = alone[stays], sex[stays]
    host = np.clip(np.searchsorted(women, young - round(_PARENT_YEARS * _YEAR)), 0, len(women) - 1)
    _, first = np.unique(host, return_index=True)  # one grown child a couple
    child, child_sex = np.full(len(women), NEVER), np.ones(len(women), np.int64)
    child[host[first]], child_sex[host[first]] = young[first], young_sex[first]
    couples = _from_members(
        np.column_stack([men, women, child]),
        np.column_stack([np.ones_like(men), np.full_like(women, 2), child_sex]),
        [HEAD, SPOUSE, ELDER],
    )
    housed = np.zeros(len(young), bool)
    housed[first] = True
    rest = np.concatenate([alone[~stays], young[~housed]])
    rest_sex = np.concatenate([sex[~stays], young_sex[~housed]])
    singles = _from_members(rest[:, None], rest_sex[:, None], [HEAD])
    return merge([couples, singles])
