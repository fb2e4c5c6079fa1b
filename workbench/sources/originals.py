"""Every cell of some columns as it is written, accepted rows or not: what the auditor's search must not find."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from workbench.errors import SourceError
from workbench.sources.blocks import BLOCK_BYTES, Block
from workbench.sources.fixed import read_fixed
from workbench.sources.rows import Rows, read_rows
from workbench.sources.source import Source

_DIGITS = re.compile(rb"[0-9]{10,15}")
_SEPARATOR = "\x1e"


@dataclass(frozen=True)
class RawCells:
    """The cells of one block by field, as texts; of rows that cannot be split into cells, only their long numbers."""

    cells: dict[str, list[str]] = field(default_factory=dict, repr=False)
    unread_rows: int = 0
    numbers: list[str] = field(default_factory=list, repr=False)


def read_cells(source: Source, fields: Collection[str]) -> Iterator[RawCells]:
    """Yield the columns of these fields, block by block; a refused row is read like any other.

    Raises:
        SourceError: bytes that are no text, quotes that never close, or a file that cannot be read.
    """
    columns = {column.title: column.field for column in source.table.columns if column.field in fields}
    for block in source._blocks(BLOCK_BYTES):  # noqa: SLF001 - of this room
        rows = None if block.is_broken else _rows(source, block, columns)
        if rows is None:
            msg = f"{source.file} を行に分けられないため、探す値を読めません。抽出し直してください。"
            raise SourceError(msg)
        cells = {name: _texts(rows.table[title], source.header.encoding) for title, name in columns.items()}
        numbers = [number.decode() for record in rows.ragged_data for number in _DIGITS.findall(record)]
        yield RawCells(cells, len(rows.ragged), numbers)


def _rows(source: Source, block: Block, titles: Collection[str]) -> Rows | None:
    if source.header.form == "fixed":
        return read_fixed(block, source.table, line_ends=source.header.has_line_ends)
    return read_rows(block, source.header.titles, dict.fromkeys(titles, False))


def _texts(column: pa.ChunkedArray, encoding: str) -> list[str]:
    """Return the cells as texts, decoded in one go; a byte that does not belong becomes a mark."""
    joined = _SEPARATOR.encode().join(column.unique().to_pylist())
    return [text for text in joined.decode(encoding, "replace").split(_SEPARATOR) if text]
