"""Read the statute's data: `schedule.toml` and `programmes/*.toml`, checked, as one `Schedule`."""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from workbench.errors import ScheduleError
from workbench.schedule.checks import EDITION_FILE, check_programmes, refusal
from workbench.schedule.expand import Schedule
from workbench.schedule.model import Edition, Programme

PROGRAMME_FOLDER = "programmes"
_HASH_DIGITS = 8
_LINE = re.compile(r"line (\d+)")

_Model = TypeVar("_Model", bound=BaseModel)
_Raw = dict[str, Any]

_REASONS = {
    "missing": "項目がありません。書き足してください",
    "extra_forbidden": "使えない項目です。綴りを直すか、削除してください",
    "string_pattern_mismatch": "記号の形が違います（種類・列は英大文字と数字、枠は MR1-1 の形）。直してください",
    "too_short": "空です。1つ以上書いてください",
    "string_too_short": "空です。書いてください",
}
_WRONG_VALUE = (
    "値の種類が違います（日付は引用符なしの 2026-04-01、真偽は true・false、ほかは決まった語）。直してください"
)


def load(folder: Path | None = None) -> Schedule:
    """Return the schedule of `folder`, or the one that comes with the workbench (read once).

    Raises:
        ScheduleError: a file cannot be read or breaks the schema; the message names file, table, key and cure.
    """
    return _shipped() if folder is None else _load(folder)


@cache
def _shipped() -> Schedule:
    return _load(Path(__file__).parent)


def _load(folder: Path) -> Schedule:
    paths = sorted((folder / PROGRAMME_FOLDER).glob("*.toml"))
    if not paths:
        msg = (
            f"規則のフォルダー {folder} に {PROGRAMME_FOLDER}/*.toml がありません。フォルダーの指定を確かめてください。"
        )
        raise ScheduleError(msg)
    return build(_read(folder / EDITION_FILE), {path.name: _read(path) for path in paths})


def build(edition: _Raw, files: Mapping[str, _Raw]) -> Schedule:
    """Check parsed TOML (file name to content) and return the schedule it describes.

    Raises:
        ScheduleError: a file breaks the schema, or rows do not fit each other.
    """
    common = _validate(Edition, EDITION_FILE, edition)
    programmes = {name: _validate(Programme, name, raw) for name, raw in files.items()}
    check_programmes(programmes, common)
    return Schedule(
        rule_version=f"{common.version.isoformat()}+{_content_hash(edition, files)}",
        edition=common,
        programmes=tuple(sorted(programmes.values(), key=lambda row: row.display_order)),
    )


def _read(path: Path) -> _Raw:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        line = _LINE.search(str(error))
        where = f"{line[1]}行目" if line else "末尾"
        reason = "TOMLとして正しくありません。その付近を直してください"
    except (OSError, UnicodeDecodeError):
        where = "全体"
        reason = "読めません。ファイルがあり、UTF-8で書かれていることを確かめてください"
    raise refusal(path.name, where, "（書式）", reason)


def _content_hash(edition: _Raw, files: Mapping[str, _Raw]) -> str:
    """Return what names this content: comments and layout of the files do not count."""
    text = json.dumps([edition, files], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]


def _validate(model: type[_Model], file: str, raw: _Raw) -> _Model:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
    where, key = _place(fault["loc"])
    reason = _REASONS.get(fault["type"], _WRONG_VALUE)
    if fault["type"] == "value_error":  # what parse_day and parse_span say is already a cure
        reason = str(fault["ctx"]["error"])
    raise refusal(file, where, key, reason)


def _place(location: tuple[int | str, ...]) -> tuple[str, str]:
    """Return where a fault lies as an editor of the file sees it: table with its place in the file, and key."""
    if len(location) > 1 and isinstance(location[1], int):
        keys = [part for part in location[2:] if isinstance(part, str)]
        return f"[[{location[0]}]] {location[1] + 1}番目", ".".join(keys) or "（表全体）"
    return "先頭", ".".join(map(str, location))
