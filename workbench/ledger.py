"""Tamper-evident record of every use of identities, every load and every release.

One JSON object a line, in canonical form, each with the hash of the one before it: nothing is changed, removed or
reordered unseen. Truncation is seen against an anchor, a head written down elsewhere. An entry holds ids, hashes,
codes and counts; free text is the officers' own (purpose, their names), and refused where it holds a long number.

An append that was killed leaves a line without its end. The next append moves it to `ledger.torn-<seq>` beside
the ledger, enters `recovered`, and goes on.
"""

import errno
import fcntl
import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from workbench.errors import LedgerError, TornLedgerError
from workbench.settings import sync_folder, write_private

MAX_TEXT = 200  # characters of free text
MAX_ITEMS = 200  # of a subject or of counts
MAX_NUMBER = 10**10  # below: rows and bytes fit, no personal number with eleven digits does
MAX_LINE_BYTES = 1 << 17  # more than the limits above allow

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,63}")
_CODE = re.compile(r"(?!\d{9,}$)[A-Za-z0-9][A-Za-z0-9_.:+/-]{0,255}")
_OFFSET = re.compile(r"[+-]\d\d:\d\d$")
# 宛名番号, My Number, a phone number; no date matches
_NUMBER_IN_TEXT = re.compile(r"\d{9,}|\d{3,5}(?:[ .・ー‐‑–−-]\d{3,5}){2,}")


@dataclass(frozen=True)
class Head:
    """The last entry's place and hash: printed elsewhere, it anchors all before it. Of an empty ledger: EMPTY."""

    seq: int
    hash: str


EMPTY = Head(0, "0" * 64)  # what the first entry is chained to


@dataclass(frozen=True)
class Entry:
    """One line of the ledger; `hash` is SHA-256 of the canonical JSON of all other fields."""

    seq: int
    at: str
    action: str
    actor: str
    purpose: str
    approved_by: str | None
    subject: Mapping[str, str | int]
    counts: Mapping[str, int]
    previous: str
    hash: str = ""

    def computed_hash(self) -> str:
        """Return the hash this entry must have."""
        content = asdict(self)
        del content["hash"]
        return hashlib.sha256(_canonical(content)).hexdigest()

    def to_line(self) -> bytes:
        """Return the only form in which this entry may stand in the file."""
        return _canonical(asdict(self)) + b"\n"


