"""The command line as staff meet it: Japanese pages, plain refusals, and nothing that breaks when they turn away."""

import contextlib
import errno
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import click
import pytest
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.desk import PASSPHRASE, Desk
from tests.installation import CITY
from tests.tables import rows
from workbench import lawdates, schedule
from workbench.cli import app
from workbench.cli.pages import wrap

ROOT = Path(__file__).parents[1]
LOCALE = ROOT / "workbench" / "cli" / "locale" / "ja" / "LC_MESSAGES"
JAPANESE = re.compile(r"[぀-ヿ一-鿿]")
WORKBENCH = [sys.executable, "-c", "from workbench.cli import main; main()"]
CANARY = "KANARIA"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """An installation with keys and one good snapshot."""
    desk = Desk(tmp_path_factory.mktemp("desk")).make_keys()
    assert desk.ingest().code == 0
    return desk


@pytest.fixture
def fresh(tmp_path):
    """An installation in which nothing was made yet."""
    return Desk(tmp_path)


def start(desk, *arguments, **options):
    """Start one command as a process of its own."""
    environment = os.environ | {"WORKBENCH_HOME": str(desk.home.root)}
    environment["WORKBENCH_PASSPHRASE_FILE"] = str(desk.passphrase_file)
    own = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment |= options.pop("environment", {})
    return subprocess.Popen([*WORKBENCH, *map(str, arguments)], cwd=ROOT, env=environment, **(own | options))  # noqa: S603 - our own words


def assert_says(answer, code, pattern):
    assert answer.code == code, answer
    assert len(answer.lines) == 1, answer.err
    assert re.search(pattern, answer.lines[0]), answer.err
    assert JAPANESE.search(answer.lines[0])


# ---------------------------------------------------------------- pages


def _commands(command, path=()):
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, (*path, name))


COMMANDS = list(_commands(app))


@pytest.mark.parametrize("columns", [80, 132])
@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_page_is_japanese_and_fits_the_terminal(fresh, path, columns):
    answer = fresh.enter(*path, "--help", COLUMNS=str(columns))

    assert answer.code == 0
    assert answer.out.startswith("使い方: workbench")
    assert "オプション:" in answer.out
    assert [line for line in answer.out.splitlines() if re.search("[a-z]", line) and not JAPANESE.search(line)] == []
    assert max(map(cell_len, answer.out.splitlines())) <= columns


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_short_option_shows_the_same_page(fresh, path):
    assert fresh.enter(*path, "-h").out == fresh.enter(*path, "--help").out


@pytest.mark.parametrize("path", [(), ("keys",), ("ledger",)], ids=["", "keys", "ledger"])
def test_a_group_alone_shows_its_page(fresh, path):
    answer = fresh.enter(*path)

    assert answer.code == 2
    assert "コマンド:" in answer.err


def test_the_version_is_told(fresh):
    assert re.fullmatch(r"workbench \d+\.\d+\.\d+\n", fresh.enter("--version").out)


@given(st.text("接種。、）「年 abcXYZ-=12ー", max_size=80), st.integers(4, 40))
def test_wrapping_loses_nothing_and_keeps_the_width(text, width):
    lines = wrap(text, width)

    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert cell_len(line.rstrip()) <= width or not re.search(r"\s", line.strip())


def test_no_line_begins_with_what_ends_a_sentence():
    text = "接種の枠（種類・期・回）ごとに、定期接種の対象期間を表示する。"

    assert not {line[0] for width in range(4, 60) for line in wrap(text, width)} & set("、。）ー")


def test_the_translation_is_compiled_from_its_source():
    with (LOCALE / "messages.po").open("rb") as source, io.BytesIO() as compiled:
        write_mo(compiled, read_po(source, locale="ja"))
        compiled.seek(0)
        expected = {str(message.id): message.string for message in read_mo(compiled) if message.id}
    with (LOCALE / "messages.mo").open("rb") as shipped:
        assert {str(message.id): message.string for message in read_mo(shipped) if message.id} == expected


