"""The notebooks of the repository answer every sensible question, the empty ones included, and keep nothing."""

import csv
import json
from datetime import date
from itertools import takewhile
from pathlib import Path

import openpyxl
import pytest

from tests.tables import rows
from workbench.outputs.report import OUTPUT_FOLDER
from workbench.runs import declared_parameters, parse_assignments, report_names
from workbench.runs.parameters import read_values
from workbench.snapshot import open_snapshot

NOTEBOOKS = report_names()


@pytest.fixture
def folder(demo_home, tmp_path, monkeypatch):
    """The folder a run would have given; the demo city is the installation of this process."""
    monkeypatch.setenv("WORKBENCH_HOME", str(demo_home))
    monkeypatch.setenv(OUTPUT_FOLDER, str(tmp_path))
    return tmp_path


def execute(name, given=""):
    """Run the cells of a notebook in this process, the parameters cell replaced by checked values; return its names."""
    cells = json.loads(NOTEBOOKS[name].read_text(encoding="utf-8"))["cells"]
    names = {}
    for cell in (cell for cell in cells if cell["cell_type"] == "code"):
        if "parameters" in cell["metadata"].get("tags", []):
            names |= read_values(declared_parameters(NOTEBOOKS[name]), parse_assignments(given.split()))
        else:
            exec(compile("".join(cell["source"]), name, "exec"), names)  # noqa: S102 - the repository's own cells
    return names


def sheet(path, title):
    """Return the rows of a table as dicts by Japanese title: from the header down to the empty row."""
    header, *lines = takewhile(any, openpyxl.load_workbook(path)[title].iter_rows(min_row=4, values_only=True))
    names = [name for name in header if name]
    return [dict(zip(names, line, strict=False)) for line in lines]


QUESTIONS = rows("""
    report   | given
    coverage |
    coverage | programme=* slot=JE1A-1
    coverage | programme=DPIH slot=DPIH-4 closing_days=366
    coverage | district=*  as_of=2013-04-01
    coverage | first_birth_year=1900 last_birth_year=1901
    coverage | first_birth_year=2099 last_birth_year=2100
    coverage | as_of=2099-12-31
    followup |
    followup | slot=HEPB-3 statuses=closing
    followup | slot=MR1-1 as_of=2013-04-01 statuses=late
    followup | as_of=2099-12-31
    followup | slot=DT2-1 closing_days=1 shown_rows=1
    followup | slot=HPV-1 as_of=2013-04-01 shown_rows=1
    irregular_doses |
    irregular_doses | from_on=2013-04-01
    irregular_doses | from_on=2026-10-01 until_on=2026-10-31
    irregular_doses | as_of=2013-04-01
    irregular_doses | as_of=2099-12-31
""")


@pytest.mark.parametrize("case", QUESTIONS, ids=lambda case: f"{case['report']} {case['given'] or ''}")
def test_a_notebook_answers(case, folder):
    execute(case["report"], case["given"] or "")

    assert (folder / f"{case['report']}.xlsx").exists()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_kept_clean(name):
    notebook = json.loads(NOTEBOOKS[name].read_text(encoding="utf-8"))
    cells = notebook["cells"]

    assert notebook["metadata"].keys() == {"kernelspec", "language_info"}
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert not [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]
    assert len({cell["id"] for cell in cells}) == len(cells)


def test_a_cohort_of_the_report_is_the_residents_of_that_year(folder):
    execute("coverage")

    told = {
        row["生まれ年度"]: row
        for row in sheet(folder / "coverage.xlsx", "生まれ年度別の接種率")
        if row["接種の枠"] == "MR2-1"
    }
    residents = open_snapshot().execute(
        "SELECT count(*) FROM person WHERE residency = 'resident' AND birth_date BETWEEN '2019-04-02' AND '2020-04-01'"
    )

    assert told[2019]["住民数"] == residents.fetchone()[0]
    assert all(
        row["対象者数"] == sum(row[part] for part in ("接種済（有効）", "任意接種", "要確認", "除外", "未接種"))
        for row in told.values()
    )


