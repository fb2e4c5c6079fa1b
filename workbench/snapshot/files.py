"""Files that are whole or not there: a snapshot's names, the manifest's form, digests, writing through to the disk."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BUILDING = ".building"
DATABASE = "analytics.duckdb"
MANIFEST = "manifest.json"
READERS = 0o640  # of what analysts read: on a server their group has the folder `snapshots` (docs/server.md)


@dataclass(frozen=True)
class SnapshotRef:
    """A published snapshot: its name, where it is and what its manifest says."""

    id: str
    folder: Path
    manifest: dict[str, Any]

    @property
    def database(self) -> Path:
        """The DuckDB file; open it through `open_snapshot`."""
        return self.folder / DATABASE


def replace_whole(path: Path, line: str) -> None:
    """Write a file of one line that readers see either as it was or as it will be, even across a kill."""
    draft = path.with_name(f"{path.name}{BUILDING}")
    draft.write_text(f"{line}\n", encoding="ascii")
    draft.chmod(READERS)
    sync(draft)
    draft.replace(path)
    sync(path.parent)


def manifest_bytes(manifest: dict[str, Any]) -> bytes:
    """Return the only form in which a manifest may stand in its file."""
    return (json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def digest_of(value: object) -> str:
    """Return the digest of a JSON value."""
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Force a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
