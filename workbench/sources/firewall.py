"""My Numbers where none may be: in free text, split over two columns, or as a whole column under another name.

Pure: cells in, masks out. A column that is declared as My Number (role `strip`) never comes here.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench import mynumber
from workbench.sources.raw import bytes_of, decode_one

SAMPLE, FIRST_LOOK = 2_000, 64  # cells of a block that are looked at; a true column is full of them
FEWEST, ALL_OF = 4, 5  # cells: by chance all of four, or five of six, pass once in ten thousand columns
IS_COLUMN, PASSES = 0.5, 0.8  # shares; a true column passes to almost 100 %, a random one to 10 % (domain notes 4.1)

# Bytes in UTF-8 with which a part of a number may end or begin: digits, separators, full-width ones.
_MAY_END = np.isin(np.arange(256), [*b"0123456789 -._", *range(0x90, 0x9A), 0x80, 0x8D, 0xBC])
_MAY_BEGIN = np.isin(np.arange(256), [*b"0123456789 -._", 0xEF])


def is_mynumber_column(raw: pa.Array, encoding: str) -> bool:
    """Say whether the cells (binary, or a dictionary of them) are My Numbers by their content."""
    if _longest(raw) < mynumber.DIGITS:  # in no encoding a digit takes less than a byte
        return False
    filled = _filled(raw)
    for size in (FIRST_LOOK, SAMPLE):
        places = filled[np.linspace(0, len(filled) - 1, min(size, len(filled)), dtype=np.int64)]
        texts = [decode_one(cell, encoding) or "" for cell in raw.take(pa.array(places)).to_pylist()]
        shaped = [number for number in map(mynumber.cell_number, texts) if number]
        passing = sum(map(mynumber.is_valid, shaped))
        needed = len(shaped) * (PASSES if len(shaped) > ALL_OF else 1)
        if len(shaped) < FEWEST or len(shaped) < IS_COLUMN * len(texts) or passing < needed:
            return False
    return True


def passes(digits: np.ndarray) -> np.ndarray:
    """Return a bool mask (n,): which rows of `digits` (n, 12), uint8 values 0..9, pass the check digit."""
    total = np.zeros(len(digits), np.uint16)  # at most 9 * 47
    for place, weight in enumerate(mynumber.WEIGHTS):
        total += digits[:, place].astype(np.uint16) * np.uint16(weight)
    remainder = total % 11
    return np.where(remainder <= 1, 0, 11 - remainder) == digits[:, -1]


def find_in_text(column: pa.Array) -> np.ndarray:
    """Return a bool mask (n,): which rows of `column` (string, or dictionary of strings) hold a My Number.

    The answer of `mynumber.is_in_text` for each row; null is False. A compiled prefilter leaves few rows to Python.
    """
    if pa.types.is_dictionary(column.type):
        indices = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return np.append(find_in_text(column.dictionary), False)[indices]  # -1 picks the appended False
    found = np.zeros(len(column), bool)
    long_enough = pc.greater_equal(pc.binary_length(column), mynumber.DIGITS).fill_null(False)  # noqa: FBT003  positional only
    if (pc.sum(long_enough).as_py() or 0) * 2 < len(column):  # remarks are mostly empty
        if pc.any(long_enough).as_py():
            found[long_enough.to_numpy(zero_copy_only=False)] = _search(column.filter(long_enough))
        return found
    return _search(column)


def _search(column: pa.Array) -> np.ndarray:
    suspects = pc.indices_nonzero(pc.match_substring_regex(column, mynumber.TWELVE).fill_null(False))  # noqa: FBT003  positional only
    found = np.zeros(len(column), bool)
    for row, text in zip(suspects.to_pylist(), column.take(suspects).to_pylist(), strict=True):
        found[row] = mynumber.is_in_text(text)
    return found


def find_split(first: pa.Array, second: pa.Array) -> np.ndarray:
    """Return a bool mask (n,): rows in which two neighbouring columns of text make one My Number between them."""
    found = _edge(first, -1, _MAY_END) & _edge(second, 0, _MAY_BEGIN)
    rows = np.flatnonzero(found)
    texts = zip(first.take(pa.array(rows)).to_pylist(), second.take(pa.array(rows)).to_pylist(), strict=True)
    found[rows] = [mynumber.is_split(one or "", other or "") for one, other in texts]
    return found


def _longest(raw: pa.Array) -> int:
    values = raw.dictionary if pa.types.is_dictionary(raw.type) else raw
    return int(np.diff(bytes_of(values)[0]).max(initial=0))


def _filled(raw: pa.Array) -> np.ndarray:
    """Return the rows whose cell is not empty."""
    if pa.types.is_dictionary(raw.type):
        has_content = np.diff(bytes_of(raw.dictionary)[0]) > 0
        if has_content.all():
            return np.arange(len(raw))
        return np.flatnonzero(has_content[raw.indices.to_numpy(zero_copy_only=False)])
    return np.flatnonzero(np.diff(bytes_of(raw)[0]))


def _edge(text: pa.Array, place: int, wanted: np.ndarray) -> np.ndarray:
    """Return which cells have one of the `wanted` bytes as their first (0) or last (-1)."""
    if pa.types.is_dictionary(text.type):
        return _edge(text.dictionary, place, wanted)[text.indices.to_numpy(zero_copy_only=False)]
    offsets, content = bytes_of(text)
    filled = np.diff(offsets) > 0
    at = offsets[1:] - 1 if place else offsets[:-1]
    filled[filled] = wanted[content[at[filled]]]
    return filled
