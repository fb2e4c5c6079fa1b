"""Bad input as a clerk meets it: one plain Japanese line or a line of the quarantine report, and nothing is lost."""

import contextlib
import csv
import fcntl
import os
import re
import resource
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.desk import GOOD, LOCK, NUMBER, Desk, spoiled
from tests.extracts import DOSE, ORDINARY, PROTECTION, csv_text, resident, row_of
from tests.tables import rows
from workbench.mynumber import check_digit
from workbench.outputs.lists import COLUMNS as LIST_COLUMNS

RESIDENTS, DOSES = "住民.csv", "接種記録.csv"
CANARY = C = "KANARIA"  # stands in bad cells; no output may repeat it
JAPANESE = re.compile(r"[぀-ヿ一-鿿]")
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """An installation with keys and one good snapshot."""
    desk = Desk(tmp_path_factory.mktemp("desk")).make_keys()
    assert desk.ingest().code == 0
    return desk


def assert_refused(answer, pattern, *, code=1):
    """One Japanese line with what, where and what to do; no traceback."""
    assert answer.code == code, answer
    assert len(answer.lines) == 1, answer.err
    (line,) = answer.lines
    assert re.search(pattern, line), line
    assert JAPANESE.search(line)
    assert line.endswith(("。", "-refused.csv"))
    assert "Traceback" not in answer.printed
    assert CANARY not in answer.printed


def assert_still_stands(desk):
    """Whoever worked with what was published before goes on."""
    assert desk.persons() == 3
    assert desk.enter("ledger", "verify").code == 0
    assert not list(desk.home.snapshots.glob("*.building"))


# ---------------------------------------------------------------- a file, or the whole delivery, is refused


def in_encoding(name, encoding):
    def change(folder):
        (folder / name).write_bytes(csv_text(name, GOOD[name]).encode(encoding))

    return change


