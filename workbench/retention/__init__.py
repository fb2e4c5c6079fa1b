"""What has expired goes, and the ledger says what went: the deletion register is the ledger, which is never deleted.

Reads    the rules, the folders of snapshots, vault, outputs and quarantine reports
Writes   one ledger entry for each thing, before it is removed
Checks   a rule that nobody confirmed deletes nothing; what is published stays; a thing without a date stays
Assumes  one writer of snapshots at a time (the ingest's lock), reports and letters beside it; killed half way, the next
         run goes on
"""

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path, PurePath

from workbench.ingest.guards import is_current, only_one, plain_storage_errors
from workbench.ledger import Entry, Ledger
from workbench.retention.rules import KEPT_HERE, Rule, in_force, load_rules
from workbench.settings import Home, make_folder
from workbench.snapshot import BUILDING

__all__ = ["Applied", "Item", "Rule", "apply", "deletions", "load_rules", "plan", "unruled", "unseen"]

DELETED = "retention_deleted"
_DAY = re.compile(r"\d{8}")
_PLACES = {
    "snapshot": ("snapshots", "[0-9]*"),
    "vault": ("vault", "[0-9]*"),
    "report": ("outputs", "reports/*/[0-9]*"),
    "restricted": ("restricted", "L[0-9]*"),
    "quarantine": ("registers", "*/[0-9]*.csv"),  # the list of refused rows, and of characters beside it
}


@dataclass(frozen=True)
class Item:
    """One thing that is kept: a snapshot, a register, a report, a batch of letters, a list of refused rows."""

    record_class: str
    path: Path
    day: date
    rule: Rule
    last_day: date | None
    expired: bool
    published: bool

    @property
    def goes(self) -> bool:
        """Whether `apply` removes it."""
        return self.expired and self.rule.confirmed and not self.published


@dataclass(frozen=True)
class Applied:
    """What one run removed, and what it could not: the folder of another account, a disk that may only be read."""

    removed: list[Item]
    stuck: list[Path]


def plan(home: Home, rules: tuple[Rule, ...], *, as_of: date) -> list[Item]:
    """Return everything that is kept here, with the rule in force on `as_of` and whether its time is over."""
    return [item for name in KEPT_HERE if (rule := in_force(rules, name, as_of)) for item in _items(home, rule, as_of)]


def apply(home: Home, rules: tuple[Rule, ...], ledger: Ledger, *, at: datetime) -> Applied:
    """Remove what has expired under a confirmed rule, each thing behind its entry; what cannot go stops no other.

    Raises:
        LedgerError: an entry cannot be made; what it was for stays.
        StorageError: the disk refuses what the account may do; the next run finishes it.
    """
    make_folder(home.snapshots)
    with plain_storage_errors(), only_one(home):
        applied = Applied([], _finish_removals(home))
        for item in plan(home, rules, as_of=at.date()):
            if item.goes:
                if not _may_remove(item.path):  # asked first: the register names nothing that is still there
                    applied.stuck.append(item.path)
                    continue
                _enter(item, ledger, at)
                _remove(item.path)
                applied.removed.append(item)
    return applied


def unruled(rules: tuple[Rule, ...], as_of: date) -> list[str]:
    """Return the record classes for which no rule is in force: nothing of theirs is planned or removed."""
    return [name for name in KEPT_HERE if in_force(rules, name, as_of) is None]


def unseen(home: Home) -> list[Path]:
    """Return the folders that this account may not look into: what is kept there is in no plan."""
    return sorted({folder for place in _PLACES.values() for folder in _closed(getattr(home, place[0]), place[1])})


def deletions(ledger: Ledger) -> Iterator[Entry]:
    """Yield the deletion register."""
    return (entry for entry in ledger.entries() if entry.action == DELETED)


def _items(home: Home, rule: Rule, as_of: date) -> Iterator[Item]:
    folder, pattern = _PLACES[rule.record_class]
    for path in sorted(getattr(home, folder).glob(pattern)):
        day = _day_of(path.name)
        if day is None or path.name.endswith(BUILDING):
            continue
        last = rule.last_day(day)
        published = rule.record_class in ("snapshot", "vault") and is_current(home, path.name)
        yield Item(rule.record_class, path, day, rule, last, last is not None and last < as_of, published)


def _closed(base: Path, pattern: str) -> Iterator[Path]:
    """Yield the folders in which `pattern` would be looked for, and cannot."""
    above = [str(parent) for parent in PurePath(pattern).parents if parent.parts]
    for folder in (base, *(found for level in above for found in base.glob(level))):
        try:
            if folder.is_dir():
                next(folder.iterdir(), None)
        except OSError:
            yield folder


def _day_of(name: str) -> date | None:
    """Return the day a name begins with (behind an L), such as 20261101-20261104T090000; None where there is none."""
    match = _DAY.match(name.removeprefix("L"))
    with suppress(ValueError):
        return date.fromisoformat(match[0]) if match else None
    return None


def _enter(item: Item, ledger: Ledger, at: datetime) -> None:
    files = [item.path] if item.path.is_file() else sorted(path for path in item.path.rglob("*") if path.is_file())
    ledger.append(
        DELETED,
        actor=ledger.signer.officer if ledger.signer else "",
        purpose=f"保存期間の満了による削除: {item.rule.title}（{item.rule.basis}）",
        approved_by=None,
        subject={
            "record_class": item.record_class,
            "item": item.path.name,
            "content_sha256": _digest(item.path, files),
            "kept_until": f"{item.last_day}",
            "rule_effective_from": f"{item.rule.effective_from}",
        },
        counts={"files": len(files), "kilobytes": sum(path.stat().st_size for path in files) // 1000},
        at=at,
    )


def _digest(base: Path, files: list[Path]) -> str:
    whole = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            whole.update(f"{path.relative_to(base)} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()


def _finish_removals(home: Home) -> list[Path]:
    """Remove what a killed run had renamed and entered already; return what cannot be removed."""
    places = ((getattr(home, folder), str(_going(PurePath(pattern)))) for folder, pattern in _PLACES.values())
    left = [path for folder, pattern in places for path in folder.glob(pattern)]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return [path for path in left if path.exists()]


def _going(path: PurePath) -> PurePath:
    """Return the name under which a thing is removed: no reader opens it, and no report under way is called so."""
    return path.with_name(f".{path.name}{BUILDING}")


def _may_remove(path: Path) -> bool:
    """Say whether this account may read and remove all of it: what it cannot look into it cannot enter either."""
    inside = [path, *path.rglob("*")]
    needed = {True: os.R_OK | os.W_OK | os.X_OK, False: os.R_OK}  # of a folder, of a file
    if not all(os.access(one, needed[one.is_dir()], effective_ids=True) for one in (path.parent, *inside)):
        return False
    above = path.parent.stat()
    owners = (0, above.st_uid, path.stat().st_uid)
    return not above.st_mode & stat.S_ISVTX or os.geteuid() in owners


def _remove(path: Path) -> None:
    """Remove a file, or a folder: under another name first, so that nobody opens half of it."""
    if path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path.rename(_going(path)))
