"""The rules themselves as the tables `records` describes: programmes, slots, series, and what feeds and spaces them.

Two conventions let the queries compare without asking for null: an open beginning is `NO_START`, an open end `NO_END`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from workbench.records import NO_END, TABLES
from workbench.schedule.model import Choice, Cohort, Edition, Interval, Programme
from workbench.schedule.windows import NO_START

NO_VARIANT = 0
SEX_NUMBERS = {"*": 0, "M": 1, "F": 2}
_MANY = 999

_Rows = Iterable[dict[str, Any]]


@dataclass(frozen=True)
class Numbers:
    """The numbers by which the evaluation names series, slots, variants, vaccines, products, groups and intervals."""

    series: dict[str, int]
    slot: dict[str, int]
    variant: dict[tuple[str, str], int]  # by series and variant
    vaccine: dict[str, int]
    product: dict[tuple[str, str], int]  # by vaccine and product
    group: dict[str, int]
    rule: dict[str, int]


def number(edition: Edition, programmes: Sequence[Programme]) -> Numbers:
    """Number everything in the order of the files; `programmes` are in display order."""
    rules = [row.rule for programme in programmes for row in programme.interval]
    rules += [row.at_least for programme in programmes for row in programme.waive]
    return Numbers(
        series=_counted(row.series for programme in programmes for row in programme.series),
        slot=_counted(row.slot for programme in programmes for row in programme.slot),
        variant=_counted((row.series, row.variant) for programme in programmes for row in programme.variant),
        vaccine=_counted((row.vaccine for row in edition.vaccine), start=0),
        product=_counted((row.vaccine, row.product) for row in edition.product),
        group=_counted(row.group for row in edition.group),
        rule=_counted(dict.fromkeys(rules)),
    )


def _counted(names: Iterable[Any], start: int = 1) -> dict[Any, int]:
    return {name: place for place, name in enumerate(names, start)}


class RuleTables:
    """The tables of rules that depend on no birth and no day of a dose."""

    def __init__(self, edition: Edition, programmes: Sequence[Programme], numbers: Numbers) -> None:
        """Take the checked files, programmes in display order, and their numbers."""
        self.edition, self.programmes, self.no = edition, programmes, numbers

    def tables(self) -> dict[str, pa.Table]:
        """Return them by name, as `records` describes them."""
        rows: dict[str, _Rows] = {
            "programme": map(_programme, self.programmes),
            "slot": self._slots(),
            "series": self._series(),
            "series_slot": self._series_slots(),
            "series_vaccine": self._feeding(),
            "judging_slot": self._judging(),
            "waive": self._waived(),
            "slot_interval": self._intervals(),
            "vaccine": self._vaccines(),
            "product": self._products(),
            "between": self._between(),
            "cohort": map(self._cohort, self.edition.cohort),
            "choice_group": self._groups(),
            "choice": map(self._choice, range(len(self.edition.choice)), self.edition.choice),
            "choice_series": self._choice_series(),
        }
        return {name: pa.Table.from_pylist(list(found), schema=TABLES[name].schema) for name, found in rows.items()}

    def variants_of(self, programme: Programme, series: str) -> dict[int, list[str]]:
        """Return the slots, in order, of every variant of a series by its number; one variant 0 where it has none."""
        found = {self.no.variant[series, row.variant]: row.slots for row in programme.variant if row.series == series}
        return found or {NO_VARIANT: next(row.slots for row in programme.series if row.series == series)}

    def _slots(self) -> Iterator[dict[str, Any]]:
        for programme in self.programmes:
            for slot in programme.slot:
                cohorts = (row.cohort for row in programme.window if slot.slot in row.slots and row.cohort)
                yield {
                    "slot": slot.slot,
                    "code": slot.code,
                    "dose": slot.dose,
                    "programme": programme.programme,
                    "label": slot.label,
                    "sex": slot.sex,
                    "vaccine": slot.exempt_by,
                    "cohort": next(cohorts, None),
                    "stage": slot.stage,
                    "number": slot.number,
                    "display_order": self.no.slot[slot.slot],
                }

    def _series(self) -> Iterator[dict[str, Any]]:
        groups = {series: self.no.group[row.group] for row in self.edition.group for series in row.series}
        for programme in self.programmes:
            for row in programme.series:
                yield {
                    "series": row.series,
                    "series_no": self.no.series[row.series],
                    "programme": programme.programme,
                    "group_no": groups.get(row.series),
                    "episode": row.episode,
                    "has_variants": any(variant.series == row.series for variant in programme.variant),
                }

    def _series_slots(self) -> Iterator[dict[str, Any]]:
        for programme in self.programmes:
            for row in programme.series:
                for variant, slots in self.variants_of(programme, row.series).items():
                    for position, slot in enumerate(slots, 1):
                        place = {"slot_no": self.no.slot[slot], "position": position}
                        yield {"series_no": self.no.series[row.series], "variant_no": variant} | place

    def _feeding(self) -> Iterator[dict[str, Any]]:
        for row in (row for programme in self.programmes for row in programme.series):
            for feed in row.fed_by:
                yield {
                    "series_no": self.no.series[row.series],
                    "vaccine_no": self.no.vaccine[feed.vaccine],
                    **_births(feed),
                    "sex_no": SEX_NUMBERS[feed.sex],
                    "by_age": bool(feed.from_day or feed.before_day),
                }

    def _judging(self) -> Iterator[dict[str, Any]]:
        slots = {row.series: row.slots for programme in self.programmes for row in programme.series}
        for row in (row for programme in self.programmes for row in programme.series):
            for feed in (feed for feed in row.fed_by if feed.judged_by):
                for slot, own in zip(row.slots, slots[feed.judged_by], strict=True):
                    yield {
                        "series_no": self.no.series[row.series],
                        "vaccine_no": self.no.vaccine[feed.vaccine],
                        "slot_no": self.no.slot[slot],
                        "own_slot_no": self.no.slot[own],
                    }

    def _waived(self) -> Iterator[dict[str, Any]]:
        for programme in self.programmes:
            for row in programme.waive:
                for name in row.variants:
                    variant = self.no.variant[row.series, name]
                    slots = self.variants_of(programme, row.series)[variant]
                    for slot in row.slots:
                        yield {
                            "series_no": self.no.series[row.series],
                            "variant_no": variant,
                            "slot_no": self.no.slot[slot],
                            "first_position": slots.index(row.first) + 1,
                            "second_position": slots.index(row.second) + 1,
                            "rule_no": self.no.rule[row.at_least],
                        }

    def _intervals(self) -> Iterator[dict[str, Any]]:
        for programme in self.programmes:
            for row in programme.interval:
                for series in (one.series for one in programme.series if one.series in (row.series or [one.series])):
                    wanted = {self.no.variant.get((series, name), NO_VARIANT) for name in row.variants}
                    for variant, slots in self.variants_of(programme, series).items():
                        if variant in (wanted or [variant]) and row.after in slots:
                            yield from self._interval(programme, row, series, variant)

    def _interval(self, programme: Programme, row: Interval, series: str, variant: int) -> Iterator[dict[str, Any]]:
        slots = self.variants_of(programme, series)[variant]
        for slot in (slot for slot in row.slots if slot in slots):
            named = {vaccine for other in programme.interval if slot in other.slots for vaccine in other.vaccines}
            yield {
                "series_no": self.no.series[series],
                "variant_no": variant,
                "slot_no": self.no.slot[slot],
                "position": slots.index(slot) + 1,
                "after_position": slots.index(row.after) + 1,
                "rule_no": self.no.rule[row.rule],
                "vaccines": self._bits(row.vaccines or self.no.vaccine.keys() - named),
                "is_ahead": not row.vaccines,
                **_dates(row),
            }

    def _vaccines(self) -> Iterator[dict[str, Any]]:
        named = {row.vaccine for row in self.edition.product}
        series = [row for programme in self.programmes for row in programme.series]
        episodes = {row.vaccine: set() for row in self.edition.vaccine}
        for row in series:
            for feed in row.fed_by:
                episodes[feed.vaccine].add(row.episode)
        for row in self.edition.vaccine:
            place = self.no.vaccine[row.vaccine]
            kinds = {"has_products": row.vaccine in named, "is_seasonal": episodes[row.vaccine] == {"season"}}
            yield row.model_dump() | {"vaccine_no": place, "bit": 1 << place} | kinds

    def _products(self) -> Iterator[dict[str, Any]]:
        for row in self.edition.product:
            place = self.no.product[row.vaccine, row.product]
            for name in row.names:
                yield {"vaccine": row.vaccine, "name": name, "product": row.product, "product_no": place, **_dates(row)}

    def _between(self) -> Iterator[dict[str, Any]]:
        for row in self.edition.between:
            days = int(row.minimum.removesuffix("d"))
            for earlier in row.earlier:
                for later in row.later:
                    yield {"earlier": earlier, "later": later, "clear_days": days, **_dates(row)}

    def _cohort(self, row: Cohort) -> dict[str, Any]:
        return {
            "cohort": row.cohort,
            "special": row.special,
            "vaccine_no": self.no.vaccine[row.vaccine] if row.vaccine else None,
            "given_from": row.given_from or NO_START,
            "given_until": row.given_until or NO_END,
            "at_least": row.at_least or 0,
            "fewer_than": row.fewer_than or _MANY,
            **_births(row),
        }

    def _groups(self) -> Iterator[dict[str, Any]]:
        fed_by = {row.series: row.fed_by for programme in self.programmes for row in programme.series}
        for row in self.edition.group:
            fed = (feed.vaccine for series in row.series for feed in fed_by[series])
            for order, vaccine in enumerate(dict.fromkeys([*row.order, *fed]), 1):
                yield {
                    "group_no": self.no.group[row.group],
                    "choice_group": row.group,
                    "vaccine_no": self.no.vaccine[vaccine],
                    "vaccine_order": order,
                    "episode": row.episode,
                    "effective_from": row.effective_from or NO_START,
                    "counts_long_term": row.counts_long_term,
                }

    def _choice(self, place: int, row: Choice) -> dict[str, Any]:
        return {
            "choice": place + 1,
            "group_no": self.no.group[row.group],
            "any_of": self._bits(row.any_of),
            "also_any_of": self._bits(row.also_any_of),
            "first": self._bits(row.first),
            "cohort": row.cohort,
            **_births(row),
            **_dates(row),
            "others": row.others,
        }

    def _bits(self, vaccines: Iterable[str]) -> int:
        return sum(1 << self.no.vaccine[vaccine] for vaccine in vaccines)

    def _choice_series(self) -> Iterator[dict[str, Any]]:
        for place, row in enumerate(self.edition.choice, 1):
            for series in row.series:
                yield {"choice": place, "series_no": self.no.series[series]}


def _programme(programme: Programme) -> dict[str, Any]:
    row = programme.model_dump(include=set(TABLES["programme"].schema.names))
    return row | {"source": f"{programme.article}（{programme.source}）"}


def _births(row: Any) -> dict[str, date]:  # noqa: ANN401  # any row with births
    return {"births_from": row.births_from or NO_START, "births_until": row.births_until or NO_END}


def _dates(row: Any) -> dict[str, date]:  # noqa: ANN401  # any row with effective dates
    return {"effective_from": row.effective_from or NO_START, "effective_to": row.effective_to or NO_END}
