"""A DuckDB file opened so that SQL reaches that file and nothing else: the analyst's sandbox.

External access off still leaves DuckDB its own file, to read or attach again, and `<file>.wal` beside it, which COPY
could write, so that nobody could open the snapshot any more. So the file system is shut behind the open file, and then
the configuration locked (decision 0028). What Python itself may open is a matter of accounts (docs/server.md).
"""

from contextlib import suppress
from pathlib import Path

import duckdb

READ_ONLY = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "temp_directory": "",
    # Queries join from the many rows to the few. DuckDB 2.0 guesses a range of days far too small, joins the other way
    # round, and needs thrice the memory (benchmarks/evaluation.py).
    "disabled_optimizers": "join_order",
}
SHUT = ("SET disabled_filesystems = 'LocalFileSystem'", "SET lock_configuration = true")


def open_shut(database: Path) -> duckdb.DuckDBPyConnection:
    """Open a file for reading, with the sandbox shut.

    Raises:
        duckdb.Error: it cannot be opened, or not be shut.
    """
    connection = duckdb.connect(str(database), read_only=True, config=READ_ONLY)
    for statement in SHUT:
        with suppress(duckdb.InvalidInputException):  # shut by whoever opened it in this process before
            connection.execute(statement)
    if not is_shut(connection, database):
        connection.close()
        msg = "the sandbox does not shut"
        raise duckdb.PermissionException(msg)
    return connection


def is_shut(connection: duckdb.DuckDBPyConnection, database: Path) -> bool:
    """Return whether a connection reaches no file: not even its own, the last that DuckDB would let it read."""
    is_locked = connection.execute("SELECT current_setting('lock_configuration')").fetchall() == [(True,)]
    try:
        connection.execute("SELECT size FROM read_blob($file)", {"file": str(database)})
    except duckdb.PermissionException:
        return is_locked
    return False
