"""The way out for errors of a room that holds identities: a kind, a place and our own words, never a value (P6).

An exception carries more than its message: arguments, notes, the exception it arose from, and a traceback whose frames
hold every local of every call; `%debug` walks them, rich prints them, a crash reporter sends them. What passes this
door is an exception made anew here, with none of that; the old one is emptied, in case somebody keeps it.

Our own errors keep class and message. A defect becomes `DefectError`, whose message names class and line only.
"""

import traceback
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from workbench.errors import DefectError, WorkbenchError

P, R = ParamSpec("P"), TypeVar("R")
OWN = Path(__file__).parent


def holds_identities(work: Callable[P, R]) -> Callable[P, R]:
    """Let no error leave `work` but through this door."""

    @wraps(work)
    def door(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return work(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - Ctrl-C has frames too
            leaving = _made_anew(error)
            _empty(error)
        raise leaving  # outside `except`, so it arose from nothing

    return door


def place_of(error: BaseException) -> str:
    """Name the kind of an error and the last line of ours on the way to it."""
    frames = [item for item in traceback.extract_tb(error.__traceback__) if Path(item.filename).is_relative_to(OWN)]
    if not frames:
        return f"{type(error).__name__}、場所は不明"
    return f"{type(error).__name__}、{Path(frames[-1].filename).relative_to(OWN)} の {frames[-1].lineno} 行"


def _made_anew(error: BaseException) -> BaseException:
    """Return what may leave in place of `error`."""
    if isinstance(error, WorkbenchError):
        return type(error)(str(error))
    if isinstance(error, Exception):
        return DefectError(f"プログラムの誤りで止まりました（{place_of(error)}）。公開済みのものは変わっていません。")
    return type(error)()  # Ctrl-C


def _empty(error: BaseException) -> None:
    """Take their words, causes and locals from an error and from all it arose from."""
    for old in list(_family(error)):
        traceback.clear_frames(old.__traceback__)  # frames that still run keep theirs: those outside the door
        old.__traceback__ = old.__cause__ = old.__context__ = None
        old.args = ()
        if hasattr(old, "__notes__"):
            del old.__notes__


def _family(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, what it arose from, and the members of groups, each once."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        old = waiting.pop()
        if old is None or id(old) in seen:
            continue
        seen.add(id(old))
        yield old
        waiting += [old.__cause__, old.__context__, *getattr(old, "exceptions", ())]
