"""What a snapshot knows, for the parameters that name something in it."""

from collections.abc import Mapping, Sequence

import duckdb

from workbench.errors import ParameterError
from workbench.queries import run_query
from workbench.runs.parameters import ALL, UNCHANGED, Parameter, Value, suggest
from workbench.settings import Home
from workbench.snapshot import open_snapshot

_QUERIES = {"slot": "slots", "programme": "slots", "district": "districts"}


def check_against_snapshot(
    declared: Sequence[Parameter], values: Mapping[str, Value], *, home: Home, snapshot_id: str
) -> None:
    """Check every slot, programme and district against the snapshot's tables, and a slot against its programme.

    Raises:
        ParameterError: one is not there; the message lists those that are.
    """
    named = [p for p in declared if p.kind in _QUERIES and values[p.name] != ALL]
    if not named:
        return
    programme = next((str(values[p.name]) for p in named if p.kind == "programme"), ALL)
    with open_snapshot(home, snapshot_id) as connection:
        for parameter in sorted(named, key=lambda p: p.kind != "programme"):
            known = _known(connection, parameter.kind, programme)
            if values[parameter.name] not in known:
                raise ParameterError(_message(parameter, str(values[parameter.name]), known, snapshot_id))


def _known(connection: duckdb.DuckDBPyConnection, kind: str, programme: str) -> list[str]:
    """Return the codes of one kind, in the order of the tables; slots of the chosen programme only."""
    rows = run_query(connection, _QUERIES[kind])
    if kind == "slot" and programme != ALL:
        rows = rows[rows["programme"] == programme]
    return list(dict.fromkeys(rows[kind]))


def _message(parameter: Parameter, given: str, known: Sequence[str], snapshot_id: str) -> str:
    every = f"、{ALL}（すべて）" if parameter.takes_all else ""
    return (
        f"パラメータ {parameter.name}（{parameter.meaning}）の値が、スナップショット {snapshot_id} に"
        f"ないか、ほかの指定と合いません。{suggest(given, known)}"
        f"指定できるもの: {'、'.join(known) or 'なし'}{every}。{UNCHANGED}"
    )
