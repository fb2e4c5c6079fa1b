"""Judging a dose: the first that holds (decision evaluation, under that heading)."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from tests.interpreter.doses import Course, choice_of, course_of, needed
from tests.interpreter.person import Dose, Person, episode_of, is_feeding, pregnancy_of
from tests.interpreter.rules import NO_BEGINNING, NO_END, after_span
from tests.interpreter.windows import window_on
from workbench.schedule.model import Interval, Series


class Judgement(NamedTuple):
    """What a dose is, why, and the slot it fills."""

    evaluation: str
    reason: str
    slot: str | None = None


def _plain(evaluation: str, slot: str | None = None) -> Judgement:
    return Judgement(evaluation, evaluation, slot)


def judge(person: Person, dose: Dose) -> Judgement:
    """Judge one dose of a person."""
    if dose.fault:  # unknown, impossible
        return Judgement(*dose.fault)
    fed = [series for series in person.rules.series.values() if is_feeding(dose, series, person)]
    needing = [series for series in fed if needed(person, series, dose)]
    if not needing:
        return _without_series(person, dose, fed)
    courses = [course_of(person, series, episode_of(person, series, dose.given_on)) for series in needing]
    found = [judge_in(person, course, dose) for course in courses]
    return next((one for one in found if one.slot), found[0])


def _without_series(person: Person, dose: Dose, fed: list[Series]) -> Judgement:
    """No series needed that the dose feeds."""
    if person.birth is None:
        return Judgement("unknown", "birth_unknown")
    if not dose.is_routine:
        return _private(dose)
    if not fed:
        return _plain("not_in_force")
    rows = [choice_of(person, series, dose) for series in fed]
    return _plain(next((row.others for row in rows if row), "extra"))


def judge_in(person: Person, course: Course, dose: Dose) -> Judgement:
    """Judge a dose within one of the series that it feeds."""
    if person.birth is None:
        return Judgement("unknown", "birth_unknown")
    if dose in course.duplicates:
        return _plain("duplicate")
    if course.series.episode == "pregnancy" and pregnancy_of(person, dose.given_on) is None:
        return Judgement("unknown", "pregnancy_unknown") if dose.is_routine else _private(dose)
    if dose in course.single_antigen:
        evaluation = _by_window(person, course.series.slots[0], dose) or "valid"
        return Judgement(evaluation, "single_antigen")
    slot = course.slot_of(dose)
    if slot is None:
        return _plain("extra") if dose.is_routine else _private(dose)
    return _judge_at(person, course, dose, slot)


def _judge_at(person: Person, course: Course, dose: Dose, slot: str) -> Judgement:
    return next(_objections(person, course, dose, slot), _plain("valid", slot))


def _objections(person: Person, course: Course, dose: Dose, slot: str) -> Iterator[Judgement]:
    """What can be said against a dose at a slot, the gravest first."""
    window_slot = judging_slot(person, course.series, dose, slot)
    window = window_on(person, window_slot, dose.given_on)
    if window and dose.given_on < window.opens_on:
        yield _plain("too_early", slot)
    earliest = earliest_on(course, slot, intervals(person, course, slot, dose.given_on, dose.vaccine))
    if earliest and dose.given_on < earliest:
        yield _plain("too_soon", slot)
    if not dose.is_routine:
        yield _private(dose, slot)
    if outside := _by_window(person, window_slot, dose):
        yield _plain(outside, slot)
    if not _is_lawful(person, dose):
        yield _plain("wrong_product", slot)
    if _is_after_other(person, dose):
        yield Judgement("too_soon", "other_vaccine", slot)


def judging_slot(person: Person, series: Series, dose: Dose, slot: str) -> str:
    """`judged_by`: the slot whose window judges the dose, at the same place in the series of its own vaccine."""
    own = next((feed.judged_by for feed in series.fed_by if feed.vaccine == dose.vaccine), None)
    return person.rules.series[own].slots[series.slots.index(slot)] if own else slot


def _private(dose: Dose, slot: str | None = None) -> Judgement:
    return Judgement("private", "temporary" if dose.legal_class == "temporary" else "private", slot)


def _by_window(person: Person, slot: str, dose: Dose) -> str | None:
    """What the window alone says against a dose."""
    window = window_on(person, slot, dose.given_on)
    if window and dose.given_on < window.opens_on:
        return "too_early"
    if not dose.is_routine:
        return "private"
    if window is None:
        return "not_in_force"
    return "too_late" if dose.given_on > window.closes_on else None


def intervals(person: Person, course: Course, slot: str, day: date, vaccine: str | None = None) -> list[Interval]:
    """The rows in force on `day` that say how long a slot waits after another; for a dose, of a `vaccine`."""
    series = course.series.series
    of_slot = [row for row in person.rules.programme_of_series[series].interval if slot in row.slots]
    naming = [row for row in of_slot if vaccine in row.vaccines]
    return [
        row
        for row in naming or [row for row in of_slot if not row.vaccines]
        if (not row.series or series in row.series)
        and (not row.variants or course.variant in row.variants)
        and (row.effective_from or NO_BEGINNING) <= day <= (row.effective_to or NO_END)
    ]


def counting_from(course: Course, slot: str, rows: list[Interval]) -> list[tuple[Interval, date]]:
    """Those rows whose `after` slot an earlier counted dose fills, with the day of that dose."""
    own = course.filled.get(slot)
    return [
        (row, course.filled[row.after].given_on)
        for row in rows
        if row.after in course.filled and (own is None or course.filled[row.after].given_on < own.given_on)
    ]


def earliest_on(course: Course, slot: str, rows: list[Interval]) -> date | None:
    """The latest of the days on which the intervals have passed."""
    counted = [(row.minimum, given) for row, given in counting_from(course, slot, rows) if row.minimum]
    return max((after_span(minimum, given) for minimum, given in counted), default=None)


def _is_lawful(person: Person, dose: Dose) -> bool:
    """A product that nobody recorded, and one of a vaccine without [[product]] rows, is not questioned."""
    rows = [row for row in person.rules.edition.product if row.vaccine == dose.vaccine]
    if not rows or not dose.product:
        return True
    return any(
        dose.product in row.names and row.effective_from <= dose.given_on <= (row.effective_to or NO_END)
        for row in rows
    )


def _is_after_other(person: Person, dose: Dose) -> bool:
    """[[between]]: too few days after a dose of another vaccine, by the rows in force on the day of this one."""
    kinds = person.rules.kinds
    rows = [
        row
        for row in person.rules.edition.between
        if kinds[dose.vaccine] in row.later and row.effective_from <= dose.given_on <= (row.effective_to or NO_END)
    ]
    return any(
        kinds[other.vaccine] in row.earlier
        and other.vaccine != dose.vaccine
        and other.given_on < dose.given_on < after_span(row.minimum, other.given_on)
        for row in rows
        for other in person.countable
    )
