"""What an ingest holds around itself: one at a time, no leftovers, and storage errors in plain words.

The entry in the ledger is the point of no return (decision 0027). `PENDING` names the ingest under way from before
its first byte until it is published or removed; whoever finds it there, with the lock in hand, settles it.
"""

import ctypes
import fcntl
import gc
import itertools
import re
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pyarrow as pa

from workbench.errors import StorageError, WorkbenchError
from workbench.ledger import Ledger
from workbench.settings import Home, storage_reason, sync_folder
from workbench.snapshot import BUILDING, CURRENT, MANIFEST, publish, remove_unfinished, replace_whole
from workbench.vault import remove_drafts

LOCK = ".ingest.lock"
PENDING = ".ingest.pending"
ACTION = "ingest"  # of the ledger entry
_ID = re.compile(rb"[0-9]{8}-[0-9]{8}T[0-9]{6}(?:-[0-9]+)?")  # the only names that anything is removed by
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h


def begin(home: Home, name: str) -> None:
    """Note, before its first byte is written, that the ingest `name` is under way.

    Raises:
        LedgerError: the ledger is damaged, so the ingest could not be entered; nothing was written.
    """
    is_entered(home, name)
    replace_whole(home.snapshots / PENDING, name)


def settle(home: Home) -> None:
    """End the ingest that is noted as under way: published if the ledger has it, removed otherwise, and whole.

    Only the holder of the ingest lock may call this. Killed in the midst of it, the next call does the rest.

    Raises:
        LedgerError: the ledger is damaged, so it cannot say; nothing was removed. OSError: a folder cannot be changed.
        StorageError: the note is damaged, so that it names no ingest; nothing was removed.
    """
    note = home.snapshots / PENDING
    if note.exists():
        name = _noted(note)
        if not is_current(home, name):
            if (home.snapshots / name / MANIFEST).exists() and is_entered(home, name):
                publish(home, name)
            else:
                _remove(home, name)
        note.unlink()
        sync_folder(home.snapshots)
    remove_unfinished(home)
    remove_drafts(home.vault)


def _noted(note: Path) -> str:
    content = note.read_bytes().strip()
    if not _ID.fullmatch(content):
        msg = (
            f"途中の取り込みの覚え {note} が壊れています。何も変更していません。"
            "このファイルを控えから戻すか、取り込みが途中でないことを確かめてから削除してください。"
        )
        raise StorageError(msg)
    return content.decode("ascii")


def is_entered(home: Home, name: str) -> bool:
    """Return whether the ledger has the ingest `name`."""
    entries = Ledger(home.ledger).finished_entries()
    return any(entry.action == ACTION and entry.subject.get("snapshot_id") == name for entry in entries)


def report_file(home: Home, name: str) -> Path:
    """Return where the quarantine report of an ingest stands."""
    return home.registers / "quarantine" / f"{name}.csv"


def characters_file(home: Home, name: str) -> Path:
    """Return where the printing side finds which characters its fonts must have after an ingest."""
    return home.registers / "characters" / f"{name}.csv"


def _remove(home: Home, name: str) -> None:
    for folder in (home.snapshots / name, home.snapshots / f"{name}{BUILDING}", home.vault / name):
        if folder.exists():
            shutil.rmtree(folder)
    for file in (report_file(home, name), characters_file(home, name)):
        if file.exists():  # asked first: a volume that may only be read refuses even to remove nothing
            file.unlink()


def free_id(home: Home, name: str) -> str:
    """Return `name`, with a number behind it where a snapshot of the same second has it."""
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return next(name for name in names if not (home.snapshots / name).exists())


def is_current(home: Home, name: str) -> bool:
    """Return whether `name` is published; also True where that cannot be read, so that nothing published is removed."""
    try:
        return (home.snapshots / CURRENT).read_bytes().strip() == name.encode()
    except FileNotFoundError:
        return False
    except OSError:
        return True


@contextmanager
def only_one(home: Home) -> Iterator[None]:
    """Hold the ingest lock, or say that another ingest holds it."""
    with (home.snapshots / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = True
        except BlockingIOError:
            free = False
        if not free:
            msg = "別の取り込みが動いています。終わってからもう一度実行してください。何も変更していません。"
            raise StorageError(msg)
        yield


@contextmanager
def no_cycle_search() -> Iterator[None]:
    """Keep Python from looking for reference cycles among millions of new values, which have none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Have what is freed kept for the next block: giving it back and taking it anew costs an eighth of a load.

    Arrow takes its memory from the C library, which is told to keep it; where that is not glibc, nothing is told.
    """
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        mallopt(_M_TRIM_THRESHOLD, 256 << 20)
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


@contextmanager
def no_core_dump() -> Iterator[None]:
    """Keep the memory of a process that breaks down out of a file: it holds My Numbers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


@contextmanager
def plain_storage_errors(what_stands: str = "公開済みのものは変わっていません。") -> Iterator[None]:
    """Turn storage errors of the operating system and of DuckDB (disk full, no permission) into one Japanese line."""
    reason = None
    try:
        yield
    except WorkbenchError:
        raise
    except OSError as error:
        reason = storage_reason(error)
    except (duckdb.OperationalError, duckdb.FatalException):
        reason = "データベースに書けません"
    if reason:
        msg = f"保存できませんでした（{reason}）。空き容量と権限を確認してください。{what_stands}"
        raise StorageError(msg)
