"""An installation in a folder of its own, filled through the command line as an operator would fill it."""

import contextlib
import io
import re
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from tests.officers import approved
from workbench.settings import Home

CITY = Path(__file__).parents[1] / "data" / "synthetic"
AS_OF = "2026-11-01"  # the day of extraction of the committed city
AT = datetime(2026, 11, 1, tzinfo=UTC)
PASSPHRASE = "a passphrase that only the tests use"
APPROVER_PASSPHRASE = "another passphrase of the tests"
NUMBER = re.compile(r"A\d{8}-[0-9a-f]{6}")
PASSWORD = "Pa55-for-tests"


@dataclass
class Installation:
    """Where everything of one installation is, and every word its commands printed."""

    base: Path
    printed: list[str] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """What WORKBENCH_HOME names."""
        return self.base / "var"

    @property
    def temporary(self) -> Path:
        """Where the programs put what they mean to remove."""
        return self.base / "tmp"

    def environment(self) -> dict[str, str]:
        """Return what a process needs to use this installation and nothing of the account that runs it."""
        return {
            "WORKBENCH_HOME": str(self.home),
            "WORKBENCH_PASSPHRASE_FILE": str(self._secret("passphrase", PASSPHRASE)),
            "JUPYTER_CONFIG_DIR": str(self.base / "jupyter"),
            "IPYTHONDIR": str(self.base / "ipython"),
            "PLOTLY_RENDERER": "plotly_mimetype",
        }

    def run(self, *arguments: str) -> str:
        """Run one command in this process and return what it printed; fail the test when it refuses."""
        from workbench.cli import run  # noqa: PLC0415 - a test of one room need not import the whole house

        text = io.StringIO()
        with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
            code = run(list(arguments))
        self.printed.append(text.getvalue())
        if code:
            msg = f"workbench {' '.join(arguments)} ended with {code}:\n{text.getvalue()}"
            raise AssertionError(msg)
        return text.getvalue()

    def load(self) -> "Installation":
        """Make keys and load the committed city, once."""
        if not (self.home / "snapshots" / "CURRENT").exists():
            with _temporary_folder(self.temporary):
                if not (self.home / "keys").exists():
                    self.run("keys", "init", "--officer", "tests")
                self.run("ingest", "--extracts", str(CITY), "--by", "運用担当")
        return self

    def use_everything(self) -> "Installation":
        """Run the rest of the main job as well: both reports, letters for MR 第2期, the ledger's check."""
        with _temporary_folder(self.temporary):
            self.run("report", "coverage", "-p", f"as_of={AS_OF}")
            self.run("report", "followup", "-p", f"as_of={AS_OF}", "-p", "slot=MR2-1")
            password = self._secret("password", PASSWORD)
            list_file = str(self.reminder_list())
            self.run("letters", list_file, f"--approval={self.approval(list_file)}", f"--password-file={password}")
            self.run("ledger", "verify")
        return self

    def approval(self, list_file: str) -> str:
        """Let the first officer ask and a second one agree; return the number."""
        second = self._secret("approver", APPROVER_PASSPHRASE)
        self.run("keys", "add", "課長", f"--new-passphrase-file={second}")
        asked = self.run("request", list_file, "--purpose=MR第2期の勧奨")
        number = NUMBER.search(asked)[0]
        self.run("approve", number, f"--passphrase-file={second}")
        return number

    def reminder_list(self) -> Path:
        """Return the pseudonymous list that the follow-up report left."""
        return max((self.home / "outputs").rglob("*.csv"), key=lambda path: path.stat().st_mtime)

    def open_register(self) -> pa.Table:
        """Return the register's rows as `vault.reveal` gives them out for the whole city; the protected stay inside."""
        from workbench import keys, ledger, snapshot, vault  # noqa: PLC0415

        current = snapshot.current(Home(self.home))
        with snapshot.open_snapshot(Home(self.home)) as connection:
            person_ids = [row[0] for row in connection.execute("SELECT person_id FROM person").fetchall()]
        master = keys.unlock(self.home / "keys", officer=None, passphrase=PASSPHRASE)
        book = ledger.Ledger(self.base / "ledger-of-the-test.jsonl", master.signer)
        approval = approved(book, Path(__file__), at=AT)
        return (
            vault.Vault(self.home / "vault" / current.id, master.derive("vault"))
            .reveal(
                person_ids,
                approval=approval,
                ledger=book,
                at=AT,
                subject={"snapshot_id": current.id, "list_sha256": approval.file_sha256},
            )
            .rows
        )

    def _secret(self, name: str, words: str) -> Path:
        path = self.base / f"{name}.txt"
        if not path.exists():
            path.write_text(f"{words}\n", encoding="utf-8")
            path.chmod(0o600)
        return path


@contextlib.contextmanager
def _temporary_folder(folder: Path):
    """Send temporary files of this process and its children to `folder`, so that leftovers can be searched."""
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", str(folder))
        yield
