"""The fault log: rows are counted once, lines are kept, values have no place."""

import csv
import re

import numpy as np
import pytest

from tests.faults_page import PAGE, page, refusal_texts
from workbench.sources import FaultLog, load_faults
from workbench.sources.faults import OUTCOME_TITLES, REPORT_HEADER

FILE = "住民.csv"

JAPANESE = re.compile(r"[぀-ヿ一-鿿]")


@pytest.fixture
def log():
    log = FaultLog()
    log.add(FILE, "bad_date", "生年月日", [7, 3])
    log.add(FILE, "unknown_code", "性別", np.array([3, 9]))
    log.add(FILE, "gaiji", "氏名", [9, 11])
    log.add(FILE, "gaiji", "住所", [11, 12])
    log.add(FILE, "mynumber_check", "個人番号", [11])
    log.add(FILE, "duplicate_row", "宛名番号", [20])
    log.add("接種記録.csv", "no_resident", "宛名番号", [2])
    return log


def test_a_refused_row_counts_under_its_first_reason_and_a_kept_row_under_each_note(log):
    assert log.counts() == {
        (FILE, "bad_date"): 2,
        (FILE, "unknown_code"): 1,  # line 3 counts as bad_date already
        (FILE, "gaiji"): 2,  # line 9 is refused; line 11 has it twice
        (FILE, "mynumber_check"): 1,
        (FILE, "duplicate_row"): 1,
        ("接種記録.csv", "no_resident"): 1,
    }


def test_quarantined_and_noted_are_rows(log):
    assert (log.quarantined(FILE), log.noted(FILE)) == (3, 2)
    assert (log.quarantined("接種記録.csv"), log.noted("接種記録.csv")) == (1, 0)
    assert (log.quarantined("地区.csv"), log.noted("地区.csv")) == (0, 0)


def test_a_row_refused_later_loses_its_notes(log):
    log.add(FILE, "conflicting_rows", "宛名番号", [11, 12])

    assert log.noted(FILE) == 0
    assert (FILE, "gaiji") not in log.counts()


def test_no_lines_is_no_fault():
    log = FaultLog()
    log.add(FILE, "gaiji", "氏名", [])
    log.add(FILE, "gaiji", "氏名", np.empty(0, np.int64))

    assert log.counts() == {}
    assert list(log.entries()) == []


def test_entries_stand_by_line_and_stop_at_the_limit(log):
    assert [entry.line for entry in log.entries()] == [3, 3, 7, 9, 9, 11, 11, 11, 12, 20, 2]
    assert [(entry.line, entry.fault.code) for entry in log.entries(limit=1)] == [
        (3, "bad_date"),
        (3, "unknown_code"),
        (9, "gaiji"),
        (11, "mynumber_check"),
        (20, "duplicate_row"),
        (2, "no_resident"),
    ]


def test_the_report_opens_in_office_software_and_lists_every_fault(log, tmp_path):
    path = tmp_path / "report.csv"

    written = log.write_csv(path)

    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *lines = csv.reader(file)
    assert tuple(header) == REPORT_HEADER
    assert written == len(lines) == 11
    assert lines[0][:5] == [FILE, "3", "生年月日", "保留", "bad_date"]


def test_the_lines_given_may_be_changed_afterwards():
    log, lines = FaultLog(), np.array([5])
    log.add(FILE, "gaiji", None, lines)
    lines[0] = 6

    assert [entry.line for entry in log.entries()] == [5]


def test_an_unknown_fault_is_a_defect_of_the_program():
    with pytest.raises(KeyError):
        FaultLog().add(FILE, "no_such_fault", None, [1])


@pytest.mark.parametrize("fault", load_faults().values(), ids=lambda fault: fault.code)
def test_every_fault_tells_what_it_is_and_what_to_do(fault):
    assert fault.outcome in OUTCOME_TITLES
    assert fault.message.endswith("。")
    assert fault.remedy.endswith("。")
    assert len(fault.title) <= 20


def test_the_page_of_faults_is_what_the_code_says():
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("text", [text for _, text in refusal_texts()])
def test_a_refusal_says_what_to_do_or_where(text):
    assert JAPANESE.search(text)
    assert "|" not in text


def test_every_refusing_room_is_on_the_page():
    assert {room for room, _ in refusal_texts()} == {"sources", "pseudonymize", "ingest"}
