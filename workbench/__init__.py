"""Front desk: the few names a notebook may use.

    from workbench import Report, figures, open_snapshot, run_query

Each is fetched when it is first asked for, so that the command line starts without pandas and plotly. A test
compares the two lists below.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # read by editors and by the architecture test, which follows every import from here
    from workbench.outputs import figures, irregular, summaries
    from workbench.outputs.report import Report
    from workbench.queries import run_query
    from workbench.snapshot import open_snapshot

__all__ = ["Report", "figures", "irregular", "open_snapshot", "run_query", "summaries"]

_ROOMS = {
    "Report": "workbench.outputs.report",
    "figures": "workbench.outputs",
    "irregular": "workbench.outputs",
    "open_snapshot": "workbench.snapshot",
    "run_query": "workbench.queries",
    "summaries": "workbench.outputs",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the desk hands out
    """Fetch a name from its room (PEP 562)."""
    if name not in _ROOMS:
        msg = f"module 'workbench' has no attribute {name!r}"
        raise AttributeError(msg)
    room = importlib.import_module(_ROOMS[name])
    found = getattr(room, name, None) or importlib.import_module(f"{_ROOMS[name]}.{name}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Offer the names of the desk to completion."""
    return sorted(set(globals()) | set(__all__))
