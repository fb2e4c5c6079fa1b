"""Which rows of the statute's data an answer rests on: found again from the dates that the evaluation gave.

The evaluation says dates, not rows. A row is the one meant where it gives the very day (an interval), or days of the
window in question.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from workbench.evaluation import Case
from workbench.explanation.words import read_day, say
from workbench.records import NO_END
from workbench.schedule import Schedule
from workbench.schedule.expressions import parse_day, parse_span
from workbench.schedule.model import (
    Between,
    Choice,
    Cohort,
    Fact,
    Interval,
    LegalWindow,
    Programme,
    Series,
    Slot,
    Variant,
)
from workbench.schedule.windows import legal_versions

_BETWEEN_ARTICLES = re.compile(r"、(?![^（]*）)")

Answer = dict[str, Any]


def citation(facts: Iterable[Fact | None]) -> str:
    """Name the articles, each once, with a mark where the source was not confirmed."""
    named: dict[str, bool] = {}
    for fact in filter(None, facts):
        for article in _BETWEEN_ARTICLES.split(fact.article):
            named[article] = named.get(article, True) and fact.confirmed
    mark = say("account", "unconfirmed")
    return "、".join(article if confirmed else f"{article}{mark}" for article, confirmed in named.items())


@dataclass(frozen=True)
class PersonRules:
    """The rules as they concern one person whose answer is known."""

    rules: Schedule
    case: Case
    answer: Answer

    @cached_property
    def programmes(self) -> dict[str, Programme]:
        """The programme of each slot."""
        return {slot.slot: programme for programme in self.rules.programmes for slot in programme.slot}

    @cached_property
    def slots(self) -> dict[str, Slot]:
        """Each slot by its id."""
        return {slot.slot: slot for slot in self.rules.slots}

    @cached_property
    def given(self) -> dict[str, list[date]]:
        """The days on which each slot was filled, ascending."""
        found: dict[str, list[date]] = {}
        for dose in self.answer["doses"]:
            if dose["slot"]:
                found.setdefault(dose["slot"], []).append(date.fromisoformat(dose["given_on"]))
        return {slot: sorted(days) for slot, days in found.items()}

    def windows(self, slot: str, day: date, opens: date | None, closes: date | None) -> list[Fact]:
        """Return the rows known on a day whose days lie in a window, 長期療養特例 included."""
        rows = [
            row
            for row in self.programmes[slot].window
            if slot in row.slots and row.effective_from <= day and self._concerns(row, slot)
        ]
        since = max((row.effective_from for row in rows if row.retroactive), default=date.min)
        rows = [row for row in rows if row.effective_from >= since]
        if opens is None:
            return []
        found = [row for row in rows if self._lies_in(row, opens, closes or NO_END)]
        return [*(found or rows), *self._long_term(slot, day, closes or NO_END)]

    def _concerns(self, row: LegalWindow, slot: str) -> bool:
        if not row.has_birth(self.case.birth_date):
            return False
        cohort = next((one for one in self.rules.edition.cohort if one.cohort == row.cohort), None)
        return cohort is None or (cohort.has_birth(self.case.birth_date) and self._is_of(cohort, slot))

    def _is_of(self, cohort: Cohort, slot: str) -> bool:
        if cohort.special:
            vaccine = self.slots[slot].exempt_by
            return any(row.kind == cohort.special and row.vaccine == vaccine for row in self.case.special)
        first, last = cohort.given_from or date.min, cohort.given_until or NO_END
        days = [date.fromisoformat(dose["given_on"]) for dose in self._possible() if dose["vaccine"] == cohort.vaccine]
        count = sum(first <= day <= last for day in days)
        return (cohort.at_least or 0) <= count and (cohort.fewer_than is None or count < cohort.fewer_than)

    def _lies_in(self, row: LegalWindow, opens: date, closes: date) -> bool:
        stretches = [
            stretch
            for version in legal_versions([row], end=NO_END)
            if version.births_from <= self.case.birth_date <= version.births_until
            and (stretch := version.in_force(self.case.birth_date, row.effective_from))
        ]
        return any(first <= closes and last >= opens for first, last in stretches)

    def _long_term(self, slot: str, day: date, closes: date) -> list[Fact]:
        vaccine = self.slots[slot].exempt_by
        ended = [
            row.reason_end_on
            for row in self.case.special
            if row.kind == "long_term_care" and row.vaccine == vaccine and row.reason_end_on
        ]
        rows = [row for row in self.programmes[slot].long if slot in row.slots]
        return [row for row in rows if any(row.effective_from <= end <= min(day, closes) for end in ended)]

    def standards(self, slot: str, day: date) -> list[Fact]:
        """Return the guidance on the age for a slot, as known on a day."""
        rows = self.programmes[slot].standard
        return [row for row in rows if slot in row.slots and row.effective_from <= day <= (row.effective_to or NO_END)]

    def interval(self, slot: str, earliest: date | None, day: date) -> tuple[Interval, date] | None:
        """Return the row that gives the earliest day of a slot, in force on a day, and the dose it counts from."""
        for row in self.programmes[slot].interval if earliest else ():
            in_force = (row.effective_from or date.min) <= day <= (row.effective_to or NO_END)
            if slot in row.slots and row.minimum and in_force:
                for given in self.given.get(row.after, ()):
                    if parse_span(row.minimum)(given) == earliest:
                        return row, given
        return None

    def interval_ahead(self, slot: str, day: date) -> Interval | None:
        """Return the row between a slot and the one right before it in the person's variant, in force on a day."""
        variant = self.variant(slot)
        programme = self.programmes[slot]
        order = variant.slots if variant else next(row.slots for row in programme.series if slot in row.slots)
        before = order[order.index(slot) - 1] if slot in order[1:] else None
        return next(
            (
                row
                for row in programme.interval
                if slot in row.slots and row.after == before and row.minimum
                if not (variant and row.variants) or variant.variant in row.variants
                if (row.effective_from or date.min) <= day <= (row.effective_to or NO_END)
            ),
            None,
        )

    def other_vaccine(self, dose: Answer) -> tuple[Between, Answer, date] | None:
        """Return the row that a dose came too soon for, the earlier dose, and the first day allowed."""
        kinds = {row.vaccine: row.kind for row in self.rules.edition.vaccine}
        day = date.fromisoformat(dose["given_on"])
        found = [
            (row, earlier, allowed)
            for earlier in self.answer["doses"]
            if earlier["vaccine"] != dose["vaccine"] and earlier["evaluation"] not in ("impossible", "unknown")
            for row in self.rules.edition.between
            if kinds[earlier["vaccine"]] in row.earlier
            and kinds[dose["vaccine"]] in row.later
            and row.effective_from <= day <= (row.effective_to or NO_END)
            and date.fromisoformat(earlier["given_on"]) < day
            and (allowed := parse_span(row.minimum)(date.fromisoformat(earlier["given_on"]))) > day
        ]
        return max(found, key=lambda one: one[2], default=None)

    def products(self, vaccine: str, product: str | None) -> list[Fact]:
        """Return the rows of the product of a dose."""
        rows = self.rules.edition.product
        return [row for row in rows if row.vaccine == vaccine and product in row.names]

    def choice_of(self, programme: Programme) -> Choice | None:
        """Return the row of its group that chose the series of this person."""
        names = {row.series for row in programme.series}
        groups = [row.group for row in self.rules.edition.group if names & set(row.series)]
        rows = [row for row in self.rules.edition.choice if row.group in groups]
        return next((row for row in rows if self._holds(row)), None)

    def fed_by(self, vaccine: str) -> Programme | None:
        """Return the first programme that counts doses of a vaccine."""
        return next(
            (
                programme
                for programme in self.rules.programmes
                for row in programme.series
                if any(feed.vaccine == vaccine for feed in row.fed_by)
            ),
            None,
        )

    def _holds(self, row: Choice) -> bool:
        day = self.case.as_of
        if not (row.has_birth(self.case.birth_date) and (row.effective_from or date.min) <= day):
            return False
        if day > (row.effective_to or NO_END) or not self._is_of_needed(row):
            return False
        had = [dose["vaccine"] for dose in self._possible()]
        order = next(group.order for group in self.rules.edition.group if group.group == row.group)
        first = next((vaccine for vaccine in had if vaccine in order), None)
        return (
            (not row.any_of or bool(set(had) & set(row.any_of)))
            and (not row.also_any_of or bool(set(had) & set(row.also_any_of)))
            and (not row.first or first in row.first)
        )

    def _is_of_needed(self, row: Choice) -> bool:
        """Tell whether the slots that the answer calls chosen away are those that a row leaves out."""
        kept = {slot for one in self._series() if one.series in row.series for slot in one.slots}
        others = {slot["slot"] for slot in self.answer["slots"] if slot["reason"] == "other_series"}
        return not kept & others

    def _possible(self) -> Sequence[Answer]:
        doses = [dose for dose in self.answer["doses"] if dose["evaluation"] not in ("impossible", "unknown")]
        return sorted(doses, key=lambda dose: dose["given_on"])

    def _series(self) -> Iterator[Series]:
        return (row for programme in self.rules.programmes for row in programme.series)

    def variant(self, slot: str) -> Variant | None:
        """Return the variant of the series of a slot: by its first dose, or by the day asked about."""
        programme = self.programmes[slot]
        names = [row.series for row in programme.series if slot in row.slots]
        first = next(
            (dose for dose in self._possible() if dose["slot"] and self.programmes[dose["slot"]] is programme), None
        )
        day = date.fromisoformat(first["given_on"]) if first else self.case.as_of
        product = self._product(first) if first else None
        return next((row for row in programme.variant if row.series in names and self._fits(row, day, product)), None)

    def _product(self, dose: Answer) -> str | None:
        number = self.answer["doses"].index(dose)
        recorded = self.case.doses[number].product
        return next((row.product for row in self.products(dose["vaccine"], recorded)), None)

    def _fits(self, row: Variant, day: date, product: str | None) -> bool:
        birth = self.case.birth_date
        first = parse_day(row.first_from)(birth) if row.first_from else date.min
        last = parse_day(row.first_until)(birth) if row.first_until else NO_END
        is_of_product = not row.first_products or product in row.first_products
        return row.has_birth(birth) and first <= day <= last and is_of_product

    def of_slot(self, row: Answer) -> list[Fact | None]:
        """Return what an answer about a slot rests on."""
        slot, reason, day = row["slot"], row["reason"], self.case.as_of
        programme = self.programmes[slot]
        if reason == "other_series":
            return [self.choice_of(programme)]
        if reason == "variant":
            return [self.variant(slot)]
        if reason == "waived":
            return [waive for waive in programme.waive if slot in waive.slots]
        if reason == "cut_off":
            return [skip for skip in programme.skip if slot in skip.slots]
        if row["status"] == "not_applicable":
            return [programme]
        facts = [*self.windows(slot, day, read_day(row["opens_on"]), read_day(row["closes_on"]))]
        if reason in ("before_standard", "in_standard", "past_standard"):
            facts.extend(self.standards(slot, day))
        interval = self.interval(slot, read_day(row["earliest_next_on"]), day)
        ahead = self.interval_ahead(slot, day) if reason == "waiting_previous" and interval is None else None
        return [*(facts or [programme]), interval[0] if interval else ahead]
