"""From doses to slots (decision evaluation, the points of that heading)."""

from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

from tests.interpreter.person import (
    Dose,
    Person,
    episode_of,
    is_born_between,
    is_feeding,
    is_half,
    is_member,
    product_of,
)
from tests.interpreter.rules import NO_BEGINNING, NO_END, after_span, day_of
from workbench.lawdates import fiscal_year
from workbench.schedule.model import Choice, Group, Series, Skip, Variant


@dataclass
class Course:
    """What a person's doses do in one series (in one 年度, or one pregnancy)."""

    series: Series
    variant: str | None = None
    slots: list[str] = field(default_factory=list)  # needed in this variant, in order
    filled: dict[str, Dose] = field(default_factory=dict)
    counted: list[Dose] = field(default_factory=list)
    duplicates: set[Dose] = field(default_factory=set)
    single_antigen: set[Dose] = field(default_factory=set)
    position: int = 0  # of the counted dose before, 1 for the first slot
    before: date | None = None  # its day

    def slot_of(self, dose: Dose) -> str | None:
        return next((slot for slot, filler in self.filled.items() if filler is dose), None)


# 4: which series a history needs


def needed(person: Person, series: Series, dose: Dose | None = None) -> bool:
    """Whether a person needs a series; for a dose of a season group, in its own 年度."""
    choice = choice_of(person, series, dose)
    return choice is None or series.series in choice.series


def choice_of(person: Person, series: Series, dose: Dose | None = None) -> Choice | None:
    """The row that picks among the group of `series`; None where there is nothing to choose."""
    group = person.rules.group_of_series.get(series.series)
    if group is None:
        return None
    day = dose.given_on if dose and group.episode == "season" else person.as_of
    asked = ("choice", group.group, day)
    if asked not in person.known:
        person.known[asked] = _choose(person, group, day)
    return person.known[asked]


def _choose(person: Person, group: Group, day: date) -> Choice | None:
    begins = group.effective_from
    if begins and day < begins:
        return None
    vaccines = person.rules.group_vaccines(group)
    doses = [dose for dose in person.countable if dose.vaccine in vaccines]
    if group.episode == "season":
        doses = [dose for dose in doses if fiscal_year(dose.given_on) == fiscal_year(day)]
    doses.sort(key=lambda dose: (dose.given_on, vaccines.index(dose.vaccine)))
    given = [dose.vaccine for dose in doses]
    recorded = {*given}
    if group.counts_long_term and not given:
        recorded = {*_prolonged(person, vaccines)[:1]}
    rows = (row for row in person.rules.edition.choice if row.group == group.group)
    return next((row for row in rows if _is_chosen(person, row, given, recorded)), None)


def _prolonged(person: Person, vaccines: list[str]) -> list[str]:
    """Those for which a 長期療養特例 is recorded whose reason, the latest, has ended."""
    ended = [(vaccine, person.special_days("long_term_care", vaccine)) for vaccine in vaccines]
    return [vaccine for vaccine, days in ended if days and days[-1] <= person.as_of]


def _is_chosen(person: Person, row: Choice, given: list[str], recorded: set[str]) -> bool:
    return (
        is_born_between(person, row.births_from, row.births_until)
        and (row.cohort is None or is_member(person, row.cohort))
        and (row.effective_from or NO_BEGINNING) <= person.as_of <= (row.effective_to or NO_END)
        and (not row.any_of or bool(recorded.intersection(row.any_of)))
        and (not row.also_any_of or bool(recorded.intersection(row.also_any_of)))
        and (not row.first or (bool(given) and given[0] in row.first))
    )


# 3, 5, 6, 7: the doses of one series


def course_of(person: Person, series: Series, episode: Any) -> Course:
    """Put the doses that feed a series into its slots."""
    asked = ("course", series.series, episode)
    if asked not in person.known:
        person.known[asked] = _course(person, series, episode)
    return person.known[asked]


