"""The parameters of a report: what its notebook declares, and what a caller may give.

A notebook declares each parameter in the cell tagged `parameters`, one assignment a line, its type and meaning
in a comment that papermill reads as well: `as_of = "2026-11-01"  # type: date 基準日`. `district[*]` takes * for all,
`choice[a,b]` one and `choices[a,b]` some of the words named. Everything given is checked against this before a
kernel starts (promise P5); papermill alone would only warn and report for the default.
"""

import ast
import difflib
import io
import json
import re
import tokenize
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from workbench.errors import ParameterError, RunError
from workbench.lawdates import LAW_FROM, read_day

Value = str | int | bool

FIRST_DAY, LAST_DAY = LAW_FROM, date(2099, 12, 31)
ALL = "*"
UNCHANGED = "レポートは実行していません。"

_COMMENT = re.compile(r"#\s*type:\s*(?P<kind>\w+)(\[(?P<choices>\*|[\w,]+)\])?\s+(?P<meaning>\S.*)")
_CHOICE_KINDS = {"choice": "1つ", "choices": "1つ以上（コンマ区切り）"}
_FLAGS = {"true": True, "false": False, "はい": True, "いいえ": False}


@dataclass(frozen=True)
class Parameter:
    """One declared parameter; `choices` is empty unless its kind is choice or choices, or it takes * for all."""

    name: str
    kind: str
    default: Value
    meaning: str
    choices: tuple[str, ...] = ()

    @property
    def takes_all(self) -> bool:
        """Whether * is a value."""
        return self.choices == (ALL,)

    @property
    def form(self) -> str:
        """What may be given, in words."""
        return _kind(self).form + (f"、または {ALL}（すべて）" if self.takes_all else "")


@dataclass(frozen=True)
class Kind:
    """A type a parameter may have: how its text is read (None: not of that form), and the form in words."""

    form: str
    read: Callable[[str], Value | None]


def _read_date(text: str) -> str | None:
    day = read_day(text)
    return text if day and FIRST_DAY <= day <= LAST_DAY else None


def _reads_number(first: int, last: int) -> Callable[[str], int | None]:
    def read(text: str) -> int | None:
        within = re.fullmatch(r"\d{1,4}", text, re.ASCII) and first <= int(text) <= last
        return int(text) if within else None

    return read


def _reads_code(pattern: str) -> Callable[[str], str | None]:
    return lambda text: text if re.fullmatch(pattern, text, re.ASCII) else None


KINDS: dict[str, Kind] = {
    "date": Kind(f"YYYY-MM-DD の日付（{FIRST_DAY} から {LAST_DAY} まで）", _read_date),
    "date_or_none": Kind(
        f"YYYY-MM-DD の日付（{FIRST_DAY} から {LAST_DAY} まで）、または空", lambda text: text and _read_date(text)
    ),
    "days": Kind("1 から 366 までの日数", _reads_number(1, 366)),
    "rows": Kind("1 から 1000 までの行数", _reads_number(1, 1000)),
    "school_year": Kind("1900 から 2100 までの年度（西暦4桁）", _reads_number(1900, 2100)),
    "flag": Kind("true か false", _FLAGS.get),
    "slot": Kind("接種の枠の記号（MR2-1 など）", _reads_code(r"[A-Za-z0-9-]{1,20}")),
    "programme": Kind("定期接種の種類の記号", _reads_code(r"[A-Za-z0-9_-]{1,20}")),
    "district": Kind("地区コード", _reads_code(r"[A-Za-z0-9-]{1,20}")),
    "snapshot": Kind("スナップショットの名前（空なら最新）", _reads_code(r"[\w-]{0,80}")),
}


def parse_assignments(assignments: Sequence[str]) -> dict[str, str]:
    """Split `name=value` texts, as the command line takes them.

    Raises:
        ParameterError: one is not of that form, or a name comes twice.
    """
    given: dict[str, str] = {}
    for number, assignment in enumerate(assignments, 1):
        name, equals, value = assignment.partition("=")
        if not equals or not name.isidentifier():
            msg = f"{number}番目のパラメータは「名前=値」の形で指定してください（例: as_of=2026-11-01）。{UNCHANGED}"
            raise ParameterError(msg)
        if name in given:
            msg = f"パラメータ {name} が2回指定されています。1回だけ指定してください。{UNCHANGED}"
            raise ParameterError(msg)
        given[name] = value.strip()
    return given


