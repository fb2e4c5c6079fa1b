"""Notebooks as reports: what may be given, what a run leaves, and what is left of one that fails."""

import fcntl
import json
import os
import resource
import time
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest

from tests.tables import rows
from workbench.errors import NoSnapshotError, ParameterError, RunError, StorageError
from workbench.outputs.lists import read_list
from workbench.runs import declared_parameters, parse_assignments, report_names, run_report, supervise
from workbench.runs.parameters import read_values
from workbench.settings import Home

AT = datetime(2026, 11, 5, 10, 15, tzinfo=UTC)
PARAMETERS = """
as_of = "2026-11-01"  # type: date 基準日
slot = "MR2-1"  # type: slot 接種の枠
programme = "*"  # type: programme[*] 定期接種の種類
district = "*"  # type: district[*] 地区
first_birth_year = 2014  # type: school_year 最初の年度
last_birth_year = 2025  # type: school_year 最後の年度
closing_days = 30  # type: days 日数
shown_rows = 10  # type: rows 行数
statuses = "late,due"  # type: choices[late,due] 状態
order = "name"  # type: choice[name,size] 並べ方
with_notes = True  # type: flag 注記
snapshot_id = ""  # type: snapshot スナップショット
"""


def write_notebook(folder, *cells, name="10_trial", parameters='as_of = "2026-11-01"  # type: date 基準日'):
    """Write a notebook with a parameters cell and `cells` after it."""
    notebook = nbformat.v4.new_notebook()
    tagged = nbformat.v4.new_code_cell(parameters.strip(), metadata={"tags": ["parameters"]})
    notebook.cells = [tagged, *map(nbformat.v4.new_code_cell, cells)]
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


@pytest.fixture
def home(demo_home, tmp_path):
    """An installation with the snapshot of the demo city, and outputs of its own."""
    own = tmp_path / "var"
    own.mkdir()
    (own / "snapshots").symlink_to(demo_home / "snapshots")
    return Home(own)


def run_trial(home, tmp_path, *cells, timeout_seconds=60, **given):
    write_notebook(tmp_path / "notebooks", *cells)
    return run_report(
        "trial", given, home=home, at=AT, timeout_seconds=timeout_seconds, notebooks=tmp_path / "notebooks"
    )


# ---------------------------------------------------------------- what may be given

GIVEN = rows("""
    case                         | given                                      | says
    nothing                      |                                            |
    a date                       | as_of=2026-10-01                           |
    a date in another form       | as_of=2026/10/01                           | as_of（基準日）の値が正しくありません
    a date without zeros         | as_of=2026-1-1                             | YYYY-MM-DD の日付
    a day that is not            | as_of=2026-02-29                           | YYYY-MM-DD の日付
    before the data of the law   | as_of=2013-03-31                           | 2013-04-01 から
    the first day of that data   | as_of=2013-04-01                           |
    no value                     | as_of=                                     | as_of（基準日）
    a misspelt name              | asof=2026-10-01                            | asof はありません。as_of のことですか。
    a name far from all          | colour=red                                 | 指定できるもの: as_of、slot、programme
    days                         | closing_days=366                           |
    no days                      | closing_days=0                             | 1 から 366 まで
    too many days                | closing_days=367                           | 1 から 366 まで
    half a day                   | closing_days=1.5                           | closing_days（日数）
    full-width digits            | closing_days=３０                          | closing_days（日数）
    years that run on            | first_birth_year=2020 last_birth_year=2020 |
    years that run backwards     | first_birth_year=2021 last_birth_year=2020 | が last_birth_year より後です
    years beyond a default       | first_birth_year=2026                      | が last_birth_year より後です
    every programme              | programme=*                                |
    every slot, where one counts | slot=*                                     | slot（接種の枠）
    some of the words            | statuses=due                               |
    a word that is none of them  | statuses=due,open                          | late、due のうち1つ以上
    a word twice                 | statuses=due,due                           | statuses（状態）
    one of the words             | order=size                                 |
    two of them                  | order=size,name                            | name、size のうち1つで
    a flag                       | with_notes=false                           |
    a flag in other words        | with_notes=0                               | true か false
    a path for a snapshot        | snapshot_id=../x                           | snapshot_id（スナップショット）
""")


