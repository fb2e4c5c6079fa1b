"""Whatever is done to a valid extract: read = kept + duplicates + quarantined, or a refusal; no traceback, no value.

A mutant is a small valid delivery in one of its forms with one file spoilt by one to three mutations, drawn from a
seed that its number gives. It goes through the street door and the wall as an ingest takes it, in this process.
"""

import contextlib
import io
import random
import re
import shutil
from collections import Counter
from datetime import UTC, date, datetime
from functools import cache, partial
from pathlib import Path

import pytest

from tests.desk import GOOD, SECRETS
from tests.extracts import EXTRACT_TOML, ORDINARY, csv_text, resident, row_of
from tests.variants import write_workbook
from workbench import keys
from workbench.errors import WorkbenchError
from workbench.ingest import Job, ingest
from workbench.pseudonymize import Wall
from workbench.pseudonyms import PseudonymKeys
from workbench.settings import Home
from workbench.sources import FaultLog, open_extract
from workbench.sources.layout import load_layout

QUICK, SOAK, WHOLE = 2_000, 200_000, 2_000
AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
FOLDERS_OF_SOAK = 20
KEYS = PseudonymKeys("試験", b"a" * 32, b"b" * 32)
JAPANESE = re.compile(r"[぀-ヿ一-鿿]")
ENCODINGS = (*("utf-8", "cp932") * 3, *("utf-8-sig", "utf-16") * 2, "xlsx")
OLD = """
title = "前のシステム"
[tables.old_doses]
title = "接種記録（前のシステム）"
file = "前の記録.txt"
holds = "doses"
fixed = "cp932"
constants = { legal_class = "routine", setting = "unknown" }
columns = [
  { title = "宛名番号", field = "atena_number", role = "identity", type = "digits", width = 15, bytes = 15 },
  { title = "個人番号", field = "mynumber", role = "strip", type = "mynumber", bytes = 12 },
  { title = "接種種類", field = "vaccine", role = "analytic", type = "code", codes = "vaccine", bytes = 5 },
  { title = "接種日", field = "given_on", role = "analytic", type = "date", required = true, bytes = 7 },
  { title = "ロット番号", field = "lot", role = "analytic", type = "text", trim = true, bytes = 8 },
  { title = "備考", role = "search", bytes = 10 },
]
"""
OLD_RECORD = "000000000000001123456789018100065030510XLOTX   金糸雀　　"
VRS_TITLES = [column.title for column in load_layout("vrs").tables["vrs_1"].columns][:17]
VRS_ROW = "000000000000001,20210601090000,20210610,1234567890,992011,会場,金糸雀 鳥子,製品,XLOTX,,,,,,,,"
ABOUT = EXTRACT_TOML.replace('"standard"', '["standard", "vrs", "old.toml"]')
FILES = {
    name: [*rows, *(row_of(number, ORDINARY[name]) for number in (1, 2))]
    if name != "住民.csv"
    else [*rows, resident(4)]
    for name, rows in GOOD.items()
}
VALUES = (*SECRETS[:-1], "シケン ハナコ", "みどり一丁目")  # of the good rows
NASTY = (
    *("", " ", "\u3000", '"', '""', ",", "\n", "\r\n", "\0", "\x1a", "\x1f", "\ufeff", "\ufffd", "-", "0", "-1", "９"),
    *(
        "NaN",
        "None",
        "1e400",
        "1.2E+14",
        "99999999999999999999",
        "0" * 40,
        "9" * 18,
        "9" * 19,
        "2026-02-30",
        "20260230",
    ),
    *("9999-12-31", "令和99年99月99日", "5000000", "不詳", "0000-00-00", "昭和64年1月8日", "𠮷", "\ue000", "e\u0301"),
    *(
        "123456789018",
        "1234-5678-9018",
        "１２３４５６７８９０１８",
        "12345678901",
        "=1+1",
        "'1",
        "x" * 5000,
        "あ" * 3000,
    ),
)


