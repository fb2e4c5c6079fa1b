"""Two evaluations of one decision: the queries for a city and the interpreter for one person answer alike.

Where they differ one of them is wrong, or the decision leaves a choice. The failure shows the smallest case found.
"""

import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests.interpreter import Rules, evaluate, read_folder
from tests.population import crowds, random_people

evaluation = pytest.importorskip("workbench.evaluation")  # until that room is built there is nothing to compare

Case = dict[str, Any]
SCHEDULE = Path(evaluation.__file__).parents[1] / "schedule"
LISTS = ("exemptions", "special", "doses")
EXTRAS = ("extracted_on", "died", "birth_earliest")
BATCH = 10_000


@cache
def rules() -> Rules:
    return read_folder(SCHEDULE)


def interpreted(case: Case) -> dict[str, Any]:
    return evaluate(case, rules())


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


def test_2000_people():
    assert_agreement(list(random_people(rules(), 2_000, seed=20261101)))


@settings(max_examples=20)
@given(crowds(read_folder(SCHEDULE), most=20))
def test_any_people(cases):
    assert_agreement(cases)


@pytest.mark.soak
def test_200_000_people():
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for seed in range(200_000 // BATCH):
            cases = list(random_people(rules(), BATCH, seed, share=500))
            assert_agreement(cases, list(pool.map(interpreted, cases, chunksize=500)))
