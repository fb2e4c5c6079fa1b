"""Another vendor's files: one TOML, checked against the house; a draft from a header row; the shipped VRS layout."""

import csv
import datetime as dt
import re
import tomllib
from typing import get_args

import pytest

from tests.desk import Desk
from tests.extracts import DOSE, EXTRACT_TOML, MY_NUMBERS, PROTECTION, RESIDENT, resident, row_of, write_extract
from tests.tables import rows
from tests.variants import read_table, write_workbook
from workbench import keys
from workbench.errors import SourceError
from workbench.evaluation.case import CaseSpecial
from workbench.ingest import Job, ingest
from workbench.settings import Home
from workbench.snapshot import open_snapshot
from workbench.sources import FaultLog, open_extract
from workbench.sources.contract import CONTRACT
from workbench.sources.header import read_header
from workbench.sources.layout import LAYOUTS, load_layout, read_layout
from workbench.sources.review import draft, open_layout, review

STANDARD = (LAYOUTS / "standard.toml").read_text("utf-8")
AT = dt.datetime(2026, 11, 2, 9, 0, tzinfo=dt.UTC)
CANARY = "金糸雀 鳥子"


@pytest.fixture(scope="module")
def master(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    keys.init(folder, officer="tester", passphrase="a passphrase of tests", at=AT, scrypt_n=keys.MIN_SCRYPT_N)
    return keys.unlock(folder, officer=None, passphrase="a passphrase of tests")


def load(extracts, base, master):
    return ingest(Job(extracts=extracts, home=Home(base / "var"), master=master, actor="tester", at=AT))


def vendor_of(tmp_path, *changes, name="vendor.toml"):
    text = STANDARD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / name


# ---------------------------------------------------------------- one TOML

PEOPLE = [resident(1), resident(2, 性別="1"), resident(3, 性別="9")]
DOSES = [row_of(1, DOSE), row_of(2, DOSE, 接種日="2022-01-02")]
OTHER_WORDS = (
    ('title = "性別", field = "sex"', 'title = "男女", field = "sex"'),
    ('codes = "sex"', 'codes = { title = "男女", values = { "女" = "F", "男" = "M", "？" = "U" } }'),
    ('title = "接種日"', 'title = "実施年月日"'),
)


def test_another_vendors_words_and_codes_give_the_same_snapshot(tmp_path, master):
    files = {"住民.csv": PEOPLE, "接種記録.csv": DOSES}
    plain = load(write_extract(tmp_path / "plain", files), tmp_path, master)
    other = write_extract(tmp_path / "other", files)
    vendor_of(other, *OTHER_WORDS)
    (other / "extract.toml").write_text(EXTRACT_TOML.replace('"standard"', '"vendor.toml"'), encoding="utf-8")
    words = {"2": "女", "1": "男", "9": "？"}
    with (other / "住民.csv").open("w", encoding="cp932", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["男女" if title == "性別" else title for title in RESIDENT])
        writer.writerows((person | {"性別": words[person["性別"]]}).values() for person in PEOPLE)
    doses = other / "接種記録.csv"
    doses.write_bytes(doses.read_bytes().replace("接種日".encode(), "実施年月日".encode()))

    result = load(other, tmp_path / "second", master)

    assert result.snapshot.manifest["content_digest"] == plain.snapshot.manifest["content_digest"]
    assert all(line.quarantined == line.noted == 0 for line in result.files)


def test_a_layout_without_the_tables_a_city_may_lack_is_enough(tmp_path, master):
    parts = {"residents", "doses", "protections"}
    text = STANDARD.split("[tables.")[0]
    text += "".join(f"[tables.{part}" for part in STANDARD.split("[tables.")[1:] if part.split("]")[0] in parts)
    extracts = write_extract(tmp_path / "few", {"住民.csv": PEOPLE, "接種記録.csv": DOSES})
    (extracts / "few.toml").write_text(text, encoding="utf-8")
    (extracts / "extract.toml").write_text(EXTRACT_TOML.replace('"standard"', '"few.toml"'), encoding="utf-8")

    result = load(extracts, tmp_path, master)

    assert {line.file: line.kept for line in result.files} == {"住民.csv": 3, "接種記録.csv": 2, "支援措置.csv": 0}


@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "utf-16"])
def test_a_header_in_ascii_leaves_the_encoding_to_the_rows(tmp_path, master, encoding):
    extracts = write_extract(tmp_path / "extract", {"住民.csv": PEOPLE})
    vendor_of(
        extracts,
        (
            'title = "医療機関コード", field = "clinic", role = "analytic", type = "code", pattern = "[0-9]{10}", r',
            'title = "code", field = "clinic", role = "analytic", type = "code", pattern = "[0-9]{10}", r',
        ),
        ('title = "医療機関名"', 'title = "name"'),
    )
    (extracts / "extract.toml").write_text(EXTRACT_TOML.replace('"standard"', '"vendor.toml"'), encoding="utf-8")
    (extracts / "医療機関.csv").write_text("code,name\r\n1310000001,架空小児科\r\n", encoding=encoding)
    done = load(extracts, tmp_path, master)

    with open_snapshot(Home(tmp_path / "var"), done.snapshot.id) as connection:
        assert connection.execute("SELECT name FROM clinic").fetchall() == [("架空小児科",)]


