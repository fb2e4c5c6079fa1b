"""From rules to dates: windows of a birth, and the calendar tables that queries join."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa

from workbench import lawdates
from workbench.errors import ParameterError
from workbench.records import NO_END
from workbench.schedule.births import BirthRules, arrow_table
from workbench.schedule.expressions import DayRule, parse_day, parse_span, parse_span_end
from workbench.schedule.model import Edition, Interval, LegalWindow, LongTerm, Programme, Slot
from workbench.schedule.possible import Span, possible_birth_rows
from workbench.schedule.tables import Numbers, RuleTables, number
from workbench.schedule.windows import (
    NO_START,
    KnownWindow,
    Rules,
    Version,
    Window,
    legal_versions,
    standard_versions,
)

_LAST_DAY = date(9700, 1, 1)  # beyond it a rule of some decades would leave the calendar; such days get no row
_SEXES = ("M", "F", "U")
_ORDINARY = ""

LONG_TERM = "long_term_care"
PREGNANCY = "pregnancy"

Reason = tuple[date | None, str, str, date]  # birth, kind of special, vaccine, reason_end_on


class _Slots(NamedTuple):
    """Slots that the same rows decide, for one cohort."""

    cohort: str
    rules: Rules
    slots: list[str]


@dataclass(frozen=True)
class Schedule:
    """The statute's data, checked; every answer is computed from it and the arguments alone."""

    rule_version: str  # day to which the law was followed, and a hash of the content: 2026-11-01+0123abcd
    edition: Edition
    programmes: tuple[Programme, ...]  # in display order

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """All slots in display order."""
        return tuple(slot for programme in self.programmes for slot in programme.slot)

    def windows(self, birth: date, sex: str, as_of: date | None = None) -> list[dict[str, Any]]:
        """Return one dict for every slot, in display order: slot, opens_on, standard_from, standard_until, closes_on.

        The ordinary window as the law of `as_of` gives it (without it: of the day to which the law was followed);
        extensions and special cohorts are left out. Dates; None where a person of this birth and sex has no window, and
        for an end that the law leaves open.

        Raises:
            ParameterError: `sex` is not M, F or U.
        """
        if sex not in _SEXES:
            msg = "性別は M（男）、F（女）、U（不明）のどれかで指定してください。"
            raise ParameterError(msg)
        found = self._windows_on(birth, as_of or self.edition.version, self._plain_rules)
        mine = {slot.slot: found.get(slot.slot) for slot in self.slots if slot.sex in ("*", sex)}
        return [{"slot": slot.slot} | _open_ends(mine.get(slot.slot)) for slot in self.slots]

    def windows_json(self, birth: date, sex: str, as_of: date | None = None) -> dict[str, Any]:
        """Return `windows` ready for JSON: {"birth_date", "slots": [...], "extensions": [...]}, ISO dates or None.

        Raises:
            ParameterError: `sex` is not M, F or U.
        """
        slots = [_iso(row) for row in self.windows(birth, sex, as_of)]
        extensions = [_iso(row) for row in self._extensions(birth, sex)]
        return {"birth_date": birth.isoformat(), "slots": slots, "extensions": extensions}

    def window_table(self, births: Iterable[date]) -> pa.Table:
        """Return `records` table window: rows for each distinct birth, slot that has a window (any sex), and cohort."""
        return arrow_table("window", self._window_rows(sorted(set(births))))

    def special_window_table(self, reasons: Iterable[Reason]) -> pa.Table:
        """Return `records` table special_window for each distinct birth, kind, vaccine and reason_end_on."""
        order = sorted(set(reasons), key=lambda reason: (reason[0] or NO_START, *reason[1:]))
        return arrow_table("special_window", (row for reason in order for row in self._special_rows(reason)))

    def interval_table(self, days: Iterable[date]) -> pa.Table:
        """Return `records` table interval: one row for each distinct day of a dose and interval rule.

        A standard interval that guidance leaves open on a side is null there; the slot's standard period decides then.
        """
        given = sorted(day for day in set(days) if day <= _LAST_DAY)
        found = (
            (day, self._no.rule[name], name, *(rule(day) if rule else None for rule in three))
            for name, three in self._interval_rules.items()
            for day in given
        )
        return arrow_table("interval", found)

    def tables(
        self, births: Iterable[date], days: Iterable[date], reasons: Iterable[Reason] = (), spans: Iterable[Span] = ()
    ) -> dict[str, pa.Table]:
        """Return every rule table of a snapshot: for its birth dates, days of vaccination and special reasons.

        `spans` are the bounds of unknown births: the rules are expanded for every day between them too.
        """
        possible = arrow_table("possible_birth", possible_birth_rows(spans))
        births = [*births, *possible["birth_date"].to_pylist()]
        return (
            self.rule_tables()
            | self.birth_tables(births)
            | {
                "possible_birth": possible,
                "window": self.window_table(births),
                "special_window": self.special_window_table(reasons),
                "interval": self.interval_table(days),
            }
        )

    def rule_tables(self) -> dict[str, pa.Table]:
        """Return the tables of rules that depend on no date, as `records` describes them."""
        return RuleTables(self.edition, self.programmes, self._no).tables()

    @cached_property
    def _no(self) -> Numbers:
        return number(self.edition, self.programmes)

    def birth_tables(self, births: Iterable[date]) -> dict[str, pa.Table]:
        """Return the tables series_days, variant and skip for each distinct birth."""
        return BirthRules(self.programmes, self._no).tables(
            [birth for birth in sorted(set(births)) if birth <= _LAST_DAY],
        )

    @cached_property
    def _interval_rules(self) -> dict[str, tuple[DayRule | None, ...]]:
        rules = {row.rule: self._interval_days(row) for programme in self.programmes for row in programme.interval}
        waived = {row.at_least for programme in self.programmes for row in programme.waive}
        return rules | {text: (parse_span(text), None, None) for text in sorted(waived - rules.keys())}

    def _interval_days(self, row: Interval) -> tuple[DayRule | None, ...]:
        from_rule = parse_span(row.standard_from) if row.standard_from else None
        reading = self.edition.reading.standard_upper_days
        until_rule = parse_span_end(row.standard_until, reading=reading) if row.standard_until else None
        return parse_span(row.minimum) if row.minimum else None, from_rule, until_rule

    @cached_property
    def _rules(self) -> list[_Slots]:
        return self._compile(lambda _: True, cohorts=True)

    @cached_property
    def _plain_rules(self) -> list[_Slots]:
        """What concerns everybody: no cohort and no extension."""
        return self._compile(lambda row: row.extension is None and row.cohort is None, cohorts=False)

    @cached_property
    def _extension_rules(self) -> list[_Slots]:
        return self._compile(lambda row: row.extension is not None, cohorts=False)

    def legal_rows(self, slot: str, cohort: str) -> tuple[Version, ...]:
        """Return the rows of law that decide the windows of a slot, for everybody ('') or for one cohort."""
        return self._legal_rows.get((slot, cohort), ())

    @cached_property
    def _legal_rows(self) -> dict[tuple[str, str], tuple[Version, ...]]:
        return {(slot, row.cohort): row.rules.legal for row in self._rules for slot in row.slots}

    def _compile(self, wanted: Callable[[Any], bool], *, cohorts: bool) -> list[_Slots]:
        """Group slots by the rows that decide them, so that dates shared by several slots are computed once."""
        shared: dict[tuple[Any, ...], _Slots] = {}
        for programme in self.programmes:
            end = programme.effective_to or NO_END
            episodes = {slot for row in programme.series if row.episode == PREGNANCY for slot in row.slots}
            for slot in programme.slot:
                if slot.slot in episodes:
                    continue
                rows = [row for row in programme.window if slot.slot in row.slots and wanted(row)]
                standard = [row for row in programme.standard if slot.slot in row.slots]
                names = {row.cohort for row in rows if row.cohort} if cohorts else set()
                for cohort in [_ORDINARY, *sorted(names)]:
                    legal = [self._within_cohort(row) for row in rows if not cohorts or row.cohort in (None, cohort)]
                    key = (cohort, *map(id, rows), *map(id, standard))
                    if key not in shared:
                        rules = Rules(legal_versions(legal, end=end), standard_versions(standard, end=end))
                        shared[key] = _Slots(cohort, rules, [])
                    shared[key].slots.append(slot.slot)
        return list(shared.values())

    def _within_cohort(self, row: LegalWindow) -> LegalWindow:
        """Cut the births of a row to those of its cohort."""
        cohort = next((one for one in self.edition.cohort if one.cohort == row.cohort), None)
        if cohort is None:
            return row
        births_from = max(filter(None, (row.births_from, cohort.births_from)), default=None)
        births_until = min(filter(None, (row.births_until, cohort.births_until)), default=None)
        return row.model_copy(update={"births_from": births_from, "births_until": births_until})

    def _windows_on(self, birth: date, day: date, rules: list[_Slots]) -> dict[str, Window]:
        if birth > _LAST_DAY:
            return {}
        return {
            slot: known.window
            for row in rules
            for known in row.rules.known_windows(birth)
            if known.known_from <= day <= known.known_until
            for slot in row.slots
        }

    def _extensions(self, birth: date, sex: str) -> Iterator[dict[str, Any]]:
        for rules in self._extension_rules:
            for row in rules.rules.legal:
                stretch = (
                    row.in_force(birth, self.edition.version) if row.births_from <= birth <= row.births_until else None
                )
                for slot in rules.slots if stretch else ():
                    if self._slot_sex[slot] in ("*", sex):
                        yield {
                            "slot": slot,
                            "extension": row.extension,
                            "opens_on": stretch[0],
                            "closes_on": stretch[1],
                        }

    @cached_property
    def _slot_sex(self) -> dict[str, str]:
        return {slot.slot: slot.sex for slot in self.slots}

    def _window_rows(self, births: list[date]) -> Iterator[tuple[Any, ...]]:
        rules = [(row, *row.rules.births) for row in self._rules]
        for birth in (birth for birth in births if birth <= _LAST_DAY):  # birth by birth: its days are counted once
            for row, first, last in rules:
                if first <= birth <= last and _concerns(row, birth):
                    for known in row.rules.known_windows(birth):
                        days = known.known_from, known.known_until, *known.window
                        for slot in row.slots:
                            yield birth, self._no.slot[slot], row.cohort, *days

    def _special_rows(self, reason: Reason) -> Iterator[tuple[Any, ...]]:
        birth, kind, vaccine, end = reason
        if kind == PREGNANCY:
            for slot, known in self._pregnancy_windows(vaccine, end):
                yield None, kind, vaccine, end, self._no.slot[slot], _ORDINARY, *known[:2], *known.window
        elif kind == LONG_TERM and birth is not None:
            for row in self._rules:
                for slot in row.slots:
                    added = self.long_term(slot, vaccine, birth, end)
                    for known in row.rules.known_windows(birth, added) if added else ():
                        yield birth, kind, vaccine, end, self._no.slot[slot], row.cohort, *known[:2], *known.window

    def long_term(self, slot: str, vaccine: str, birth: date, end: date) -> Version | None:
        """Return the row that 長期療養特例 adds for a slot; the 2 years are counted from the day itself (民法143条)."""
        row = self._long_rows.get((slot, vaccine))
        if row is None or end < row.effective_from:
            return None
        last = lawdates.reach_years(end, row.years)
        if row.until:
            last = min(last, parse_day(row.until)(birth))
        return Version(lambda _: end, lambda _: last, end, NO_END, NO_START, NO_END, fact=row)

    @cached_property
    def _long_rows(self) -> dict[tuple[str, str], LongTerm]:
        exempt_by = {slot.slot: slot.exempt_by for slot in self.slots}
        rows = [row for programme in self.programmes for row in programme.long]
        return {(slot, exempt_by[slot]): row for row in rows for slot in row.slots}

    def _pregnancy_windows(self, vaccine: str, due: date) -> Iterator[tuple[str, KnownWindow]]:
        for programme in self.programmes:
            exempt_by = {slot.slot: slot.exempt_by for slot in programme.slot}
            slots = {slot for row in programme.series if row.episode == PREGNANCY for slot in row.slots}
            for row in programme.window:
                for slot in (slot for slot in row.slots if slot in slots and exempt_by[slot] == vaccine):
                    version = legal_versions([row], end=programme.effective_to or NO_END)[0]
                    stretch = version.in_force(due, due)
                    if stretch:
                        first, last = stretch
                        yield slot, KnownWindow(row.effective_from, NO_END, Window(first, first, last, last))


def _concerns(row: _Slots, birth: date) -> bool:
    """Tell whether a special cohort changes anything for a birth."""
    return not row.cohort or any(one.births_from <= birth <= one.births_until for one in row.rules.cohort_rows)


def _open_ends(window: Window | None) -> dict[str, date | None]:
    if window is None:
        return dict.fromkeys(Window._fields)
    return {name: None if day == NO_END else day for name, day in zip(Window._fields, window, strict=True)}


def _iso(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in row.items()}
