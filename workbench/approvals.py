"""Two persons for one use of identities: one officer asks, another agrees, and the ledger holds both signatures.

An approval names one file by its hash and one use, is good until a day, and only once. It is nothing but ledger
entries: `approval_requested`, `approved`, and whichever entry uses it. Nobody can type one. Promise P4.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from workbench.errors import ApprovalError
from workbench.ledger import Entry, Ledger
from workbench.ledger.entry import REMOVED
from workbench.signatures import as_spoken

REQUESTED, APPROVED = "approval_requested", "approved"
USES = {"letters": "手紙と宛名の一覧", "media": "媒体での持ち出し"}
NUMBER = re.compile(r"A\d{8}-[0-9a-f]{6}")
VALID_DAYS = 7
CLOSED = "個人情報は開いていません。"


@dataclass(frozen=True)
class Approval:
    """Why identities are used, who asks, and who else agreed; for which file, and under which number.

    One that is not in the ledger opens nothing.

    Raises:
        ApprovalError: a part is empty, or the same person asks and approves.
    """

    purpose: str
    requested_by: str
    approved_by: str
    number: str = ""
    file_sha256: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no approval, so that none can be handed on."""
        parts = {"目的": self.purpose, "申請者": self.requested_by, "承認者": self.approved_by}
        missing = [title for title, text in parts.items() if not isinstance(text, str) or not text.strip()]
        if missing:
            msg = f"{'・'.join(missing)}がありません。指定してもう一度実行してください。{CLOSED}"
            raise ApprovalError(msg)
        if as_spoken(self.requested_by) == as_spoken(self.approved_by):
            msg = f"申請者と承認者が同じ人です。ほかの担当者の承認を受けてください。{CLOSED}"
            raise ApprovalError(msg)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, by which an approval names it.

    Raises:
        ApprovalError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        pass
    msg = f"ファイル {path.name} を読めません。場所と権限を確認してください。何も記録していません。"
    raise ApprovalError(msg)


def row_count(path: Path) -> int:
    """Return the lines of a text table below its header, such as the persons of a list; 0 of anything else."""
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        return 0
    with path.open("rb") as content:
        return max(0, sum(1 for line in content if line.strip()) - 1)


def request(ledger: Ledger, file: Path, *, use: str, purpose: str, at: datetime) -> str:
    """Ask for approval of one use of `file`; return the number under which another officer approves it.

    Raises:
        ApprovalError: the file cannot be read. LedgerError: the request cannot be entered.
    """
    number = f"A{at:%Y%m%d}-{secrets.token_hex(3)}"
    ledger.append(
        REQUESTED,
        actor=_officer(ledger),
        purpose=purpose,
        approved_by=None,
        subject={"approval": number, "use": use, "file_sha256": file_digest(file)},
        counts={"rows": row_count(file)},
        at=at,
    )
    return number


def approve(ledger: Ledger, number: str, *, at: datetime, days: int = VALID_DAYS) -> datetime:
    """Agree, as another officer than the one who asked; return the moment until which the approval may be used.

    Raises:
        ApprovalError: there is no such request, it is one's own, or it was approved already; nothing was entered.
    """
    asked = requested(ledger, number)
    until = at + timedelta(days=days)
    facts = {name: asked.subject[name] for name in ("approval", "use", "file_sha256")}

    def guard(entries: Sequence[Entry]) -> None:
        _check_approver(_found(entries, REQUESTED, number), ledger)
        if _found(entries, APPROVED, number, missing_is_fine=True):
            msg = f"承認番号 {number} はすでに承認されています。何も記録していません。"
            raise ApprovalError(msg)

    ledger.append(
        APPROVED,
        actor=_officer(ledger),
        purpose=asked.purpose,
        approved_by=_officer(ledger),
        subject=facts | {"until": until.isoformat(timespec="seconds")},
        counts=asked.counts,
        at=at,
        guard=guard,
    )
    return until


def requested(ledger: Ledger, number: str) -> Entry:
    """Return the entry of a request, for the approver to read.

    Raises:
        ApprovalError: there is none.
    """
    return _found(ledger.finished_entries(), REQUESTED, number)


def find(ledger: Ledger, number: str, *, use: str, at: datetime) -> Approval:
    """Return the approval of this number, if the officer who opened the ledger may use it now.

    Raises:
        ApprovalError: it is unknown, not given yet, over, used already, for another use or for another officer.
    """
    return checked(ledger.finished_entries(), number, ledger=ledger, use=use, at=at)


def checked(entries: Sequence[Entry], number: str, *, ledger: Ledger, use: str, at: datetime) -> Approval:
    """Return the approval as `find` does, from entries read before: for a guard, so that it can be used only once."""
    asked = _found(entries, REQUESTED, number)
    given = _found(entries, APPROVED, number, missing_is_fine=True)
    reasons = {
        "はまだ承認されていません。ほかの担当者が workbench approve で承認してください": given is None,
        "は別の担当者の申請です。申請した担当者が実行してください": _is_other(asked, ledger),
        "は別の使いみちの承認です。申請からやり直してください": asked.subject.get("use") != use,
        "はすでに使われています。申請からやり直してください": _is_used(entries, number),
        "は期限が過ぎています。申請からやり直してください": given is not None and not _is_open(given, at),
        "は申請者と承認者が同じ担当者です。ほかの担当者の承認を受けてください": given is not None
        and given.signer == asked.signer,
        "を承認した担当者は登録から外されています。申請からやり直してください": _is_revoked(entries, given),
    }
    if found := [reason for reason, applies in reasons.items() if applies]:
        msg = f"承認番号 {number} {found[0]}。{CLOSED}"
        raise ApprovalError(msg)
    return Approval(
        purpose=asked.purpose,
        requested_by=asked.actor,
        approved_by=given.actor,
        number=number,
        file_sha256=str(asked.subject["file_sha256"]),
    )


def _found(entries: Sequence[Entry], action: str, number: str, *, missing_is_fine: bool = False) -> Entry | None:
    found = next((e for e in entries if e.action == action and e.subject.get("approval") == number), None)
    if found or missing_is_fine:
        return found
    shown = f" {number} " if NUMBER.fullmatch(number) else ""  # whatever else was typed is not repeated
    msg = f"承認番号{shown}の申請が台帳にありません。番号を確認してください。{CLOSED}"
    raise ApprovalError(msg)


def _check_approver(asked: Entry, ledger: Ledger) -> None:
    if not _is_other(asked, ledger) or as_spoken(asked.actor) == as_spoken(_officer(ledger)):
        msg = f"申請した本人は承認できません。ほかの担当者が承認してください。何も記録していません。{CLOSED}"
        raise ApprovalError(msg)


def _is_other(asked: Entry, ledger: Ledger) -> bool:
    return ledger.signer is None or asked.signer != ledger.signer.key


def _is_used(entries: Sequence[Entry], number: str) -> bool:
    return any(e.subject.get("approval") == number and e.action not in (REQUESTED, APPROVED) for e in entries)


def _is_revoked(entries: Sequence[Entry], given: Entry | None) -> bool:
    return given is not None and any(e.action == REMOVED and e.subject.get("key") == given.signer for e in entries)


def _is_open(given: Entry, at: datetime) -> bool:
    if at.utcoffset() is None:
        return False
    return datetime.fromisoformat(given.at) <= at <= datetime.fromisoformat(str(given.subject["until"]))


def _officer(ledger: Ledger) -> str:
    return ledger.signer.officer if ledger.signer else ""
