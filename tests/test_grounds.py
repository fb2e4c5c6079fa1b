"""The rows of law that an account cites are those its answer rests on: from them alone the same answer follows.

The interpreter computes again, with nothing but the rows cited, the windows and intervals; variants and choices are
those it finds itself. What the queries `slot_grounds` and `dose_grounds` say is compared so.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings

from tests.interpreter import Rules, shipped_rules
from tests.interpreter.doses import Course, choice_of, course_of, needed
from tests.interpreter.judging import earliest_on, intervals, judging_slot
from tests.interpreter.person import Dose, Person, episode_of, is_feeding, read_case
from tests.interpreter.rules import NO_END
from tests.interpreter.windows import Window, window_on
from tests.population import crowds, random_people
from tests.test_agreement import case as asked
from tests.test_agreement import dose as given_dose
from tests.test_cases import ALL
from workbench import schedule
from workbench.evaluation import Case, evaluate_cases
from workbench.explanation.rules import PersonRules
from workbench.schedule.model import (
    Between,
    Choice,
    Fact,
    Interval,
    LegalWindow,
    LongTerm,
    Product,
    Programme,
    Skip,
    StandardPeriod,
    Variant,
    Waive,
)

BY_PERSON = ("other_sex", "sex_unknown", "birth_unknown")  # no law is needed to say so
NO_LAW = (
    *("unknown", "before_birth", "after_death", "future", "after_as_of", "duplicate"),
    *("birth_unknown", "pregnancy_unknown"),
)
PAIRED = ("MR1", "MR2")  # series that single doses of 麻しん and 風しん make up
RULED = {"other_series": Choice, "variant": Variant, "waived": Waive, "cut_off": Skip}
Facts = list[Fact]


def of_kind(facts: Facts, kind: type[Fact]) -> Facts:
    return [fact for fact in facts if isinstance(fact, kind)]


class Grounds:
    """One person's answer, what its account cites, and the interpreter's reading of the same person."""

    def __init__(self, case: dict[str, Any], answer: dict[str, Any]) -> None:
        self.answer = answer
        self.cited = PersonRules(schedule.load(), Case.model_validate(case), answer)
        self.person = read_case(case, shipped_rules())

    def faults(self) -> list[str]:
        """What does not follow from the rows cited."""
        found = [
            f"slot {row['slot']} {row['reason']}: {fault}" for row in self.answer["slots"] for fault in self.slot(row)
        ]
        for row, dose in zip(self.answer["doses"], self.person.doses, strict=True):
            found += [
                f"dose {row['vaccine']} {row['given_on']} {row['reason']}: {fault}" for fault in self.dose(row, dose)
            ]
        return found

    def slot(self, row: dict[str, Any]) -> Iterator[str]:
        slot, reason, day = row["slot"], row["reason"], self.person.as_of
        facts = self.cited.of_slot(row)
        if reason in BY_PERSON:
            return
        if not facts:
            yield "nothing cited"
        elif reason in RULED:
            yield from self.not_needed(slot, reason, facts)
        elif row["status"] != "not_applicable" and not row["given_on"]:  # a filled slot rests on its dose
            yield from self.window(slot, day, row, facts)
            yield from self.standard(slot, day, facts)
            yield from self.interval(slot, day, row["earliest_next_on"], facts)
            yield from self.variant(slot, day)
            told = {row.after for row in of_kind(facts, Interval)}
            if reason == "waiting_previous" and not self.ahead(slot, day) <= told:
                yield f"it waits for {self.ahead(slot, day)}, said is {told}"

    def dose(self, row: dict[str, Any], dose: Dose) -> Iterator[str]:
        slot, reason, day = row["slot"], row["reason"], dose.given_on
        facts = self.cited.of_dose(row)
        if reason in NO_LAW:
            return
        if not facts:
            yield "nothing cited"
        elif slot is None:
            yield from self.counts_nowhere(row, dose, facts)
        else:
            judging = judging_slot(self.person, self.course(slot, day, dose).series, dose, slot)
            yield from self.window(judging, day, row, facts)
            yield from self.interval(slot, day, row["earliest_on"], facts, dose)
            if reason == "wrong_product" and not of_kind(facts, Product):
                yield "no product cited"
        if reason == "other_vaccine" and not of_kind(facts, Between):
            yield "no interval between vaccines cited"
        for between in of_kind(facts, Between):
            if not between.effective_from <= day <= (between.effective_to or NO_END):
                yield "the interval between vaccines was not in force"

    def alone(self, slot: str, facts: Facts) -> Person:
        """The person under rules with no other rows for a slot's window than these."""
        rules = self.person.rules
        programme = rules.programme_of_slot[slot].model_copy(update={"long": of_kind(facts, LongTerm)})
        changed = Rules(rules.edition, rules.programmes)
        changed.__dict__.update(
            vars(rules),
            windows={slot: rules.laws(slot, self.as_in_file(slot, facts))},
            standards={slot: rules.laws(slot, of_kind(facts, StandardPeriod))},
            programme_of_slot={slot: programme},
        )
        return replace(self.person, rules=changed, known={})

    def as_in_file(self, slot: str, facts: Facts) -> list[LegalWindow]:
        """A row of a cohort is cited with the births of the cohort."""
        names = ("opens", "closes", "effective_from", "cohort", "extension", "article")
        cited = [tuple(getattr(fact, name) for name in names) for fact in of_kind(facts, LegalWindow)]
        rows = self.person.rules.programme_of_slot[slot].window
        return [row for row in rows if tuple(getattr(row, name) for name in names) in cited]

    def window(self, slot: str, day: date, row: dict[str, Any], facts: Facts) -> Iterator[str]:
        """The rows cited give the window, and each of them gives days of it."""
        told = row["opens_on"], row["closes_on"]
        window = window_on(self.alone(slot, facts), slot, day)
        if (given := written(window)) != told:
            yield f"the window is {told}, the rows cited give {given}"
            return
        ended = 1 if of_kind(facts, LongTerm) else 0  # a row that had ended, without which nothing would open again
        for fact in of_kind(facts, LegalWindow):
            part = window_on(self.alone(slot, [fact]), slot, day)
            if part and part.closes_on < window.opens_on and ended:
                ended -= 1
            elif part is None or part.opens_on > window.closes_on or part.closes_on < window.opens_on:
                yield f"a row is cited that gives nothing of {told}: {fact.article} ({fact.effective_from})"

    def standard(self, slot: str, day: date, facts: Facts) -> Iterator[str]:
        cited = of_kind(facts, StandardPeriod)
        ours, theirs = window_on(self.person, slot, day), window_on(self.alone(slot, facts), slot, day)
        if cited and ours != theirs:
            yield f"the standard period is {ours}, the rows cited give {theirs}"

    def interval(self, slot: str, day: date, told: str | None, facts: Facts, dose: Dose | None = None) -> Iterator[str]:
        cited = of_kind(facts, Interval)
        course = self.course(slot, day, dose)
        if not all(row in intervals(self.person, course, slot, day, dose and dose.vaccine) for row in cited):
            yield "an interval is cited that was not in force"
        given = earliest_on(course, slot, cited)
        if (str(given) if given else None) != told:
            yield f"the interval ends on {told}, the rows cited give {given}"

    def ahead(self, slot: str, day: date) -> set[str]:
        """The slots still to be filled from which a slot must wait."""
        course = self.course(slot, day)
        rows = [row for row in intervals(self.person, course, slot, day) if row.minimum]
        return {row.after for row in rows if row.after in course.slots and row.after not in course.filled}

    def variant(self, slot: str, day: date) -> Iterator[str]:
        told, course = self.cited.variant(slot), self.course(slot, day)
        if (told and told.variant) != course.variant:
            yield f"the variant is {course.variant}, cited is {told and told.variant}"

    def not_needed(self, slot: str, reason: str, facts: Facts) -> Iterator[str]:
        """A slot not needed: the row that says so."""
        if not of_kind(facts, RULED[reason]) and not (reason == "variant" and of_kind(facts, Programme)):
            yield f"no {RULED[reason].__name__} cited"
        if reason == "other_series":
            [series] = self.person.rules.series_of_slot[slot][:1]
            if facts != [choice_of(self.person, series)]:
                yield "another choice is cited than was made"
            return
        course = self.course(slot, self.person.as_of)
        for fact in facts:
            named = [fact.variant] if isinstance(fact, Variant) else getattr(fact, "variants", [])
            if named and course.variant not in named:
                yield f"cited is {named}, the variant is {course.variant}"

    def counts_nowhere(self, row: dict[str, Any], dose: Dose, facts: Facts) -> Iterator[str]:
        rules = self.person.rules
        fed = [series for series in rules.series.values() if is_feeding(dose, series, self.person)]
        needing = [series for series in fed if needed(self.person, series, dose)]
        if row["reason"] == "single_antigen":
            if not row["opens_on"]:
                return
            slot = next(series.slots[0] for series in fed if series.series in PAIRED)
            yield from self.window(slot, dose.given_on, row, facts)
        elif row["reason"] in ("extra", "wrong_product") and not needing:
            choices = [choice for series in fed if (choice := choice_of(self.person, series, dose))]
            if of_kind(facts, Choice) != choices[:1]:
                yield "another choice is cited than was made"
        elif of_kind(facts, Choice):
            yield "a choice is cited that was not the reason"

    def course(self, slot: str, day: date, dose: Dose | None = None) -> Course:
        """The course that holds a slot, and a dose of it."""
        series = [one for one in self.person.rules.series_of_slot[slot] if needed(self.person, one, dose)]
        courses = [course_of(self.person, one, episode_of(self.person, one, day)) for one in series]
        return next((one for one in courses if dose and one.slot_of(dose) == slot), courses[0])


