"""Every command line that a README shows exists, and the cheap ones are run as they stand."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.installation import Installation
from workbench.cli import app

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "README.ja.md", "CONTRIBUTING.md", "benchmarks/README.md")
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def _lines(word: str) -> list[tuple[str, str]]:
    return [
        (page, line.strip())
        for page in PAGES
        for block in FENCE.findall((ROOT / page).read_text(encoding="utf-8"))
        for line in block.splitlines()
        if line.split()[:1] == [word]
    ]


COMMAND_LINES = _lines("workbench")
MAKE_LINES = _lines("make")


def _parse(command: click.Command, words: list[str], parent: click.Context | None = None) -> click.Command:
    """Parse words as click would, without running anything; return the command they reach."""
    context = command.make_context(command.name or "workbench", list(words), parent=parent)
    if not isinstance(command, click.Group):
        return command
    rest = [*context._protected_args, *context.args]
    _, inner, left = command.resolve_command(context, rest)
    return _parse(inner, left, context)


def test_there_are_commands_to_check():
    assert len(COMMAND_LINES) > 15
    assert {line for _, line in MAKE_LINES} >= {"make run", "make test", "make lab", "make check"}


@pytest.mark.parametrize(("page", "line"), COMMAND_LINES)
def test_a_workbench_line_is_understood(page, line):
    assert _parse(app, shlex.split(line)[1:]).callback, page


@pytest.mark.parametrize("line", ["workbench ingest", "workbench synth --resident 5 --out x", "workbench paint"])
def test_a_wrong_line_would_be_noticed(line):
    with pytest.raises(click.UsageError):
        _parse(app, shlex.split(line)[1:])


@pytest.mark.parametrize(("page", "line"), MAKE_LINES)
def test_a_make_line_has_its_recipe(page, line):
    targets = [word for word in shlex.split(line)[1:] if "=" not in word]

    assert all(re.search(rf"^{target}:.*## ", MAKEFILE, re.MULTILINE) for target in targets), page


def test_make_lists_every_word_it_knows():
    words = set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE))
    command = [shutil.which("make"), "--no-print-directory", "help"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own

    assert words == {"help", "run", "test", "cases", "lab", "check", "fix", "bench", "soak"}
    assert {line.split()[1] for line in listed.splitlines()} == words


# ---------------------------------------------------------------- run as they stand, on an installation of their own


def _run(line: str) -> str:
    code = "import sys; from workbench.cli import main; main(sys.argv[1:])"
    done = subprocess.run(  # noqa: S603 - lines of our own READMEs
        [sys.executable, "-c", code, *shlex.split(line)[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout


CHEAP = ("windows", "snapshots", "ledger verify")
CHEAP_LINES = [line for _, line in COMMAND_LINES if line.split(" ", 1)[1].startswith(CHEAP)]


@pytest.mark.usefixtures("installation")
@pytest.mark.parametrize("line", sorted(set(CHEAP_LINES)))
def test_a_cheap_line_runs_as_it_stands(line):
    assert _run(line).strip()


def test_the_windows_line_prints_what_the_readme_promises():
    line = next(line for line in CHEAP_LINES if "--json" in line)

    assert '"birth_date": "2018-12-31"' in _run(line)


@pytest.mark.slow
def test_the_demonstration_makes_what_the_readme_promises(tmp_path, monkeypatch):
    tour = Installation(tmp_path)
    for name, value in tour.environment().items():
        monkeypatch.setenv(name, value)

    printed = tour.run("demo", "--residents", "2000")

    made = {path.name for path in (tour.home / "outputs").rglob("*")}
    assert {"coverage.html", "coverage.xlsx", "followup.html", "followup_list.csv", "letters.pdf", "list.xlsx"} <= made
    assert "できたもの" in printed
    assert "make lab" in printed
    assert "不可 0" in tour.run("doctor")
    assert "approved" in tour.run("ledger", "list")
