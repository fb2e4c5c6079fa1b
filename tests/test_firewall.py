"""My Numbers where none may be: columns of another name, remarks, two cells with one number, two people with one."""

import csv
import io
from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from tests.extracts import DOSE, MY_NUMBERS, ORDINARY, RESIDENT, resident, row_of, write_extract
from tests.tables import rows
from workbench import mynumber
from workbench.errors import SourceError
from workbench.pseudonymize import Wall
from workbench.pseudonyms import PseudonymKeys
from workbench.sources import FaultLog, open_extract
from workbench.sources.firewall import find_split, is_mynumber_column
from workbench.sources.header import read_header
from workbench.sources.layout import Column, TableLayout, load_layout
from workbench.sources.source import Source

RNG = np.random.default_rng(4)


def true_numbers(count):
    firsts = [f"{number:011d}" for number in RNG.integers(10**10, 10**11, count).tolist()]
    return [first + str(mynumber.check_digit(first)) for first in firsts]


def random_numbers(count):
    return [f"{number:012d}" for number in RNG.integers(10**11, 10**12, count).tolist()]


COLUMNS = {
    "true numbers": (lambda: true_numbers(500), True),
    "true numbers, every fifth cell empty": (lambda: [*true_numbers(400), *[""] * 100], True),
    "grouped": (lambda: [f"{n[:4]}-{n[4:8]} {n[8:]}" for n in true_numbers(500)], True),
    "full width": (
        lambda: [n.translate(str.maketrans("0123456789", "０１２３４５６７８９")) for n in true_numbers(99)],
        True,
    ),
    "with zeros before": (lambda: [f"000{n}" for n in true_numbers(500)], True),
    "one in twenty mistyped": (lambda: [*true_numbers(475), *random_numbers(25)], True),
    "five, one mistyped": (lambda: [*true_numbers(4), "123456789019"], False),
    "twenty, two mistyped": (lambda: [*true_numbers(18), *["123456789019"] * 2], True),
    "only four": (lambda: true_numbers(4), True),
    "random numbers": (lambda: random_numbers(5000), False),
    "numbers one after another": (lambda: [f"{n:015d}" for n in range(5000)], False),
    "moments": (lambda: [f"2026{m:02d}{d:02d}1234" for m in range(1, 13) for d in range(1, 29)], False),
    "names": (lambda: ["試験 花子"] * 500, False),
    "remarks, a few of them numbers": (lambda: [*["転入前住所地へ照会済"] * 20, *true_numbers(5)], False),
    "nothing": (lambda: [""] * 500, False),
    "no row": (list, False),
}


@pytest.mark.parametrize("case", COLUMNS)
@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_a_column_of_my_numbers_is_known_by_its_content(case, encoding):
    make, expected = COLUMNS[case]
    cells = pa.array([cell.encode(encoding) for cell in make()], pa.binary())

    assert is_mynumber_column(cells, encoding) is expected
    assert is_mynumber_column(cells.dictionary_encode(), encoding) is expected


def table_with(title, **column):
    columns = [*load_layout("standard").tables["doses"].columns, Column(title=title, **column)]
    return TableLayout(title="接種記録", file="接種記録.csv", columns=tuple(columns))


def write_with(path, title, cells):
    out = io.StringIO()
    writer = csv.DictWriter(out, [*DOSE, title])
    writer.writeheader()
    for number, cell in enumerate(cells, 1):
        writer.writerow(DOSE | {"宛名番号": f"{number:015d}", title: cell})
    path.write_bytes(out.getvalue().encode())


KINDS = rows("""
    kind     | role     | type   | width | field
    text     | identity | text   |       | control
    digits12 | identity | digits | 12    | control
    digits15 | identity | digits | 15    | control
    search   | search   | text   |       |
""")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["kind"])
def test_a_my_number_in_a_column_of_another_name_stops_the_file(tmp_path, kind):
    width = kind["width"] and int(kind["width"])
    table = table_with("管理番号", role=kind["role"], type=kind["type"], width=width, field=kind["field"])
    numbers = [number.zfill(width or 0) for number in true_numbers(40)]
    write_with(tmp_path / "接種記録.csv", "管理番号", numbers)

    source = Source(tmp_path / "接種記録.csv", table, read_header(tmp_path / "接種記録.csv", table))
    with pytest.raises(SourceError, match="「管理番号」の列は個人番号とみられます") as caught:
        list(source.batches(FaultLog()))

    assert not [number for number in numbers if number in str(caught.value)]


def test_a_column_of_other_twelve_digits_passes_but_for_rows_that_could_be_one(tmp_path):
    table = table_with("管理番号", role="identity", type="digits", width=12, field="control")
    numbers = random_numbers(300)
    write_with(tmp_path / "接種記録.csv", "管理番号", numbers)
    log = FaultLog()
    source = Source(tmp_path / "接種記録.csv", table, read_header(tmp_path / "接種記録.csv", table))

    kept = sum(len(part.lines) for part in source.batches(log))

    assert kept == 300 - sum(map(mynumber.is_valid, numbers))
    assert {entry.fault.code for entry in log.entries()} == {"mynumber_in_text"}


