"""The pseudonymous list: written for Excel, read strictly, and silent about what a wrong cell holds."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tables import rows
from workbench.errors import ListError, StorageError
from workbench.outputs.lists import COLUMNS, ListRow, read_list, write_list
from workbench.records import NO_END

AS_OF, SNAPSHOT = date(2026, 11, 1), "20261101-a1"
HEADER = ",".join(COLUMNS)
GOOD = "p00000000000000ff,MR2-1,late,2027-03-31,past_standard,2026-11-01,20261101-a1"


def frame(*people):
    return pd.DataFrame([vars(row) for row in people], columns=["person_id", "slot", "status", "closes_on", "reason"])


def written(tmp_path, *lines, encoding="utf-8-sig"):
    path = tmp_path / "followup_list.csv"
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


ROWS = st.lists(
    st.builds(
        ListRow,
        person_id=st.integers(-(1 << 63), (1 << 63) - 1),
        slot=st.sampled_from(["MR1-1", "MR2-1", "JE1A-1"]),
        status=st.sampled_from(["due", "late", "closing"]),
        closes_on=st.none() | st.dates(date(2013, 4, 1), date(2099, 12, 31)),
        reason=st.sampled_from(["in_standard", "past_standard", "legal_end_near"]),
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda row: (row.person_id, row.slot),
)


@given(people=ROWS)
def test_what_was_written_is_read(people, tmp_path_factory):
    path = tmp_path_factory.mktemp("list") / "followup_list.csv"

    write_list(frame(*people), path, as_of=AS_OF, snapshot_id=SNAPSHOT)
    listed = read_list(path)

    assert (listed.as_of, listed.snapshot_id, listed.rows) == (AS_OF, SNAPSHOT, tuple(people))


def test_excel_opens_it_as_utf8_and_pseudonyms_stay_text(tmp_path):
    path = write_list(
        frame(ListRow(255, "MR2-1", "late", AS_OF, "past_standard")),
        tmp_path / "list.csv",
        as_of=AS_OF,
        snapshot_id=SNAPSHOT,
    )

    content = path.read_bytes()

    assert content.startswith(b"\xef\xbb\xbfperson_id,slot,status,closes_on,reason,as_of,snapshot_id\r\n")
    assert b"\r\np00000000000000ff,MR2-1,late,2026-11-01," in content
    assert path.stat().st_mode & 0o077 == 0


def test_a_window_the_law_leaves_open_has_no_end(tmp_path):
    path = write_list(
        frame(ListRow(1, "RSVM-1", "due", NO_END, "in_standard")),
        tmp_path / "list.csv",
        as_of=AS_OF,
        snapshot_id=SNAPSHOT,
    )

    assert read_list(path).rows[0].closes_on is None


def test_a_list_that_an_officer_shortened_in_excel_is_read(tmp_path):
    path = written(tmp_path, HEADER, GOOD.replace("2027-03-31", "2027/3/31").replace("2026-11-01", "2026/11/1"), "")

    assert read_list(path).rows[0].closes_on == date(2027, 3, 31)
    assert read_list(path).as_of == AS_OF


WRONG = rows("""
    case                             | column      | cell
    number instead of a pseudonym    | person_id   | 123456789018
    pseudonym in capitals            | person_id   | p00000000000000FE
    same person and slot once more   | person_id   | p00000000000000ff
    no slot                          | slot        |
    status nobody defined            | status      | forgotten
    no such day                      | closes_on   | 2027-02-30
    day as a spreadsheet counts      | closes_on   | 46477
    words for a reason               | reason      | 山田 花子
    no as-of day                     | as_of       |
    list of two days                 | as_of       | 2026-11-02
    no snapshot                      | snapshot_id |
    list of two snapshots            | snapshot_id | 20261101-b2
""")


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case["case"])
def test_a_wrong_cell_is_located_but_never_quoted(case, tmp_path):
    cells = dict(zip(COLUMNS, GOOD.split(","), strict=True)) | {"person_id": "p0000000000000001"}
    path = written(tmp_path, HEADER, GOOD, ",".join((cells | {case["column"]: case["cell"] or ""}).values()))

    with pytest.raises(ListError, match=f"3行目 {case['column']} .*何も作成していません。$") as caught:
        read_list(path)

    assert not case["cell"] or case["cell"] not in str(caught.value)


@pytest.mark.parametrize("line", [f"{GOOD},x", GOOD.rpartition(",")[0]], ids=["a cell too many", "a cell too few"])
def test_a_ragged_line_is_located(line, tmp_path):
    with pytest.raises(ListError, match="2行目: 列の数"):
        read_list(written(tmp_path, HEADER, line))


def test_a_list_without_anyone_makes_no_letters(tmp_path):
    path = write_list(frame(), tmp_path / "list.csv", as_of=AS_OF, snapshot_id=SNAPSHOT)

    with pytest.raises(ListError, match="1人も載っていません"):
        read_list(path)


NO_LISTS = {
    "empty file": b"",
    "another table": "氏名,住所\r\n".encode(),
    "utf-16": HEADER.encode("utf-16"),
    "a cell without end": HEADER.encode() + b'\r\n"' + b"x" * 200_000,
    "an image": b"\x89PNG\r\n\x1a\n\x00\xff",
}


@pytest.mark.parametrize("name", NO_LISTS)
def test_a_file_that_is_no_list_is_refused(name, tmp_path):
    path = tmp_path / "other.csv"
    path.write_bytes(NO_LISTS[name])

    with pytest.raises(ListError, match=r"other\.csv"):
        read_list(path)


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(ListError, match=r"gone\.csv がありません"):
        read_list(tmp_path / "gone.csv")


def test_a_list_that_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(StorageError, match="書き込めません"):
        write_list(frame(), tmp_path / "no folder" / "list.csv", as_of=AS_OF, snapshot_id=SNAPSHOT)

    assert list(tmp_path.iterdir()) == []
