"""The words of an account: `texts.toml`, days in 和暦, spans of the law."""

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from workbench.lawdates import wareki_with_weekday
from workbench.schedule.expressions import span_parts


@cache
def texts() -> dict[str, Any]:
    """Return the content of `texts.toml`."""
    return tomllib.loads((files("workbench.explanation") / "texts.toml").read_text(encoding="utf-8"))


def say(room: str, name: str, /, **filled: object) -> str:
    """Return a sentence of `texts.toml`, filled in; days are written in 和暦 with the weekday."""
    words = {key: wareki_with_weekday(value) if isinstance(value, date) else value for key, value in filled.items()}
    return texts()[room][name].format(**words)


def span_words(text: str) -> str:
    """Write a span of the programme files as people say it: 27d is 27日以上."""
    number, unit, days = span_parts(text)
    if unit == "d":
        return say("dates", "days", number=number)
    return say("dates", "months_days", number=number, days=days) if days else say("dates", "months", number=number)


def read_day(text: str | None) -> date | None:
    """Return the day of an answer of the evaluation."""
    return date.fromisoformat(text) if text else None
