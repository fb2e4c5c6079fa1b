"""Layouts as data: which columns a vendor's files have, what each means and what becomes of it.

One layout is one `layouts/<name>.toml`, one code table one `codes/<name>.toml`; no other module knows a title, a
width or a code. An unknown key, fault code or code table is refused (promise P5).
"""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails

from workbench.errors import SourceError
from workbench.sources.faults import load_faults

LAYOUTS = Path(__file__).with_name("layouts")
CODES = Path(__file__).with_name("codes")

STRIPPED_TYPES = frozenset({"mynumber", "juminhyo_code"})
MAX_WIDTHS = {"digits": 18, "count": 4}  # what int64 and int16 hold
FEW_VALUED_TYPES = frozenset({"count", "decimal", "code", "date", "birth_date"})


def _known_fault(code: str) -> str:
    if code not in load_faults():
        msg = "faults.toml にない理由コード"
        raise ValueError(msg)
    return code


def _compilable(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error:
        msg = "正規表現として読めない"
        raise ValueError(msg) from None
    return pattern


Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
FaultCode = Annotated[str, BeforeValidator(_known_fault)]
Pattern = Annotated[str, BeforeValidator(_compilable)]


_Model = TypeVar("_Model", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CodeTable(_Strict):
    """What the codes of a column mean; `also` derives further fields from the same code."""

    title: Text
    values: dict[str, str]
    none: frozenset[str] = frozenset()  # codes that say "no value"
    also: dict[Name, dict[str, bool | str]] = {}

    @model_validator(mode="after")
    def _every_code_once(self) -> Self:
        if self.none & self.values.keys() or any(part.keys() != self.values.keys() for part in self.also.values()):
            msg = "すべてのコードを各表に1度ずつ書く"
            raise ValueError(msg)
        return self


class Column(_Strict):
    """One column of a file, known by its header title.

    Types: `digits` exactly `width` digits -> int64; `count` up to `width` digits -> int16; `decimal` -> float64;
    `code` by the table `codes` (or verbatim if it matches `pattern`) -> string; `date` -> date32; `birth_date` -> four
    fields; `text` -> string; `mynumber` and `juminhyo_code` are checked and never leave the room.
    """

    title: Text
    role: Literal["analytic", "identity", "strip", "ignore"]
    field: Name | None = None
    type: Literal["digits", "count", "decimal", "code", "date", "birth_date", "text", "mynumber", "juminhyo_code"] = (
        "text"
    )
    width: int | None = Field(default=None, ge=1)
    required: bool = False
    codes: Name | None = None
    pattern: Pattern | None = None
    on_unknown: FaultCode = "unknown_code"  # a fault that is only noted keeps the row, with the value `unknown`
    keep_unknown: Pattern | None = None  # a noted code of this form is kept as `unknown:CODE`, for a person to map
    on_missing: FaultCode | None = None  # for a column that is not required
    trim: bool = False  # drop spaces (also full-width) around the text
    few: bool | None = None  # few distinct values: each is read once per block; default by type

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        wrong = {
            "field": (self.field is None) != (self.role == "ignore"),
            "role": (self.role == "strip") != (self.type in STRIPPED_TYPES),
            "width": (self.width or 0) > MAX_WIDTHS.get(self.type, 0)
            or (self.width is None) == (self.type in MAX_WIDTHS),
            "trim": self.trim and self.type != "text",
            "few": bool(self.few) and self.role == "strip",
            "codes": (self.type == "code") != ((self.codes is None) != (self.pattern is None)),
            "keep_unknown": self.keep_unknown is not None and self.codes is None,
        }
        if any(wrong.values()):
            msg = "、".join(key for key, is_wrong in wrong.items() if is_wrong)
            raise ValueError(msg)
        return self

    @property
    def has_few_values(self) -> bool:
        """Whether the column is read value by value (each distinct one once) or row by row."""
        return self.type in FEW_VALUED_TYPES if self.few is None else self.few

    @property
    def missing_fault(self) -> str | None:
        """The fault of an empty cell, None where empty is all right."""
        return "missing_value" if self.required else self.on_missing


class TableLayout(_Strict):
    """One file of an extract: its columns (in any order in the file) and its periods (from, until)."""

    title: Text
    file: Text
    required: bool = True
    columns: Annotated[tuple[Column, ...], Field(min_length=2)]
    periods: tuple[tuple[Name, Name], ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        titles = [column.title for column in self.columns]
        fields = [column.field for column in self.columns if column.field]
        if len(set(titles)) < len(titles) or len(set(fields)) < len(fields):
            msg = "列の title か field が重なっている"
            raise ValueError(msg)
        days = {column.field for column in self.columns if column.type == "date"}
        if not {field for period in self.periods for field in period} <= days:
            msg = "periods の項目が日付の列にない"
            raise ValueError(msg)
        return self


class Layout(_Strict):
    """One vendor's way of writing an extract."""

    title: Text
    format: Literal["csv"] = "csv"
    tables: dict[Name, TableLayout]


def load_layout(name: str, folder: Path = LAYOUTS) -> Layout:
    """Read the layout `name`.

    Raises:
        SourceError: there is none of that name, or it breaks the model above (file and key are named).
    """
    known = sorted(path.stem for path in folder.glob("*.toml"))
    if name not in known:
        msg = f"レイアウトの指定が正しくありません。使えるのは {'、'.join(known)} です。何も変更していません。"
        raise SourceError(msg)
    layout = _read(folder / f"{name}.toml", Layout)
    for table in layout.tables.values():
        for column in table.columns:
            if column.codes:
                load_codes(column.codes)
    return layout


@cache
def load_codes(name: str, folder: Path = CODES) -> CodeTable:
    """Read the code table `name`.

    Raises:
        SourceError: there is none of that name, or it breaks the model above (file and key are named).
    """
    return _read(folder / f"{name}.toml", CodeTable)


def _read(path: Path, model: type[_Model]) -> _Model:
    try:
        return model.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        where = "全体（UTF-8のTOMLとして読めません）"
    except ValidationError as error:
        where = "、".join(sorted({_place(item) for item in error.errors()}))
    msg = (
        f"定義ファイル {path.name} の {where} が正しくありません。直してからやり直してください。何も変更していません。"
    )
    raise SourceError(msg)


def _place(error: ErrorDetails) -> str:
    """Write where a TOML file is wrong: tables.residents.columns[3].width (the first column is 1), and our reason."""
    parts = [f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in error["loc"]]
    reason = f"（{error['ctx']['error']}）" if error["type"] == "value_error" else ""
    return ("".join(parts).removeprefix(".") or "全体") + reason
