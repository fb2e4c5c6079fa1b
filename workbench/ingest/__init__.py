"""The staircase: extracts -> wall -> vault and snapshot, with no rule of its own.

Reads    a folder of extracts, the derived keys
Writes   vault/<id>/, snapshots/<id>/, registers/quarantine/<id>.csv, one ledger entry; last of all CURRENT
Checks   read = kept + duplicates + quarantined for every file, with `kept` counted in what was written (P5)
Assumes  one ingest at a time (a lock says so); killed at any instant, the last snapshot stands (P7)
"""

import importlib.metadata
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench import schedule
from workbench.door import holds_identities
from workbench.errors import SourceError, StorageError, WallError, WorkbenchError
from workbench.ingest.counts import FileCount, Reason, quality_table
from workbench.ingest.guards import (
    ACTION,
    begin,
    characters_file,
    free_id,
    freed_memory_kept,
    no_core_dump,
    no_cycle_search,
    only_one,
    plain_storage_errors,
    report_file,
    settle,
)
from workbench.keys import MasterKey
from workbench.ledger import Ledger
from workbench.pseudonymize import Progress, Residents, Wall
from workbench.pseudonyms import PseudonymKeys
from workbench.queries.judging import judge_doses
from workbench.records import FORMAT_VERSION, TABLES, Pseudonymous
from workbench.register import build_register
from workbench.settings import Home, make_folder
from workbench.snapshot import SnapshotBuilder, SnapshotRef, current, publish, sync
from workbench.sources import Extract, FaultLog, Source, open_extract
from workbench.vault import REGISTER, Vault

__all__ = ["FileCount", "IngestResult", "Job", "Reason", "ingest"]

REFUSED = "-refused"  # ending of the list of an ingest that its rows stopped
DEFAULT_DOMAIN = "followup"
RULES, JUDGING = "規則の展開", "接種の評価"  # what the progress bars of the last steps are called
PERSON_TABLES = {"exemptions": "exemption", "specials": "special"}
CODE_TABLES = {"districts": "district", "clinics": "clinic"}


@dataclass(frozen=True)
class IngestResult:
    """What one ingest published and what it refused."""

    snapshot: SnapshotRef
    files: tuple[FileCount, ...]
    stripped: dict[str, int]  # column title -> values checked and dropped
    quarantine_report: Path
    ledger_head: str


@dataclass(frozen=True)
class Job:
    """Everything one ingest is told; `at` is the moment it speaks for, read by the command line only."""

    extracts: Path
    home: Home
    master: MasterKey
    actor: str
    at: datetime
    domain: str = DEFAULT_DOMAIN


@holds_identities
def ingest(job: Job, progress: Progress | None = None) -> IngestResult:
    """Load the extracts in `job.extracts` and publish a new snapshot.

    Raises:
        SourceError: a file is refused whole. SnapshotError, WallError: nothing was published.
        StorageError: nothing was published, or it says that it was.
        DefectError: the program went wrong. None of them holds a value, neither in its words nor in its frames.
    """
    make_folder(job.home.snapshots)
    with plain_storage_errors(), only_one(job.home):
        settle(job.home)
        extract = open_extract(job.extracts)
        with no_cycle_search(), no_core_dump(), freed_memory_kept():
            return _Run(job, extract, progress).publish()


