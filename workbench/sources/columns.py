"""Turning the raw bytes of one column of a block into typed values and a list of what is wrong with which row.

Bad cells are found by masks, never by exceptions: the errors of Arrow and Python quote the value (promise P6).
A column of few distinct values is converted once per value and spread over the rows, so CP932 costs what UTF-8 costs.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench import mynumber
from workbench.sources import firewall
from workbench.sources.characters import find_unprintable
from workbench.sources.dates import MAX_REMEMBERED, is_unknown, read_date, read_iso_dates, read_partial_date
from workbench.sources.layout import Column
from workbench.sources.raw import WIDE_DIGITS, bytes_of, decode, decode_one, digit_shape, narrowed, numbers

JUMINHYO_DIGITS = 11
ISO_LENGTH = 10  # YYYY-MM-DD
UNKNOWN = "unknown"  # stands for a code that no table has, where the row is kept
SPACES = " \t\u00a0\u3000"  # what `trim` takes off, ends only

# No more integer digits than a quantity needs: a My Number must not pass as a decimal.
_SPREADSHEET = re.compile(rb"(\d+)(?:\.0*)?|\d(?:\.\d+)?[Ee]\+?\d{1,2}", re.ASCII)  # what it leaves of a number
_DECIMAL = re.compile(r"\d{1,3}(\.\d{1,3})?", re.ASCII)

Values = tuple[object, ...]
CellReader = Callable[[str], tuple[Values, str | None]]
ReadBefore = dict[bytes, tuple[Values, str | None]]


@dataclass
class Cells:
    """One converted column of n rows: values per field, faults as (code, bool mask (n,)), and what was dropped."""

    values: dict[str, pa.Array] = field(default_factory=dict)
    faults: list[tuple[str, np.ndarray]] = field(default_factory=list)
    stripped: int = 0
    digits: np.ndarray | None = None  # strip columns: int64, -1 where empty, no number or not passing its check digit
    characters: Counter[int] = field(default_factory=Counter)  # code points that printing may lack
    text: pa.Array | None = None  # free text, for a look across neighbouring columns

    def spread(self, indices: pa.Array) -> "Cells":
        """Return the cells of the rows whose distinct values these are; texts stay a dictionary of them."""
        places = indices.to_numpy(zero_copy_only=False)
        values = {
            name: _dictionary(indices, places, array) if array.type == pa.string() else array.take(indices)
            for name, array in self.values.items()
        }
        text = None if self.text is None else pa.DictionaryArray.from_arrays(indices, self.text)
        return Cells(
            values, [(code, mask[places]) for code, mask in self.faults], characters=self.characters, text=text
        )

    def add_fault(self, code: str | None, mask: np.ndarray) -> None:
        """Record a fault unless no row has it, or nothing is a fault here (code None)."""
        if code and mask.any():
            self.faults.append((code, mask))


def _dictionary(indices: pa.Array, places: np.ndarray, values: pa.Array) -> pa.DictionaryArray:
    """Return the rows' texts; a row of no text is null itself, so that whoever asks for nulls finds it."""
    if values.null_count:
        indices = pa.array(places, indices.type, mask=values.is_null().to_numpy(zero_copy_only=False)[places])
    return pa.DictionaryArray.from_arrays(indices, values)


def convert(column: Column, raw: pa.Array, encoding: str, read_before: ReadBefore | None = None) -> Cells:
    """Convert `raw` (binary, or a dictionary of binary values) as the layout says; texts of few values stay one.

    Values of faulty cells are null or arbitrary: the caller drops the rows of refusing faults.

    Args:
        read_before: what this column's distinct values in earlier blocks of the file came to.
    """
    if pa.types.is_dictionary(raw.type):
        return _convert(column, raw.dictionary, encoding, read_before).spread(raw.indices)
    return _convert(column, raw, encoding, None)


def _convert(column: Column, raw: pa.Array, encoding: str, read_before: ReadBefore | None) -> Cells:
    if column.role == "search":
        return _search(raw, encoding)
    if column.type in _DIGITS:
        return _DIGITS[column.type](column, narrowed(raw, encoding))
    how = {"date": _convert_dates, "birth_date": _convert_births, "text": _convert_text}.get(column.type)
    return how(column, raw, encoding) if how else _convert_one_by_one(column, raw, encoding, read_before)


