"""What an ingest holds around itself: one at a time, no leftovers, and storage errors in plain words."""

import fcntl
import gc
import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from workbench.errors import StorageError, WorkbenchError
from workbench.settings import Home, storage_reason
from workbench.snapshot import CURRENT, MANIFEST, remove_unfinished

LOCK = ".ingest.lock"


def remove_leftovers(home: Home) -> None:
    """Delete what a killed ingest left: an unfinished snapshot, and a register whose snapshot was never finished."""
    remove_unfinished(home)
    finished = {path.parent.name for path in home.snapshots.glob(f"*/{MANIFEST}")}
    for folder in home.vault.glob("*"):
        if folder.is_dir() and folder.name not in finished:
            shutil.rmtree(folder)


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
def plain_storage_errors() -> Iterator[None]:
    """Turn storage errors of the operating system and of DuckDB (disk full, no permission) into one Japanese line."""
    reason = None
    try:
        yield
    except WorkbenchError:
        raise
    except OSError as error:
        reason = storage_reason(error)
    except (duckdb.IOException, duckdb.FatalException, duckdb.OutOfMemoryException):
        reason = "データベースに書けません"
    if reason:
        msg = f"保存できませんでした（{reason}）。空き容量と権限を確認してください。公開済みのものは変わっていません。"
        raise StorageError(msg)
