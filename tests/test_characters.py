"""Characters that printing may lack: found in the text, told apart, counted as code points for the printing side."""

import csv
import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.extracts import resident, write_extract
from tests.tables import rows
from workbench.sources import FaultLog, open_extract
from workbench.sources.characters import find_unprintable

CASES = rows("""
    text           | gaiji | outside
    試験 花子      |       |
    髙﨑①㈱       |       |
    ｼｹﾝ ﾊﾅｺ       |       |
    ～－∥¢         |       |
    鷗俱剝𠮟       |       |
    𠮷田           |       | yes
    Jürgen Ærø     |       |
    渡\ue000       | yes   |
    渡\U000f0001   | yes   |
    Nguyễn         |       | yes
    葛\U000e0100城 |       | yes
    𰻞麺           |       | yes
    한             |       | yes
    \ue001한       | yes   | yes
    a              |       |
""")


@pytest.mark.parametrize("case", CASES, ids=lambda case: ascii(case["text"]))
def test_a_character_that_printing_may_lack_is_told(case):
    texts = pa.array(["花", case["text"], "", None, "子"]).fill_null("")

    gaiji, outside, _ = find_unprintable(texts)

    assert gaiji.tolist() == [False, bool(case["gaiji"]), False, False, False]
    assert outside.tolist() == [False, bool(case["outside"]), False, False, False]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), max_size=8))
def test_every_text_is_judged_by_its_own_characters(texts):
    gaiji, outside, counts = find_unprintable(pa.array(texts, pa.string()))

    alone = [find_unprintable(pa.array([text], pa.string())) for text in texts]
    assert gaiji.tolist() == [bool(one[0].sum()) for one in alone]
    assert outside.tolist() == [bool(one[1].sum()) for one in alone]
    assert counts.total() == sum(one[2].total() for one in alone)
    assert gaiji.tolist() == ["Co" in map(unicodedata.category, text) for text in texts]


def test_the_list_for_printing_has_code_points_and_no_cell(tmp_path):
    people = [resident(1, 氏名="渡\ue000花子"), resident(2, 氏名="\ue000\ue000", 住所="한町"), resident(3)]
    write_extract(tmp_path, {"住民.csv": people})
    log = FaultLog()
    list(open_extract(tmp_path).source("residents").batches(log))

    written = log.write_characters(tmp_path / "list.csv")

    content = (tmp_path / "list.csv").read_text("utf-8-sig")
    assert list(csv.reader(content.splitlines()))[1:] == [
        ["住民.csv", "氏名", "U+E000", "外字", "3"],
        ["住民.csv", "住所", "U+D55C", "規格外", "1"],
    ]
    assert written == 2
    assert "渡" not in content


def test_nothing_to_tell_is_no_list(tmp_path):
    assert FaultLog().write_characters(tmp_path / "list.csv") == 0
    assert not (tmp_path / "list.csv").exists()
