"""How staff read a column: its Japanese title and format, and the words for its codes (`columns.toml`)."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd

from workbench.records import NO_END, format_person_id

LEFT_KINDS = ("id", "text", "code", "date")
NO_END_TEXT = "定めなし"
EMPTY = "―"


@dataclass(frozen=True)
class Style:
    """Title and kind of one column; `kind` is one of those that `columns.toml` lists."""

    title: str
    kind: str
    codes: str = ""  # the table of words, where it has another name than the column


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("columns.toml").read_text(encoding="utf-8"))


@cache
def style_of(name: str) -> Style:
    """Return how a column is shown; one that `columns.toml` does not name keeps its own name, as text."""
    return Style(**_data()["columns"].get(name, {"title": name, "kind": "text"}))


def codes_of(name: str) -> dict[str, str]:
    """Return the Japanese words for the codes of a column; empty when it has none."""
    return _data()["codes"].get(style_of(name).codes or name, {})


def to_cell(name: str, value: object) -> object:
    """Return a value as a cell holds it: pseudonym and code as words, date, number; None where there is none."""
    missing = value is None or pd.isna(value)
    return None if missing else _CELLS[style_of(name).kind](name, value)


def to_text(name: str, value: object) -> str:
    """Return a value as a page shows it."""
    cell = to_cell(name, value)
    match style_of(name).kind:
        case _ if cell is None:
            return EMPTY
        case "count" | "number" | "shown":
            return f"{cell:,}" if isinstance(cell, int) else str(cell)
        case "pct":
            return f"{cell:.1f}"
        case "year":
            return f"{cell}年度"
    return str(cell)


def read_definition(measure: str) -> dict[str, str]:
    """Return numerator, denominator and note of a measure, as `definitions.toml` says them.

    Raises:
        KeyError: there is no such measure; a fault of the notebook.
    """
    text = files(__package__).joinpath("definitions.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)[measure]


def _id_cell(_: str, value: Any) -> str:  # noqa: ANN401 - a cell of any column
    return format_person_id(int(value))


def _code_cell(name: str, value: Any) -> str:  # noqa: ANN401
    return "、".join(codes_of(name).get(code, code) for code in str(value).split(","))


def _date_cell(_: str, value: Any) -> date | str:  # noqa: ANN401
    day = date.fromisoformat(value) if isinstance(value, str) else value
    day = day.date() if isinstance(day, datetime) else day
    return NO_END_TEXT if day == NO_END else day


_CELLS: dict[str, Callable[[str, Any], object]] = {
    "id": _id_cell,
    "text": lambda _, value: str(value),
    "code": _code_cell,
    "count": lambda _, value: int(value),
    "number": lambda _, value: int(value),
    "shown": lambda _, value: value if isinstance(value, str) else int(value),
    "year": lambda _, value: int(value),
    "pct": lambda _, value: float(value),
    "date": _date_cell,
}
