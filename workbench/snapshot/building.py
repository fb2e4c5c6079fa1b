"""Building one snapshot: tables filled under the building name, checked, digested, synced and renamed.

The tables come from `records`; only `Pseudonymous` rows and the expanded rules go in.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

from workbench.errors import SnapshotError
from workbench.records import FORMAT_VERSION, TABLES, Pseudonymous
from workbench.settings import Home, make_folder
from workbench.snapshot.files import (
    BUILDING,
    DATABASE,
    MANIFEST,
    READERS,
    SnapshotRef,
    digest_of,
    file_sha256,
    manifest_bytes,
    sync,
)
from workbench.snapshot.streams import Progress, comment_statements, counted, create_statement, watched

ROWS_PER_PASS = 10_000_000  # duplicates are looked for in slices of about so many rows, so that memory stays flat
ALIKE = frozenset({"person_id", "vaccine", "given_on", "from_on"})  # few rows that differ agree in all of these
RULE_TABLES = (
    *("programme", "slot", "series", "series_slot", "series_vaccine", "series_days"),
    *("judging_slot", "variant", "skip", "waive"),
    *("slot_interval", "interval", "window", "special_window", "possible_birth", "vaccine", "product", "between"),
    *("cohort", "choice_group", "choice", "choice_series"),
)
ORIGIN_TABLES = ("quality", "about")
DERIVED_TABLES = ("person_cohort", "own_window", "judged")  # computed from the others; `judged` names rows of `dose`

_FAILURES = {
    duckdb.OutOfMemoryException: "メモリーか一時領域が足りません",
    duckdb.ConstraintException: "必須の項目が空の行があります",
    duckdb.IOException: "ファイルに書けません（空き容量を確認してください）",
    duckdb.TransactionException: "ファイルに書けません（空き容量を確認してください）",
}


class SnapshotBuilder:
    """Builds one snapshot; a `with` block that ends in an error leaves nothing behind."""

    def __init__(self, home: Home, snapshot_id: str, *, memory_limit: str = "1200MB") -> None:
        """Create the empty tables under the building name.

        `memory_limit` bounds DuckDB alone; what does not fit goes to a folder inside the building folder, and is
        pseudonymous like the rest of it.
        """
        self.id = snapshot_id
        self._target = home.snapshots / snapshot_id
        self.folder = make_folder(home.snapshots / f"{snapshot_id}{BUILDING}")
        config = {"temp_directory": str(self.folder / "spill"), "memory_limit": memory_limit}
        self._connection = duckdb.connect(
            str(self.folder / DATABASE), config=config | {"preserve_insertion_order": "false"}
        )
        self._connection.execute("SET enable_progress_bar = false")  # it would draw over the program's own
        for spec in TABLES.values():
            self._connection.execute(create_statement(spec.name))
            for statement in comment_statements(spec.name):
                self._connection.execute(statement)

    def __enter__(self) -> Self:
        """Build inside this block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; remove what was built unless `finish` renamed it."""
        self._connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def load(self, rows: Pseudonymous, progress: Progress | None = None) -> int:
        """Insert rows that have passed the wall; return how many."""
        return self._insert(rows.table, counted(iter(rows), progress))

    def load_rules(self, name: str, rows: pa.Table) -> int:
        """Insert an expanded rule table, or the tables on the snapshot's origin; they hold no person."""
        if name not in RULE_TABLES + ORIGIN_TABLES:
            msg = f"表 {name} は規則の表ではありません。"
            raise SnapshotError(msg)
        return self._insert(name, iter(rows.select(TABLES[name].schema.names).to_batches()))

    def drop_duplicates(self, table: str) -> int:
        """Delete rows that equal another row in every column, all but one; return how many went.

        Rows alike in the columns of ALIKE are looked for first, since hashing text costs most of the time.
        """
        columns = ", ".join(TABLES[table].schema.names)
        alike = ", ".join(name for name in TABLES[table].schema.names if name in ALIKE) or columns
        first = alike.split(", ")[0]  # rows that are equal fall into one pass
        run = self._connection.execute
        run("CREATE OR REPLACE TEMP TABLE suspect (h UBIGINT)")
        passes = 1 + self.row_count(table) // ROWS_PER_PASS
        for part in range(passes):
            run(  # literals, not parameters: a hash % $n would be computed as HUGEINT, thirty times as slowly
                f'INSERT INTO suspect SELECT hash({alike}) AS h FROM "{table}" '
                f"WHERE hash({first}) % {passes} = {part} GROUP BY h HAVING count(*) > 1"
            )
        run(
            f"CREATE OR REPLACE TEMP TABLE candidate AS SELECT rowid AS row_no, {columns} "
            f'FROM "{table}" WHERE hash({alike}) IN (SELECT h FROM suspect)'
        )
        run(
            "CREATE OR REPLACE TEMP TABLE extra AS SELECT row_no FROM ("
            f"SELECT row_no, row_number() OVER (PARTITION BY {columns} ORDER BY row_no) AS nth FROM candidate"
            ") WHERE nth > 1"
        )
        deleted = run(f'DELETE FROM "{table}" WHERE rowid IN (SELECT row_no FROM extra)').fetchone()
        run("DROP TABLE suspect; DROP TABLE candidate; DROP TABLE extra")
        return int(deleted[0]) if deleted else 0

    def distinct_days(self, table: str, column: str) -> list[Any]:
        """Return the distinct dates of a column, ascending: what the rules must be expanded for."""
        rows = self._connection.execute(
            f'SELECT DISTINCT {column} FROM "{table}" WHERE {column} IS NOT NULL ORDER BY ALL'
        ).fetchall()
        return [row[0] for row in rows]

    def birth_spans(self) -> list[tuple[Any, ...]]:
        """Return the distinct bounds of unknown births that have both, ascending."""
        return self._connection.execute(
            "SELECT DISTINCT birth_earliest, birth_latest FROM person WHERE birth_date IS NULL "
            "AND birth_earliest IS NOT NULL AND birth_latest IS NOT NULL ORDER BY ALL"
        ).fetchall()

    def special_reasons(self) -> list[tuple[Any, ...]]:
        """Return the distinct birth date, kind, vaccine and day of the special reasons that have a day."""
        return self._connection.execute(
            "SELECT DISTINCT p.birth_date, s.kind, s.vaccine, s.reason_end_on FROM special AS s "
            "INNER JOIN person AS p ON s.person_id = p.person_id WHERE s.reason_end_on IS NOT NULL ORDER BY ALL"
        ).fetchall()

    def derive(self, work: Callable[[duckdb.DuckDBPyConnection], int]) -> int:
        """Let `work` fill tables from those that are loaded; return what it returns.

        Raises:
            SnapshotError: DuckDB could not; its own words are dropped.
        """
        self._connection.execute("CHECKPOINT")  # rows deleted before are gone, so that row numbers stay as they are
        failure = None
        try:
            return work(self._connection)
        except duckdb.Error as error:
            failure = _FAILURES.get(type(error), "データベースに書けません")
        msg = f"接種の評価をスナップショットに書き込めませんでした: {failure}。公開済みのものは変わっていません。"
        raise SnapshotError(msg)

    def row_count(self, table: str) -> int:
        """Return how many rows a table holds now."""
        return int(self._connection.execute(f'SELECT count(*) FROM "{table}"').fetchall()[0][0])

    def copy_renamed(self, source: Path, renamed: Mapping[str, pa.Table]) -> None:
        """Copy every loaded table of another snapshot, ids changed: `renamed` gives (old, new) for each column of ids.

        Raises:
            SnapshotError: an id has no new one.
        """
        run = self._connection.execute
        quoted = str(source).replace("'", "''")
        run(f"ATTACH '{quoted}' AS source (READ_ONLY)")
        for column, pairs in renamed.items():
            self._connection.register("pairs", pairs)
            run(f"CREATE OR REPLACE TEMP TABLE new_{column} AS SELECT old, new FROM pairs")
            self._connection.unregister("pairs")
        for name in TABLES:
            if name not in DERIVED_TABLES and not self._copy_table(name, renamed):
                msg = f"表 {name} に、新しい仮名のない行があります。何も変更していません。"
                raise SnapshotError(msg)
        run("UPDATE about SET snapshot_id = $id", {"id": self.id})
        run("DETACH source")

    def _copy_table(self, name: str, renamed: Mapping[str, pa.Table]) -> bool:
        """Copy one table of `source`; return whether every id in it had a new one."""
        columns = TABLES[name].schema.names
        hit = [column for column in columns if column in renamed]
        picked = ", ".join(f"new_{column}.new" if column in hit else f"s.{column}" for column in columns)
        joins = " ".join(f"LEFT JOIN new_{column} ON s.{column} = new_{column}.old" for column in hit)
        counted = "SELECT " + ", ".join(["count(*)", *(f"count({column})" for column in hit)])
        run = self._connection.execute
        with suppress(duckdb.ConstraintException):  # a missing one, where none may be
            run(f'INSERT INTO "{name}" SELECT {picked} FROM source."{name}" AS s {joins}')
            return run(f'{counted} FROM "{name}"').fetchall() == run(f'{counted} FROM source."{name}"').fetchall()
        return False

    def finish(self, facts: dict[str, Any]) -> SnapshotRef:
        """Check, digest, sync and rename; the snapshot is then complete, but not yet CURRENT.

        `facts` (JSON values) go into the manifest beside rows, content digests and the file's SHA-256.
        """
        tables = {name: self._describe(name) for name in TABLES}
        loaded = {name: tables[name] for name in TABLES if name not in ORIGIN_TABLES + DERIVED_TABLES}
        self._connection.execute("CHECKPOINT")
        self._connection.close()
        shutil.rmtree(self.folder / "spill", ignore_errors=True)
        database = self.folder / DATABASE
        database.chmod(0o440)
        manifest = facts | {
            "id": self.id,
            "format_version": FORMAT_VERSION,
            "content_digest": digest_of(loaded),
            "tables": tables,
            "database_bytes": database.stat().st_size,
            "database_sha256": file_sha256(database),
        }
        manifest["manifest_sha256"] = digest_of(manifest)
        path = self.folder / MANIFEST
        path.write_bytes(manifest_bytes(manifest))
        path.chmod(READERS)
        self.folder.chmod(0o750)
        for file in (database, path, self.folder):
            sync(file)
        self.folder.rename(self._target)
        sync(self._target.parent)
        return SnapshotRef(self.id, self._target, manifest)

    def _insert(self, table: str, batches: Iterator[pa.RecordBatch]) -> int:
        """Stream batches into a table; DuckDB's own words are dropped, since they could quote a value."""
        first = next(batches, None)
        if first is None:
            return 0
        upstream: list[BaseException] = []  # DuckDB would wrap an error of the wall into one of its own
        stream = pa.RecordBatchReader.from_batches(first.schema, watched(first, batches, upstream))
        self._connection.register("incoming", stream)
        failure, done = None, None
        try:
            done = self._connection.execute(f'INSERT INTO "{table}" SELECT * FROM incoming').fetchone()
        except duckdb.Error as error:
            failure = _FAILURES.get(type(error), "データベースに書けません")
        finally:
            self._connection.unregister("incoming")
        if upstream:
            raise upstream[0]
        if failure:
            msg = f"スナップショットの表 {table} に書き込めませんでした: {failure}。公開済みのものは変わっていません。"
            raise SnapshotError(msg)
        return int(done[0]) if done else 0

    def _describe(self, table: str) -> dict[str, Any]:
        """Return the row count and an order-independent digest of the contents."""
        columns = ", ".join(TABLES[table].schema.names)
        count, mixed, total = self._connection.execute(
            f"SELECT count(*), coalesce(bit_xor(hash({columns})), 0), coalesce(sum(hash({columns})::HUGEINT), 0) "
            f'FROM "{table}"'
        ).fetchall()[0]
        return {"rows": count, "digest": f"{mixed:016x}{total % (1 << 64):016x}"}
