"""A clerk at the command line: an installation of her own, what she enters, and what the program answers."""

import contextlib
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.extracts import (
    DELIVERY,
    DESIGNATED,
    DOSE,
    EXEMPTION,
    MY_NUMBERS,
    PREGNANCY,
    PROTECTION,
    SPECIAL,
    resident,
    row_of,
    write_extract,
)
from workbench import keys, snapshot
from workbench.settings import Home

PASSPHRASE = "a passphrase that only the tests use"
APPROVER_PASSPHRASE = "another passphrase of the tests"
NUMBER = re.compile(r"A\d{8}-[0-9a-f]{6}")
LOCK = ".ingest.lock"

# Values that must never come back out of the program; all of them stand in good rows.
CANARIES = {"氏名": "金糸雀 鳥子", "氏名カナ": "カナリア トリコ", "住所": "秘密町九丁目", "電話番号": "0999-77-7777"}
SECRETS = (*CANARIES.values(), *MY_NUMBERS, "12345678901", "000000000000001", "XLOTX", PASSPHRASE, APPROVER_PASSPHRASE)

GOOD = {
    "住民.csv": [resident(1, **CANARIES), resident(2), resident(3)],
    "接種記録.csv": [row_of(1, DOSE, ロット番号="XLOTX"), row_of(2, DOSE)],
    "対象外事由.csv": [row_of(2, EXEMPTION)],
    "送付先.csv": [row_of(1, DELIVERY)],
    "支援措置.csv": [row_of(3, PROTECTION)],
    "長期療養特例.csv": [row_of(1, SPECIAL)],
    "妊娠届.csv": [row_of(2, PREGNANCY)],
    "特別対象者.csv": [row_of(1, DESIGNATED)],
}


@dataclass(frozen=True)
class Answer:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def printed(self) -> str:
        """Every word on the screen."""
        return self.out + self.err

    @property
    def lines(self) -> list[str]:
        """The lines on standard error that are not blank."""
        return [line for line in self.err.splitlines() if line.strip()]


class Desk:
    """One installation in `base`, and its command line."""

    def __init__(self, base: Path) -> None:
        """Nothing is made yet."""
        self.base = base
        self.home = Home(base / "var")
        self.passphrase_file = self.secret("passphrase.txt", PASSPHRASE)

    def secret(self, name: str, words: str) -> Path:
        """Write a file that only its owner may read."""
        path = self.base / name
        path.write_text(f"{words}\n", encoding="utf-8")
        path.chmod(0o600)
        return path

    def enter(self, *arguments: object, **environment: str) -> Answer:
        """Run one command in this process."""
        from workbench.cli import run  # noqa: PLC0415 - the other tests need not import the whole house

        out, err = io.StringIO(), io.StringIO()
        own = {"WORKBENCH_HOME": str(self.home.root), "WORKBENCH_PASSPHRASE_FILE": str(self.passphrase_file)}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (own | environment).items():
                patch.setenv(name, value)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = run([str(argument) for argument in arguments])
        return Answer(code, out.getvalue(), err.getvalue())

    def make_keys(self) -> "Desk":
        """Make keys as `keys init` does, with the cheapest scrypt that is let in."""
        at = datetime(2026, 11, 1, tzinfo=UTC)
        keys.init(self.home.keys, officer="担当者", passphrase=PASSPHRASE, at=at, scrypt_n=keys.MIN_SCRYPT_N)
        return self

    def deliver(self, files: dict | None = None, **options: str) -> Path:
        """Write a complete delivery of extracts, a good one by default."""
        return write_extract(self.base / "extracts", GOOD if files is None else files, **options)

    def ingest(self, extracts: Path | None = None) -> Answer:
        """Load a delivery."""
        return self.enter("ingest", "--extracts", extracts or self.deliver(), "--by", "運用担当")

    def second_officer(self) -> Path:
        """Return the passphrase file of 課長, authorised when first asked for."""
        file = self.secret("approver.txt", APPROVER_PASSPHRASE)
        if "課長" not in [officer.name for officer in keys.status(self.home.keys).officers]:
            from workbench.cli.keyring import add_officer  # noqa: PLC0415 - as `keys add`, with cheap scrypt

            master = keys.unlock(self.home.keys, passphrase=PASSPHRASE)
            new = {"officer": "課長", "passphrase": APPROVER_PASSPHRASE, "scrypt_n": keys.MIN_SCRYPT_N}
            add_officer(self.home, master, at=datetime(2026, 11, 1, tzinfo=UTC), **new)
        return file

    def approval(self, file: Path, *more: object) -> str:
        """Let the first officer ask for leave to use `file`, and 課長 agree; return the number."""
        second = self.second_officer()
        number = NUMBER.search(self.enter("request", file, "--purpose", "MR第2期の勧奨", *more).out)[0]
        assert self.enter("approve", number, "--passphrase-file", second).code == 0
        return number

    def persons(self) -> int:
        """Open the published snapshot and count."""
        with snapshot.open_snapshot(self.home) as connection:
            return connection.execute("SELECT count(*) FROM person").fetchall()[0][0]

    def state(self) -> dict[str, str]:
        """Return every file of the installation with its digest: equal states, nothing changed."""
        return {
            str(path.relative_to(self.home.root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.home.root.rglob("*"))
            if path.is_file() and path.name != LOCK
        }

    def leaks(self, *texts: str) -> list[str]:
        """Return the secrets that stand in `texts` or in a quarantine report."""
        reports = (path.read_text(encoding="utf-8") for path in self.home.registers.glob("quarantine/*"))
        written = "\n".join((*texts, *reports))
        return [secret for secret in SECRETS if secret in written]


@contextlib.contextmanager
def spoiled(path: Path, change: Callable[[bytes], bytes]) -> Iterator[None]:
    """Change a file of the installation while the block runs."""
    content, mode = path.read_bytes(), path.stat().st_mode
    path.chmod(0o600)
    path.write_bytes(change(content))
    try:
        yield
    finally:
        path.write_bytes(content)
        path.chmod(mode)
