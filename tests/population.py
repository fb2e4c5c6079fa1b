"""Made-up people whose days lie where law is a day off most easily: one description, two ways to draw from it.

`random_people` is quick and seeded, for thousands; `crowds` is the same as a hypothesis strategy, which shrinks. Ages,
intervals, changes of law, products and vaccines come from the schedule, so a new programme is drawn from as soon as it
is data.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any, TypeVar

from hypothesis import strategies as st

from tests.interpreter import Rules
from tests.interpreter.rules import after_span, day_of
from workbench.schedule.model import Programme

T = TypeVar("T")
Case = dict[str, Any]

FIRST_DAY, LAST_DAY = date(2013, 4, 1), date(2027, 12, 31)  # of `as_of`
MONTH_DAYS = ((4, 1), (4, 2), (3, 31), (2, 28), (2, 29), (3, 1), (8, 31), (12, 31), (1, 31), (8, 29), (10, 1))
YEARS = {  # of birth; the younger ones are drawn more often, because most programmes are theirs
    "child": range(2010, 2027),
    "youth": range(1995, 2015),
    "adult": range(1962, 1998),
    "elder": range(1910, 1968),
}
PROFILES = ("child", "child", "child", "youth", "youth", "elder", "elder", "adult")
REASONS = ("had_disease", "contraindicated", "declined", "vaccinated_elsewhere")
STAGES = (None, "1", "1A", "2")
STRANGE = "ZZZ"  # a vaccine and a product that nobody knows
NEAR = (0, -1, 1)
A_WHILE = timedelta(days=200)
A_LIFETIME = timedelta(days=20 * 365)
DRAWN_AGES = ("m2", "m6", "m12", "m24", "m60", "m90", "y9", "y13", "fyS12", "fyE16", "y20", "y60", "y65", "fyS65")


class Pick:
    """Choices from a seeded source."""

    def __init__(self, source: random.Random) -> None:
        self.source = source

    def upto(self, most: int) -> int:
        """A whole number from 0."""
        return int(self.source.random() * (most + 1))

    def chance(self, pct: int) -> bool:
        return self.upto(99) >= 100 - pct

    def of(self, choices: Sequence[T]) -> T:
        return choices[self.upto(len(choices) - 1)]


class DrawnPick(Pick):
    """The same choices drawn by hypothesis, which shrinks each towards 0, False and the first."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw

    def upto(self, most: int) -> int:
        return self.draw(st.integers(0, most))


@dataclass
class Edges:
    """Where the answers for a vaccine change."""

    words: set[str] = field(default_factory=set)  # days of a life
    spans: set[str] = field(default_factory=set)  # intervals
    days: set[date] = field(default_factory=set)  # changes of law
    births: set[date] = field(default_factory=set)  # first and last births of a row
    products: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class World:
    """What people are drawn from."""

    edges: dict[str, Edges]
    families: list[list[str]]  # vaccines that one history mixes
    kinds: list[str]  # of special reasons


def read_world(rules: Rules) -> World:
    """Find the edges of every vaccine in the schedule."""
    edges = {row.vaccine: Edges() for row in rules.edition.vaccine}
    for programme in rules.programmes:
        for vaccine in {feed.vaccine for series in programme.series for feed in series.fed_by}:
            _add_edges(edges[vaccine], programme)
    for row in rules.edition.product:
        edges[row.vaccine].products.append(row.names[-1])
        edges[row.vaccine].days |= _days(row.effective_from, row.effective_to)
    edges["M"] = edges["R"] = edges["MR"]  # the halves of it
    for edge in edges.values():
        edge.days |= {day for row in rules.edition.between for day in _days(row.effective_from, row.effective_to)}
        edge.spans |= {row.minimum for row in rules.edition.between}
    kinds = {row.special for row in rules.edition.cohort if row.special} | {"long_term_care", "pregnancy"}
    return World(edges, _families(rules, list(edges)), sorted(kinds))


def _add_edges(edges: Edges, programme: Programme) -> None:
    for row in (*programme.window, *programme.standard):
        edges.days |= _days(row.effective_from, row.effective_to)
    for row in programme.window:
        words = [word for word in (row.opens, row.closes) if word]
        edges.words |= {word.replace("{age}", str(age)) for word in words for age in row.ages or [65]}
        edges.births |= {day for day in (row.births_from, row.births_until) if day}
    for row in programme.standard:
        edges.words |= {row.standard_from, row.standard_until}
    for row in programme.interval:
        edges.spans |= {span for span in (row.minimum, row.standard_from, row.standard_until) if span}
        edges.days |= _days(row.effective_from or FIRST_DAY, row.effective_to)
    for row in programme.variant:
        edges.words |= {word for word in (row.first_from, row.first_until) if word}
    for row in programme.skip:
        edges.words |= {word for word in (row.dose_after, row.previous_after) if word}
    edges.spans |= {row.at_least for row in programme.waive}
    edges.words |= {row.until for row in programme.long if row.until}
    edges.words |= {word for series in programme.series for feed in series.fed_by for word in _feeding_words(feed)}


