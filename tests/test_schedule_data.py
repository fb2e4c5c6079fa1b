"""The statute's data: what is refused and with which words, and where it says it comes from."""

import copy
import re
import shutil
import tomllib
from datetime import date
from pathlib import Path

import pytest

from tests.tables import rows
from workbench import schedule
from workbench.errors import ScheduleError
from workbench.schedule.load import build

DATA = Path(schedule.__file__).parent
DECISIONS = Path(__file__).parents[1] / "docs" / "decisions"


def shipped():
    """Return the shipped data as parsed TOML: edition, and file name to programme."""
    files = {
        path.name: tomllib.loads(path.read_text(encoding="utf-8"))
        for path in sorted((DATA / "programmes").glob("*.toml"))
    }
    return tomllib.loads((DATA / "schedule.toml").read_text(encoding="utf-8")), files


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(DATA / "programmes", tmp_path / "programmes")
    shutil.copy(DATA / "schedule.toml", tmp_path)
    return tmp_path


BROKEN = rows("""
    fault                        | place                            | becomes              | said
    unknown word of a window     | mr.window.0.opens                | "12m"                | 1番目 opens m12
    unknown word of an interval  | var.interval.0.minimum           | "3"                  | 1番目 minimum 27d
    unknown word of a standard   | dt.standard.1.standard_from      | "eleven"             | 2番目 standard_from
    unknown key                  | bcg.window.1.closed              | "m12"                | 2番目 closed 使えない
    no source                    | bcg.standard.0.source            |                      | 1番目 source 書き足して
    empty source                 | bcg.standard.0.source            | " "                  | 1番目 source 空
    not said whether confirmed   | var.confirmed                    |                      | 先頭 confirmed
    no article of an interval    | dpih.interval.0.article          |                      | 1番目 article
    confirmed is not yes or no   | dt.window.1.confirmed            | "true"               | 2番目 confirmed
    no dates                     | bcg.window.1.effective_from      |                      | 2番目 effective_from
    a date as text               | mr.effective_from                | "2006-04-01"         | 先頭 effective_from
    a moment for a date          | mr.effective_from                | 2006-04-01T00:00:00  | 先頭 effective_from
    versions overlap             | bcg.window.0.effective_to        | 2013-04-01           | BCG-1 effective_to 重なって
    the first version is open    | bcg.window.0.effective_to        |                      | BCG-1 effective_to 重なって
    standard versions overlap    | dt.standard.0.effective_to       | 2013-04-01           | DT2-1 effective_to 重なって
    version ends before it began | bcg.window.0.effective_to        | 2005-03-31           | 1番目 effective_to
    programme ends before        | mr.effective_to                  | 2006-03-31           | 先頭 effective_to
    window closes before         | var.window.0.closes              | "m11"                | 1番目 opens・closes
    before the programme         | var.window.0.effective_from      | 2014-09-30           | 1番目 制度の期間
    after the programme          | bcg.effective_to                 | 2013-03-30           | 1番目 制度の期間
    standard before the law      | var.standard.0.standard_from     | "m11"                | 1番目 はみ出して
    standard after the law       | bcg.standard.0.standard_until    | "m13"                | 1番目 はみ出して
    unknown slot of a window     | mr.window.1.slots                | ["MR2-2"]            | 2番目 slots
    unknown slot of an interval  | var.interval.0.slots             | ["VAR-3"]            | 1番目 slots
    no slot named                | var.interval.0.slots             | []                   | 1番目 slots 空
    only an extension            | mr.window.0.extension            | "MR-EXT"             | slots 対象期間のない
    versions leave a gap         | bcg.window.0.effective_to        | 2013-03-30           | BCG-1 effective_to 空いた日
    slot without a window        | var.window.0.slots               | ["VAR-1"]            | slots 対象期間のない
    series of a slot             | mr.slot.0.series                 | "MR3"                | 1番目 series 使えない
    slot in no series            | mr.series.0.slots                | ["MR2-1"]            | slots 揃えて
    unknown series of a variant  | var.variant.0.series             | "VAR9"               | 1番目 series
    unknown variant              | var.interval.0.variants          | ["VAR-9"]            | 1番目 variants
    slot id of another form      | dt.slot.0.slot                   | "DT2"                | 1番目 slot 記号の形
    unknown category             | mr.category                      | "C"                  | 先頭 category
    counted from a place         | var.interval.0.after             | 1                    | 1番目 after
    counted from a later dose    | var.interval.0.after             | "VAR-2"              | 1番目 after 前にある枠
    the same interval twice      | hepb.interval.2.after            | "HEPB-1"             | 3番目 after 2つあります
    another vaccine's interval   | hib.interval.6.vaccines          | ["DPTI"]             | 7番目 vaccines fed_by
    judged by no series          | hib.series.0.fed_by.1.judged_by  | "DPIX"               | 1番目 judged_by 枠の数
    judged by a shorter series   | hib.series.0.fed_by.1.judged_by  | "VAR"                | 1番目 judged_by 枠の数
    the same vaccine's interval  | hib.interval.7.vaccines          |                      | 8番目 after 2つあります
    unknown vaccine              | mr.slot.0.exempt_by              | "MRR"                | 1番目 exempt_by [[vaccine]]
    unknown vaccine feeds        | dt.series.0.fed_by.0.vaccine     | "TD"                 | 1番目 fed_by [[vaccine]]
    stages are not trusted       | mr.series.1.fed_by.0.stages      | ["2"]                | 2番目 fed_by.stages
    unknown stage                | mr.slot.0.stage                  | "3"                  | 1番目 stage
    display order taken          | mr.display_order                 | 30                   | display_order 2回
    programme taken              | mr.programme                     | "HEPB"               | programme 2回
    unknown vaccine of a choice  | schedule.choice.0.any_of         | ["DPX"]              | vaccine [[vaccine]]
    unknown vaccine of a group   | schedule.group.0.order           | ["DPX"]              | vaccine [[vaccine]]
    unknown vaccine of a product | schedule.product.0.vaccine       | "DPX"                | vaccine [[vaccine]]
    unknown vaccine of a cohort  | schedule.cohort.2.vaccine        | "DPX"                | vaccine [[vaccine]]
    a vaccine twice              | schedule.vaccine.7.vaccine       | "MR"                 | vaccine 2回
    a word of two products       | schedule.product.0.names         | ["PCV13"]            | names 2回
    nothing chosen for the rest  | schedule.choice.5.any_of         | ["DPT"]              | 組 DPT 当てはまらない
    nothing chosen for a day     | schedule.choice.6.effective_to   | 2024-03-30           | 組 DPT 当てはまらない
    a choice of no group         | schedule.choice.0.group          | "DPX"                | 1番目 group・series
    unknown series of a group    | schedule.group.0.series          | ["DPIH", "DPX"]      | 1番目 series
""")


