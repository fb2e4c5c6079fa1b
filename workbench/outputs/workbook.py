"""Excel workbooks as an office uses them: Japanese titles, frozen and filtered header, ready to print on A4.

The same rows give the same bytes: no clock is read, the document's dates are fixed.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from workbench.errors import StorageError
from workbench.outputs.columns import style_of, to_cell, to_text
from workbench.outputs.tables import NOTHING, Table

PROVENANCE = "作成条件"  # the last sheet
FONT = "游ゴシック"
A4 = 9
MAX_SHEET_NAME = 31
MIN_WIDTH, MAX_WIDTH = 8, 44
HEADER_ROW = 3  # below title, label and as-of date
PROSE_WIDTH, OTHER_WIDTH = 110, 9  # in half-width characters; OTHER is Excel's own for a column nobody set
LINE_HEIGHT = 15
MEASURED_ROWS = 200  # enough to choose a column's width
_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 - a constant for the document's properties, not a moment
_NUMBER_FORMATS = {
    "count": "#,##0",
    "number": "#,##0",
    "shown": "#,##0",
    "pct": "0.0",
    "date": "yyyy-mm-dd",
    "year": '0"年度"',
}

Facts = Sequence[tuple[str, str]]


def write_workbook(path: Path, title: str, *, tables: Sequence[Table], provenance: Facts) -> None:
    """Write one sheet a table, and 「作成条件」 last.

    Raises:
        StorageError: the file cannot be written.
    """
    options = {"constant_memory": False, "default_date_format": "yyyy-mm-dd", "strings_to_formulas": False}
    book = xlsxwriter.Workbook(str(path), options)
    book.set_properties({"title": title, "comments": provenance[0][1], "created": _EPOCH})
    formats = _Formats(book)
    for name, table in zip(_sheet_names([table.title for table in tables]), tables, strict=True):
        _write_table(book.add_worksheet(name), table, formats, label=provenance[0][1])
    _write_provenance(book.add_worksheet(PROVENANCE), title, formats, provenance)
    try:
        book.close()
    except (OSError, xlsxwriter.exceptions.FileCreateError):
        written = False
    else:
        written = True
    if not written:
        msg = f"{path} に書き込めません。開いていれば閉じ、権限と空き容量を確認してください。"
        raise StorageError(msg)


class _Formats:
    """The cell formats of one workbook."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        base = {"font_name": FONT, "font_size": 10, "valign": "vcenter"}
        boxed = base | {"border": 1, "border_color": "#A6A6A6"}
        self.title = book.add_format(base | {"bold": True, "font_size": 14})
        self.label = book.add_format(base | {"bold": True, "font_color": "#9C0006"})
        self.plain = book.add_format(base)
        self.prose = book.add_format(base | {"text_wrap": True, "valign": "top"})
        self.name = book.add_format(boxed | {"bold": True, "bg_color": "#F2F2F2", "valign": "top"})
        self.text = book.add_format(boxed | {"text_wrap": True, "valign": "top"})
        self.header = book.add_format(
            boxed | {"bold": True, "bg_color": "#DDEBF7", "text_wrap": True, "align": "center"}
        )
        kinds = ("id", "text", "code", "count", "number", "shown", "pct", "date", "year")
        self.cells = {kind: book.add_format(boxed | _alignment(kind)) for kind in kinds}


def _alignment(kind: str) -> dict[str, Any]:
    if kind in _NUMBER_FORMATS:
        return {"num_format": _NUMBER_FORMATS[kind], "align": "center" if kind in ("date", "year") else "right"}
    return {"num_format": "@", "align": "left"}


