"""What an answer rests on, as the queries that answered it know it: series, variants, choices, cohorts, filled slots.

Whoever explains an answer asks here instead of working it out again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import duckdb

from workbench.queries import describe, query_sql
from workbench.records import NO_END
from workbench.schedule import Schedule
from workbench.schedule.model import Choice, Variant

_ASKED = {"as_of": NO_END, "from_on": date.min, "until_on": NO_END}


class Place(NamedTuple):
    """Where a slot or a dose stands: the series, its variant, and the choice among the series of a group."""

    series: str | None  # of a slot: none where another one is needed instead; of a dose: none counts it
    variant: Variant | None
    choice: Choice | None  # of a dose: where it put the dose in no series


class Filled(NamedTuple):
    """A slot of a series that a dose fills."""

    series: str | None
    slot: str
    given_on: date


@dataclass(frozen=True)
class Grounds:
    """What the answer for one person rests on."""

    slots: dict[str, Place] = field(default_factory=dict)  # of every slot with a window
    doses: list[Place] = field(default_factory=list)  # of each dose seen, where it was judged
    filled: list[Filled] = field(default_factory=list)  # in every series, needed or not
    cohorts: dict[str, str] = field(default_factory=dict)  # slot -> the special cohort that decides its window


def read_grounds(connection: duckdb.DuckDBPyConnection, rules: Schedule, count: int) -> list[Grounds]:
    """Return the grounds of `count` persons, numbered from 0, from a connection whose doses are judged."""
    found = [Grounds() for _ in range(count)]
    named = _Named(rules)
    for person, slot, *numbers in _rows(connection, "slot_grounds", "person_id, slot, series_no, variant_no, choice"):
        found[person].slots[slot] = named.place(*numbers)
    columns = "person_id, is_answer, given_on, slot, series_no, variant_no, choice"
    for person, is_answer, given_on, slot, *numbers in _rows(connection, "dose_grounds", columns):
        place = named.place(*numbers)
        if is_answer:
            found[person].doses.append(place)
        if slot:
            found[person].filled.append(Filled(place.series, slot, given_on))
    for person, number, cohort in _rows(connection, "cohort_slot", "person_id, slot_no, cohort"):
        found[person].cohorts[rules.slots[number - 1].slot] = cohort
    return found


class _Named:
    """The rows of the statute's data by the numbers that the tables of rules give them."""

    def __init__(self, rules: Schedule) -> None:
        self._series = [row.series for programme in rules.programmes for row in programme.series]
        self._variants = [row for programme in rules.programmes for row in programme.variant]
        self._choices = rules.edition.choice

    def place(self, series_no: int | None, variant_no: int | None, choice: int | None) -> Place:
        """Return what three numbers name; 0 and None name nothing."""
        return Place(
            self._series[series_no - 1] if series_no else None,
            self._variants[variant_no - 1] if variant_no else None,
            self._choices[choice - 1] if choice else None,
        )


def _rows(connection: duckdb.DuckDBPyConnection, query: str, columns: str) -> Iterator[Sequence[Any]]:
    asked = {name: _ASKED[name] for name in describe(query).params}
    yield from connection.execute(f"SELECT {columns} FROM ({query_sql(query)})", asked).fetchall()
