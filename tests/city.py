"""A city of a few people, in memory: the tables of `records`, filled from short rows and the real schedule.

    city = build_city(persons=[{"person_id": 1, "birth_date": "2025-03-10"}], doses=read_doses(1, "MR:1 2026-03-09"))

Rows may leave out every column that has a usual value; text becomes a date or a number where the table wants one.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from workbench import schedule
from workbench.queries.judging import judge_doses
from workbench.records import FORMAT_VERSION, TABLES

EXTRACTED_ON = date(2030, 3, 31)  # late, so that a case may look ahead; no dose before it is "in the future"

Row = Mapping[str, Any]

_USUAL: dict[str, dict[str, Any]] = {
    "person": {"sex": "F", "district": "D01", "residency": "resident", "birth_date_precision": "day"},
    "dose": {"legal_class": "routine", "setting": "individual", "source": "接種記録.csv"},
    "exemption": {"from_on": date(2000, 1, 1)},
    "about": {
        "snapshot_id": "20300331-000000",
        "municipality_code": "992011",
        "domain": "followup",
        "rule_version": "test",
        "code_version": "test",
        "format_version": FORMAT_VERSION,
    },
}


def build_city(
    persons: Iterable[Row],
    doses: Iterable[Row] = (),
    exemptions: Iterable[Row] = (),
    *,
    extracted_on: date = EXTRACTED_ON,
    tables: Mapping[str, Iterable[Row]] | None = None,
) -> duckdb.DuckDBPyConnection:
    """Return a connection to the city; `tables` replaces or adds the rows of whole tables (slot, district, …)."""
    filled = {
        "person": _arrow("person", [_usual_person(row) for row in persons]),
        "dose": _arrow("dose", doses),
        "exemption": _arrow("exemption", exemptions),
        "about": _arrow("about", [{"extracted_on": extracted_on}]),
    }
    filled |= {name: _arrow(name, rows) for name, rows in (tables or {}).items()}
    filled |= {name: table for name, table in _rules(filled).items() if name not in (tables or {})}
    connection = duckdb.connect(config={"threads": 1})
    for name, spec in TABLES.items():
        rows = filled.get(name, spec.schema.empty_table())
        connection.from_arrow(rows.cast(spec.schema)).create(f'"{name}"')
    judge_doses(connection)
    return connection


def read_doses(person_id: int, text: str | None) -> list[dict[str, Any]]:
    """Read `MR:1 2026-03-09, HEPB 2026-04-01 voluntary`: vaccine and 期, day, and what is not 定期."""
    found = []
    for entry in filter(None, (text or "").split(",")):
        kind, day, *legal_class = entry.split()
        vaccine, _, stage = kind.partition(":")
        row = {"person_id": person_id, "vaccine": vaccine, "stage": stage or None, "given_on": day}
        found.append(row | {"legal_class": legal_class[0] if legal_class else "routine"})
    return found


def read_exemptions(person_id: int, text: str | None) -> list[dict[str, Any]]:
    """Read `VAR had_disease 2026-01-01..2026-03-31`; without days it has always been in force."""
    found = []
    for entry in filter(None, (text or "").split(",")):
        vaccine, reason, *days = entry.split()
        first, _, last = (days[0] if days else "..").partition("..")
        row = {"person_id": person_id, "vaccine": vaccine, "reason": reason, "until_on": last or None}
        found.append(row | ({"from_on": first} if first else {}))
    return found


def _rules(filled: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the rules, expanded for the births, the days and the special reasons of a city."""
    births = {row["person_id"]: row["birth_date"] for row in filled["person"].to_pylist()}
    special = filled["special"].to_pylist() if "special" in filled else []
    reasons = {
        (births.get(row["person_id"]), row["kind"], row["vaccine"], row["reason_end_on"])
        for row in special
        if row["reason_end_on"]
    }
    days = filled["dose"]["given_on"].to_pylist()
    unknown = [row for row in filled["person"].to_pylist() if row["birth_date"] is None]
    spans = {(row["birth_earliest"], row["birth_latest"]) for row in unknown}
    return schedule.load().tables([day for day in births.values() if day], days, reasons, spans)


def _usual_person(row: Row) -> dict[str, Any]:
    birth = row.get("birth_date")
    precision = "day" if birth else "unknown"
    usual = {"birth_date_precision": precision, "birth_earliest": birth, "birth_latest": birth, "resident_from": birth}
    return usual | row


def _arrow(table: str, rows: Iterable[Row]) -> pa.Table:
    schema = TABLES[table].schema
    usual = _USUAL.get(table, {})
    return pa.Table.from_pylist([_typed(schema, usual | row) for row in rows], schema=schema)


def _typed(schema: pa.Schema, row: Row) -> dict[str, Any]:
    unknown = row.keys() - set(schema.names)
    if unknown:
        msg = f"no such columns: {sorted(unknown)}"
        raise KeyError(msg)
    return {name: _value(schema.field(name).type, value) for name, value in row.items()}


def _value(kind: pa.DataType, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if pa.types.is_date(kind):
        return date.fromisoformat(value)
    return int(value) if pa.types.is_integer(kind) else value
