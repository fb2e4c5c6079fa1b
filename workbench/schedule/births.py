"""What depends on a birth date besides its windows: when a vaccine feeds a series, its variants, its skipped slots."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa

from workbench.records import NO_END, TABLES
from workbench.schedule.expressions import DayRule, parse_day
from workbench.schedule.model import Programme, Variant
from workbench.schedule.tables import Numbers
from workbench.schedule.windows import NO_START, ONE_DAY


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
        for series, variant, row, first, last in self._variant_rules:
            if row.has_birth(birth):
                days = first(birth) if first else NO_START, last(birth) if last else NO_END
                for product in row.first_products or [None]:
                    yield birth, series, variant, self._product_no(row.series, product), *days

    def _product_no(self, series: str, product: str | None) -> int | None:
        if product is None:
            return None
        fed = {
            feed.vaccine
            for programme in self.programmes
            for row in programme.series
            if row.series == series
            for feed in row.fed_by
        }
        return next(no for (vaccine, name), no in self._no.product.items() if vaccine in fed and name == product)

    @cached_property
    def _variant_rules(self) -> list[tuple[int, int, Variant, DayRule | None, DayRule | None]]:
        rows = [row for programme in self.programmes for row in programme.variant]
        return [
            (
                self._no.series[row.series],
                self._no.variant[row.series, row.variant],
                row,
                parse_day(row.first_from) if row.first_from else None,
                parse_day(row.first_until) if row.first_until else None,
            )
            for row in rows
        ]

    def _skips(self, birth: date) -> Iterator[tuple[Any, ...]]:
        for series, variant, dose, previous in self._skip_rules:
            dose_after, previous_after = (rule[0](birth) if rule else None for rule in (dose, previous))
            positions = (rule[1] if rule else None for rule in (dose, previous))
            dose_position, previous_position = positions
            yield birth, series, variant, dose_after, dose_position, previous_after, previous_position

    @cached_property
    def _skip_rules(self) -> list[tuple[int, int, tuple[DayRule, int] | None, tuple[DayRule, int] | None]]:
        """One row for each variant: the day after which its slots are skipped, and the position to go on with."""
        found = []
        for programme in self.programmes:
            for row in programme.variant:
                mine = [
                    skip
                    for skip in programme.skip
                    if skip.series == row.series and row.variant in (skip.variants or [row.variant])
                ]
                dose, previous = (
                    next(
                        (
                            (
                                parse_day(day),
                                1 + max(row.slots.index(slot) + 1 for slot in skip.slots if slot in row.slots),
                            )
                            for skip in mine
                            if (day := getattr(skip, key)) and set(skip.slots) & set(row.slots)
                        ),
                        None,
                    )
                    for key in ("dose_after", "previous_after")
                )
                if dose or previous:
                    found.append(
                        (self._no.series[row.series], self._no.variant[row.series, row.variant], dose, previous)
                    )
        return found


def arrow_table(name: str, found: Iterable[tuple[Any, ...]]) -> pa.Table:
    """Return rows as the table of that name in `records`."""
    schema = TABLES[name].schema
    rows = list(found)
    columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
    return pa.Table.from_arrays(
        [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)], schema=schema
    )
