"""One block of bytes in, typed columns and faults out. Runs in a worker thread; knows no file and no line but its own.

Nothing here raises for what a file contains.
"""

import re
import traceback
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.sources.blocks import Block, count_lines
from workbench.sources.columns import ReadBefore, convert
from workbench.sources.contract import fill, never_null
from workbench.sources.faults import load_faults
from workbench.sources.firewall import find_split, is_mynumber_column
from workbench.sources.fixed import read_fixed
from workbench.sources.layout import Column, TableLayout
from workbench.sources.rows import Rows, read_rows

KEY, HOUSEHOLD, UNREADABLE = "atena_number", "household_number", -1
NUMBER_TYPES = frozenset({"digits", "text", "code"})  # types of columns that a My Number could pass for
WHO_AND_WHERE = 2  # 宛名番号 and 世帯番号
_LONG = re.compile(rb"(?<!\d)\d{13,18}(?!\d)")
BIRTH_DATE, BIRTH_PRECISION = "birth_date", "birth_date_precision"


@dataclass(frozen=True)
class Plan:
    """How to read every block of one file: its encoding and titles (in file order), and the layout of its table."""

    encoding: str
    titles: tuple[str, ...]
    table: TableLayout
    fixed_line_ends: bool | None = None  # None: not fixed-length records
    keep_digits: bool = False  # of strip columns, for a look at them before they are dropped
    read_before: dict[str, ReadBefore] = field(default_factory=dict, repr=False)  # title -> as `convert` takes it

    @property
    def columns(self) -> list[Column]:
        """The columns that the file has, in the order of the layout."""
        return [column for column in self.table.columns if column.title in self.titles]

    @property
    def neighbours(self) -> list[tuple[str, str]]:
        """The titles of columns that stand side by side in the file."""
        return list(pairwise(self.titles))


@dataclass(frozen=True)
class Lost:
    """Of the rows whose 宛名番号 cannot be read: whose household they may belong to, and which rows tell nothing."""

    households: frozenset[int] = frozenset()
    lines: tuple[int, ...] = ()

    def __or__(self, other: "Lost") -> "Lost":
        """Return both together."""
        return Lost(self.households | other.households, self.lines + other.lines)


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
    refused_lines: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))  # of `refused_numbers`
    lost: Lost = field(default_factory=Lost)
    characters: dict[str, Counter[int]] = field(default_factory=dict)  # title -> code points that printing may lack


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
    if plan.fixed_line_ends is None:
        rows = read_rows(block, plan.titles, {column.title: column.has_few_values for column in plan.columns})
    else:
        rows = read_fixed(block, plan.table, line_ends=plan.fixed_line_ends)
    if rows is None:
        return Refusal("行の数え方が一致しません", 0)
    rows = _records_only(rows, plan)
    parsed = ParsedBlock(len(rows.lines) + len(rows.ragged), rows.line_count)
    if len(rows.ragged):
        parsed.faults.append(("ragged_row", None, rows.ragged))
        parsed.refused_numbers = np.full(len(rows.ragged), UNREADABLE)
        parsed.refused_lines = rows.ragged
        parsed.lost = _lost_ragged(rows.ragged_data, rows.ragged)
    for column in plan.columns:
        if column.type in NUMBER_TYPES and is_mynumber_column(rows.table[column.title].combine_chunks(), plan.encoding):
            return Refusal(f"「{column.title}」の列は個人番号とみられます。レイアウトでstripの列にしてください", 0)
    _convert_columns(rows.table, plan, rows.lines, parsed)
    return parsed


def _records_only(rows: Rows, plan: Plan) -> Rows:
    """Leave out the rows that are no records of this pass through the file."""
    if not plan.table.only_where:
        return rows
    titles = [title for title in plan.table.only_where if title in plan.titles]
    filled = np.zeros(len(rows.lines), bool)
    for title in titles:
        cells = rows.table[title].combine_chunks()
        filled |= pc.not_equal(pc.binary_length(cells.cast(pa.binary())), 0).to_numpy(zero_copy_only=False)
    return replace(rows, table=rows.table.filter(pa.array(filled)), lines=rows.lines[filled])