ROWS_BELOW = {
    "UTF-8": ("東谷地".encode(), "utf-8"),
    "UTF-8 with a bad byte": ("東".encode() + b"\x80", "utf-8"),
    "UTF-8 cut in a character": ("aa東".encode()[:-1], "utf-8"),
    "CP932": ("東谷地".encode("cp932"), "cp932"),
    "CP932 with a bad byte": ("東谷地".encode("cp932") + b"\xfd", "cp932"),
    "CP932 cut in a character": ("東谷地".encode("cp932")[:-1], "cp932"),
    "CP932 in half-width kana": ("ﾋｶﾞｼ東".encode("cp932"), "cp932"),
    "EUC-JP, which no layout may be": ("東谷地".encode("euc_jp"), "utf-8"),
    "ASCII": (b"east", "utf-8"),
    "nothing": (b"", "utf-8"),
}


@pytest.mark.parametrize("case", ROWS_BELOW)
def test_rows_below_a_header_in_ascii_are_cp932_only_where_they_plainly_are(tmp_path, case):
    content, expected = ROWS_BELOW[case]
    table = load_layout("standard").tables["districts"]
    columns = [one.model_copy(update={"title": f"c{number}"}) for number, one in enumerate(table.columns)]
    (tmp_path / "地区.csv").write_bytes(b"c0,c1\n01," + content)

    assert read_header(tmp_path / "地区.csv", table.model_copy(update={"columns": tuple(columns)})).encoding == expected


WRONG = rows("""
    case                   | old                       | new                  | message
    no 世帯番号            | "household_number", role  | "home", role         | 要る項目がありません（household_number）
    a field nobody knows   | "household_number", role  | "home", role         | 知らない項目です（home）
    a quantity as text     | type = "decimal"          | type = "text"        | 項目の型が違います（amount_ml）
    no such kind           | kind = "pregnancy"        | kind = "expecting"   | 知らない値があります（kind）
    a code of no kind      | codes = "special_kind"    | codes = "sex"        | 知らない値があります（kind）
    a birth date as a date | type = "birth_date"       | type = "date"        | birth_earliest
    no 支援措置            | [tables.protections]      | [tables.others]      | tables.others
""")


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case["case"])
def test_a_layout_that_gives_too_little_is_refused_before_a_row_is_read(tmp_path, case):
    extracts = write_extract(tmp_path / "extract", {"住民.csv": PEOPLE})
    vendor_of(extracts, (case["old"], case["new"]))
    (extracts / "extract.toml").write_text(EXTRACT_TOML.replace('"standard"', '"vendor.toml"'), encoding="utf-8")

    with pytest.raises(SourceError) as caught:
        open_extract(extracts)

    assert case["message"] in str(caught.value)
    assert "何も変更していません。" in str(caught.value)


