"""What a reader gets: Japanese tables with their definitions, a workbook ready to print, figures, one page."""

import re
import tomllib
from datetime import date
from pathlib import Path

import nbformat
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.city import build_city, read_doses
from tests.officers import TARO, hers, introduce
from tests.tables import rows
from workbench.errors import StorageError
from workbench.outputs import figures, summaries
from workbench.outputs.columns import codes_of, read_definition, style_of, to_cell, to_text
from workbench.outputs.page import write_page
from workbench.outputs.report import OUTPUT_FOLDER, Report
from workbench.outputs.tables import Table
from workbench.outputs.workbook import write_workbook
from workbench.queries import describe, run_query
from workbench.records import NO_END
from workbench.settings import own_folder

AS_OF = "2026-11-01"
PEOPLE = [
    {"person_id": 1, "birth_date": "2020-05-01", "district": "D01"},
    {"person_id": 2, "birth_date": "2020-05-01", "district": "D02"},
    {"person_id": 3, "birth_date": "2020-05-01", "district": None},
    {"person_id": 4, "birth_date": "2024-12-24", "district": "D01"},
    {"person_id": 5, "birth_date": None, "birth_earliest": "2019-05-01", "birth_latest": "2019-05-31"},
]
YEARS = {"first_birth_year": 2014, "last_birth_year": 2025}


@pytest.fixture(scope="module")
def city():
    return build_city(PEOPLE, [*read_doses(1, "MR:1 2021-06-01, MR:2 2026-05-01"), *read_doses(2, "MR:1 2021-06-01")])


@pytest.fixture
def report(city, tmp_path, monkeypatch):
    monkeypatch.setenv(OUTPUT_FOLDER, str(tmp_path))
    return Report("予防接種の接種率", as_of=AS_OF, snapshot=city, slot="MR2-1", district="*", closing_days=30)


def coverage(city, **changes):
    given = {"as_of": AS_OF, "closing_days": 30, "programme": "MR"} | YEARS | changes
    return run_query(city, "coverage", **given)


def followup(city, **changes):
    given = {"as_of": AS_OF, "closing_days": 30, "slot": "MR2-1", "district": "*"} | changes
    return run_query(city, "followup_list", **given)


# ---------------------------------------------------------------- words

CELLS = rows("""
    column            | value      | cell              | text
    person_id         | 255        | p00000000000000ff | p00000000000000ff
    status            | late       | 標準期間経過      | 標準期間経過
    statuses          | due,late   | 標準期間中、標準期間経過 | 標準期間中、標準期間経過
    status            | unheard-of | unheard-of        | unheard-of
    district_name     | -          | 地区の記録なし    | 地区の記録なし
    district_name     | 中央中学校区 | 中央中学校区    | 中央中学校区
    denominator       | 12345      | 12345             | 12,345
    coverage_pct      | 82.2857    | 82.2857           | 82.3
    birth_school_year | 2020       | 2020              | 2020年度
    no such column    | x          | x                 | x
""")


@pytest.mark.parametrize("case", CELLS, ids=lambda case: f"{case['column']} {case['value']}")
def test_a_cell_in_words(case):
    assert str(to_cell(case["column"], case["value"])) == case["cell"]
    assert to_text(case["column"], case["value"]) == case["text"]


def test_an_open_end_and_a_missing_value_in_words():
    assert to_cell("closes_on", pd.Timestamp(NO_END)) == "定めなし"
    assert to_cell("closes_on", pd.Timestamp("2027-03-31")) == date(2027, 3, 31)
    assert to_cell("closes_on", pd.NaT) is None
    assert to_text("coverage_pct", float("nan")) == "―"


SHOWN = ["coverage", "followup_list", "quality_summary", "unknown_births", "unknown_birth_windows", "provenance"]


@pytest.mark.parametrize("query", SHOWN)
def test_every_column_a_report_shows_has_a_japanese_title(query):
    inner = {"display_order", "outcome_order", "urgency", "likelihood", "numerator", "domain", "format_version"}

    untitled = [name for name in describe(query).returns.keys() - inner if style_of(name).title == name]

    assert untitled == []


def test_every_opening_has_words():
    openings = set(re.findall(r"(?:THEN|ELSE) '(\w+)'|'(\w+)' AS opening", describe("unknown_birth_windows").text))

    assert {one or other for one, other in openings} == codes_of("opening").keys()
    assert set(summaries.MAYBE) < codes_of("opening").keys()