@pytest.fixture(scope="module")
def declared(tmp_path_factory):
    return declared_parameters(write_notebook(tmp_path_factory.mktemp("declared"), parameters=PARAMETERS))


@pytest.mark.parametrize("case", GIVEN, ids=lambda case: case["case"])
def test_what_is_given_is_checked(case, declared):
    given = parse_assignments((case["given"] or "").split())

    if case["says"] is None:
        assert read_values(declared, given).keys() == {parameter.name for parameter in declared}
        return
    with pytest.raises(ParameterError) as caught:
        read_values(declared, given)
    assert case["says"] in str(caught.value)
    assert str(caught.value).endswith("レポートは実行していません。")


def test_values_have_the_type_the_notebook_expects(declared):
    given = parse_assignments(["as_of=2020-02-29", "closing_days=007", "with_notes=いいえ"])

    values = read_values(declared, given)

    assert (values["as_of"], values["closing_days"], values["with_notes"]) == ("2020-02-29", 7, False)


@pytest.mark.parametrize("words", [["as_of"], ["=2026-11-01"], ["as of=1"], ["as_of=2026-11-01", "as_of=2026-11-01"]])
def test_assignments_of_another_form_are_refused(words):
    with pytest.raises(ParameterError, match=r"「名前=値」|2回"):
        parse_assignments(words)


BAD_CELLS = {
    "no type": 'as_of = "2026-11-01"  # 基準日',
    "no meaning": 'as_of = "2026-11-01"  # type: date',
    "unknown type": 'as_of = "2026-11-01"  # type: day 基準日',
    "default of another type": 'as_of = "2026/11/01"  # type: date 基準日',
    "choice without choices": 'order = "name"  # type: choice 並べ方',
    "choices for a date": 'as_of = "2026-11-01"  # type: date[a,b] 基準日',
    "computed default": "closing_days = 10 * 3  # type: days 日数",
    "something else": "import os",
    "not Python": "as_of = ",
}


@pytest.mark.parametrize("fault", BAD_CELLS)
def test_a_faulty_parameters_cell_is_refused(fault, tmp_path):
    path = write_notebook(tmp_path, parameters=BAD_CELLS[fault])

    with pytest.raises(RunError, match=r"10_trial\.ipynb の parameters セル"):
        declared_parameters(path)


def test_a_notebook_without_a_parameters_cell_is_refused(tmp_path):
    path = tmp_path / "10_trial.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), path)

    with pytest.raises(RunError, match="parameters セル"):
        declared_parameters(path)


UNKNOWN_TO_THE_SNAPSHOT = rows("""
    report   | given                   | says
    followup | slot=MR2-2              | MR2-1 のことですか。指定できるもの: ROTA1-1、
    followup | slot=MR2-1 district=999 | district
    coverage | programme=XYZ           | programme
    coverage | programme=JE            | slot（地区別に示す接種の枠）の値が、スナップショット
""")


@pytest.mark.parametrize("case", UNKNOWN_TO_THE_SNAPSHOT, ids=lambda case: case["given"])
def test_what_the_snapshot_does_not_hold_is_refused_before_a_kernel_starts(case, home):
    with pytest.raises(ParameterError) as caught:
        run_report(case["report"], parse_assignments(case["given"].split()), home=home, at=AT, timeout_seconds=60)

    assert case["says"] in str(caught.value)
    assert not home.outputs.exists()


def test_a_report_nobody_wrote_is_refused(home):
    with pytest.raises(
        RunError, match="レポート coverge はありません。coverage のことですか。実行できるもの: coverage"
    ):
        run_report("coverge", {}, home=home, at=AT, timeout_seconds=60)


def test_without_a_snapshot_nothing_runs(tmp_path):
    with pytest.raises(NoSnapshotError, match="workbench ingest"):
        run_report("coverage", {}, home=Home(tmp_path), at=AT, timeout_seconds=60)


# ---------------------------------------------------------------- what a run leaves