def test_a_page_does_not_wait_for_the_large_libraries():
    code = (
        "import sys, workbench.cli; print(*{'pandas', 'duckdb', 'plotly', 'papermill', 'pyarrow'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own

    assert done.stdout.split() == []


# ---------------------------------------------------------------- wrong usage

WRONG = rows("""
    line                                          | says
    paint                                         | paint というコマンドはありません
    inges                                         | 近いもの: 'ingest'
    keys open                                     | open というコマンドはありません
    windows --brith 2020-04-02                    | --brith というオプションはありません。.*'--birth'
    windows                                       | --birth か --births のどちらか1つを指定
    windows --birth 2020-04-02 --births x         | --birth か --births のどちらか1つを指定
    windows --birth 2021-02-29                    | --birth.*暦にある日付を YYYY-MM-DD の形で
    windows --birth 20200402                      | YYYY-MM-DD の形で
    windows --birth 2020-W14-4                    | YYYY-MM-DD の形で
    windows --birth 2020-04-02 --sex X            | '--sex' の値が正しくありません.*'M', 'F'
    windows --json=yes --birth 2020-04-02         | --json は値をとりません
    synth --out x                                 | --residents を指定してください
    synth --residents 1999 --out x                | 2,000 から 4,000,000 までの整数で
    synth --residents many --out x                | 2,000 から 4,000,000 までの整数で
    synth --residents 2000 --seed -1 --out x      | 0 以上の整数で
    synth --residents 2000 --out x --encoding sjis| 次から選んでください: 'utf-8', 'cp932'
    ingest                                        | --extracts を指定してください
    ingest --extracts                             | --extracts には値が必要です
    ingest --extracts x --by 1234-5678-9018       | '--by' の値が正しくありません.*長い番号を含まない
    letters --approval A20261101-000000           | LIST を指定してください
    letters x.csv                                 | --approval を指定してください
    request x.csv                                 | --purpose を指定してください
    request x.csv --purpose a --use paint         | 次から選んでください: 'letters', 'media'
    approve                                       | NUMBER を指定してください
    approve A20261101-000000 --days 31            | 1 から 30 までの整数で
    ledger verify --anchor 12                     | 番号-ハッシュ16桁以上
    keys add                                      | NAME を指定してください
    keys destroy                                  | --key-id を指定してください
    report                                        | REPORT（coverage、followup、irregular_doses のどれか）を指定
    report coverage followup                      | 余分な引数があります（followup）
    snapshots all                                 | 余分な引数があります（all）
    lab --port 80                                 | 1,024 から 65,535 までの整数で
""")


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case["line"])
def test_wrong_usage_is_one_japanese_line_and_leads_to_the_page(fresh, case):
    answer = fresh.enter(*case["line"].split())

    assert_says(answer, 2, rf"^使い方の誤り: .*{case['says']}")
    assert re.search(r"説明は workbench[a-z ]* --help で読めます。$", answer.lines[0])
    assert not fresh.home.root.exists()


# ---------------------------------------------------------------- windows

WINDOW_KEYS = ["slot", "opens_on", "standard_from", "standard_until", "closes_on"]
DAY = ("_on", "_from", "_until")
EXTENSION_KEYS = ["slot", "extension", "opens_on", "closes_on"]


def read_windows(line):
    answer = json.loads(line)
    assert list(answer) == ["birth_date", "slots", "extensions"]
    for keys, windows in ((WINDOW_KEYS, answer["slots"]), (EXTENSION_KEYS, answer["extensions"])):
        for window in windows:
            assert list(window) == keys
            assert all(value is None or date.fromisoformat(value) for key, value in window.items() if key.endswith(DAY))
    return answer


@pytest.mark.parametrize("sex", ["F", "M"])
@pytest.mark.parametrize("birth", ["2018-12-31", "2020-02-29", "1900-01-01", "2099-12-31"])
def test_the_windows_of_one_birth_as_json(fresh, birth, sex):
    answer = fresh.enter("windows", "--birth", birth, "--sex", sex, "--json")

    found = read_windows(answer.out)
    assert found["birth_date"] == birth
    assert [window["slot"] for window in found["slots"]] == [slot.slot for slot in schedule.load().slots]
    assert answer.out.count("\n") == 1