def _course(person: Person, series: Series, episode: Any) -> Course:
    course = Course(series)
    feeding = [
        dose
        for dose in person.countable
        if is_feeding(dose, series, person) and episode_of(person, series, dose.given_on) == episode
    ]
    feeding.sort(key=lambda dose: dose.order)
    course.single_antigen = _unpaired(person, series, feeding)
    paired = [dose for dose in feeding if dose not in course.single_antigen]
    for _, same_day in groupby(paired, key=lambda dose: dose.given_on):  # 5
        first, *others = same_day
        course.counted.append(first)
        course.duplicates.update(others)
    _settle_variant(person, course)
    _fill(person, course)
    return course


def _unpaired(person: Person, series: Series, doses: list[Dose]) -> set[Dose]:
    """3: an M or R dose without the other antigen to make an MR of it."""
    unpaired, come = set(), {"M": 0, "R": 0}
    halves = [dose for dose in doses if is_half(dose, series, person)]
    for dose in sorted(halves, key=lambda dose: (dose.given_on, dose.vaccine)):  # a stable sort: 5 orders the rest
        other = "R" if dose.vaccine == "M" else "M"
        come[dose.vaccine] += 1
        if come[dose.vaccine] > come[other]:
            unpaired.add(dose)
    return unpaired


def _settle_variant(person: Person, course: Course) -> None:
    """6: the first row that fits the first counted dose; before any dose, `as_of`."""
    course.slots = list(course.series.slots)
    rows = [
        row
        for row in person.rules.programme_of_series[course.series.series].variant
        if row.series == course.series.series
    ]
    first = course.counted[0] if course.counted else None
    found = next((row for row in rows if _is_fitting(person, row, first)), None)
    if rows:
        course.variant, course.slots = (found.variant, list(found.slots)) if found else (None, [])


def _is_fitting(person: Person, row: Variant, first: Dose | None) -> bool:
    if not is_born_between(person, row.births_from, row.births_until):
        return False
    if row.first_products and (first is None or product_of(first, person.rules) not in row.first_products):
        return False
    if person.birth is None:
        return not (row.first_from or row.first_until)
    day = first.given_on if first else person.as_of
    return (row.first_from is None or day >= day_of(row.first_from, person.birth)) and (
        row.first_until is None or day <= day_of(row.first_until, person.birth)
    )


def _fill(person: Person, course: Course) -> None:
    """7: each counted dose takes the next position that it may still fill."""
    for dose in course.counted:
        course.position, course.before = next_position(person, course, dose.given_on), dose.given_on
        if course.position > len(course.slots):
            continue  # extra
        slot = course.slots[course.position - 1]
        if not is_waived(person, course, slot):
            course.filled[slot] = dose


def next_position(person: Person, course: Course, day: date) -> int:
    """7: the position of a dose on `day` that follows those counted so far."""
    position = course.position + 1
    if position == 1 or person.birth is None:
        return position
    while position <= len(course.slots) and _is_skipped(person, course, position, day):
        position += 1
    return position


def _is_skipped(person: Person, course: Course, position: int, day: date) -> bool:
    slot = course.slots[position - 1]
    rows = person.rules.programme_of_series[course.series.series].skip
    return any(
        row.series == course.series.series
        and slot in row.slots
        and (not row.variants or course.variant in row.variants)
        and _is_over(person, row, course.before, day)
        for row in rows
    )


def _is_over(person: Person, row: Skip, before: date, day: date) -> bool:
    if row.dose_after:
        return day > day_of(row.dose_after, person.birth)
    return before > day_of(row.previous_after, person.birth)


def is_waived(person: Person, course: Course, slot: str) -> bool:
    """[[waive]]: not needed when the second dose came late enough after the first, or has not come yet."""
    rows = person.rules.programme_of_series[course.series.series].waive
    for row in rows:
        if row.series == course.series.series and course.variant in row.variants and slot in row.slots:
            first, second = course.filled.get(row.first), course.filled.get(row.second)
            if second is None or (first and second.given_on >= after_span(row.at_least, first.given_on)):
                return True
    return False