def _convert_digits(column: Column, raw: pa.Array) -> Cells:
    lengths, is_number = digit_shape(raw, column.width)
    cells = Cells({column.field: pa.array(numbers(raw, is_number), mask=~is_number)})
    cells.add_fault(column.missing_fault, lengths == 0)
    is_bad = ~is_number & (lengths > 0)
    is_changed = _changed_by_spreadsheet(raw, is_bad, column.width)
    cells.add_fault("spreadsheet_number", is_changed)
    cells.add_fault("bad_number", is_bad & ~is_changed)
    if column.width == mynumber.DIGITS:
        cells.add_fault("mynumber_in_text", _is_valid(raw, is_number))
    return cells


def _search(raw: pa.Array, encoding: str) -> Cells:
    """Look through a column that is dropped: what cannot be decoded is searched as far as it can."""
    text, undecodable = decode(raw, encoding)
    if undecodable.any():
        text = pa.array([cell.decode(encoding, "replace") for cell in raw.to_pylist()], pa.string())
    cells = Cells(text=text)
    cells.add_fault("mynumber_in_text", firewall.find_in_text(text))
    return cells


def _changed_by_spreadsheet(raw: pa.Array, is_bad: np.ndarray, width: int) -> np.ndarray:
    """Return which of the bad cells a spreadsheet spoiled: zeros lost in front, a fraction, or 1.23E+14."""
    changed = is_bad.copy()
    found = map(_SPREADSHEET.fullmatch, raw.filter(pa.array(is_bad)).to_pylist())
    changed[is_bad] = [bool(cell) and len(cell[1] or b"") <= width for cell in found]
    return changed


def _is_valid(raw: pa.Array, is_number: np.ndarray) -> np.ndarray:
    """Return a bool mask: which of the cells that are twelve digits pass the check digit."""
    digits = bytes_of(raw.filter(pa.array(is_number)))[1] - ord("0")
    passes = is_number.copy()
    passes[is_number] = firewall.passes(digits.reshape(-1, mynumber.DIGITS))
    return passes


def _check_stripped(column: Column, raw: pa.Array) -> Cells:
    """Check a column that must not leave: count it, note what is wrong with it, return no values."""
    is_mynumber = column.type == "mynumber"
    lengths, is_number = digit_shape(raw, mynumber.DIGITS if is_mynumber else JUMINHYO_DIGITS)
    is_right = _is_valid(raw, is_number) if is_mynumber else is_number
    cells = Cells(stripped=int(np.count_nonzero(lengths)), digits=numbers(raw, is_right, bad=-1))
    cells.add_fault(column.missing_fault, lengths == 0)
    is_bad = ~is_right & (lengths > 0)
    if not is_mynumber:
        cells.add_fault("juminhyo_check", is_bad)
        return cells
    is_changed = _changed_by_spreadsheet(raw, is_bad & ~is_number, mynumber.DIGITS)
    cells.add_fault("mynumber_spreadsheet", is_changed)
    cells.add_fault("mynumber_check", is_bad & ~is_changed)
    return cells


_DIGITS = {"digits": _convert_digits, "mynumber": _check_stripped, "juminhyo_code": _check_stripped}


def _convert_text(column: Column, raw: pa.Array, encoding: str) -> Cells:
    text, undecodable = decode(raw, encoding)
    if column.trim:
        text = pc.utf8_trim(text, SPACES)
    is_empty = pc.equal(text, "")
    cells = Cells({column.field: pc.if_else(is_empty, pa.scalar(None, pa.string()), text)}, text=text)
    cells.add_fault("undecodable", undecodable)
    cells.add_fault(column.missing_fault, is_empty.to_numpy(zero_copy_only=False) & ~undecodable)
    cells.add_fault("mynumber_in_text", firewall.find_in_text(text))
    if column.role == "identity":
        gaiji, outside, cells.characters = find_unprintable(text)
        cells.add_fault("gaiji", gaiji)
        cells.add_fault("outside_jis", outside)
    return cells


