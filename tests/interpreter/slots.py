"""Status of a slot: the first reason that holds (decision evaluation, under that heading)."""

from dataclasses import dataclass
from datetime import date, timedelta

from tests.interpreter.doses import Course, course_of, is_waived, needed, next_position
from tests.interpreter.judging import counting_from, earliest_on, intervals, judge_in
from tests.interpreter.person import Dose, Person, episode_of
from tests.interpreter.rules import after_span, span_ends
from tests.interpreter.windows import Window, window_on
from workbench.schedule.model import Slot

CLOSING = timedelta(days=30)
EXEMPTIONS = ("had_disease", "contraindicated", "vaccinated_elsewhere", "declined")  # the first is named

STATUS = {
    "not_applicable": (
        *("other_sex", "sex_unknown", "birth_unknown", "before_programme", "no_window", "other_series"),
        *("variant", "cut_off", "waived"),
    ),
    "done": ("valid", "private"),
    "done_irregular": ("too_early", "too_soon", "too_late", "wrong_product", "not_in_force"),
    "excluded": EXEMPTIONS,
    "missed": ("window_ended", "no_time_left"),
    "not_yet_open": ("before_window", "waiting_previous", "waiting_interval"),
    "closing": ("legal_end_near",),
    "late": ("past_standard",),
    "open": ("before_standard",),
    "due": ("in_standard",),
}
STATUS_OF = {reason: status for status, reasons in STATUS.items() for reason in reasons}


@dataclass
class State:
    """All that decides about one slot."""

    person: Person
    slot: Slot
    course: Course | None  # None: no series with the slot is needed
    dose: Dose | None  # that fills it
    window: Window | None
    earliest_next_on: date | None = None
    standard_from: date | None = None
    standard_until: date | None = None


def state_of(person: Person, slot: Slot) -> State:
    """Gather what decides about a slot."""
    series = [one for one in person.rules.series_of_slot[slot.slot] if needed(person, one)]
    course = course_of(person, series[0], episode_of(person, series[0], person.as_of)) if series else None
    dose = course.filled.get(slot.slot) if course else None
    window = window_on(person, slot.slot, person.as_of) if person.birth else None
    state = State(person, slot, course, dose, window)
    if window and course:
        _set_days(state, window, course)
    return state


def _set_days(state: State, window: Window, course: Course) -> None:
    """Interval rows in force on the day of the dose, for a slot not filled yet on `as_of`."""
    day = state.dose.given_on if state.dose else state.person.as_of
    rows = intervals(state.person, course, state.slot.slot, day, state.dose and state.dose.vaccine)
    state.earliest_next_on = earliest_on(course, state.slot.slot, rows)
    reading = state.person.rules.edition.reading.standard_upper_days
    counted = counting_from(course, state.slot.slot, rows)
    begins = [after_span(row.standard_from, given) for row, given in counted if row.standard_from]
    ends = [span_ends(row.standard_until, given, reading) for row, given in counted if row.standard_until]
    # One status per slot, point 5: the later of age and interval, and the interval's end; never past the legal end.
    first = max([window.standard_from, *begins])
    if ends and max(ends) < window.standard_from:  # begun before the standard age: the standard interval alone
        first = max(begins, default=window.standard_from)
    state.standard_from = min(first, window.closes_on)
    state.standard_until = min(max(ends, default=window.standard_until), window.closes_on)


def reason_of(state: State) -> str:
    """The first reason that holds."""
    return _never(state) or _judged(state) or _not_needed(state) or _exempt(state) or _pending(state)


def _never(state: State) -> str | None:
    person, slot = state.person, state.slot
    if slot.sex not in ("*", person.sex):
        return "sex_unknown" if person.sex == "U" else "other_sex"
    if person.birth is None:
        return "birth_unknown"
    if state.window is None:
        begins = person.rules.programme_of_slot[slot.slot].effective_from
        return "before_programme" if person.as_of < begins else "no_window"
    return "other_series" if state.course is None else None


def _judged(state: State) -> str | None:
    return judge_in(state.person, state.course, state.dose).evaluation if state.dose else None


def _not_needed(state: State) -> str | None:
    person, course, slot = state.person, state.course, state.slot.slot
    if slot not in course.slots:
        return "variant"
    if is_waived(person, course, slot):
        return "waived"
    return "cut_off" if course.slots.index(slot) + 1 < _next(state) else None


def _next(state: State) -> int:
    """The position that a further dose on `as_of` would take."""
    return next_position(state.person, state.course, state.person.as_of)


def _exempt(state: State) -> str | None:
    as_of = state.person.as_of.isoformat()
    reasons = {
        row["reason"]
        for row in state.person.exemptions
        if row["vaccine"] == state.slot.exempt_by
        and str(row["from_on"]) <= as_of <= str(row.get("until_on") or "9999-12-31")
    }
    return next((reason for reason in EXEMPTIONS if reason in reasons), None)


def _pending(state: State) -> str:
    as_of, window, next_on = state.person.as_of, state.window, state.earliest_next_on
    for reason, holds in (
        ("window_ended", window.closes_on < as_of),
        ("no_time_left", next_on is not None and window.closes_on < next_on),
        ("before_window", as_of < window.opens_on),
        ("waiting_previous", _next(state) < state.course.slots.index(state.slot.slot) + 1),
        ("waiting_interval", next_on is not None and as_of < next_on),
        ("legal_end_near", window.closes_on - CLOSING <= as_of),
        ("past_standard", state.standard_until < as_of),
        ("before_standard", as_of < state.standard_from),
    ):
        if holds:
            return reason
    return "in_standard"
