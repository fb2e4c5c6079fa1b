"""The reconciliation: for each file read = kept + duplicates + quarantined, and why (promise P5)."""

from dataclasses import dataclass

import pyarrow as pa

from workbench.records import TABLES


@dataclass(frozen=True)
class Reason:
    """Why rows were not kept, or were noted: the fault's code, its Japanese title and outcome, and how many rows."""

    code: str
    title: str
    outcome: str  # duplicate | quarantined | noted
    rows: int


@dataclass(frozen=True)
class FileCount:
    """One line of the reconciliation table: read = kept + duplicates + quarantined."""

    file: str
    read: int
    kept: int
    duplicates: int
    quarantined: int
    noted: int
    reasons: tuple[Reason, ...]


def quality_table(files: tuple[FileCount, ...]) -> pa.Table:
    """Return the rows of the snapshot's table `quality`."""
    rows = []
    for line in files:
        rows.append({"source": line.file, "outcome": "read", "reason": "", "rows": line.read})
        rows.append({"source": line.file, "outcome": "kept", "reason": "", "rows": line.kept})
        rows.extend(
            {"source": line.file, "outcome": reason.outcome, "reason": reason.code, "rows": reason.rows}
            for reason in line.reasons
        )
    return pa.Table.from_pylist(rows, schema=TABLES["quality"].schema)
