"""The street door: what is refused whole, what comes through, and that no message carries a value."""

import traceback

import pytest

from tests.extracts import DOSE, ORDINARY, RESIDENT, csv_text, resident, write_extract
from tests.tables import rows
from workbench.errors import SourceError
from workbench.sources import FaultLog, open_extract
from workbench.sources.extract import is_municipality_code

CANARY = "金糸雀ヒバリ"
HEADER = ",".join(RESIDENT)


@pytest.fixture
def folder(tmp_path):
    return write_extract(tmp_path / "extract", {"住民.csv": [resident(1)], "接種記録.csv": [DOSE]})


def read_everything(folder):
    for source in open_extract(folder).sources.values():
        list(source.batches(FaultLog()))


def refusal(folder):
    """Open and read everything; return the message of the refusal, having checked that it chains no other error."""
    with pytest.raises(SourceError) as caught:
        read_everything(folder)
    assert caught.value.__context__ is None
    assert "\n" not in str(caught.value)
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


ABOUT = rows("""
    case                    | old                       | new                    | message
    layout not known        | "standard"                | "vendor"               | 使えるのは standard
    layout missing          | layout =                  | # layout =             | layout
    unknown key             | layout =                  | colour = 1; layout =   | colour
    a number as a key       | layout =                  | 12345678901 = 1; layout = | （項目名でないもの）
    a name as a key         | layout =                  | "金糸雀ヒバリ" = 1; layout = | （項目名でないもの）
    check digit             | "992011"                  | "992012"               | 検査数字
    code not text           | "992011"                  | 992011                 | municipality_code
    code too short          | "992011"                  | "99201"                | municipality_code
    no day                  | 2026-11-01                | "2026-11-01"           | extracted_on
    a moment is no day      | 2026-11-01                | 2026-11-01T00:00:00    | extracted_on
    not TOML                | layout =                  | layout : ;             | TOML
""")


@pytest.mark.parametrize("case", ABOUT, ids=lambda case: case["case"])
def test_extract_toml_is_refused(folder, case):
    about = folder / "extract.toml"
    about.write_text(about.read_text("utf-8").replace(case["old"], case["new"].replace(";", "\n")), encoding="utf-8")

    assert case["message"] in refusal(folder)


@pytest.mark.parametrize("code", ["082015", "080004", "011002", "131016", "271004", "992011"])
def test_municipality_codes_have_a_check_digit(code):
    assert is_municipality_code(code)
    assert not is_municipality_code(code[:5] + str((int(code[5]) + 1) % 10))


def test_missing_folder_files_and_extract_toml_are_named(folder, tmp_path):
    assert "抽出フォルダー" in refusal(tmp_path / "nowhere")
    (folder / "送付先.csv").unlink()
    (folder / "支援措置.csv").unlink()
    assert "送付先.csv、支援措置.csv がありません" in refusal(folder)
    (folder / "extract.toml").unlink()
    assert "extract.toml がありません" in refusal(folder)


HEADERS = rows("""
    case                      | old        | new             | message
    a column is missing       | ,性別      |                 | 列がありません（性別）
    a column is unknown       | 備考       | 備考,メモ欄     | レイアウトにない列があります（20列目「メモ欄」）
    unknown, might be a value | 備考       | 備考,090-1234   | レイアウトにない列があります（20列目）
    a number in kanji         | 備考       | 備考,番一二三四五六七八九〇一八 | レイアウトにない列があります（20列目）
    a number in rings         | 備考       | 備考,①②③④⑤⑥⑦⑧⑨⓪①⑧ | レイアウトにない列があります（20列目）
    a column has no title     | 備考       | 備考,           | レイアウトにない列があります（20列目）
    a column twice            | 備考       | 備考,氏名       | 同じ列が2つ以上あります（氏名）
    another order is fine     | 備考       | 備考            | -
""")


@pytest.mark.parametrize("case", HEADERS, ids=lambda case: case["case"])
def test_the_header_must_be_that_of_the_layout(folder, case):
    header = HEADER.replace(case["old"], case["new"] or "")
    (folder / "住民.csv").write_text(header + "\r\n", encoding="utf-8")

    if case["message"] == "-":
        open_extract(folder)
    else:
        message = refusal(folder)
        assert message.startswith("住民.csv: ")
        assert case["message"] in message


