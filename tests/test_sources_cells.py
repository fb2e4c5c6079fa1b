"""What each cell of the standard layout becomes, and which fault a bad one has."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.extracts import DELIVERY, DOSE, EXEMPTION, ORDINARY, RESIDENT, csv_text, write_extract
from tests.tables import rows
from workbench.sources import FaultLog, open_extract
from workbench.sources.columns import convert
from workbench.sources.dates import EPOCH, read_date, read_iso_dates, read_partial_date
from workbench.sources.layout import Column, load_layout

TABLES = {"住民": "residents", "接種記録": "doses", "対象外事由": "exemptions", "送付先": "deliveries"}


def read_one(folder, file, **changes):
    """Read an extract with one row in `file`; return its values (None if refused) and its faults."""
    write_extract(folder, {f"{file}.csv": [ORDINARY[f"{file}.csv"] | changes]})
    log = FaultLog()
    (part,) = open_extract(folder).source(TABLES[file]).batches(log)
    values = {name: array[0].as_py() for name, array in part.columns.items()} if len(part.lines) else None
    return values, [f"{entry.fault.code} {entry.column}" for entry in log.entries()]


GOOD = rows("""
    file       | column         | cell               | field         | value
    住民       | 宛名番号       | 000000000000042    | atena_number  | 42
    住民       | 宛名番号       | 999999999999999    | atena_number  | 999999999999999
    住民       | 世帯番号       |                    | household_number | None
    住民       | 宛名番号       | ００００００００００００４２0 | atena_number  | 420
    住民       | 性別           | ２                 | sex           | 'F'
    住民       | 氏名           | 　髙﨑 花子　      | name          | '髙﨑 花子'
    住民       | 性別           | 1                  | sex           | 'M'
    住民       | 性別           | 9                  | sex           | 'U'
    住民       | 住民区分       | 2                  | residency     | 'resident'
    住民       | 住民区分       | 2                  | is_foreign    | True
    住民       | 住民区分       | 6                  | residency     | 'moved_out'
    住民       | 地区コード     |                    | district      | None
    住民       | 転入日         | 20240229           | moved_in_on   | date(2024, 2, 29)
    住民       | 転入日         |                    | moved_in_on   | None
    住民       | 電話番号       | 0999-00-0001       | phone         | '0999-00-0001'
    接種記録   | 接種種類コード | 10017              | vaccine       | 'DPIH'
    接種記録   | 期             | 0                  | stage         | None
    接種記録   | 期             | 3                  | stage         | '1A'
    接種記録   | 回数           | 09                 | dose_no       | 9
    接種記録   | 回数           |                    | dose_no       | None
    接種記録   | 接種日         | 2021-05-10         | given_on      | date(2021, 5, 10)
    接種記録   | 接種日         | R3.5.10            | given_on      | date(2021, 5, 10)
    接種記録   | 接種日         | 令和３年５月１０日 | given_on      | date(2021, 5, 10)
    接種記録   | 接種日         | 5030510            | given_on      | date(2021, 5, 10)
    接種記録   | 接種日         | 2021/5/10          | given_on      | date(2021, 5, 10)
    接種記録   | 接種量         | ０.50              | amount_ml     | 0.5
    接種記録   | 法定区分       | 3                  | legal_class   | 'temporary'
    接種記録   | 実施区分       | 9                  | setting       | 'unknown'
    接種記録   | 医療機関コード | 9910100016         | clinic        | '9910100016'
    接種記録   | 接種量         | 0.25               | amount_ml     | 0.25
    接種記録   | 接種量         |                    | amount_ml     | None
    接種記録   | ワクチン名     | 9価                | product       | '9価'
    対象外事由 | 事由区分       | 4                  | reason        | 'vaccinated_elsewhere'
    対象外事由 | 終了日         | 2022-01-01         | until_on      | date(2022, 1, 1)
    送付先     | 送付先区分     | 9                  | delivery_kind | 'returned'
