"""媒体管理簿: every file that leaves a zone on a medium, from the approval to the erasure; made of ledger entries.

The city's privacy assessment asks for a permitted medium, an approval with its record, a record of use, and a record
of the erasure. A carry needs the approval of a second officer for that very file; the register shows what is not yet
erased. Nothing is copied here: who carries, copies.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from workbench import approvals
from workbench.errors import ApprovalError, LedgerError
from workbench.ledger import Entry, Ledger, is_staff_text

CARRIED, ERASED = "media_carried", "media_erased"
MEDIUM = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")


@dataclass(frozen=True)
class Carry:
    """One line of the register; `erased_at` is empty while the medium still holds the file."""

    number: str  # of the approval, under which the erasure is entered
    medium: str
    to: str
    carried_at: str
    carried_by: str
    approved_by: str
    purpose: str
    file_sha256: str
    rows: int
    erased_at: str = ""
    erased_by: str = ""


def carry(  # noqa: PLR0913 - the file, its leave, the medium, where to, when
    ledger: Ledger, file: Path, *, number: str, medium: str, to: str, at: datetime
) -> Entry:
    """Enter that `file` leaves on `medium` (the number on its label) to the zone `to`, and spend the approval.

    Raises:
        ApprovalError: the approval is missing, over, used, or for another file; nothing was entered.
        LedgerError: a name is no code, or the entry cannot be made.
    """
    if not all(MEDIUM.fullmatch(name) and is_staff_text(name) for name in (medium, to)):
        msg = (
            "媒体の番号と持ち出し先は、英字で始まる英数字（32文字まで、長い番号なし）にしてください。"
            "何も記録していません。"
        )
        raise LedgerError(msg)
    digest = approvals.file_digest(file)
    rows = approvals.row_count(file)

    def guard(entries: Sequence[Entry]) -> None:
        found = approvals.checked(entries, number, ledger=ledger, use="media", at=at)
        if found.file_sha256 != digest:
            msg = (
                f"{file.name} は承認されたファイルと中身が違います。申請からやり直してください。何も記録していません。"
            )
            raise ApprovalError(msg)

    approval = approvals.find(ledger, number, use="media", at=at)
    return ledger.append(
        CARRIED,
        actor=approval.requested_by,
        purpose=approval.purpose,
        approved_by=approval.approved_by,
        subject={"approval": number, "medium": medium, "to": to, "file_sha256": digest},
        counts={"rows": rows, "kilobytes": file.stat().st_size // 1000},
        at=at,
        guard=guard,
    )


def erase(ledger: Ledger, number: str, *, at: datetime) -> Entry:
    """Enter that the file carried under `number` was erased from its medium.

    Raises:
        LedgerError: nothing was carried under that number, or the erasure is entered already.
    """

    def guard(entries: Sequence[Entry]) -> None:
        carries = {line.number: line for line in _register(entries)}
        if number not in carries or carries[number].erased_at:
            reason = "はすでに消去済みです" if number in carries else "の持ち出しがありません"
            msg = (
                f"媒体管理簿に、番号 {number} {reason}。workbench media list で確認してください。何も記録していません。"
            )
            raise LedgerError(msg)

    medium = next((line.medium for line in register(ledger) if line.number == number), "none")
    return ledger.append(
        ERASED,
        actor=ledger.signer.officer if ledger.signer else "",
        purpose="媒体の内容の消去",
        approved_by=None,
        subject={"carry": number, "medium": medium},
        counts={},
        at=at,
        guard=guard,
    )


def register(ledger: Ledger) -> list[Carry]:
    """Return the 媒体管理簿, oldest first."""
    return list(_register(ledger.finished_entries()))


def _register(entries: Sequence[Entry]) -> Iterator[Carry]:
    erased = {entry.subject["carry"]: entry for entry in entries if entry.action == ERASED}
    for entry in (entry for entry in entries if entry.action == CARRIED):
        number, end = str(entry.subject["approval"]), erased.get(entry.subject["approval"])
        yield Carry(
            number=number,
            medium=str(entry.subject["medium"]),
            to=str(entry.subject["to"]),
            carried_at=entry.at,
            carried_by=entry.actor,
            approved_by=entry.approved_by or "",
            purpose=entry.purpose,
            file_sha256=str(entry.subject["file_sha256"]),
            rows=entry.counts["rows"],
            erased_at=end.at if end else "",
            erased_by=end.actor if end else "",
        )
