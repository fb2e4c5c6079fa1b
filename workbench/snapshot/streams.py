"""Rows on their way into DuckDB: the tables that take them, and the stream that is watched."""

from collections.abc import Callable, Iterator

import pyarrow as pa

from workbench.records import TABLES

Progress = Callable[[int], None]


def create_statement(table: str) -> str:
    """Return the statement that creates a table of `records`."""
    types = {pa.date32(): "DATE", pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.int32(): "INTEGER"}
    types |= {pa.int16(): "SMALLINT", pa.bool_(): "BOOLEAN", pa.float64(): "DOUBLE"}
    columns = (f"{c.name} {types[c.type]}{'' if c.nullable else ' NOT NULL'}" for c in TABLES[table].columns)
    return f'CREATE TABLE "{table}" ({", ".join(columns)})'


def comment_statements(table: str) -> Iterator[str]:
    """Yield the statements that say to an analyst what a table and its columns are."""
    spec = TABLES[table]
    yield f"COMMENT ON TABLE \"{table}\" IS '{spec.comment}'"
    for column in spec.columns:
        yield f"COMMENT ON COLUMN \"{table}\".{column.name} IS '{column.comment}'"


def watched(
    first: pa.RecordBatch, rest: Iterator[pa.RecordBatch], errors: list[BaseException]
) -> Iterator[pa.RecordBatch]:
    """Yield all batches, and note the error that ends them: DuckDB would wrap it into one of its own."""
    yield first
    try:
        yield from rest
    except BaseException as error:
        errors.append(error)
        raise


def counted(batches: Iterator[pa.RecordBatch], progress: Progress | None) -> Iterator[pa.RecordBatch]:
    """Yield the batches, and tell `progress` the rows of each."""
    for batch in batches:
        yield batch
        if progress:
            progress(batch.num_rows)
