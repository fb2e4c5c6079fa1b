"""Walks files and folders, and searches each file: its bytes as they are, its name, and all it contains."""

import math
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISDIR, S_ISLNK, S_ISREG

import numpy as np

from workbench.scan.containers import Blob, Opener, Sealed, find_opener, has_zip_behind, joined_texts, open_zip
from workbench.scan.kinds import Kind, Tally
from workbench.scan.reading import Search
from workbench.settings import storage_reason

Progress = Callable[[int, int], None]  # bytes done, bytes in all

CHUNK_BYTES = 1 << 20
OVERLAP_BYTES = 512  # of two chunks where no line ends between them
MAX_NESTING = 6
LARGEST_NOTEBOOK = 1 << 28
HEAD_BYTES = 512
IN_NAME, EMBEDDED = "ファイル名", "長い数字列の中"
_CHANCE = 0.001  # embedded numbers that a random file would show more often than this are a note, not a finding
_MANY = 200.0
_TAIL = 1 << 16
_IS_TEXT = re.compile(rb"[^\x00-\x08\x0b\x0e-\x1f\x7f]*")
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]{60}\r?\n\Z")


@dataclass(frozen=True)
class Finding:
    """A kind of secret, how it is written, and in how many places at least."""

    kind: Kind
    way: str
    count: int


@dataclass(frozen=True)
class FileResult:
    """What one file holds. `unread` says in Japanese why a part of it could not be searched."""

    path: Path
    findings: tuple[Finding, ...] = ()
    unread: tuple[str, ...] = ()
    by_chance: int = 0  # numbers inside longer ones that chance explains
    shown_as: Path | None = None  # what may be printed: a folder above, where the name itself holds a secret

    @property
    def is_clean(self) -> bool:
        """Whether everything was read and nothing found."""
        return not self.findings and not self.unread


@dataclass(frozen=True)
class Verdict:
    """All files that are not clean, and how much was searched."""

    results: tuple[FileResult, ...]
    file_count: int
    byte_count: int
    links_passed_over: int

    @property
    def is_clean(self) -> bool:
        """Whether every file was read whole and nothing was found in any."""
        return all(result.is_clean for result in self.results)


@dataclass
class _Walk:
    """What a walk over the paths meets."""

    files: list[tuple[Path, int]] = field(default_factory=list)
    failures: list[FileResult] = field(default_factory=list)
    links: int = 0


def scan(
    paths: Sequence[Path],
    search: Search,
    *,
    passwords: Sequence[str] = (),
    but_not: Sequence[Path] = (),
    progress: Progress | None = None,
) -> Verdict:
    """Search every file at and below `paths`, those at and below `but_not` excepted; links inside are not followed.

    Args:
        passwords: tried on encrypted Excel, PDF and zip files.
        progress: told the bytes searched and the bytes in all.
    """
    walk = _Walk()
    left_out = {path.resolve() for path in but_not}
    for path in paths:
        _meet(path.resolve(), walk, left_out)
    files = list(dict(walk.files).items())
    total, done, results = sum(size for _, size in files), 0, list(walk.failures)
    for path, size in files:
        inspection = _Inspection(search, passwords, _Steps(progress, done, total))
        results.append(inspection.file(path))
        done += size
    unclean = tuple(result for result in results if not result.is_clean or result.by_chance)
    return Verdict(unclean, len(files), total, walk.links)


def _meet(path: Path, walk: _Walk, left_out: set[Path]) -> None:
    """Note the file at `path`, or all below it."""
    if path in left_out:
        return
    try:
        state = path.lstat()
        inner = sorted(path.iterdir()) if S_ISDIR(state.st_mode) else []
    except OSError as error:
        walk.failures.append(FileResult(path, unread=(f"読めません（{storage_reason(error)}）",)))
        return
    if S_ISREG(state.st_mode):
        walk.files.append((path, state.st_size))
    walk.links += S_ISLNK(state.st_mode)
    for child in inner:
        _meet(child, walk, left_out)


@dataclass
class _Steps:
    """Tells the progress of one file among all."""

    tell: Progress | None
    done: int
    total: int

    def add(self, size: int) -> None:
        self.done += size
        if self.tell:
            self.tell(self.done, self.total)