def _write_table(sheet: Worksheet, table: Table, formats: _Formats, *, label: str) -> None:
    names = list(table.rows.columns)
    widths = [_width(table, name) for name in names]
    sheet.write(0, 0, table.title, formats.title)
    sheet.write(1, 0, label, formats.label)
    sheet.write(2, 0, "　".join(f"{name}: {text}" for name, text in table.definition[:1]), formats.plain)
    for column, (name, width) in enumerate(zip(names, widths, strict=True)):
        style = style_of(name)
        sheet.set_column(column, column, width)
        sheet.write(HEADER_ROW, column, style.title, formats.header)
        for row, value in enumerate(table.rows[name].tolist(), HEADER_ROW + 1):
            _write_cell(sheet, (row, column), to_cell(name, value), formats.cells[style.kind])
    if table.rows.empty:
        sheet.write(HEADER_ROW + 1, 0, NOTHING, formats.plain)
    else:
        sheet.autofilter(HEADER_ROW, 0, HEADER_ROW + len(table.rows), len(names) - 1)
    _write_definition(sheet, table, formats, widths)
    sheet.freeze_panes(HEADER_ROW + 1, 0)
    sheet.repeat_rows(HEADER_ROW)
    _set_up_print(sheet, label)


def _write_definition(sheet: Worksheet, table: Table, formats: _Formats, widths: Sequence[float]) -> None:
    """Write what the figures mean below the table, over enough columns to be read without scrolling."""
    padded = [*widths, *[OTHER_WIDTH] * PROSE_WIDTH]
    last = next(column for column in range(1, len(padded)) if sum(padded[: column + 1]) >= PROSE_WIDTH)
    width = sum(padded[: last + 1])
    for row, (name, text) in enumerate(table.definition, HEADER_ROW + max(len(table.rows), 1) + 2):
        prose = f"{name}: {text}"
        sheet.merge_range(row, 0, row, last, prose, formats.prose)
        sheet.set_row(row, LINE_HEIGHT * _line_count(prose, width))


def _write_cell(sheet: Worksheet, place: tuple[int, int], cell: object, style: Any) -> None:  # noqa: ANN401
    row, column = place
    match cell:
        case None:
            sheet.write_blank(row, column, None, style)
        case str():
            sheet.write_string(row, column, cell, style)
        case int() | float():
            sheet.write_number(row, column, cell, style)
        case _:
            sheet.write_datetime(row, column, cell, style)


def _write_provenance(sheet: Worksheet, title: str, formats: _Formats, facts: Facts) -> None:
    sheet.write(0, 0, f"{title} {PROVENANCE}", formats.title)
    for row, (name, text) in enumerate(facts, 2):
        sheet.write_string(row, 0, name, formats.name)
        sheet.write_string(row, 1, text, formats.text)
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 70)
    _set_up_print(sheet, facts[0][1])


def _set_up_print(sheet: Worksheet, label: str) -> None:
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    sheet.set_header(f"&R{label}")
    sheet.set_footer("&L&A&C&P / &N")
    sheet.hide_gridlines(2)


def _sheet_names(titles: Sequence[str]) -> list[str]:
    """Return valid, distinct names: Excel forbids some characters and more than 31, and ignores case."""
    names: list[str] = []
    for title in titles:
        plain = re.sub(r"[\[\]:*?/\\']", "", title) or "表"
        tries = (plain[:MAX_SHEET_NAME], *(f"{plain[: MAX_SHEET_NAME - 4]}_{n}" for n in range(2, len(titles) + 2)))
        taken = {PROVENANCE, *(name.lower() for name in names)}
        names.append(next(name for name in tries if name.lower() not in taken))
    return names


def _width(table: Table, name: str) -> float:
    """Return a column's width in half-width characters, for its title (which may wrap once) and its cells."""
    cells = (to_text(name, value) for value in table.rows[name].head(MEASURED_ROWS))
    longest = max(map(_half_widths, cells), default=0)
    return min(MAX_WIDTH, max(MIN_WIDTH, longest + 2, _half_widths(style_of(name).title) * 0.6 + 3))


def _line_count(text: str, width: float) -> int:
    return sum(1 + int(_half_widths(line) // max(width, MIN_WIDTH)) for line in text.splitlines())


def _half_widths(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in text)