""")


@pytest.mark.parametrize("case", GOOD, ids=lambda case: f"{case['column']}={case['cell']}")
def test_a_good_cell_becomes(tmp_path, case):
    values, faults = read_one(tmp_path, case["file"], **{case["column"]: case["cell"] or ""})

    assert faults == []
    assert repr(values[case["field"]]) == case["value"].replace("date(", "datetime.date(")


BAD = rows("""
    file       | column         | cell               | fault
    住民       | 宛名番号       |                    | missing_value
    住民       | 宛名番号       | 42                 | spreadsheet_number
    住民       | 宛名番号       | 12345678901234     | spreadsheet_number
    住民       | 宛名番号       | 00000000000004O    | bad_number
    住民       | 宛名番号       | 00000000000000042  | bad_number
    住民       | 宛名番号       | 4.20000000E+13     | spreadsheet_number
    住民       | 宛名番号       | 42.0               | spreadsheet_number
    住民       | 宛名番号       | １２               | spreadsheet_number
    住民       | 世帯番号       | 12                 | spreadsheet_number
    住民       | 性別           |                    | missing_value
    住民       | 性別           | 男                 | unknown_code
    住民       | 住民区分       | 7                  | unknown_code
    住民       | 地区コード     | みどり             | unknown_code
    住民       | 生年月日       | 2023-02-29         | bad_date
    住民       | 生年月日       | R2.4.31            | bad_date
    住民       | 生年月日不詳区分 | 1                | bad_date
    住民       | 生年月日不詳区分 | 5                | unknown_code
    住民       | 転入日         | 2024-2-9           | bad_date
    住民       | 転入日         | 0202-04-02         | bad_date
    住民       | 転入日         | 2024-13-01         | bad_date
    住民       | 転入日         | 2020-W01-1         | bad_date
    住民       | 氏名           | 花子123456789018   | mynumber_in_text
    住民       | 備考           | 番号は1234-5678-9018です | mynumber_in_text
    住民       | 備考           | １２３４　５６７８　９０１８ | mynumber_in_text
    接種記録   | 備考           | 123456789018       | mynumber_in_text
    住民       | 氏名カナ       | １２３４ ５６７８ ９０１８ | mynumber_in_text
    住民       | 郵便番号       | 123456789018       | mynumber_in_text
    住民       | 電話番号       | 1234-5678-9018     | mynumber_in_text
    接種記録   | ロット番号     | 123456789018       | mynumber_in_text
    接種記録   | 接種種類コード |                    | missing_value
    接種記録   | 期             | 4                  | unknown_code
    接種記録   | 回数           | 100                | bad_number
    接種記録   | 回数           | -1                 | bad_number
    接種記録   | 接種日         |                    | missing_value
    接種記録   | 法定区分       | 9                  | unknown_code
    接種記録   | 医療機関コード | 0016               | unknown_code
    接種記録   | 接種量         | 123456789018       | bad_number
    接種記録   | 接種量         | 0,5                | bad_number
    接種記録   | 接種量         | nan                | bad_number
    対象外事由 | 終了日         | 2021-12-31         | bad_period
    対象外事由 | 開始日         |                    | missing_value
    送付先     | 送付先氏名     | 太郎 123456789018  | mynumber_in_text
    送付先     | 送付先区分     | 4                  | unknown_code
""")


@pytest.mark.parametrize("case", BAD, ids=lambda case: f"{case['column']}={case['cell']}")
def test_a_bad_cell_keeps_its_row_out(tmp_path, case):
    values, faults = read_one(tmp_path, case["file"], **{case["column"]: case["cell"] or ""})

    column = "生年月日" if case["fault"] == "bad_date" and "不詳" in case["column"] else case["column"]
    assert values is None
    assert faults[0].split()[0] == case["fault"]
    assert faults[0].split()[1] in {column, case["column"]}


NOTED = rows("""
    file     | column         | cell          | fault
    住民     | 個人番号       |               | mynumber_missing
    住民     | 個人番号       | 123456789017  | mynumber_check
    住民     | 個人番号       | 23456789012   | mynumber_spreadsheet
    住民     | 個人番号       | 1.23457E+11   | mynumber_spreadsheet
    住民     | 個人番号       | 12345678901O  | mynumber_check
    住民     | 転入日         | 不詳          | unknown_date
    住民     | 転入日         | 99999999      | unknown_date
    住民     | 死亡日         | 0000-00-00    | unknown_date
    住民     | 住民票コード   | 1234567890    | juminhyo_check
    住民     | 氏名           | 　            | missing_name
    住民     | 氏名           | 渡\ue000花子  | gaiji
    住民     | 住所           | \U000f0001町  | gaiji
    接種記録 | 個人番号       | 123456789017  | mynumber_check
    接種記録 | 接種種類コード | 19999         | unknown_vaccine
