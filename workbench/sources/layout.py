"""Layouts as data: which columns a vendor's files have, what each means and what becomes of it.

One layout is one `layouts/<name>.toml`, one code table one `codes/<name>.toml`; no other module knows a title, a
width or a code. An unknown key, fault code or code table is refused (promise P5).
"""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import pyarrow as pa
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails

from workbench import mynumber
from workbench.errors import SourceError, shown_key
from workbench.sources.contract import CONTRACT
from workbench.sources.faults import load_faults

LAYOUTS = Path(__file__).with_name("layouts")
CODES = Path(__file__).with_name("codes")

_SEARCH = {"role": "search", "optional": True}
STRIPPED_TYPES = frozenset({"mynumber", "juminhyo_code"})
MAX_WIDTHS = {"digits": 18, "count": 4}  # what int64 and int16 hold
_NAMES_PERSON = ("氏名", "カナ", "住所", "方書", "電話", "世帯", "宛名")  # in a title: never analytic
KINDS = {"digits": pa.int64(), "count": pa.int16(), "decimal": pa.float64(), "code": pa.string(), "text": pa.string()}
KINDS |= dict.fromkeys(("date", "birth_date"), pa.date32())
DATE_TYPES = frozenset({"date", "birth_date"})
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
    fields; `text` -> string; `mynumber` and `juminhyo_code` are checked and never leave the room. A column of role
    `search` is looked through for My Numbers and dropped; one whose title says My Number must be of role `strip`.
    """

    title: Text
    role: Literal["analytic", "identity", "strip", "search"]
    field: Name | None = None
    type: Literal["digits", "count", "decimal", "code", "date", "birth_date", "text", "mynumber", "juminhyo_code"] = (
        "text"
    )
    width: int | None = Field(default=None, ge=1)
    required: bool = False
    optional: bool = False  # the file may lack the column
    codes: Name | CodeTable | None = None  # the name of a table in codes/, or the table itself
    pattern: Pattern | None = None
    on_unknown: FaultCode = "unknown_code"  # a fault that is only noted keeps the row, with the value `unknown`
    keep_unknown: Pattern | None = None  # a noted code of this form is kept as `unknown:CODE`, for a person to map
    on_missing: FaultCode | None = None  # for a column that is not required
    trim: bool = False  # drop spaces (also full-width) around the text
    bytes: int | None = Field(default=None, ge=1)  # width in a fixed-length record, in bytes of the file's encoding
    few: bool | None = None  # few distinct values: each is read once per block; default by type

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        wrong = {
            "field": (self.field is None) != (self.role == "search"),
            "role": (self.role == "strip") != (self.type in STRIPPED_TYPES),
            "width": (self.width or 0) > MAX_WIDTHS.get(self.type, 0)
            or (self.width is None) == (self.type in MAX_WIDTHS),
            "title": self._is_misnamed(),
            "type": (self.role, self.type) == ("analytic", "digits") or (self.role == "search" and self.type != "text"),
            "trim": self.trim and self.type != "text",
            "few": bool(self.few) and self.role == "strip",
            "codes": (self.type == "code") != ((self.codes is None) != (self.pattern is None)),
            "keep_unknown": self.keep_unknown is not None and self.codes is None,
        }
        if any(wrong.values()):
            msg = "、".join(key for key, is_wrong in wrong.items() if is_wrong)
            raise ValueError(msg)
        return self

    def _is_misnamed(self) -> bool:
        """Say whether the title promises what the role does not keep: a My Number, or who a person is."""
        if mynumber.is_named(self.title) and self.type not in DATE_TYPES:
            return self.role != "strip"
        return self.role == "analytic" and any(word in self.title for word in _NAMES_PERSON)

    @property
    def code_table(self) -> CodeTable:
        """What the codes of this column mean."""
        return self.codes if isinstance(self.codes, CodeTable) else load_codes(self.codes)

    @property
    def has_few_values(self) -> bool:
        """Whether the column is read value by value (each distinct one once) or row by row."""
        return self.type in FEW_VALUED_TYPES if self.few is None else self.few

    @property
    def missing_fault(self) -> str | None:
        """The fault of an empty cell, None where empty is all right."""
        return "missing_value" if self.required else self.on_missing


class TableLayout(_Strict):
    """One file of an extract: its columns (in any order in a CSV file) and its periods (from, until).

    `fixed` says that records are of fixed length, without a header row, in this encoding; columns then stand in order.
    `holds` names the table of the house that it feeds (its own name where nothing is said), `constants` fields that are
    the same in every row. `part` marks one of several passes through the same file; rows in which every column of
    `only_where` is empty are no records of that pass.
    """

    title: Text
    file: Text
    required: bool = True
    fixed: Literal["utf-8", "cp932"] | None = None
    columns: Annotated[tuple[Column, ...], Field(min_length=2)]
    periods: tuple[tuple[Name, Name], ...] = ()
    holds: Name | None = None
    constants: dict[Name, str | int] = {}
    part: Text | None = None
    only_where: tuple[Text, ...] = ()

    @property
    def provided(self) -> set[str]:
        """The fields that rows of this table have: of columns, of what their codes say besides, and constants."""
        fields = set(self.constants)
        for column in self.columns:
            fields |= {column.field or column.title}
            if column.type == "birth_date":
                stem = column.field.removesuffix("_date")
                fields |= {f"{column.field}_precision", f"{stem}_earliest", f"{stem}_latest"}
            elif column.codes:
                fields |= set(column.code_table.also)
        return fields

    @property
    def mismatches(self) -> list[str]:
        """What the house does not get of this table, or gets as another kind, or does not know (empty: it fits)."""
        if self.holds is None:
            return []
        fields = CONTRACT[self.holds].fields
        kept = {column.field: column for column in self.columns if column.role in {"analytic", "identity"}}
        lacking = [name for name in CONTRACT[self.holds].must if name not in self.provided]
        unlike = [name for name, column in kept.items() if name in fields and KINDS[column.type] != fields[name]]
        unknown = [name for name in (*kept, *self.constants) if name not in fields]
        strange = [name for name, known in CONTRACT[self.holds].words.items() if not self._values(name) <= known]
        found = {"必ず要る項目がありません": lacking, "項目の型が違います": unlike, "知らない項目です": unknown}
        found |= {"知らない値があります": strange}
        return [f"{text}（{'、'.join(names)}）" for text, names in found.items() if names]

    def _values(self, name: str) -> set[str | int]:
        """Return what a field can say: its constant, or what its codes mean."""
        coded = (set(column.code_table.values.values()) for column in self.columns if column.field == name)
        return {self.constants[name]} if name in self.constants else set().union(*coded)

    @model_validator(mode="after")
    def _bytes_are_those_of_fixed_records(self) -> Self:
        if any((column.bytes is None) != (self.fixed is None) for column in self.columns):
            msg = "bytes は固定長（fixed）の表のすべての列に書き、ほかの表には書かない"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        titles = [column.title for column in self.columns]
        fields = [column.field for column in self.columns if column.field]
        if len(set(titles)) < len(titles) or len(set(fields)) < len(fields):
            msg = "列の title か field が重なっている"
            raise ValueError(msg)
        if self.holds is not None and self.holds not in CONTRACT:
            msg = f"holds に使えるのは {'、'.join(CONTRACT)}"
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

    @model_validator(mode="before")
    @classmethod
    def _write_out(cls, raw: object) -> object:
        """Make a table of every part of a repeated block, and say of every table what it holds."""
        if not (isinstance(raw, dict) and isinstance(raw.get("tables"), dict)):
            return raw
        tables: dict[str, object] = {}
        for name, table in raw["tables"].items():
            tables |= _parts(name, table) if isinstance(table, dict) else {name: table}
        return raw | {"tables": tables}


class _Repeat(_Strict):
    """A block of columns that stands in every row once for each of `parts`, which their titles begin with."""

    number: Name | None = None  # a field that becomes 1, 2, … by part
    parts: tuple[Text, ...]
    columns: tuple[dict[str, Any], ...]


def _parts(name: str, table: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the table, or one for each part of its repeated block; what is not well formed is left to the model."""
    whole = {"holds": name} | table
    if "repeat" not in table:
        return {name: whole}
    repeat = _Repeat.model_validate(whole.pop("repeat"))
    found = {}
    for place, part in enumerate(repeat.parts, 1):
        columns = list(table.get("columns", ()))
        for other in repeat.parts:
            own = [column | {"title": f"{other}{column['title']}", "optional": True} for column in repeat.columns]
            columns += own if other == part else [{**_SEARCH, "title": column["title"]} for column in own]
        numbered = {repeat.number: place} if repeat.number else {}
        found[f"{name}_{place}"] = whole | {
            "columns": columns,
            "part": part,
            "only_where": [f"{part}{column['title']}" for column in repeat.columns],
            "constants": whole.get("constants", {}) | numbered,
        }
    return found