def test_every_reason_and_fault_has_words():
    reasons = set(re.findall(r"(?:THEN|ELSE) '(\w+)'", describe("slot_reason").text))
    faults = tomllib.loads(Path("workbench/sources/faults.toml").read_text(encoding="utf-8"))

    for query in ("judged_dose", "uncounted_dose"):  # a slot has the judgement of the dose that fills it
        reasons |= set(re.findall(r"(?:THEN|ELSE) '(\w+)'", describe(query).text))
    reasons |= set(re.findall(r"'(\w+)'", re.search(r".*'excluded'", describe("slot_status").text)[0])) - {"excluded"}

    assert len(reasons) > 35
    assert reasons - codes_of("reason").keys() == set()
    assert codes_of("fault") == {code: fault["title"] for code, fault in faults.items()}


# ---------------------------------------------------------------- sums


def test_a_cohort_adds_up(city):
    cohorts = summaries.coverage_by(coverage(city, programme="*"), "slot", "slot_label", "birth_school_year")

    parts = cohorts[list(summaries.PARTS)].sum(axis="columns")

    assert (cohorts["denominator"] - cohorts["not_applicable"]).tolist() == cohorts["eligible"].tolist()
    assert parts.tolist() == cohorts["eligible"].tolist()
    assert cohorts.groupby("slot")["denominator"].sum().unique().tolist() == [4]


def test_a_rate_is_of_sums_and_missing_where_nobody_s_time_has_come(city):
    cohorts = summaries.coverage_by(coverage(city), "slot", "birth_school_year").set_index(
        ["slot", "birth_school_year"]
    )

    assert cohorts.loc[("MR1-1", 2020), "coverage_pct"] == pytest.approx(200 / 3)
    assert cohorts.loc[("MR2-1", 2020), "coverage_pct"] == pytest.approx(100 / 3)
    assert pd.isna(cohorts.loc[("MR2-1", 2024), "coverage_pct"])


def test_the_waiting_add_up_to_the_unvaccinated(city):
    waiting = summaries.not_done_by(coverage(city, programme="*"), "slot", "birth_school_year")

    assert waiting[list(summaries.NOT_DONE)].sum(axis="columns").tolist() == waiting["not_done"].tolist()


def test_slots_stand_in_the_order_of_the_tables_and_no_district_last(city):
    by_slot = summaries.coverage_by(coverage(city, programme="*"), "slot", "birth_school_year")
    by_district = summaries.persons_by(followup(city), "district", "district_name")

    assert by_slot["slot"].drop_duplicates().tolist() == run_query(city, "slots")["slot"].tolist()
    assert by_district["district"].tolist() == ["D02", "-"]


def test_a_list_is_counted_by_status(city):
    listed = summaries.with_status(followup(city), "due,late")

    counted = summaries.persons_by(listed, "slot")

    assert counted.to_dict("records") == [{"slot": "MR2-1", "closing": 0, "late": 0, "due": 2, "persons": 2}]
    assert summaries.with_status(listed, "closing").empty


def test_one_district_or_all(city):
    assert summaries.in_district(coverage(city), "*")["denominator"].sum() == 8
    assert summaries.in_district(coverage(city), "D01")["denominator"].sum() == 4


# ---------------------------------------------------------------- tables


def table(frame, **changes):
    given = {"title": "表", "rows": frame, "definition": (("基準日", "2026年11月1日"),)} | changes
    return Table(**given)


def test_a_table_speaks_japanese_and_carries_its_definition():
    shown = table(pd.DataFrame({"slot": ["MR2-1"], "status": ["late"], "persons": [1234]}))._repr_html_()

    for words in ("<h3>表</h3>", "接種の枠", "状態", "標準期間経過", "1,234", "<dt>基準日</dt><dd>2026年11月1日</dd>"):
        assert words in shown


def test_a_long_table_shows_its_beginning_and_says_so():
    shown = table(pd.DataFrame({"persons": range(1000)}), shown_rows=3)._repr_html_()

    assert shown.count("<tr>") == 4
    assert "全1,000行のうち先頭の3行" in shown


def test_an_empty_table_says_so():
    assert "該当する人・行はありません。" in table(pd.DataFrame({"persons": []}))._repr_html_()


@given(text=st.text(max_size=30))
def test_no_text_of_a_cell_becomes_markup(text):
    shown = table(pd.DataFrame({"slot": [f"<script>{text}"]}, dtype="str"))._repr_html_()

    assert "<script" not in shown


