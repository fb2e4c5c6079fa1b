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
# Mutants that no answer about 2013-04-01 or later can show, each with its reason.
EQUIVALENT = (
    r"(bcg|dpti?|dt|ipv|je|mr)\.toml effective_from: .*",  # the windows have days of their own, and as_of is later
    r"(dpti?|dt|ipv|je)\.toml standard\.\d\.effective_from: (1994|2012)-.*",  # guidance before the first as_of
    r"je\.toml window\.[1379]\.effective_from: 1994-10-01 .*",  # nobody of these births was old enough
    r"je\.toml window\.5\.effective_from: .*",  # JE-B, 9歳 from 2016 on
    r"je\.toml series\.2\.fed_by\.0\.births_(from: .* -> 1995-04-01|until: .* -> 2007-04-02)",  # so has the choice
    r"je\.toml series\.3\.fed_by\.0\.births_(from: .* -> 2007-04-01|until: .* -> 2009-10-02)",
    r"je\.toml standard\.[45]\.standard_from: y9 -> y8",  # a standard period is cut to the window, which opens then
    r"(dpih|hepb|hib|hpv|hz[lr]|pcva?|ppv|var)\.toml long\.0\.effective_from: .*",  # these programmes began later
    r"(hpv|hz[lr]|mr|ppv|rub5)\.toml window\.\d\.opens: birth -> d1",  # the days of the measure decide
    r"hpv\.toml window\.1\.opens: fyS17 -> fyS16",  # touches the ordinary window either way
    r"hpv\.toml window\.1\.births_until: 2008-04-01 -> 2008-04-02",  # the ordinary window ends on the same day
    r"hpv\.toml window\.2\.effective_from: 2025-04-01 -> 2025-03-31",  # the catch-up is open on that day
    r"(hz[lr]\.toml window\.1|ppv\.toml window\.[23])\.births_until: .*-04-01 -> .*-04-02",  # 100歳, the same window
    r"(cov|flu|pcva)\.toml window\.\d\.closes: y65 -> y66",  # joined to the window of 65歳
    r"rub5\.toml effective_to: 2027-03-31 -> 2027-04-01",  # the windows end on the day itself
    r"ppv\.toml effective_to: 2026-03-31 -> 2026-04-01",  # the windows end on the day itself
    r"var\.toml window\.1\.opens: m36 -> m35",  # joined to the ordinary window
    r"(cov|flu)\.toml window\.\d\.effective_from: .*",  # a season is known in its 年度
    r"(cov|flu)\.toml window\.\d\.seasons\.last_year: (2024 -> 2025|2025 -> 2026)",  # the next row says the same
    r"(cov|flu)\.toml window\.\d\.seasons\.first_year: (2025 -> 2024|2026 -> 2025)",  # so does the row before
    r"(cov|flu|fluhd)\.toml window\.\d\.seasons\.first_year: (2013 -> 2012|2024 -> 2023|2026 -> 2025)",  # not yet law
    r"(cov\.toml window\.[03]|fluhd\.toml window\.0)\.seasons\.opens: 10-01 -> 09-01",  # not yet law
    r"fluhd\.toml effective_from: 2026-10-01 -> 2026-09-30",  # the season opens on the day itself
    r"cov\.toml effective_from: 2024-10-01 -> 2024-09-30",
    r"schedule\.toml between\.[01]\.effective_from: 1994-10-01 -> 1994-09-30",  # no programme on that day
    r"schedule\.toml between\.2\.effective_from: 2020-10-01 -> 2020-09-30",  # live after live: 27 days in both rules
    r"schedule\.toml cohort\.2\.births_until: 2009-04-01 -> 2009-04-02",  # the ordinary window ends on the same day
    r"schedule\.toml cohort\.3\.births_from: 2007-04-02 -> 2007-04-01",  # JE-A before that
    r"schedule\.toml group\.5\.effective_from: 2026-04-01 -> 2026-04-02",  # no high dose before 2026-10-01
    r"schedule\.toml choice\.6\.effective_to: 2024-03-31 -> 2024-04-01",  # the row before it holds on that day
    r"schedule\.toml product\.\d\.effective_from: 2013-04-01 -> 2013-03-31",  # the programme began a day later
)


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
    survivors = [
        name
        for name, file, changed in mutants()
        if not any(re.fullmatch(known, name) for known in EQUIVALENT) and not is_noticed(file, changed)
    ]

    assert survivors == []
