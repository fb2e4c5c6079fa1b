"""The header of a query file: what it promises, read as data.

The form is that of the style guide: a title line `-- name: sentence.`, then the parts Params, Reads,
Returns, Nulls, Privacy and Why, each beginning in a line of its own and going on in indented ones.
`test_queries` compares every header with what its query does.
"""

import re
from dataclasses import dataclass
from pathlib import Path

TYPES = ("DATE", "INTEGER", "VARCHAR")  # what a parameter may be

_PARTS = ("Params", "Reads", "Returns", "Nulls", "Privacy", "Why")
_TITLE = re.compile(r"-- (?P<name>\w+): (?P<title>.+)")
_LINE = re.compile(r"-- (?P<part>\w+|) +(?P<words>.+)")
_PARAM = re.compile(r"\$(?P<name>\w+) (?P<type>[A-Z]+)  +(?P<meaning>.+)")


@dataclass(frozen=True)
class Query:
    """One question: its file, and what the header says of it."""

    name: str
    title: str
    params: dict[str, str]  # name -> SQL type
    reads: tuple[str, ...]  # tables of the snapshot, and other queries
    rows: str  # what one row is, and the order
    returns: dict[str, str]  # column -> SQL type
    notes: dict[str, str]  # Nulls, Privacy and Why as written
    text: str  # the SQL without its header


def read_query(file: Path) -> Query:
    """Read one .sql file.

    Raises:
        ValueError: the header lacks a part or says a parameter in another form; a fault of the program.
    """
    lines = file.read_text(encoding="utf-8").splitlines()
    header = [line for line in lines if line.startswith("--")][: _header_length(lines)]
    title = _TITLE.fullmatch(header[0]) if header else None
    parts = _split_parts(header[1:])
    if title is None or title["name"] != file.stem or tuple(parts) != _PARTS:
        msg = f"{file.name}: the header must give the name of the file, a title, and {', '.join(_PARTS)} in this order"
        raise ValueError(msg)
    rows, *columns = parts["Returns"]
    return Query(
        name=file.stem,
        title=title["title"],
        params=_read_params(file.name, parts["Params"]),
        reads=_split_list(parts["Reads"]),
        rows=rows,
        returns=dict(column.split(" ", 1) for column in _split_list(columns)),
        notes={part: " ".join(parts[part]) for part in ("Nulls", "Privacy", "Why")},
        text="\n".join(lines[len(header) :]).strip(),
    )


def _header_length(lines: list[str]) -> int:
    return next((number for number, line in enumerate(lines) if not line.startswith("--")), len(lines))


def _split_parts(header: list[str]) -> dict[str, list[str]]:
    parts: dict[str, list[str]] = {}
    for line in header:
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        if found["part"]:
            parts[found["part"]] = []
        if parts:
            parts[list(parts)[-1]].append(found["words"].strip())
    return parts


def _split_list(lines: list[str]) -> tuple[str, ...]:
    return tuple(item.strip() for item in " ".join(lines).split(",") if item.strip())


def _read_params(file: str, lines: list[str]) -> dict[str, str]:
    if lines == ["none"]:
        return {}
    found = [_PARAM.fullmatch(line) for line in lines]
    params = {match["name"]: match["type"] for match in found if match and match["type"] in TYPES}
    if len(params) != len(lines):
        msg = f"{file}: each parameter needs a line `$name TYPE  meaning` with one of the types {', '.join(TYPES)}"
        raise ValueError(msg)
    return params
