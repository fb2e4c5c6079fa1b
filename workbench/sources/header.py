"""The header row: it alone decides the encoding of a file, and every title must be one of the layout (promise P5)."""

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path

from workbench import mynumber
from workbench.errors import SourceError
from workbench.sources.blocks import find_quotes, find_records
from workbench.sources.fixed import has_line_ends, record_bytes
from workbench.sources.forms import Form, Reader, find_form, open_as_csv
from workbench.sources.layout import TableLayout

ENCODINGS = ("utf-8", "cp932")
MAX_HEADER_BYTES = 1 << 20
_BOM = b"\xef\xbb\xbf"
_UNREAD, _FIRST_OF_THREE_BYTES = "\ufffd", "\u0800"  # Japanese text has hardly a letter of two bytes in UTF-8
_STATE = "何も変更していません。"


@dataclass(frozen=True)
class Header:
    """What the header row of one file says: titles in file order; data begin at byte `size`, on line `lines` + 1."""

    encoding: str
    titles: tuple[str, ...]
    size: int
    lines: int
    form: Form = "csv"
    has_line_ends: bool = True  # of fixed-length records
    file_bytes: int = 1 << 62  # only to tell a small file, which is read without threads


def read_header(path: Path, table: TableLayout) -> Header:
    """Read the header row of `path` and match it with the layout.

    Raises:
        SourceError: no header row, no known encoding, or a column that is missing, unknown or there twice.
    """
    form, start, file_bytes = _read_start(path, table)
    if form == "fixed":
        return _fixed_header(path, table, start)
    bom_size = len(_BOM) if start.startswith(_BOM) else 0
    row, line_count = _first_record(start[bom_size:])
    encoding, titles = _decode(row, table, ENCODINGS if form == "csv" else ENCODINGS[:1])
    if form == "csv" and row.isascii():  # it fits every encoding: what follows tells
        encoding = _encoding_of_rows(start)
    if not row.strip(b"\r\n\x1a"):
        msg = f"{path.name} は空です（見出し行がありません）。抽出し直してください。{_STATE}"
        raise SourceError(msg)
    if not titles and b"\0" in start:
        msg = f"{path.name} はUTF-8・CP932（シフトJIS）・UTF-16のCSVではありません。CSVで抽出し直してください。{_STATE}"
        raise SourceError(msg)
    _refuse_unless_same(path, titles, table)
    lines = 1 if form == "xlsx" else line_count
    return Header(encoding, tuple(titles), bom_size + len(row), lines, form, file_bytes=file_bytes)


def read_titles(path: Path) -> tuple[str, list[str]]:
    """Return encoding and cells of the first record, whatever they are; of the file no more is read than it takes.

    Raises:
        SourceError: the file cannot be read, or is no text.
    """
    row = None
    try:
        form = find_form(path)
        with open_as_csv(path, form) as reader:
            row = _first_row(reader)
    except OSError:
        pass
    if row is None:
        msg = f"{path.name} を読めません。ファイルの権限を確認してください。{_STATE}"
        raise SourceError(msg)
    for encoding in ENCODINGS if form == "csv" else ENCODINGS[:1]:
        if titles := _cells(row.removeprefix(_BOM), encoding):
            return encoding, titles
    msg = f"{path.name} の1行目を読めません。見出し行のあるCSVかExcelを指定してください。{_STATE}"
    raise SourceError(msg)


def _first_row(reader: Reader) -> bytes:
    """Read byte by byte up to the first line end outside quotes."""
    row = b""
    while len(row) < MAX_HEADER_BYTES and (piece := reader.read(1)):
        row += piece
        if piece.endswith((b"\n", b"\r")) and row.count(b'"') % 2 == 0:
            break
    return row


def _fixed_header(path: Path, table: TableLayout, start: bytes) -> Header:
    """Return the header of a file that has none: what the layout says, once the first record is as long as it says."""
    line_ends = has_line_ends(start, table)
    if line_ends is None:
        msg = (
            f"{path.name}: 1行目の長さがレイアウトの{record_bytes(table)}バイトと違います。"
            f"文字コード、項目の長さ、改行の有無を確認してください。{_STATE}"
        )
        raise SourceError(msg)
    return Header(table.fixed, tuple(column.title for column in table.columns), 0, 0, "fixed", line_ends)


