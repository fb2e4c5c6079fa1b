"""The statute's data as the interpreter reads it: the same TOML, its rows looked up by slot and by series.

Point numbers in the comments of this package are those of decision evaluation.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache, cached_property, lru_cache
from pathlib import Path

import workbench
from workbench import lawdates
from workbench.schedule import expressions
from workbench.schedule.model import Edition, Group, LegalWindow, Programme, Series, Slot, StandardPeriod

ONE_DAY = timedelta(days=1)
NO_END = date.max
NO_BEGINNING = date.min

# The words are few and the days repeat: reading each once is what makes the interpreter quick enough for a soak.
_word = lru_cache(maxsize=None)(expressions.parse_day)
_span = lru_cache(maxsize=None)(expressions.parse_span)
_span_end = lru_cache(maxsize=None)(expressions.parse_span_end)


def day_of(word: str, birth: date) -> date:
    """The day of a life that a word means (m12, sch-1d)."""
    return _word(word)(birth)


def after_span(span: str, given: date) -> date:
    """The first day on which an interval has passed."""
    return _span(span)(given)


def span_ends(span: str, given: date, reading: lawdates.UpperReading) -> date:
    """The last day of a standard interval."""
    return _span_end(span, reading=reading)(given)


@dataclass(frozen=True)
class Law:
    """One row of [[window]] or [[standard]]; a row with ages or seasons has become one for each."""

    opens: str
    closes: str | None
    effective_from: date
    effective_to: date | None
    births_from: date = NO_BEGINNING
    births_until: date = NO_END
    cohort: str = ""
    extension: str = ""
    is_retroactive: bool = False
    is_repeated: bool = False
    season: int | None = None  # the 年度 in which alone the row is known
    law_from: date = NO_BEGINNING  # and not before the row is law
    successor_from: date | None = None

    def is_known(self, day: date) -> bool:
        """Windows 1 and 5: is the row law (or guidance) that can be known on `day`?"""
        if self.season is not None:
            return lawdates.fiscal_year(day) == self.season and self.law_from <= day
        return self.effective_from <= day

    def end(self, day: date) -> date:
        """Windows 2: a replaced row has no end while its successor is not known."""
        if self.effective_to is None or (self.successor_from and day < self.successor_from):
            return NO_END
        return self.effective_to


@dataclass(frozen=True)
class Rules:
    """Everything that the files say, programmes in display order."""

    edition: Edition
    programmes: tuple[Programme, ...]

    @cached_property
    def slots(self) -> dict[str, Slot]:
        return {slot.slot: slot for programme in self.programmes for slot in programme.slot}

    @cached_property
    def series(self) -> dict[str, Series]:
        return {series.series: series for programme in self.programmes for series in programme.series}

    @cached_property
    def programme_of_slot(self) -> dict[str, Programme]:
        return {slot.slot: programme for programme in self.programmes for slot in programme.slot}

    @cached_property
    def programme_of_series(self) -> dict[str, Programme]:
        return {series.series: programme for programme in self.programmes for series in programme.series}

    @cached_property
    def series_of_slot(self) -> dict[str, list[Series]]:
        return {slot: [series for series in self.series.values() if slot in series.slots] for slot in self.slots}

    @cached_property
    def group_of_series(self) -> dict[str, Group]:
        return {series: group for group in self.edition.group for series in group.series}

    @cached_property
    def kinds(self) -> dict[str, str]:
        return {row.vaccine: row.kind for row in self.edition.vaccine}

    @cached_property
    def has_products(self) -> set[str]:
        return {row.vaccine for row in self.edition.product}

    @cached_property
    def windows(self) -> dict[str, list[Law]]:
        """The rows of [[window]] that decide each slot."""
        return {slot: self.laws(slot, programme.window) for slot, programme in self.programme_of_slot.items()}

    @cached_property
    def standards(self) -> dict[str, list[Law]]:
        """The rows of [[standard]] that concern each slot."""
        return {slot: self.laws(slot, programme.standard) for slot, programme in self.programme_of_slot.items()}

    def laws(self, slot: str, rows: Sequence[LegalWindow] | Sequence[StandardPeriod]) -> list[Law]:
        """Some rows of [[window]], or of [[standard]], for a slot; all rows decide which of them are replaced."""
        programme = self.programme_of_slot[slot]
        of_kind = programme.standard if rows and isinstance(rows[0], StandardPeriod) else programme.window
        named = [(row, law) for row in of_kind if slot in row.slots for law in _each(row)]
        laws = _succeeding([law for _, law in named])
        return [law for (row, _), law in zip(named, laws, strict=True) if row in rows]

    def group_vaccines(self, group: Group) -> list[str]:
        """The vaccines of a group: first those of its order, then what else feeds its series."""
        fed = [feed.vaccine for series in group.series for feed in self.series[series].fed_by]
        return list(dict.fromkeys([*group.order, *fed]))


def read_folder(folder: Path) -> Rules:
    """Read `schedule.toml` and `programmes/*.toml`."""
    edition = tomllib.loads((folder / "schedule.toml").read_text(encoding="utf-8"))
    files = sorted((folder / "programmes").glob("*.toml"))
    return read_rules(edition, [tomllib.loads(path.read_text(encoding="utf-8")) for path in files])


@cache
def shipped_rules() -> Rules:
    """The statute that comes with the workbench."""
    return read_folder(Path(workbench.__file__).parent / "schedule")


def read_rules(edition: dict, programmes: list[dict]) -> Rules:
    """Make rules of parsed TOML."""
    read = [Programme.model_validate(raw) for raw in programmes]
    return Rules(Edition.model_validate(edition), tuple(sorted(read, key=lambda row: row.display_order)))


def _each(row: LegalWindow | StandardPeriod) -> list[Law]:
    """One row for each age, and for each season."""
    if isinstance(row, StandardPeriod):
        return [_guidance(row)]
    words = [(row.opens, row.closes)]
    if row.ages:
        words = [(_aged(row.opens, age), _aged(row.closes, age)) for age in row.ages]
    laws = [
        Law(
            opens,
            closes,
            row.effective_from,
            row.effective_to,
            births_from=row.births_from or NO_BEGINNING,
            births_until=row.births_until or NO_END,
            cohort=row.cohort or "",
            extension=row.extension or "",
            is_retroactive=row.retroactive,
            is_repeated=row.is_repeated,
        )
        for opens, closes in words
    ]
    return laws if row.seasons is None else [_in_season(law, row, year) for law in laws for year in _years(row)]


def _aged(word: str | None, age: int) -> str | None:
    return word and word.replace("{age}", str(age))


def _years(row: LegalWindow) -> range:
    return range(row.seasons.first_year, row.seasons.last_year + 1)


def _in_season(law: Law, row: LegalWindow, year: int) -> Law:
    """Windows 5: in force from the first to the last day of the season, within the days of its row."""
    opens = expressions.parse_season_day(row.seasons.opens)
    closes = expressions.parse_season_day(row.seasons.closes)
    return replace(
        law,
        effective_from=max(opens(year), law.effective_from),
        effective_to=min(closes(year), law.effective_to or NO_END),
        season=year,
        law_from=law.effective_from,
    )


def _guidance(row: StandardPeriod) -> Law:
    return Law(row.standard_from, row.standard_until, row.effective_from, row.effective_to)


def _succeeding(laws: list[Law]) -> list[Law]:
    """Windows 2: note for each row the day on which another takes its place."""
    return [replace(law, successor_from=law.effective_to + ONE_DAY) if _is_replaced(law, laws) else law for law in laws]


def _is_replaced(law: Law, laws: list[Law]) -> bool:
    if law.effective_to is None or law.is_repeated:
        return False
    same = ("cohort", "extension", "births_from", "births_until", "is_repeated")
    return any(
        other.effective_from == law.effective_to + ONE_DAY
        and all(getattr(other, name) == getattr(law, name) for name in same)
        for other in laws
    )