@pytest.mark.parametrize(
    "measure",
    [
        *("coverage", "not_done", "followup", "quality", "unknown_births", "unknown_birth_windows", "irregular"),
        *("unmapped", "unknown_birth_unreadable"),
    ],
)
def test_a_definition_has_all_it_must_say(measure):
    assert all(read_definition(measure)[part] for part in ("numerator", "denominator", "note"))


# ---------------------------------------------------------------- report and workbook


def test_the_cover_names_what_decides_the_figures(report):
    told = dict(report.provenance)

    assert told["基準日"] == "2026年11月1日"
    assert told["接種の枠"] == "MR2-1 麻しん風しん混合（MR）第2期"
    assert told["地区コード"] == "すべて"
    assert told["スナップショット"] == "20300331-000000"
    assert (told["抽出日"], told["規則データの版"]) == ("2030-03-31", "test")
    assert told["プログラムの版"].endswith("（取り込み時 test）")
    assert "庁内限り（少数の秘匿処理をしていない資料）" in report._repr_html_()


def test_a_day_after_the_extraction_is_warned_of(city):
    late = Report("報告", as_of="2030-04-01", snapshot=city)._repr_html_()
    same = Report("報告", as_of="2030-03-31", snapshot=city)._repr_html_()

    assert "基準日が抽出日（2030年3月31日）より後です" in late
    assert "より後です" not in same


def test_without_a_run_files_go_to_the_scratch_folder(city, tmp_path, monkeypatch):
    monkeypatch.delenv(OUTPUT_FOLDER, raising=False)
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))

    assert Report("報告", as_of=AS_OF, snapshot=city).folder == own_folder(tmp_path / "outputs" / "scratch")


@pytest.fixture
def workbook(report, city, tmp_path):
    cohorts = summaries.coverage_by(coverage(city), "slot", "slot_label", "birth_school_year")
    report.table(cohorts, "生まれ年度別の接種率", measure="coverage", births="2014年度から")
    report.table(followup(city).drop(columns="urgency"), "対象者の一覧", measure="followup")
    report.table(coverage(city, **dict.fromkeys(YEARS, 1900)), "対象者の一覧", measure="coverage")
    report.save("trial")
    return openpyxl.load_workbook(tmp_path / "trial.xlsx")


def test_a_workbook_has_a_sheet_a_table_and_its_provenance_last(workbook):
    last = {row[0]: row[1] for row in workbook["作成条件"].iter_rows(values_only=True)}

    assert workbook.sheetnames == ["生まれ年度別の接種率", "対象者の一覧", "対象者の一覧_2", "作成条件"]
    assert last["区分"] == "庁内限り（少数の秘匿処理をしていない資料）"
    assert last["スナップショット"] == "20300331-000000"


def test_a_sheet_is_ready_to_read_filter_and_print(workbook):
    sheet = workbook["生まれ年度別の接種率"]

    assert [cell.value for cell in sheet[4]][:4] == ["接種の枠", "枠の名称", "生まれ年度", "住民数"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.print_title_rows) == ("A5", "A4:L8", "$4:$4")
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize, sheet.page_setup.fitToHeight) == (
        "landscape",
        9,
        0,
    )
    assert min(sheet.column_dimensions[name].width for name in "ABCDEF") >= 8
    assert [cell.number_format for cell in sheet[5]] == ["@", "@", '0"年度"', *["#,##0"] * 8, "0.0"]


def test_a_sheet_carries_the_definition_of_its_figures(workbook):
    words = [cell for row in workbook["生まれ年度別の接種率"].iter_rows(values_only=True) for cell in row if cell]

    for name in ("基準日", "分子（数える人）", "分母（対象者）", "生年月日の範囲", "秘匿処理", "備考"):
        assert any(str(word).startswith(f"{name}: ") for word in words)


def test_a_pseudonym_is_text_and_a_day_is_a_day(workbook):
    sheet = workbook["対象者の一覧"]
    first = dict(zip([cell.value for cell in sheet[4]], sheet[5], strict=True))

    assert first["仮名番号"].value == "p0000000000000002"
    assert first["定期接種の最終日"].value.date() == date(2027, 3, 31)
    assert first["定期接種の最終日"].number_format == "yyyy-mm-dd"


def test_a_sheet_of_nothing_says_so(workbook):
    assert workbook["対象者の一覧_2"]["A5"].value == "該当する人・行はありません。"