@pytest.mark.parametrize(("birth", "sex", "found"), [("1979-04-01", "M", ["RUB5-1"]), ("1979-04-02", "M", [])])
def test_extensions_stand_apart_from_the_ordinary_windows(fresh, birth, sex, found):
    answer = read_windows(fresh.enter("windows", "--birth", birth, "--sex", sex, "--json").out)

    assert [row["slot"] for row in answer["extensions"]] == found


def test_the_windows_of_one_birth_as_a_table(fresh):
    answer = fresh.enter("windows", "--birth", "2018-12-31", COLUMNS="80")

    assert "2024-04-01" in next(line for line in answer.out.splitlines() if "MR2-1" in line)
    assert max(map(cell_len, answer.out.splitlines())) <= 80


def test_ten_thousand_births_are_answered_in_their_order(fresh):
    births = [date(2013, 4, 1) + timedelta(days=(number * 7919) % 5000) for number in range(10_000)]
    file = fresh.base / "births.txt"
    file.write_text("\n".join(map(str, births)), encoding="utf-8")

    lines = fresh.enter("windows", "--births", file).out.splitlines()

    assert [json.loads(line)["birth_date"] for line in lines] == list(map(str, births))
    assert lines[0] == fresh.enter("windows", "--birth", births[0], "--json").out.strip()
    read_windows(lines[-1])


# ---------------------------------------------------------------- evaluate

CASE = {
    "birth_date": "2024-05-10",
    "sex": "F",
    "as_of": "2026-11-01",
    "doses": [{"vaccine": "MR", "given_on": "2025-06-01", "stage": "2"}],
}


def test_one_case_is_answered_slot_by_slot_and_dose_by_dose(fresh, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(CASE)))
    answer = json.loads(fresh.enter("evaluate").out)
    found = {row["slot"]: row for row in answer["slots"]}

    assert list(found) == [slot.slot for slot in schedule.load().slots]
    assert (found["MR1-1"]["status"], found["MR1-1"]["given_on"]) == ("done", "2025-06-01")
    assert (found["MR2-1"]["status"], found["MR2-1"]["reason"]) == ("not_yet_open", "before_window")
    assert [(row["evaluation"], row["slot"]) for row in answer["doses"]] == [("valid", "MR1-1")]
    assert not fresh.home.root.exists()


def test_a_file_of_cases_is_answered_line_by_line(fresh):
    file = fresh.base / "cases.jsonl"
    without = CASE | {"doses": []}
    file.write_text("\n".join(["", json.dumps(CASE), " ", json.dumps(without)]), encoding="utf-8-sig")

    first, second = map(json.loads, fresh.enter("evaluate", "--cases", file).out.splitlines())

    assert [len(first["doses"]), len(second["doses"])] == [1, 0]


WRONG_CASES = {
    "no JSON": ("{", "2行目の事例がJSONとして読めません"),
    "a key twice": (json.dumps(CASE)[:-1] + ', "sex": "F"}', "2行目の事例がJSONとして読めません"),
    "a number of 5,000 digits": (f'{{"as_of": {"9" * 5000}}}', "2行目の事例がJSONとして読めません"),
    "as deep as memory": ("[" * 100_000, "2行目の事例がJSONとして読めません"),
    "half a character": (json.dumps(CASE | {"sex": "\ud800"}), "2行目の事例がJSONとして読めません"),
    "not a number": (json.dumps(CASE | {"as_of": float("nan")}), "2行目の事例がJSONとして読めません"),
    "no object": ("[]", "2行目の事例の項目 全体 を読めません：値の種類が違います"),
    "a missing day": (
        json.dumps({"birth_date": "2024-05-10", "sex": "F"}),
        "項目 as_of を読めません：項目がありません",
    ),
    "a further word": (json.dumps(CASE | {"name": "花子"}), "項目 name を読めません：使えない項目です"),
    "a number as a word": (
        json.dumps(CASE | {"123456789018": 1}),
        "項目 （項目名でないもの） を読めません：使えない項目",
    ),
    "a day in words": (json.dumps(CASE | {"as_of": "昨日"}), "項目 as_of を読めません：知らない言葉か、日付"),
    "a day without hyphens": (json.dumps(CASE | {"as_of": "20261101"}), "項目 as_of を読めません：知らない言葉か"),
    "a day by its week": (json.dumps(CASE | {"birth_date": "2024-W19-5"}), "項目 birth_date を読めません：知らない"),
    "a moment": (json.dumps(CASE | {"as_of": 1793491200}), "項目 as_of を読めません：知らない言葉か、日付"),
    "another sex": (json.dumps(CASE | {"sex": "X"}), "項目 sex を読めません：知らない言葉です"),
    "a vaccine without a code": (
        json.dumps(CASE | {"doses": [{"vaccine": "XYZ", "given_on": "2025-06-01"}]}),
        "項目 doses.1.vaccine を読めません：知らないワクチンの記号です",
    ),
}


