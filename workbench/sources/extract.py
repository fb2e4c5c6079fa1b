"""A folder of extracts: `extract.toml`, and the files its layout names. Everything is checked before a row is read."""

import tomllib
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from workbench.errors import SourceError, shown_key
from workbench.sources.contract import CONTRACT, FED_BY_SEVERAL
from workbench.sources.forms import WORKBOOK
from workbench.sources.header import read_header
from workbench.sources.layout import TableLayout, load_layout, read_layout
from workbench.sources.source import Source

ABOUT = "extract.toml"
_MUNICIPALITY_WEIGHTS = (6, 5, 4, 3, 2)
_STATE = "何も変更していません。"


class _About(BaseModel):
    """The keys of `extract.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    layout: str | list[str]
    municipality_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    municipality_name: Annotated[str, StringConstraints(min_length=1)]
    extracted_on: date


@dataclass(frozen=True)
class Extract:
    """One delivery of a city's systems: who, when, and a source for each file that is there."""

    folder: Path
    layout: str | list[str]
    municipality_code: str
    municipality_name: str
    extracted_on: date
    sources: dict[str, Source]

    def source(self, table: str) -> Source | None:
        """Return the source of a table of the layout; None where the layout lets its file be absent, and it is."""
        return self.sources.get(table)

    def feeding(self, table: str) -> list[Source]:
        """Return every source that feeds a table of the house, in the order of the layouts."""
        return [source for source in self.sources.values() if source.table.holds == table]


def open_extract(folder: Path) -> Extract:
    """Open the extracts in `folder` and check the header of every file.

    Raises:
        SourceError: a folder, file, key or column is missing, unknown or wrong; the message says which.
    """
    about = _read_about(folder)
    tables = _tables(folder, about.layout)
    paths = {name: path for name, table in tables.items() if (path := find_file(folder, table))}
    _refuse_missing(paths, tables)
    sources = {name: Source(path, tables[name], read_header(path, tables[name])) for name, path in paths.items()}
    return Extract(folder, sources=sources, **about.model_dump())


def is_municipality_code(code: str) -> bool:
    """Say whether the six digits of `code` (全国地方公共団体コード) end in their check digit (domain notes 3.4)."""
    total = sum(weight * int(digit) for weight, digit in zip(_MUNICIPALITY_WEIGHTS, code[:5], strict=True))
    return (11 - total % 11) % 10 == int(code[5])


def _read_about(folder: Path) -> _About:
    if not folder.is_dir():
        msg = f"抽出フォルダー {folder} がありません。場所を確認してください。{_STATE}"
        raise SourceError(msg)
    raw = _read_toml(folder)
    try:
        about = _About.model_validate(raw)
    except ValidationError as error:
        wrong = sorted({shown_key(item["loc"][0]) for item in error.errors()})
        about = None
    if about is None:
        msg = f"{ABOUT} の項目 {'、'.join(wrong)} がないか、正しくありません。直してからやり直してください。{_STATE}"
        raise SourceError(msg)
    if not is_municipality_code(about.municipality_code):
        msg = f"{ABOUT} の municipality_code（全国地方公共団体コード）の検査数字が合いません。直してください。{_STATE}"
        raise SourceError(msg)
    return about


def _read_toml(folder: Path) -> dict[str, object]:
    try:
        return tomllib.loads((folder / ABOUT).read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        problem = f"{folder} に {ABOUT} がありません。抽出の一式がそろっているか確認してください。"
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        problem = f"{ABOUT} を読めません。UTF-8のTOMLとして正しいか確認してください。"
    raise SourceError(problem + _STATE)


def _tables(folder: Path, layouts: str | list[str]) -> dict[str, TableLayout]:
    """Return the tables of one layout or several: shipped ones by name, a vendor's as a TOML file of the delivery."""
    tables: dict[str, TableLayout] = {}
    for name in [layouts] if isinstance(layouts, str) else layouts:
        is_own = name.endswith(".toml") and Path(name).name == name and (folder / name).is_file()
        layout = read_layout(folder / name) if is_own else load_layout(name)
        if tables.keys() & layout.tables.keys():
            msg = f"{ABOUT} の layout にある2つのレイアウトに、同じ名前の表があります。1つにしてください。{_STATE}"
            raise SourceError(msg)
        tables |= layout.tables
    _refuse_mismatches(tables)
    _refuse_unread(tables)
    lacking = [need.title for name, need in CONTRACT.items() if need.is_required and name not in tables]
    if lacking:
        msg = f"{ABOUT} の layout に {'、'.join(lacking)} の表がありません。レイアウトを加えてください。{_STATE}"
        raise SourceError(msg)
    return tables


def _refuse_mismatches(tables: dict[str, TableLayout]) -> None:
    wrong = [f"{table.title}: {'、'.join(table.mismatches)}" for table in tables.values() if table.mismatches]
    if wrong:
        msg = f"レイアウトが合いません（{'。'.join(wrong)}）。workbench layout check で確かめてください。{_STATE}"
        raise SourceError(msg)


def _refuse_unread(tables: dict[str, TableLayout]) -> None:
    """Refuse a table that nobody would read, and files that counts and faults could not tell apart."""
    unread = [
        table.title for name, table in tables.items() if table.holds not in FED_BY_SEVERAL and table.holds != name
    ]
    if unread:
        msg = (
            f"レイアウトの表 {'、'.join(unread)} は、ほかの表と同じ内容（holds）を入れています。この内容のファイルは"
            f"1つだけ取り込めます。1つのファイルにまとめ、表の名前を holds と同じにしてください。{_STATE}"
        )
        raise SourceError(msg)
    files = Counter((Path(table.file).name, table.part) for table in tables.values())
    if twice := sorted(name for (name, _), count in files.items() if count > 1):
        msg = (
            f"レイアウトの2つの表が同じ名前のファイル {'、'.join(twice)} を使っています。名前を分けてください。{_STATE}"
        )
        raise SourceError(msg)


def find_file(folder: Path, table: TableLayout) -> Path | None:
    """Return the file of a table: the one the layout names, or an Excel workbook of the same name."""
    named = folder / table.file
    found = [path for path in (named, named.with_suffix(WORKBOOK)) if path.is_file()]
    if named.suffix.lower() != WORKBOOK and len(found) > 1:
        msg = f"{table.file} と {found[1].name} の両方があります。どちらか1つにしてください。{_STATE}"
        raise SourceError(msg)
    return found[0] if found else None


def _refuse_missing(paths: dict[str, Path], tables: dict[str, TableLayout]) -> None:
    must = {name for name, need in CONTRACT.items() if need.is_required}
    missing = [table.file for name, table in tables.items() if name not in paths and (table.required or name in must)]
    if missing:
        msg = f"抽出フォルダーに {'、'.join(missing)} がありません。抽出の一式をそろえてください。{_STATE}"
        raise SourceError(msg)