def edited(place, becomes):
    """Return the shipped data with the value at a place replaced, or taken away where `becomes` is None."""
    edition, files = shipped()
    file, *keys, last = (int(part) if part.isdigit() else part for part in place.split("."))
    target = edition if file == "schedule" else files[f"{file}.toml"]
    for key in keys:
        target = target[key]
    if becomes is None:
        del target[last]
    else:
        target[last] = tomllib.loads(f"value = {becomes}")["value"]
    return edition, files


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case["fault"])
def test_broken_data_is_refused_with_file_table_key_and_cure(case):
    with pytest.raises(ScheduleError) as caught:
        build(*edited(case["place"], case["becomes"]))

    message = str(caught.value)
    file, table, *_ = case["place"].split(".")
    tables = [f"[[{table}]]"] if "." in case["place"].partition(".")[2] else []
    assert [word for word in [f"{file}.toml", *tables, *case["said"].split()] if word not in message] == []
    assert message.endswith("規則は読み込んでいません。")
    assert "\n" not in message
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_a_file_that_is_not_toml_is_refused_by_line(folder):
    path = folder / "programmes" / "mr.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('category = "A"', "category = A"), encoding="utf-8")

    with pytest.raises(ScheduleError, match=r"mr\.toml の 3行目"):
        schedule.load(folder)


