"""What the made-up city planted is what the ingest found, row for row: the two sides share no code."""

import csv
import datetime as dt
import json

import pytest

from workbench import keys
from workbench.ingest import Job, ingest
from workbench.settings import Home
from workbench.synth import make_city

AT = dt.datetime(2026, 11, 2, 9, 0, tzinfo=dt.UTC)
BEYOND_JIS = {"𠮷", "\U000e0100"}
PASSPHRASE = "four words in a row"


def lines_beyond_jis(path, result):
    """Return the lines that hold one of the made-up city's characters outside JIS X 0213, and were not left out."""
    with result.quarantine_report.open(encoding="utf-8-sig", newline="") as file:
        left_out = {
            int(row["行"]) for row in csv.DictReader(file) if row["ファイル"] == path.name and row["扱い"] != "注意"
        }
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        reader, begins = csv.reader(file), 1
        found = set()
        for row in reader:
            found |= {begins} if BEYOND_JIS & set("".join(row)) else set()
            begins = reader.line_num + 1
    return found - left_out


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
    beyond = {file: one["faults"].pop("outside_jis", 0) for file, one in found.items()}
    assert found == planted
    assert beyond == {file: len(lines_beyond_jis(extracts / file, result)) for file in found}
    assert bool(beyond["住民.csv"]) == (encoding == "utf-8")  # CP932 has none
    assert all(line.read == line.kept + line.duplicates + line.quarantined for line in result.files)