def with_bytes(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def with_text(name, old, new):
    def change(folder):
        content = (folder / name).read_bytes()
        assert old.encode() in content
        (folder / name).write_bytes(content.replace(old.encode(), new.encode()))

    return change


def with_rows(**files):
    def change(folder):
        for name, own in files.items():
            (folder / f"{name}.csv").write_bytes(csv_text(f"{name}.csv", own).encode())

    return change


def without(name):
    return lambda folder: (folder / name).unlink()


def as_folder(folder):
    (folder / DOSES).unlink()
    (folder / DOSES).mkdir()


def as_dangling_link(folder):
    (folder / DOSES).unlink()
    (folder / DOSES).symlink_to("nowhere.csv")


def without_header(folder):
    path = folder / RESIDENTS
    path.write_bytes(path.read_bytes().partition(b"\r\n")[2])


NOISE = bytes(range(256)) * 64
NOT_OURS = r"^中止: 接種記録.csv.*(UTF-8・CP932|見出し行がレイアウトと合いません)"
TOML = "extract.toml"

SPOILED = {
    "a file is missing": (without(DOSES), r"抽出フォルダーに 接種記録.csv がありません"),
    "a folder of that name": (as_folder, r"接種記録.csv がありません"),
    "a link to nowhere": (as_dangling_link, r"接種記録.csv がありません"),
    "UTF-16 without its mark": (in_encoding(DOSES, "utf-16-le"), NOT_OURS),
    "EUC-JP": (in_encoding(DOSES, "euc-jp"), NOT_OURS),
    "random bytes": (with_bytes(DOSES, NOISE), NOT_OURS),
    "a picture": (with_bytes(DOSES, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), NOT_OURS),
    "an Excel workbook": (with_bytes(DOSES, b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0"), NOT_OURS),
    "a NUL in the middle": (with_text(DOSES, "XLOTX", "XL\0TX"), r"接種記録.csv: 2行目から先を読めません（.*NUL"),
    "a quote that never closes": (
        with_text(DOSES, "XLOTX", '"XLOTX'),
        r"接種記録.csv: 2行目から先を読めません（引用符",
    ),
    "a column is missing": (with_text(DOSES, ",ロット番号", ""), r"接種記録.csv: 列がありません（ロット番号）"),
    "an unknown column": (
        with_text(DOSES, ",ロット番号", ",ロット"),
        r"レイアウトにない列があります（11列目「ロット」）",
    ),
    "a column twice": (with_text(DOSES, ",ワクチン名", ",ロット番号"), r"同じ列が2つ以上あります（ロット番号）"),
    "no header row": (without_header, r"住民.csv: 見出し行がレイアウトと合いません"),
    "an empty file": (with_bytes(DOSES, b""), r"接種記録.csv は空です（見出し行がありません）"),
    "only a mark of the encoding": (with_bytes(DOSES, b"\xef\xbb\xbf"), r"接種記録.csv は空です"),
    "only blank lines": (with_bytes(DOSES, b"\r\n\r\n"), r"接種記録.csv は空です"),
    "residents with a header only": (with_rows(住民=[]), r"住民.csv に取り込める住民が1人もいません"),
    "a protection nobody can be placed for": (
        with_rows(支援措置=[row_of(1, PROTECTION, 宛名番号=CANARY)]),
        r"支援措置.csv: 1行（2行目）を住民に結び付けられません",
    ),
    "no extract.toml": (without(TOML), r"extract.toml がありません"),
    "extract.toml is no TOML": (with_text(TOML, "=", f"{CANARY} ]="), r"extract.toml を読めません"),
    "extract.toml is not UTF-8": (with_bytes(TOML, "桜浜市".encode("cp932")), r"extract.toml を読めません"),
    "a key of extract.toml is missing": (with_text(TOML, 'layout = "standard"\n', ""), r"項目 layout が"),
    "an unknown key": (with_text(TOML, "layout", f'note = "{CANARY}"\nlayout'), r"項目 note が"),
    "the day is text": (with_text(TOML, "2026-11-01", f'"{CANARY}"'), r"項目 extracted_on が"),
    "an unknown layout": (
        with_text(TOML, "standard", CANARY),
        r"レイアウトの指定が正しくありません。使えるのは standard",
    ),
    "the municipality's check digit": (with_text(TOML, "992011", "992012"), r"municipality_code.*検査数字が合いません"),
    "a municipality code of five digits": (with_text(TOML, "992011", "99201"), r"項目 municipality_code が"),
}


@pytest.mark.parametrize("case", SPOILED)
def test_a_delivery_that_is_refused_changes_nothing(desk, case):
    change, pattern = SPOILED[case]
    extracts = desk.deliver()
    change(extracts)
    before = desk.state()
    try:
        answer = desk.ingest(extracts)
    finally:
        shutil.rmtree(extracts)

    assert_refused(answer, pattern)
    assert desk.leaks(answer.printed) == []
    lists = {name for name in desk.state() if name.endswith("-refused.csv")}
    assert {name: digest for name, digest in desk.state().items() if name not in lists} == before
    assert len(lists) == ("保留の一覧" in answer.printed)
    for name in lists:
        (desk.home.root / name).unlink()


def test_a_missing_folder_of_extracts_is_named(desk):
    assert_refused(desk.ingest(desk.base / "nowhere"), r"抽出フォルダー .*/nowhere がありません")


def test_a_file_in_place_of_the_folder_is_wrong_usage(desk):
    assert_refused(desk.ingest(desk.passphrase_file), r"--extracts.*フォルダーではなくファイルです", code=2)


def test_after_all_refusals_what_was_published_stands_and_a_good_delivery_goes_through(desk):
    assert_still_stands(desk)
    assert desk.ingest().code == 0
    assert_still_stands(desk)


# ---------------------------------------------------------------- a row is refused or noted

ROW_CASES = rows(f"""
    case                            | file         | change                   | code             | outcome
    宛名番号 is no number           | 住民         | 宛名番号={C}             | bad_number       | 保留
    宛名番号 lost its zeros         | 住民         | 宛名番号=77              | spreadsheet_number | 保留
    宛名番号 is empty               | 住民         | 宛名番号=                | missing_value    | 保留
    個人番号 fails its check digit  | 住民         | 個人番号=123456789019    | mynumber_check   | 注意
    個人番号 is no number           | 住民         | 個人番号={C}             | mynumber_check   | 注意
    個人番号 is empty               | 住民         | 個人番号=                | mynumber_missing | 注意
    住民票コード is too short       | 住民         | 住民票コード={C}         | juminhyo_check   | 注意
    氏名 is empty                   | 住民         | 氏名=                    | missing_name     | 注意
    世帯番号 is no number           | 住民         | 世帯番号={C}             | bad_number       | 保留
    生年月日 is not in the calendar | 住民         | 生年月日=2021-02-29      | bad_date         | 保留
    生年月日 is no date             | 住民         | 生年月日={C}             | bad_date         | 保留
    生年月日 is of another form     | 住民         | 生年月日=02/04/2020      | bad_date         | 保留
    不詳区分 says something else    | 住民         | 生年月日不詳区分=3       | bad_date         | 保留
    不詳区分 is unknown             | 住民         | 生年月日不詳区分={C}     | unknown_code     | 保留
    性別 is unknown                 | 住民         | 性別={C}                 | unknown_code     | 保留
    性別 is empty                   | 住民         | 性別=                    | missing_value    | 保留
    地区コード has no such form     | 住民         | 地区コード={C}-{C}       | unknown_code     | 保留
    住民区分 is unknown             | 住民         | 住民区分={C}             | unknown_code     | 保留
    転入日 is no date               | 住民         | 転入日={C}               | bad_date         | 保留
    a My Number in an address       | 住民         | 住所={C} 1234-5678-9018  | mynumber_in_text | 保留
    接種種類コード is unknown       | 接種記録     | 接種種類コード={C}       | unknown_vaccine  | 注意
    個人番号 of a dose fails        | 接種記録     | 個人番号=123456789019    | mynumber_check   | 注意
    期 is unknown                   | 接種記録     | 期={C}                   | unknown_code     | 保留
    回数 is no number               | 接種記録     | 回数={C}                 | bad_number       | 保留
    接種日 is not in the calendar   | 接種記録     | 接種日=2021-04-31        | bad_date         | 保留
    接種日 is no date               | 接種記録     | 接種日={C}               | bad_date         | 保留
    接種日 is empty                 | 接種記録     | 接種日=                  | missing_value    | 保留
    接種日 is before the birth      | 接種記録     | 接種日=2019-04-01        | before_birth     | 注意
    接種日 is after the extraction  | 接種記録     | 接種日=2027-04-01        | future_date      | 注意
    法定区分 is unknown             | 接種記録     | 法定区分={C}             | unknown_code     | 保留
    実施区分 is unknown             | 接種記録     | 実施区分={C}             | unknown_code     | 保留
    医療機関コード has no such form | 接種記録     | 医療機関コード={C}       | unknown_code     | 保留
    接種量 is no number             | 接種記録     | 接種量={C}               | bad_number       | 保留
    a dose without a resident       | 接種記録     | 宛名番号=000000000000777 | no_resident      | 保留
    事由区分 is unknown             | 対象外事由   | 事由区分={C}             | unknown_code     | 保留
    a period runs backwards         | 対象外事由   | 終了日=2021-12-31        | bad_period       | 保留
    an exemption without a resident | 対象外事由   | 宛名番号=000000000000777 | no_resident      | 保留
    送付先区分 is unknown           | 送付先       | 送付先区分={C}           | unknown_code     | 保留
    支援措置区分 is unknown         | 支援措置     | 支援措置区分={C}         | unknown_code     | 保留
    事由終了日 is no date           | 長期療養特例 | 事由終了日={C}           | bad_date         | 保留
    出産予定日 is no date           | 妊娠届       | 出産予定日={C}           | bad_date         | 保留
    出産予定日 is empty             | 妊娠届       | 出産予定日=              | missing_value    | 保留
    対象区分 is unknown             | 特別対象者   | 対象区分={C}             | unknown_code     | 保留
""")
for _case in ROW_CASES:
    _case["file"] += ".csv"
    _case["column"], _, _case["value"] = _case["change"].partition("=")
GOOD_LINES = {name: len(own) + 1 for name, own in GOOD.items()}  # the header row included


def bad_row(case, number):
    """Return the ordinary row of that file with the one change of the case; each resident is a person of its own."""
    first = f"{number:011d}"
    own = {"宛名番号": f"{number:015d}", "個人番号": first + str(check_digit(first))}
    person = own if case["file"] == RESIDENTS else {}
    return ORDINARY[case["file"]] | person | {case["column"]: case["value"]}


@pytest.fixture(scope="module")
def refused_rows(desk):
    """One delivery with every case as a row of its own, behind the good ones; the answer and the quarantine report."""
    files = {name: list(own) for name, own in GOOD.items()}
    for number, case in enumerate(ROW_CASES, 100):
        case["line"] = len(files[case["file"]]) + 2
        files[case["file"]].append(bad_row(case, number))
    answer = desk.ingest(desk.deliver(files))
    assert answer.code == 0, answer
    return answer, quarantine_report(desk)


def quarantine_report(desk):
    newest = max(desk.home.registers.glob("quarantine/*.csv"), key=lambda path: path.stat().st_mtime_ns)
    with newest.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("case", ROW_CASES, ids=lambda case: case["case"])
def test_a_bad_cell_is_listed_by_place_and_reason(refused_rows, case):
    _, report = refused_rows
    found = [entry for entry in report if (entry["ファイル"], entry["行"]) == (case["file"], str(case["line"]))]

    assert {entry["列"] for entry in found} == {case["column"]}
    assert (found[0]["理由コード"], found[0]["扱い"]) == (case["code"], case["outcome"])
    assert JAPANESE.search(found[0]["理由"])
    assert JAPANESE.search(found[0]["対応"])


def test_the_good_rows_beside_bad_ones_are_not_accused(refused_rows):
    _, report = refused_rows

    assert [entry for entry in report if int(entry["行"]) <= GOOD_LINES[entry["ファイル"]]] == []


def test_no_value_of_a_bad_row_is_repeated_anywhere(refused_rows, desk):
    answer, report = refused_rows
    everything = answer.printed + str(report)
    values = {case["value"] for case in ROW_CASES} - {"77", "3", ""}

    assert [value for value in values if value in everything] == []
    assert CANARY.encode() not in b"".join(path.read_bytes() for path in desk.home.root.rglob("*") if path.is_file())


def test_every_file_adds_up_on_the_screen(refused_rows):
    answer, _ = refused_rows
    table = re.findall(r"^│ (\S+\.csv) +│ +(\d+) │ +(\d+) │ +(\d+) │ +(\d+) │", answer.out, re.MULTILINE)

    assert {name for name, *_ in table} == set(GOOD)
    for name, *numbers in table:
        read, kept, duplicates, quarantined = map(int, numbers)
        mine = Counter(case["outcome"] for case in ROW_CASES if case["file"] == name)
        assert (read, duplicates) == (len(GOOD[name]) + mine.total(), 0)
        assert (kept, quarantined) == (len(GOOD[name]) + mine["注意"], mine["保留"])


def test_a_row_that_is_only_noted_is_in_the_snapshot(refused_rows, desk):
    noted = sum(case["outcome"] == "注意" and case["file"] == RESIDENTS for case in ROW_CASES)

    assert refused_rows[0].code == 0
    assert desk.persons() == 3 + noted


# ---------------------------------------------------------------- rows that are wrong as a whole


def raw_row(file, **changes):
    return ",".join((ORDINARY[file] | changes).values())


SHAPES = {
    "a cell too many": (f"{raw_row(DOSES)},{CANARY}", "ragged_row"),
    "a cell too few": (raw_row(DOSES, ロット番号=CANARY).removesuffix(","), "ragged_row"),
    "one cell only": (CANARY, "ragged_row"),
    "a blank line": ("", "ragged_row"),
    "a comma that is not quoted": (raw_row(DOSES, ロット番号=f"{CANARY},"), "ragged_row"),
}


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r"], ids=["CRLF", "LF", "CR"])
def test_ragged_rows_are_quarantined_and_counted(desk, ending):
    extracts = desk.deliver()
    good = (extracts / DOSES).read_bytes().decode().split("\r\n")
    lines = [good[0], *(line for line, _ in SHAPES.values()), *good[1:]]
    (extracts / DOSES).write_bytes(ending.join(lines).encode())

    answer = desk.ingest(extracts)

    assert answer.code == 0
    found = [(entry["行"], entry["理由コード"], entry["列"]) for entry in quarantine_report(desk)]
    assert found == [(str(line), code, "") for line, (_, code) in enumerate(SHAPES.values(), 2)]
    assert CANARY not in answer.printed + str(quarantine_report(desk))
    assert desk.persons() == 3


UNDECODABLE = {
    "UTF-8": ("utf-8", CANARY.encode() + b"\xff"),
    "UTF-8 cut in the middle of a character": ("utf-8", "金糸雀".encode()[:-1]),
    "UTF-8 with a cell in CP932": ("utf-8", "金糸雀".encode("cp932")),
    "CP932": ("cp932", CANARY.encode() + b"\x81\x01"),
    "CP932 with a cell in UTF-8": ("cp932", "髙橋".encode()),
}


@pytest.mark.parametrize("case", UNDECODABLE)
def test_a_cell_that_is_not_of_the_files_encoding_costs_one_row(desk, case):
    encoding, cell = UNDECODABLE[case]
    files = GOOD | {RESIDENTS: [*GOOD[RESIDENTS], resident(4, 住所="HERE"), resident(5)]}
    extracts = desk.deliver(files, encoding=encoding)
    content = (extracts / RESIDENTS).read_bytes()
    (extracts / RESIDENTS).write_bytes(content.replace(b"HERE", cell))

    answer = desk.ingest(extracts)

    assert answer.code == 0
    entries = [(entry["行"], entry["理由コード"], entry["列"]) for entry in quarantine_report(desk)]
    assert entries == [("5", "undecodable", "住所")]
    assert desk.leaks(answer.printed) == []
    assert CANARY not in answer.printed + str(quarantine_report(desk))
    assert desk.persons() == 4


CONTRADICTION = Counter(conflicting_rows=2, no_resident=1)
TWICE = {
    "identical": (resident(4), Counter(duplicate_row=1), 4),
    "contradicting": (resident(4, 氏名=CANARY), CONTRADICTION, 3),
    "contradicting in a column the snapshot lacks": (resident(4, 電話番号="0"), CONTRADICTION, 3),
    "different only in what is never kept": (resident(4, 備考=CANARY), Counter(duplicate_row=1), 4),
}


@pytest.mark.parametrize("case", TWICE)
def test_the_same_resident_twice(desk, case):
    second, codes, persons = TWICE[case]
    files = GOOD | {
        RESIDENTS: [*GOOD[RESIDENTS], resident(4), second],
        DOSES: [*GOOD[DOSES], row_of(4, DOSE)],
    }

    answer = desk.ingest(desk.deliver(files))

    assert answer.code == 0
    assert Counter(entry["理由コード"] for entry in quarantine_report(desk)) == codes
    assert CANARY not in answer.printed + str(quarantine_report(desk))
    assert desk.persons() == persons


def test_a_delivery_of_headers_but_for_the_residents_is_no_fault(desk):
    answer = desk.ingest(desk.deliver({RESIDENTS: GOOD[RESIDENTS]}))

    assert answer.code == 0
    assert quarantine_report(desk) == []


# ---------------------------------------------------------------- keys and passphrases

KEY_CASES = {
    "a wrong passphrase": ("another passphrase", 0o600, r"パスフレーズが違います"),
    "an empty file": ("", 0o600, r"wrong.txt を読めないか、1行目が空です"),
    "an empty first line": (f"\n{CANARY}", 0o600, r"wrong.txt を読めないか、1行目が空です"),
    "a file that others may read": ("another passphrase", 0o644, r"ほかの利用者も読めます。chmod 600 "),
    "a file that the group may read": ("another passphrase", 0o640, r"ほかの利用者も読めます。chmod 600 "),
}


@pytest.mark.parametrize("case", KEY_CASES)
def test_a_passphrase_that_will_not_do(desk, case):
    words, mode, pattern = KEY_CASES[case]
    wrong = desk.secret("wrong.txt", words)
    wrong.chmod(mode)
    extracts, before = desk.deliver(), desk.state()

    assert_refused(desk.enter("ingest", "--extracts", extracts, "--passphrase-file", wrong), pattern)
    assert desk.state() == before


def test_a_passphrase_file_that_does_not_exist(desk):
    assert_refused(
        desk.enter("ingest", "--extracts", desk.base, "--passphrase-file", "nowhere"), r"nowhere を読めないか"
    )


@pytest.mark.parametrize("command", ["ingest --extracts .", "letters x.csv --approval A20261101-000000"])
def test_no_keys_yet(tmp_path, command):
    fresh = Desk(tmp_path)

    assert_refused(fresh.enter(*command.split()), r"鍵ファイル .*master.json がありません。workbench keys init で")
    assert not fresh.home.root.exists()


def test_a_damaged_key_file(desk):
    with spoiled(desk.home.keys / "master.json", lambda content: content.replace(b"0", b"1", 1)):
        answer = desk.ingest()

    assert_refused(answer, r"鍵ファイル .*壊れています.*控えから戻して")


# ---------------------------------------------------------------- nothing published yet


@pytest.mark.parametrize("command", ["report coverage", "snapshots", "letters {list} --approval A20261101-000000"])
def test_no_snapshot_yet(tmp_path, command):
    fresh = Desk(tmp_path).make_keys()
    words = command.format(list=tmp_path / "list.csv").split()

    assert_refused(fresh.enter(*words), r"公開されたスナップショットが .* にまだありません。workbench ingest を")


# ---------------------------------------------------------------- where nothing can be written

IS_ROOT = os.geteuid() == 0
CAN_MOUNT = pytest.mark.skipif(not IS_ROOT, reason="only root may mount a small file system")


@contextlib.contextmanager
def volume(folder, size):
    """Mount a file system of its own at `folder`: the zones may be volumes, and a small one is soon full."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = [shutil.which("mount"), "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        pytest.skip(f"mount is not allowed here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run([shutil.which("umount"), str(folder)], check=True)  # noqa: S603 - our own words


def remount(folder, how):
    subprocess.run([shutil.which("mount"), "-o", f"remount,{how}", str(folder)], check=True)  # noqa: S603 - our own


ZONES = rows("""
    zone      | command
    snapshots | ingest --extracts {extracts}
    vault     | ingest --extracts {extracts}
    registers | ingest --extracts {extracts}
    outputs   | report coverage -p as_of=2026-11-01
""")


@pytest.mark.parametrize("case", ZONES, ids=lambda case: case["zone"])
def test_a_file_where_a_folder_should_be(desk, case):
    zone, aside = desk.home.root / case["zone"], desk.home.root / "aside"
    zone.rename(aside) if zone.exists() else aside.mkdir()
    zone.write_text(CANARY)
    try:
        answer = desk.enter(*case["command"].format(extracts=desk.deliver()).split())
    finally:
        zone.unlink()
        aside.rename(zone)

    assert_refused(answer, r"(書き込めません|保存できませんでした).*(権限|空き容量)")
    assert desk.persons()
    assert desk.enter("ledger", "verify").code == 0


def test_a_file_where_the_installation_should_be(tmp_path):
    fresh = Desk(tmp_path)
    fresh.home.root.write_text("")

    assert_refused(fresh.enter("keys", "init", "--officer", "担当者"), r"書き込めません。権限と空き容量を確認")


@CAN_MOUNT
@pytest.mark.parametrize("zone", ["", "snapshots", "vault", "registers"])
def test_a_volume_that_may_only_be_read(tmp_path, zone):
    own = Desk(tmp_path)
    with volume(own.home.root / zone, "16m") as folder:
        assert own.make_keys().ingest().code == 0
        before = own.state()
        remount(folder, "ro")
        answer = own.ingest()
        assert_still_stands(own)
        remount(folder, "rw")

        assert_refused(answer, r"(書き込めません|保存できませんでした)")
        assert own.state() == before
        assert own.ingest().code == 0


ROOM = "24m"  # for two snapshots of a small city, most of whose 7 MiB are the rules, and one in the making
FULL = [("", 0), ("", 64), ("", 2048), ("snapshots", 0), ("snapshots", 512), ("vault", 0), ("registers", 0)]


@CAN_MOUNT
@pytest.mark.parametrize(("zone", "left_kib"), FULL)
def test_a_full_disk(tmp_path, zone, left_kib):
    own = Desk(tmp_path)
    with volume(own.home.root / zone, ROOM) as folder:
        assert own.make_keys().ingest().code == 0
        free = shutil.disk_usage(folder).free
        (folder / "filler").write_bytes(bytes(max(0, free - left_kib * 1024)))
        before = own.state()
        answer = own.ingest()
        assert_refused(answer, r"(書き込めません|保存できませんでした|台帳 .* を読み書きできません)")
        assert own.state() == before
        assert_still_stands(own)
        (folder / "filler").unlink()
        assert own.ingest().code == 0


def _limit_file_size():
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


def test_a_file_that_may_not_grow(tmp_path):
    own = Desk(tmp_path).make_keys()
    assert own.ingest().code == 0
    before = own.state()
    environment = os.environ | {
        "WORKBENCH_HOME": str(own.home.root),
        "WORKBENCH_PASSPHRASE_FILE": str(own.passphrase_file),
    }
    command = [
        sys.executable,
        "-c",
        "from workbench.cli import main; main()",
        "ingest",
        "--extracts",
        str(own.deliver()),
    ]
    done = subprocess.run(  # noqa: S603 - our own words
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, preexec_fn=_limit_file_size
    )

    assert done.returncode == 1, done.stderr
    assert re.fullmatch(r"中止: .*\n", done.stderr)
    assert own.state() == before
    assert own.ingest().code == 0


# ---------------------------------------------------------------- damage


def flip(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("change", [flip, lambda _: b"", lambda _: b"{}\n"], ids=["a bit", "empty", "other JSON"])
def test_a_damaged_manifest_is_named_and_the_next_ingest_goes_through(desk, change):
    current = (desk.home.snapshots / "CURRENT").read_text().strip()
    with spoiled(desk.home.snapshots / current / "manifest.json", change):
        for command in ("snapshots", "report coverage"):
            assert_refused(desk.enter(*command.split()), rf"{current}/manifest.json が壊れています")
        assert desk.ingest().code == 0
        listed = desk.enter("snapshots")

        assert listed.code == 1
        assert f"{current} は壊れている" in listed.err
        assert desk.persons() == 3
        assert re.search(r"^\* ", listed.out, re.MULTILINE)


def test_a_damaged_ledger_stops_the_ingest_before_anything_is_published(desk):
    ledger = desk.home.registers / "ledger.jsonl"
    before = desk.state()
    with spoiled(ledger, lambda content: content[:-40] + flip(content[-40:])):
        answer = desk.ingest()
        assert_refused(desk.enter("ledger", "verify"), r"台帳 .* 行目が前の記録とつながりません")

    assert_refused(answer, r"台帳 .*行目が前の記録とつながりません.*バックアップ")
    assert desk.state() == before
    assert desk.ingest().code == 0


@pytest.fixture
def pseudonymous_list(desk):
    """A list of one person, of the published snapshot."""
    snapshot_id = (desk.home.snapshots / "CURRENT").read_text().strip()
    path = desk.base / "list.csv"
    line = f"p{0:016x},MR2-1,late,2027-03-31,within_window,2026-11-01,{snapshot_id}"
    path.write_text(f"{','.join(LIST_COLUMNS)}\r\n{line}\r\n", encoding="utf-8-sig", newline="")
    return path


def letters(desk, list_file, number, *more):
    return desk.enter("letters", list_file, "--approval", number, *more)


@pytest.mark.parametrize("file", ["register.parquet", "register.seal"])
def test_a_damaged_vault_opens_nothing(desk, pseudonymous_list, file):
    current = (desk.home.snapshots / "CURRENT").read_text().strip()
    number = desk.approval(pseudonymous_list)
    before = desk.state()
    with spoiled(desk.home.vault / current / file, flip):
        answer = letters(desk, pseudonymous_list, number)

    assert_refused(answer, r"保管庫 .*壊れている.*個人情報は開いていません")
    assert desk.state() == before


LISTS = {
    "no such file": (None, r"list.csv がありません"),
    "no such list": (b"\x89PNG\r\n\x1a\n\0\0", r"list.csv が読めません"),
    "another table": ("宛名番号,氏名\r\n".encode(), r"list.csv は対象者の一覧ではありません"),
    "nobody on it": (",".join(LIST_COLUMNS).encode(), r"1人も載っていません"),
    "a name in place of a pseudonym": (
        f"{','.join(LIST_COLUMNS)}\n{CANARY},MR2-1,late,,x,2026-11-01,s".encode(),
        r"2行目 person_id の値が正しい形ではありません",
    ),
    "of another snapshot": (
        f"{','.join(LIST_COLUMNS)}\np{0:016x},MR2-1,late,2027-03-31,x,2026-11-01,20200101-x".encode(),
        r"(今の住民データより前|正しい形ではありません)",
    ),
}


@pytest.mark.parametrize("case", LISTS)
def test_letters_for_a_list_that_will_not_do(desk, case):
    content, pattern = LISTS[case]
    path = desk.base / "list.csv"
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)
    number = desk.approval(path if content else desk.passphrase_file)
    before = desk.state()

    assert_refused(letters(desk, path, number), pattern)
    assert desk.state() == before


def test_letters_need_a_second_person_and_a_strong_password(desk, pseudonymous_list):
    weak = desk.secret("weak.txt", "short")
    own = NUMBER.search(desk.enter("request", pseudonymous_list, "--purpose", "MR第2期の勧奨").out)[0]

    assert_refused(desk.enter("approve", own), r"申請した本人は承認できません")
    assert_refused(letters(desk, pseudonymous_list, own), rf"承認番号 {own} はまだ承認されていません")
    assert_refused(letters(desk, pseudonymous_list, "A20261101-000000"), r"申請が台帳にありません")
    given = desk.approval(pseudonymous_list)
    assert_refused(letters(desk, pseudonymous_list, given, "--password-file", weak), r"英数字と記号で12文字以上")
    assert_refused(desk.enter("request", pseudonymous_list, "--purpose", " "), r"--purpose.*空でなく", code=2)
    assert_refused(desk.enter("request", desk.base / "none.csv", "--purpose", "勧奨"), r"none.csv を読めません")


# ---------------------------------------------------------------- two at once


def test_two_ingests_at_once(desk):
    extracts, before = desk.deliver(), desk.state()
    with (desk.home.snapshots / LOCK).open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        answer = desk.ingest(extracts)

    assert_refused(answer, r"別の取り込みが動いています。終わってから")
    assert desk.state() == before
    assert desk.ingest(extracts).code == 0


def test_the_table_of_rows_covers_every_file():
    assert {case["file"] for case in ROW_CASES} == set(GOOD) == set(ORDINARY)