CONTENTS = {
    "empty": (b"", "空です"),
    "blank lines only": (b"\r\n\r\n", "空です"),
    "no header row": (csv_text("住民.csv", [resident(1, 氏名=CANARY)]).encode().split(b"\r\n", 1)[1], "見出し行"),
    "EUC-JP": (csv_text("住民.csv", [resident(1, 氏名="花子")]).encode("euc-jp"), "文字コード"),
    "UTF-16 without mark": (csv_text("住民.csv", [resident(1)]).encode("utf-16-le"), "UTF-8・CP932"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "UTF-8・CP932"),
    "NUL in a later row": (HEADER.encode() + b"\r\n" + CANARY.encode() + b"\r\na\0b\r\n", "3行目から先を読めません"),
    "a quote never closed": (
        csv_text("住民.csv", [resident(1), resident(2, 氏名=CANARY)]).replace(CANARY, '"' + CANARY).encode(),
        "3行目から先を読めません（引用符",
    ),
}


@pytest.mark.parametrize("case", CONTENTS)
def test_files_that_are_no_such_csv_are_refused(folder, case):
    content, message = CONTENTS[case]
    (folder / "住民.csv").write_bytes(content)

    refused = refusal(folder)

    assert message in refused
    assert refused.startswith("住民.csv")


@pytest.mark.parametrize("file", ["住民.csv", "送付先.csv"])
def test_a_header_row_that_runs_into_a_person_is_refused_without_the_name(folder, file):
    name = {"住民.csv": "氏名", "送付先.csv": "送付先氏名"}[file]
    text = csv_text(file, [ORDINARY[file] | {name: CANARY}])
    cut = text[: text.index(CANARY) + len(CANARY)].replace("\r\n", "", 1)
    (folder / file).write_bytes(cut.encode())

    assert "レイアウトにない列があります" in refusal(folder)


def test_a_header_row_that_runs_into_a_name_in_the_first_column_does_not_show_it(folder):
    titles = [*(title for title in RESIDENT if title != "備考"), f"備考{CANARY}"]
    (folder / "住民.csv").write_bytes((",".join(titles) + "\r\n").encode())

    assert "19列目）" in refusal(folder)


def read(folder, table="residents", **options):
    log, columns, rows_read, lines = FaultLog(), {}, 0, []
    source = open_extract(folder).source(table)
    for part in source.batches(log, **options):
        rows_read += part.rows_read
        lines += part.lines.tolist()
        for name, array in part.columns.items():
            columns.setdefault(name, []).extend(array.to_pylist())
    return columns, log, rows_read, lines


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_the_encoding_and_the_line_ends_make_no_difference(folder, encoding, newline):
    people = [resident(1, 氏名="髙﨑 ①子", 氏名カナ="ﾀｶｻｷ"), resident(2, 方書="桜荘,101\r\n二階"), resident(3)]
    text = csv_text("住民.csv", people).replace("\r\n", newline)
    (folder / "住民.csv").write_bytes(text.encode(encoding))

    columns, log, rows_read, lines = read(folder)

    assert columns["name"] == ["髙﨑 ①子", "試験 花子", "試験 花子"]
    assert columns["kana"][0] == "ﾀｶｻｷ"
    assert columns["building"] == [None, f"桜荘,101{newline}二階", None]
    assert (rows_read, lines, log.counts()) == (3, [2, 3, 5], {})


def test_columns_may_stand_in_any_order(folder):
    turned = {title: RESIDENT[title] for title in reversed(RESIDENT)}
    (folder / "住民.csv").write_text(f"{','.join(turned)}\n{','.join(turned.values())}\n", encoding="utf-8")

    columns, log, _, _ = read(folder)

    assert columns["name"] == ["試験 花子"]
    assert log.counts() == {}


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_the_first_bytes_of_a_broken_character_are_never_skipped(folder, encoding):
    content = csv_text("住民.csv", [resident(1, 氏名=CANARY), resident(2)]).encode(encoding)
    (folder / "住民.csv").write_bytes(content.replace(CANARY.encode(encoding), b"\x85,\xff", 1) + b"\xff\xfe,x\r\n\r\n")

    columns, log, rows_read, _ = read(folder)

    assert log.counts() == {("住民.csv", "ragged_row"): 2}
    assert (rows_read, len(columns["name"])) == (3, 1)