def _convert_dates(column: Column, raw: pa.Array, encoding: str) -> Cells:
    """Convert the usual form all at once, since a file has tens of thousands of days; the rest one by one."""
    return _with_others(column, raw, encoding, lambda days: {column.field: days})


def _convert_births(column: Column, raw: pa.Array, encoding: str) -> Cells:
    """Convert births known to the day all at once; the rest one by one."""
    fields, _ = _birth_reader(column)
    return _with_others(
        column,
        raw,
        encoding,
        lambda days: dict(zip(fields, (days, pa.repeat("day", len(days)), days, days), strict=True)),
    )


def _with_others(
    column: Column, raw: pa.Array, encoding: str, fill: Callable[[pa.Array], dict[str, pa.Array]]
) -> Cells:
    """Return `fill` of the days written YYYY-MM-DD, and the other cells converted one by one, in the rows' order."""
    offsets, content = bytes_of(raw)
    lengths = np.diff(offsets)
    is_iso = lengths == ISO_LENGTH
    days, is_date = read_iso_dates(content[np.repeat(is_iso, lengths)].reshape(-1, ISO_LENGTH))
    is_iso[is_iso] = is_date
    usual = fill(pa.array(days[is_date]).cast(pa.date32()))
    if is_iso.all():
        return Cells(usual)
    others = _convert_one_by_one(column, raw.filter(pa.array(~is_iso)), encoding)
    order = pa.array(np.argsort(np.concatenate([np.flatnonzero(is_iso), np.flatnonzero(~is_iso)])))
    cells = Cells({name: pa.concat_arrays([part, others.values[name]]).take(order) for name, part in usual.items()})
    for code, mask in others.faults:
        everywhere = np.zeros(len(raw), bool)
        everywhere[~is_iso] = mask
        cells.add_fault(code, everywhere)
    return cells


def _convert_one_by_one(column: Column, raw: pa.Array, encoding: str, read_before: ReadBefore | None = None) -> Cells:
    fields, read = _reader(column)
    known = {} if read_before is None else read_before
    rows, found = [], []
    for value in raw.to_pylist():
        done = known.get(value)
        if done is None:
            text = decode_one(value, encoding)
            done = ((None,) * len(fields), "undecodable") if text is None else read(text)
            if len(known) < MAX_REMEMBERED:
                known[value] = done
        rows.append(done[0])
        found.append(done[1])
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
        value = parse(text.translate(WIDE_DIGITS))
        if value is None and column.type == "date" and not column.required and is_unknown(text):
            return (None,), "unknown_date"
        return (value,), fault if value is None else None

    return {column.field: kind}, read


def _code_reader(column: Column) -> tuple[dict[str, pa.DataType], CellReader]:
    if column.codes is None:
        return {column.field: pa.string()}, _verbatim_reader(column)
    table = column.code_table
    parts = {column.field: table.values, **table.also}
    known = {code: tuple(part[code] for part in parts.values()) for code in table.values}
    known |= dict.fromkeys(table.none, (None,) * len(parts))
    nothing = [None] * len(table.also)
    kinds = {name: pa.bool_() if bool in map(type, part.values()) else pa.string() for name, part in parts.items()}

    def read(text: str) -> tuple[Values, str | None]:
        plain = text.translate(WIDE_DIGITS)
        if plain in known:
            return known[plain], None
        if mynumber.is_in_text(plain):
            return (UNKNOWN, *nothing), "mynumber_in_text"
        is_kept = column.keep_unknown is not None and re.fullmatch(column.keep_unknown, plain, re.ASCII)
        return (f"{UNKNOWN}:{plain}" if is_kept else UNKNOWN, *nothing), column.on_unknown

    return kinds, read


def _verbatim_reader(column: Column) -> CellReader:
    pattern = re.compile(column.pattern, re.ASCII)

    def read(text: str) -> tuple[Values, str | None]:
        text = text.translate(WIDE_DIGITS)
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