def spoil_text(rng, text):
    """Spoil a text of lines: cells, rows, separators, pieces."""
    lines = text.split("\r\n")
    row = rng.randrange(len(lines))
    cells = lines[row].split(",")
    cell = rng.randrange(len(cells))
    other = rng.randrange(len(lines))
    place = rng.randrange(len(text) + 1)

    def with_row(changed):
        return "\r\n".join([*lines[:row], *changed, *lines[row + 1 :]])

    def with_cell(value):
        return with_row([",".join([*cells[:cell], *value, *cells[cell + 1 :]])])

    nasty = rng.choice(NASTY)
    quoted = '"' + nasty.replace('"', '""') + '"'
    return rng.choice(
        [
            lambda: with_cell([nasty]),
            lambda: with_cell([quoted]),
            lambda: with_cell([cells[cell] + nasty]),
            lambda: with_cell([]),
            lambda: with_cell([cells[cell], cells[cell]]),
            lambda: with_cell([cells[cell][::-1]]),
            lambda: with_row(["".join(lines[row : row + 2])]),
            lambda: with_row([]),
            lambda: with_row([lines[row]] * rng.choice([2, 3, 50])),
            lambda: with_row(["", lines[row]]),
            lambda: with_row([lines[other], lines[row]]),
            lambda: with_row([",".join(rng.sample(cells, len(cells)))]),
            lambda: text[:place] + nasty + text[place:],
            lambda: text[:place] + text[place + rng.randrange(40) :],
            lambda: text[:place],
            lambda: text.replace("\r\n", rng.choice(["\n", "\r", "\n\r", "", "\r\n\r\n"])),
            lambda: text.replace(",", rng.choice(["\t", ";", "，"])),
            lambda: text + text,
            lambda: text.replace(cells[cell], nasty),
        ]
    )()