@pytest.mark.parametrize("block_bytes", [1, 500, 16 << 20])
def test_blank_lines_are_ragged_within_the_file_and_nothing_at_its_end(folder, block_bytes):
    text = csv_text("住民.csv", [resident(1), resident(2)])
    lines = text.splitlines(keepends=True)
    (folder / "住民.csv").write_bytes("".join([*lines[:2], "\r\n", lines[2], "\r\n\r\n\x1a"]).encode())

    columns, log, rows_read, at = read(folder, block_bytes=block_bytes)

    assert [entry.line for entry in log.entries()] == [3]
    assert (rows_read, at, len(columns["name"])) == (3, [2, 4], 2)


def test_many_small_blocks_in_many_threads_come_in_file_order(folder):
    doses = [DOSE | {"宛名番号": f"{number:015d}"} for number in range(500)]
    write_extract(folder, {"接種記録.csv": doses})

    columns, _, rows_read, lines = read(folder, "doses", workers=4, block_bytes=200)

    assert columns["atena_number"] == list(range(500))
    assert lines == list(range(2, 502))
    assert rows_read == 500


def test_a_header_alone_is_no_row_and_an_absent_code_list_no_source(folder):
    extract = open_extract(folder)

    assert list(extract.source("specials").batches(FaultLog())) == []
    assert extract.source("clinics") is None
    (folder / "医療機関.csv").write_text("医療機関コード,医療機関名\r\n9910100016,試験医院\r\n", encoding="utf-8")
    assert read(folder, "clinics")[0] == {"clinic": ["9910100016"], "name": ["試験医院"]}


def test_the_bytes_read_add_up_to_the_file(folder):
    source = open_extract(folder).source("residents")

    read_bytes = sum(part.bytes_read for part in source.batches(FaultLog(), block_bytes=100))

    assert read_bytes + len(b"\r\n") == source.size_bytes
    assert (source.file, source.title) == ("住民.csv", "住民")


def test_stripped_columns_are_counted_shown_to_inspect_and_not_handed_on(folder):
    people = [resident(1), resident(2, 個人番号=""), resident(3, 個人番号="12345"), resident(4, 性別="8")]
    write_extract(folder, {"住民.csv": people})
    seen = {}

    def inspect(field, digits, part):
        seen[field] = dict(zip(part.columns["atena_number"].to_pylist(), digits.tolist(), strict=True))

    parts = list(open_extract(folder).source("residents").batches(FaultLog(), inspect=inspect))

    assert parts[0].stripped == {"個人番号": 3, "住民票コード": 4}
    assert not {"mynumber", "juminhyo_code"} & parts[0].columns.keys()
    assert seen["mynumber"] == {1: 123456789018, 2: -1, 3: -1}
    assert seen["juminhyo_code"] == {1: 12345678901, 2: 12345678902, 3: 12345678903}


def test_a_reader_who_stops_early_leaves_no_thread_behind(folder):
    write_extract(folder, {"接種記録.csv": [DOSE] * 100})
    batches = open_extract(folder).source("doses").batches(FaultLog(), block_bytes=100)

    next(batches)
    batches.close()

    assert list(batches) == []


def test_no_fault_report_and_no_object_shows_a_value(folder, tmp_path):
    values = dict.fromkeys(RESIDENT, CANARY) | {"宛名番号": "000000000000009"}
    write_extract(
        folder, {"住民.csv": [values, dict.fromkeys(RESIDENT, CANARY), RESIDENT | {"氏名": CANARY + "123456789018"}]}
    )
    log = FaultLog()
    extract = open_extract(folder)
    parts = list(extract.source("residents").batches(log))

    log.write_csv(tmp_path / "report.csv")

    assert log.quarantined("住民.csv") == 3
    shown = (tmp_path / "report.csv").read_text("utf-8") + repr((log, list(log.entries()), extract, log.counts()))
    assert CANARY not in shown
    assert "123456789018" not in shown
    assert [len(part.lines) for part in parts] == [0]
