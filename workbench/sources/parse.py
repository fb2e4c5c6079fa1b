"""One block of bytes in, typed columns and faults out. Runs in a worker thread; knows no file and no line but its own.

Nothing here raises for what a file contains.
"""

import traceback
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.sources.blocks import Block, count_lines
from workbench.sources.columns import convert
from workbench.sources.faults import load_faults
from workbench.sources.layout import Column, TableLayout
from workbench.sources.rows import read_rows

KEY, UNREADABLE = "atena_number", -1
BIRTH_DATE, BIRTH_PRECISION = "birth_date", "birth_date_precision"


@dataclass(frozen=True)
class Plan:
    """How to read every block of one file: its encoding and titles (in file order), and the layout of its table."""

    encoding: str
    titles: tuple[str, ...]
    table: TableLayout
    keep_digits: bool = False  # of strip columns, for a look at them before they are dropped

    @property
    def columns(self) -> list[Column]:
        """The columns that are read, in the order of the layout."""
        return [column for column in self.table.columns if column.role != "ignore"]


@dataclass
class ParsedBlock:
    """What a block holds. Lines count from 0 at its first line; columns and `lines` hold the accepted rows only."""

    rows_read: int = 0
    line_count: int = 0
    lines: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    columns: dict[str, pa.Array] = field(default_factory=dict)
    stripped: dict[str, int] = field(default_factory=dict)  # title -> values that were checked and dropped
    digits: dict[str, np.ndarray] = field(default_factory=dict)  # field -> int64, aligned with `lines`
    faults: list[tuple[str, str | None, np.ndarray]] = field(default_factory=list)  # code, title, lines
    refused_numbers: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))  # -1: not readable


@dataclass(frozen=True)
class Refusal:
    """Why the whole file is refused: a reason without values, and a line of the block."""

    reason: str
    line: int


def parse_block(block: Block, plan: Plan) -> ParsedBlock | Refusal:
    """Parse one block; every record of it is either an accepted row or has a refusing fault."""
    if b"\0" in block.data:
        return Refusal("文字でないバイト（NUL）があります", count_lines(block.data[: block.data.index(b"\0") + 1]) - 1)
    if block.is_broken:
        return Refusal('引用符（"）が閉じていないか、改行がありません', block.count_whole_lines())
    try:
        return _parse(block, plan)
    except Exception as error:  # noqa: BLE001  whatever it is, its text may quote a cell (promise P6)
        place = traceback.extract_tb(error.__traceback__)[-1]
        return Refusal(f"想定外の形です（{type(error).__name__}, {place.name}:{place.lineno}）", 0)


def _parse(block: Block, plan: Plan) -> ParsedBlock | Refusal:
    rows = read_rows(block, plan.titles, {column.title: column.has_few_values for column in plan.columns})
    if rows is None:
        return Refusal("行の数え方が一致しません", 0)
    parsed = ParsedBlock(len(rows.lines) + len(rows.ragged), rows.line_count)
    if len(rows.ragged):
        parsed.faults.append(("ragged_row", None, rows.ragged))
        parsed.refused_numbers = np.full(len(rows.ragged), UNREADABLE)
    _convert_columns(rows.table, plan, rows.lines, parsed)
    return parsed


def _convert_columns(table: pa.Table, plan: Plan, lines: np.ndarray, parsed: ParsedBlock) -> None:
    """Fill `parsed` with the accepted rows of `table`, whose rows begin at `lines`."""
    faults: list[tuple[str, str, np.ndarray]] = []
    values: dict[str, pa.Array] = {}
    digits: dict[str, np.ndarray] = {}
    for column in plan.columns:
        cells = convert(column, table[column.title].combine_chunks(), plan.encoding)
        faults += [(code, column.title, mask) for code, mask in cells.faults]
        if column.role == "strip":
            parsed.stripped[column.title] = cells.stripped
            digits[column.field] = cells.digits
        faults += _disagreements(column, values, cells.values)
        values |= cells.values
    faults += _reversed_periods(plan.table, values)
    parsed.faults += [(code, title, lines[mask]) for code, title, mask in faults]
    refused = np.zeros(len(table), bool)
    for code, _, mask in faults:
        refused |= mask & (load_faults()[code].outcome == "quarantined")
    kept = ~refused
    if KEY in values and refused.any():
        numbers = values[KEY].filter(pa.array(refused)).fill_null(UNREADABLE).to_numpy()
        parsed.refused_numbers = np.concatenate([parsed.refused_numbers, numbers])
    parsed.lines = lines[kept].astype(np.int64, copy=False)
    parsed.columns = values if kept.all() else {name: array.filter(pa.array(kept)) for name, array in values.items()}
    parsed.digits = {name: array[kept] for name, array in digits.items()} if plan.keep_digits else {}


def _disagreements(
    column: Column, before: dict[str, pa.Array], new: dict[str, pa.Array]
) -> list[tuple[str, str, np.ndarray]]:
    """Compare 不詳区分 with the shape of 生年月日, when the second of them arrives; `new` keeps what the shape says."""
    if BIRTH_PRECISION not in before or BIRTH_PRECISION not in new:
        return []
    differs = pc.not_equal(before[BIRTH_PRECISION], new[BIRTH_PRECISION]).fill_null(False)  # noqa: FBT003
    if column.type != BIRTH_DATE:
        new[BIRTH_PRECISION] = before[BIRTH_PRECISION]
    return [("bad_date", column.title, differs.to_numpy(zero_copy_only=False))]


def _reversed_periods(table: TableLayout, values: dict[str, pa.Array]) -> list[tuple[str, str, np.ndarray]]:
    """Find periods that end before they begin; an open end is no end."""
    titles = {column.field: column.title for column in table.columns}
    return [
        ("bad_period", titles[until], pc.less(values[until], values[start]).fill_null(False).to_numpy(False))  # noqa: FBT003
        for start, until in table.periods
    ]
