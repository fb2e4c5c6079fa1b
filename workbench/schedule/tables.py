"""The rules themselves as the tables `records` describes: programmes, slots, series, and what feeds and spaces them.

Two conventions let the queries compare without asking for null: an open beginning is `NO_START`, an open end `NO_END`.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import pyarrow as pa

from workbench.records import NO_END, TABLES
from workbench.schedule.model import Choice, Cohort, Edition, Programme
from workbench.schedule.windows import NO_START

NO_VARIANT = "-"
_MANY = 999

_Rows = Iterable[dict[str, Any]]


def rule_tables(edition: Edition, programmes: Iterable[Programme]) -> dict[str, pa.Table]:
    """Return the tables of rules that depend on no birth and no day of a dose, by name.

    `programmes` are in display order.
    """
    programmes = list(programmes)
    bits = {row.vaccine: 1 << number for number, row in enumerate(edition.vaccine)}
    rows: dict[str, _Rows] = {
        "programme": map(_programme, programmes),
        "slot": _slots(programmes),
        "series": _series(edition, programmes),
        "series_slot": _series_slots(programmes),
        "series_vaccine": _feeding(programmes),
        "waive": _waived(programmes),
        "slot_interval": _intervals(programmes),
        "vaccine": _vaccines(edition, bits),
        "product": _products(edition),
        "between": _between(edition),
        "cohort": map(_cohort, edition.cohort),
        "choice_group": _groups(edition, programmes),
        "choice": [_choice(number, row, bits) for number, row in enumerate(edition.choice, 1)],
        "choice_series": (
            {"choice": number, "series": series}
            for number, row in enumerate(edition.choice, 1)
            for series in row.series
        ),
    }
    return {name: pa.Table.from_pylist(list(found), schema=TABLES[name].schema) for name, found in rows.items()}


def variants_of(programme: Programme, series: str) -> dict[str, list[str]]:
    """Return the slots, in order, of every variant of a series; one variant `-` where it has none."""
    found = {row.variant: row.slots for row in programme.variant if row.series == series}
    return found or {NO_VARIANT: next(row.slots for row in programme.series if row.series == series)}


def _programme(programme: Programme) -> dict[str, Any]:
    row = programme.model_dump(include=set(TABLES["programme"].schema.names))
    return row | {"source": f"{programme.article}（{programme.source}）"}


def _slots(programmes: Iterable[Programme]) -> Iterator[dict[str, Any]]:
    placed = [(programme, slot) for programme in programmes for slot in programme.slot]
    for order, (programme, slot) in enumerate(placed, 1):
        yield {
            "slot": slot.slot,
            "code": slot.code,
            "dose": slot.dose,
            "programme": programme.programme,
            "label": slot.label,
            "sex": slot.sex,
            "vaccine": slot.exempt_by,
            "cohort": next((row.cohort for row in programme.window if slot.slot in row.slots and row.cohort), None),
            "stage": slot.stage,
            "number": slot.number,
            "display_order": order,
        }


def _series(edition: Edition, programmes: Iterable[Programme]) -> Iterator[dict[str, Any]]:
    groups = {series: row.group for row in edition.group for series in row.series}
    placed = [(programme, row) for programme in programmes for row in programme.series]
    for order, (programme, row) in enumerate(placed, 1):
        yield {
            "series": row.series,
            "programme": programme.programme,
            "choice_group": groups.get(row.series),
            "episode": row.episode,
            "has_variants": any(variant.series == row.series for variant in programme.variant),
            "display_order": order,
        }


def _series_slots(programmes: Iterable[Programme]) -> Iterator[dict[str, Any]]:
    for programme in programmes:
        for row in programme.series:
            for variant, slots in variants_of(programme, row.series).items():
                for position, slot in enumerate(slots, 1):
                    yield {"series": row.series, "variant": variant, "slot": slot, "position": position}


def _feeding(programmes: Iterable[Programme]) -> Iterator[dict[str, Any]]:
    for row in (row for programme in programmes for row in programme.series):
        for feed in row.fed_by:
            yield {
                "series": row.series,
                "vaccine": feed.vaccine,
                **_births(feed),
                "sex": feed.sex,
                "by_age": bool(feed.from_day or feed.before_day),
            }


def _waived(programmes: Iterable[Programme]) -> Iterator[dict[str, Any]]:
    for programme in programmes:
        for row in programme.waive:
            for variant, slots in variants_of(programme, row.series).items():
                for slot in row.slots if variant in row.variants else ():
                    yield {
                        "series": row.series,
                        "variant": variant,
                        "slot": slot,
                        "position": slots.index(slot) + 1,
                        "first_position": slots.index(row.first) + 1,
                        "second_position": slots.index(row.second) + 1,
                        "rule": row.at_least,
                    }


def _intervals(programmes: Iterable[Programme]) -> Iterator[dict[str, Any]]:
    for programme in programmes:
        for row in programme.interval:
            for series in (one.series for one in programme.series):
                for variant, slots in variants_of(programme, series).items():
                    wanted = series in (row.series or [series]) and variant in (row.variants or [variant])
                    for slot in row.slots:
                        if wanted and slot in slots and row.after in slots:
                            yield {
                                "series": series,
                                "variant": variant,
                                "slot": slot,
                                "position": slots.index(slot) + 1,
                                "after_position": slots.index(row.after) + 1,
                                "rule": row.rule,
                                **_dates(row),
                            }


def _vaccines(edition: Edition, bits: dict[str, int]) -> Iterator[dict[str, Any]]:
    named = {row.vaccine for row in edition.product}
    for row in edition.vaccine:
        yield row.model_dump() | {"bit": bits[row.vaccine], "has_products": row.vaccine in named}


def _products(edition: Edition) -> Iterator[dict[str, Any]]:
    for row in edition.product:
        for name in row.names:
            yield {"vaccine": row.vaccine, "name": name, "product": row.product, **_dates(row)}


def _between(edition: Edition) -> Iterator[dict[str, Any]]:
    for row in edition.between:
        days = int(row.minimum.removesuffix("d"))
        for earlier in row.earlier:
            for later in row.later:
                yield {"earlier": earlier, "later": later, "clear_days": days, **_dates(row)}


def _cohort(row: Cohort) -> dict[str, Any]:
    return {
        "cohort": row.cohort,
        "special": row.special,
        "vaccine": row.vaccine,
        "given_from": row.given_from or NO_START,
        "given_until": row.given_until or NO_END,
        "at_least": row.at_least or 0,
        "fewer_than": row.fewer_than or _MANY,
        **_births(row),
    }


def _groups(edition: Edition, programmes: Iterable[Programme]) -> Iterator[dict[str, Any]]:
    fed_by = {row.series: row.fed_by for programme in programmes for row in programme.series}
    for row in edition.group:
        vaccines = dict.fromkeys([*row.order, *(feed.vaccine for series in row.series for feed in fed_by[series])])
        for order, vaccine in enumerate(vaccines, 1):
            yield {
                "choice_group": row.group,
                "vaccine": vaccine,
                "vaccine_order": order,
                "episode": row.episode,
                "effective_from": row.effective_from or NO_START,
            }


def _choice(number: int, row: Choice, bits: dict[str, int]) -> dict[str, Any]:
    return {
        "choice": number,
        "choice_group": row.group,
        "any_of": sum(bits[vaccine] for vaccine in row.any_of),
        "also_any_of": sum(bits[vaccine] for vaccine in row.also_any_of),
        "first": sum(bits[vaccine] for vaccine in row.first),
        "cohort": row.cohort,
        **_births(row),
        **_dates(row),
        "others": row.others,
    }


def _births(row: Any) -> dict[str, date]:  # noqa: ANN401  # any row with births
    return {"births_from": row.births_from or NO_START, "births_until": row.births_until or NO_END}


def _dates(row: Any) -> dict[str, date]:  # noqa: ANN401  # any row with effective dates
    return {"effective_from": row.effective_from or NO_START, "effective_to": row.effective_to or NO_END}
