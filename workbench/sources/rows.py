"""The records of a block as raw cells, and the lines of those that have too few or too many."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from workbench.sources.blocks import (
    Block,
    Records,
    count_all_commas,
    count_commas,
    count_lines,
    find_record_lines,
)

BYTES_PER_QUOTE = 4096  # where quoted stretches are denser, they are not walked one by one
COUNTED_BYTES = 1 << 18  # a block of few quotes is counted in such pieces, to find those with a ragged record
PIECE_BYTES = (
    1 << 20
)  # a block of many quotes with a ragged record is read in pieces, so that only one of them is read slowly


@dataclass(frozen=True)
class Rows:
    """The cells of a block, as bytes (a dictionary where few values are expected), one row per well-formed record.

    `lines` and `ragged` are lines counted from the first of the block: of the rows of `table`, and of the others.
    """

    table: pa.Table
    lines: np.ndarray
    ragged: np.ndarray
    line_count: int
    ragged_data: tuple[bytes, ...] = ()  # the ragged records as they stand


def read_rows(block: Block, titles: tuple[str, ...], wanted: dict[str, bool]) -> Rows | None:
    """Read the columns `wanted` (title -> few distinct values) of a block whose columns are `titles`.

    None when Arrow and this room count the records differently; then nothing of the block may be used.
    """
    has_few_quotes = block.quotes is None or len(block.quotes.opens) < len(block.data) // BYTES_PER_QUOTE
    if has_few_quotes and not block.counts_records:
        return _read_in_one(block, titles, wanted) or _read_good_records(block, titles, wanted)
    table = _read_csv(block.data, titles, wanted, has_quotes=block.quotes is not None)
    if table is None or _may_be_blank(table):
        pieces = list(block.split(PIECE_BYTES))
        if len(pieces) == 1:
            return _read_good_records(block, titles, wanted)
        return _joined([read_rows(piece, titles, wanted) for piece in pieces])
    if block.quotes is None:
        lines = np.arange(len(table))
        return Rows(table, lines, lines[:0], len(lines)) if count_lines(block.data) == len(lines) else None
    records = block.find_records()
    if len(records.lines) != len(table):
        return None
    return Rows(table, records.lines, records.lines[:0], records.line_count)


def _read_in_one(block: Block, titles: tuple[str, ...], wanted: dict[str, bool]) -> Rows | None:
    """Read a block of few quotes once, without the ragged records; None where something is in doubt.

    Counted piece by piece, since counting is ten times as fast as finding, and most pieces have no ragged record. Two
    that make up for one another in a piece are in doubt: Arrow refuses them.
    """
    pieces = [_without_ragged(piece, len(titles) - 1) for piece in block.split(COUNTED_BYTES)]
    has_ragged = any(piece.ragged_data for piece in pieces)
    content = b"".join(piece.content for piece in pieces) if has_ragged else block.data
    table = _read_csv(content, titles, wanted, has_quotes=block.quotes is not None)
    if table is None or len(table) != sum(len(piece.lines) for piece in pieces) or _may_be_blank(table):
        return None
    firsts = np.cumsum([0, *(piece.line_count for piece in pieces)]).tolist()
    return Rows(
        table,
        np.concatenate([piece.lines + first for piece, first in zip(pieces, firsts, strict=False)]),
        np.concatenate([piece.ragged + first for piece, first in zip(pieces, firsts, strict=False)]),
        firsts[-1],
        tuple(record for piece in pieces for record in piece.ragged_data),
    )


@dataclass(frozen=True)
class _Piece:
    """The well-formed records of a piece of a block, the lines on which they begin, and the others."""

    content: bytes
    lines: np.ndarray
    ragged: np.ndarray
    line_count: int
    ragged_data: tuple[bytes, ...] = ()


def _without_ragged(piece: Block, commas: int) -> _Piece:
    """Take out the records that have not so many commas."""
    lines, line_count = find_record_lines(piece.data, piece.quotes)
    if count_all_commas(piece.data, piece.quotes) == len(lines) * commas:
        return _Piece(piece.data, lines, lines[:0], line_count)
    records = piece.find_records()
    is_good = count_commas(piece.data, piece.quotes, records) == commas
    content = _join_good(piece.data, records, is_good)
    ragged = _ragged_data(piece.data, records, is_good)
    return _Piece(content, records.lines[is_good], records.lines[~is_good], line_count, ragged)


def _joined(parts: list[Rows | None]) -> Rows | None:
    """Return the rows of neighbouring pieces as one; None when one of them could not be read."""
    if None in parts:
        return None
    first_lines = np.cumsum([0, *(part.line_count for part in parts)])
    places = list(zip(parts, first_lines.tolist(), strict=False))
    return Rows(
        pa.concat_tables([part.table for part in parts]).unify_dictionaries(),
        np.concatenate([part.lines + first for part, first in places]),
        np.concatenate([part.ragged + first for part, first in places]),
        int(first_lines[-1]),
        tuple(record for part in parts for record in part.ragged_data),
    )


def _read_good_records(block: Block, titles: tuple[str, ...], wanted: dict[str, bool]) -> Rows | None:
    """Read a block again without its ragged records, which Arrow would quote in an error.

    Arrow's own handler of invalid rows is of no use: it decodes their text, and fails where that is not UTF-8.
    A line with nothing on it is ragged too; Arrow takes it for a row of empty cells.
    """
    records = block.find_records()
    is_good = count_commas(block.data, block.quotes, records) == len(titles) - 1
    content = _join_good(block.data, records, is_good)
    table = _read_csv(content, titles, wanted, has_quotes=block.quotes is not None)
    if table is None or len(table) != np.count_nonzero(is_good):
        return None
    ragged = _ragged_data(block.data, records, is_good)
    return Rows(table, records.lines[is_good], records.lines[~is_good], records.line_count, ragged)


def _read_csv(data: bytes, titles: tuple[str, ...], wanted: dict[str, bool], *, has_quotes: bool) -> pa.Table | None:
    """Return the columns `wanted` of all records; None when one of them is ragged."""
    few, many = pa.dictionary(pa.int32(), pa.binary()), pa.binary()
    types = {title: few if has_few_values else many for title, has_few_values in wanted.items()}
    if not data:
        return pa.schema(types).empty_table()
    try:
        return csv.read_csv(
            pa.BufferReader(data),
            csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=titles),
            csv.ParseOptions(newlines_in_values=has_quotes, ignore_empty_lines=False),
            csv.ConvertOptions(
                check_utf8=False,
                strings_can_be_null=False,
                null_values=[],
                column_types=types,
                include_columns=list(wanted),
            ),
        )
    except pa.ArrowInvalid:
        return None


def _may_be_blank(table: pa.Table) -> bool:
    """Say whether any row has nothing in all the columns read."""
    nothing = np.ones(len(table), bool)
    for column in table.columns:
        whole = column.combine_chunks()
        cells = whole.dictionary_decode() if pa.types.is_dictionary(whole.type) else whole
        nothing &= pc.equal(pc.binary_length(cells), 0).to_numpy(zero_copy_only=False)
        if not nothing.any():
            return False
    return True


def _ragged_data(data: bytes, records: Records, is_good: np.ndarray) -> tuple[bytes, ...]:
    """Return the bytes of each record that is not good."""
    borders = np.append(records.starts, len(data)).tolist()
    return tuple(data[borders[place] : borders[place + 1]] for place in np.flatnonzero(~is_good).tolist())


def _join_good(data: bytes, records: Records, is_good: np.ndarray) -> bytes:
    """Return the bytes of the good records only, copied run by run."""
    content = memoryview(data)
    borders = np.append(records.starts, len(data))
    changes = np.flatnonzero(np.diff(np.concatenate([[False], is_good, [False]])))
    begins, ends = changes[::2], changes[1::2]
    return b"".join(content[borders[begin] : borders[end]] for begin, end in zip(begins, ends, strict=True))
