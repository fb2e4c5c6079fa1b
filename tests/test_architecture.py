"""The house is what docs/architecture.md draws, and the checks that say so find a planted fault."""

import ast
import json
import re
from pathlib import Path

import pytest

from tests import house as rules
from tests.house import Module, read_block, read_house
from tests.tables import rows

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "architecture.md"
HOUSE = read_house(ROOT / "workbench")
ORDER = [line[0] for line in read_block(PICTURE, "rooms")]
ADMITTED = {room: set(names) for room, _, *names in read_block(PICTURE, "admitted")}
BEHIND_THE_WALL = {"sources", "pseudonyms", "pseudonymize", "vault", "keys", "register", "ingest", "synth", "scan"}
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DATA_FILES = sorted(path for kind in ("*.sql", "*.typ") for path in (ROOT / "workbench").rglob(kind))


def test_every_room_of_the_picture_is_built():
    assert {module.room for module in HOUSE.values()} == set(ORDER)


def test_a_room_imports_only_rooms_above_it():
    assert rules.wrong_arrows(HOUSE, ORDER) == []


def test_no_import_cycle():
    assert rules.cycles(HOUSE) == []


def test_guarded_rooms_are_entered_only_by_those_admitted():
    assert rules.trespassers(HOUSE, ADMITTED) == []


def test_the_front_desk_reaches_nothing_behind_the_wall():
    reached = {HOUSE[name].room for name in rules.reached_from("workbench", HOUSE)}

    assert not reached & BEHIND_THE_WALL


def test_only_the_wall_makes_a_pseudonymous():
    assert rules.constructors(HOUSE, "Pseudonymous") == {"workbench.pseudonymize"}


def test_nothing_but_the_command_line_reads_the_clock():
    assert rules.clock_readers(HOUSE, admitted="cli") == []


@pytest.mark.parametrize("path", DATA_FILES, ids=lambda path: path.name)
def test_no_query_or_template_reads_the_clock(path):
    text = re.sub(r"^\s*(--|//).*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert not rules.CLOCK_IN_DATA.search(text)


def test_no_module_outgrows_its_room():
    assert rules.wide_modules(HOUSE) == []


@pytest.mark.parametrize("path", sorted((ROOT / "workbench" / "queries").glob("*.sql")), ids=lambda path: path.name)
def test_no_query_is_longer_than_a_page(path):
    body = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("--")]

    assert len(body) <= rules.WIDEST_QUERY


def test_no_name_says_nothing():
    assert rules.empty_names(HOUSE) == []


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_only_arrange(path):
    assert rules.notebook_faults(path) == []


# ---------------------------------------------------------------- the checks themselves, on planted faults


def _with_import(house: dict[str, Module], importer: str, imported: str) -> dict[str, Module]:
    """Return a house in which one function of `importer` imports `imported` as well."""
    old = house[importer]
    extra = ast.parse(f"def planted():\n    from {imported} import anything").body
    return house | {importer: Module(importer, ast.Module([*old.tree.body, *extra], []), old.lines)}


ARROWS = sorted(
    (importer.name, name)
    for importer in HOUSE.values()
    for name in rules.imports_of(importer, HOUSE)
    if HOUSE[name].room != importer.room
)


def test_every_arrow_turned_round_is_found():
    missed = [
        f"{importer} -> {imported}"
        for importer, imported in ARROWS
        if not rules.wrong_arrows(_with_import(HOUSE, imported, importer), ORDER)
    ]

    assert len(ARROWS) > 20
    assert missed == []


@pytest.mark.parametrize("room", ADMITTED)
def test_every_trespasser_is_found(room):
    target = next(module.name for module in HOUSE.values() if module.room == room)
    strangers = {m.name for m in HOUSE.values() if not {m.room, m.name.removeprefix("workbench.")} & ADMITTED[room]}
    missed = [
        name
        for name in strangers - {m.name for m in HOUSE.values() if m.room == room}
        if not rules.trespassers(_with_import(HOUSE, name, target), ADMITTED)
    ]

    assert strangers
    assert missed == []


