"""The slow, obvious evaluation of one person: decision evaluation, point by point, in loops over rows and plain dates.

It shares the schema, the short words and the legal date arithmetic with the workbench, and nothing that evaluates.
"""

from datetime import date
from typing import Any

from tests.interpreter.judging import judge
from tests.interpreter.person import Dose, Person, read_case
from tests.interpreter.rules import NO_END, Rules, read_folder, read_rules, shipped_rules
from tests.interpreter.slots import STATUS_OF, State, reason_of, state_of
from workbench.schedule.model import Slot

__all__ = ["Rules", "evaluate", "read_folder", "read_rules", "shipped_rules"]


def evaluate(case: dict[str, Any], schedule: Rules) -> dict[str, Any]:
    """Answer one case as `workbench evaluate` does: slots in display order, doses in the order of the case."""
    person = read_case(case, schedule)
    return {
        "slots": [_slot_answer(person, slot) for slot in schedule.slots.values()],
        "doses": [_dose_answer(person, dose) for dose in person.doses],
    }


def _slot_answer(person: Person, slot: Slot) -> dict[str, Any]:
    state = state_of(person, slot)
    reason = reason_of(state)
    status = STATUS_OF[reason]
    days = dict.fromkeys((*_DAYS, "given_on")) if status == "not_applicable" else _days(state)
    answer = {"slot": slot.slot, "status": status, "reason": reason} | days
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in answer.items()}


_DAYS = ("opens_on", "standard_from", "standard_until", "closes_on", "earliest_next_on")


def _days(state: State) -> dict[str, date | None]:
    days = (
        state.window.opens_on,
        state.standard_from,
        state.standard_until,
        state.window.closes_on,
        None if state.dose else state.earliest_next_on,
    )
    shown = {name: None if day == NO_END else day for name, day in zip(_DAYS, days, strict=True)}
    return shown | {"given_on": state.dose.given_on if state.dose else None}


def _dose_answer(person: Person, dose: Dose) -> dict[str, Any]:
    found = judge(person, dose)
    return {
        "vaccine": dose.vaccine,
        "given_on": dose.given_on.isoformat(),
        "evaluation": found.evaluation,
        "reason": found.reason,
        "slot": found.slot,
    }
