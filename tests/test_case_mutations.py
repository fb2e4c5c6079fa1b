"""Every number of the statute's data is held by a worked case: each is changed by one, and some case must notice."""

import copy
import re
import tomllib
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest

from tests.case_tables import DRAWINGS, read_drawing
from tests.interpreter import evaluate, read_rules
from tests.test_cases import differences
from workbench import schedule as statute
from workbench.errors import ScheduleError
from workbench.schedule.load import build

FOLDER = Path(statute.__file__).parent
NOT_A_RULE = {"version", "display_order", "number", "label", "name", "names", "note", "source", "article", "variant"}
NEIGHBOUR = {"birth": "d1", "sch-1y": "sch-1d", "sch-1d": "sch-1y"}
WORD = re.compile(r"birth|sch-1[yd]|edd-\d+|(?:m|y|d|fyS|fyE)\d+|\d+d|\d+m(?:\d+d)?|\d\d-\d\d")
EDITION = "schedule.toml"
# Mutants that no answer can show: see the reason of each.
EQUIVALENT: dict[str, str] = {}


@cache
def shipped():
    paths = [FOLDER / EDITION, *sorted((FOLDER / "programmes").glob("*.toml"))]
    return {path.name: tomllib.loads(path.read_text(encoding="utf-8")) for path in paths}


def places(node, path=()):
    """Yield the path and the value of everything below a table that may be a number of the law."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key not in NOT_A_RULE:
                yield from places(value, (*path, key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from places(value, (*path, number))
    elif isinstance(node, date | int | str) and not isinstance(node, bool):
        yield path, node


def others(value):
    """Return the values one less and one more, of each number that `value` holds."""
    if isinstance(value, date):
        return [value - timedelta(days=1), value + timedelta(days=1)]
    if isinstance(value, int):
        return [value - 1, value + 1]
    if value in NEIGHBOUR:
        return [NEIGHBOUR[value]]
    if not WORD.fullmatch(value):
        return []
    return [
        f"{value[: found.start()]}{int(found[0]) + step:0{len(found[0])}}{value[found.end() :]}"
        for found in re.finditer(r"\d+", value)
        for step in (-1, 1)
    ]


def mutants():
    """Yield a name, the file, and the data with one number changed by one."""
    for file, raw in shipped().items():
        for path, value in places(raw):
            for other in others(value):
                changed = copy.deepcopy(raw)
                target = changed
                for step in path[:-1]:
                    target = target[step]
                target[path[-1]] = other
                yield f"{file} {'.'.join(map(str, path))}: {value} -> {other}", file, changed


def rules_of(files):
    """Return the rules, or None where the data would be refused."""
    edition, programmes = files[EDITION], {name: raw for name, raw in files.items() if name != EDITION}
    try:
        build(edition, programmes)
    except ScheduleError:
        return None
    return read_rules(edition, list(programmes.values()))


@cache
def cases():
    return [case for path in DRAWINGS for case in read_drawing(path)]


@cache
def baseline():
    rules = rules_of(shipped())
    return {case["id"]: differences(case, evaluate(case["case"], rules)) for case in cases()}


def concerned(file, changed):
    """Return the cases that look at a slot or a vaccine of the file (all cases, for what holds for all programmes)."""
    if file == EDITION:
        return cases()
    slots = {row["slot"] for row in changed["slot"]}
    vaccines = {fed["vaccine"] for series in changed["series"] for fed in series["fed_by"]}
    return [case for case in cases() if looks_at(case["expected"], slots, vaccines)]


def looks_at(expected, slots, vaccines):
    return any(slot["slot"] in slots for slot in expected["slots"]) or any(
        dose["vaccine"] in vaccines for dose in expected["doses"]
    )


def is_noticed(file, changed):
    rules = rules_of(shipped() | {file: changed})
    return rules is None or any(
        differences(case, evaluate(case["case"], rules)) != baseline()[case["id"]] for case in concerned(file, changed)
    )


@pytest.mark.soak
def test_a_case_holds_every_number_of_the_data():
    survivors = [name for name, file, changed in mutants() if name not in EQUIVALENT and not is_noticed(file, changed)]

    assert survivors == []
