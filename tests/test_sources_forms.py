"""The same extract in every form in which it comes: UTF-16, Excel, fixed-length records; and equal snapshots."""

import csv
import datetime as dt
import io
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from tests.extracts import RESIDENT, csv_text, resident, write_extract
from tests.variants import read_table, rewrite, write_csv, write_workbook
from workbench import keys
from workbench.errors import SourceError
from workbench.ingest import Job, ingest
from workbench.settings import Home
from workbench.sources import FaultLog, fixed, open_extract
from workbench.sources.header import read_header
from workbench.sources.layout import TableLayout
from workbench.sources.source import Source

COMMITTED = Path(__file__).parents[1] / "data" / "synthetic"
AT = dt.datetime(2026, 11, 2, 9, 0, tzinfo=dt.UTC)
DOSES_TAKEN = 2_000
PEOPLE = [resident(1, 氏名="髙﨑 花子"), resident(2, 備考="一行目\n二行目"), resident(3, 方書='"海風", 203')]


def read(folder, table="residents", **options):
    """Return rows and faults of a table: what stands in them, and where the faults are."""
    log, rows = FaultLog(), []
    for part in open_extract(folder).source(table).batches(log, **options):
        columns = {name: column.to_pylist() for name, column in part.columns.items()}
        rows += [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return rows, [(entry.line, entry.fault.code, entry.column) for entry in log.entries()]


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return read(write_extract(tmp_path_factory.mktemp("plain"), {"住民.csv": PEOPLE}))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("block_bytes", [50, 1 << 20])
def test_an_encoding_makes_no_difference(tmp_path, expected, encoding, block_bytes):
    write_extract(tmp_path, {})
    mark = "\ufeff" if encoding in {"utf-16-le", "utf-16-be"} else ""
    (tmp_path / "住民.csv").write_bytes((mark + csv_text("住民.csv", PEOPLE) + "\r\n\r\n").encode(encoding))

    assert read(tmp_path, block_bytes=block_bytes) == expected


def test_half_characters_of_utf_16_cost_one_row_each(tmp_path):
    write_extract(tmp_path, {})
    text = csv_text("住民.csv", [resident(1), resident(2, 氏名="HERE"), resident(3, 備考="")]).rstrip("\r\n")
    content = text.encode("utf-16").replace("HERE".encode("utf-16-le"), b"\x00\xd8A\x00") + b"\x20"
    (tmp_path / "住民.csv").write_bytes(content)

    rows, faults = read(tmp_path)

    assert faults == [(3, "undecodable", "氏名")]
    assert [row["atena_number"] for row in rows] == [1, 3]  # the last byte is in 備考, which is not kept


def test_a_nul_in_utf_16_is_refused(tmp_path):
    write_extract(tmp_path, {})
    (tmp_path / "住民.csv").write_bytes(csv_text("住民.csv", [resident(1, 氏名="a\0b")]).encode("utf-16"))

    with pytest.raises(SourceError, match=r"住民.csv: 2行目から先を読めません（文字でないバイト"):
        read(tmp_path)


# ---------------------------------------------------------------- Excel


def in_workbook(folder, rows, *, table="住民.csv", more=()):
    """Write a delivery whose table is a workbook; cells may be numbers and days."""
    write_extract(folder, {})
    (folder / table).unlink()
    path = (folder / table).with_suffix(".xlsx")
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy/m/d"}) as book:
        for name, lines in [("抽出", rows), *more]:
            sheet = book.add_worksheet(name)
            for place, line in enumerate(lines):
                for column, cell in enumerate(line):
                    (sheet.write_string if isinstance(cell, str) else sheet.write)(place, column, cell)
    return folder


def lines_of(*people):
    return [list(RESIDENT), *(list(person.values()) for person in people)]


def test_a_workbook_is_read_as_the_csv_of_the_same_rows(tmp_path, expected):
    assert read(in_workbook(tmp_path, lines_of(*PEOPLE))) == expected


def test_blank_rows_at_the_end_of_a_sheet_are_nothing_and_within_it_ragged(tmp_path):
    lines = [*lines_of(resident(1)), [""] * len(RESIDENT), *lines_of(resident(2))[1:], *[[""] * len(RESIDENT)] * 50]

    rows, faults = read(in_workbook(tmp_path, lines))

    assert [row["atena_number"] for row in rows] == [1, 2]
    assert faults == [(3, "ragged_row", None)]


def test_lines_of_a_sheet_are_its_rows(tmp_path):
    people = [resident(1, 備考="一\n二\n三"), resident(2, 性別="x"), resident(3, 方書="a\nb"), resident(4, 性別="y")]

    assert read(in_workbook(tmp_path, lines_of(*people)))[1] == [
        (3, "unknown_code", "性別"),
        (5, "unknown_code", "性別"),
    ]


def test_numbers_and_days_of_a_sheet_are_read_and_lost_zeros_are_told(tmp_path):
    person = resident(1) | {"生年月日": dt.date(2020, 4, 2), "性別": 2, "個人番号": 123456789018, "転入日": 20200501}
    other = resident(2) | {"宛名番号": 2, "個人番号": 23456789012}

    rows, faults = read(in_workbook(tmp_path, lines_of(person, other)))

    assert faults == [(3, "spreadsheet_number", "宛名番号"), (3, "mynumber_spreadsheet", "個人番号")]
    assert (rows[0]["birth_date"], rows[0]["sex"]) == (dt.date(2020, 4, 2), "F")
    assert rows[0]["moved_in_on"] == dt.date(2020, 5, 1)


def locked(path):
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))


