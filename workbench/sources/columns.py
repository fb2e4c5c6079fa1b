"""Turning the raw bytes of one column of a block into typed values and a list of what is wrong with which row.

Bad cells are found by masks, never by exceptions: the errors of Arrow and Python quote the value (promise P6).
A column of few distinct values is converted once per value and spread over the rows, so CP932 costs what UTF-8 costs.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench import mynumber
from workbench.sources.dates import read_date, read_iso_dates, read_partial_date
from workbench.sources.layout import Column, load_codes

JUMINHYO_DIGITS = 11
ISO_LENGTH = 10  # YYYY-MM-DD
UNKNOWN = "unknown"  # stands for a code that no table has, where the row is kept
SPACES = " \t\u00a0\u3000"  # what `trim` takes off, ends only

# No more integer digits than a quantity needs: a My Number must not pass as a decimal.
_DECIMAL = re.compile(r"\d{1,3}(\.\d{1,3})?", re.ASCII)
_SEPARATOR = b"\x1f"  # joins cells for decoding in one go; no trail byte of CP932

Values = tuple[object, ...]
CellReader = Callable[[str], tuple[Values, str | None]]


@dataclass
class Cells:
    """One converted column of n rows: values per field, faults as (code, bool mask (n,)), and what was dropped."""

    values: dict[str, pa.Array] = field(default_factory=dict)
    faults: list[tuple[str, np.ndarray]] = field(default_factory=list)
    stripped: int = 0
    digits: np.ndarray | None = None  # strip columns: int64, -1 where empty or not a number

    def spread(self, indices: pa.Array) -> "Cells":
        """Return the cells of the rows whose distinct values these are."""
        places = indices.to_numpy(zero_copy_only=False)
        values = {name: array.take(indices) for name, array in self.values.items()}
        return Cells(values, [(code, mask[places]) for code, mask in self.faults])

    def add_fault(self, code: str | None, mask: np.ndarray) -> None:
        """Record a fault unless no row has it, or nothing is a fault here (code None)."""
        if code and mask.any():
            self.faults.append((code, mask))


def convert(column: Column, raw: pa.Array, encoding: str) -> Cells:
    """Convert `raw` (binary, or a dictionary of binary values) as the layout says.

    Values of faulty cells are null or arbitrary: the caller drops the rows of refusing faults.
    """
    if pa.types.is_dictionary(raw.type):
        return convert(column, raw.dictionary, encoding).spread(raw.indices)
    if column.type == "digits":
        return _convert_digits(column, raw)
    if column.type in {"mynumber", "juminhyo_code"}:
        return _check_stripped(column, raw)
    if column.type == "date":
        return _convert_dates(column, raw, encoding)
    if column.type == "text":
        return _convert_text(column, raw, encoding)
    return _convert_one_by_one(column, raw, encoding)


def _convert_digits(column: Column, raw: pa.Array) -> Cells:
    lengths, is_number = _digit_shape(raw, column.width)
    cells = Cells({column.field: pa.array(_numbers(raw, is_number), mask=~is_number)})
    cells.add_fault(column.missing_fault, lengths == 0)
    cells.add_fault("bad_number", ~is_number & (lengths > 0))
    return cells


def _check_stripped(column: Column, raw: pa.Array) -> Cells:
    """Check a column that must not leave: count it, note what is wrong with it, return no values."""
    is_mynumber = column.type == "mynumber"
    lengths, is_number = _digit_shape(raw, mynumber.DIGITS if is_mynumber else JUMINHYO_DIGITS)
    is_right = is_number.copy()
    if is_mynumber:
        digits = _bytes_of(raw.filter(pa.array(is_number)))[1] - ord("0")
        is_right[is_number] = mynumber.passes(digits.reshape(-1, mynumber.DIGITS))
    cells = Cells(stripped=int(np.count_nonzero(lengths)), digits=_numbers(raw, is_number, bad=-1))
    cells.add_fault(column.missing_fault, lengths == 0)
    cells.add_fault("mynumber_check" if is_mynumber else "juminhyo_check", ~is_right & (lengths > 0))
    return cells


def _convert_text(column: Column, raw: pa.Array, encoding: str) -> Cells:
    text, undecodable = _decode(raw, encoding)
    if column.trim:
        text = pc.utf8_trim(text, SPACES)
    is_empty = pc.equal(text, "")
    cells = Cells({column.field: pc.if_else(is_empty, pa.scalar(None, pa.string()), text)})
    cells.add_fault("undecodable", undecodable)
    cells.add_fault(column.missing_fault, is_empty.to_numpy(zero_copy_only=False) & ~undecodable)
    cells.add_fault("mynumber_in_text", mynumber.find_in_text(text))
    cells.add_fault("gaiji", _private_use(text))
    return cells


def _convert_dates(column: Column, raw: pa.Array, encoding: str) -> Cells:
    """Convert the usual form all at once, since a file has tens of thousands of days; the rest one by one."""
    offsets, content = _bytes_of(raw)
    lengths = np.diff(offsets)
    is_iso = lengths == ISO_LENGTH
    days = np.zeros(len(raw), np.int32)
    days[is_iso], is_date = read_iso_dates(content[np.repeat(is_iso, lengths)].reshape(-1, ISO_LENGTH))
    is_iso[is_iso] = is_date
    if is_iso.all():
        return Cells({column.field: pa.array(days).cast(pa.date32())})
    others = _convert_one_by_one(column, raw.filter(pa.array(~is_iso)), encoding)
    known = others.values[column.field].cast(pa.int32())
    days[~is_iso] = known.fill_null(0)
    is_null = ~is_iso
    is_null[~is_iso] = known.is_null()
    cells = Cells({column.field: pa.array(days, mask=is_null).cast(pa.date32())})
    for code, mask in others.faults:
        everywhere = np.zeros(len(raw), bool)
        everywhere[~is_iso] = mask
        cells.add_fault(code, everywhere)
    return cells


def _convert_one_by_one(column: Column, raw: pa.Array, encoding: str) -> Cells:
    fields, read = _reader(column)
    rows, found = [], []
    for value in raw.to_pylist():
        text = _decode_one(value, encoding)
        row, fault = ((None,) * len(fields), "undecodable") if text is None else read(text)
        rows.append(row)
        found.append(fault)
    parts = zip(*rows, strict=True) if rows else [()] * len(fields)
    cells = Cells({name: pa.array(part, kind) for (name, kind), part in zip(fields.items(), parts, strict=True)})
    for code in dict.fromkeys(filter(None, found)):
        cells.add_fault(code, np.array([fault == code for fault in found]))
    return cells


def _reader(column: Column) -> tuple[dict[str, pa.DataType], CellReader]:
    """Return the fields (with types) of one cell of this column, and how to read it."""
    make = {"code": _code_reader, "birth_date": _birth_reader}.get(column.type, _scalar_reader)
    fields, read = make(column)
    nothing = (None,) * len(fields)
    if column.type == "birth_date" and not column.required:
        return fields, read  # an empty cell is a birth date of which nothing is known
    return fields, lambda text: read(text) if text else (nothing, column.missing_fault)


def _scalar_reader(column: Column) -> tuple[dict[str, pa.DataType], CellReader]:
    kind, fault, parse = {
        "date": (pa.date32(), "bad_date", read_date),
        "count": (pa.int16(), "bad_number", lambda text: _read_count(text, column.width or 0)),
        "decimal": (pa.float64(), "bad_number", lambda text: float(text) if _DECIMAL.fullmatch(text) else None),
    }[column.type]

    def read(text: str) -> tuple[Values, str | None]:
        value = parse(text)
        return (value,), fault if value is None else None

    return {column.field: kind}, read


def _code_reader(column: Column) -> tuple[dict[str, pa.DataType], CellReader]:
    if column.codes is None:
        return {column.field: pa.string()}, _verbatim_reader(column)
    table = load_codes(column.codes)
    parts = {column.field: table.values, **table.also}
    known = {code: tuple(part[code] for part in parts.values()) for code in table.values}
    known |= dict.fromkeys(table.none, (None,) * len(parts))
    nothing = [None] * len(table.also)
    kinds = {name: pa.bool_() if bool in map(type, part.values()) else pa.string() for name, part in parts.items()}

    def read(text: str) -> tuple[Values, str | None]:
        if text in known:
            return known[text], None
        is_kept = column.keep_unknown is not None and re.fullmatch(column.keep_unknown, text, re.ASCII)
        return (f"{UNKNOWN}:{text}" if is_kept else UNKNOWN, *nothing), column.on_unknown

    return kinds, read


def _verbatim_reader(column: Column) -> CellReader:
    pattern = re.compile(column.pattern, re.ASCII)

    def read(text: str) -> tuple[Values, str | None]:
        if not pattern.fullmatch(text):
            return (None,), column.on_unknown
        return (text,), "mynumber_in_text" if mynumber.is_in_text(text) else None

    return read


def _birth_reader(column: Column) -> tuple[dict[str, pa.DataType], CellReader]:
    stem = column.field.removesuffix("_date")
    kinds = {
        column.field: pa.date32(),
        f"{column.field}_precision": pa.string(),
        f"{stem}_earliest": pa.date32(),
        f"{stem}_latest": pa.date32(),
    }

    def read(text: str) -> tuple[Values, str | None]:
        partial = read_partial_date(text)
        if partial is None:
            return (None,) * len(kinds), "bad_date"
        exact = partial.earliest if partial.precision == "day" else None
        return (exact, partial.precision, partial.earliest, partial.latest), None

    return kinds, read


def _read_count(text: str, width: int) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= width else None


def _bytes_of(raw: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return offsets (n + 1, from 0) and the bytes of a binary array, without copying."""
    _, offsets, content = raw.buffers()
    if not len(raw) or content is None:
        return np.zeros(len(raw) + 1, np.int32), np.empty(0, np.uint8)
    places = np.frombuffer(offsets, np.int32)[raw.offset : raw.offset + len(raw) + 1]
    return places - places[0], np.frombuffer(content, np.uint8)[places[0] : places[-1]]


