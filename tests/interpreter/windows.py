"""Windows as known on a day (decision evaluation, the points of that heading)."""

from datetime import date
from typing import NamedTuple

from tests.interpreter.person import Person, is_member, pregnancy_of
from tests.interpreter.rules import ONE_DAY, Law, day_of
from workbench.lawdates import reach_years

Stretch = tuple[date, date]


class Window(NamedTuple):
    """Legal and standard days, both ends included."""

    opens_on: date
    standard_from: date
    standard_until: date
    closes_on: date


def window_on(person: Person, slot: str, day: date) -> Window | None:
    """The window of a person's slot as the law on `day` has it; None where there is none."""
    asked = ("window", slot, day)
    if asked not in person.known:
        person.known[asked] = _window_on(person, slot, day)
    return person.known[asked]


def _window_on(person: Person, slot: str, day: date) -> Window | None:
    counted_from = _counted_from(person, slot, day)
    if counted_from is None:
        return None
    stretches = _stretches(person, slot, day)
    if not stretches:
        return None
    opens_on, closes_on = next((one for one in stretches if one[1] >= day), stretches[-1])  # 4
    return Window(opens_on, *_standard(person, slot, day, (opens_on, closes_on)), closes_on)


def _counted_from(person: Person, slot: str, day: date) -> date | None:
    """8: the words of a pregnancy count from the day of delivery expected, all others from birth."""
    series = person.rules.series_of_slot[slot]
    if any(one.episode == "pregnancy" for one in series):
        return pregnancy_of(person, day)
    return person.birth


def _stretches(person: Person, slot: str, day: date) -> list[Stretch]:
    """3 and 7: the days on which the slot could be filled, joined and in order."""
    counted_from = _counted_from(person, slot, day)
    last = person.rules.programme_of_slot[slot].effective_to or date.max
    found = [_legal(law, counted_from, day, last) for law in _counting(person, slot, day)]
    found = sorted(stretch for stretch in found if stretch[0] <= stretch[1])
    return _joined(sorted(found + _long(person, slot, day, found)))


def _counting(person: Person, slot: str, day: date) -> list[Law]:
    """1: rows for this birth and cohort that are known on `day`; a retroactive one puts earlier ones aside."""
    laws = [
        law
        for law in person.rules.windows[slot]
        if law.is_known(day)
        and law.births_from <= person.birth <= law.births_until
        and (not law.cohort or is_member(person, law.cohort, person.rules.slots[slot].exempt_by))
    ]
    since = max((law.effective_from for law in laws if law.is_retroactive), default=date.min)
    return [law for law in laws if law.effective_from >= since]


def _legal(law: Law, counted_from: date, day: date, last: date) -> Stretch:
    """3: the words, cut to the days on which the row is in force."""
    opens_on = day_of(law.opens, counted_from)
    closes_on = day_of(law.closes, counted_from) if law.closes else date.max
    return opens_on if law.is_retroactive else max(opens_on, law.effective_from), min(closes_on, law.end(day), last)


def _joined(stretches: list[Stretch]) -> list[Stretch]:
    """3: touching or overlapping stretches are one."""
    joined: list[Stretch] = []
    for first, last in stretches:
        if joined and (joined[-1][1] == date.max or first <= joined[-1][1] + ONE_DAY):
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def _long(person: Person, slot: str, day: date, stretches: list[Stretch]) -> list[Stretch]:
    """7: 長期療養特例, from the day on which the latest recorded reason ended."""
    rules = person.rules
    ended = person.special_days("long_term_care", rules.slots[slot].exempt_by)
    if not ended or day < ended[-1] or not any(first <= ended[-1] for first, _ in stretches):
        return []
    return [
        (ended[-1], min(reach_years(ended[-1], row.years), day_of(row.until, person.birth) if row.until else date.max))
        for row in rules.programme_of_slot[slot].long
        if slot in row.slots and row.effective_from <= ended[-1]  # a reason that ended since there is the measure
        if row.until is None or ended[-1] <= day_of(row.until, person.birth)
    ]


def _standard(person: Person, slot: str, day: date, window: Stretch) -> Stretch:
    """6, as decision rules-as-data: cut to the window; one that ended before the window is kept before it."""
    counted_from = _counted_from(person, slot, day)
    known = [law for law in person.rules.standards[slot] if law.is_known(day)]
    last = person.rules.programme_of_slot[slot].effective_to or date.max
    in_force = [_legal(law, counted_from, day, last) for law in known]
    parts = [
        (max(first, window[0]), min(until, window[1]))
        for first, until in in_force
        if first <= until and first <= window[1] and until >= window[0]
    ]
    if parts:
        return min(first for first, _ in parts), max(until for _, until in parts)
    whole = [(day_of(law.opens, counted_from), day_of(law.closes, counted_from)) for law in known]
    return max((one for one in whole if one[1] < window[0]), default=window)
