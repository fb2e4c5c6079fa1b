"""The days on which a person of unknown birth (不詳) may have been born: every day between the recorded bounds."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

WIDEST_DAYS = 3_700  # ten years of births; what is known less closely has no reading

Span = tuple[date | None, date | None]  # the earliest and the latest possible day of birth


def possible_births(earliest: date | None, latest: date | None) -> list[date]:
    """Return every possible day of birth, ascending; none where a bound is missing, or they are too far apart."""
    if earliest is None or latest is None:
        return []
    days = (latest - earliest).days
    return [earliest + timedelta(days=day) for day in range(days + 1)] if days < WIDEST_DAYS else []


def possible_birth_rows(spans: Iterable[Span]) -> Iterator[tuple[date, date, date]]:
    """Yield the rows of `records` table possible_birth, each span once."""
    bounded = {(earliest, latest) for earliest, latest in spans if earliest and latest}
    for earliest, latest in sorted(bounded):
        for birth in possible_births(earliest, latest):
            yield earliest, latest, birth
