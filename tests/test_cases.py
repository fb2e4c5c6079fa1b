"""The public case set: its form, its completeness, and what the interpreter and the queries make of every case.

The expected answers were found by hand from the notes on the law; where a case fails, the law decides who is wrong.
"""

import json
import re
from functools import cache
from pathlib import Path

import pytest

from tests.case_tables import CASES, DRAWINGS, RULE_VERSION, page, read_drawing, write_lines
from tests.interpreter import evaluate, read_folder
from workbench import schedule as statute
from workbench.evaluation import evaluate_cases

DRAWN = {path.stem: read_drawing(path) for path in DRAWINGS}
ALL = [case for cases in DRAWN.values() for case in cases]
STATUSES = {
    *("done", "done_irregular", "not_yet_open", "open", "due", "late", "closing", "missed", "excluded"),
    "not_applicable",
}
EVALUATIONS = {
    *("valid", "too_early", "too_late", "too_soon", "wrong_product", "extra", "private", "duplicate", "impossible"),
    *("not_in_force", "unknown"),
}
# Statuses that a slot cannot have, and why.
WHOLE_WINDOW_IS_STANDARD = (
    "COV-1 FLU-1 FLUHD-1 HZL-1 HZR-1 MR1-1 MR2-1 PCV-2 PCV-3 PCVA-1 PPV-1 ROTA1-2 ROTA5-2 ROTA5-3"
)
STANDARD_BEGINS_WITH_THE_LEGAL = (
    "DPIH-1 DPIH-2 DPIH-3 DPIH-4 DPT-1 DPT-2 DPT-3 DPTI-1 DPTI-2 DPTI-3 DT2-1 HEPB-3 HIB-1 HIB-2 HIB-3 HIB-4 HZR-2 "
    "IPV-1 IPV-2 IPV-3 JE2-1 PCV-1 PCV-4 VAR-1"
)
CUT_OFF_BEFORE_THE_LEGAL_END = "HIB-2 HIB-3 PCV-3"
CANNOT = {
    *(
        (slot, status)
        for slot in [*WHOLE_WINDOW_IS_STANDARD.split(), "RSVM-1", "RUB5-1"]
        for status in ("open", "late")
    ),
    *((slot, "open") for slot in STANDARD_BEGINS_WITH_THE_LEGAL.split()),
    *((slot, status) for slot in CUT_OFF_BEFORE_THE_LEGAL_END.split() for status in ("closing", "missed")),
    ("COV-1", "missed"),  # its season ends with the 年度; the next day the next season is the window
    ("RUB5-1", "not_yet_open"),  # open from the day it became law, whatever the age
}


@cache
def schedule():
    return read_folder(Path(statute.__file__).parent)


def names(case):
    return case["id"]


# ---------------------------------------------------------------- form and completeness


def test_there_are_enough_cases_each_with_a_name_of_its_own():
    assert len(ALL) >= 300
    assert len({case["id"] for case in ALL}) == len(ALL)
    assert len({(case["about"], json.dumps(case["case"])) for case in ALL}) == len(ALL)


@pytest.mark.parametrize("stem", DRAWN)
def test_the_lines_say_what_the_drawing_says(stem):
    written = (CASES / f"{stem}.jsonl").read_text(encoding="utf-8")

    assert written == write_lines(DRAWN[stem]), "run python -m tests.case_tables"


def test_the_page_says_what_the_drawings_say():
    assert (CASES / "README.md").read_text(encoding="utf-8") == page(DRAWN), "run python -m tests.case_tables"


def test_no_file_of_lines_is_without_a_drawing():
    assert {path.stem for path in CASES.glob("*.jsonl")} == set(DRAWN)


@pytest.mark.parametrize("case", ALL, ids=names)
def test_a_case_names_rule_source_and_known_words(case):
    expected = case["expected"]

    assert case["rule"]
    assert re.search(r"\[(F:[A-Z0-9]+|C|M)\]", case["source"])
    assert case["rule_version"] == RULE_VERSION
    assert expected["slots"] or expected["doses"]
    assert {slot["slot"] for slot in expected["slots"]} <= set(schedule().slots)
    assert {slot.get("status", "-") for slot in expected["slots"]} <= STATUSES | {"-"}
    assert {dose.get("evaluation", "-") for dose in expected["doses"]} <= EVALUATIONS | {"-"}


def test_every_source_key_is_in_the_decision():
    keys = {key for case in ALL for key in re.findall(r"F:([A-Z0-9]+)", case["source"])}
    decision = next((CASES.parent / "decisions").glob("*-rules-as-data.md")).read_text(encoding="utf-8")

    assert {key for key in keys if f"| {key} |" not in decision} == set()


def test_every_slot_has_a_case_of_every_status_it_can_have():
    seen = {(slot["slot"], slot["status"]) for case in ALL for slot in case["expected"]["slots"]}
    possible = {(slot, status) for slot in schedule().slots for status in STATUSES}

    assert sorted(possible - CANNOT - seen) == []
    assert sorted(CANNOT & seen) == []


# ---------------------------------------------------------------- what is answered


def differences(case, answer):
    """Return what the answer has otherwise, as (where, field, expected, got); fields not expected are free."""
    slots = {slot["slot"]: slot for slot in answer["slots"]}
    found = [(want["slot"], want, slots[want["slot"]]) for want in case["expected"]["slots"]]
    wrong = [
        (where, field, value, got.get(field))
        for where, want, got in found
        for field, value in want.items()
        if got.get(field) != value
    ]
    return wrong + [want for want in case["expected"]["doses"] if not has_dose(want, answer["doses"])]


def has_dose(want, doses):
    return any(all(dose.get(field) == value for field, value in want.items()) for dose in doses)


@pytest.mark.parametrize("case", ALL, ids=names)
def test_the_interpreter_answers_as_expected(case):
    answer = evaluate(case["case"], schedule())

    assert differences(case, answer) == [], f"{case['about']}: {answer['doses']}"


@cache
def answers():
    return dict(zip((case["id"] for case in ALL), evaluate_cases([case["case"] for case in ALL]), strict=True))


@pytest.mark.parametrize("case", ALL, ids=names)
def test_the_queries_answer_as_expected(case):
    answer = answers()[case["id"]]

    assert differences(case, answer) == [], f"{case['about']}: {answer['doses']}"


def test_a_wrong_answer_would_be_noticed():
    case = {"expected": {"slots": [{"slot": "X-1", "status": "due"}], "doses": [{"vaccine": "X", "slot": None}]}}
    answer = {"slots": [{"slot": "X-1", "status": "late"}], "doses": [{"vaccine": "X", "slot": "X-1"}]}

    assert differences(case, answer) == [("X-1", "status", "due", "late"), {"vaccine": "X", "slot": None}]