def _read_start(path: Path, table: TableLayout) -> tuple[Form, bytes, int]:
    try:
        form = "fixed" if table.fixed else find_form(path)
        with open_as_csv(path, form) as reader:
            return form, reader.read(MAX_HEADER_BYTES), path.stat().st_size
    except OSError:
        pass
    msg = f"{path.name} を読めません。ファイルの権限を確認してください。{_STATE}"
    raise SourceError(msg)


def _first_record(start: bytes) -> tuple[bytes, int]:
    """Return the first record with its line end, and the number of lines it takes."""
    records = find_records(start, find_quotes(start))
    if len(records.starts) <= 1:
        return start, records.line_count
    return start[: records.starts[1]], int(records.lines[1])


def _decode(row: bytes, table: TableLayout, encodings: tuple[str, ...]) -> tuple[str, list[str]]:
    """Return the encoding in which more cells are titles of the layout, and the cells; none where no cell is one."""
    expected = {column.title for column in table.columns}
    best: tuple[int, str, list[str]] = (0, "", [])
    for encoding in encodings:
        titles = _cells(row, encoding)
        fitting = len(expected.intersection(titles))
        if fitting > best[0]:
            best = (fitting, encoding, titles)
    return best[1], best[2]


def _encoding_of_rows(start: bytes) -> str:
    """Return cp932 where the rows plainly are that; in doubt UTF-8, which quarantines what it cannot read.

    CP932 reads almost any bytes as some text: of EUC-JP, or of UTF-8 with a bad byte, it would make wrong names.
    """
    names = ("utf-8", "cp932", "euc_jp")
    texts = {name: codecs.getincrementaldecoder(name)("replace").decode(start) for name in names}
    bad = {name: text.count(_UNREAD) for name, text in texts.items()}
    japanese = sum(letter >= _FIRST_OF_THREE_BYTES for letter in texts["utf-8"]) - bad["utf-8"]
    strange = sum(not letter.isascii() for letter in texts["utf-8"]) - japanese  # half-width kana of CP932 among it
    return "cp932" if strange > japanese and bad["cp932"] < bad["euc_jp"] else "utf-8"


def _cells(row: bytes, encoding: str) -> list[str]:
    try:
        text = row.decode(encoding)
        return next(csv.reader(io.StringIO(text, newline="")), [])
    except (UnicodeDecodeError, csv.Error):
        return []


def _refuse_unless_same(path: Path, titles: list[str], table: TableLayout) -> None:
    expected = [column.title for column in table.columns]
    optional = {column.title for column in table.columns if column.optional}
    known = [title for title in titles if title in expected]
    problems = ["見出し行がレイアウトと合いません（文字コードか様式の違い、または見出し行のないファイルです）"]
    if known:
        problems = _differences(titles, expected, optional, trusted=len(known) * 2 >= len(titles))
    if problems:
        msg = f"{path.name}: {'。'.join(problems)}。抽出の設定かレイアウト定義を直してください。{_STATE}"
        raise SourceError(msg)


def _differences(titles: list[str], expected: list[str], optional: set[str], *, trusted: bool) -> list[str]:
    missing = [title for title in expected if title not in titles and title not in optional]
    places = {place: title for place, title in enumerate(titles, 1) if title not in expected}
    trusted = trusted and len(places) <= max(1, len(missing))  # with more, the beginning of a person may be among them
    harmless = {place for place, title in places.items() if trusted and _is_title(title, expected)}
    unknown = [f"{place}列目「{title}」" if place in harmless else f"{place}列目" for place, title in places.items()]
    twice = [title for title in expected if titles.count(title) > 1]
    found = {"列がありません": missing, "レイアウトにない列があります": unknown, "同じ列が2つ以上あります": twice}
    return [f"{text}（{'、'.join(names)}）" for text, names in found.items() if names]


def _is_title(title: str, expected: list[str]) -> bool:
    """Say whether an unknown title may be shown: where the row is plainly a header row, and it holds no digit.

    A file without a header row begins with a person, and where a line end was lost one follows it (promise P6).
    """
    runs_on = any(title.startswith(known) for known in expected)
    has_number = any(map(str.isdigit, title)) or mynumber.is_in_text(title)
    return 0 < len(title) <= 20 and title.isprintable() and not has_number and not runs_on  # noqa: PLR2004
