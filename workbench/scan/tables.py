"""Opens what holds columns or rows: Parquet, Arrow, DuckDB, SQLite. Yields texts as bytes and numbers as arrays.

A file inside another one is opened from memory: nothing of it is written to a disk.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

Part = bytes | np.ndarray
ROWS = 1 << 16
_ENGINE = {"temp_directory": "", "memory_limit": "1GB", "threads": 1, "autoinstall_known_extensions": "false"}
_SAFE = "SET enable_external_access = false; SET lock_configuration = true"
_TABLES = "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal"
_WORDS = (
    "SELECT sql || coalesce(comment, '') FROM duckdb_tables() WHERE NOT internal"
    " UNION ALL SELECT sql || coalesce(comment, '') FROM duckdb_views() WHERE NOT internal"
    " UNION ALL SELECT column_name || chr(10) || comment FROM duckdb_columns() WHERE comment IS NOT NULL"
)


def open_parquet(data: bytes, path: Path | None) -> Iterator[Part]:
    """Yield the columns of a Parquet file, batch by batch."""
    with pq.ParquetFile(pa.BufferReader(data) if path is None else path) as file:
        for batch in file.iter_batches(ROWS):
            yield from _columns(batch)


def open_arrow(data: bytes, path: Path | None) -> Iterator[Part]:
    """Yield the columns of an Arrow (Feather) file."""
    with pa.ipc.open_file(pa.BufferReader(data) if path is None else pa.OSFile(str(path))) as file:
        for number in range(file.num_record_batches):
            yield from _columns(file.get_batch(number))


def open_duckdb(data: bytes, path: Path | None) -> Iterator[Part]:
    """Yield the columns of every table of a database, and its schema; opened read-only, with nothing spilled."""
    with _as_file(data, path) as file, duckdb.connect(file, read_only=True, config=_ENGINE) as connection:
        connection.execute(_SAFE)
        yield "\n".join(row[0] or "" for row in connection.execute(_WORDS).fetchall()).encode()
        for schema, table in connection.execute(_TABLES).fetchall():
            rows = connection.sql(f"FROM {_quoted(schema)}.{_quoted(table)}").to_arrow_reader(ROWS)
            for batch in rows:
                yield from _columns(batch)


def open_sqlite(data: bytes) -> Iterator[Part]:
    """Yield the cells of every table of a SQLite database."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(data)
        connection.execute("PRAGMA query_only = true")
        connection.text_factory = bytes
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in names:
            rows = connection.execute(f"SELECT * FROM {_quoted(name.decode())}")
            while block := rows.fetchmany(ROWS):
                yield from _cells(cell for row in block for cell in row)


@contextmanager
def _as_file(data: bytes, path: Path | None) -> Iterator[str]:
    """Give the bytes a name to open them by; without a path of their own, one that exists in memory only."""
    if path is not None:
        yield str(path)
        return
    descriptor = os.memfd_create("workbench-scan")
    try:
        os.write(descriptor, data)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _columns(batch: pa.RecordBatch) -> Iterator[Part]:
    for column in batch.columns:
        yield from _column(column)


def _column(column: pa.Array) -> Iterator[Part]:
    """Yield a column: numbers as they are, the rest written out, each distinct value on a line of its own."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary, kind.value_type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        yield column.drop_null().to_numpy(zero_copy_only=False)
    elif pa.types.is_nested(kind):
        yield "\n".join(map(str, column.to_pylist())).encode("utf-8", "surrogatepass")
    elif pa.types.is_decimal(kind):
        yield "\n".join(map(str, column.unique().drop_null().to_pylist())).encode()
    elif _is_bytes(kind):
        yield b"\n".join(column.unique().drop_null().cast(pa.large_binary()).to_pylist())


def _is_bytes(kind: pa.DataType) -> bool:
    """Say whether cells are texts or bytes; days and truths are left out."""
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_binary_view)
    return any(
        test(kind) for test in (*tests, pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    )


def _cells(cells: Iterable[object]) -> Iterator[Part]:
    texts, numbers = [], []
    for cell in cells:
        if isinstance(cell, bytes):
            texts.append(cell)
        elif isinstance(cell, int | float):
            numbers.append(float(cell))  # exact up to 15 digits
    yield b"\n".join(texts)
    yield np.array(numbers, np.float64)
