"""Officers who sign, for tests that need a ledger: their keys come from their names, so each is the same everywhere."""

import hashlib
from datetime import datetime

from workbench import approvals
from workbench.ledger import Ledger
from workbench.signatures import Signer

AT = datetime.fromisoformat("2026-11-04T09:00:00+09:00")


def signer(name):
    return Signer(name, hashlib.sha256(name.encode()).digest())


HANAKO, TARO = signer("勧奨 花子"), signer("課長 太郎")


def introduce(ledger, officer, *, at=AT):
    """Enter another officer's key, signed by the one who opened the ledger."""
    subject = {"key": officer.key, "public_key": officer.public_key}
    facts = {"purpose": "追加", "approved_by": None, "subject": subject, "counts": {}, "at": at}
    return ledger.append("officer_added", actor=ledger.signer.officer, **facts)


def hers(path, officer=HANAKO):
    """Return a ledger as one officer opens it."""
    return Ledger(path, officer)


def approved(ledger, file, *, purpose="MR第2期の勧奨", at=AT, use="letters"):
    """Let the ledger's officer ask, 課長 太郎 agree, and return what `approvals.find` gives."""
    if not any(entry.subject.get("key") == TARO.key for entry in ledger.entries()):
        introduce(ledger, TARO, at=at)
    number = approvals.request(ledger, file, use=use, purpose=purpose, at=at)
    approvals.approve(Ledger(ledger.path, TARO), number, at=at)
    return approvals.find(ledger, number, use=use, at=at)