""")


@pytest.mark.parametrize("case", NOTED, ids=lambda case: f"{case['column']}={case['cell']}")
def test_a_doubtful_cell_is_noted_and_its_row_kept(tmp_path, case):
    values, faults = read_one(tmp_path, case["file"], **{case["column"]: case["cell"] or ""})

    assert values is not None
    assert faults == [f"{case['fault']} {case['column']}"]


@pytest.mark.parametrize(
    ("code", "kept"),
    [("19999", "unknown:19999"), ("7", "unknown:7"), ("199999", "unknown"), ("桜花", "unknown"), ("1-999", "unknown")],
)
def test_a_vaccine_without_a_code_is_kept_as_unknown_with_a_short_number_only(tmp_path, code, kept):
    assert read_one(tmp_path, "接種記録", 接種種類コード=code)[0]["vaccine"] == kept


def test_a_dose_without_my_number_is_no_fault(tmp_path):
    assert read_one(tmp_path, "接種記録", 個人番号="")[1] == []


BIRTHS = rows("""
    date       | code | precision | earliest   | latest
    2019-05-01 | 0    | day       | 2019-05-01 | 2019-05-01
    20190501   | 0    | day       | 2019-05-01 | 2019-05-01
    2019-05-01 |      | day       | 2019-05-01 | 2019-05-01
    2019-05-00 | 1    | month     | 2019-05-01 | 2019-05-31
    2020-02-00 | 1    | month     | 2020-02-01 | 2020-02-29
    2019-00-00 | 2    | year      | 2019-01-01 | 2019-12-31
    20190000   | 2    | year      | 2019-01-01 | 2019-12-31
    0000-00-00 | 3    | unknown   |            |
               | 3    | unknown   |            |
               |      | unknown   |            |
    2019-05-01 | 1    | -         |            |
    2019-05-00 | 0    | -         |            |
    2019-00-00 | 1    | -         |            |
               | 0    | -         |            |
    2019-00-05 | 1    | -         |            |
    2019-13-00 | 1    | -         |            |
    1867-00-00 | 2    | -         |            |