TITLES = rows("""
    title                  | is one
    個人番号               | yes
    個人番号（12桁）       | yes
    世帯主_個人番号        | yes
    マイナンバー           | yes
    ﾏｲﾅﾝﾊﾞｰ               | yes
    My Number              | yes
    MY_NUMBER              | yes
    住民票コード           | yes
    個番                   | yes
    個\u00ad人\u200b番号             | yes
    宛名番号               |
    管理番号               |
    個人番号カード交付日   |
    個人番号カードの個人番号 | yes
""")


@pytest.mark.parametrize("case", TITLES, ids=lambda case: case["title"])
def test_a_title_that_says_my_number_must_be_stripped(case):
    assert mynumber.is_named(case["title"]) is bool(case["is one"])
    if case["is one"]:
        with pytest.raises(ValueError, match="title"):
            Column(title=case["title"], role="search")


SPLIT = rows("""
    first          | second           | is one
    123456         | 789018           | yes
    1234           | 5678-9018        | yes
    1234-5678-     | 9018             | yes
    番号 1234 56   | 78 9018 です     | yes
    １２３４５６   | ７８９０１８     | yes
    123456         | 789019           |
    0123456        | 789018           |
    123456         | 7890180          |
    1234567890     | 18日に来庁       |
    123456         |                  |
    123456 です    | 789018           |
    号             | 123456789018     |
""")


@pytest.mark.parametrize("case", SPLIT, ids=lambda case: f"{case['first']}|{case['second']}")
def test_a_number_split_over_two_cells(case):
    first, second = (pa.array([case[name] or "", "転入"]) for name in ("first", "second"))

    assert find_split(first, second).tolist() == [bool(case["is one"]), False]
    assert find_split(first.dictionary_encode(), second.dictionary_encode()).tolist() == [bool(case["is one"]), False]


def test_a_row_with_a_number_split_over_neighbouring_columns_is_quarantined(tmp_path):
    write_extract(tmp_path, {"住民.csv": [resident(1, 電話番号="123456", 備考="789018 を確認"), resident(2)]})
    log = FaultLog()

    (part,) = open_extract(tmp_path).source("residents").batches(log)

    assert part.lines.tolist() == [3]
    assert [(entry.line, entry.column, entry.fault.code) for entry in log.entries()] == [
        (2, "備考", "mynumber_in_text")
    ]


def test_remarks_that_cannot_be_decoded_cost_no_row_unless_they_hold_a_number(tmp_path):
    write_extract(tmp_path, {"接種記録.csv": [DOSE | {"備考": "HERE"}, DOSE | {"備考": "HERE 123456789018"}]})
    path = tmp_path / "接種記録.csv"
    path.write_bytes(path.read_bytes().replace(b"HERE", b"\xff\xfe"))
    log = FaultLog()

    (part,) = open_extract(tmp_path).source("doses").batches(log)

    assert part.lines.tolist() == [2]
    assert [(entry.line, entry.fault.code) for entry in log.entries()] == [(3, "mynumber_in_text")]


# ---------------------------------------------------------------- do My Numbers and 宛名番号 agree?

ONE, TWO, THREE = MY_NUMBERS[:3]


def noted(load_files, tmp_path):
    log = FaultLog()
    extract = open_extract(write_extract(tmp_path, load_files))
    wall = Wall(PseudonymKeys("試験", b"a" * 32, b"b" * 32), extracted_on=date(2026, 11, 1), log=log)
    residents = wall.admit_residents(extract.source("residents"))
    list(wall.doses(extract.source("doses"), residents))
    return [(entry.file[:2], entry.line, entry.fault.code) for entry in log.entries()]


AGREEMENT = {
    "all agree": ([resident(1), resident(2)], [row_of(1, DOSE), row_of(2, DOSE)], []),
    "one My Number, two people": (
        [resident(1), resident(2, 個人番号=ONE), resident(3)],
        [],
        [("住民", 2, "mynumber_shared"), ("住民", 3, "mynumber_shared")],
    ),
    "one person, two My Numbers": (
        [resident(1), resident(1, 個人番号=TWO)],
        [row_of(2, DOSE)],
        [
            *[("住民", line, "mynumber_differs") for line in (2, 3)],
            ("住民", 3, "duplicate_row"),
            ("接種", 2, "no_resident"),
        ],
    ),
    "a dose under another's My Number": (
        [resident(1), resident(2)],
        [row_of(1, DOSE), row_of(1, DOSE, 個人番号=TWO), row_of(2, DOSE, 個人番号="")],
        [("接種", 3, "mynumber_differs")],
    ),
    "no My Numbers at all": (
        [resident(1, 個人番号=""), resident(2, 個人番号="")],
        [row_of(1, DOSE, 個人番号=THREE)],
        [("住民", 2, "mynumber_missing"), ("住民", 3, "mynumber_missing")],
    ),
}


@pytest.mark.parametrize("case", AGREEMENT)
def test_my_numbers_and_persons_are_compared_in_memory_and_reported_by_line(tmp_path, case):
    residents, doses, expected = AGREEMENT[case]

    assert noted({"住民.csv": residents, "接種記録.csv": doses}, tmp_path) == expected


def test_the_ordinary_row_is_no_my_number_anywhere_else():
    assert set(ORDINARY["住民.csv"]) == set(RESIDENT)