def _feeding_words(feed: Any) -> list[str]:
    return [word for word in (feed.from_day, feed.before_day) if word]


def _days(first: date, last: date | None) -> set[date]:
    return {first, last + timedelta(days=1)} if last else {first}


def _families(rules: Rules, vaccines: list[str]) -> list[list[str]]:
    """Vaccines that feed one series, or series of one group, belong together."""
    groups = [[row.series] for row in rules.series.values() if row.series not in rules.group_of_series]
    groups += [group.series for group in rules.edition.group]
    found = []
    for group in groups:
        feeds = [feed.vaccine for series in group if series in rules.series for feed in rules.series[series].fed_by]
        feeds += ["M", "R"] if "MR" in feeds else []
        found.append([vaccine for vaccine in vaccines if vaccine in feeds])
    return [family for family in found if family]


def random_people(rules: Rules, count: int, seed: int, *, share: int = 100) -> Iterator[Case]:
    """Draw `count` cases; the same seed draws the same ones. `share` people at a time are asked about on one day."""
    world, pick = read_world(rules), Pick(random.Random(seed))  # noqa: S311 (nothing secret is drawn)
    for number in range(count):
        if number % share == 0:
            as_of = _as_of(world, pick)
        yield person(world, pick, as_of)


def crowds(rules: Rules, most: int) -> st.SearchStrategy[list[Case]]:
    """The same people as a strategy: up to `most` of them, asked about on one day."""
    world = read_world(rules)

    @st.composite
    def crowd(draw: Any) -> list[Case]:
        pick = DrawnPick(draw)
        as_of = _as_of(world, pick)
        return [person(world, pick, as_of) for _ in range(1 + pick.upto(most - 1))]

    return crowd()


def person(world: World, pick: Pick, as_of: date) -> Case:
    """Draw one case as `workbench evaluate` takes it."""
    birth = _birth(world, pick, as_of)
    doses = [dose for _ in range(pick.upto(4)) for dose in _course(world, pick, birth, as_of)]
    case = {
        "birth_date": birth.isoformat(),
        "sex": "U" if pick.chance(2) else pick.of("FM"),
        "as_of": as_of.isoformat(),
        "doses": doses,
        "exemptions": [_exemption(world, pick, as_of) for _ in range(2) if pick.chance(12)],
        "special": [_special(world, pick, birth, as_of, doses) for _ in range(2) if pick.chance(15)],
    }
    return case | _rarities(pick, birth, as_of)


def _birth(world: World, pick: Pick, as_of: date) -> date:
    """A birth near one that a row names, or whose age is near one that a row names, or any."""
    way = pick.upto(9)
    bounds = sorted({day for edges in world.edges.values() for day in edges.births if day <= as_of})
    if way == 0 and bounds:
        return pick.of(bounds) + timedelta(days=pick.of(NEAR))
    if way <= 4:
        edges = world.edges[pick.of(sorted(world.edges))]
        words = sorted(word for word in edges.words if not word.startswith(("edd", "sch", "birth")))
        return _back(as_of, partial(day_of, pick.of(words or DRAWN_AGES))) + timedelta(days=pick.of(NEAR))
    years = [year for year in YEARS[pick.of(PROFILES)] if year <= as_of.year] or [as_of.year]
    year = pick.of(years)
    if way <= 6:
        return date(year, 1, 1) + timedelta(days=pick.upto(364))
    month, day = pick.of(MONTH_DAYS)
    return date(year, month, 28 if (month, day) == (2, 29) and year % 4 else day)


def _back(day: date, rule: Callable[[date], date]) -> date:
    """A day from which `rule` leads about to `day`."""
    start = day - (rule(day) - day)
    return start - (rule(start) - day)


def _course(world: World, pick: Pick, birth: date, as_of: date) -> list[Case]:
    """Some doses of one family: the first near an age or a change of law, the others near an interval.

    Some are moved so that an interval from the last of them ends about on `as_of`.
    """
    for _ in range(12):  # a family of the person's time, if one is soon found
        family = pick.of(world.families)
        vaccine = pick.of(family)
        day, doses = _first_day(world.edges[vaccine], pick, birth), []
        if day + A_WHILE > FIRST_DAY and day <= as_of:
            break
    for _ in range(1 + pick.upto(3)):
        doses.append(_dose(world, pick, vaccine, day))
        last, day = day, _next_day(world.edges[vaccine], pick, birth, day)
        if pick.chance(20):
            vaccine = pick.of(family)
    spans = sorted(world.edges[vaccine].spans)
    if not spans or last < as_of - A_LIFETIME or pick.chance(60):
        return doses
    anchor = _back(as_of, partial(after_span, pick.of(spans))) + timedelta(days=pick.of(NEAR))
    return [dose | {"given_on": _moved(dose["given_on"], anchor - last)} for dose in doses]