def test_the_same_rows_give_the_same_workbook_and_no_formula(tmp_path):
    made = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.xlsx"
        write_workbook(path, "題", tables=[table(pd.DataFrame({"slot": ["=1+1"]}))], provenance=[("区分", "試験")])
        made.append(path.read_bytes())

    assert made[0] == made[1]
    assert openpyxl.load_workbook(path)["表"]["A5"].data_type == "s"


@pytest.mark.parametrize("title", ["期/回 [別] の*表?", "とても長い表の名前" * 5, "'引用'", "作成条件", "?"])
def test_any_title_makes_a_valid_sheet_name(title, tmp_path):
    path = tmp_path / "book.xlsx"

    write_workbook(path, "題", tables=[table(pd.DataFrame(), title=title)] * 12, provenance=[("区分", "試験")])

    assert len(set(openpyxl.load_workbook(path).sheetnames)) == 13


def test_a_workbook_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(StorageError, match="書き込めません"):
        write_workbook(tmp_path / "none" / "a.xlsx", "題", tables=[], provenance=[("区分", "試験")])


# ---------------------------------------------------------------- figures and page


def drawings(city):
    counts, listed = coverage(city), followup(city)
    every = coverage(city, programme="*")
    keys = ("district", "district_name", "slot", "birth_school_year")
    return {
        "lines": figures.coverage_by_cohort(summaries.coverage_by(counts, "slot", "slot_label", "birth_school_year")),
        "grid": figures.coverage_by_cohort(summaries.coverage_by(every, "slot", "slot_label", "birth_school_year")),
        "districts": figures.coverage_by_district(summaries.coverage_by(counts, *keys), "MR2-1"),
        "months": figures.ends_by_month(listed, "月別"),
        "no cohort": figures.coverage_by_cohort(
            summaries.coverage_by(counts[:0], "slot", "slot_label", "birth_school_year")
        ),
        "no district": figures.coverage_by_district(summaries.coverage_by(counts[:0], *keys), "MR2-1"),
        "no month": figures.ends_by_month(listed[:0], "月別"),
    }


def test_figures_show_what_the_tables_say(city):
    drawn = drawings(city)

    assert [trace.name for trace in drawn["lines"].data] == [
        "麻しん風しん混合（MR）第1期",
        "麻しん風しん混合（MR）第2期",
    ]
    assert list(drawn["lines"].data[1].y) == [33.3, None]
    assert drawn["grid"].data[0].type == "heatmap"
    assert drawn["districts"].data[0].y == ("地区の記録なし", "D02", "D01")
    assert (drawn["months"].data[0].x, drawn["months"].data[0].y) == (("2027-03",), (2,))


@pytest.mark.parametrize("name", ["no cohort", "no district", "no month"])
def test_a_figure_of_nobody_says_so(name, city):
    assert drawings(city)[name].layout.annotations[0].text == "該当する人はいません"


@pytest.fixture
def notebook(city):
    cells = [nbformat.v4.new_markdown_cell("# 題 & 名\n\n本文"), nbformat.v4.new_code_cell("SECRET_CODE = 1")]
    for figure in (drawings(city)["lines"], drawings(city)["months"]):
        data = {"application/vnd.plotly.v1+json": figure.to_plotly_json()}
        output = nbformat.v4.new_output("display_data", data=nbformat.from_dict(data))
        cells.append(nbformat.v4.new_code_cell("figure", outputs=[output]))
    return nbformat.v4.new_notebook(cells=cells)


def test_a_page_shows_no_code_and_brings_plotly_once(notebook, tmp_path):
    path = tmp_path / "page.html"

    write_page(notebook, path)

    page = path.read_text(encoding="utf-8")
    assert "<title>題 &amp; 名</title>" in page
    assert 'lang="ja"' in page
    assert "SECRET_CODE" not in page
    assert page.count("plotly.js v") == 1
    assert page.count("Plotly.newPlot(") >= 2


def test_a_page_forbids_itself_to_load_anything(notebook, tmp_path):
    path = tmp_path / "page.html"

    write_page(notebook, path)

    assert "default-src 'none'" in path.read_text(encoding="utf-8")


def test_a_report_prints_the_ledgers_head(city, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    (tmp_path / "registers").mkdir()
    ledger = hers(tmp_path / "registers" / "ledger.jsonl")
    entry = introduce(ledger, TARO)
    report = Report("試験", as_of=AS_OF, snapshot=city)

    assert dict(report.provenance)["台帳の末尾"] == entry.head.text
    assert entry.head.text in report._repr_html_()
    ledger.path.write_bytes(b"torn")
    assert dict(report.provenance)["台帳の末尾"] == "この利用者では台帳を読めません"
