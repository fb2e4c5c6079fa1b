"""Layouts are data, and wrong data are refused with their file, table and key."""

import pytest

from tests.tables import rows
from workbench.errors import SourceError
from workbench.sources.layout import CODES, LAYOUTS, load_codes, load_layout

STANDARD = (LAYOUTS / "standard.toml").read_text("utf-8")

WRONG = rows("""
    case                 | old                              | new                          | message
    unknown key          | role = "search"                  | role = "ignore", colour = 1  | columns[19].colour
    a number as a key    | role = "search"                  | role = "search", 123456789018 = 1 | （項目名でないもの）
    a number in a key    | role = "search"                  | role = "search", x1234-5678-9018=1 | （項目名でないもの）
    unknown role         | role = "search"                  | role = "secret"              | columns[19].role
    unknown fault        | on_missing = "mynumber_missing"  | on_missing = "nothing"       | on_missing（faults.toml
    no width             | , width = 15, required           | , required                   | columns[1]（width）
    too wide for its type | "count", width = 2              | "count", width = 5           | doses.columns[5]（width）
    a number kept        | "strip", type = "mynumber"       | "identity", type = "mynumber" | columns[2]（role
    a role that drops    | "identity", type = "text"        | "strip", type = "text"       | columns[5]（role）
    code without a table | , codes = "sex"                  |                              | columns[9]（codes）
    a pattern amiss      | "[0-9A-Za-z-]{1,10}"     | "[0-9"                       | columns[13].pattern（正規
    a field twice        | field = "kana"                   | field = "name"               | residents（列の
    period of no dates   | ["from_on", "until_on"]          | ["from_on", "vaccine"]       | exemptions（periods
    code table missing   | codes = "sex"                    | codes = "gender"             | gender.toml
    not TOML             | [tables.residents]               | [tables.residents            | TOMLとして読めません
    another format       | format = "csv"                   | format = "runes"             | format
""")


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case["case"])
def test_a_wrong_layout_is_refused_with_its_key(tmp_path, case):
    assert case["old"] in STANDARD
    (tmp_path / "vendor.toml").write_text(STANDARD.replace(case["old"], case["new"] or "", 1), encoding="utf-8")

    with pytest.raises(SourceError) as caught:
        load_layout("vendor", tmp_path)

    assert case["message"] in str(caught.value)
    assert caught.value.__context__ is None


def test_a_code_table_must_give_every_code_once(tmp_path):
    (tmp_path / "uneven.toml").write_text('title = "表"\n[values]\n1 = "a"\n[also.flag]\n2 = true\n', encoding="utf-8")

    with pytest.raises(SourceError, match=r"uneven\.toml の 全体（すべてのコード"):
        load_codes("uneven", tmp_path)


def test_the_shipped_layout_strips_the_two_numbers_and_nothing_else():
    columns = [column for table in load_layout("standard").tables.values() for column in table.columns]

    assert {column.title for column in columns if column.role == "strip"} == {"個人番号", "住民票コード"}


def test_nothing_that_names_a_person_is_analytic():
    columns = [column for table in load_layout("standard").tables.values() for column in table.columns]
    analytic = {column.field for column in columns if column.role == "analytic"}

    identifying = {"atena_number", "household_number", "kana", "address", "building", "postcode", "phone", "recipient"}
    assert not analytic & identifying


def test_every_code_table_is_used():
    columns = [column for table in load_layout("standard").tables.values() for column in table.columns]

    assert {path.stem for path in CODES.glob("*.toml")} == {column.codes for column in columns if column.codes}