def test_what_the_house_must_have_is_quarantined_though_the_layout_lets_it_be_empty(tmp_path, master):
    files = {"住民.csv": [resident(1), resident(2, 性別="")], "接種記録.csv": [row_of(1, DOSE, 法定区分="")]}
    extracts = write_extract(tmp_path / "extract", files)
    vendor_of(
        extracts,
        (', codes = "sex", required = true', ', codes = "sex"'),
        ('"legal_class", required = true', '"legal_class"'),
    )
    (extracts / "extract.toml").write_text(EXTRACT_TOML.replace('"standard"', '"vendor.toml"'), encoding="utf-8")

    result = load(extracts, tmp_path, master)

    counts = {line.file: (line.kept, line.quarantined, [one.code for one in line.reasons]) for line in result.files}
    assert counts["住民.csv"] == (1, 1, ["missing_value"])
    assert counts["接種記録.csv"] == (0, 1, ["missing_value"])


def test_a_title_that_names_a_person_is_never_analytic(tmp_path):
    path = vendor_of(tmp_path, ('title = "ワクチン名", field = "product"', 'title = "保護者氏名", field = "product"'))

    with pytest.raises(SourceError, match=r"doses.columns\[10\]（title"):
        read_layout(path)


@pytest.mark.parametrize("name", [path.stem for path in LAYOUTS.glob("*.toml")])
def test_a_shipped_layout_fits_the_house(name):
    assert [finding.text for finding in review(load_layout(name)) if not finding.fits] == []


# ---------------------------------------------------------------- layout check


def test_check_tells_what_fits_and_what_is_missing(tmp_path):
    desk = Desk(tmp_path)
    extracts = desk.deliver()
    layout = vendor_of(tmp_path, ('title = "性別"', 'title = "男女"'))

    good = desk.enter("layout", "check", "standard", "--extracts", extracts)
    bad = desk.enter("layout", "check", layout, "--extracts", extracts)

    assert (good.code, good.out.count("×")) == (0, 0)
    assert "○ 住民.csv: 見出し行がレイアウトと合います" in good.out
    assert bad.code == 1
    assert "× 住民.csv: 列がありません（男女）。レイアウトにない列があります（9列目「性別」）" in bad.out
    assert len(bad.lines) == 1
    assert "合わないところが 1 か所あります" in bad.err


def test_check_of_a_file_that_is_no_layout_is_one_line(tmp_path):
    desk = Desk(tmp_path)
    (tmp_path / "x.toml").write_text(f'title = "{CANARY}"\n[tables.a]\n', encoding="utf-8")

    for name in (tmp_path / "x.toml", tmp_path / "nowhere.toml", "nobody"):
        answer = desk.enter("layout", "check", name)
        assert (answer.code, len(answer.lines)) == (1, 1)
        assert CANARY not in answer.printed


# ---------------------------------------------------------------- layout new


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_new_drafts_from_the_header_row_and_reads_nothing_else(tmp_path, encoding):
    header = "宛名番号,個人番号,接種種類コード,接種日,独自区分,備考"
    path = tmp_path / "vendor.csv"
    path.write_bytes(f"{header}\r\n{CANARY},".encode(encoding) + b"\xff\0\xff")

    text = draft(path, table="doses")

    columns = {column["title"]: column for column in tomllib.loads(text)["tables"]["doses"]["columns"]}
    assert CANARY not in text
    assert {title: column["role"] for title, column in columns.items()} == {
        "宛名番号": "identity",
        "個人番号": "strip",
        "接種種類コード": "analytic",
        "接種日": "analytic",
        "独自区分": "todo",
        "備考": "search",
    }


