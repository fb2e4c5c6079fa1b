"""Pseudonymous lists: whom to remind, by pseudonym; the file that goes from the analyst to the follow-up officer.

CSV, UTF-8 with a byte order mark so that Excel shows it right, one person and slot a line. An officer may delete
lines in Excel and save; the reader therefore also takes the date form that Excel writes (2026/11/1).
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from workbench.errors import ListError, StorageError
from workbench.outputs.columns import codes_of
from workbench.records import NO_END, PERSON_ID, format_person_id, parse_person_id

COLUMNS = ("person_id", "slot", "status", "closes_on", "reason", "as_of", "snapshot_id")
NOTHING_DONE = "何も作成していません。"
_CODE = re.compile(r"[A-Za-z0-9_-]{1,80}")
_DAY = re.compile(r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})", re.ASCII)


@dataclass(frozen=True)
class ListRow:
    """One person who lacks one slot; `closes_on` is None where the law sets no end."""

    person_id: int
    slot: str
    status: str
    closes_on: date | None
    reason: str


@dataclass(frozen=True)
class PseudonymousList:
    """A list as it was written: at least one row, all of one snapshot and one as-of day."""

    as_of: date
    snapshot_id: str
    rows: tuple[ListRow, ...]

    @property
    def person_ids(self) -> tuple[int, ...]:
        """The persons of the list, each once, in the order of the list."""
        return tuple(dict.fromkeys(row.person_id for row in self.rows))


def write_list(rows: pd.DataFrame, path: Path, *, as_of: date, snapshot_id: str) -> Path:
    """Write a list in the order given, under another name first; an existing file is replaced whole.

    Args:
        rows: has at least person_id (integer), slot, status, closes_on, reason.

    Raises:
        StorageError: the file cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.part")
    fixed = (as_of.isoformat(), snapshot_id)
    try:
        with unfinished.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(cells + fixed for cells in _cells(rows))
        unfinished.chmod(0o600)
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
    else:
        return path
    msg = f"一覧 {path} に書き込めません。権限と空き容量を確認してください。"
    raise StorageError(msg)


def read_list(path: Path) -> PseudonymousList:
    """Read what `write_list` wrote, checking every cell.

    Raises:
        ListError: not such a file, nobody on it, a wrong cell (with line and column, never its content), the
            same person and slot twice, or more than one snapshot or as-of day.
    """
    lines = list(_lines(path))
    if not lines:
        msg = f"一覧 {path.name} には1人も載っていません。{NOTHING_DONE}"
        raise ListError(msg)
    rows = [_row(path, number, cells) for number, cells in lines]
    _check_distinct(path, [number for number, _ in lines], rows)
    as_of = _day(lines[0][1][5])
    first = lines[0][1]
    for number, cells in lines:
        for column in (5, 6):
            if cells[column] != first[column]:
                _refuse(path, number, column, "が1行目の人と違います。1つの一覧には1回分だけを入れてください")
    return PseudonymousList(as_of, first[6], tuple(rows))


def _cells(rows: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    wanted = rows[["person_id", "slot", "status", "closes_on", "reason"]]
    for person_id, slot, status, closes_on, reason in wanted.itertuples(index=False, name=None):
        end = "" if pd.isna(closes_on) else pd.Timestamp(closes_on).date()
        yield (
            format_person_id(int(person_id)),
            slot,
            status,
            "" if end in ("", NO_END) else end.isoformat(),
            reason,
        )


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of every line below the header."""
    reason, records = "", []
    try:
        reader = csv.reader(path.read_text(encoding="utf-8-sig").splitlines())
        records = [(reader.line_num, cells) for cells in reader]
    except FileNotFoundError:
        reason = "ありません"
    except (OSError, UnicodeDecodeError, csv.Error):
        reason = "読めません。UTF-8のCSVか確認してください"
    if reason:
        msg = f"一覧 {path} が{reason}。{NOTHING_DONE}"
        raise ListError(msg)
    if not records or tuple(records[0][1]) != COLUMNS:
        msg = f"{path.name} は対象者の一覧ではありません（1行目が {','.join(COLUMNS)} ではありません）。{NOTHING_DONE}"
        raise ListError(msg)
    for number, cells in records[1:]:
        if cells and len(cells) != len(COLUMNS):
            msg = f"{path.name} の{number}行目: 列の数が{len(COLUMNS)}ではありません。{NOTHING_DONE}"
            raise ListError(msg)
        if cells:
            yield number, cells


def _row(path: Path, number: int, cells: Sequence[str]) -> ListRow:
    person, slot, status, closes_on, reason, as_of, snapshot_id = cells
    sound = (
        PERSON_ID.fullmatch(person),
        _CODE.fullmatch(slot),
        status in codes_of("status"),
        not closes_on or _day(closes_on),
        _CODE.fullmatch(reason),
        _day(as_of),
        _CODE.fullmatch(snapshot_id),
    )
    for column, is_sound in enumerate(sound):
        if not is_sound:
            _refuse(path, number, column, "の値が正しい形ではありません。一覧を作り直してください")
    return ListRow(parse_person_id(person), slot, status, _day(closes_on), reason)


def _day(text: str) -> date | None:
    """Read an ISO date or the form Excel saves; None when it is neither."""
    match = _DAY.fullmatch(text)
    try:
        return date(int(match[1]), int(match[3]), int(match[4])) if match else None
    except ValueError:
        return None


def _check_distinct(path: Path, numbers: Sequence[int], rows: Sequence[ListRow]) -> None:
    seen: set[tuple[int, str]] = set()
    for number, row in zip(numbers, rows, strict=True):
        if (row.person_id, row.slot) in seen:
            _refuse(path, number, 0, "と枠の組が前の行と重なっています。重なりを消してください")
        seen.add((row.person_id, row.slot))


def _refuse(path: Path, number: int, column: int, reason: str) -> None:
    msg = f"{path.name} の{number}行目 {COLUMNS[column]} {reason}。{NOTHING_DONE}"
    raise ListError(msg)
