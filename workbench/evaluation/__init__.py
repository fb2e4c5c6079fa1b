"""Evaluate invented persons: cases in, answers out, by the same queries that evaluate a city.

The cases become a snapshot in memory: persons, doses, exemptions and special reasons as rows, the rules expanded for
their days. Nothing is stored, and nothing of an installation is read.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from workbench import schedule
from workbench.evaluation.case import Case, CaseDose, read_case
from workbench.queries import query_sql
from workbench.queries.judging import judge_doses
from workbench.records import NO_END, TABLES

__all__ = ["CLOSING_DAYS", "Case", "evaluate_cases", "read_case"]

CLOSING_DAYS = 30
_LONG_AGO = date(1800, 1, 1)
_NUMBERS = ("opens_on", "closes_on", "earliest_on")
_DAYS = ("opens_on", "standard_from", "standard_until", "closes_on", "earliest_next_on", "given_on")

Answer = dict[str, Any]


def evaluate_cases(
    cases: Iterable[Case | dict[str, Any]], rules: schedule.Schedule | None = None, *, with_numbers: bool = False
) -> list[Answer]:
    """Answer cases in their order: {"slots": [...], "doses": [...]}, ISO dates or None.

    Slots are in display order, doses in the order of the case.

    With `with_numbers` a dose has the days it was judged by too: opens_on, closes_on, earliest_on.
    A vaccine without a code is `unknown` here, as in a city's records; `read_case` refuses it.
    """
    read = [case if isinstance(case, Case) else Case.model_validate(case) for case in cases]
    rules = rules or schedule.load()
    with duckdb.connect(config={"threads": 2}) as connection:
        _fill(connection, read, rules)
        slots = _slots(connection, [slot.slot for slot in rules.slots], len(read))
        doses = _doses(connection, _NUMBERS if with_numbers else ())
    answers = []
    dose_id = 0
    for number, case in enumerate(read):
        found = []
        for dose in case.doses:
            seen = dose in _seen(case)
            found.append(doses[dose_id] if seen else _unseen(dose))
            dose_id += seen
        answers.append({"slots": slots[number], "doses": found})
    return answers


def _fill(connection: duckdb.DuckDBPyConnection, cases: Sequence[Case], rules: schedule.Schedule) -> None:
    persons = dict(enumerate(cases))
    filled = {
        "person": [_person(number, case) for number, case in persons.items()],
        "asked": [
            {"person_id": number, "as_of": case.as_of, "extracted_on": case.extracted_on}
            for number, case in persons.items()
        ],
        "dose": [_dose(number, dose) for number, case in persons.items() for dose in _seen(case)],
        "exemption": [
            {"person_id": number, **row.model_dump(), "from_on": row.from_on or _LONG_AGO}
            for number, case in persons.items()
            for row in case.exemptions
        ],
        "special": [
            {"person_id": number, **row.model_dump()} for number, case in persons.items() for row in case.special
        ],
        "about": [_about(rules.rule_version)],
    }
    tables = {name: pa.Table.from_pylist(rows, schema=TABLES[name].schema) for name, rows in filled.items()}
    births = [case.birth_date for case in cases if case.birth_date]
    reasons = {
        (case.birth_date, row.kind, row.vaccine, row.reason_end_on)
        for case in cases
        for row in case.special
        if row.reason_end_on
    }
    tables |= rules.tables(births, tables["dose"]["given_on"].to_pylist(), reasons)
    for name, spec in TABLES.items():
        connection.from_arrow(tables.get(name, spec.schema.empty_table()).cast(spec.schema)).create(f'"{name}"')
    judge_doses(connection)


def _person(number: int, case: Case) -> dict[str, Any]:
    return {
        "person_id": number,
        "birth_date": case.birth_date,
        "birth_date_precision": "day" if case.birth_date else "unknown",
        "birth_earliest": case.birth_date or case.birth_earliest,
        "birth_latest": case.birth_date or case.birth_latest,
        "sex": case.sex,
        "resident_until": case.resident_until,
        "residency": "died" if case.died else "resident",
    }


def _seen(case: Case) -> list[CaseDose]:
    """Return the doses that are asked about; one of a later day is answered without the queries."""
    return [dose for dose in case.doses if dose.given_on <= case.as_of]


def _unseen(dose: CaseDose) -> Answer:
    given_on = dose.given_on.isoformat()
    return {
        "vaccine": dose.vaccine,
        "given_on": given_on,
        "evaluation": "impossible",
        "reason": "after_as_of",
        "slot": None,
    }


def _dose(number: int, dose: CaseDose) -> dict[str, Any]:
    return {"person_id": number, **dose.model_dump(), "setting": "individual", "source": "case"}


def _about(rule_version: str) -> dict[str, Any]:
    return {
        "snapshot_id": "cases",
        "extracted_on": NO_END,
        "municipality_code": "000000",
        "domain": "cases",
        "rule_version": rule_version,
        "code_version": "cases",
        "format_version": 1,
    }


def _slots(connection: duckdb.DuckDBPyConnection, order: Sequence[str], count: int) -> list[list[Answer]]:
    asked = {"as_of": NO_END, "closing_days": CLOSING_DAYS}
    columns = ("person_id", "slot", "status", "reason", *_DAYS)
    sql = f"SELECT {', '.join(columns)} FROM ({query_sql('slot_status')})"
    found: list[dict[str, Answer]] = [{} for _ in range(count)]
    for person, slot, status, reason, *days in connection.execute(sql, asked).fetchall():
        dates = (None if day in (None, NO_END) else day.isoformat() for day in days)
        found[person][slot] = {"slot": slot, "status": status, "reason": reason} | dict(zip(_DAYS, dates, strict=True))
    return [[rows[slot] for slot in order] for rows in found]


def _doses(connection: duckdb.DuckDBPyConnection, numbers: Sequence[str]) -> dict[int, Answer]:
    asked = {"as_of": NO_END, "from_on": date.min, "until_on": NO_END}
    columns = ("vaccine", "given_on", "evaluation", "reason", "slot", *numbers)
    sql = f"SELECT dose_id, {', '.join(columns)} FROM ({query_sql('dose_evaluation')})"
    found = connection.execute(sql, asked).fetchall()
    return {number: dict(zip(columns, map(_written, values), strict=True)) for number, *values in found}


def _written(value: object) -> object:
    if isinstance(value, date):
        return None if value == NO_END else value.isoformat()
    return value