@pytest.mark.parametrize("case", WRONG_CASES)
def test_a_wrong_case_is_one_line_that_shows_no_value(fresh, case):
    line, says = WRONG_CASES[case]
    file = fresh.base / "cases.jsonl"
    file.write_text(f"{json.dumps(CASE)}\n{line}\n", encoding="utf-8")

    answer = fresh.enter("evaluate", "--cases", file)

    assert answer.out == ""
    assert_says(answer, 1, says)
    assert not re.search("花子|昨日|XYZ", answer.err)


def test_a_file_of_cases_that_is_not_there(fresh):
    assert_says(fresh.enter("evaluate", "--cases", fresh.base / "none.jsonl"), 1, "を読めません。1行に1つ事例をJSON")


# ---------------------------------------------------------------- births


BIRTHS = {
    "blank lines and spaces": (b"\n 2020-04-02 \n\n\n2020-04-03\n\n", ["2020-04-02", "2020-04-03"]),
    "as Windows writes it": (b"\xef\xbb\xbf2020-04-02\r\n2020-04-03\r\n", ["2020-04-02", "2020-04-03"]),
    "no line end": (b"2020-04-02", ["2020-04-02"]),
    "nothing": (b"", []),
}


@pytest.mark.parametrize("case", BIRTHS)
def test_a_file_of_births_may_be_written_by_any_editor(fresh, case):
    content, births = BIRTHS[case]
    (fresh.base / "births.txt").write_bytes(content)

    answer = fresh.enter("windows", "--births", fresh.base / "births.txt")

    assert (answer.code, [json.loads(line)["birth_date"] for line in answer.out.splitlines()]) == (0, births)


BAD_BIRTHS = {
    "no date": (b"2020-04-02\n\n\nKANARIA\n2020-04-03\n", r"の 4 行目が YYYY-MM-DD の日付ではありません.*全部で 1 行"),
    "not in the calendar": (b"\n2021-02-29\n2021-02-30\n", r"の 2 行目が.*全部で 2 行"),
    "two on a line": (b"2020-04-02 2020-04-03\n", r"の 1 行目が"),
    "of another form": (b"2020-04-02\r\n20200403\r\n", r"の 2 行目が"),
    "not UTF-8": ("令和二年".encode("cp932"), r"births.txt を読めません。1行に1つ"),
}


@pytest.mark.parametrize("case", BAD_BIRTHS)
def test_a_bad_birth_is_named_by_its_line_and_nothing_is_printed(fresh, case):
    content, pattern = BAD_BIRTHS[case]
    (fresh.base / "births.txt").write_bytes(content)

    answer = fresh.enter("windows", "--births", fresh.base / "births.txt")

    assert_says(answer, 1, pattern)
    assert answer.out == ""
    assert CANARY not in answer.err


def test_a_missing_file_of_births(fresh):
    assert_says(fresh.enter("windows", "--births", fresh.base / "nowhere.txt"), 1, r"nowhere.txt を読めません")


# ---------------------------------------------------------------- reports