def test_a_draft_is_refused_until_every_role_is_decided_and_then_fits(tmp_path):
    write_extract(tmp_path, {"接種記録.csv": [DOSE]})
    content = (tmp_path / "接種記録.csv").read_text("utf-8").replace("備考", "独自区分")
    (tmp_path / "接種記録.csv").write_text(content, encoding="utf-8")
    layout = tmp_path / "draft.toml"
    layout.write_text(draft(tmp_path / "接種記録.csv", table="doses"), encoding="utf-8")

    with pytest.raises(SourceError, match=r"doses.columns\[13\].role"):
        open_layout(str(layout))

    layout.write_text(layout.read_text("utf-8").replace('"todo"', '"search"'), encoding="utf-8")
    assert all(finding.fits for finding in review(open_layout(str(layout)), tmp_path))


@pytest.mark.parametrize(
    "content",
    [
        f"000000000000001,123456789018,{CANARY},2020-04-02\r\n",
        f"{CANARY},カナリア トリコ,桜浜市みどり一丁目2番\r\n",
        f"1,{CANARY}\r\n",
        "",
        "\r\n",
        "\0\0\0",
        '宛名番号,"接種日\r\n' + CANARY,
    ],
)
def test_a_file_without_a_header_row_gives_no_draft(tmp_path, content):
    path = tmp_path / "x.csv"
    path.write_text(content, encoding="utf-8", newline="")

    with pytest.raises(SourceError) as caught:
        draft(path, table="residents")

    assert CANARY not in str(caught.value)


def test_new_prints_the_draft(tmp_path):
    desk = Desk(tmp_path)
    answer = desk.enter("layout", "new", desk.deliver() / "支援措置.csv", "--table", "protections")

    assert answer.code == 0
    assert tomllib.loads(answer.out)["tables"]["protections"]["title"] == "支援措置"


# ---------------------------------------------------------------- VRS

VRS_COLUMNS = load_layout("vrs").tables["vrs_1"].columns


def vrs_row(number, *doses):
    """Return a row of the VRS output: 宛名番号, then eight items for each dose of two (three) blocks."""
    row = [f"{number:015d}" if number else ""]
    for day in doses:
        row += (
            ["20210601090000", day, "1234567890", "992011", "市民会館", "医師 一郎", "ファイザー", "FA1"]
            if day
            else [""] * 8
        )
    return row


