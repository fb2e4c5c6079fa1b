"""Which rows of the statute's data an answer rests on.

Series, variants, choices and cohorts are those by which the evaluation came to the answer (its grounds). Rows of
windows and intervals are found by the days that they give.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from workbench.evaluation import Case
from workbench.evaluation.grounds import Grounds, Place
from workbench.explanation.words import read_day, say
from workbench.records import NO_END
from workbench.schedule import Schedule
from workbench.schedule.expressions import parse_day, parse_span
from workbench.schedule.model import Between, Fact, FedBy, Interval, Programme, Slot, Variant
from workbench.schedule.windows import Stretch, legal_versions, standard_versions

_BETWEEN_ARTICLES = re.compile(r"、(?![^（]*）)")
_NOT_GIVEN = ("unknown", "before_birth", "after_death", "future", "after_as_of")
_BY_RECORD = (*_NOT_GIVEN, "duplicate", "birth_unknown")
_BY_PERSON = ("other_sex", "sex_unknown", "birth_unknown")
_NOWHERE = Place(None, None, None)

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
    """The rules as they concern one person whose answer, with its grounds, is known."""

    rules: Schedule
    case: Case
    answer: Answer

    @property
    def grounds(self) -> Grounds:
        """What the answer rests on."""
        return self.answer["grounds"]

    @cached_property
    def programmes(self) -> dict[str, Programme]:
        """The programme of each slot."""
        return {slot.slot: programme for programme in self.rules.programmes for slot in programme.slot}

    @cached_property
    def slots(self) -> dict[str, Slot]:
        """Each slot by its id."""
        return {slot.slot: slot for slot in self.rules.slots}

    def variant(self, slot: str) -> Variant | None:
        """Return the variant of the series of a slot: by its first dose, or by the day asked about."""
        return self._place(slot).variant

    def _place(self, slot: str) -> Place:
        return self.grounds.slots.get(slot, _NOWHERE)

    def windows(self, slot: str, day: date, opens: date | None, closes: date | None) -> list[Fact]:
        """Return the rows that, as known on a day, give a window its days, 長期療養特例 included."""
        if opens is None:
            return []
        window = opens, closes or NO_END
        legal, extended = list(self._legal(slot, day)), self.long_term(slot, day, window)
        found = [(fact, days) for fact, days in legal if _overlap(days, window)]
        if extended and not any(days[0] <= opens for _, days in found):  # it opens again what had ended
            begun = [(fact, days) for fact, days in legal if days[0] <= opens]
            found.insert(0, max(begun, key=lambda one: one[1][1]))
        return [*{id(fact): fact for fact, _ in found}.values(), *extended]

    def long_term(self, slot: str, day: date, window: Stretch) -> list[Fact]:
        """Return the row of 長期療養特例 where it adds days to a window, as known on a day."""
        vaccine = self.slots[slot].exempt_by
        ended = [end for end in self._recorded("long_term_care", vaccine) if end]
        added = self.rules.long_term(slot, vaccine, self.case.birth_date, max(ended)) if ended else None
        days = added.in_force(self.case.birth_date, day) if added and added.effective_from <= day else None
        legal = [stretch for _, stretch in self._legal(slot, day)]
        if not days or not _overlap(days, window) or not any(first <= days[0] for first, _ in legal):
            return []
        return [] if any(first <= days[0] and days[1] <= last for first, last in legal) else [added.fact]

    def _recorded(self, kind: str, vaccine: str) -> list[date | None]:
        return [row.reason_end_on for row in self.case.special if (row.kind, row.vaccine) == (kind, vaccine)]

    def _legal(self, slot: str, day: date) -> Iterator[tuple[Fact, Stretch]]:
        """Yield the rows of law known on a day, and the days that each gives."""
        programme, birth = self.programmes[slot], self.case.birth_date
        if any(row.episode == "pregnancy" for row in programme.series if slot in row.slots):
            for due in filter(None, self._recorded("pregnancy", self.slots[slot].exempt_by)):
                for row in legal_versions(programme.window, end=programme.effective_to or NO_END):
                    if days := row.in_force(due, due):
                        yield row.fact, days
            return
        rows = [
            row
            for row in self.rules.legal_rows(slot, self.grounds.cohorts.get(slot, ""))
            if row.births_from <= birth <= row.births_until and row.is_known(day)
        ]
        since = max((row.effective_from for row in rows if row.retroactive), default=date.min)
        for row in rows:
            if row.effective_from >= since and (days := row.in_force(birth, day)):
                yield row.fact, days

    def standards(self, slot: str, day: date, window: Stretch) -> list[Fact]:
        """Return the guidance on the age for a slot, as known on a day: of its window, else the last before it."""
        programme = self.programmes[slot]
        facts = [row for row in programme.standard if slot in row.slots]
        rows = zip(facts, standard_versions(facts, end=programme.effective_to or NO_END), strict=True)
        dated = [(fact, row.of_birth(self.case.birth_date)) for fact, row in rows if row.effective_from <= day]
        inside = [fact for fact, row in dated if (days := row.in_force(day)) and _overlap(days, window)]
        before = [(row.first, row.last, number) for number, (_, row) in enumerate(dated) if row.last < window[0]]
        return inside or [dated[max(before)[2]][0]] if inside or before else []

    def interval(
        self, slot: str, earliest: date | None, day: date, place: Place | None = None, vaccine: str | None = None
    ) -> tuple[Interval, date] | None:
        """Return the row that gives the earliest day of a slot, in force on a day, and the dose it counts from."""
        place = place or self._place(slot)
        for row in self._intervals(slot, day, place, vaccine) if earliest else ():
            for dose in self.grounds.filled:
                is_before = (dose.slot, dose.series) == (row.after, place.series)
                if is_before and parse_span(row.minimum)(dose.given_on) == earliest:
                    return row, dose.given_on
        return None

    def intervals_ahead(self, slot: str, day: date) -> list[Interval]:
        """Return the rows between a slot and those before it that are still to be filled, in force on a day."""
        place = self._place(slot)
        series = next(row for row in self.programmes[slot].series if row.series == place.series)
        filled = {dose.slot for dose in self.grounds.filled if dose.series == place.series}
        order = [one for one in (place.variant or series).slots if one not in filled]
        rows = [row for row in self._intervals(slot, day, place) if row.after in order]
        return sorted(rows, key=lambda row: order.index(row.after))

    def _intervals(self, slot: str, day: date, place: Place, vaccine: str | None = None) -> Iterator[Interval]:
        """Yield the rows of law that keep a slot (or a dose in it) from those before it, in force on a day."""
        variant = place.variant and place.variant.variant
        of_slot = [row for row in self.programmes[slot].interval if slot in row.slots]
        naming = [row for row in of_slot if vaccine in row.vaccines]
        for row in naming or [row for row in of_slot if not row.vaccines]:
            is_of = place.series in (row.series or [place.series]) and variant in (row.variants or [variant])
            in_force = (row.effective_from or date.min) <= day <= (row.effective_to or NO_END)
            if row.minimum and is_of and in_force:
                yield row

    def other_vaccine(self, dose: Answer) -> tuple[Between, Answer, date] | None:
        """Return the row that a dose came too soon for, the earlier dose, and the first day allowed."""
        kinds = {row.vaccine: row.kind for row in self.rules.edition.vaccine}
        day = date.fromisoformat(dose["given_on"])
        found = [
            (row, earlier, allowed)
            for earlier in self.answer["doses"]
            if earlier["vaccine"] != dose["vaccine"] and earlier["reason"] not in _NOT_GIVEN
            for row in self.rules.edition.between
            if kinds[earlier["vaccine"]] in row.earlier
            and kinds[dose["vaccine"]] in row.later
            and row.effective_from <= day <= (row.effective_to or NO_END)
            and date.fromisoformat(earlier["given_on"]) < day
            and (allowed := parse_span(row.minimum)(date.fromisoformat(earlier["given_on"]))) > day
        ]
        return max(found, key=lambda one: one[2], default=None)

    def of_slot(self, row: Answer) -> list[Fact]:
        """Return what an answer about a slot rests on; nothing where the person's own data say it."""
        slot, reason, day = row["slot"], row["reason"], self.case.as_of
        programme = self.programmes[slot]
        if reason in _BY_PERSON:
            return []
        if row["status"] == "not_applicable":
            return self._of_unneeded(slot, reason) or [programme]
        opens, closes = read_day(row["opens_on"]), read_day(row["closes_on"])
        facts = self.windows(slot, day, opens, closes)
        if reason in ("before_standard", "in_standard", "past_standard"):
            facts += self.standards(slot, day, (opens, closes or NO_END))
        found = self.interval(slot, read_day(row["earliest_next_on"]), day)
        ahead = self.intervals_ahead(slot, day) if reason == "waiting_previous" else []
        return [*facts, *([found[0]] if found else []), *ahead]

    def _of_unneeded(self, slot: str, reason: str) -> list[Fact]:
        programme, place = self.programmes[slot], self._place(slot)
        if reason == "other_series":
            return [place.choice] if place.choice else []
        if reason == "variant":
            return [place.variant] if place.variant else []
        rows = {"waived": programme.waive, "cut_off": programme.skip}.get(reason, [])
        name = place.variant and place.variant.variant
        return [
            row for row in rows if slot in row.slots and row.series == place.series and name in (row.variants or [name])
        ]

    def of_dose(self, dose: Answer) -> list[Fact]:
        """Return what the judgement of a dose rests on; nothing where the records say it."""
        day, slot, reason = date.fromisoformat(dose["given_on"]), dose["slot"], dose["reason"]
        if reason in _BY_RECORD:
            return []
        days = read_day(dose["opens_on"]), read_day(dose["closes_on"])
        place = self._place_of(dose)
        facts: list[Fact] = []
        if reason == "other_vaccine" and (found := self.other_vaccine(dose)):
            facts.append(found[0])
        if reason == "wrong_product" and slot:
            facts += self._products(dose)
        if slot is None:
            return facts + self._of_placeless(dose, place)
        if interval := self.interval(slot, read_day(dose["earliest_on"]), day, place, dose["vaccine"]):
            facts.append(interval[0])
        slot = self._judging_slot(slot, dose["vaccine"], place)
        return facts + (self.windows(slot, day, *days) or [self.programmes[slot]])

    def _judging_slot(self, slot: str, vaccine: str, place: Place) -> str:
        """Return the slot whose window judges a dose: that which it fills, or one of its own vaccine's series."""
        series = {row.series: row for programme in self.rules.programmes for row in programme.series}
        filled = series[place.series]
        own = next((feed.judged_by for feed in filled.fed_by if feed.vaccine == vaccine and feed.judged_by), None)
        return series[own].slots[filled.slots.index(slot)] if own else slot

    def own_window(self, row: Answer) -> tuple[Fact, Stretch] | None:
        """Return the law that judged the dose filling a slot, where that is the law of the dose's own vaccine."""
        slot, place, given = row["slot"], self._place(row["slot"]), read_day(row["given_on"])
        if not (place.series and given):
            return None
        that_day = [one for one in self.answer["doses"] if one["given_on"] == row["given_on"]]
        filling = [one for one in that_day if one["slot"] == slot] or that_day  # a dose may fill two, and names one
        own = {self._judging_slot(slot, one["vaccine"], place) for one in filling if one["reason"] not in _BY_RECORD}
        laws = (law for one in own - {slot} for law in self._legal(one, given))
        return next((law for law in laws if law[1][0] <= given <= law[1][1]), None)

    def alternatives(self, slots: Iterable[str]) -> Iterator[list[Programme]]:
        """Yield the programmes of these slots of which one alone is given: whichever is begun puts the others aside."""
        mine = list(dict.fromkeys((self._place(slot).series, self.programmes[slot].programme) for slot in slots))
        named = {programme.programme: programme for programme in self.rules.programmes}
        for group in self.rules.edition.group:
            alone = {
                row.series[0] for row in self.rules.edition.choice if row.group == group.group and not row.series[1:]
            }
            found = [named[programme] for series, programme in mine if series in alone and series in group.series]
            if len(found) > 1:
                yield found

    def _of_placeless(self, dose: Answer, place: Place) -> list[Fact]:
        """Return what a dose rests on that fills no slot."""
        day, reason = date.fromisoformat(dose["given_on"]), dose["reason"]
        programme = self._fed_by(dose["vaccine"], place)
        if reason == "single_antigen":
            days = read_day(dose["opens_on"]), read_day(dose["closes_on"])
            series = next(row for row in programme.series if any(self._feeds(feed, day) for feed in row.fed_by))
            return self.windows(series.slots[0], day, *days) or [programme]
        choice = place.choice if reason in ("extra", "wrong_product") else None
        return [choice or place.variant or programme]

    def _feeds(self, feed: FedBy, day: date) -> bool:
        """Tell whether a feed counts what is given on a day, as far as birth and age go."""
        birth = self.case.birth_date
        is_late_enough = feed.from_day is None or day >= parse_day(feed.from_day)(birth)
        is_early_enough = feed.before_day is None or day < parse_day(feed.before_day)(birth)
        return feed.has_birth(birth) and is_late_enough and is_early_enough

    def _place_of(self, dose: Answer) -> Place:
        seen = [one for one in self.answer["doses"] if one["reason"] != "after_as_of"]
        return self.grounds.doses[seen.index(dose)]

    def _products(self, dose: Answer) -> list[Fact]:
        product = self.case.doses[self.answer["doses"].index(dose)].product
        rows = self.rules.edition.product
        return [row for row in rows if row.vaccine == dose["vaccine"] and product in row.names]

    def _fed_by(self, vaccine: str, place: Place) -> Programme:
        """Return the programme in which a dose counts, else the first that counts doses of the vaccine."""
        vaccine = "MR" if vaccine in ("M", "R") else vaccine
        rows = [(programme, row) for programme in self.rules.programmes for row in programme.series]
        mine = (programme for programme, row in rows if row.series == place.series)
        fed = (programme for programme, row in rows if any(feed.vaccine == vaccine for feed in row.fed_by))
        return next(mine, None) or next(fed)


def _overlap(one: Stretch, other: Stretch) -> bool:
    return one[0] <= other[1] and one[1] >= other[0]