def spoil_bytes(rng, data):
    """Spoil bytes: flip, cut, repeat, insert, swap halves, another encoding's mark."""
    place, end = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
    end = min(end, place + rng.choice([1, 2, 30, len(data)]))
    noise = rng.randbytes(rng.choice([1, 2, 3, 64]))
    flipped = bytes(byte ^ (1 << rng.randrange(8)) for byte in data[place : place + 1])
    return rng.choice(
        [
            lambda: data[:place] + flipped + data[place + 1 :],
            lambda: data[:place] + noise + data[place:],
            lambda: data[:place] + noise + data[place + len(noise) :],
            lambda: data[:place] + data[end:],
            lambda: data[:end] + data[place:end] + data[end:],
            lambda: data[place:],
            lambda: data[:place],
            lambda: rng.choice([b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0", b"PK\x03\x04"]) + data,
            lambda: data.replace(b"\r\n", b"\n"),
            lambda: data.replace(rng.choice(b"0,1\r\n-").to_bytes(), b""),
            lambda: b"",
        ]
    )()


@cache
def text_of(name):
    if name in FILES:
        return csv_text(name, FILES[name])
    lines = {
        "VRS台帳向け.csv": [",".join(VRS_TITLES), VRS_ROW, VRS_ROW.replace("20210610", "令和3年6月11日"), ""],
        "前の記録.txt": [OLD_RECORD, OLD_RECORD.replace("0001123", "0002223"), ""],
        "extract.toml": [EXTRACT_TOML],
        "old.toml": [OLD],
    }
    return "\r\n".join(lines[name])


ENCODED = {"前の記録.txt": "cp932", "extract.toml": "utf-8", "old.toml": "utf-8"}  # always
NAMES = (*FILES, "VRS台帳向け.csv", *ENCODED)
OTHERS = frozenset({"VRS台帳向け.csv", "前の記録.txt", "old.toml"})  # of layouts that only their mutants ask for


def spoil(rng, folder):
    """Write one spoilt file into a valid delivery; return its name."""
    name = rng.choice([*NAMES, *FILES, *FILES])
    if name in OTHERS:
        (folder / "extract.toml").write_text(ABOUT, encoding="utf-8")
    encoding = ENCODED.get(name) or rng.choice(ENCODINGS)
    text = text_of(name)
    for _ in range(rng.choice([0, 1, 1, 2])):
        text = spoil_text(rng, text)
    if encoding == "xlsx":
        return spoil_workbook(rng, folder, name, text)
    data = text.encode(encoding, "replace")
    for _ in range(rng.choice([0, 1, 1, 2])):
        data = spoil_bytes(rng, data)
    (folder / name).write_bytes(data)
    return name


def spoil_workbook(rng, folder, name, text):
    path = (folder / name).with_suffix(".xlsx")
    rows = [[cell[:32_000] for cell in line.split(",")] for line in text.split("\r\n")]
    write_workbook(path, rows)
    if rng.random() < 0.5:
        path.write_bytes(spoil_bytes(rng, path.read_bytes()))
    (folder / name).unlink()
    return path.name


def take_in(folder):
    """Read a delivery as an ingest does; return rows kept by file, the wall's counts and the fault log."""
    log, kept = FaultLog(), Counter()
    extract = open_extract(folder)
    wall = Wall(KEYS, extracted_on=date(2026, 11, 1), log=log)
    source = extract.source
    residents = wall.admit_residents(source("residents"))
    kept[source("residents").file] = sum(map(len, residents.persons))
    for doses in extract.feeding("doses"):
        kept[doses.file] = sum(map(len, wall.doses(doses, residents)))
    for table, name in {"exemptions": "exemption", "specials": "special"}.items():
        kept[source(table).file] = sum(map(len, wall.rows(name, source(table), residents)))
    deliveries = wall.identified_rows(source("deliveries"), residents)
    kept[source("deliveries").file] = 0 if deliveries is None else len(deliveries)
    kept[source("protections").file] = wall.protected_persons(source("protections"), residents)[1]
    return kept, wall.counts, log


def judge(folder):
    """Return what became of a mutant: `taken` or `refused`; fail where a promise is broken."""
    try:
        kept, counts, log = take_in(folder)
    except WorkbenchError as error:
        refusal = error
    else:
        refusal = None
    if refusal:
        message = str(refusal)
        assert JAPANESE.search(message)
        assert "\n" not in message
        assert "想定外" not in message  # the last line of defence: a fault that should have a name
        assert [value for value in VALUES if value in message] == []
        assert refusal.__context__ is None
        return "refused"
    for file, count in counts.items():
        assert count.read == kept[file] + count.duplicates + log.quarantined(file), file
    report = io.StringIO()
    for entry in log.entries():
        report.write(f"{entry.file} {entry.line} {entry.column} {entry.fault.code}\n")
    assert [value for value in VALUES if value in report.getvalue()] == []
    return "taken"


def judge_ingest(base, master, folder):
    """Do what `judge` does with the whole ingest: snapshot, vault and ledger included."""
    job = Job(extracts=folder, home=Home(base / "var"), master=master, actor="試験", at=AT)
    try:
        result = ingest(job)
    except WorkbenchError as error:
        refusal = str(error)
    else:
        return "taken" if result.files else "empty"
    assert JAPANESE.search(refusal)
    assert [value for value in VALUES if value in refusal] == []
    assert "合いません。何も公開していません" not in refusal  # the reconciliation itself: always a defect
    return "refused"


def run(folder, numbers, judge=judge):
    """Judge the mutants of these numbers; a failure names the number, which makes the mutant again."""
    folder.mkdir()
    valid = {name: text_of(name).encode(ENCODED.get(name, "utf-8")) for name in NAMES}
    for name, content in valid.items():
        (folder / name).write_bytes(content)
    became = Counter()
    for number in numbers:
        spoilt = spoil(random.Random(number), folder)  # noqa: S311  a seed, not a secret
        try:
            became[judge(folder)] += 1
        except BaseException as error:  # noqa: BLE001  whatever it is, the number goes with it
            pytest.fail(f"mutant {number} ({spoilt}): {type(error).__name__} {str(error)[:300]}")
        (folder / spoilt).unlink()
        for name in {spoilt, str(Path(spoilt).with_suffix(".csv")), "extract.toml"} & valid.keys():
            (folder / name).write_bytes(valid[name])
    with contextlib.suppress(OSError):
        shutil.rmtree(folder)
    return became


def test_two_thousand_mutants_add_up_or_are_refused(tmp_path):
    became = run(tmp_path / "extract", range(QUICK))

    assert became.total() == QUICK
    assert min(became["taken"], became["refused"]) > QUICK // 5  # both ways are tried


@pytest.mark.soak
@pytest.mark.parametrize("part", range(FOLDERS_OF_SOAK))
def test_two_hundred_thousand_mutants_add_up_or_are_refused(tmp_path, part):
    each = SOAK // FOLDERS_OF_SOAK
    numbers = range(QUICK + part * each, QUICK + (part + 1) * each)

    assert run(tmp_path / "extract", numbers).total() == each


@pytest.mark.soak
def test_two_thousand_mutants_through_the_whole_ingest(tmp_path):
    folder = tmp_path / "keys"
    keys.init(folder, officer="tester", passphrase="a passphrase of tests", at=AT, scrypt_n=keys.MIN_SCRYPT_N)
    master = keys.unlock(folder, officer=None, passphrase="a passphrase of tests")
    numbers = range(QUICK + SOAK, QUICK + SOAK + WHOLE)

    became = run(tmp_path / "extract", numbers, partial(judge_ingest, tmp_path, master))

    assert became.total() == WHOLE
    assert set(became) == {"taken", "refused"}
