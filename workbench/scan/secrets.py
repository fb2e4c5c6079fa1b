"""The secrets of an extract, read through the street door into memory: never logged, never written."""

import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from workbench.scan.kinds import FIELDS, Kind, Numbers, Secrets, Words
from workbench.sources import RawCells, Source, open_extract, read_cells

Progress = Callable[[str], None]
_HYPHENS = dict.fromkeys(map(ord, "-‐‑‒–—―−ー ()"), None)
_WIDTHS = {width: kind for kind, width in FIELDS.values() if width and kind != Kind.HOUSEHOLD_NUMBER}
_PHONE_WIDTHS = (10, 11)


class _Collection:
    """What has been read so far: numbers by kind and width, words by kind."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[Kind, int], list[np.ndarray]] = {}
        self.words: dict[Kind, set[str]] = {}
        self.unread_rows = 0

    def add(self, block: RawCells) -> None:
        self.unread_rows += block.unread_rows
        for width, kind in _WIDTHS.items():
            self._add_numbers(kind, width, block.numbers)
        for field, texts in block.cells.items():
            kind, width = FIELDS[field]
            if kind == Kind.PHONE:
                plain = [unicodedata.normalize("NFKC", text).translate(_HYPHENS) for text in texts]
                for phone_width in _PHONE_WIDTHS:
                    self._add_numbers(kind, phone_width, plain)
            elif width:
                self._add_numbers(kind, width, texts)
            else:
                self.words.setdefault(kind, set()).update(map(str.strip, texts))

    def _add_numbers(self, kind: Kind, width: int, texts: Iterable[str]) -> None:
        plain = [text for text in texts if len(text) == width and text.isascii() and text.isdigit()]
        if plain:
            self.numbers.setdefault((kind, width), []).append(np.unique(np.array(plain).astype(np.int64)))

    def finish(self) -> Secrets:
        """Return everything once; a phone number is one only if it begins with 0."""
        numbers = [
            Numbers(kind, width, np.unique(np.concatenate(parts))) for (kind, width), parts in self.numbers.items()
        ]
        words = [Words(kind, sorted(texts - {""})) for kind, texts in self.words.items()]
        return Secrets(tuple(numbers), tuple(words), self.unread_rows)


def collect(folder: Path, progress: Progress | None = None) -> tuple[Secrets, str]:
    """Read the secrets of the extract in `folder`, and the name of its municipality.

    Args:
        progress: told the name of each file before it is read.

    Raises:
        SourceError: the extract cannot be read as its layout declares.
    """
    extract = open_extract(folder)
    collection = _Collection()
    for source in extract.sources.values():
        if _fields(source):
            if progress:
                progress(source.file)
            for block in read_cells(source, _fields(source)):
                collection.add(block)
    return collection.finish(), extract.municipality_name


def _fields(source: Source) -> set[str]:
    """Return the fields of a file that hold secrets; the name of a clinic or district is none."""
    fields = {column.field for column in source.table.columns if column.role in {"identity", "strip"}}
    return fields & FIELDS.keys()
