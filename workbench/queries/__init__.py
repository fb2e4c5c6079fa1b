"""Questions to a snapshot: one .sql file each, found, bound and run by name.

A query may read another one as if it were a table; it is then put in front as a common table expression.
Reads no file but its own, no clock, no settings. The answers are pseudonymous or counted, as each header says.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from functools import cache
from numbers import Integral
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from workbench.errors import QueryError
from workbench.lawdates import read_day
from workbench.queries.header import Query, read_query

__all__ = ["Query", "describe", "names", "query_sql", "run_query"]

_FOLDER = Path(__file__).parent
_WITH = re.compile(r"WITH\s+")
_CURES = {"OutOfMemoryException": "メモリが足りません。生まれ年度や種類を絞るか、ほかのプログラムを閉じてください"}


def names() -> list[str]:
    """Return the name of every query, sorted."""
    return sorted(file.stem for file in _FOLDER.glob("*.sql"))


def describe(name: str) -> Query:
    """Return what the query of this name promises, and its text.

    Raises:
        QueryError: there is no such query.
    """
    known = names()
    if name not in known:
        msg = f"集計「{name}」はありません。使える集計は {', '.join(known)} です。何も実行していません。"
        raise QueryError(msg)
    return _read(name)


def query_sql(name: str) -> str:
    """Return the whole text of a query, those it reads in front; parameters stand as $name.

    Raises:
        QueryError: there is no such query.
    """
    query = describe(name)
    read_before = list(inner_queries(query))
    readers = Counter(name for one in (*read_before, query) for name in one.reads)
    before = [
        f"{inner.name} AS {'MATERIALIZED ' if readers[inner.name] > 1 else ''}(\n{inner.text}\n)"
        for inner in read_before
    ]
    if not before:
        return query.text
    main = _WITH.sub("", query.text, count=1) if _WITH.match(query.text) else None
    own = f",\n\n{main}" if main else f"\n\n{query.text}"
    return "WITH\n" + ",\n\n".join(before) + own


def run_query(connection: duckdb.DuckDBPyConnection, name: str, **params: object) -> pd.DataFrame:
    """Ask a snapshot one question.

    Args:
        params: exactly the parameters of the query's header; a DATE as `date` or ISO text.

    Returns:
        The rows and columns that the header describes.

    Raises:
        QueryError: no such query, a parameter missing, unknown or of another type, or a snapshot
            that cannot answer it.
    """
    query = describe(name)
    bound = _bind(query, params)
    try:
        return connection.execute(query_sql(name), bound or None).df()
    except duckdb.Error as error:
        kind = type(error).__name__
    cure = _CURES.get(kind, "スナップショットを開き直すか、取り込みからやり直してください")
    msg = f"集計「{name}」を実行できませんでした（{kind}）。{cure}。何も変更していません。"
    raise QueryError(msg)


@cache
def _read(name: str) -> Query:
    return read_query(_FOLDER / f"{name}.sql")


def inner_queries(query: Query) -> Iterator[Query]:
    """Yield the queries that `query` reads, each once, every one after those it reads itself."""
    seen: set[str] = set()

    def walk(reads: Iterable[str]) -> Iterator[Query]:
        for name in reads:
            if name in seen or name not in names():
                continue
            seen.add(name)
            inner = _read(name)
            yield from walk(inner.reads)
            yield inner

    yield from walk(query.reads)


def _bind(query: Query, given: dict[str, object]) -> dict[str, object]:
    missing, unknown = sorted(query.params.keys() - given.keys()), sorted(given.keys() - query.params.keys())
    if missing or unknown:
        needed = "、".join(f"{name}（{_TYPES[kind][0]}）" for name, kind in query.params.items()) or "なし"
        faults = [f"足りない指定: {', '.join(missing)}"] * bool(missing)
        faults += [f"知らない指定: {', '.join(unknown)}"] * bool(unknown)
        msg = f"集計「{query.name}」を実行できません。{'。'.join(faults)}。必要な指定: {needed}。"
        raise QueryError(msg)
    return {name: _convert(query, name, given[name]) for name in query.params}


def _convert(query: Query, name: str, value: object) -> object:
    title, convert = _TYPES[query.params[name]]
    try:
        return convert(value)
    except (TypeError, ValueError):
        pass
    msg = f"集計「{query.name}」の指定 {name} は{title}で渡してください。何も実行していません。"
    raise QueryError(msg)


def _to_date(value: Any) -> date:  # noqa: ANN401  # whatever a notebook passes
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and (day := read_day(value)):
        return day
    raise TypeError


def _to_integer(value: Any) -> int:  # noqa: ANN401
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    raise TypeError


def _to_text(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, str):
        return value
    raise TypeError


_TYPES: dict[str, tuple[str, Callable[[Any], object]]] = {
    "DATE": ("日付（例 2026-11-01）", _to_date),
    "INTEGER": ("整数", _to_integer),
    "VARCHAR": ("文字列", _to_text),
}
