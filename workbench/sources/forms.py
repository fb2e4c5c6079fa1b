"""Files as they come: UTF-16 and Excel workbooks are turned into CSV in UTF-8 while they are read, in memory only.

Whatever a file's form, the rooms behind see the same bytes, so that the same extract gives the same snapshot.
"""

import codecs
import csv
import datetime as dt
import io
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from workbench.errors import SourceError

Form = Literal["csv", "utf-16", "xlsx", "fixed"]

WORKBOOK = ".xlsx"
MAX_WORKBOOK_BYTES = 4 << 30  # unpacked; a sheet has a million rows at most, so more is a trap
MAX_STRINGS_BYTES = 512 << 20  # of the texts that all cells share, which are held in memory
_STRINGS = "xl/sharedstrings.xml"
_ROWS_AT_ONCE = 1_000
_BOMS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_LOCKED = b"\xd0\xcf\x11\xe0"  # a workbook under a password, or the format before 2007
_NOT_TEXT = b"\xff"  # stands for what is no character: the cell is then refused as undecodable
_STATE = "何も変更していません。"


class Reader(Protocol):
    """Gives bytes until there are none."""

    def read(self, size: int, /) -> bytes:
        """Return about `size` bytes, none at the end."""


def find_form(path: Path) -> Form:
    """Say how `path` is written, by its name and its first bytes; OSError where it cannot be read."""
    if path.suffix.lower() == WORKBOOK:
        return "xlsx"
    with path.open("rb", buffering=0) as file:
        return "utf-16" if file.read(2) in _BOMS else "csv"


@contextmanager
def open_as_csv(path: Path, form: Form) -> Iterator[Reader]:
    """Open `path` as the bytes of a CSV file.

    Raises:
        SourceError: a workbook that cannot be read as one. OSError: as `open` does.
    """
    with path.open("rb", buffering=0) as file:  # no more is read than is asked for
        if form == "utf-16":
            yield _Utf16(file)
        elif form == "xlsx":
            with closing(_rows(path, file)) as rows:
                yield _Lines(rows)
        else:
            yield file


class _Utf16:
    """UTF-16 with a byte order mark, as UTF-8. Half characters become bytes that no encoding reads."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(_BOMS[file.read(2)])("surrogatepass")
        self._is_done = False

    def read(self, size: int, /) -> bytes:
        while piece := self._file.read(size):
            if data := self._decoder.decode(piece).encode("utf-8", "surrogatepass"):
                return data
        if self._is_done or not self._decoder.getstate()[0]:
            return b""
        self._is_done = True
        return _NOT_TEXT


class _Lines:
    """Pieces of any size joined to pieces of the size asked for."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, size: int, /) -> bytes:
        data = bytearray()
        while len(data) < size and (piece := next(self._pieces, None)):
            data += piece
        return bytes(data)


class AfterStart:
    """A reader without its first bytes."""

    def __init__(self, reader: Reader, size: int) -> None:
        """Skip `size` bytes."""
        self._reader = reader
        self._rest = b""
        while size > 0 and (piece := reader.read(size)):
            self._rest = piece[size:]
            size -= len(piece)

    def read(self, size: int, /) -> bytes:
        """Return about `size` bytes, none at the end."""
        rest, self._rest = self._rest, b""
        return rest or self._reader.read(size)


def _rows(path: Path, file: BinaryIO) -> Iterator[bytes]:
    """Yield the rows of the only sheet with content as CSV; a library's own words could quote a cell."""
    _refuse_trap(path, file)
    is_sound = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # styles and validations we do not look at
        try:
            import openpyxl  # noqa: PLC0415 - a tenth of a second, and most extracts are CSV

            workbook = openpyxl.load_workbook(file, read_only=True, data_only=True)
            for sheet in workbook.worksheets:
                sheet.reset_dimensions()  # what a sheet says of its own size may be wrong: its rows would end there
            filled = [sheet for sheet in workbook.worksheets if any(map(_has_content, sheet.iter_rows(max_row=50)))]
            is_sound = True
        except Exception:  # noqa: BLE001  whatever it is, its text may quote a cell (promise P6)
            filled = []
    if not is_sound:
        _refuse(path, "Excelのブックとして読めません。CSVで抽出し直してください")
    if len(filled) > 1:
        _refuse(path, f"内容のあるシートが{len(filled)}枚あります。1枚だけにしてください")
    for sheet in filled:
        yield from _sheet_lines(path, sheet.iter_rows(values_only=True))


def _sheet_lines(path: Path, rows: Iterator[tuple[object, ...]]) -> Iterator[bytes]:
    width = 0
    while True:
        taken: list[tuple[object, ...]] | None = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with suppress(Exception):  # as above; refused below, outside the `except`
                taken = list(islice(rows, _ROWS_AT_ONCE))
        if taken is None:
            _refuse(path, "Excelのブックを最後まで読めません。CSVで抽出し直してください")
        if not taken:
            return
        width = width or len(_trimmed(taken[0]))
        yield _csv_lines(taken, width)


def _csv_lines(rows: list[tuple[object, ...]], width: int) -> bytes:
    """Return rows as CSV; one without content is a blank line, as it would be at the end of a file."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in rows:
        texts = [_text(value) for value in _trimmed(row)]
        writer.writerow(texts + [""] * (width - len(texts)) if texts else [])
    return out.getvalue().encode("utf-8", "surrogatepass")


def _trimmed(row: tuple[object, ...]) -> tuple[object, ...]:
    """Return a row without the empty cells at its end."""
    end = len(row)
    while end and row[end - 1] in {None, ""}:
        end -= 1
    return row[:end]


def _has_content(row: tuple[object, ...]) -> bool:
    return any(cell.value not in {None, ""} for cell in row)


def _text(value: object) -> str:
    """Write a cell as an extract would: whole numbers without a fraction, days as ISO. Lost zeros stay lost."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


def _refuse_trap(path: Path, file: BinaryIO) -> None:
    """Refuse what is no workbook, is under a password, or would fill the memory when it is unpacked."""
    if file.read(len(_LOCKED)) == _LOCKED:
        _refuse(
            path, "パスワードがかかっているか、古い形式（.xls）のブックです。パスワードなしの.xlsxかCSVにしてください"
        )
    sizes = None
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = {member.filename.lower(): member.file_size for member in archive.infolist()}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        pass
    file.seek(0)
    if sizes is None:
        _refuse(path, "Excelのブックではありません。CSVで抽出し直してください")
    if sum(sizes.values()) > MAX_WORKBOOK_BYTES or sizes.get(_STRINGS, 0) > MAX_STRINGS_BYTES:
        _refuse(path, "Excelのブックとして大きすぎます。CSVで抽出し直してください")


def _refuse(path: Path, reason: str) -> None:
    msg = f"{path.name}: {reason}。{_STATE}"
    raise SourceError(msg)