class _Inspection:
    """The search of one file."""

    def __init__(self, search: Search, passwords: Sequence[str], steps: _Steps) -> None:
        self._search = search
        self._passwords = passwords
        self._steps = steps
        self._tally = Tally()
        self._unread: dict[str, None] = {}
        self._nesting = 0

    def file(self, path: Path) -> FileResult:
        named = self._in_name(path)
        try:
            self._blob(Blob(path=path))
        except OSError as error:
            self._unread[f"読めません（{storage_reason(error)}）"] = None
        findings, by_chance = _judge(self._tally)
        in_name = tuple(Finding(kind, IN_NAME, count) for (kind, _), count in named.found.items())
        return FileResult(path, findings + in_name, tuple(self._unread), by_chance, self._telling_nothing(path, named))

    def _in_name(self, path: Path) -> Tally:
        named = Tally()
        self._search.content(b"\n".join(map(os.fsencode, path.parts)), named)
        return named

    def _telling_nothing(self, path: Path, named: Tally) -> Path:
        """Return `path`, or the nearest folder above whose name holds nothing."""
        while named.found and path != path.parent:
            path = path.parent
            named = self._in_name(path)
        return path

    def _blob(self, blob: Blob) -> None:
        self._plain(blob)
        with blob.open() as file:
            head = file.read(HEAD_BYTES)
        for opener in (find_opener(head), open_zip if has_zip_behind(blob) else None):
            if opener:
                self._open(opener, blob)

    def _open(self, opener: Opener, blob: Blob) -> None:
        if self._nesting >= MAX_NESTING:
            self._unread["入れ子が深すぎて、中を確かめられません"] = None
            return
        self._nesting += 1
        try:
            for part in opener(blob, self._passwords):
                self._part(part)
        except Sealed as reason:
            self._unread[str(reason)] = None
        except Exception as error:  # noqa: BLE001 - a library's words may quote what it read
            self._unread[f"壊れているか、対応していない形式です（{type(error).__name__}）"] = None
        self._nesting -= 1

    def _inner_file(self, data: bytes) -> None:
        self._blob(Blob(data))

    def _part(self, part: bytes | np.ndarray) -> None:
        if isinstance(part, bytes):
            self._blob(Blob(part))
        else:
            self._search.integers(part, self._tally)

    def _plain(self, blob: Blob) -> None:
        """Search the bytes as they are; of a notebook, its texts with their lines joined as well."""
        readings = [Tally()]
        texts = joined_texts(blob) if _size(blob) <= LARGEST_NOTEBOOK else None
        if texts:  # a picture is whole in them, whose base64 JSON may cut into lines
            readings.append(Tally())
            self._search.content(texts, readings[1], opener=self._inner_file)
        with blob.open() as file:
            for chunk, advance in _chunks(file.read):
                self._search.content(chunk, readings[0], opener=None if texts else self._inner_file)
                self._steps.add(advance if blob.path else 0)
        self._tally.add_fullest(readings)


def _size(blob: Blob) -> int:
    return len(blob.data) if blob.path is None else blob.path.stat().st_size


def _chunks(read: Callable[[int], bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield chunks and how far each advances; they end where a line of text does, or overlap a little."""
    waiting = b""
    while block := read(CHUNK_BYTES):
        data = waiting + block
        if len(block) < CHUNK_BYTES:
            yield data, len(block)
            waiting = b""
            continue
        end = _line_end(data)
        yield (data[:end] if end else data), len(block)
        waiting = data[end:] if end else data[-OVERLAP_BYTES:]
    if waiting:
        yield waiting, 0


def _line_end(data: bytes) -> int:
    """Return where the last line of text ends; 0 where this is no text, or base64 that goes on in the next line."""
    end = data.rfind(b"\n", len(data) - _TAIL) + 1
    tail = data[max(0, end - _TAIL) : end]
    is_text = bool(_IS_TEXT.fullmatch(tail))
    return end if end and is_text and not _BASE64_LINE.search(tail[-100:]) else 0


def _judge(tally: Tally) -> tuple[tuple[Finding, ...], int]:
    """Return what was found, and how many embedded numbers are no more than chance would give."""
    found = [Finding(kind, way, count) for (kind, way), count in sorted(tally.found.items())]
    by_chance = 0
    for kind, hits in tally.embedded.items():
        if hits and _probability(hits, tally.expected[kind]) < _CHANCE:
            found.append(Finding(kind, EMBEDDED, hits))
        else:
            by_chance += hits
    return tuple(found), by_chance


def _probability(hits: int, expected: float) -> float:
    """Return how likely `hits` or more are when `expected` are (Poisson; far above it for many)."""
    if expected > _MANY:
        return 0.0 if hits > expected + 4 * math.sqrt(expected) else 1.0
    term = math.exp(-expected)
    below = term
    for number in range(1, min(hits, 2000)):
        term *= expected / number
        below += term
    return max(0.0, 1.0 - below) if hits > expected else 1.0
