"""The words of an account: `texts.toml`, days in 和暦, spans of the law."""

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from workbench.schedule.expressions import span_parts


@cache
def texts() -> dict[str, Any]:
    """Return the content of `texts.toml`."""
    return tomllib.loads((files("workbench.explanation") / "texts.toml").read_text(encoding="utf-8"))


def say(room: str, name: str, /, **filled: object) -> str:
    """Return a sentence of `texts.toml`, filled in; days are written as `wareki` writes them."""
    words = {key: wareki(value) if isinstance(value, date) else value for key, value in filled.items()}
    return texts()[room][name].format(**words)


def wareki(day: date) -> str:
    """Write a day as people say it: 令和8年5月9日（土）; the first year is 元年."""
    weekday = texts()["weekdays"][day.weekday()]
    era = next((era for era in texts()["era"] if era["first"] <= day), None)
    if era is None:
        return f"西暦{day.year}年{day.month}月{day.day}日（{weekday}）"
    year = day.year - era["first"].year + 1
    return f"{era['name']}{'元' if year == 1 else year}年{day.month}月{day.day}日（{weekday}）"


def span_words(text: str) -> str:
    """Write a span of the programme files as people say it: 27d is 27日以上."""
    number, unit, days = span_parts(text)
    if unit == "d":
        return say("dates", "days", number=number)
    return say("dates", "months_days", number=number, days=days) if days else say("dates", "months", number=number)


def read_day(text: str | None) -> date | None:
    """Return the day of an answer of the evaluation."""
    return date.fromisoformat(text) if text else None
