"""The words of letters: TOML read, checked and filled in. No name ever passes through here.

One file a programme and one for what all share (`templates/wording/`), so a further programme is a
further file. A slot without words is an error, not a letter with a hole in it.
"""

import tomllib
from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from workbench import lawdates
from workbench.errors import LetterError
from workbench.settings import Office, Text

SHARED_FILE = "shared.toml"
REIWA_BEGAN = lawdates.ERAS[0][1]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Section(_Strict):
    """One labelled paragraph, or several, of the letter's body."""

    title: Text
    text: list[Text]


class SharedWords(_Strict):
    """What every letter of an A類 programme says; B類 words, which must not urge, would be another class."""

    category: Literal["A"]
    written_on: date
    source: Text
    subtitle: Text
    greeting: Text
    opening_guardian: Text
    opening_self: Text
    person: Text
    vaccine: Text
    deadline: Text
    deadline_after: Text
    crossed: Text
    contact_title: Text
    privacy: Text
    moved_in: Text
    sections: list[Section]


class SlotWords(_Strict):
    """Title of the letter and name of the dose."""

    title: Text
    label: Text


class ProgrammeWords(_Strict):
    """One programme's file."""

    programme: Text
    category: Literal["A"]
    written_on: date
    source: Text
    disease: Text
    slots: dict[str, SlotWords]


def letter_day(day: date) -> str:
    """Write a day of a letter: 令和9年3月31日.

    Raises:
        LetterError: the day is before Reiwa, which no letter speaks of.
    """
    if day < REIWA_BEGAN:
        msg = "令和より前の日付は通知に書けません。一覧の期限を確認してください。何も作成していません。"
        raise LetterError(msg)
    return lawdates.wareki(day)


def letter_day_with_weekday(day: date) -> str:
    """Write a day with its weekday: 令和9年3月31日（水）; as `letter_day`."""
    return f"{letter_day(day)}（{lawdates.WEEKDAYS[day.weekday()]}）"


@cache
def programmes() -> dict[str, ProgrammeWords]:
    """Return the words of every slot, by slot id."""
    folder = files("workbench.outputs") / "templates" / "wording"
    found = [
        ProgrammeWords.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".toml") and file.name != SHARED_FILE
    ]
    return {slot: words for words in found for slot in words.slots}


@cache
def shared_words() -> SharedWords:
    """Return the words all letters share."""
    file = files("workbench.outputs") / "templates" / "wording" / SHARED_FILE
    return SharedWords.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))


def slot_label(slot: str) -> str:
    """Return the name of the dose as letters and lists print it.

    Raises:
        LetterError: no programme file has words for the slot.
    """
    return _words_of(slot).slots[slot].label


def letter_words(slots: Iterable[str], *, office: Office, as_of: date) -> dict[str, object]:
    """Return every sentence the letters of these slots need, filled in, ready to be written as JSON.

    Raises:
        LetterError: no programme file has words for a slot.
    """
    shared = shared_words()
    speaks_for = letter_day(as_of)
    opening = {
        "guardian": shared.opening_guardian.format(as_of=speaks_for),
        "self": shared.opening_self.format(as_of=speaks_for),
    }
    greeting = shared.greeting.format(city=office.city)
    plain = ("subtitle", "person", "vaccine", "deadline", "deadline_after", "crossed", "contact_title", "privacy")
    return {
        **{name: getattr(shared, name) for name in (*plain, "moved_in")},
        "greeting": greeting,
        "opening": opening,
        "as_of": speaks_for,
        "slots": {slot: _slot_words(slot) for slot in sorted(set(slots))},
    }


def _slot_words(slot: str) -> dict[str, object]:
    words = _words_of(slot)
    sections = [
        {"title": section.title, "text": [line.format(disease=words.disease) for line in section.text]}
        for section in shared_words().sections
    ]
    return {"title": words.slots[slot].title, "label": words.slots[slot].label, "sections": sections}


def _words_of(slot: str) -> ProgrammeWords:
    if slot not in programmes():
        msg = (
            "一覧に、通知の文面がない接種の枠があります。"
            "workbench/outputs/templates/wording/ に文面を追加してください。何も作成していません。"
        )
        raise LetterError(msg)
    return programmes()[slot]
