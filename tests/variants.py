"""The same extract as other systems write it: another encoding, an Excel workbook, 和暦 for every whole date."""

import csv
import itertools
import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import xlsxwriter

from workbench.sources.layout import load_layout
from workbench.sources.wareki import ERAS

ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
Table = list[list[str]]


def read_table(path: Path) -> Table:
    """Read a CSV in UTF-8, its header first; rows of another width are left out (a sheet cannot hold them)."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return [row for row in rows if len(row) == len(rows[0])]


def write_csv(encoding: str, newline: str = "\r\n") -> Callable[[Path, Table], None]:
    """Return a writer of CSV files in an encoding."""

    def write(path: Path, table: Table) -> None:
        with path.open("w", encoding=encoding, errors="replace", newline="") as file:
            csv.writer(file, lineterminator=newline).writerows(table)

    return write


def write_workbook(path: Path, table: Table) -> None:
    """Write a table as the only sheet of a workbook, every cell as text."""
    with xlsxwriter.Workbook(path.with_suffix(".xlsx"), {"constant_memory": True, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate(table):
            for column, cell in enumerate(row):
                sheet.write_string(place, column, cell)


def rewrite(source: Path, target: Path, write: Callable[[Path, Table], None], *, wareki: bool = False) -> Path:
    """Write the extract in `source` anew: each table by `write`, its whole dates in 和暦 where asked."""
    target.mkdir()
    shutil.copy(source / "extract.toml", target)
    for path in sorted(source.glob("*.csv")):
        table = read_table(path)
        write(target / path.name, in_wareki(path.name, table) if wareki else table)
    return target


def in_wareki(file: str, table: Table) -> Table:
    """Write the whole dates of the date columns in the forms of 和暦, one after another."""
    layout = next(one for one in load_layout("standard").tables.values() if one.file == file)
    dated = {column.title for column in layout.columns if column.type in {"date", "birth_date"}}
    places = [place for place, title in enumerate(table[0]) if title in dated]
    turn = itertools.count()
    for row in table[1:]:
        for place in places:
            row[place] = wareki(row[place], next(turn))
    return table


def wareki(text: str, turn: int) -> str:
    """Write a whole date of the calendar in one of five forms; anything else as it is."""
    try:
        day = date.fromisoformat(text) if ISO.fullmatch(text) else None
    except ValueError:
        day = None
    era = day and next((era for era in ERAS if era.first <= day <= era.last), None)
    if era is None:
        return text
    year = day.year - era.first.year + 1
    forms = (
        f"{era.digit}{year:02d}{day:%m%d}",
        f"{era.letter}{year}.{day.month}.{day.day}",
        f"{era.names[0]}{'元' if year == 1 else year}年{day.month}月{day.day}日",
        f"{era.names[0]}{year}年{day.month}月{day.day}日".translate(_WIDE),
        f"{day:%Y%m%d}",
    )
    return forms[turn % len(forms)]