def no_workbook(path):
    path.write_bytes(b"PK\x03\x04 but nothing else")


def another_archive(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("住民.csv", "KANARIA")


def truncated(path):
    path.write_bytes(path.read_bytes()[:-600])


def spoilt_sheet(path):
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = next(name for name in members if name.startswith("xl/worksheets/sheet"))
    members[sheet] = members[sheet][: len(members[sheet]) // 2] + b"<KANARIA"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def empty(path):
    openpyxl.Workbook().save(path)


WORKBOOKS = {
    locked: "パスワードがかかっているか",
    no_workbook: "Excelのブックではありません",
    another_archive: "Excelのブックとして読めません",
    truncated: "Excelのブックではありません",
    spoilt_sheet: "Excelのブックと?を?",
    empty: "空です",
}


@pytest.mark.parametrize("spoil", WORKBOOKS, ids=lambda spoil: spoil.__name__)
def test_what_is_no_workbook_is_refused_without_a_word_of_it(tmp_path, spoil):
    in_workbook(tmp_path, lines_of(*[resident(1, 氏名="KANARIA")] * 200))
    spoil(tmp_path / "住民.xlsx")

    with pytest.raises(SourceError, match=rf"^住民.xlsx.*{WORKBOOKS[spoil]}") as caught:
        read(tmp_path)

    assert "KANARIA" not in str(caught.value)
    assert caught.value.__context__ is None
    assert str(caught.value).endswith("何も変更していません。")


@pytest.mark.parametrize("limit", ["MAX_WORKBOOK_BYTES", "MAX_STRINGS_BYTES"])
def test_a_workbook_that_would_fill_the_memory_is_refused_before_it_is_unpacked(tmp_path, monkeypatch, limit):
    in_workbook(tmp_path, lines_of(resident(1)))
    monkeypatch.setattr(f"workbench.sources.forms.{limit}", 500)

    with pytest.raises(SourceError, match=r"^住民.xlsx: Excelのブックとして大きすぎます"):
        read(tmp_path)


def test_a_workbook_with_two_filled_sheets_or_a_csv_beside_it_is_refused(tmp_path):
    in_workbook(tmp_path, lines_of(resident(1)), more=[("控え", [["旧"]])])
    with pytest.raises(SourceError, match="内容のあるシートが2枚あります"):
        read(tmp_path)

    (tmp_path / "住民.csv").write_text("", encoding="utf-8")
    with pytest.raises(SourceError, match=r"住民.csv と 住民.xlsx の両方があります"):
        open_extract(tmp_path)


# ---------------------------------------------------------------- fixed-length records

FIXED = TableLayout.model_validate(
    {
        "title": "試験",
        "file": "住民.txt",
        "fixed": "cp932",
        "columns": [
            {
                "title": "宛名番号",
                "field": "atena_number",
                "role": "identity",
                "type": "digits",
                "width": 15,
                "bytes": 15,
            },
            {"title": "氏名", "field": "name", "role": "identity", "type": "text", "trim": True, "bytes": 20},
            {"title": "生年月日", "field": "birth_date", "role": "analytic", "type": "birth_date", "bytes": 7},
            {"title": "性別", "field": "sex", "role": "analytic", "type": "code", "codes": "sex", "bytes": 1},
            {"title": "予備", "role": "search", "bytes": 10},
        ],
    }
)


def record(number, name="髙﨑　花子", birth="5020402", sex="2", spare=""):
    cells = [(f"{number:015d}", 15), (name, 20), (birth, 7), (sex, 1), (spare, 10)]
    return b"".join(text.encode("cp932").ljust(size) for text, size in cells)


def read_records(folder, content):
    path = folder / "住民.txt"
    path.write_bytes(content)
    log, numbers, names, days = FaultLog(), [], [], []
    for part in Source(path, FIXED, read_header(path, FIXED)).batches(log):
        numbers += part.columns["atena_number"].to_pylist()
        names += part.columns["name"].to_pylist()
        days += part.columns["birth_date"].to_pylist()
    return numbers, names, days, [(entry.line, entry.fault.code) for entry in log.entries()]


@pytest.mark.parametrize("ending", [b"\r\n", b"\n", b""], ids=["CRLF", "LF", "none"])
@pytest.mark.parametrize("after", [b"", b"\x1a"])
def test_fixed_length_records(tmp_path, ending, after):
    content = ending.join([record(1), record(2, '試験，太郎", 次'), record(3, sex="x"), record(4, "")]) + ending + after

    numbers, names, days, faults = read_records(tmp_path, content)

    assert numbers == [1, 2, 4]
    assert names == ["髙﨑　花子", '試験，太郎", 次', None]
    assert days == [dt.date(2020, 4, 2)] * 3
    assert faults == [(3, "unknown_code")]


def test_records_without_an_end_are_refused_and_not_all_held(monkeypatch):
    monkeypatch.setattr(fixed, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(fixed, "MAX_RECORD_BYTES", 5000)
    read = []
    content = record(1) + b"\n" + record(2) * 1000
    blocks = list(fixed.fixed_blocks(Counting(content, read), FIXED, line_ends=True))

    assert sum(read) < 8000
    assert [block.is_broken for block in blocks] == [False, True]


class Counting(io.BytesIO):
    """Notes how many bytes were asked for."""

    def __init__(self, content, read):
        super().__init__(content)
        self.sizes = read

    def read(self, size=-1):
        self.sizes.append(size)
        return super().read(size)


def test_records_of_another_length_are_ragged(tmp_path):
    content = b"\r\n".join([record(1), record(2) + b" ", record(3)[:-1], b"", record(4)])

    numbers, *_, faults = read_records(tmp_path, content)

    assert numbers == [1, 4]
    assert faults == [(2, "ragged_row"), (3, "ragged_row"), (4, "ragged_row")]


@pytest.mark.parametrize("content", [record(1) + b"x\r\n", record(1)[:-1], "宛名番号,氏名\r\n".encode(), b""])
def test_a_file_of_other_records_is_refused(tmp_path, content):
    with pytest.raises(SourceError, match="53バイトと違います"):
        read_records(tmp_path, content)


def test_many_fixed_records_in_small_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.sources.fixed.BLOCK_BYTES", 100)

    for ending in (b"\r\n", b""):
        numbers, *_, faults = read_records(tmp_path, ending.join(map(record, range(300))))
        assert (numbers, faults) == (list(range(300)), [])


def test_the_size_that_a_sheet_says_it_has_is_not_trusted(tmp_path, expected):
    write_extract(tmp_path, {})
    path = tmp_path / "住民.csv"
    path.write_text(csv_text("住民.csv", PEOPLE), encoding="utf-8")
    write_workbook(path, read_table(path))
    path.unlink()
    shorten_dimension(path.with_suffix(".xlsx"))

    assert read(tmp_path)[0] == expected[0]


def shorten_dimension(path):
    """Let the sheet say that it ends with its second row, as some exporters do."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    before = members[sheet]
    members[sheet] = re.sub(rb'<dimension ref="[^"]*"/>', b'<dimension ref="A1:S2"/>', before)
    assert members[sheet] != before
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


# ---------------------------------------------------------------- the same snapshot, whatever the form


@pytest.fixture(scope="module")
def master(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    keys.init(folder, officer="tester", passphrase="a passphrase of tests", at=AT, scrypt_n=keys.MIN_SCRYPT_N)
    return keys.unlock(folder, officer=None, passphrase="a passphrase of tests")


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """The committed city, with fewer doses and without what only one of the forms can hold."""
    folder = tmp_path_factory.mktemp("city") / "extract"
    folder.mkdir()
    (folder / "extract.toml").write_bytes((COMMITTED / "extract.toml").read_bytes())
    for path in COMMITTED.glob("*.csv"):
        rows = [
            row for row in read_table(path) if "".join(row).encode("cp932", "replace").decode("cp932") == "".join(row)
        ]
        with (folder / path.name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\r\n").writerows(rows[:DOSES_TAKEN])
    return folder


FORMS = {
    "CP932": (write_csv("cp932"), False),
    "CP932 with 和暦": (write_csv("cp932", "\n"), True),
    "UTF-8 with 和暦": (write_csv("utf-8-sig"), True),
    "UTF-16": (write_csv("utf-16"), False),
    "Excel": (write_workbook, False),
    "Excel with 和暦": (write_workbook, True),
}


def digest_of(extracts, base, master):
    result = ingest(Job(extracts=extracts, home=Home(base / "var"), master=master, actor="tester", at=AT))
    counts = [(line.read, line.kept, line.duplicates, line.quarantined, line.reasons) for line in result.files]
    return result.snapshot.manifest["content_digest"], counts


@pytest.fixture(scope="module")
def plain(city, tmp_path_factory, master):
    return digest_of(city, tmp_path_factory.mktemp("plain"), master)


@pytest.mark.parametrize("form", FORMS)
def test_the_same_extract_in_another_form_gives_the_same_snapshot(tmp_path, city, plain, master, form):
    write, wareki = FORMS[form]
    extracts = rewrite(city, tmp_path / "extract", write, wareki=wareki)

    assert digest_of(extracts, tmp_path, master) == plain


def test_another_extract_gives_another_digest(tmp_path, city, plain, master):
    def without_last(path, table):
        write_csv("utf-8")(path, table[:-1] if path.name == "接種記録.csv" else table)

    extracts = rewrite(city, tmp_path / "extract", without_last)

    assert digest_of(extracts, tmp_path, master)[0] != plain[0]


def test_the_rows_compared_hold_faults_and_duplicates(plain):
    reasons = {reason.code for *_, own in plain[1] for reason in own}

    assert {"duplicate_row", "bad_date", "mynumber_check", "no_resident", "gaiji"} <= reasons