""")


@pytest.mark.parametrize("case", BIRTHS, ids=lambda case: f"{case['date']} {case['code']}")
def test_a_birth_date_that_is_not_wholly_known(tmp_path, case):
    values, faults = read_one(tmp_path, "住民", 生年月日=case["date"] or "", 生年月日不詳区分=case["code"] or "")

    if case["precision"] == "-":
        assert values is None
        assert faults[0].startswith("bad_date")
        return
    days = {name: case[name] and date.fromisoformat(case[name]) for name in ("earliest", "latest")}
    assert faults == []
    assert values["birth_date_precision"] == case["precision"]
    assert (values["birth_earliest"], values["birth_latest"]) == (days["earliest"], days["latest"])
    assert values["birth_date"] == (days["earliest"] if case["precision"] == "day" else None)


@pytest.mark.parametrize(("encoding", "bad"), [("utf-8", b"\x82\xa0"), ("cp932", b"\x81\xad"), ("cp932", b"\xfc\xfc")])
@pytest.mark.parametrize(("file", "column"), [("住民", "氏名"), ("住民", "性別"), ("接種記録", "ロット番号")])
def test_a_cell_that_cannot_be_decoded_keeps_only_its_row_out(tmp_path, encoding, bad, file, column):
    write_extract(tmp_path, {})
    ordinary = ORDINARY[f"{file}.csv"]
    content = csv_text(f"{file}.csv", [ordinary, ordinary | {column: "CANARY"}, ordinary]).encode(encoding)
    for name in ORDINARY:
        (tmp_path / name).write_bytes(csv_text(name, []).encode(encoding))
    (tmp_path / f"{file}.csv").write_bytes(content.replace(b"CANARY", bad))
    log = FaultLog()

    (part,) = open_extract(tmp_path).source(TABLES[file]).batches(log)

    assert [(entry.line, entry.column, entry.fault.code) for entry in log.entries()] == [(3, column, "undecodable")]
    assert part.lines.tolist() == [2, 4]


def test_the_unit_separator_within_a_text_stays_there(tmp_path):
    write_extract(tmp_path, {"住民.csv": [RESIDENT | {"氏名": "花\x1f子"}, RESIDENT]}, encoding="cp932")

    (part,) = open_extract(tmp_path).source("residents").batches(FaultLog())

    assert part.columns["name"].to_pylist() == ["花\x1f子", "試験 花子"]


def test_a_row_with_two_faults_is_listed_twice_and_counted_once(tmp_path):
    write_extract(tmp_path, {"接種記録.csv": [DOSE | {"宛名番号": "x", "接種日": "x"}, DOSE]})
    log = FaultLog()

    (part,) = open_extract(tmp_path).source("doses").batches(log)

    assert [(entry.column, entry.fault.code) for entry in log.entries()] == [
        ("宛名番号", "bad_number"),
        ("接種日", "bad_date"),
    ]
    assert log.counts() == {("接種記録.csv", "bad_number"): 1}
    assert part.rows_read == len(part.lines) + log.quarantined("接種記録.csv")


def test_the_ordinary_rows_of_these_tests_have_no_fault(tmp_path):
    for file, row in {"住民": RESIDENT, "接種記録": DOSE, "対象外事由": EXEMPTION, "送付先": DELIVERY}.items():
        assert row == ORDINARY[f"{file}.csv"]
        assert read_one(tmp_path, file)[1] == []


@given(st.dates(min_value=date(1868, 1, 1)))
def test_every_day_of_the_calendar_is_read_in_both_forms(day):
    expected = day.toordinal() - EPOCH

    assert read_date(day.isoformat()) == read_date(day.strftime("%Y%m%d").zfill(8)) == expected
    assert read_partial_date(day.isoformat()).earliest == expected


@given(st.from_regex(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}", fullmatch=True))
def test_what_is_no_day_of_the_calendar_is_no_date(text):
    try:
        day = date.fromisoformat(text).toordinal() - EPOCH
    except ValueError:
        day = None

    assert read_date(text) in {day, None}
    assert read_date(text) == day or text < "1868"


@given(st.lists(st.from_regex(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}|[ -~]{10}", fullmatch=True), max_size=20))
def test_dates_read_together_are_those_read_one_by_one(texts):
    days, is_date = read_iso_dates(np.frombuffer(b"".join(texts), np.uint8).reshape(-1, 10))

    expected = [read_date(text.decode()) if text[4:5] == text[7:8] == b"-" else None for text in texts]
    assert [day if known else None for day, known in zip(days.tolist(), is_date.tolist(), strict=True)] == expected


def test_few_texts_stay_a_dictionary_and_an_empty_cell_is_null_itself():
    """What is null in the values only, no count of nulls would see."""
    column = Column(title="ワクチン名", field="product", role="analytic", type="text", trim=True, few=True)
    cells = convert(column, pa.array([b"A", b"", b" A ", b"A"]).dictionary_encode(), "utf-8").values["product"]

    assert pa.types.is_dictionary(cells.type)
    assert (cells.to_pylist(), cells.null_count) == (["A", None, "A", "A"], 1)


def test_what_a_value_came_to_is_remembered_with_its_fault():
    codes = load_layout("standard").tables["doses"].columns
    column, remembered = next(one for one in codes if one.field == "vaccine"), {}
    raw = pa.array([b"10099", b"20001", b"10099"]).dictionary_encode()
    first, second = (convert(column, raw, "utf-8", remembered) for _ in range(2))

    assert set(remembered) == {b"10099", b"20001"}
    assert second.values["vaccine"].to_pylist() == first.values["vaccine"].to_pylist()
    assert [(code, mask.tolist()) for code, mask in second.faults] == [("unknown_vaccine", [True, False, True])]
