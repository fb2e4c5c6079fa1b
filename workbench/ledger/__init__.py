"""Tamper-evident record of every use of identities, every load and every release.

One JSON object a line, in canonical form, each with the hash of the one before it and signed by an officer: nothing
is changed, removed or reordered unseen, and nobody writes in another's name. Truncation is seen against an anchor, a
head printed elsewhere. An entry holds ids, hashes, codes and counts; free text is the officers' own (purpose, their
names), and refused where it holds a long number. Whose signature counts, the entries say themselves (`entry.Roll`).

An append that was killed leaves a line without its end. The next append moves it to `ledger.torn-<seq>` beside
the ledger, enters `recovered`, and goes on.
"""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from io import BytesIO
from pathlib import Path

from workbench.errors import LedgerError, TornLedgerError, WorkbenchError
from workbench.ledger.entry import (
    EMPTY,
    MAX_TEXT,
    ROLL_ACTIONS,
    Entry,
    Head,
    Roll,
    chained,
    is_code,
    is_of_earlier_form,
    is_staff_text,
    opening,
    parse,
    read_head,
    recovery,
    refused_fields,
)
from workbench.settings import sync_folder, write_private
from workbench.signatures import Signer

__all__ = ["EMPTY", "MAX_TEXT", "Entry", "Head", "Ledger", "is_code", "is_staff_text", "read_head"]

MAX_LINE_BYTES = 1 << 17  # more than the limits of an entry allow
_RULE_TEXT = "が決まりに合いません（文は1行200文字まで番号なし、対象は英数字の記号、件数は0以上の整数）。"

Guard = Callable[[Sequence[Entry]], None]


class Ledger:
    """The ledger in one file (0600). Several processes may append and verify at once."""

    def __init__(self, path: Path, signer: Signer | None = None) -> None:
        """Name the file; the first append makes it, in a folder that exists. Without `signer` it is only read."""
        self.path = path
        self.signer = signer

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
        guard: Guard | None = None,
    ) -> Entry:
        """Add one entry behind the last and return it; when this returns, the entry is on the disk.

        Args:
            guard: sees all entries, checked, while nobody else can append; what it raises stops this append.
            subject: name -> id, hash or code (ASCII, at most 256 characters), never a name or a number of a person.
            counts: name -> number below 10**10.
            at: a moment with its offset from UTC.

        Raises:
            LedgerError: a field is refused, nobody signs, the last entry is damaged, or the file cannot be
                written; the ledger is as it was.
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
        if refused := refused_fields(facts):
            msg = f"台帳の項目 {', '.join(refused)} {_RULE_TEXT}何も記録していません。"
            raise LedgerError(msg)
        if self.signer is None:
            msg = (
                f"台帳 {self.path} に署名する担当者がいません。鍵を開けてからやり直してください。何も記録していません。"
            )
            raise LedgerError(msg)
        with self._locked(os.O_RDWR | os.O_APPEND | os.O_CREAT, fcntl.LOCK_EX) as file:
            last, tail = self._last(file)
            start = os.fstat(file).st_size - len(tail)
            before = os.pread(file, start, 0)
            needs_opening = self._is_first_signer(before)
            if guard:
                guard(list(self._checked(before)))
            lost = self._set_aside(last.seq + 1, tail)
            drafts = [opening(facts, self.signer)] if needs_opening else []
            drafts += [recovery(facts, lost)] if lost is not None else []
            entries = []
            for draft in (*drafts, facts):
                entries.append(chained(entries[-1].head if entries else last, draft, self.signer))
            self._write(file, start, b"".join(entry.to_line() for entry in entries))
        return entries[-1]

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
            LedgerError: an entry was changed, removed, inserted or reordered or is not signed by an officer
                authorised at that point, the last line is unfinished, or the entry of `anchor` is not the one in
                the file (cut off, or all written anew).
        """
        heads = [EMPTY, *(entry.head for entry in self.entries())]
        if anchor is not None and not any(head.is_anchored_by(anchor) for head in heads):
            where = f"台帳 {self.path} は控えの番号 {anchor.seq} の記録と一致しません。"
            msg = f"{where}切り捨てか書き換えの疑いがあります。バックアップと比べてください。何も変更していません。"
            raise LedgerError(msg)
        return heads[-1]

    def entries(self) -> Iterator[Entry]:
        """Yield the entries from the first, each checked against the one before; raises as `verify` does."""
        yield from self._checked(self._content())

    def finished_entries(self) -> list[Entry]:
        """Return the entries as a guard sees them: without an unfinished last line, which the next append sets aside.

        Raises:
            LedgerError: as `verify`, but for an unfinished last line.
        """
        content = self._content()
        return list(self._checked(content[: content.rfind(b"\n") + 1]))

    def _content(self) -> bytes:
        if self._is_absent():
            return b""
        with self._locked(os.O_RDONLY, fcntl.LOCK_SH) as file:
            return os.pread(file, os.fstat(file).st_size, 0)

    def _checked(self, content: bytes) -> Iterator[Entry]:
        head, roll = EMPTY, Roll()
        for line in BytesIO(content):
            if not line.endswith(b"\n"):
                raise self._torn(head.seq + 1)
            entry = parse(line)
            if entry is None or (entry.seq, entry.previous) != (head.seq + 1, head.hash):
                raise self._damaged(head.seq + 1, line)
            if not roll.accepts(entry):
                raise self._unsigned(entry.seq)
            head = entry.head
            yield entry

    def _is_first_signer(self, content: bytes) -> bool:
        """Return whether the signer has to be introduced.

        Raises:
            LedgerError: others are authorised, but not the signer, or she is not any more.
        """
        roll = Roll()
        lines = (line for line in BytesIO(content) if any(action in line for action in ROLL_ACTIONS))
        for entry in filter(None, map(parse, lines)):
            roll.note(entry)
        if self.signer.key in roll.active:
            return False
        if roll.active or self.signer.key in roll.gone:
            msg = (
                f"台帳 {self.path} には、この担当者の署名が登録されていません。登録済みの担当者が workbench keys add で"
                "登録してください。何も記録していません。"
            )
            raise LedgerError(msg)
        return True

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
        except WorkbenchError:
            raise
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
        entry = parse(finished.rpartition(b"\n")[2] + b"\n")
        if entry is None:
            raise self._damaged(None, finished)
        return entry.head, tail

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

    def _damaged(self, seq: int | None, line: bytes) -> LedgerError:
        if is_of_earlier_form(line):
            what = f"台帳 {self.path} は前の版の形式（署名なし）で、この版では続けられません。"
            return LedgerError(
                f"{what}{self.path.parents[1]} を別の場所に移し、keys init から始めてください。何も変更していません。"
            )
        where = f"{seq} 行目" if seq else "最後の行"
        what = f"台帳 {self.path} の{where}が前の記録とつながりません。改変・削除・並べ替えの疑いがあります。"
        return LedgerError(f"{what}ファイルを保全し、バックアップと比べてください。何も変更していません。")

    def _unsigned(self, seq: int) -> LedgerError:
        what = f"台帳 {self.path} の {seq} 行目の署名が、そのとき登録されていた担当者のものではありません。"
        return LedgerError(
            f"{what}改変の疑いがあります。ファイルを保全し、バックアップと比べてください。何も変更していません。"
        )