def _digit_shape(raw: pa.Array, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the lengths in bytes, and a bool mask: exactly `width` ASCII digits."""
    offsets, content = _bytes_of(raw)
    lengths = np.diff(offsets)
    is_number = lengths == width
    strange = (content - ord("0")) > 9  # noqa: PLR2004  uint8 wraps: whatever stands below 0 is above 9
    if strange.any():
        before = np.append(0, np.cumsum(strange))
        is_number &= before[offsets[1:]] == before[offsets[:-1]]
    return lengths, is_number


def _numbers(raw: pa.Array, is_number: np.ndarray, bad: int = 0) -> np.ndarray:
    """Return int64 (n,), `bad` where not `is_number`; the others are digits only, so the cast cannot fail."""
    if is_number.all():
        return _as_text(raw).cast(pa.int64()).to_numpy()
    numbers = np.full(len(raw), bad, np.int64)
    numbers[is_number] = _as_text(raw.filter(pa.array(is_number))).cast(pa.int64()).to_numpy()
    return numbers


def _as_text(raw: pa.Array) -> pa.Array:
    return pc.cast(raw, options=pc.CastOptions(target_type=pa.string(), allow_invalid_utf8=True))


def _decode(raw: pa.Array, encoding: str) -> tuple[pa.Array, np.ndarray]:
    """Return the cells as strings, and a bool mask of those that the encoding cannot read (returned empty)."""
    decodable = np.zeros(len(raw), bool)
    _, content = _bytes_of(raw)
    if not len(content) or content.max() < 0x80:  # noqa: PLR2004  ASCII is the same everywhere
        return _as_text(raw), decodable
    text = _decode_utf8(raw) if encoding == "utf-8" else _decode_together(raw, encoding)
    if text is not None:
        return text, decodable
    texts = [_decode_one(value, encoding) for value in raw.to_pylist()]
    return pa.array([text or "" for text in texts], pa.string()), np.array([text is None for text in texts])


def _decode_utf8(raw: pa.Array) -> pa.Array | None:
    try:
        return raw.cast(pa.string())
    except pa.ArrowInvalid:
        return None


def _decode_together(raw: pa.Array, encoding: str) -> pa.Array | None:
    """Decode all cells in one call of the codec: 20 times as fast as one by one. None when any cell resists."""
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(raw)], pa.int32()), raw), _SEPARATOR)[0]
    try:
        text = joined.as_py().decode(encoding).encode()
    except UnicodeDecodeError:
        return None
    content = np.frombuffer(text, np.uint8)
    is_separator = content == _SEPARATOR[0]
    ends = np.append(np.flatnonzero(is_separator), len(content))
    if len(ends) != len(raw):
        return None  # a cell holds the separator itself
    offsets = np.append(0, ends - np.arange(len(ends))).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(content[~is_separator])]
    return pa.Array.from_buffers(pa.string(), len(raw), buffers)


def _decode_one(value: bytes, encoding: str) -> str | None:
    try:
        return value.decode(encoding)
    except UnicodeDecodeError:
        return None


def _private_use(text: pa.Array) -> np.ndarray:
    """Return a bool mask of texts with private-use characters (gaiji): U+E000-F8FF and planes 15, 16."""
    _, content = _bytes_of(text)
    may_begin = (content[:-1] == 0xEE) | (content[:-1] >= 0xF3)  # noqa: PLR2004  first bytes in UTF-8
    may_begin |= (content[:-1] == 0xEF) & (content[1:] < 0xA4)  # noqa: PLR2004
    if not may_begin.any():
        return np.zeros(len(text), bool)
    return pc.match_substring_regex(text, r"\p{Co}").to_numpy(zero_copy_only=False)
