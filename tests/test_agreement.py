"""Two evaluations of one decision: the queries for a city and the interpreter for one person answer alike.

Where they differ one of them is wrong, or the decision leaves a choice. The failure shows the smallest case found.
"""

import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings

from tests.interpreter import evaluate, shipped_rules
from tests.population import crowds, random_people
from workbench import evaluation

Case = dict[str, Any]
LISTS = ("exemptions", "special", "doses")
EXTRAS = ("extracted_on", "died", "birth_earliest")
BATCH = 10_000


def interpreted(case: Case) -> dict[str, Any]:
    return evaluate(case, shipped_rules())


def difference(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Each row on which two answers to a case differ."""
    found = []
    for table in ("slots", "doses"):
        rows = zip(ours[table], theirs[table], strict=True)
        found += [f"interpreter {one}\n    queries     {other}" for one, other in rows if one != other]
    return found


def disagreements(cases: Sequence[Case], answers: Sequence[dict[str, Any]] | None = None) -> list[Case]:
    answers = answers or [interpreted(case) for case in cases]
    both = zip(cases, answers, evaluation.evaluate_cases(list(cases)), strict=True)
    return [case for case, ours, theirs in both if difference(ours, theirs)]


def smaller(case: Case) -> Iterator[Case]:
    """The same case with one thing less."""
    for name in LISTS:
        for place in range(len(case[name])):
            yield case | {name: case[name][:place] + case[name][place + 1 :]}
    for name in EXTRAS:
        if name in case:
            yield {key: value for key, value in case.items() if key != name}


def smallest(case: Case) -> Case:
    """Take things away for as long as the answers differ."""
    while found := disagreements(list(smaller(case))):
        case = found[0]
    return case


def assert_agreement(cases: Sequence[Case], answers: Sequence[dict[str, Any]] | None = None) -> None:
    found = disagreements(cases, answers)
    if not found:
        return
    case = smallest(min(found, key=lambda one: len(json.dumps(one))))
    [theirs] = evaluation.evaluate_cases([case])
    differs = "\n  ".join(difference(interpreted(case), theirs))
    pytest.fail(
        f"{len(found)} of {len(cases)} people; the smallest:\n{json.dumps(case, ensure_ascii=False)}\n  {differs}"
    )


def dose(vaccine: str, given_on: str, **more: Any) -> Case:
    return {"vaccine": vaccine, "given_on": given_on, "legal_class": "routine"} | more


def case(birth: str, as_of: str, *doses: Case, special: Sequence[Case] = ()) -> Case:
    asked = {"birth_date": birth, "sex": "F", "as_of": as_of}
    return asked | {"doses": list(doses), "exemptions": [], "special": list(special)}


FOUND = {  # on which the two once differed
    "guidance that begins on a day on which no window does": case(
        "2011-10-01",
        "2022-07-02",
        special=[{"kind": "long_term_care", "vaccine": "BCG", "reason_end_on": "2013-03-02"}],
    ),
    "臨時 and 任意 on one day": case(
        "2015-05-19",
        "2016-05-18",
        dose("PCV", "2015-07-19"),
        dose("PCV", "2015-11-11", legal_class="voluntary", stage="1"),
        dose("PCV", "2015-11-11", legal_class="temporary"),
    ),
    "任意 in no pregnancy": case("2001-04-01", "2026-08-31", dose("RSVM", "2026-04-02", legal_class="voluntary")),
    "twice on one day in no pregnancy": case(
        "1997-02-07", "2026-08-31", dose("RSVM", "2026-04-02"), dose("RSVM", "2026-04-02", legal_class="temporary")
    ),
    "a pregnancy that ended too soon for the programme, and a later one": case(
        "1996-10-01",
        "2026-04-01",
        special=[
            {"kind": "pregnancy", "vaccine": "RSVM", "reason_end_on": due} for due in ("2026-04-02", "2026-06-24")
        ],
    ),
    "an interval from a seasonal dose of an earlier 年度": case(
        "1953-05-10", "2020-05-10", dose("FLU", "2018-12-06"), dose("PPV", "2018-12-10")
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_found_before(name):
    assert_agreement([FOUND[name]])


def test_2000_people():
    assert_agreement(list(random_people(shipped_rules(), 2_000, seed=20261101, share=200)))


@settings(max_examples=20)
@given(crowds(shipped_rules(), most=20))
def test_any_people(cases):
    assert_agreement(cases)


@pytest.mark.soak
def test_200_000_people():
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for seed in range(200_000 // BATCH):
            cases = list(random_people(shipped_rules(), BATCH, seed, share=500))
            assert_agreement(cases, list(pool.map(interpreted, cases, chunksize=500)))
