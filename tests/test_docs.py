"""Prose that cannot rot: what the documents name exists, and what exists is documented."""

import ast
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import click
import pytest

from tests.house import read_house
from tests.tables import rows
from workbench.cli import app
from workbench.queries import describe, names
from workbench.records import TABLES
from workbench.settings import Settings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("benchmarks/*.md"), *ROOT.glob("data/**/*.md")])
SOURCES = [
    *(ROOT / "pyproject.toml", ROOT / "Makefile", *ROOT.glob("*.md")),
    *sorted(
        path
        for folder in ("workbench", "tests", "benchmarks", "notebooks", "docs")
        for kind in ("*.py", "*.sql", "*.toml", "*.typ", "*.ipynb", "*.md")
        for path in (ROOT / folder).rglob(kind)
    ),
]
DECISION = re.compile(r"[Dd]ecisions?\b[^\n]{0,60}?\b(0\d{3})\b")
JAPANESE = re.compile(r"[぀-ヿ一-鿿]")
NORMALISED = re.compile(r"[-_.]+")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


# ---------------------------------------------------------------- decisions, links


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_a_decision_named_has_a_page(path):
    pages = {page.name[:4] for page in (DOCS / "decisions").glob("*.md")}

    assert set(DECISION.findall(path.read_text(encoding="utf-8"))) <= pages


@pytest.mark.parametrize("path", sorted((DOCS / "decisions").glob("*.md")), ids=lambda path: path.name)
def test_a_decision_has_a_number_of_its_own_a_title_and_a_status(path):
    text = path.read_text(encoding="utf-8")

    assert len(list(path.parent.glob(f"{path.name[:4]}-*"))) == 1
    assert text.startswith(f"# {path.name[:4]}: ")
    assert re.search(r"\bStatus: \w", text)


@pytest.mark.parametrize("path", PAGES, ids=relative)
def test_links_between_pages_lead_somewhere(path):
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
    missing = [target for target in targets if "://" not in target and not (path.parent / target).exists()]

    assert missing == []


# ---------------------------------------------------------------- glossary


def _glossary() -> dict[str, str]:
    """Return each word of the glossary's tables with the rest of its line."""
    lines = re.findall(r"^\| `([^|]+)` \|(.*)\|$", (DOCS / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)
    return {word: rest for names_of_one, rest in lines for word in re.split(r"`, `", names_of_one)}


GLOSSARY = _glossary()
CODE = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES if path.is_relative_to(ROOT / "workbench"))


@pytest.mark.parametrize("word", GLOSSARY)
def test_a_glossary_word_is_used_in_the_code(word):
    assert re.search(rf"(?<![a-z]){re.escape(word)}", CODE, re.IGNORECASE)


@pytest.mark.parametrize("word", GLOSSARY)
def test_a_glossary_line_is_complete(word):
    japanese, meaning, source = (cell.strip() for cell in GLOSSARY[word].split("|"))

    assert JAPANESE.search(japanese)
    assert meaning
    assert source


@pytest.mark.parametrize("table", TABLES)
def test_the_words_of_a_snapshot_table_are_in_the_glossary(table):
    columns = {column.name for column in TABLES[table].columns}

    assert {table, *columns} - GLOSSARY.keys() == set()


def test_the_statuses_are_in_the_glossary():
    statuses = set(re.findall(r"(?:THEN|ELSE) '(\w+)'", describe("slot_status").text))

    assert len(statuses) == 10
    assert statuses - GLOSSARY.keys() == set()


# ---------------------------------------------------------------- commands


def _commands(group: click.Group, *before: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield " ".join((*before, name)), command
        if isinstance(command, click.Group):
            yield from _commands(command, *before, name)


COMMANDS = dict(_commands(app))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_explains_itself_in_japanese(name):
    command = COMMANDS[name]
    silent = [p.name for p in command.params if isinstance(p, click.Option) and not JAPANESE.search(p.help or "")]

    assert JAPANESE.search(command.help or "")
    assert silent == []


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if not isinstance(command, click.Group)])
@pytest.mark.parametrize("page", ["README.md", "README.ja.md"])
def test_a_command_is_in_the_readme(name, page):
    assert f"workbench {name}" in (ROOT / page).read_text(encoding="utf-8")


# ---------------------------------------------------------------- statute, queries, settings, dependencies


PROGRAMMES = sorted((ROOT / "workbench" / "schedule" / "programmes").glob("*.toml"))
RULES = ("window", "standard", "interval")


