"""What can be said of a person whose day of birth is unknown: that it cannot be judged, and the two ends of it."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from workbench.evaluation import Case, evaluate_cases
from workbench.explanation.account import label_of, merged, reason_of_dose, vaccine_name
from workbench.explanation.rules import PersonRules, citation
from workbench.explanation.words import read_day, say, texts
from workbench.schedule import Schedule

Answer = dict[str, Any]
Ends = tuple[PersonRules, PersonRules]


def account_of_unknown(case: Case, rules: Schedule) -> Iterator[str]:
    """Yield the lines for a person without a birth date."""
    yield say("account", "person_unknown", sex=texts()["sex"][case.sex], as_of=case.as_of)
    yield say("unknown_birth", "says")
    yield say("account", "change", change=texts()["unknown_birth"]["change"])
    if case.birth_earliest is None or case.birth_latest is None:
        yield say("unknown_birth", "unbounded")
        yield from _recorded(case, rules)
        return
    births = case.birth_earliest, case.birth_latest
    yield say("unknown_birth", "bounds", earliest=births[0], latest=births[1])
    bounded = [case.model_copy(update={"birth_date": birth}) for birth in births]
    answers = evaluate_cases(bounded, rules, with_numbers=True)
    ends = tuple(PersonRules(rules, one, answer) for one, answer in zip(bounded, answers, strict=True))
    yield from _doses(ends)
    yield ""
    yield say("account", "slots")
    yield from _slots(ends)


def _recorded(case: Case, rules: Schedule) -> Iterator[str]:
    [answer] = evaluate_cases([case], rules)
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
        yield say("unknown_birth", "dose", given=given, vaccine=vaccine, first=words[0], last=words[1])


def _slots(ends: Ends) -> Iterator[str]:
    pairs = {
        first["slot"]: (first, last)
        for first, last in zip(*(end.answer["slots"] for end in ends), strict=True)
        if {first["status"], last["status"]} != {"not_applicable"}
    }
    second = {slot: last for slot, (_, last) in pairs.items()}
    for group in merged(ends[0], (first for first, _ in pairs.values())):
        for like in merged(ends[1], (second[row["slot"]] for row in group)):
            yield from _group(ends, [pairs[row["slot"]] for row in like])


def _group(ends: Ends, pairs: list[tuple[Answer, Answer]]) -> Iterator[str]:
    first, last = pairs[0]
    label = label_of(ends[0], [row for row, _ in pairs])
    words = [texts()["status"][row["status"]] for row in (first, last)]
    name = "line_same" if words[0] == words[1] else "line"
    line = say("unknown_birth", name, label=label, first=words[0], last=words[1])
    yield line + "".join(_readings(first, last))
    facts = [fact for end, row in zip(ends, (first, last), strict=True) for fact in end.of_slot(row)]
    yield say("account", "why", articles=citation(facts))


def _readings(first: Answer, last: Answer) -> Iterator[str]:
    """Yield the widest and the narrowest window: all days of either end, and the days of both."""
    if "not_applicable" in (first["status"], last["status"]):
        return
    opens = [date.fromisoformat(row["opens_on"]) for row in (first, last)]
    closes = [read_day(row["closes_on"]) or date.max for row in (first, last)]
    yield _span("widest", min(opens), max(closes))
    yield (
        _span("narrowest", max(opens), min(closes))
        if max(opens) <= min(closes)
        else say("unknown_birth", "narrowest_none")
    )


def _span(name: str, opens: date, closes: date) -> str:
    if closes == date.max:
        return say("unknown_birth", f"{name}_open", opens=opens)
    return say("unknown_birth", name, opens=opens, closes=closes)
