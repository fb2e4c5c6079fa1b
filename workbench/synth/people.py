"""Who lives, lived and is known in the city: `People`, one array per attribute.

Everybody is in a household; the members of one stand next to each other.
"""

from dataclasses import dataclass, fields

import numpy as np

from workbench.synth import days, homes
from workbench.synth.days import NEVER
from workbench.synth.tables import curve, load

RESIDENT, FOREIGN, MOVED_OUT, DIED, OUTSIDE, STRUCK_OFF = 1, 2, 3, 4, 5, 6  # 住民区分
ADULT_AGE = 18
_YEAR = 365.25
_LEAVER_SHARE, _DEAD_SHARE, _OUTSIDER_SHARE, _STRUCK_SHARE = 0.11, 0.038, 0.003, 0.0003  # per living resident
_LEFT_WITHIN, _DIED_WITHIN = 1095, 1280  # days: rows of people gone are kept for some years
_MOVED_IN_SHARE, _YEARS_SINCE_MOVE = 0.5, 9.0
_SETTLED_DAYS = 60  # nobody leaves sooner after moving in
_FOREIGN_SHARE = 0.013
_DECLINING_SHARE = 0.005  # households that want no vaccine
_NO_HISTORY_SHARE = 0.08  # of households that moved in: the old city's records never came
_UNKNOWN_BIRTH_SHARE = 0.0003
_DEAD_CHILD_AGE = 4.5  # no letter may go to a child that died: every part of the city has one
_SAME_HOME_SHARE = 0.55  # of the dead: a household is left behind
_KEPT_IN_MIND = 0.75  # how much of a person's willingness is the household's