def _lost_ragged(records: tuple[bytes, ...], lines: np.ndarray) -> Lost:
    """Return every long number of the ragged records: a household's may be among them, in whatever column."""
    found = [[int(number) for number in _LONG.findall(record)] for record in records]
    hopeless = [line for line, numbers in zip(lines.tolist(), found, strict=True) if len(numbers) < WHO_AND_WHERE]
    return Lost(frozenset(number for numbers in found for number in numbers), tuple(hopeless))


def _convert_columns(table: pa.Table, plan: Plan, lines: np.ndarray, parsed: ParsedBlock) -> None:
    """Fill `parsed` with the accepted rows of `table`, whose rows begin at `lines`."""
    faults: list[tuple[str, str, np.ndarray]] = []
    values: dict[str, pa.Array] = {}
    digits: dict[str, np.ndarray] = {}
    texts: dict[str, pa.Array | None] = {}
    for column in plan.columns:
        read_before = plan.read_before.setdefault(column.title, {})
        cells = convert(column, table[column.title].combine_chunks(), plan.encoding, read_before)
        texts[column.title] = cells.text
        parsed.characters[column.title] = cells.characters
        faults += [(code, column.title, mask) for code, mask in cells.faults]
        if column.role == "strip":
            parsed.stripped[column.title] = cells.stripped
            digits[column.field] = cells.digits
        faults += _disagreements(column, values, cells.values)
        values |= cells.values
    values |= fill(plan.table.holds, values, plan.table.constants, len(table))
    faults += _reversed_periods(plan.table, values)
    faults += _split_numbers(plan, texts)
    refused = _refused(faults, len(table))
    faults += _nulls(plan.table, values, ~refused)
    refused = _refused(faults, len(table))
    parsed.faults += [(code, title, lines[mask]) for code, title, mask in faults]
    kept = ~refused
    if KEY in values and refused.any():
        _remember_refused(parsed, values, refused, lines)
    parsed.lines = lines[kept].astype(np.int64, copy=False)
    parsed.columns = values if kept.all() else {name: array.filter(pa.array(kept)) for name, array in values.items()}
    parsed.digits = {name: array[kept] for name, array in digits.items()} if plan.keep_digits else {}


def _refused(faults: list[tuple[str, str, np.ndarray]], rows: int) -> np.ndarray:
    """Return a bool mask: the rows that are left out for any of these faults."""
    quarantining = [mask for code, _, mask in faults if load_faults()[code].outcome == "quarantined"]
    return np.logical_or.reduce([np.zeros(rows, bool), *quarantining])


def _nulls(table: TableLayout, values: dict[str, pa.Array], kept: np.ndarray) -> list[tuple[str, str, np.ndarray]]:
    """Find rows, good so far, that lack what the house must have, where the layout let an empty cell pass."""
    titles = {column.field: column.title for column in table.columns}
    empty = {name: values[name].is_null() for name in never_null(table.holds) if values[name].null_count}
    found = [(titles.get(name), mask.to_numpy(zero_copy_only=False) & kept) for name, mask in empty.items()]
    return [("missing_value", title, mask) for title, mask in sorted(found, key=str) if mask.any()]


def _remember_refused(parsed: ParsedBlock, values: dict[str, pa.Array], refused: np.ndarray, lines: np.ndarray) -> None:
    """Note whose rows are left out; where that cannot be read, whose household."""
    mask = pa.array(refused)
    numbers = values[KEY].filter(mask).fill_null(UNREADABLE).to_numpy()
    parsed.refused_numbers = np.concatenate([parsed.refused_numbers, numbers])
    parsed.refused_lines = np.concatenate([parsed.refused_lines, lines[refused]])
    if HOUSEHOLD not in values:
        return
    nobody = numbers == UNREADABLE
    homes = values[HOUSEHOLD].filter(mask).fill_null(UNREADABLE).to_numpy()
    hopeless = lines[refused][nobody & (homes == UNREADABLE)]
    parsed.lost |= Lost(frozenset(homes[nobody].tolist()) - {UNREADABLE}, tuple(hopeless.tolist()))


def _split_numbers(plan: Plan, texts: dict[str, pa.Array | None]) -> list[tuple[str, str, np.ndarray]]:
    """Find My Numbers that begin in one column of text and end in the next."""
    pairs = [(left, right) for left, right in plan.neighbours if texts[left] is not None and texts[right] is not None]
    found = [(right, find_split(texts[left], texts[right])) for left, right in pairs]
    return [("mynumber_in_text", title, mask) for title, mask in found if mask.any()]


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