@pytest.mark.parametrize("path", PROGRAMMES, ids=lambda path: path.name)
def test_every_rule_of_the_statute_names_its_source(path):
    programme = tomllib.loads(path.read_text(encoding="utf-8"))
    rules = [programme, *(rule for kind in RULES for rule in programme.get(kind, []))]

    assert len(rules) > 1
    assert [rule for rule in rules if not _is_sourced(rule)] == []


def _is_sourced(rule: dict[str, Any]) -> bool:
    """A rule names where it was found; what is marked [M], from memory, is not confirmed."""
    marks = re.findall(r"\[([FCMS])(?::\w+)?\]", rule.get("source", ""))
    return bool(marks and rule.get("article")) and not (rule["confirmed"] and "M" in marks)


def test_every_programme_is_dated():
    undated = [
        path.name
        for path in PROGRAMMES
        if not isinstance(tomllib.loads(path.read_text(encoding="utf-8"))["effective_from"], date)
    ]

    assert undated == []


TESTS_TEXT = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
JUDGING_TEXT = (ROOT / "workbench" / "queries" / "judging.py").read_text(encoding="utf-8")


def _tested_queries() -> set[str]:
    """Return the queries a test names, those that judge the doses of a city, and what they are built on."""
    assert "evaluate_cases" in TESTS_TEXT  # runs the judging, to compare it with the interpreter
    tested = {name for name in names() if re.search(rf"\b{name}\b", TESTS_TEXT + JUDGING_TEXT)}
    while more := {inner for name in tested for inner in describe(name).reads if inner in names()} - tested:
        tested |= more
    return tested


@pytest.mark.parametrize("name", names())
def test_a_query_has_a_header_and_a_test(name):
    assert describe(name).text  # refuses a query whose header is incomplete
    assert name in _tested_queries()


def test_the_settings_page_shows_the_defaults():
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    example = tomllib.loads(re.search(r"```toml\n(.*?)```", page, re.DOTALL)[1])

    assert example == Settings().model_dump()


@pytest.mark.parametrize("part", Settings.model_fields)
def test_every_setting_is_explained(part):
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    chapter = re.search(rf"^## \[{part}\].*?(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)[0]
    explained = re.findall(r"^\| `(\w+)` \| \S", chapter, re.MULTILINE)

    assert explained == list(getattr(Settings(), part).model_dump())


FIXED_BY_THE_USERS = {
    *("jupyterlab", "ipywidgets", "pandas", "duckdb", "plotly", "papermill", "cryptography", "pytest", "nbval"),
}


def _package(requirement: str) -> str:
    return NORMALISED.sub("-", re.match(r"[\w.-]+", requirement)[0]).lower()


def test_every_dependency_has_its_reason_and_its_hashes():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    declared = {_package(requirement) for requirement in wanted}
    page = (DOCS / "decisions" / "0002-dependencies.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| ([\w.-]+) \| .{20,} \|$", page, re.MULTILINE)
    explained = {_package(name) for name in lines} - {"package"}  # the heads of the tables
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE))

    assert explained == declared - FIXED_BY_THE_USERS
    assert declared >= FIXED_BY_THE_USERS
    assert declared <= {_package(name) for name in locked}


def test_the_lock_names_no_address():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")

    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|\bfile:", lock)


# ---------------------------------------------------------------- threat model


PROMISES = rows((DOCS / "threat-model.md").read_text(encoding="utf-8").split("<!-- promises -->")[1])
MODULES = {name.removeprefix("workbench.") for name in read_house(ROOT / "workbench")} | {"__init__"}
TESTS = {
    node.name
    for path in (ROOT / "tests").rglob("test_*.py")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.FunctionDef)
}


def test_the_threat_model_speaks_of_every_promise():
    assert {row["promise"][:3].strip(": ") for row in PROMISES} == {f"P{number}" for number in range(1, 11)}


@pytest.mark.parametrize("row", PROMISES, ids=lambda row: f"{row['promise'][:3]} {row['module']}")
def test_a_promise_names_its_attacker_its_module_and_its_tests(row):
    modules, tests = (set(re.findall(r"`([\w.]+)`", row[column])) for column in ("module", "test"))

    assert row["attacker"]
    assert row["asset"]
    assert modules
    assert modules <= MODULES
    assert tests or row["test"] == "not kept yet"
    assert tests <= TESTS
