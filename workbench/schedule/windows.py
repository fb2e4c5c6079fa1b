"""Windows of a birth as the law of each day gives them.

The law speaks on a day: that of a dose, or the one asked about. Rows in force later are not known yet, a row that a
later one replaces has no end until then, and an extension opens a window again. So a birth and a slot have a list of
`KnownWindow`, each with the days on which it is the answer (decision evaluation, "Windows as known on a day").
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

from workbench import lawdates
from workbench.records import NO_END
from workbench.schedule.expressions import DayRule, parse_day, parse_season_day
from workbench.schedule.model import Fact, LegalWindow, StandardPeriod

ONE_DAY = timedelta(days=1)
NO_START = date.min
_FIRST_BIRTH, _LAST_BIRTH = date(1800, 1, 1), date(9600, 1, 1)

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


class KnownWindow(NamedTuple):
    """A window, and the first and last day on which it is the answer."""

    known_from: date
    known_until: date
    window: Window


@dataclass(frozen=True)
class Version:
    """One row of law or guidance, ready to compute."""

    first: DayRule
    last: DayRule | None
    effective_from: date
    effective_to: date
    births_from: date
    births_until: date
    replaced_on: date | None = None  # the day on which another row takes its place
    retroactive: bool = False
    known: Stretch | None = None  # a season: the 年度 in which it is the answer
    extension: str | None = None
    cohort: str | None = None
    fact: Fact | None = field(default=None, compare=False)  # the row as it stands in the file

    def is_known(self, day: date) -> bool:
        """Tell whether the law of a day has the row."""
        return self.known[0] <= day <= self.known[1] if self.known else self.effective_from <= day

    def of_birth(self, birth: date) -> "DatedRow":
        """Return the row with its days for a birth; whoever asks about several days computes them once."""
        return DatedRow(self, self.first(birth), self.last(birth) if self.last else NO_END)

    def in_force(self, birth: date, known_on: date) -> Stretch | None:
        """Return what of it falls on days on which the row is in force, as known on a day."""
        return self.of_birth(birth).in_force(known_on)

    def narrowed(self) -> "Version":
        """Return the row with its births cut to those that can have a day of it; first and last day grow with birth."""
        births_from, births_until = max(self.births_from, _FIRST_BIRTH), min(self.births_until, _LAST_BIRTH)
        if self.last and self.last(births_from) < self.effective_from:
            births_from = _first_birth(births_from, births_until, lambda day: self.last(day) >= self.effective_from)
        end = NO_END if self.replaced_on else self.effective_to
        if self.first(births_until) > end:
            births_until = _first_birth(births_from, births_until, lambda day: self.first(day) > end) - ONE_DAY
        return replace(self, births_from=births_from, births_until=births_until)


class DatedRow(NamedTuple):
    """A row of law or guidance for one birth: first and last day as the words say, whenever the row was in force."""

    row: Version
    first: date
    last: date

    def in_force(self, known_on: date) -> Stretch | None:
        """Return what of it falls on days on which the row is in force, as known on a day."""
        row, first, last = self
        if first < row.effective_from and not row.retroactive:
            first = row.effective_from
        if last > row.effective_to and (row.replaced_on is None or known_on >= row.replaced_on):
            last = row.effective_to
        return (first, last) if first <= last else None


@dataclass(frozen=True)
class Rules:
    """The rows that decide some slots alike, for one cohort."""

    legal: tuple[Version, ...]
    standard: tuple[Version, ...]

    @cached_property
    def births(self) -> Stretch:
        """The first and last birth that can have a window; the births between need not."""
        return min((row.births_from for row in self.legal), default=NO_END), max(
            (row.births_until for row in self.legal), default=NO_START
        )

    @cached_property
    def cohort_rows(self) -> tuple[Version, ...]:
        """The rows that a special cohort adds."""
        return tuple(row for row in self.legal if row.cohort)

    def known_windows(self, birth: date, added: Version | None = None) -> list[KnownWindow]:
        """Return the windows of a birth in the order of the days on which they are the answer.

        `added` is a row of the person's own (長期療養特例); it counts where a window of the law began before it.
        """
        legal = [row for row in self.legal if row.births_from <= birth <= row.births_until]
        if not legal:
            return []
        if any(row.known for row in legal):
            return list(_seasons(legal, birth))
        since = min(row.effective_from for row in legal)
        starts = sorted({row.effective_from for row in (*legal, *self.standard, *filter(None, [added]))})
        starts = starts[starts.index(since) :]
        ends = [start - ONE_DAY for start in starts[1:]] + [NO_END]
        dated = [row.of_birth(birth) for row in legal]
        guidance = [row.of_birth(birth) for row in self.standard]
        extra = added.of_birth(birth) if added else None
        found = (
            known
            for start, end in zip(starts, ends, strict=True)
            for known in _epoch(_stretches(dated, start, extra), guidance, start, end)
        )
        return list(_joined(found))


def _epoch(windows: list[Stretch], guidance: Sequence[DatedRow], start: date, end: date) -> Iterator[KnownWindow]:
    """Yield the windows of days between which the rows known do not change: each until it has ended."""
    for number, (opens_on, closes_on) in enumerate(windows, 1):
        until = end if number == len(windows) else min(closes_on, end)
        if start > until:
            continue
        standard = _standard(guidance, opens_on, closes_on, start)
        yield KnownWindow(start, until, Window(opens_on, *standard, closes_on))
        if until == end:
            return
        start = until + ONE_DAY


def _standard(guidance: Sequence[DatedRow], opens_on: date, closes_on: date, known_on: date) -> Stretch:
    known = [dated for dated in guidance if dated.row.effective_from <= known_on]
    parts = [
        (max(stretch[0], opens_on), min(stretch[1], closes_on))
        for dated in known
        if (stretch := dated.in_force(known_on)) and stretch[0] <= closes_on and stretch[1] >= opens_on
    ]
    if parts:
        return min(first for first, _ in parts), max(last for _, last in parts)
    before = [(dated.first, dated.last) for dated in known if dated.last < opens_on]
    return max(before, default=(opens_on, closes_on))


def merge(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Join stretches that touch or overlap; ascending."""
    ordered = sorted(stretches)
    if len(ordered) < 2:  # noqa: PLR2004 - nothing to join, as nearly always
        return ordered
    merged: list[Stretch] = []
    for first, last in ordered:
        if merged and (merged[-1][1] == NO_END or first <= merged[-1][1] + ONE_DAY):
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    return merged