def test_the_reports_and_their_parameters_are_listed(fresh):
    reports = fresh.enter("report", "--list")
    parameters = fresh.enter("report", "followup", "--list")

    assert [line.split("  ")[0] for line in reports.out.splitlines()] == ["coverage", "followup", "irregular_doses"]
    assert all(JAPANESE.search(line) for line in (reports.out + parameters.out).splitlines())
    assert "as_of=2026-11-01  基準日：YYYY-MM-DD の日付" in parameters.out
    assert "closing、late、due のうち1つ以上" in parameters.out


PARAMETERS = rows("""
    given                                   | says
    -p asof=2026-11-01                      | パラメータ asof はありません。as_of のことですか
    -p as_of=2026-11-31                     | as_of（基準日）の値が正しくありません。YYYY-MM-DD
    -p as_of=KANARIA                        | as_of（基準日）の値が正しくありません
    -p closing_days=400                     | closing_days.*1 から 366 までの日数
    -p as_of                                | 「名前=値」の形
    -p as_of=2026-11-01 -p as_of=2026-11-01 | as_of が2回指定されています
    -p slot=MR9-9                           | slot.*MR2-1 のことですか
    -p district=99                          | district.*地区コード
    -p snapshot_id=20200101-x               | 20200101-x が .* にありません
    -p snapshot_id=../../keys               | snapshot_id
""")


@pytest.mark.parametrize("case", PARAMETERS, ids=lambda case: case["given"])
def test_a_wrong_parameter_is_refused_before_anything_runs(desk, case):
    answer = desk.enter("report", "followup", *case["given"].split())

    assert_says(answer, 1, case["says"])
    assert CANARY not in answer.err
    assert not desk.home.outputs.exists()


def test_an_unknown_report_is_refused(desk):
    assert_says(desk.enter("report", "coverages"), 1, r"coverages はありません。coverage のことですか")


# ---------------------------------------------------------------- ledger and snapshots


def test_a_sound_ledger_is_confirmed(desk):
    answer = desk.enter("ledger", "verify")

    assert answer.code == 0
    assert re.search(r"台帳は正しくつながっています（\d+ 件、末尾 \d+-[0-9a-f]{32}）", answer.out)


def test_the_auditor_reads_who_did_what_when_and_why(desk):
    everything, loads = desk.enter("ledger", "list").out, desk.enter("ledger", "list", "--action", "ingest").out

    assert "keys_created" in everything
    assert re.search(
        r"^2  \S+\+09:00  ingest  運用担当（署名 担当者 k[0-9a-f]{16}）  承認 —  予防接種の", loads, re.MULTILINE
    )
    assert re.search(r"^    .*snapshot_id=\S+ .*read=\d+$", loads, re.MULTILINE)
    assert "keys_created" not in loads


def test_no_ledger_before_the_first_ingest_is_no_fault(fresh):
    assert re.search("台帳 .* はまだありません", fresh.enter("ledger", "verify").out)


TAMPERED = {
    "a word is changed": (
        lambda lines: [lines[0], lines[1].replace("運用担当".encode(), "運営担当".encode()), lines[2]],
        "2 行目が",
    ),
    "a line is removed": (lambda lines: lines[1:], "1 行目が"),
    "two lines change places": (lambda lines: [lines[1], lines[0], lines[2]], "1 行目が"),
    "a line is written twice": (lambda lines: [*lines, lines[-1]], "4 行目が"),
    "the last line is torn": (lambda lines: [*lines[:2], lines[2][:-9]], "3 行目が途中で切れています"),
    "the last line is removed": (lambda lines: lines[:2], "取り込んだ記録がありません.*切り取られた"),
    "all lines are removed": (lambda _: [], "取り込んだ記録がありません"),
    "the file is removed": (None, "取り込んだ記録がありません"),
}


def test_a_tampered_ledger_is_found_and_kept(fresh):
    fresh.make_keys()
    assert (fresh.ingest().code, fresh.ingest().code) == (0, 0)
    ledger = fresh.home.registers / "ledger.jsonl"
    lines = ledger.read_bytes().splitlines(keepends=True)
    for case, (change, pattern) in TAMPERED.items():
        ledger.write_bytes(b"".join(change(lines))) if change else ledger.unlink()
        before = fresh.state()
        answer = fresh.enter("ledger", "verify")

        assert re.search(f"^中止: 台帳 .*{pattern}", answer.err), (case, answer)
        assert (answer.code, answer.out) == (1, "")
        assert fresh.state() == before
    ledger.write_bytes(b"".join(lines))
    assert fresh.enter("ledger", "verify").code == 0