def load_layout(name: str, folder: Path = LAYOUTS) -> Layout:
    """Read the layout `name`.

    Raises:
        SourceError: there is none of that name, or it breaks the model above (file and key are named).
    """
    known = sorted(path.stem for path in folder.glob("*.toml"))
    if name not in known:
        msg = f"レイアウトの指定が正しくありません。使えるのは {'、'.join(known)} です。何も変更していません。"
        raise SourceError(msg)
    return _load_shipped(name) if folder == LAYOUTS else read_layout(folder / f"{name}.toml")


def read_layout(path: Path) -> Layout:
    """Read the layout in the file `path`.

    Raises:
        SourceError: it cannot be read, or breaks the model above (file and key are named).
    """
    layout = _read(path, Layout)
    for table in layout.tables.values():
        for column in table.columns:
            if isinstance(column.codes, str):
                load_codes(column.codes)
    return layout


@cache
def _load_shipped(name: str) -> Layout:
    return read_layout(LAYOUTS / f"{name}.toml")


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
    parts = [f"[{part + 1}]" if isinstance(part, int) else f".{shown_key(part)}" for part in error["loc"]]
    reason = f"（{error['ctx']['error']}）" if error["type"] == "value_error" else ""
    return ("".join(parts).removeprefix(".") or "全体") + reason