PLANTED = rows("""
    fault                             | source                                                     | finder
    clock through a module            | import datetime ; datetime.datetime.now()                  | clock
    clock through a class             | from datetime import date ; day = date.today()             | clock
    clock handed on, not called       | from datetime import datetime ; field(default=datetime.now)| clock
    clock of the operating system     | import time ; time.time()                                  | clock
    clock imported by its name        | from time import time                                      | clock
    clock of pandas                   | import pandas ; pandas.Timestamp.today()                   | clock
    clock under another name          | import datetime as dt ; dt.date.today()                    | clock
    a field of our own called today   | class Visit: pass ; Visit().today ; Visit.now              |
    a stopwatch is no clock           | import time ; time.perf_counter()                          |
    the wall's stamp forged           | from workbench import records ; records.Pseudonymous(1, 2) | stamp
    a drawer for everything           | class NoteManager: pass                                    | name
    a drawer by function              | def common_things(): pass                                  | name
    relative import of a lower room   | from . import cli                                          | arrow
    import by string                  | importlib.import_module("workbench.cli")                   | arrow
    import of a lower room's module   | import workbench.cli.door                                  | arrow
    import of a room above            | from workbench.errors import WorkbenchError                |
    a room nobody drew                | from workbench.attic import box                            | drawn
""")


@pytest.mark.parametrize("case", PLANTED, ids=lambda case: case["fault"])
def test_a_planted_fault_is_found(case, tmp_path):
    files = {"__init__": "", "errors": "", "cli/__init__": "", "cli/door": "", "pseudonymize": "Pseudonymous(1, 2)"}
    files["records"] = case["source"].replace(" ; ", "\n") + "\n"
    files |= {"attic": ""} if case["finder"] == "drawn" else {}
    for name, source in files.items():
        path = tmp_path / "workbench" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    house = read_house(tmp_path / "workbench")
    arrows = rules.wrong_arrows(house, ["errors", "records", "pseudonymize", "__init__", "cli"])
    found = {
        "clock": rules.clock_readers(house, admitted="cli"),
        "stamp": rules.constructors(house, "Pseudonymous") - {"workbench.pseudonymize"},
        "name": rules.empty_names(house),
        "arrow": [arrow for arrow in arrows if "below" in arrow],
        "drawn": [arrow for arrow in arrows if "not in the order" in arrow],
    }

    assert {finder for finder, findings in found.items() if findings} == ({case["finder"]} - {None})


def test_a_cycle_between_modules_of_one_room_is_found(tmp_path):
    for name, source in {"__init__": "", "a": "from workbench.b import x", "b": "import workbench.a"}.items():
        (tmp_path / "workbench").mkdir(exist_ok=True)
        (tmp_path / "workbench" / f"{name}.py").write_text(source, encoding="utf-8")

    assert len(rules.cycles(read_house(tmp_path / "workbench"))) == 2


NOTEBOOK_FAULTS = rows("""
    fault              | source                                                  | outputs | found
    clean              | from workbench import open_snapshot                     |         |
    foreign import     | import pandas as pd                                     |         | imports pandas
    inner room         | from workbench.vault import Vault                       |         | imports workbench.vault
    stored output      | 1 + 1                                                   | 2       | keeps its output
    a function         | def f(): return 1                                       |         | defines a function
    SQL in a string    | run("SELECT * FROM person")                             |         | speaks SQL
    a long cell        | a=1;b=1;c=1;d=1;e=1;f=1;g=1;h=1;i=1;j=1;k=1;l=1;m=1     |         | has 13 lines
""")


@pytest.mark.parametrize("case", NOTEBOOK_FAULTS, ids=lambda case: case["fault"])
def test_a_planted_notebook_fault_is_found(case, tmp_path):
    source = "\n".join(case["source"].split(";"))
    outputs = [{"output_type": "stream", "text": case["outputs"]}] if case["outputs"] else []
    cell = {"cell_type": "code", "source": source, "outputs": outputs, "execution_count": None}
    path = tmp_path / "planted.ipynb"
    path.write_text(json.dumps({"cells": [cell]}), encoding="utf-8")

    faults = rules.notebook_faults(path)

    assert len(faults) == (1 if case["found"] else 0)
    assert case["found"] is None or case["found"] in faults[0]