def test_snapshots_are_listed_and_the_published_one_is_marked(fresh):
    fresh.make_keys()
    assert (fresh.ingest().code, fresh.ingest().code) == (0, 0)

    lines = fresh.enter("snapshots").out.splitlines()

    assert [line[0] for line in lines] == [" ", "*"]
    assert all("住民 3 人  接種 2 件" in line for line in lines)


def test_without_a_home_everything_is_below_the_working_folder(fresh, monkeypatch):
    monkeypatch.chdir(fresh.base)

    assert_says(fresh.enter("snapshots", WORKBENCH_HOME=""), 1, f"{fresh.base}/var/snapshots にまだありません")


# ---------------------------------------------------------------- keys


def enter_typing(desk, *words, typed):
    environment = {"WORKBENCH_HOME": str(desk.home.root), "WORKBENCH_PASSPHRASE_FILE": ""}
    return CliRunner().invoke(app, words, input="".join(f"{line}\n" for line in typed), env=environment)


def test_a_new_passphrase_is_asked_for_twice_and_never_shown(fresh):
    result = enter_typing(
        fresh, "keys", "init", "--officer", "担当者", typed=[PASSPHRASE, "another one", PASSPHRASE, PASSPHRASE]
    )

    assert result.exit_code == 0, result.output
    assert result.output.count("新しいパスフレーズ（12文字以上）") == 2
    assert result.output.count("もう一度") == 2
    assert "2回の入力が一致しません" in result.output
    assert PASSPHRASE not in result.output
    assert "another one" not in result.output
    assert (fresh.home.keys / "master.json").stat().st_mode & 0o777 == 0o600
    assert fresh.ingest().code == 0  # the file of this desk holds the same words


def test_keys_are_made_once(desk):
    before = desk.state()

    for more in ([], ["--demo"], ["--passphrase-file", "nowhere"]):
        assert_says(desk.enter("keys", "init", *more), 1, r"鍵ファイル .*master.json はすでにあります")
    assert desk.state() == before


@pytest.mark.parametrize("words", ["short", "十一文字のパスフレーズ"])
def test_a_short_passphrase_makes_no_keys(fresh, words):
    short = fresh.secret("short.txt", words)

    assert_says(fresh.enter("keys", "init", "--passphrase-file", short), 1, r"パスフレーズは12文字以上")
    assert not (fresh.home.keys / "master.json").exists()


def test_the_demonstrations_passphrase_is_announced_and_used(fresh):
    made = fresh.enter("keys", "init", "--demo")
    extracts = fresh.deliver()
    used = fresh.enter("ingest", "--extracts", extracts, WORKBENCH_PASSPHRASE_FILE="")

    assert "本番では使わないでください" in made.out
    assert "本番では使わないでください" in used.err
    assert (made.code, used.code) == (0, 0)


def test_the_demonstration_does_not_publish_over_a_real_city(desk):
    assert_says(desk.enter("demo", "--residents", "2000"), 1, r"本番の鍵があります.*WORKBENCH_HOME で別の場所を")


def read_terminal(master):
    with_end = b""
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:  # the other end is closed
            return with_end.decode()
        with_end += piece
        if with_end.rstrip(b" ").endswith(b":") and PASSPHRASE.encode() not in with_end:
            os.write(master, f"{PASSPHRASE}\n".encode())


def test_on_a_terminal_the_passphrase_is_typed_unseen(fresh):
    master, slave = pty.openpty()
    ends = {"stdin": slave, "stdout": slave, "stderr": slave, "start_new_session": True}
    process = start(fresh, "keys", "init", "--officer", "担当者", environment={"WORKBENCH_PASSPHRASE_FILE": ""}, **ends)
    os.close(slave)
    shown = read_terminal(master)
    os.close(master)

    assert process.wait(60) == 0, shown
    assert "もう一度" in shown
    assert PASSPHRASE not in shown


