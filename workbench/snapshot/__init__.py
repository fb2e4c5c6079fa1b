"""Immutable DuckDB snapshots: build, publish, open read-only.

A snapshot is a folder `<id>/` with `analytics.duckdb` and `manifest.json`. It is built under another name,
checked, synced and renamed; `CURRENT` (one line, the id) is replaced atomically (promise P7). A published file
is never written again, and a new generation always has a new name, because DuckDB caches an open file by path.
"""

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from workbench.errors import NoSnapshotError, SnapshotError
from workbench.records import FORMAT_VERSION
from workbench.sandbox import open_shut
from workbench.settings import Home, find_home
from workbench.snapshot.building import DERIVED_TABLES, ORIGIN_TABLES, RULE_TABLES, SnapshotBuilder
from workbench.snapshot.files import (
    BUILDING,
    DATABASE,
    MANIFEST,
    SnapshotRef,
    digest_of,
    manifest_bytes,
    replace_whole,
    sync,
)

__all__ = [
    "BUILDING",
    "CURRENT",
    "DATABASE",
    "DERIVED_TABLES",
    "MANIFEST",
    "ORIGIN_TABLES",
    "RULE_TABLES",
    "SnapshotBuilder",
    "SnapshotRef",
    "current",
    "open_snapshot",
    "publish",
    "published",
    "remove_unfinished",
    "replace_whole",
    "sync",
]

CURRENT = "CURRENT"


def publish(home: Home, snapshot_id: str) -> None:
    """Make a finished snapshot the current one: one atomic replacement of the pointer."""
    replace_whole(home.snapshots / CURRENT, snapshot_id)


def current(home: Home, snapshot_id: str | None = None) -> SnapshotRef:
    """Return the current snapshot, or the one named; its manifest is checked against its own digest.

    Raises:
        NoSnapshotError: nothing was published yet, or no snapshot has that name.
        SnapshotError: the manifest is damaged, or of another format.
    """
    pointer = home.snapshots / CURRENT
    if snapshot_id is None and not pointer.exists():
        msg = f"公開されたスナップショットが {home.snapshots} にまだありません。workbench ingest を実行してください。"
        raise NoSnapshotError(msg)
    name = snapshot_id or pointer.read_text(encoding="ascii", errors="replace").removesuffix("\n")
    folder = home.snapshots / name
    if Path(name).name != name or not (folder / MANIFEST).exists():
        msg = (
            f"スナップショット {name} が {home.snapshots} にありません。workbench snapshots で一覧を確認してください。"
        )
        raise NoSnapshotError(msg)
    return SnapshotRef(name, folder, _read_manifest(folder / MANIFEST))


def published(home: Home) -> list[SnapshotRef]:
    """Return every complete snapshot of this format, oldest first; those of another version's can only stay or go.

    Raises:
        SnapshotError: a manifest is damaged.
    """
    paths = sorted(path for path in home.snapshots.glob(f"*/{MANIFEST}") if not path.parent.name.endswith(BUILDING))
    manifests = [(path.parent, _sound_manifest(path)) for path in paths]
    return [SnapshotRef(f.name, f, manifest) for f, manifest in manifests if _is_of_this_format(manifest)]


def open_snapshot(home: Home | None = None, snapshot_id: str | None = None) -> duckdb.DuckDBPyConnection:
    """Open the current (or the named) snapshot for reading.

    The connection cannot write, read or attach another file, load an extension or change its configuration.
    """
    ref = current(home or find_home(), snapshot_id)
    with suppress(duckdb.Error):
        return open_shut(ref.database)
    msg = f"{ref.database} を開けません。別のスナップショットを使うか、取り込みをやり直してください。"
    raise SnapshotError(msg)


def remove_unfinished(home: Home) -> list[str]:
    """Delete what a killed build left behind; only the holder of the ingest lock may call this."""
    leftovers = sorted(home.snapshots.glob(f"*{BUILDING}"))
    for path in leftovers:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return [path.name for path in leftovers]


def _read_manifest(path: Path) -> dict[str, Any]:
    manifest = _sound_manifest(path)
    if not _is_of_this_format(manifest):
        msg = f"{path} は別の形式の版です。この版の workbench ingest で取り込み直してください。"
        raise SnapshotError(msg)
    return manifest


def _is_of_this_format(manifest: dict[str, Any]) -> bool:
    return manifest["format_version"] == FORMAT_VERSION


def _sound_manifest(path: Path) -> dict[str, Any]:
    """Return a manifest that is as it was written, whatever its format."""
    try:
        content = path.read_bytes()
        manifest = json.loads(content)
        whole = manifest_bytes(manifest) == content  # a changed space is a change too
        stated = manifest.pop("manifest_sha256")
        sound = whole and stated == digest_of(manifest)
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        sound = False
    if not sound:
        msg = f"{path} が壊れています。別のスナップショットを使うか、取り込みをやり直してください。"
        raise SnapshotError(msg)
    return manifest