@pytest.fixture(scope="module")
def followups(demo_home, tmp_path_factory):
    """The same report twice, at two moments, in an installation of its own."""
    own = tmp_path_factory.mktemp("followups") / "var"
    own.mkdir()
    (own / "snapshots").symlink_to(demo_home / "snapshots")
    later = AT.replace(hour=23)
    given = {"slot": "MR2-1", "as_of": "2026-11-01"}
    return [run_report("followup", given, home=Home(own), at=at, timeout_seconds=120) for at in (AT, later)]


def test_a_run_leaves_page_workbook_list_notebook_and_record(followups):
    result = followups[0]

    files = {path.name for path in result.folder.iterdir()}

    assert files == {"followup.html", "followup.xlsx", "followup.ipynb", "followup_list.csv", "run.json"}
    assert result.folder.parent.name == "followup"
    assert read_list(result.lists[0]).snapshot_id == result.snapshot_id


def test_the_record_says_what_a_second_run_needs(followups):
    record = json.loads((followups[0].folder / "run.json").read_text(encoding="utf-8"))

    assert record["parameters"]["as_of"] == "2026-11-01"
    assert record["parameters"]["snapshot_id"] == record["snapshot_id"] == followups[0].snapshot_id
    assert record["at"] == "2026-11-05T10:15:00+00:00"
    assert {"rule_version", "code_version", "notebook_sha256", "duration_seconds", "extracted_on"} <= record.keys()
    assert record["files"].keys() == {"followup.html", "followup.xlsx", "followup.ipynb", "followup_list.csv"}


@pytest.mark.parametrize("file", ["followup.html", "followup.xlsx", "followup_list.csv"])
def test_run_again_on_the_same_it_gives_the_same(file, followups):
    first, second = ((result.folder / file).read_bytes() for result in followups)

    assert first == second


def test_the_executed_notebook_keeps_no_widget_state_and_no_path(followups):
    notebook = nbformat.read(followups[0].notebook, as_version=4)

    assert notebook.metadata.keys() == {"kernelspec", "language_info"}
    assert not [cell for cell in notebook.cells if {"papermill", "execution"} & cell.metadata.keys()]
    assert str(followups[0].folder.parents[3]) not in followups[0].notebook.read_text(encoding="utf-8")


