"""The rules themselves as the tables `records` describes: programmes, slots, and what feeds and spaces them."""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from workbench.records import TABLES
from workbench.schedule.model import Programme

_Rows = list[dict[str, Any]]


def rule_tables(programmes: Iterable[Programme]) -> dict[str, pa.Table]:
    """Return the tables programme, slot, series_vaccine, series_instead and slot_interval, by name.

    `programmes` are in display order.
    """
    programmes = list(programmes)
    rows: dict[str, _Rows] = {
        "programme": [_programme(programme) for programme in programmes],
        "slot": _slots(programmes),
        "series_vaccine": _feeding(programmes),
        "series_instead": _instead(programmes),
        "slot_interval": _intervals(programmes),
    }
    return {name: pa.Table.from_pylist(found, schema=TABLES[name].schema) for name, found in rows.items()}


def _programme(programme: Programme) -> dict[str, Any]:
    row = programme.model_dump(include=set(TABLES["programme"].schema.names))
    return row | {"source": f"{programme.article}（{programme.source}）"}


def _slots(programmes: Iterable[Programme]) -> _Rows:
    placed = [
        (programme, slot, position)
        for programme in programmes
        for slot, position in zip(programme.slot, programme.positions().values(), strict=True)
    ]
    return [
        {
            "slot": slot.slot,
            "code": slot.code,
            "dose": slot.dose,
            "programme": programme.programme,
            "series": slot.series,
            "position": position,
            "label": slot.label,
            "sex": slot.sex,
            "vaccine": slot.exempt_by,
            "display_order": order,
        }
        for order, (programme, slot, position) in enumerate(placed, 1)
    ]


def _feeding(programmes: Iterable[Programme]) -> _Rows:
    return [
        {"series": row.series, "vaccine": feed.vaccine, "stage": stage}
        for programme in programmes
        for row in programme.series
        for feed in row.fed_by
        for stage in feed.stages
    ]


def _instead(programmes: Iterable[Programme]) -> _Rows:
    return [
        {"series": row.series, "vaccine": vaccine}
        for programme in programmes
        for row in programme.series
        for other in row.instead
        for vaccine in other.vaccines
    ]


def _intervals(programmes: Iterable[Programme]) -> _Rows:
    return [
        {"slot": slot, "after_position": row.after, "rule": row.rule}
        for programme in programmes
        for row in programme.interval
        for slot in row.slots
    ]
