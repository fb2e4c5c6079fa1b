"""Fixed-length records: which bytes belong to which column is declared in the layout, in bytes of the file's encoding.

Records end with LF or CRLF, or follow one another without an end. A record of another length is ragged.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from workbench.sources.blocks import MAX_RECORD_BYTES, Block
from workbench.sources.forms import Reader
from workbench.sources.layout import TableLayout
from workbench.sources.rows import Rows

BLOCK_BYTES = 4 << 20
_LF, _CR, _SPACE = b"\n\r "
_AFTER_DATA = b"\r\n\x1a"


def record_bytes(table: TableLayout) -> int:
    """Return the length of a record, its line end not counted."""
    return sum(column.bytes for column in table.columns)


def has_line_ends(start: bytes, table: TableLayout) -> bool | None:
    """Say whether a file that begins so has line ends; None when its first record is of another length."""
    width = record_bytes(table)
    first = start.split(b"\n", 1)[0].removesuffix(b"\r")
    if len(first) == width and b"\n" in start:
        return True
    following = start[width : 2 * width]
    if b"\n" in start or len(start) < width or 0 < len(following.rstrip(_AFTER_DATA)) < width:
        return None
    return False


def fixed_blocks(reader: Reader, table: TableLayout, *, line_ends: bool) -> Iterator[Block]:
    """Yield the file in blocks of whole records; blank lines at its end are not records."""
    width = record_bytes(table)
    data = b""
    while piece := reader.read(BLOCK_BYTES):
        data += piece
        body = data.rstrip(_AFTER_DATA) if line_ends else data
        end = body.rfind(b"\n") + 1 if line_ends else len(data) // width * width
        if end:
            yield Block(data[:end], None)
            data = data[end:]
        elif len(data) > MAX_RECORD_BYTES:
            yield Block(data, None, is_broken=True)
            return
    if last := data.rstrip(_AFTER_DATA):
        yield Block(last, None)


def read_fixed(block: Block, table: TableLayout, *, line_ends: bool) -> Rows:
    """Return the cells of a block as `read_rows` does, without the spaces around them."""
    content = np.frombuffer(block.data, np.uint8)
    width = record_bytes(table)
    starts, ends = _borders(content, width, line_ends=line_ends)
    is_good = ends - starts == width
    matrix = content[starts[is_good][:, None] + np.arange(width)]
    cells, at = {}, 0
    for column in table.columns:
        cells[column.title] = _cells(matrix[:, at : at + column.bytes], few=column.has_few_values)
        at += column.bytes
    places = np.flatnonzero(~is_good)
    ragged = tuple(block.data[starts[place] : ends[place]] for place in places.tolist())
    return Rows(pa.table(cells), np.flatnonzero(is_good), places, len(starts), ragged)


def _borders(content: np.ndarray, width: int, *, line_ends: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return where each record begins and ends, line ends left out."""
    if not line_ends:
        starts = np.arange(0, len(content), width)
        return starts, np.minimum(starts + width, len(content))
    newlines = np.flatnonzero(content == _LF)
    starts, ends = np.append(0, newlines + 1), np.append(newlines, len(content))
    if starts[-1] == len(content):
        starts, ends = starts[:-1], ends[:-1]
    has_cr = (ends > starts) & (content[np.maximum(ends - 1, 0)] == _CR)
    return starts, ends - has_cr


def _cells(matrix: np.ndarray, *, few: bool) -> pa.Array:
    """Return the rows of `matrix` (n, width) as binary cells without the spaces around them."""
    is_filled = matrix != _SPACE
    first = np.argmax(is_filled, axis=1)
    last = matrix.shape[1] - np.argmax(is_filled[:, ::-1], axis=1)
    places = np.arange(matrix.shape[1])
    inside = (places >= first[:, None]) & (places < last[:, None]) & is_filled.any(axis=1)[:, None]
    offsets = np.append(0, np.cumsum(inside.sum(axis=1))).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(matrix[inside]))]
    cells = pa.Array.from_buffers(pa.binary(), len(matrix), buffers)
    return cells.dictionary_encode() if few else cells