@dataclass(frozen=True)
class People:
    """Arrays of one length; a row is a person, in the order of the 住民 file."""

    household: np.ndarray  # number within the chunk
    birth: np.ndarray
    sex: np.ndarray  # 1 male 2 female
    role: np.ndarray  # homes.HEAD ...
    mother: np.ndarray  # row of the mother, or -1
    status: np.ndarray  # 住民区分
    district: np.ndarray  # place in places.toml
    moved_in: np.ndarray
    moved_out: np.ndarray
    died: np.ndarray
    willing: np.ndarray  # standard normal, shared within the household
    declines: np.ndarray
    no_history: np.ndarray  # moved in, and the doses given before are not on record
    birth_doubt: np.ndarray  # 生年月日不詳区分

    def __len__(self) -> int:
        """Return the number of persons."""
        return len(self.birth)

    def take(self, rows: np.ndarray) -> "People":
        """Return these people only; `mother` keeps pointing at rows of the whole."""
        return People(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def is_living(self) -> np.ndarray:
        """Return who is a resident today."""
        return (self.status == RESIDENT) | (self.status == FOREIGN)

    def last_day(self, today: int) -> np.ndarray:
        """Return the last day on which the city could record a dose of each person."""
        gone = np.where(self.moved_out != NEVER, self.moved_out, self.died)
        return np.where(gone == NEVER, today, gone - 1)

    def ages(self, on_day: int) -> np.ndarray:
        """Return ages in years with fractions."""
        return (on_day - self.birth) / _YEAR


def make_people(residents: int, *, rng: np.random.Generator, today: int, is_first: bool) -> People:
    """Return the people of a part of the city with exactly `residents` living residents.

    Args:
        today: day number of the extraction.
        is_first: this part holds the rare persons that even a small city must have.
    """
    living = homes.settle(residents, rng=rng, today=today, pyramid="pyramid", is_first=is_first)
    leavers = homes.settle(max(20, round(residents * _LEAVER_SHARE)), rng=rng, today=today, pyramid="leavers")
    outsiders = homes.settle(max(4, round(residents * _OUTSIDER_SHARE)), rng=rng, today=today, pyramid="pyramid")
    struck = homes.settle(max(int(is_first), round(residents * _STRUCK_SHARE)), rng=rng, today=today, pyramid="leavers")
    dead = _the_dead(max(4, round(residents * _DEAD_SHARE)), living, rng=rng, today=today)
    parts = [(living, RESIDENT), (dead, DIED), (leavers, MOVED_OUT), (outsiders, OUTSIDE), (struck, STRUCK_OFF)]
    house = homes.merge([part for part, _ in parts])
    status = np.concatenate([np.full(len(part), code) for part, code in parts])
    people = _lives(house, status, rng=rng, today=today)
    people = _without_impossible(people)
    return _shuffled(people, rng)


def _the_dead(count: int, living: homes.Homes, *, rng: np.random.Generator, today: int) -> homes.Homes:
    """Return people who died; their `birth` is meant for the day of death that `_lives` draws again."""
    deaths = load("rates")["deaths"]
    ages = np.interp(rng.random(count), deaths["share_below"], deaths["age"])
    ages[0] = _DEAD_CHILD_AGE
    birth = np.floor(today - _DIED_WITHIN / 2 - ages * _YEAR).astype(np.int64)
    sex = 1 + (rng.random(count) < curve("women", ages * 0.9, of="share"))
    left_behind = rng.random(count) < _SAME_HOME_SHARE
    left_behind[0] = True
    elders = np.flatnonzero(living.role == homes.HEAD)
    shared = living.household[rng.choice(elders, count)]
    own = living.household.max() + 1 + np.arange(count)
    role = np.where(left_behind, homes.ELDER, homes.HEAD)
    joins = np.where(left_behind, shared, own)
    return homes.Homes(joins, birth, sex, role, np.full(count, -1), shares_numbers=True)


def _lives(house: homes.Homes, status: np.ndarray, *, rng: np.random.Generator, today: int) -> People:
    count, total = len(house), int(house.household.max()) + 1
    of_home = house.household
    moved_out, died = _leaving(status, of_home, rng=rng, today=today)
    came = today - np.floor(rng.exponential(_YEARS_SINCE_MOVE * _YEAR, total)).astype(np.int64)
    came = np.where(rng.random(total) < _MOVED_IN_SHARE, days.open_day(came), NEVER)[of_home]
    gone = np.where(moved_out != NEVER, moved_out, np.where(died != NEVER, died, today + _SETTLED_DAYS))
    came = np.where((came > house.birth) & (came < gone - _SETTLED_DAYS) & (status != OUTSIDE), came, NEVER)
    is_foreign = (rng.random(total) < _FOREIGN_SHARE)[of_home] & (status == RESIDENT)
    lost = rng.random(total) < _NO_HISTORY_SHARE
    lost[of_home[(came != NEVER) & (house.role == homes.CHILD) & (status == RESIDENT)][:3]] = True  # in any city
    willing = _KEPT_IN_MIND * rng.standard_normal(total)[of_home]
    willing += np.sqrt(1 - _KEPT_IN_MIND**2) * rng.standard_normal(count)
    doubt = np.where(rng.random(count) < _UNKNOWN_BIRTH_SHARE, rng.integers(1, 4, count), 0)
    doubt[np.flatnonzero(house.role == homes.CHILD)[5:23:3]] = [1, 2, 3, 1, 2, 3]  # not only the very old
    return People(
        household=of_home,
        birth=house.birth,
        sex=house.sex,
        role=house.role,
        mother=house.mother,
        status=np.where(is_foreign, FOREIGN, status),
        district=_districts(house, rng),
        moved_in=came,
        moved_out=moved_out,
        died=died,
        willing=willing,
        declines=(rng.random(total) < _DECLINING_SHARE)[of_home],
        no_history=lost[of_home] & (came != NEVER),
        birth_doubt=doubt,
    )


def _leaving(
    status: np.ndarray, of_home: np.ndarray, *, rng: np.random.Generator, today: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the days of moving out (one day for a household) and of death."""
    left = today - rng.integers(1, _LEFT_WITHIN, int(of_home.max()) + 1)
    moved_out = np.where((status == MOVED_OUT) | (status == STRUCK_OFF), left[of_home], NEVER)
    died = np.where(status == DIED, today - rng.integers(1, _DIED_WITHIN, len(status)), NEVER)
    return moved_out, died


def _districts(house: homes.Homes, rng: np.random.Generator) -> np.ndarray:
    """Give each household a district: families and the elderly choose differently."""
    places = load("places")["district"]
    total = int(house.household.max()) + 1
    has_child, has_elder = np.zeros(total, bool), np.zeros(total, bool)
    has_child[house.household[house.role == homes.CHILD]] = True
    has_elder[house.household[house.birth < np.quantile(house.birth, 0.25)]] = True
    chosen = np.zeros(total, np.int64)
    for wanted, weight in ((has_child, "families"), (has_elder & ~has_child, "elderly"), (~has_child & ~has_elder, "")):
        share = np.cumsum([place["size"] * (place[weight] if weight else 1.0) for place in places])
        draws = rng.random(total) * share[-1]
        chosen = np.where(wanted, np.searchsorted(share, draws, side="right"), chosen)
    return np.minimum(chosen, len(places) - 1)[house.household]


def _without_impossible(people: People) -> People:
    """Drop people who would have left or died before they were born (never a living resident)."""
    end = np.where(people.moved_out != NEVER, people.moved_out, people.died)
    keep = (end == NEVER) | (end > people.birth)
    new_row = np.cumsum(keep) - 1
    mother = np.where((people.mother >= 0) & keep[people.mother], new_row[people.mother], -1)
    kept = people.take(np.flatnonzero(keep))
    return _replace_mother(kept, mother[keep])


def _shuffled(people: People, rng: np.random.Generator) -> People:
    """Mix the households and number them anew, members side by side."""
    place = rng.permutation(int(people.household.max()) + 1)[people.household]
    order = np.argsort(place, kind="stable")
    new_row = np.empty(len(people), np.int64)
    new_row[order] = np.arange(len(people))
    mother = np.where(people.mother >= 0, new_row[people.mother], -1)[order]
    sorted_people = _replace_mother(people.take(order), mother)
    household = np.unique(place[order], return_inverse=True)[1]
    values = {field.name: getattr(sorted_people, field.name) for field in fields(People)}
    return People(**{**values, "household": household})


def _replace_mother(people: People, mother: np.ndarray) -> People:
    values = {field.name: getattr(people, field.name) for field in fields(People)}
    return People(**{**values, "mother": mother})