def test_a_file_that_is_not_utf8_is_refused(folder):
    path = folder / "programmes" / "mr.toml"
    path.write_bytes(path.read_text(encoding="utf-8").encode("cp932"))

    with pytest.raises(ScheduleError, match=r"mr\.toml .*UTF-8"):
        schedule.load(folder)


@pytest.mark.parametrize(("key", "where"), [("series", "[[series]]"), ("slot", "[[slot]]")])
def test_names_are_unique_over_all_files(key, where):
    edition, files = shipped()
    copied = copy.deepcopy(files["bcg.toml"]) | {"programme": "X", "display_order": 99}
    if key == "slot":
        copied["series"][0]["series"] = "X"

    with pytest.raises(ScheduleError) as caught:
        build(edition, files | {"x.toml": copied})

    assert f"x.toml の {where}、項目 {key}：同じものが2回" in str(caught.value)


def test_a_series_needs_a_slot():
    edition, files = shipped()
    files["dt.toml"]["series"].append({"series": "DT1", "slots": [], "fed_by": [{"vaccine": "DT"}]})

    with pytest.raises(ScheduleError, match=r"dt\.toml の \[\[series\]\] 2番目、項目 slots：空です"):
        build(edition, files)


@pytest.mark.parametrize(("until", "is_refused"), [(date(2016, 4, 1), True), (date(2016, 3, 31), False)])
def test_other_births_may_have_another_window(until, is_refused):
    edition, files = shipped()
    windows = files["hepb.toml"]["window"]
    windows.append(windows[0] | {"births_from": date.min, "births_until": until, "closes": "m24"})
    if is_refused:
        with pytest.raises(ScheduleError, match="births_from・births_until"):
            build(edition, files)
    else:
        found = {row["slot"]: row for row in build(edition, files).windows(date(2016, 3, 31), "M")}
        assert found["HEPB-1"]["closes_on"] == date(2018, 3, 30)


def test_missing_files_are_named(tmp_path, folder):
    (folder / "schedule.toml").unlink()
    with pytest.raises(ScheduleError, match=r"schedule\.toml.*読めません"):
        schedule.load(folder)

    with pytest.raises(ScheduleError, match=r"programmes/\*\.toml がありません"):
        schedule.load(tmp_path / "nowhere")


def test_rule_version_follows_content_and_not_layout(folder):
    path = folder / "programmes" / "mr.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text("# a remark\n" + text, encoding="utf-8")
    assert schedule.load(folder).rule_version == schedule.rule_version()
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}\+[0-9a-f]{8}", schedule.rule_version())

    path.write_text(text.replace('"m24"', '"m25"'), encoding="utf-8")

    assert schedule.load(folder).rule_version != schedule.rule_version()


def facts(node):
    """Yield every table that names a source."""
    if isinstance(node, dict):
        if "source" in node:
            yield node
        for value in node.values():
            yield from facts(value)
    elif isinstance(node, list):
        for value in node:
            yield from facts(value)


def test_only_what_was_found_is_confirmed():
    stated = [fact for raw in shipped()[1].values() for fact in facts(raw)]

    from_memory = [fact for fact in stated if "[M]" in fact["source"]]
    assert from_memory
    assert not any(fact["confirmed"] for fact in from_memory)
    assert [fact["source"] for fact in stated if not re.search(r"\[(M|F:[A-Z0-9]+)\]", fact["source"])] == []


def test_every_source_key_is_in_the_decision():
    keys = {
        key for raw in shipped()[1].values() for fact in facts(raw) for key in re.findall(r"F:(\w+)", fact["source"])
    }
    decision = next(DECISIONS.glob("*-rules-as-data.md")).read_text(encoding="utf-8")

    assert {key for key in keys if f"| {key} |" not in decision} == set()
