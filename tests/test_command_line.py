"""The command line as staff meet it: Japanese everywhere, exact shapes for programs, exit codes that mean something."""

import datetime as dt
import gettext
import json
import re

import click
import pytest
from babel.messages.pofile import read_po

from workbench import cli

JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")
LOCALE = "workbench/cli/locale/ja/LC_MESSAGES/messages"
ISO_OR_NULL = re.compile(r"\d{4}-\d{2}-\d{2}")


def commands(group=cli.app, path=()):
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize("words", [(), *(words for words, _ in commands())], ids=" ".join)
def test_every_help_is_japanese(words, capsys):
    assert cli.run([*words, "--help"]) == 0

    page = capsys.readouterr().out
    assert page.startswith("使い方:")
    assert not re.search(r"Usage|Options|Commands|Show this|required|default", page)


@pytest.mark.parametrize(("words", "command"), list(commands()), ids=str)
def test_every_command_and_option_is_explained(words, command):  # noqa: ARG001 - the words name the case
    assert JAPANESE.search(command.help or "")
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert [option.name for option in options if not option.help] == []


def test_windows_of_one_birth_have_the_agreed_shape(capsys):
    assert cli.run(["windows", "--birth", "2018-12-31", "--sex", "F", "--json"]) == 0

    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == ["birth_date", "slots"]
    assert answer["birth_date"] == "2018-12-31"
    for slot in answer["slots"]:
        assert list(slot) == ["slot", "opens_on", "standard_from", "standard_until", "closes_on"]
        assert all(value is None or ISO_OR_NULL.fullmatch(value) for name, value in slot.items() if name != "slot")
    slots = {slot["slot"]: slot for slot in answer["slots"]}
    assert (slots["MR2-1"]["opens_on"], slots["MR2-1"]["closes_on"]) == ("2024-04-01", "2025-03-31")


def test_many_births_give_one_line_each_in_order(tmp_path, capsys):
    days = [dt.date(2010, 1, 1) + dt.timedelta(days=number) for number in range(300)]
    file = tmp_path / "births.txt"
    file.write_text("\n".join(day.isoformat() for day in days) + "\n", encoding="utf-8")

    assert cli.run(["windows", "--births", str(file)]) == 0

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["birth_date"] for line in lines] == [day.isoformat() for day in days]


@pytest.mark.parametrize("words", [["nothing"], ["windows", "--nothing"], ["windows"], ["synth"], ["ingest"]])
def test_wrong_usage_is_one_japanese_line(words, capsys):
    assert cli.run(words) == 2

    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.strip()]
    assert JAPANESE.search(line)


def test_a_defect_says_where_and_never_what(capsys, monkeypatch):
    def break_down():
        msg = "CANARY"
        raise ValueError(msg)

    monkeypatch.setattr("workbench.schedule.load", break_down)

    assert cli.run(["windows", "--birth", "2020-01-01"]) == 3
    printed = capsys.readouterr()
    assert "ValueError" in printed.err
    assert "CANARY" not in printed.out + printed.err


def test_the_compiled_translation_is_that_of_its_source():
    with open(f"{LOCALE}.po", "rb") as source:  # noqa: PTH123
        messages = [message for message in read_po(source) if message.id]
    with open(f"{LOCALE}.mo", "rb") as compiled:  # noqa: PTH123
        shipped = gettext.GNUTranslations(compiled)

    assert len(messages) > 30
    for message in messages:
        if message.pluralizable:
            assert shipped.ngettext(*message.id, 2) == message.string[0]
        else:
            assert shipped.gettext(message.id) == message.string
