"""What an examination says: where, how bad, what, and how to mend it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from workbench.settings import Home

GOOD, WARNING, BAD = "良", "注意", "不可"

Found = Iterator[tuple[str, str, str]]  # level, what is wrong, what to do
Check = tuple[str, Callable[[Home], Found]]


@dataclass(frozen=True)
class Finding:
    """One line of the examination; `cure` is empty where nothing is wrong."""

    title: str
    level: str
    text: str
    cure: str
