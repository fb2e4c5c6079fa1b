"""Ingests in processes of their own that are killed, run out of disk or run at once, and what must hold afterwards."""

import multiprocessing
import os
import resource
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from multiprocessing import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

import pyarrow as pa

from tests.desk import GOOD, PASSPHRASE, SECRETS
from tests.extracts import DOSE, resident, row_of, write_extract
from workbench import keys, snapshot
from workbench.errors import TornLedgerError, WorkbenchError
from workbench.ingest import IngestResult, Job, ingest
from workbench.ledger import Head, Ledger
from workbench.outputs import letter_batch
from workbench.records import TABLES, Pseudonymous
from workbench.settings import Home
from workbench.vault import Vault

AT = datetime(2026, 11, 2, tzinfo=UTC)
KEPT = "XLOTX"  # the lot number in a good dose: it belongs in a snapshot
REFUSED = 7  # exit code of a child whose ingest ended with an error of ours
STEPS = frozenset({"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod"})
BEFORE = {"住民.csv": [resident(1)], "接種記録.csv": [row_of(1, DOSE)]}  # the delivery before the disturbed one

forkserver = multiprocessing.get_context("forkserver")  # forked from a process without threads, its modules loaded
forkserver.set_forkserver_preload(["workbench.ingest", "workbench.keys", "tests.crash"])


@dataclass(frozen=True)
class City:
    """An installation in `base` with one published snapshot, and a second delivery waiting in `extracts`."""

    base: Path

    @property
    def home(self) -> Home:
        """Its folders."""
        return Home(self.base / "var")

    @property
    def extracts(self) -> Path:
        """The delivery that will be disturbed, full of canaries."""
        return self.base / "extracts"

    @property
    def ledger(self) -> Ledger:
        """Its ledger."""
        return Ledger(self.home.registers / "ledger.jsonl")

    def found(self) -> "City":
        """Make keys, publish the first snapshot, write the second delivery."""
        keys.init(self.home.keys, officer="tests", passphrase=PASSPHRASE, at=AT, scrypt_n=keys.MIN_SCRYPT_N)
        write_extract(self.extracts, GOOD)
        self.ingest(0, write_extract(self.base / "before", BEFORE))
        return self

    def ingest(self, minute: int, extracts: Path | None = None) -> IngestResult:
        """Load a delivery in this process."""
        master = keys.unlock(self.home.keys, passphrase=PASSPHRASE)
        at = AT + timedelta(minutes=minute)
        return ingest(Job(extracts or self.extracts, self.home, master, "tests", at))

    def start(self, minute: int = 1, *, die_at: int = 0, file_bytes: int | None = None) -> multiprocessing.Process:
        """Start an ingest in a process of its own: killed at its file operation `die_at`, or with small files only."""
        process = forkserver.Process(target=_work, args=(self.base, minute, die_at, file_bytes))
        process.start()
        return process

    def vault(self, snapshot_id: str) -> Vault:
        """Return the register of a snapshot."""
        return Vault(self.home.vault / snapshot_id, _vault_key(self.home.keys))

    def assert_readable(self, *, since: Head) -> str:
        """Check what a reader sees now: a whole snapshot, its register, the ledger as it was; return its digest."""
        ref = snapshot.current(self.home)
        persons = ref.manifest["tables"]["person"]["rows"]
        with snapshot.open_snapshot(self.home) as connection:
            assert connection.execute("SELECT count(*) FROM person").fetchall() == [(persons,)]
        assert self.vault(ref.id).verify() == persons
        with suppress(TornLedgerError):
            self.ledger.verify(since)
        assert self.leaks() == []
        return ref.manifest["content_digest"]

    def assert_settled(self, *, since: Head) -> None:
        """Check that nothing half is left, and that snapshots, registers, reports and ledger name the same ingests."""
        self.ledger.verify(since)
        entered = {entry.subject["snapshot_id"] for entry in self.ledger.entries() if entry.action == "ingest"}
        left = {path.name for path in self.home.snapshots.iterdir()} - {snapshot.CURRENT, ".ingest.lock"}
        assert left == entered, (sorted(left), sorted(entered))
        assert {path.name for path in self.home.vault.iterdir()} == entered
        assert {path.stem for path in (self.home.registers / "quarantine").iterdir()} == entered
        assert [ref.id for ref in snapshot.published(self.home)] == sorted(entered)

    def leaks(self) -> list[str]:
        """Return the files outside the extracts in which a value of an extract stands in clear."""
        files = (path for path in self.home.root.rglob("*") if path.is_file())
        secrets = [secret.encode() for secret in SECRETS if secret != KEPT]
        return [path.name for path in files if any(secret in path.read_bytes() for secret in secrets)]


@cache
def _vault_key(folder: Path) -> bytes:
    """Unlock once: thousands of looks need it."""
    return keys.unlock(folder, passphrase=PASSPHRASE).derive("vault")


def _work(base: Path, minute: int, die_at: int, file_bytes: int | None) -> None:
    """Run one ingest in this child; a WorkbenchError is an exit code, any other a traceback and 1."""
    city = City(base)
    if file_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python does where it starts, not where it is forked
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, resource.RLIM_INFINITY))
    steps = _count_steps(city.home.root, die_at)
    try:
        city.ingest(minute)
    except WorkbenchError:
        sys.exit(REFUSED)
    (base / "steps").write_text(str(len(steps)), encoding="ascii")


def _count_steps(root: Path, die_at: int) -> list[str]:
    """Note the operations on files of the installation from now on; at the one of that number, die by SIGKILL."""
    steps: list[str] = []

    def step(event: str, arguments: tuple) -> None:
        if event in STEPS and str(arguments[0]).startswith(str(root)):
            steps.append(event)
            if len(steps) == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(step)
    return steps


# ---------------------------------------------------------------- readers beside a publisher, and a batch of letters

ROWS = 2000  # of each generation


def build_generation(home: Home, generation: int) -> None:
    """Publish a snapshot whose every row holds its generation."""
    name = f"g{generation:03d}"
    rows = [{"person_id": generation, "vaccine": "MR", "reason": "declined", "from_on": AT.date(), "until_on": None}]
    table = pa.Table.from_pylist(rows * ROWS, schema=TABLES["exemption"].schema)
    with snapshot.SnapshotBuilder(home, name) as builder:
        builder.load(Pseudonymous("exemption", table.to_batches()))
        builder.finish({"generation": generation})
    snapshot.publish(home, name)


def read_until(root: Path, stop: Event, answers: Queue) -> None:
    """Open the published snapshot over and over, as notebooks do; answer with the generations seen."""
    home, seen, once_more = Home(root), [], True
    while once_more:
        once_more = not stop.is_set()  # read at least once behind the last publication
        ref = snapshot.current(home)
        with snapshot.open_snapshot(home, ref.id) as connection:
            found = connection.execute("SELECT person_id, count(*) FROM exemption GROUP BY ALL").fetchall()
        assert found == [(ref.manifest["generation"], ROWS)]
        seen.append(found[0][0])
    answers.put(seen)


def write_batch(folder: Path, size: int) -> None:
    """Publish a batch of letters that takes long enough to be killed meanwhile."""
    letter_batch._publish(folder, {"list.xlsx": b"sealed", "letters.pdf": bytes(size)})