def write_vrs(folder, *people, blocks=2):
    (folder / "extract.toml").write_text(EXTRACT_TOML.replace('"standard"', '["standard", "vrs"]'), encoding="utf-8")
    titles = [column.title for column in VRS_COLUMNS][: 1 + 8 * blocks]
    with (folder / "VRS台帳向け.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([titles, *people])


def test_the_vrs_output_is_read_block_by_block(tmp_path, master):
    extracts = write_extract(tmp_path / "extract", {"住民.csv": [resident(1), resident(2)], "接種記録.csv": [DOSE]})
    write_vrs(
        extracts,
        vrs_row(1, "20210610", "20210701"),
        vrs_row(2, "20210611", ""),
        vrs_row(None, "20210612", "20210703"),
        vrs_row(2, "", "20219999"),
        ["x"],
    )

    result = load(extracts, tmp_path, master)

    counts = {line.file: (line.read, line.kept, line.quarantined) for line in result.files}
    assert counts["VRS台帳向け.csv（1回目）"] == (4, 2, 2)
    assert counts["VRS台帳向け.csv（2回目）"] == (4, 1, 3)
    assert counts["VRS台帳向け.csv（3回目）"] == (1, 0, 1)
    doses = open_snapshot(Home(tmp_path / "var")).execute(
        "SELECT vaccine, dose_no, given_on::VARCHAR, legal_class, product, lot, clinic "
        "FROM dose WHERE vaccine = 'COV' ORDER BY given_on"
    )
    assert doses.fetchall() == [
        ("COV", 1, "2021-06-10", "temporary", "ファイザー", "FA1", None),
        ("COV", 1, "2021-06-11", "temporary", "ファイザー", "FA1", None),
        ("COV", 2, "2021-07-01", "temporary", "ファイザー", "FA1", None),
    ]


def test_the_command_line_takes_a_workbook_and_a_file_in_parts(tmp_path):
    desk = Desk(tmp_path).make_keys()
    extracts = desk.deliver()
    write_vrs(extracts, vrs_row(1, "20210610", "20210701"))
    write_workbook(extracts / "住民.csv", read_table(extracts / "住民.csv"))
    (extracts / "住民.csv").unlink()

    answer = desk.ingest(extracts)

    assert answer.code == 0, answer.err
    assert "住民.xlsx" in answer.out
    assert "VRS台帳向け.csv（2回目）" in answer.out
    assert desk.leaks(answer.printed) == []


def test_a_my_number_in_the_vrs_output_is_found(tmp_path):
    extracts = write_extract(tmp_path / "extract", {"住民.csv": [resident(1)], "支援措置.csv": [PROTECTION]})
    row = vrs_row(1, "20210610", "20210701")
    row[5] = "会場 1234-5678-9018"
    write_vrs(extracts, row)
    log = FaultLog()

    kept = [len(part.lines) for source in open_extract(extracts).feeding("doses") for part in source.batches(log)]

    assert sum(kept) == 0
    assert {entry.fault.code for entry in log.entries()} == {"mynumber_in_text"}


def test_the_kinds_of_special_circumstances_are_those_that_can_be_evaluated():
    kinds = get_args(CaseSpecial.model_fields["kind"].annotation)

    assert CONTRACT["specials"].words["kind"] == set(kinds)


def test_a_second_table_of_what_one_table_holds_is_refused(tmp_path):
    folder = write_extract(tmp_path / "extract", {"住民.csv": PEOPLE})
    table = re.search(r"\[tables\.protections\](.*?)(?=\n\[tables\.|\Z)", STANDARD, re.DOTALL)[1]
    second = table.replace("支援措置.csv", "支援措置_DV.csv")
    (folder / "vendor.toml").write_text(
        f'{STANDARD}\n[tables.protections_dv]\nholds = "protections"{second}', encoding="utf-8"
    )
    (folder / "extract.toml").write_text(EXTRACT_TOML.replace('"standard"', '"vendor.toml"'), encoding="utf-8")

    with pytest.raises(SourceError, match="1つだけ取り込めます"):
        open_extract(folder)


def test_two_tables_of_one_file_name_are_refused(tmp_path):
    folder = write_extract(tmp_path / "extract", {"住民.csv": PEOPLE})
    table = re.search(r"\[tables\.doses\](.*?)(?=\n\[tables\.|\Z)", STANDARD, re.DOTALL)[1]
    second = table.replace("接種記録.csv", "R5/接種記録.csv")
    (folder / "vendor.toml").write_text(f'{STANDARD}\n[tables.older]\nholds = "doses"{second}', encoding="utf-8")
    (folder / "extract.toml").write_text(EXTRACT_TOML.replace('"standard"', '"vendor.toml"'), encoding="utf-8")

    with pytest.raises(SourceError, match=r"同じ名前のファイル 接種記録\.csv"):
        open_extract(folder)


def test_a_code_that_a_layout_would_keep_is_searched_for_my_numbers(tmp_path, master):
    folder = write_extract(tmp_path / "extract", {"住民.csv": PEOPLE, "接種記録.csv": DOSES})
    before = re.search(r'keep_unknown = "([^"]*)"', STANDARD)[0]
    vendor_of(folder, (before, 'keep_unknown = "[0-9]+"'))
    (folder / "extract.toml").write_text(EXTRACT_TOML.replace('"standard"', '"vendor.toml"'), encoding="utf-8")
    doses = folder / "接種記録.csv"
    doses.write_bytes(doses.read_bytes().replace(b"10006", MY_NUMBERS[1].encode(), 1))

    result = load(folder, tmp_path, master)

    assert MY_NUMBERS[1].encode() not in result.snapshot.database.read_bytes()
    [line] = [line for line in result.files if line.file == "接種記録.csv"]
    assert [reason.code for reason in line.reasons] == ["mynumber_in_text"]