def declared_parameters(notebook: Path) -> tuple[Parameter, ...]:
    """Read the parameters cell of a notebook, without running it.

    Raises:
        RunError: the notebook cannot be read, or a line of that cell is not `name = constant  # type: kind meaning`.
    """
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        tagged = [cell for cell in cells if "parameters" in cell.get("metadata", {}).get("tags", [])]
        source = "".join(tagged[0]["source"])
        return tuple(_parameter(statement, _comments(source)) for statement in ast.parse(source).body)
    except (OSError, ValueError, KeyError, IndexError, SyntaxError, tokenize.TokenError):
        msg = (
            f"ノートブック {notebook.name} の parameters セルを読めません。"
            f"「名前 = 値  # type: 型 説明」の行だけになっているか確認してください。{UNCHANGED}"
        )
    raise RunError(msg)


def read_values(declared: Sequence[Parameter], given: Mapping[str, str]) -> dict[str, Value]:
    """Return a value for every declared parameter: the one given, checked and typed, or the default.

    Raises:
        ParameterError: a name is not declared, a value is not of its type, or a range runs backwards.
    """
    known = [parameter.name for parameter in declared]
    for name in given:
        if name not in known:
            msg = (
                f"パラメータ {name} はありません。{suggest(name, known)}指定できるもの: {'、'.join(known)}。{UNCHANGED}"
            )
            raise ParameterError(msg)
    values = {p.name: _typed(p, given[p.name]) if p.name in given else p.default for p in declared}
    _check_ranges(values)
    return values


def suggest(name: str, known: Sequence[str]) -> str:
    """Return a sentence that offers the nearest known name, or nothing when none is near."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"{near[0]} のことですか。" if near else ""


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


def _parameter(statement: ast.stmt, comments: Mapping[int, str]) -> Parameter:
    """Read one line of the parameters cell; a ValueError says that it is not one."""
    comment = _COMMENT.fullmatch(comments.get(statement.lineno, ""))
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str() | int() as default)) if comment:
            choices = tuple((comment["choices"] or "").split(",")) if comment["choices"] else ()
            parameter = Parameter(name, comment["kind"], default, comment["meaning"].strip(), choices)
        case _:
            msg = "not a parameter"
            raise ValueError(msg)
    if parameter.kind not in (KINDS if parameter.takes_all or not choices else _CHOICE_KINDS):
        msg = "unknown type"
        raise ValueError(msg)
    if _read(parameter, str(default).lower() if isinstance(default, bool) else str(default)) is None:
        msg = "default is not of its type"
        raise ValueError(msg)
    return parameter


def _kind(parameter: Parameter) -> Kind:
    if parameter.kind not in _CHOICE_KINDS:
        return KINDS[parameter.kind]

    def read(text: str) -> str | None:
        chosen = text.split(",") if parameter.kind == "choices" else [text]
        return text if set(chosen) <= set(parameter.choices) and len(set(chosen)) == len(chosen) else None

    return Kind(f"{'、'.join(parameter.choices)} のうち{_CHOICE_KINDS[parameter.kind]}", read)


def _read(parameter: Parameter, text: str) -> Value | None:
    return ALL if parameter.takes_all and text == ALL else _kind(parameter).read(text)


def _typed(parameter: Parameter, text: str) -> Value:
    value = _read(parameter, text)
    if value is None:
        msg = (
            f"パラメータ {parameter.name}（{parameter.meaning}）の値が正しくありません。"
            f"{parameter.form}で指定してください。{UNCHANGED}"
        )
        raise ParameterError(msg)
    return value


def _check_ranges(values: Mapping[str, Value]) -> None:
    for name, first in values.items():
        other = f"last_{name.removeprefix('first_')}"
        last = values.get(other)
        if name.startswith("first_") and isinstance(first, int) and isinstance(last, int) and first > last:
            msg = f"パラメータ {name} が {other} より後です。順序を直してください。{UNCHANGED}"
            raise ParameterError(msg)