def legal_versions(rows: Iterable[LegalWindow], *, end: date) -> tuple[Version, ...]:
    """Make rows ready to compute, one for each age or season; a row without an end lasts as long as its programme."""
    rows = list(rows)
    found = (version.narrowed() for row in rows for version in _legal(row, rows, end))
    return tuple(version for version in found if version.births_from <= version.births_until)


def standard_versions(rows: Iterable[StandardPeriod], *, end: date) -> tuple[Version, ...]:
    """Make rows of guidance ready to compute."""
    rows = list(rows)
    return tuple(
        Version(
            parse_day(row.standard_from),
            parse_day(row.standard_until),
            row.effective_from,
            row.effective_to or end,
            NO_START,
            NO_END,
            _successor(row, rows),
        )
        for row in rows
    )


def _legal(row: LegalWindow, rows: Sequence[LegalWindow], end: date) -> Iterator[Version]:
    births = row.births_from or NO_START, row.births_until or NO_END
    common = {"retroactive": row.retroactive, "extension": row.extension, "cohort": row.cohort, "fact": row}
    for age in row.ages or [0]:
        first = parse_day(row.opens.replace("{age}", str(age)))
        last = parse_day(row.closes.replace("{age}", str(age))) if row.closes else None
        if row.seasons is None:
            replaced_on = None if row.is_repeated else _successor(row, rows)
            yield Version(first, last, row.effective_from, row.effective_to or end, *births, replaced_on, **common)
            continue
        opens, closes = parse_season_day(row.seasons.opens), parse_season_day(row.seasons.closes)
        for year in range(row.seasons.first_year, row.seasons.last_year + 1):
            days = max(opens(year), row.effective_from), min(closes(year), row.effective_to or end)
            known = max(lawdates.fy_start(year), row.effective_from), lawdates.fy_end(year)
            yield Version(first, last, *days, *births, None, known=known, **common)


def _successor(
    row: LegalWindow | StandardPeriod, rows: Sequence[LegalWindow] | Sequence[StandardPeriod]
) -> date | None:
    """Return the day on which a like row takes the place of this one, if any does."""
    if row.effective_to is None:
        return None
    next_day = row.effective_to + ONE_DAY
    return next_day if any(other.effective_from == next_day and _is_like(row, other) for other in rows) else None


def _is_like(row: LegalWindow | StandardPeriod, other: LegalWindow | StandardPeriod) -> bool:
    if isinstance(row, StandardPeriod):
        return True
    names = ("cohort", "extension", "births_from", "births_until")
    same = all(getattr(row, name) == getattr(other, name) for name in names)
    return same and not row.is_repeated and not other.is_repeated


def _stretches(legal: Sequence[DatedRow], known_on: date, added: DatedRow | None) -> list[Stretch]:
    """Return the stretches of the rows known on a day, joined."""
    known = [dated for dated in legal if dated.row.effective_from <= known_on]
    since = max((dated.row.effective_from for dated in known if dated.row.retroactive), default=NO_START)
    found = [
        stretch
        for dated in known
        if dated.row.effective_from >= since and (stretch := dated.in_force(known_on)) is not None
    ]
    if added and added.row.effective_from <= known_on:
        since = added.row.effective_from
        if any(first <= since for first, _ in found):
            found.extend(filter(None, [added.in_force(known_on)]))
    return merge(found)


def _seasons(legal: Sequence[Version], birth: date) -> Iterator[KnownWindow]:
    """Yield the window of each 年度; the whole of it is standard."""
    for known in sorted({row.known for row in legal}):
        rows = [row for row in legal if row.known == known]
        windows = merge(stretch for row in rows if (stretch := row.in_force(birth, known[0])))
        for first, last in windows[:1]:
            yield KnownWindow(*known, Window(first, first, last, last))


def _joined(found: Iterable[KnownWindow]) -> Iterator[KnownWindow]:
    """Join neighbours with the same answer."""
    last: KnownWindow | None = None
    for known in found:
        if last and last.window == known.window and last.known_until + ONE_DAY == known.known_from:
            last = last._replace(known_until=known.known_until)
            continue
        if last:
            yield last
        last = known
    if last:
        yield last


def _first_birth(low: date, high: date, holds: Callable[[date], bool]) -> date:
    """Return the first birth of a range for which something holds that holds for all later ones (by halving)."""
    start, end = low.toordinal(), high.toordinal() + 1
    while start < end:
        middle = (start + end) // 2
        if holds(date.fromordinal(middle)):
            end = middle
        else:
            start = middle + 1
    return date.fromordinal(start)
