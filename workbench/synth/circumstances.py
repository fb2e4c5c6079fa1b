"""Circumstances that give a person a window of her own: pregnancy, a designated condition, few antibodies to rubella.

Shares are estimates. Drawn apart from everything else, so that the rest of the city does not depend on them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from workbench.synth import days, homes
from workbench.synth.days import NEVER
from workbench.synth.people import People

FEMALE, MALE = 2, 1
MOTHERS_FROM = days.on(2024, 7, 1)  # births after whose pregnancies doses are looked for
DESIGNATED_FROM, DESIGNATED_UNTIL = 60, 65  # years of age
CONDITION, LOW_TITRE = "1", "2"  # 対象区分
CONDITION_VACCINES = ("FLU", "COV", "PCVA")
_NOTICES_FROM = days.on(2026, 4, 23)  # a delivery due before it left no day for the programme of April 2026
_BIRTH_AGES, _EXPECTED_WITHIN, _EXPECTING_SHARE = (20, 42), 220, 0.018
_RUBELLA_BIRTHS = days.on(1962, 4, 2), days.on(1979, 4, 1)
_CONDITION_SHARE, _LOW_TITRE_SHARE = 0.012, 0.05


@dataclass(frozen=True)
class Circumstances:
    """Arrays as long as the people: the day a delivery is or was expected (NEVER: none lately), and two masks."""

    due_on: np.ndarray
    has_condition: np.ndarray
    has_few_antibodies: np.ndarray

    def designated(self, people: People, on_day: int) -> np.ndarray:
        """Return who is 60 to 64 on a day and has a condition of the decree."""
        age = people.ages(on_day)
        return self.has_condition & (age >= DESIGNATED_FROM) & (age < DESIGNATED_UNTIL)


def draw(people: People, *, rng: np.random.Generator, today: int) -> Circumstances:
    """Return who is in which circumstances."""
    men = (people.sex == MALE) & (people.birth >= _RUBELLA_BIRTHS[0]) & (people.birth <= _RUBELLA_BIRTHS[1])
    return Circumstances(
        due_on=_due(people, rng, today),
        has_condition=rng.random(len(people)) < _CONDITION_SHARE,
        has_few_antibodies=men & (rng.random(len(people)) < _LOW_TITRE_SHARE),
    )


def _due(people: People, rng: np.random.Generator, today: int) -> np.ndarray:
    """Return the expected delivery: near the birth of the youngest child, or in the months to come."""
    due = np.full(len(people), NEVER)
    children = np.flatnonzero((people.mother >= 0) & (people.birth >= MOTHERS_FROM))
    children = children[np.argsort(people.birth[children], kind="stable")]  # the youngest is written last
    due[people.mother[children]] = people.birth[children] + rng.integers(-10, 15, len(children))
    age = people.ages(today)
    may = (people.sex == FEMALE) & (age >= _BIRTH_AGES[0]) & (age < _BIRTH_AGES[1]) & (due == NEVER)
    may &= (people.role != homes.CHILD) & people.is_living()
    expecting = may & (rng.random(len(people)) < _EXPECTING_SHARE)
    return np.where(expecting, today + rng.integers(1, _EXPECTED_WITHIN, len(people)), due)


def notified(found: Circumstances) -> np.ndarray:
    """Return whose pregnancy the city was told of: those that the programme can concern."""
    return (found.due_on != NEVER) & (found.due_on >= _NOTICES_FROM)


def designations(people: People, found: Circumstances, today: int) -> Iterator[tuple[np.ndarray, str, str]]:
    """Yield masks of people with the vaccine and the 対象区分 of their rows."""
    for vaccine in CONDITION_VACCINES:
        yield found.designated(people, today), vaccine, CONDITION
    yield found.has_few_antibodies, "MR", LOW_TITRE
