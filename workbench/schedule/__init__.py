"""The statute as data (`schedule.toml`, `programmes/*.toml`) and its expansion into dates.

`load()` gives the `Schedule`; the functions below ask the one that comes with the workbench.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

import pyarrow as pa

from workbench.schedule.expand import Schedule, Window
from workbench.schedule.load import load
from workbench.schedule.possible import possible_births

__all__ = [
    "Schedule",
    "Window",
    "interval_table",
    "load",
    "possible_births",
    "rule_tables",
    "rule_version",
    "window_table",
    "windows",
    "windows_json",
]


def rule_version() -> str:
    """Return the version that reports name, as `Schedule.rule_version`."""
    return load().rule_version


def windows(birth: date, sex: str) -> list[dict[str, Any]]:
    """Return the windows of a birth, as `Schedule.windows`."""
    return load().windows(birth, sex)


def windows_json(birth: date, sex: str) -> dict[str, Any]:
    """Return the windows of a birth ready for JSON, as `Schedule.windows_json`."""
    return load().windows_json(birth, sex)


def window_table(births: Iterable[date]) -> pa.Table:
    """Return the calendar table of windows, as `Schedule.window_table`."""
    return load().window_table(births)


def interval_table(days: Iterable[date]) -> pa.Table:
    """Return the calendar table of intervals, as `Schedule.interval_table`."""
    return load().interval_table(days)


def rule_tables() -> dict[str, pa.Table]:
    """Return the rules as tables, as `Schedule.rule_tables`."""
    return load().rule_tables()