def test_a_kernel_gets_no_secret_no_tcp_and_the_folders_of_its_run(home, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_PASSPHRASE_FILE", "/secret")
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")
    result = run_trial(
        home,
        tmp_path,
        "import json, os, ipykernel.connect as connect\n"
        "info = connect.get_connection_info(unpack=True) | {'key': ''}\n"
        "print(json.dumps([dict(os.environ), info]))",
    )

    output = nbformat.read(result.notebook, as_version=4).cells[-1].outputs[0].text
    environment, connection = json.loads(output)

    assert not {"WORKBENCH_PASSPHRASE_FILE", "DATABASE_PASSWORD"} & environment.keys()
    assert environment["WORKBENCH_HOME"] == str(home.root)
    assert connection["transport"] == "ipc"
    assert not Path(environment["JUPYTER_RUNTIME_DIR"]).exists()


def test_progress_is_told_cell_by_cell(home, tmp_path):
    told = []
    write_notebook(tmp_path / "notebooks", "1", "2")

    run_report(
        "trial",
        {"as_of": "2026-10-31"},
        home=home,
        at=AT,
        timeout_seconds=60,
        notebooks=tmp_path / "notebooks",
        progress=lambda begun, total: told.append((begun, total)),
    )

    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


# ---------------------------------------------------------------- what is left of one that fails

FAILING = {
    "an error": (["1", "{}['山田 花子']"], r"セル \[4\] でエラーになりました。（KeyError）"),
    "an error of ours": (
        ["from workbench import *", "run_query(open_snapshot(), 'nothing')"],
        r"セル \[4\] でエラーになりました。集計「nothing」はありません",
    ),
    "a dead kernel": (["import os", "os._exit(1)"], r"カーネルが異常終了しました（セル \[4\]"),
}


@pytest.mark.parametrize("fault", FAILING)
def test_a_failed_run_keeps_the_evidence_and_nothing_else(fault, home, tmp_path):
    cells, says = FAILING[fault]

    with pytest.raises(RunError, match=says) as caught:
        run_trial(home, tmp_path, *cells, as_of="2026-10-31")

    (folder,) = (home.outputs / "reports" / "trial").iterdir()
    assert folder.name.endswith("-failed")
    assert {path.name for path in folder.iterdir()} == {"trial.ipynb", "run.json"}
    assert str(folder / "trial.ipynb") in str(caught.value)
    assert "山田" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.slow
def test_a_run_that_takes_too_long_is_ended_with_its_kernel(home, tmp_path):
    pid_file = tmp_path / "pid"
    cell = f"import os, pathlib\npathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))\nwhile True: pass"

    with pytest.raises(RunError, match=r"制限時間（10秒）を超えました（セル \[3\] の実行中）"):
        run_trial(home, tmp_path, cell, timeout_seconds=10)

    kernel = Path("/proc") / pid_file.read_text()
    for _ in range(50):
        if not kernel.exists():
            break
        time.sleep(0.1)
    assert not kernel.exists()


@pytest.mark.slow
def test_a_run_that_never_begins_is_tried_once_more(home, tmp_path, monkeypatch):
    """Python's own start-up hook makes the first process of a run hang, and only the first."""
    hook, begun = tmp_path / "hook", tmp_path / "begun"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(
        "import pathlib, sys, time\n"
        f"begun = pathlib.Path({str(begun)!r})\n"
        "if 'workbench.runs' in sys.orig_argv and not begun.exists():\n"
        "    begun.touch()\n"
        "    time.sleep(600)\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", str(hook))
    monkeypatch.setattr(supervise, "QUIET_SECONDS", 10)

    result = run_trial(home, tmp_path, "1", timeout_seconds=100)

    assert json.loads((result.folder / "run.json").read_text(encoding="utf-8"))["attempts"] == 2


def test_what_a_killed_run_left_is_swept_and_a_living_one_is_not(home, tmp_path):
    reports = home.outputs / "reports" / "trial"
    dead, living = reports / "20260101-000000_x.building", reports / "20260101-000001_x.building"
    for folder in (dead, living):
        folder.mkdir(parents=True)
        (folder / "trial.xlsx").touch()
    lock = os.open(living, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)

    run_trial(home, tmp_path, "1")

    os.close(lock)
    assert (dead.exists(), living.exists()) == (False, True)


def test_a_place_that_cannot_be_written_is_told(home, tmp_path):
    (home.root / "outputs").touch()

    with pytest.raises(StorageError, match="書き込めません"):
        run_trial(home, tmp_path, "1")


def test_a_full_disk_leaves_no_half_report(home, tmp_path):
    write_notebook(tmp_path / "notebooks", "1")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, before[1]))  # no file may grow beyond, as on a full disk
    try:
        with pytest.raises(StorageError, match="空き容量"):
            run_report("trial", {}, home=home, at=AT, timeout_seconds=60, notebooks=tmp_path / "notebooks")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert list((home.outputs / "reports" / "trial").iterdir()) == []


def test_two_runs_of_one_second_get_two_folders(home, tmp_path):
    first, second = (run_trial(home, tmp_path, "1") for _ in range(2))

    assert second.run_id == f"{first.run_id}-2"


def test_a_long_temporary_folder_does_not_break_the_sockets(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("long" * 20)))

    with supervise.private_folders() as folder:
        assert len(str(folder)) <= supervise.MAX_SOCKET_FOLDER
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


# ---------------------------------------------------------------- the reports there are


def test_the_reports_are_found_by_the_names_of_their_files():
    assert list(report_names())[:2] == ["coverage", "followup"]


@pytest.mark.parametrize("name", report_names())
def test_every_report_declares_what_a_run_must_record(name):
    kinds = {parameter.name: parameter.kind for parameter in declared_parameters(report_names()[name])}

    assert kinds["as_of"] == "date"
    assert kinds["snapshot_id"] == "snapshot"
