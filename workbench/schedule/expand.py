"""From rules to dates: windows of a birth, and the calendar tables that queries join.

A window is the union over the versions of a rule, each cut to the days on which that version is in force. Law and
guidance are computed apart: the standard period never moves an end of the window.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa

from workbench.errors import ParameterError
from workbench.records import NO_END, TABLES
from workbench.schedule.expressions import DayRule, parse_day, parse_span, parse_span_end
from workbench.schedule.model import Interval, LegalWindow, Programme, Reading, Slot, StandardPeriod
from workbench.schedule.tables import rule_tables

_LAST_DAY = date(9700, 1, 1)  # beyond it a rule of some decades would leave the calendar; such days get no row
_SEXES = ("M", "F", "U")

Stretch = tuple[date, date]


class Window(NamedTuple):
    """Days on which a slot can be filled under the law, and the standard part of them; all ends included.

    `closes_on` is `records.NO_END` where the law sets no last day. The whole window is standard where guidance sets no
    period. A standard period that ended before the window opened is kept as it is, outside the window, so that whoever
    is eligible is late from the first day.
    """

    opens_on: date
    standard_from: date
    standard_until: date
    closes_on: date


@dataclass(frozen=True)
class _Version:
    """One version of a window or a standard period, ready to compute."""

    first: DayRule
    last: DayRule | None
    effective_from: date
    effective_to: date
    births_from: date = date.min
    births_until: date = date.max

    def full(self, birth: date) -> Stretch:
        """Return first and last day as the words say, whenever the version was in force."""
        return self.first(birth), self.last(birth) if self.last else NO_END

    def in_force(self, birth: date) -> Stretch | None:
        """Return what of it falls on days on which the version was in force."""
        if not self.births_from <= birth <= self.births_until:
            return None
        last = self.last(birth) if self.last else NO_END
        if last < self.effective_from:
            return None
        first = self.first(birth)
        if first > self.effective_to:
            return None
        return max(first, self.effective_from), min(last, self.effective_to)


@dataclass(frozen=True)
class _Rules:
    """The versions that decide some slots alike."""

    legal: tuple[_Version, ...]
    standard: tuple[_Version, ...]

    def window(self, birth: date) -> Window | None:
        """Return the window of a birth, or None where there is none.

        Where two versions leave a gap between them (a window ends, and a later change of law opens it again), the
        window spans it.
        """
        legal = [stretch for version in self.legal if (stretch := version.in_force(birth))]
        if not legal:
            return None
        opens_on = min(first for first, _ in legal)
        closes_on = max(last for _, last in legal)
        return Window(opens_on, *self._standard(birth, opens_on, closes_on), closes_on)

    def _standard(self, birth: date, opens_on: date, closes_on: date) -> Stretch:
        parts = [
            (max(stretch[0], opens_on), min(stretch[1], closes_on))
            for version in self.standard
            if (stretch := version.in_force(birth)) and stretch[0] <= closes_on and stretch[1] >= opens_on
        ]
        if parts:
            return min(first for first, _ in parts), max(last for _, last in parts)
        before = [stretch for version in self.standard if (stretch := version.full(birth))[1] < opens_on]
        return max(before, default=(opens_on, closes_on))


@dataclass(frozen=True)
class Schedule:
    """The statute's data, checked; every answer is computed from it and the arguments alone."""

    rule_version: str  # day to which the law was followed, and a hash of the content: 2026-11-01+0123abcd
    reading: Reading
    programmes: tuple[Programme, ...]  # in display order

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """All slots in display order."""
        return tuple(slot for programme in self.programmes for slot in programme.slot)

    def windows(self, birth: date, sex: str) -> list[dict[str, Any]]:
        """Return one dict for every slot, in display order: slot, opens_on, standard_from, standard_until, closes_on.

        Dates; None where a person of this birth and sex has no window, and for an end that the law leaves open.

        Raises:
            ParameterError: `sex` is not M, F or U.
        """
        if sex not in _SEXES:
            msg = "性別は M（男）、F（女）、U（不明）のどれかで指定してください。"
            raise ParameterError(msg)
        found = self._windows(birth)
        mine = {slot.slot: found.get(slot.slot) for slot in self.slots if slot.sex in ("*", sex)}
        return [{"slot": slot.slot} | _open_ends(mine.get(slot.slot)) for slot in self.slots]

    def windows_json(self, birth: date, sex: str) -> dict[str, Any]:
        """Return `windows` ready for JSON: {"birth_date", "slots": [...]}, ISO dates or None.

        Raises:
            ParameterError: `sex` is not M, F or U.
        """
        slots = [
            {key: day.isoformat() if isinstance(day, date) else day for key, day in row.items()}
            for row in self.windows(birth, sex)
        ]
        return {"birth_date": birth.isoformat(), "slots": slots}

    def window_table(self, births: Iterable[date]) -> pa.Table:
        """Return `records` table window: one row for each distinct birth and slot that has a window (any sex)."""
        found = [(birth, slot, *days) for birth in sorted(set(births)) for slot, days in self._windows(birth).items()]
        return _table("window", found)

    def interval_table(self, days: Iterable[date]) -> pa.Table:
        """Return `records` table interval: one row for each distinct day of a dose and interval rule.

        A standard interval that guidance leaves open on a side is null there; the slot's standard period decides then.
        """
        rules = {row.rule: self._interval_days(row) for programme in self.programmes for row in programme.interval}
        given = sorted(day for day in set(days) if day <= _LAST_DAY)
        found = [
            (day, name, *(rule(day) if rule else None for rule in three))
            for name, three in rules.items()
            for day in given
        ]
        return _table("interval", found)

    def rule_tables(self) -> dict[str, pa.Table]:
        """Return programme, slot, series_vaccine, series_instead and slot_interval as `records` describes them."""
        return rule_tables(self.programmes)

    def _interval_days(self, row: Interval) -> tuple[DayRule, DayRule | None, DayRule | None]:
        from_rule = parse_span(row.standard_from) if row.standard_from else None
        reading = self.reading.standard_upper_days
        until_rule = parse_span_end(row.standard_until, reading=reading) if row.standard_until else None
        return parse_span(row.minimum), from_rule, until_rule

    @cached_property
    def _rules(self) -> list[tuple[_Rules, list[str]]]:
        """Rules with the slots they decide, so that dates shared by several slots are computed once."""
        shared: dict[tuple[int, ...], tuple[_Rules, list[str]]] = {}
        for programme in self.programmes:
            for slot in programme.slot:
                legal = [row for row in programme.window if slot.slot in row.slots]
                standard = [row for row in programme.standard if slot.slot in row.slots]
                key = tuple(map(id, legal + standard))
                if key not in shared:
                    shared[key] = _compile(legal, standard, end=programme.effective_to or date.max), []
                shared[key][1].append(slot.slot)
        return list(shared.values())

    def _windows(self, birth: date) -> dict[str, Window]:
        found = {}
        for rules, slots in self._rules:
            window = rules.window(birth) if birth <= _LAST_DAY else None
            if window:
                found.update(dict.fromkeys(slots, window))
        return found


def _compile(legal: list[LegalWindow], standard: list[StandardPeriod], *, end: date) -> _Rules:
    """Make the rows ready to compute; a version without an end lasts as long as its programme."""
    windows = [
        _Version(
            parse_day(row.opens),
            parse_day(row.closes) if row.closes else None,
            row.effective_from,
            row.effective_to or end,
            row.births_from or date.min,
            row.births_until or date.max,
        )
        for row in legal
    ]
    periods = [
        _Version(
            parse_day(row.standard_from), parse_day(row.standard_until), row.effective_from, row.effective_to or end
        )
        for row in standard
    ]
    return _Rules(tuple(windows), tuple(periods))


def _open_ends(window: Window | None) -> dict[str, date | None]:
    if window is None:
        return dict.fromkeys(Window._fields)
    return {name: None if day == NO_END else day for name, day in zip(Window._fields, window, strict=True)}


def _table(name: str, found: list[tuple[Any, ...]]) -> pa.Table:
    schema = TABLES[name].schema
    columns = zip(*found, strict=True) if found else ([] for _ in schema)
    return pa.Table.from_arrays(
        [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)], schema=schema
    )