class _Run:
    """The steps of one ingest, in order."""

    def __init__(self, job: Job, extract: Extract, progress: Progress | None) -> None:
        self.job = job
        self.extract = extract
        self.progress = progress
        self.log = FaultLog()
        self.id = free_id(job.home, f"{extract.extracted_on:%Y%m%d}-{job.at:%Y%m%dT%H%M%S}")
        self.kept: dict[str, int] = {}
        keys = PseudonymKeys(
            job.domain,
            person=job.master.derive(f"pseudonym:{job.domain}"),
            household=job.master.derive(f"household:{job.domain}"),
        )
        self.wall = Wall(keys, extracted_on=extract.extracted_on, log=self.log, progress=progress)

    def publish(self) -> IngestResult:
        """Build, enter in the ledger, point to it; what is not in the ledger then is removed.

        Raises:
            StorageError: a step behind the entry failed, so that it is published all the same.
        """
        failure: OSError | WorkbenchError
        try:
            begin(self.job.home, self.id)
            return self._build_and_publish()
        except (OSError, WorkbenchError) as error:
            failure = error
        finally:
            with suppress(OSError, WorkbenchError):  # then the next ingest settles it
                settle(self.job.home)
        with suppress(OSError, WorkbenchError):
            if current(self.job.home).id == self.id:
                msg = (
                    f"スナップショット {self.id} は公開し、台帳にも記録しましたが、最後の保存で失敗しました。"
                    "空き容量と権限を確認してください。取り込みをやり直す必要はありません。"
                )
                failure = StorageError(msg)
        raise failure

    def _build_and_publish(self) -> IngestResult:
        residents = self._residents()
        with SnapshotBuilder(self.job.home, self.id) as builder, ThreadPoolExecutor(1) as beside:
            self._load(builder, residents)
            vault = Vault(self.job.home.vault / self.id, self.job.master.derive("vault"))
            written = beside.submit(vault.write, self._register(residents))
            files = self._reconcile(builder)
            self._load_origin(builder, files)
            self._apply_law(builder)
            written.result()
            ref = builder.finish(self._facts(files))
        report = self._report()
        entry = self._enter(ref, files)
        publish(self.job.home, self.id)
        return IngestResult(ref, files, dict(self.wall.stripped), report, entry)

    def _residents(self) -> Residents:
        source = self.extract.source("residents")
        residents = self.wall.admit_residents(source)
        self.kept[source.file] = len(residents.person_ids)
        return residents

    def _load(self, builder: SnapshotBuilder, residents: Residents) -> None:
        """Stream every table but the residents' identities into the snapshot."""
        builder.load(residents.persons)
        for doses in self.extract.feeding("doses"):
            self._load_table(builder, doses.file, self.wall.doses(doses, residents))
        for name, table in PERSON_TABLES.items():
            for source in self.extract.feeding(name):
                self._load_table(builder, source.file, self.wall.rows(table, source, residents))
        for name, table in CODE_TABLES.items():
            source = self.extract.source(name)
            if source is not None:
                self._load_table(builder, source.file, self.wall.codes(table, source))

    def _load_table(self, builder: SnapshotBuilder, file: str, rows: Pseudonymous) -> None:
        before = builder.row_count(rows.table)
        builder.load(rows)
        duplicates = builder.drop_duplicates(rows.table)
        self.wall.counts[file].duplicates += duplicates
        self.kept[file] = builder.row_count(rows.table) - before

    def _register(self, residents: Residents) -> pa.Table:
        """Join the identities with 送付先 and 支援措置, for the vault."""
        delivery, protection = self.extract.source("deliveries"), self.extract.source("protections")
        deliveries = self.wall.identified_rows(delivery, residents) if delivery else None
        protected, kept = self._protected(protection, residents)
        if delivery:
            self.kept[delivery.file] = 0 if deliveries is None else len(deliveries)
        self.kept[protection.file] = kept
        table = build_register(residents.identified, deliveries, protected, as_of=self.extract.extracted_on)
        names = pc.fill_null(table["name"], "")  # noted as missing_name
        table = table.set_column(table.column_names.index("name"), "name", names)
        return table.select(REGISTER.names).cast(REGISTER)

    def _protected(self, source: Source, residents: Residents) -> tuple[np.ndarray, int]:
        """Return who is protected; where that cannot be known, the list of what was wrong is all that is written."""
        try:
            return self.wall.protected_persons(source, residents)
        except SourceError as error:
            msg = f"{error}保留の一覧: {self._report(REFUSED)}"
        raise SourceError(msg)

    def _reconcile(self, builder: SnapshotBuilder) -> tuple[FileCount, ...]:
        """Count what was read against what was written; a difference is a defect and stops the ingest."""
        if builder.row_count("person") != self.kept[self.extract.source("residents").file]:
            msg = "住民の件数が合いません。何も公開していません。"
            raise WallError(msg)
        if self.wall.counts.keys() != {source.file for source in self.extract.sources.values()}:
            msg = "読んでいないファイルがあります。何も公開していません。"
            raise WallError(msg)
        counted = []
        for file, count in self.wall.counts.items():
            reasons = {code: rows for (name, code), rows in self.log.counts().items() if name == file}
            if count.duplicates:
                reasons["duplicate_row"] = count.duplicates
            line = FileCount(
                file=file,
                read=count.read,
                kept=self.kept[file],
                duplicates=count.duplicates,
                quarantined=self.log.quarantined(file),
                noted=self.log.noted(file),
                reasons=tuple(self._reason(code, rows) for code, rows in sorted(reasons.items())),
            )
            if line.read != line.kept + line.duplicates + line.quarantined:
                msg = f"{file}: 読込行数と、取込・重複・保留の合計が合いません。何も公開していません。"
                raise WallError(msg)
            counted.append(line)
        return tuple(counted)

    def _reason(self, code: str, rows: int) -> Reason:
        known = self.log.fault(code)
        return Reason(code, known.title, known.outcome, rows)

    def _load_origin(self, builder: SnapshotBuilder, files: tuple[FileCount, ...]) -> None:
        about = self._about(schedule.load().rule_version)
        builder.load_rules("quality", quality_table(files))
        builder.load_rules("about", pa.Table.from_pylist([about], schema=TABLES["about"].schema))

    def _apply_law(self, builder: SnapshotBuilder) -> None:
        """Expand the statute for the days that occur, then judge every dose by it."""
        self._hear(RULES, 0)
        tables = schedule.load().tables(
            builder.distinct_days("person", "birth_date"),
            builder.distinct_days("dose", "given_on"),
            builder.special_reasons(),
            builder.birth_spans(),
        )
        for name, table in tables.items():
            builder.load_rules(name, table)
        self._hear(RULES, sum(table.num_rows for table in tables.values()))
        self._hear(JUDGING, 0)
        builder.derive(partial(judge_doses, progress=partial(self._hear, JUDGING)))

    def _hear(self, step: str, rows: int) -> None:
        if self.progress:
            self.progress(step, rows, rows)

    def _about(self, rule_version: str) -> dict[str, object]:
        return {
            "snapshot_id": self.id,
            "extracted_on": self.extract.extracted_on,
            "municipality_code": self.extract.municipality_code,
            "domain": self.job.domain,
            "rule_version": rule_version,
            "code_version": importlib.metadata.version("workbench"),
            "format_version": FORMAT_VERSION,
        }

    def _facts(self, files: tuple[FileCount, ...]) -> dict[str, object]:
        about = self._about(schedule.load().rule_version)
        about["extracted_on"] = self.extract.extracted_on.isoformat()
        return about | {"built_at": self.job.at.isoformat(), "rows_read": {line.file: line.read for line in files}}

    def _report(self, ending: str = "") -> Path:
        """Write the quarantine report: file, line, column, reason; never a value."""
        path = report_file(self.job.home, f"{self.id}{ending}")
        make_folder(path.parent)
        self.log.write_csv(path)
        path.chmod(0o600)
        _make_durable(path)
        characters = characters_file(self.job.home, self.id)
        make_folder(characters.parent)
        if self.log.write_characters(characters):
            characters.chmod(0o600)
            _make_durable(characters)
        return path

    def _enter(self, ref: SnapshotRef, files: tuple[FileCount, ...]) -> str:
        make_folder(self.job.home.registers)
        entry = Ledger(self.job.home.ledger, self.job.master.signer).append(
            ACTION,
            actor=self.job.actor,
            purpose="予防接種の分析と勧奨のための取り込み",
            approved_by=None,
            subject={"snapshot_id": ref.id, "manifest_sha256": ref.manifest["manifest_sha256"]},
            counts={
                "read": sum(line.read for line in files),
                "kept": sum(line.kept for line in files),
                "duplicates": sum(line.duplicates for line in files),
                "quarantined": sum(line.quarantined for line in files),
            },
            at=self.job.at,
        )
        return entry.hash


def _make_durable(path: Path) -> None:
    """Have a report on disk before the ledger says that its ingest is done."""
    for one in (path, path.parent):
        sync(one)