def test_without_a_terminal_nothing_is_asked(desk):
    process = start(
        desk,
        "ingest",
        "--extracts",
        desk.deliver(),
        environment={"WORKBENCH_PASSPHRASE_FILE": ""},
        start_new_session=True,
    )
    _, err = process.communicate(timeout=60)

    assert (process.returncode, err.decode().count("\n")) == (1, 1)
    assert "端末がありません。--passphrase-file で渡して" in err.decode()


# ---------------------------------------------------------------- when something goes wrong that nobody foresaw


def fail_inside():
    lawdates.fiscal_year(CANARY)


def interrupt():
    raise KeyboardInterrupt


def interrupt_inside_a_library():
    with contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    raise RuntimeError(CANARY)  # what DuckDB makes of it


def fill_the_disk():
    raise OSError(errno.ENOSPC, CANARY)


def end_of_file():
    raise EOFError(CANARY)


FAILURES = {
    "a defect": (
        fail_inside,
        3,
        r"^プログラムの誤りで止まりました（\w+Error、lawdates.py の \d+ 行）。公開済みのものは変わっていません。$",
    ),
    "the end of a file that should go on": (end_of_file, 3, r"^プログラムの誤りで止まりました（EOFError、"),
    "Ctrl-C": (interrupt, 130, r"^中止しました。公開済みのものは変わっていません。$"),
    "Ctrl-C inside a library": (interrupt_inside_a_library, 130, r"^中止しました。"),
    "a full disk": (fill_the_disk, 1, r"^中止: 出力先 を読み書きできません（空き容量が足りません）"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_an_unforeseen_error_tells_its_kind_and_place_but_not_its_words(fresh, monkeypatch, case):
    callback, code, pattern = FAILURES[case]
    monkeypatch.setitem(app.commands, "planted", click.Command("planted", callback=callback))

    answer = fresh.enter("planted")

    assert_says(answer, code, pattern)
    assert CANARY not in answer.printed
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_in_the_middle_of_an_ingest_leaves_what_was_published(desk):
    before = desk.state()
    process = start(desk, "ingest", "--extracts", CITY)
    end = time.monotonic() + 60
    while not list(desk.home.snapshots.glob("*.building")) and process.poll() is None and time.monotonic() < end:
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130, err.decode()
    assert err.decode().split("\n")[-2] == "中止しました。公開済みのものは変わっていません。"
    assert "Traceback" not in err.decode()
    assert desk.state() == before


@pytest.mark.parametrize("count", [2, 5_000])
def test_a_reader_who_turns_away_sees_no_traceback(fresh, count):
    (fresh.base / "births.txt").write_text("2020-04-02\n" * count)
    process = start(fresh, "windows", "--births", fresh.base / "births.txt")
    first = process.stdout.readline() if count > 2 else b"{}"
    process.stdout.close()
    err = process.stderr.read().decode()
    process.stderr.close()

    assert json.loads(first) is not None
    assert process.wait(60) in {0, 1}
    assert err == ""


def test_a_full_disk_behind_the_output_is_said_once(fresh):
    with Path("/dev/full").open("w") as full:
        process = start(fresh, "windows", "--birth", "2020-04-02", "--json", stdout=full)
        _, err = process.communicate(timeout=60)

    assert process.returncode == 1
    assert re.fullmatch("中止: 出力先 .*空き容量が足りません.*\n", err.decode())


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp932", "utf-8"])
def test_the_terminal_may_speak_another_language(fresh, encoding):
    environment = {"LANGUAGE": "en", "LC_ALL": "C", "PYTHONIOENCODING": encoding}
    process = start(fresh, "windows", "--brith", "2020-04-02", environment=environment)
    _, err = process.communicate(timeout=60)

    said = err.decode("cp932" if encoding == "cp932" else "utf-8")
    assert re.fullmatch("使い方の誤り: --brith というオプションはありません.*\n", said)