def test_the_districts_of_the_report_add_up_to_its_cohorts(folder):
    execute("coverage", "programme=JE slot=JE2-1")

    book = folder / "coverage.xlsx"
    cohorts = sum(row["対象者数"] for row in sheet(book, "生まれ年度別の接種率"))
    districts = sum(row["対象者数"] for row in sheet(book, "地区別の接種率"))

    assert cohorts == districts > 0


def test_the_list_holds_the_persons_of_the_report_and_only_pseudonyms(folder):
    execute("followup", "slot=JE1A-1")

    with (folder / "followup_list.csv").open(encoding="utf-8-sig") as file:
        listed = list(csv.DictReader(file))
    told = sheet(folder / "followup.xlsx", "対象者の一覧")
    (counted,) = sheet(folder / "followup.xlsx", "状態別の人数")

    assert [row["person_id"] for row in listed] == [row["仮名番号"] for row in told]
    assert len(listed) == counted["人数"] > 0
    assert {row["slot"] for row in listed} == {"JE1A-1"}
    assert all(date.fromisoformat(row["closes_on"]) >= date(2026, 11, 1) for row in listed)


def test_residents_of_unknown_birth_stand_apart_from_the_list(folder):
    found = execute("followup", "slot=FLU-1")
    with (folder / "followup_list.csv").open(encoding="utf-8-sig") as file:
        listed = {row["person_id"] for row in csv.DictReader(file)}
    here = sheet(folder / "followup.xlsx", "生年月日不詳の住民（FLU-1）")
    everywhere = sheet(folder / "followup.xlsx", "生年月日不詳の住民が期間内かもしれない枠")
    unreadable = {row["仮名番号"] for row in sheet(folder / "followup.xlsx", "対象期間を計算できない住民")}
    with open_snapshot() as snapshot:
        [[unread]] = snapshot.execute(
            "SELECT count(*) FROM person WHERE birth_date IS NULL AND residency = 'resident' "
            "AND (birth_earliest IS NULL OR birth_latest IS NULL OR birth_latest - birth_earliest >= 3700)"
        ).fetchall()

    apart = {row["仮名番号"] for row in here}
    assert apart
    assert listed
    assert not listed & (apart | unreadable | {row["仮名番号"] for row in everywhere})
    assert not apart & unreadable
    assert len(unreadable) == unread > 0
    assert {row["期間内か"] for row in everywhere} <= {"必ず期間内", "生まれた日による"}
    assert len(everywhere) == len(found["of_all_slots"]) > 0


@pytest.mark.usefixtures("folder")
def test_the_most_urgent_stand_first():
    listed = execute("followup", "slot=JE1A-1")["listed"]

    statuses = listed["status"].drop_duplicates().tolist()

    assert statuses == [status for status in ("closing", "late", "due") if status in statuses]
    assert all(ends.is_monotonic_increasing for _, ends in listed.groupby("status")["closes_on"])


def test_the_irregular_doses_of_the_report_are_those_of_the_snapshot(folder):
    execute("irregular_doses", "from_on=2013-04-01")

    book = folder / "irregular_doses.xlsx"
    (unjudged,) = [row for row in sheet(book, "報告の区分別の件数") if row["報告の区分"] == "判定できない"]
    unmapped = sheet(book, "対応づけのないワクチンと製品")
    clinics = sheet(book, "医療機関別の件数")

    assert unjudged["定期接種の件数"] >= 2
    assert {row["ワクチンの記号"][:7] for row in unmapped if row["分からないもの"] != "製品"} == {"unknown"}
    assert any(":" in row["ワクチンの記号"] for row in unmapped)
    shown = [row[name] for row in clinics for name in ("定期接種の間違いの件数", "そのほかの接種の件数")]
    assert not [cell for cell in shown if cell in range(1, 10)]
    assert any(isinstance(cell, int) for cell in shown)


def test_what_a_notebook_imports_is_on_the_front_desk():
    import workbench  # noqa: PLC0415 - the desk itself is tested

    assert sorted(workbench.__all__) == sorted(workbench._ROOMS)
    assert all(getattr(workbench, name) for name in workbench.__all__)
    with pytest.raises(AttributeError, match="vault_of_names"):
        workbench.vault_of_names  # noqa: B018


def test_notebooks_lie_where_reports_look_for_them():
    assert {path.parent for path in NOTEBOOKS.values()} == {Path(__file__).resolve().parents[1] / "notebooks"}
