"""Write an extract's files: CSV as RFC 4180, quoted only where needed, CRLF, in UTF-8 or CP932.

Files are written under a name of their own and take their place together at the end, `extract.toml` last.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
import pyarrow as pa

LINE_END = "\r\n"
UNFINISHED = ".part"
_NEEDS_QUOTES = frozenset(',"\r\n')


def quoted(text: str) -> str:
    """Return a field as it stands in a line."""
    if _NEEDS_QUOTES.isdisjoint(text):
        return text
    return '"' + text.replace('"', '""') + '"'


def line(fields: Iterable[str]) -> str:
    """Return a record with its line end."""
    return ",".join(quoted(field) for field in fields) + LINE_END


class ExtractFile:
    """One file being written."""

    def __init__(self, path: Path, header: Sequence[str], *, encoding: str) -> None:
        """Open `path` under its unfinished name and write the header."""
        self.path, self.rows, self.size = path, 0, 0
        self.unfinished = path.with_name(path.name + UNFINISHED)
        self._encoding = encoding
        self._file: BinaryIO = self.unfinished.open("wb")
        self._put(line(header).encode(encoding))

    def write(self, lines: pa.StringArray) -> None:
        """Append finished lines (line ends included) of one array."""
        if len(lines) == 0:
            return
        offsets = np.frombuffer(lines.buffers()[1], dtype=np.int32)[lines.offset : lines.offset + len(lines) + 1]
        data = memoryview(lines.buffers()[2])[offsets[0] : offsets[-1]]
        self._put(data if self._encoding == "utf-8" else bytes(data).decode().encode(self._encoding))
        self.rows += len(lines)

    def close(self) -> None:
        """Close the file; it keeps its unfinished name."""
        self._file.close()

    def _put(self, data: bytes | memoryview) -> None:
        self._file.write(data)
        self.size += len(data)


class ExtractFolder:
    """The files of one extract; nothing takes its place unless all of it was written."""

    def __init__(self, folder: Path, *, encoding: str) -> None:
        """Create `folder` where it is missing."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.encoding = folder, encoding
        self.files: dict[str, ExtractFile] = {}

    def open(self, name: str, header: Sequence[str]) -> ExtractFile:
        """Start a CSV file."""
        self.files[name] = ExtractFile(self.folder / name, header, encoding=self.encoding)
        return self.files[name]

    def publish(self, texts: dict[str, str]) -> None:
        """Put every file in its place, and these small UTF-8 texts beside them, in this order."""
        for file in self.files.values():
            file.close()
        for name, text in texts.items():
            (self.folder / (name + UNFINISHED)).write_text(text, encoding="utf-8", newline="\n")
        last = self.folder / list(texts)[-1]
        last.unlink(missing_ok=True)  # stopped from here on, the folder is plainly unfinished: no reader takes it
        for file in self.files.values():
            file.unfinished.replace(file.path)
        for name in texts:
            (self.folder / (name + UNFINISHED)).replace(self.folder / name)

    def __enter__(self) -> Self:
        """Return the folder."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was left unfinished."""
        for file in self.files.values():
            with suppress(OSError):  # a full disk cannot take what is still in memory
                file.close()
        for unfinished in self.folder.glob("*" + UNFINISHED):
            unfinished.unlink()