def written(window: Window | None) -> tuple[str | None, str | None]:
    if window is None:
        return None, None
    return str(window.opens_on), None if window.closes_on == NO_END else str(window.closes_on)


def assert_grounded(cases: list[dict[str, Any]]) -> None:
    cases = [case for case in cases if case["birth_date"]]
    for case, answer in zip(cases, evaluate_cases(cases, with_grounds=True), strict=True):
        faults = Grounds(case, answer).faults()
        assert not faults, f"{json.dumps(case, ensure_ascii=False)}\n  " + "\n  ".join(faults)


FOUND = {  # of which another row was once cited
    "麻しん alone has a window": asked("2018-05-10", "2026-11-01", given_dose("M", "2019-06-01")),
    "guidance that has ended still divides a long window": asked("2007-02-28", "2022-11-01"),
    "the interval of another series": asked("2020-05-10", "2023-11-01", given_dose("JE", "2023-10-20")),
    "a dose that fills slots of two series": asked(
        "2014-05-10",
        "2014-12-01",
        given_dose("DPTI", "2014-08-20"),
        given_dose("IPV", "2014-10-20"),
        given_dose("DPT", "2014-11-15"),
    ),
    "begun in the series that is not needed": asked(
        "2015-02-10",
        "2016-11-01",
        given_dose("HIB", "2015-10-01"),
        given_dose("DPIH", "2015-12-04"),
        given_dose("HIB", "2016-05-01"),
    ),
    "enough doses, and a choice that is no reason": asked(
        "1956-07-01",
        "2026-11-01",
        given_dose("HZR", "2025-06-01"),
        given_dose("HZR", "2025-09-01"),
        given_dose("HZR", "2026-03-01"),
    ),
    "長期療養特例 opens again what had ended": asked(
        "2000-05-10",
        "2023-11-01",
        special=[{"kind": "long_term_care", "vaccine": "JE", "reason_end_on": "2022-12-31"}],
    ),
    "長期療養特例 comes before the law opens again": asked(
        "2008-04-02",
        "2016-10-01",
        special=[{"kind": "long_term_care", "vaccine": "JE", "reason_end_on": "2016-09-01"}],
    ),
    "pregnant before there was a programme, and since": asked(
        "1995-02-01",
        "2026-11-01",
        special=[
            {"kind": "pregnancy", "vaccine": "RSVM", "reason_end_on": due} for due in ("2024-03-10", "2027-01-10")
        ],
    ),
    "too soon after a dose in no recorded pregnancy": asked(
        "2006-02-01", "2019-02-01", given_dose("RSVM", "2019-01-18"), given_dose("DT", "2019-01-24")
    ),
    "a vaccine that no series counts": asked("1933-02-06", "2014-11-01", given_dose("M", "1935-02-06")),
}


@pytest.mark.parametrize("name", FOUND)
def test_found_before(name):
    assert_grounded([FOUND[name]])


def test_the_public_cases():
    assert_grounded([one["case"] for one in ALL])


@settings(max_examples=40)
@given(crowds(shipped_rules(), most=10))
def test_any_people(cases):
    assert_grounded(cases)


@pytest.mark.soak
def test_20_000_people():
    for seed in range(20):
        assert_grounded(list(random_people(shipped_rules(), 1_000, seed, share=50)))