class Ledger:
    """The ledger in one file (0600). Several processes may append and verify at once."""

    def __init__(self, path: Path) -> None:
        """Name the file; the first append makes it, in a folder that exists."""
        self.path = path

    def append(  # noqa: PLR0913 - who, what, why, by whose leave, on what, how much, when: an entry has no fewer facts
        self,
        action: str,
        *,
        actor: str,
        purpose: str,
        approved_by: str | None,
        subject: Mapping[str, str | int],
        counts: Mapping[str, int],
        at: datetime,
    ) -> Entry:
        """Add one entry behind the last and return it; when this returns, the entry is on the disk.

        Args:
            subject: name -> id, hash or code (ASCII, at most 256 characters), never a name or a number of a person.
            counts: name -> number below 10**10.
            at: a moment with its offset from UTC.

        Raises:
            LedgerError: a field is refused, the last entry is damaged, or the file cannot be written; the
                ledger is as it was.
        """
        facts = {
            "at": at.isoformat(timespec="seconds"),
            "action": action,
            "actor": actor,
            "purpose": purpose,
            "approved_by": approved_by,
            "subject": dict(subject),
            "counts": dict(counts),
        }
        if refused := [name for name, value in facts.items() if not _RULES[name](value)]:
            msg = f"台帳の項目 {', '.join(refused)} {_RULE_TEXT}何も記録していません。"
            raise LedgerError(msg)
        with self._locked(os.O_RDWR | os.O_APPEND | os.O_CREAT, fcntl.LOCK_EX) as file:
            last, tail = self._last(file)
            lost = self._set_aside(last.seq + 1, tail)
            repairs = [_chained(last, facts | _recovery(lost))] if lost is not None else []
            entry = _chained(_head_of(repairs[-1]) if repairs else last, facts)
            self._write(file, os.fstat(file).st_size - len(tail), b"".join(e.to_line() for e in (*repairs, entry)))
        return entry

    def head(self) -> Head:
        """Return the place and hash of the last entry, without walking the chain.

        Raises:
            LedgerError: the last line is damaged or unfinished, or the file cannot be read.
        """
        if self._is_absent():
            return EMPTY
        with self._locked(os.O_RDONLY, fcntl.LOCK_SH) as file:
            last, tail = self._last(file)
        if tail:
            raise self._torn(last.seq + 1)
        return last

    def verify(self, anchor: Head | None = None) -> Head:
        """Walk the whole chain and return its head.

        Raises:
            LedgerError: an entry was changed, removed, inserted or reordered, the last line is unfinished, or
                the entry of `anchor` is not the one in the file (cut off, or all written anew).
        """
        heads = [EMPTY, *map(_head_of, self.entries())]
        if anchor is not None and anchor not in heads:
            where = f"台帳 {self.path} は控えの番号 {anchor.seq} の記録と一致しません。"
            msg = f"{where}切り捨てか書き換えの疑いがあります。バックアップと比べてください。何も変更していません。"
            raise LedgerError(msg)
        return heads[-1]

    def entries(self) -> Iterator[Entry]:
        """Yield the entries from the first, each checked against the one before; raises as `verify` does."""
        if self._is_absent():
            return
        with self._locked(os.O_RDONLY, fcntl.LOCK_SH) as file:
            content = os.pread(file, os.fstat(file).st_size, 0)
        head = EMPTY
        for line in BytesIO(content):
            if not line.endswith(b"\n"):
                raise self._torn(head.seq + 1)
            entry = _parse(line)
            if entry is None or (entry.seq, entry.previous) != (head.seq + 1, head.hash):
                raise self._damaged(head.seq + 1)
            head = _head_of(entry)
            yield entry

    def _is_absent(self) -> bool:
        with suppress(OSError):  # a folder one may not look into: opening the file will say so
            return not self.path.exists()
        return False

    @contextmanager
    def _locked(self, flags: int, lock: int) -> Iterator[int]:
        """Open the file and hold `lock` on it; the operating system lets go of it even after a kill."""
        failed, file = False, -1
        try:
            file = os.open(self.path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            fcntl.flock(file, lock)
            yield file
        except OSError:
            failed = True
        finally:
            if file >= 0:
                os.close(file)
        if failed:
            msg = f"台帳 {self.path} を読み書きできません。権限と空き容量を確認してください。何も記録していません。"
            raise LedgerError(msg)

    def _last(self, file: int) -> tuple[Head, bytes]:
        """Return the head, and the bytes of an unfinished line behind it."""
        size = os.fstat(file).st_size
        start = max(0, size - 2 * MAX_LINE_BYTES)
        finished, newline, tail = os.pread(file, size - start, start).rpartition(b"\n")
        if not newline and not start:
            return EMPTY, tail
        entry = _parse(finished.rpartition(b"\n")[2] + b"\n")
        if entry is None:
            raise self._damaged(None)
        return _head_of(entry), tail

    def _set_aside(self, seq: int, tail: bytes) -> bytes | None:
        """Keep an unfinished line beside the ledger; return what is kept under `seq` but not entered yet."""
        path = self.path.with_name(f"{self.path.stem}.torn-{seq}")
        if tail:
            path.unlink(missing_ok=True)  # of an append that was killed while it did this
            write_private(path, tail)
            sync_folder(path.parent)
        return path.read_bytes() if path.exists() else None

    def _write(self, file: int, start: int, lines: bytes) -> None:
        """Put `lines` at `start` in one write, to the disk; after a failure the ledger ends at `start`."""
        os.ftruncate(file, start)
        with suppress(OSError):
            if os.write(file, lines) == len(lines):
                os.fsync(file)
                sync_folder(self.path.parent)
                return
        os.ftruncate(file, start)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _torn(self, seq: int) -> TornLedgerError:
        where = f"台帳 {self.path} の {seq} 行目が途中で切れています。記録中に止まった跡です。"
        return TornLedgerError(f"{where}次の記録のときに自動で退避し、その旨を記録します。何も変更していません。")

    def _damaged(self, seq: int | None) -> LedgerError:
        where = f"{seq} 行目" if seq else "最後の行"
        what = f"台帳 {self.path} の{where}が前の記録とつながりません。改変・削除・並べ替えの疑いがあります。"
        return LedgerError(f"{what}ファイルを保全し、バックアップと比べてください。何も変更していません。")


def is_staff_text(text: object) -> bool:
    """Return whether an entry may hold `text` as a name or a purpose: one line, not empty, without a long number."""
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_TEXT:
        return False
    is_one_line = text.replace("\u3000", " ").isprintable()
    return is_one_line and not _NUMBER_IN_TEXT.search(unicodedata.normalize("NFKC", text))


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value < MAX_NUMBER  # no bool, no numpy: what is read is what was written


def _is_code(value: object) -> bool:
    return _is_number(value) or (isinstance(value, str) and _CODE.fullmatch(value) is not None)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _are_all(items: dict, is_allowed: Callable[[object], bool]) -> bool:
    return len(items) <= MAX_ITEMS and all(map(_is_name, items)) and all(map(is_allowed, items.values()))


_RULES: dict[str, Callable[[Any], bool]] = {
    "at": _OFFSET.search,
    "action": _is_name,
    "actor": is_staff_text,
    "purpose": is_staff_text,
    "approved_by": lambda text: text is None or is_staff_text(text),
    "subject": lambda items: _are_all(items, _is_code),
    "counts": lambda items: _are_all(items, _is_number),
}
_RULE_TEXT = "が決まりに合いません（文は1行200文字まで番号なし、対象は英数字の記号、件数は0以上の整数）。"


def _chained(last: Head, facts: dict) -> Entry:
    entry = Entry(seq=last.seq + 1, previous=last.hash, **facts)
    return Entry(**(asdict(entry) | {"hash": entry.computed_hash()}))


def _recovery(lost: bytes) -> dict:
    """Return what the entry on an unfinished line says instead; the moment is that of the append which found it."""
    subject = {"torn_sha256": hashlib.sha256(lost).hexdigest()}
    what = {"action": "recovered", "actor": "workbench", "purpose": "途中で切れた記録の退避", "approved_by": None}
    return what | {"subject": subject, "counts": {"bytes": len(lost)}}


def _head_of(entry: Entry) -> Head:
    return Head(entry.seq, entry.hash)


def _canonical(content: Mapping) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _parse(line: bytes) -> Entry | None:
    """Return the entry if the line is, byte for byte, what it would be written as."""
    try:
        entry = Entry(**json.loads(line))
        whole = entry.to_line() == line and entry.hash == entry.computed_hash()
    except (ValueError, TypeError, RecursionError):
        return None
    return entry if whole else None