def _moved(day: str, by: timedelta) -> str:
    return (date.fromisoformat(day) + by).isoformat()


def _first_day(edges: Edges, pick: Pick, birth: date) -> date:
    way, words = pick.upto(9), sorted(word for word in edges.words if not word.startswith("edd"))
    if way <= 6 and words:
        inside = timedelta(days=pick.of(NEAR) if way <= 3 else pick.upto(300))
        return day_of(pick.of(words), birth) + inside
    if way <= 7 and edges.days:
        return pick.of(sorted(edges.days)) + timedelta(days=pick.of(NEAR))
    return birth + timedelta(days=pick.of(NEAR) if way == 8 else pick.upto(12 * 365))


def _next_day(edges: Edges, pick: Pick, birth: date, day: date) -> date:
    way = pick.upto(9)
    if way <= 6 and edges.spans:
        return after_span(pick.of(sorted(edges.spans)), day) + timedelta(days=pick.of(NEAR))
    if way == 7:
        return day
    return day + timedelta(days=pick.upto(500)) if way == 8 else _first_day(edges, pick, birth)


def _dose(world: World, pick: Pick, vaccine: str, day: date) -> Case:
    products = [None, *world.edges[vaccine].products]
    return {
        "vaccine": STRANGE if pick.chance(1) else vaccine,
        "given_on": day.isoformat(),
        "product": STRANGE if pick.chance(1) else pick.of(products),
        "stage": pick.of(STAGES),
        "dose_no": pick.upto(4) or None,
        "legal_class": pick.of(("voluntary", "voluntary", "temporary")) if pick.chance(10) else "routine",
    }


def _as_of(world: World, pick: Pick) -> date:
    way = pick.upto(3)
    if way == 0:
        month, day = pick.of(MONTH_DAYS)
        year = pick.of(range(FIRST_DAY.year, LAST_DAY.year))
        return _clipped(date(year, month, 28 if (month, day) == (2, 29) and year % 4 else day))
    if way == 1:
        days = sorted({day for edges in world.edges.values() for day in edges.days if day >= FIRST_DAY})
        return _clipped(pick.of(days) + timedelta(days=pick.of(NEAR)))
    return FIRST_DAY + timedelta(days=pick.upto((LAST_DAY - FIRST_DAY).days))


def _clipped(day: date) -> date:
    return min(max(day, FIRST_DAY), LAST_DAY)


def _exemption(world: World, pick: Pick, as_of: date) -> Case:
    from_on = as_of - timedelta(days=pick.of((400, 0, -1, 1)))
    until_on = pick.of((None, as_of, as_of - timedelta(days=1), as_of + timedelta(days=1)))
    return {
        "vaccine": pick.of(sorted(world.edges)),
        "reason": pick.of(REASONS),
        "from_on": from_on.isoformat(),
        "until_on": until_on and max(from_on, until_on).isoformat(),
    }


def _special(world: World, pick: Pick, birth: date, as_of: date, doses: list[Case]) -> Case:
    """A reason for any vaccine, or for one of the family that the doses are of."""
    kind = pick.of(world.kinds)
    given = {dose["vaccine"] for dose in doses}
    near_history = sorted({one for family in world.families if given.intersection(family) for one in family})
    vaccine = pick.of(near_history if near_history and pick.chance(60) else sorted(world.edges))
    near = _first_day(world.edges[vaccine], pick, birth) if pick.chance(50) else as_of
    end = near + timedelta(days=pick.of((0, -400, -30, 84, 22, 14, -14, -15, 1, 200)))
    return {
        "kind": kind,
        "vaccine": "RSVM" if kind == "pregnancy" else vaccine,
        "reason_end_on": end.isoformat() if kind in ("long_term_care", "pregnancy") else None,
    }


def _rarities(pick: Pick, birth: date, as_of: date) -> Case:
    """What few people have: a birth not known, a death, an extract older than the question."""
    found: Case = {}
    if pick.chance(2):
        found |= {"birth_date": None, "birth_earliest": birth.replace(month=1, day=1).isoformat()}
    if pick.chance(3):
        found |= {"died": True, "resident_until": (as_of - timedelta(days=pick.upto(700))).isoformat()}
    if pick.chance(5):
        found |= {"extracted_on": (as_of - timedelta(days=pick.upto(400))).isoformat()}
    return found
