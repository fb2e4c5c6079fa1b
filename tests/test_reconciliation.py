"""What the made-up city planted is what the ingest found, row for row: the two sides share no code."""

import datetime as dt
import json

import pytest

from workbench import keys
from workbench.ingest import Job, ingest
from workbench.settings import Home
from workbench.synth import make_city

AT = dt.datetime(2026, 11, 2, 9, 0, tzinfo=dt.UTC)
PASSPHRASE = "four words in a row"


@pytest.mark.parametrize(("seed", "encoding"), [(1, "utf-8"), (2, "cp932"), (3, "utf-8")])
def test_every_planted_fault_is_found_and_nothing_else(tmp_path, seed, encoding):
    extracts, home = tmp_path / "city", Home(tmp_path / "var")
    make_city(2_000, seed=seed, out=extracts, encoding=encoding)
    keys.init(home.keys, officer="tester", passphrase=PASSPHRASE, at=AT)
    master = keys.unlock(home.keys, passphrase=PASSPHRASE)

    result = ingest(Job(extracts=extracts, home=home, master=master, actor="tester", at=AT))

    planted = json.loads((extracts / "faults.json").read_text(encoding="utf-8"))["files"]
    found = {
        line.file: {"rows": line.read, "faults": {reason.code: reason.rows for reason in line.reasons}}
        for line in result.files
    }
    assert found == planted
    assert all(line.read == line.kept + line.duplicates + line.quarantined for line in result.files)
