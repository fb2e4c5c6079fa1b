"""What can be said of a person whose day of birth is unknown: that it cannot be judged, and how far it can differ.

Every possible day of birth is evaluated: cohorts by 年度 lie between the ends as well as at them.
"""

from collections.abc import Iterator
from datetime import date
from itertools import repeat
from typing import Any

from workbench.evaluation import Case, evaluate_cases
from workbench.explanation.account import label_of, merged, reason_of_dose, vaccine_name
from workbench.explanation.rules import PersonRules, citation
from workbench.explanation.words import read_day, say, texts
from workbench.schedule import Schedule, possible_births

Answer = dict[str, Any]
Ends = tuple[PersonRules, PersonRules]
Between = dict[str, list[Answer]]  # slot -> its answer for every possible birth

_NOTHING = "not_applicable"


def account_of_unknown(case: Case, rules: Schedule) -> Iterator[str]:
    """Yield the lines for a person without a birth date."""
    yield say("account", "person_unknown", sex=texts()["sex"][case.sex], as_of=case.as_of)
    yield say("unknown_birth", "says")
    yield say("account", "change", change=texts()["unknown_birth"]["change"])
    births = possible_births(case.birth_earliest, case.birth_latest)
    if not births:
        yield say("unknown_birth", "unbounded")
        yield from _recorded(case, rules)
        return
    yield say("unknown_birth", "bounds", earliest=births[0], latest=births[-1])
    bounded = [case.model_copy(update={"birth_date": birth}) for birth in births]
    answers = evaluate_cases(bounded, rules)
    outer = [bounded[0], bounded[-1]]
    ends = tuple(map(PersonRules, repeat(rules), outer, evaluate_cases(outer, rules, with_grounds=True)))
    yield from _doses(ends)
    yield ""
    yield say("account", "slots")
    between: Between = {}
    for answer in answers:
        for row in answer["slots"]:
            between.setdefault(row["slot"], []).append(row)
    yield from _slots(ends, between)


def _recorded(case: Case, rules: Schedule) -> Iterator[str]:
    [answer] = evaluate_cases([case], rules, with_grounds=True)
    person = PersonRules(rules, case, answer)
    if answer["doses"]:
        yield ""
        yield say("account", "doses")
    for number, dose in enumerate(answer["doses"], 1):
        evaluation, vaccine = texts()["evaluation"][dose["evaluation"]], vaccine_name(person, dose["vaccine"])
        given, says = read_day(dose["given_on"]), reason_of_dose(dose)
        yield say("account", "dose", number=number, given=given, vaccine=vaccine, evaluation=evaluation, says=says)


def _doses(ends: Ends) -> Iterator[str]:
    if ends[0].answer["doses"]:
        yield ""
        yield say("account", "doses")
    for first, last in zip(*(end.answer["doses"] for end in ends), strict=True):
        words = [texts()["evaluation"][dose["evaluation"]] for dose in (first, last)]
        vaccine, given = vaccine_name(ends[0], first["vaccine"]), read_day(first["given_on"])
        name = "dose_ends" if words[0] == words[1] else "dose"
        yield say("unknown_birth", name, given=given, vaccine=vaccine, first=words[0], last=words[1])


def _slots(ends: Ends, between: Between) -> Iterator[str]:
    pairs = {
        first["slot"]: (first, last)
        for first, last in zip(*(end.answer["slots"] for end in ends), strict=True)
        if {row["status"] for row in between[first["slot"]]} != {_NOTHING}
    }
    second = {slot: last for slot, (_, last) in pairs.items()}
    for group in merged(ends[0], (first for first, _ in pairs.values())):
        for like in merged(ends[1], (second[row["slot"]] for row in group)):
            alike: dict[tuple[Any, ...], list[str]] = {}
            for row in like:
                key = tuple((one["status"], one["opens_on"], one["closes_on"]) for one in between[row["slot"]])
                alike.setdefault(key, []).append(row["slot"])
            for slots in alike.values():
                yield from _group(ends, [pairs[slot] for slot in slots], between[slots[0]])


def _group(ends: Ends, pairs: list[tuple[Answer, Answer]], answers: list[Answer]) -> Iterator[str]:
    first, last = pairs[0]
    label = label_of(ends[0], [row for row, _ in pairs])
    words = [texts()["status"][row["status"]] for row in (first, last)]
    statuses = {row["status"] for row in answers}
    same = "line_same" if len(statuses) == 1 else "line_ends"
    line = say("unknown_birth", same if words[0] == words[1] else "line", label=label, first=words[0], last=words[1])
    if statuses - {first["status"], last["status"]}:
        line += say("unknown_birth", "between")
    yield line + "".join(_readings(answers))
    facts = [fact for end, row in zip(ends, (first, last), strict=True) for fact in end.of_slot(row)]
    yield say("account", "why", articles=citation(facts))


def _readings(answers: list[Answer]) -> Iterator[str]:
    """Yield the widest and the narrowest window: the days of any possible birth, and the days of all of them."""
    rows = [row for row in answers if row["status"] != _NOTHING]
    opens = [date.fromisoformat(row["opens_on"]) for row in rows]
    closes = [date.fromisoformat(row["closes_on"]) if row["closes_on"] else date.max for row in rows]
    widest, narrowest = (min(opens), max(closes)), (max(opens), min(closes))
    is_certain = len(rows) == len(answers) and narrowest[0] <= narrowest[1]
    if is_certain and widest == narrowest:
        yield _span("same", *widest)
        return
    yield _span("widest", *widest)
    yield _span("narrowest", *narrowest) if is_certain else say("unknown_birth", "narrowest_none")


def _span(name: str, opens: date, closes: date) -> str:
    if opens == closes and name == "narrowest":
        return say("unknown_birth", "narrowest_day", opens=opens)
    if closes == date.max:
        return say("unknown_birth", f"{name}_open", opens=opens)
    return say("unknown_birth", name, opens=opens, closes=closes)
