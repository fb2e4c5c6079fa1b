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
from workbench.evaluation.grounds import Grounds, read_grounds
from workbench.queries import query_sql
from workbench.queries.judging import judge_doses
from workbench.records import FORMAT_VERSION, NO_END, TABLES
from workbench.settings import FollowUp

__all__ = ["CLOSING_DAYS", "Case", "Grounds", "evaluate_cases", "read_case"]

CLOSING_DAYS = FollowUp().closing_days  # what the city's settings say where nothing is set
_LONG_AGO = date(1800, 1, 1)
_NUMBERS = ("opens_on", "closes_on", "earliest_on")
_DAYS = ("opens_on", "standard_from", "standard_until", "closes_on", "earliest_next_on", "given_on")

Answer = dict[str, Any]


def evaluate_cases(
    cases: Iterable[Case | dict[str, Any]], rules: schedule.Schedule | None = None, *, with_grounds: bool = False
) -> list[Answer]:
    """Answer cases in their order: {"slots": [...], "doses": [...]}, ISO dates or None.

    Slots are in display order, doses in the order of the case.

    With `with_grounds` an answer has its `grounds` too, and a dose the days it was judged by: opens_on, closes_on,
    earliest_on.
    A vaccine without a code is `unknown` here, as in a city's records; `read_case` refuses it.
    """
    read = [case if isinstance(case, Case) else Case.model_validate(case) for case in cases]
    rules = rules or schedule.load()
    with duckdb.connect(config={"threads": 2}) as connection:
        _fill(connection, read, rules)
        slots = _slots(connection, [slot.slot for slot in rules.slots], len(read))
        doses = _doses(connection, _NUMBERS if with_grounds else ())
        grounds = read_grounds(connection, rules, len(read)) if with_grounds else []
    judged = iter(doses)
    answers = [
        {"slots": rows, "doses": [next(judged) if _is_seen(case, dose) else _unseen(dose) for dose in case.doses]}
        for case, rows in zip(read, slots, strict=True)
    ]
    return [answer | {"grounds": one} for answer, one in zip(answers, grounds, strict=True)] if grounds else answers


def _fill(connection: duckdb.DuckDBPyConnection, cases: Sequence[Case], rules: schedule.Schedule) -> None:
    persons = dict(enumerate(cases))
    filled = {
        "person": [_person(number, case) for number, case in persons.items()],
        "asked": [
            {"person_id": number, "as_of": case.as_of, "extracted_on": case.extracted_on}
            for number, case in persons.items()
        ],
        "dose": [
            {"person_id": number, **dose.model_dump(), "setting": "individual", "source": "case"}
            for number, case in persons.items()
            for dose in case.doses
            if _is_seen(case, dose)
        ],
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


def _is_seen(case: Case, dose: CaseDose) -> bool:
    """Tell whether a dose is asked about; one of a later day is answered without the queries."""
    return dose.given_on <= case.as_of


def _unseen(dose: CaseDose) -> Answer:
    return {
        "vaccine": dose.vaccine,
        "given_on": dose.given_on.isoformat(),
        "evaluation": "impossible",
        "reason": "after_as_of",
        "slot": None,
    }


def _about(rule_version: str) -> dict[str, Any]:
    return {
        "snapshot_id": "cases",
        "extracted_on": NO_END,
        "municipality_code": "000000",
        "domain": "cases",
        "rule_version": rule_version,
        "code_version": "cases",
        "format_version": FORMAT_VERSION,
    }


def _slots(connection: duckdb.DuckDBPyConnection, order: Sequence[str], count: int) -> list[list[Answer]]:
    asked = {"as_of": NO_END, "closing_days": CLOSING_DAYS}
    columns = ("person_id", "slot", "status", "reason", *_DAYS)
    sql = f"SELECT {', '.join(columns)} FROM ({query_sql('slot_status')})"
    found: list[dict[str, Answer]] = [{} for _ in range(count)]
    for person, slot, status, reason, *days in connection.execute(sql, asked).fetchall():
        dates = dict(zip(_DAYS, map(_written, days), strict=True))
        found[person][slot] = {"slot": slot, "status": status, "reason": reason} | dates
    return [[rows[slot] for slot in order] for rows in found]


def _doses(connection: duckdb.DuckDBPyConnection, numbers: Sequence[str]) -> list[Answer]:
    """Return the answer of every dose asked about, in the order in which `_fill` entered them."""
    asked = {"as_of": NO_END, "from_on": date.min, "until_on": NO_END}
    columns = ("vaccine", "given_on", "evaluation", "reason", "slot", *numbers)
    sql = f"SELECT {', '.join(columns)} FROM ({query_sql('dose_evaluation')}) ORDER BY dose_id"
    found = connection.execute(sql, asked).fetchall()
    return [dict(zip(columns, map(_written, values), strict=True)) for values in found]


def _written(value: object) -> object:
    if isinstance(value, date):
        return None if value == NO_END else value.isoformat()
    return value
