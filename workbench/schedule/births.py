"""What depends on a birth date besides its windows: when a vaccine feeds a series, its variants, its skipped slots."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa

from workbench.records import NO_END, TABLES
from workbench.schedule.expressions import DayRule, parse_day
from workbench.schedule.model import Programme, Skip, Variant
from workbench.schedule.tables import Numbers
from workbench.schedule.windows import NO_START, ONE_DAY

_Skip = tuple[DayRule | None, int | None]  # the day of life, and the position to go on with


@dataclass(frozen=True)
class BirthRules:
    """The rules of feeds, variants and skips, to be expanded for birth dates."""

    programmes: Sequence[Programme]  # in display order
    _no: Numbers

    def tables(self, births: Sequence[date]) -> dict[str, pa.Table]:
        """Return the tables series_days, variant and skip, birth by birth in the order given."""
        return {
            "series_days": arrow_table("series_days", (row for birth in births for row in self._series_days(birth))),
            "variant": arrow_table("variant", (row for birth in births for row in self._variants(birth))),
            "skip": arrow_table("skip", (row for birth in births for row in self._skips(birth))),
        }

    def _series_days(self, birth: date) -> Iterator[tuple[Any, ...]]:
        for series, vaccine, births, from_rule, before_rule in self._aged_feeds:
            if births.has_birth(birth):
                from_on = from_rule(birth) if from_rule else NO_START
                yield birth, series, vaccine, from_on, before_rule(birth) - ONE_DAY if before_rule else NO_END

    @cached_property
    def _aged_feeds(self) -> list[tuple[Any, ...]]:
        return [
            (
                self._no.series[row.series],
                self._no.vaccine[feed.vaccine],
                feed,
                parse_day(feed.from_day) if feed.from_day else None,
                parse_day(feed.before_day) if feed.before_day else None,
            )
            for programme in self.programmes
            for row in programme.series
            for feed in row.fed_by
            if feed.from_day or feed.before_day
        ]

    def _variants(self, birth: date) -> Iterator[tuple[Any, ...]]:
        for series, variant, row, first, last, products in self._variant_rules:
            if row.has_birth(birth):
                days = first(birth) if first else NO_START, last(birth) if last else NO_END
                for product in products:
                    yield birth, series, variant, product, *days

    @cached_property
    def _variant_rules(self) -> list[tuple[int, int, Variant, DayRule | None, DayRule | None, list[int | None]]]:
        """Rows with their numbers; `products` is [None] where the product of the first dose does not matter."""
        found = []
        for programme in self.programmes:
            fed = {row.series: {feed.vaccine for feed in row.fed_by} for row in programme.series}
            for row in programme.variant:
                first = parse_day(row.first_from) if row.first_from else None
                last = parse_day(row.first_until) if row.first_until else None
                products = [
                    number
                    for (vaccine, name), number in self._no.product.items()
                    if vaccine in fed[row.series] and name in row.first_products
                ]
                found.append((*self._numbers(row), row, first, last, products if row.first_products else [None]))
        return found

    def _skips(self, birth: date) -> Iterator[tuple[Any, ...]]:
        for series, variant, (dose, dose_position), (previous, previous_position) in self._skip_rules:
            days = dose(birth) if dose else None, previous(birth) if previous else None
            yield birth, series, variant, days[0], dose_position, days[1], previous_position

    @cached_property
    def _skip_rules(self) -> list[tuple[int, int, _Skip, _Skip]]:
        """One row for each variant: the days after which its slots are skipped, and the position to go on with."""
        found = []
        for programme in self.programmes:
            for row in programme.variant:
                mine = [
                    skip
                    for skip in programme.skip
                    if skip.series == row.series and row.variant in (skip.variants or [row.variant])
                ]
                rules = _skip(row, mine, "dose_after"), _skip(row, mine, "previous_after")
                if any(day for day, _ in rules):
                    found.append((*self._numbers(row), *rules))
        return found

    def _numbers(self, row: Variant) -> tuple[int, int]:
        return self._no.series[row.series], self._no.variant[row.series, row.variant]


def _skip(variant: Variant, rows: Sequence[Skip], key: str) -> _Skip:
    for row in rows:
        day = getattr(row, key)
        places = [variant.slots.index(slot) + 1 for slot in row.slots if slot in variant.slots]
        if day and places:
            return parse_day(day), max(places) + 1
    return None, None


def arrow_table(name: str, found: Iterable[tuple[Any, ...]]) -> pa.Table:
    """Return rows as the table of that name in `records`."""
    schema = TABLES[name].schema
    rows = list(found)
    columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
    return pa.Table.from_arrays(
        [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)], schema=schema
    )
