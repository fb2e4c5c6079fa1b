"""How long the evaluation of a city takes, compared with a one-person interpreter and plain pandas in the same run.

Each step is a process of its own, so that its memory is its own; wall and CPU seconds are those of the work, without
imports. CPU seconds divided by two are what two quiet cores would need at best.

rules        the statute's rows for every birth date, day of a dose and special reason of the city
judging      every dose judged by the law of its day (both are done once, when a snapshot is built)
evaluation   `slot_status` for one day, counted by slot and status: the whole city, 2 threads, `memory_limit` 4 GB
interpreter  `tests/interpreter` on one resident in `--every`; its time is multiplied; its answers must be the same
pandas       MR, 5種混合 and PCV alone, for the whole city (`plain_pandas.py`); its statuses are compared, and counted

Growth: a tenth of the city, and the city four times over (copies with other numbers).
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import load_ratio
from benchmarks.plain_pandas import evaluate as evaluate_in_pandas
from tests import interpreter
from workbench import schedule
from workbench.queries import query_sql
from workbench.queries.judging import judge_doses
from workbench.records import TABLES
from workbench.sandbox import READ_ONLY

AS_OF = date(2026, 11, 1)
CLOSING_DAYS = 30
PERSONAL = ("person", "dose", "exemption", "special")
COPIES = 4
MEMORY_GB = 4  # for a city of a million; more residents need more
LEAST_AGREEMENT_PCT = 99.5
PLAIN_VACCINES = "('MR', 'M', 'R', 'DPIH', 'DPTI', 'DPT', 'IPV', 'PCV')"
PLAIN_SLOTS = "(s.slot LIKE 'MR_-1' OR s.slot LIKE 'DPIH-_' OR s.slot LIKE 'PCV-_')"

Figures = dict[str, Any]


def main() -> None:
    """Measure and print; or be one step of that."""
    options = _options()
    if options.step:
        print(json.dumps(STEPS[options.step](options.database, options.every)))
        return
    with tempfile.TemporaryDirectory(prefix="workbench-bench-", dir=options.work) as folder:
        work = Path(folder)
        source = options.snapshot or load_ratio.make_snapshot(work, options)
        sizes = {f"1/{1 / share:.0f}" if share < 1 else f"x{share:.0f}": share for share in (1, 0.1, COPIES)}
        for name, share in sizes.items():
            if share > 1 and not options.growth:
                continue
            database = work / ("copies.duckdb" if share > 1 else "city.duckdb")
            persons, doses = _make_city(source, database, share)
            print(f"\n{name}: {persons:,} residents, {doses:,} doses", flush=True)
            for step in STEPS if share == 1 else ("rules", "judging", "evaluation"):
                print(_line(step, _run(step, database, options.every)), flush=True)
            database.unlink()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--residents", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--snapshot", type=Path, help="the database of a snapshot to measure instead of a made-up city")
    parser.add_argument("--every", type=int, default=100, help="the interpreter answers one resident in so many")
    parser.add_argument(
        "--growth", action=argparse.BooleanOptionalAction, default=True, help="the city four times over"
    )
    parser.add_argument("--work", type=Path, help="where the city and the databases go; needs about 6 KB a resident")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--database", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _make_city(source: Path, database: Path, share: float) -> tuple[int, int]:
    """Copy the rows of persons, some of them or several times, into a database without rules and judgements."""
    chosen = f"WHERE hash(t.person_id) % 100 < {share * 100:.0f}"
    with duckdb.connect(str(database), config={"threads": 2, "memory_limit": f"{MEMORY_GB}GB"}) as connection:
        connection.execute(f"ATTACH '{source}' AS source (READ_ONLY)")
        for name, spec in TABLES.items():
            connection.register("empty", spec.schema.empty_table())
            connection.execute(f'CREATE TABLE "{name}" AS FROM empty')
        for name in PERSONAL:
            columns = ", ".join(f"t.{column}" for column in TABLES[name].schema.names[1:])
            for copy in range(max(1, int(share))):
                connection.execute(
                    f"INSERT INTO {name} SELECT xor(t.person_id, {copy}), {columns} FROM source.{name} AS t {chosen}"
                )
        columns = ", ".join(TABLES["about"].schema.names)
        connection.execute(f"INSERT INTO about SELECT {columns} FROM source.about")
        return connection.execute("SELECT (SELECT count(*) FROM person), (SELECT count(*) FROM dose)").fetchall()[0]


def _run(step: str, database: Path, every: int) -> Figures:
    command = [sys.executable, "-m", "benchmarks.evaluation", "--step", step]
    command += ["--database", str(database), "--every", str(every)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    return json.loads(done.stdout)


def _line(step: str, figures: Figures) -> str:
    rest = ", ".join(f"{name} {value:,}" for name, value in figures.items() if name not in ("wall", "cpu", "peak_gib"))
    return f"| {step} | {figures['wall']:.1f} | {figures['cpu']:.1f} | {figures['peak_gib']:.2f} | {rest} |"


@contextmanager
def _clock(figures: Figures) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    figures["wall"], figures["cpu"] = time.perf_counter() - wall, time.process_time() - cpu
    figures["peak_gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _memory_gb(database: Path) -> int:
    """Return what the evaluation may use: fourfold for the city four times over."""
    return MEMORY_GB * (COPIES if database.stem.endswith("copies") else 1)


@contextmanager
def _opened(database: Path, *, writes: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    spill = {"temp_directory": f"{database}.spill", "preserve_insertion_order": "false"}
    limits = {"threads": 2, "memory_limit": "1200MB" if writes else f"{_memory_gb(database)}GB"}
    config = limits | (spill if writes else READ_ONLY)
    with duckdb.connect(str(database), read_only=not writes, config=config) as connection:
        yield connection


def _rules(database: Path, _: int) -> Figures:
    figures: Figures = {}
    with _opened(database, writes=True) as connection:
        births, days, reasons, spans = (
            connection.execute(f"SELECT DISTINCT {columns} FROM {rows}").fetchall()
            for columns, rows in (
                ("birth_date", "person WHERE birth_date IS NOT NULL"),
                ("given_on", "dose"),
                (
                    "p.birth_date, s.kind, s.vaccine, s.reason_end_on",
                    "special AS s INNER JOIN person AS p USING (person_id) WHERE s.reason_end_on IS NOT NULL",
                ),
                (
                    "birth_earliest, birth_latest",
                    "person WHERE birth_date IS NULL AND birth_earliest IS NOT NULL AND birth_latest IS NOT NULL",
                ),
            )
        )
        rules = schedule.load()
        with _clock(figures):
            tables = rules.tables([row[0] for row in births], [row[0] for row in days], reasons, spans)
        for name, table in tables.items():
            connection.register("expanded", table)
            columns = ", ".join(TABLES[name].schema.names)
            connection.execute(f'INSERT INTO "{name}" SELECT {columns} FROM expanded')
    return figures | {"births": len(births), "rows": sum(table.num_rows for table in tables.values())}


def _judging(database: Path, _: int) -> Figures:
    figures: Figures = {}
    with _opened(database, writes=True) as connection, _clock(figures):
        judged = judge_doses(connection)
    return figures | {"judged": judged}


def _evaluation(database: Path, _: int) -> Figures:
    figures: Figures = {}
    asked = {"as_of": AS_OF, "closing_days": CLOSING_DAYS}
    counted = f"SELECT slot, status, count(*) AS persons FROM ({query_sql('slot_status')}) GROUP BY ALL"
    with _opened(database) as connection, _clock(figures):
        rows = connection.execute(counted, asked).fetchall()
    return figures | {"statuses": sum(row[2] for row in rows)}


def _interpreter(database: Path, every: int) -> Figures:
    figures: Figures = {}
    with _opened(database) as connection:
        cases = _cases(connection, every)
    rules = interpreter.shipped_rules()
    with _clock(figures):
        answers = {person: interpreter.evaluate(case, rules) for person, case in cases.items()}
    with _opened(database) as connection:
        ours = _statuses(connection, every, "TRUE")
    theirs = {(person, row["slot"]): row["status"] for person, answer in answers.items() for row in answer["slots"]}
    return figures | _agreement(ours, theirs) | {"persons": len(cases), "times": every}


def _cases(connection: duckdb.DuckDBPyConnection, every: int) -> dict[int, dict[str, Any]]:
    """Return residents as cases of the command line."""

    def rows(table: str, columns: str) -> Iterator[dict[str, Any]]:
        found = connection.execute(
            f"SELECT person_id, {columns} FROM {table} WHERE hash(person_id) % {every} = 0 ORDER BY rowid"
        )
        names = [column[0] for column in found.description]
        return (dict(zip(names, row, strict=True)) for row in found.fetchall())

    extracted_on = connection.execute("SELECT max(extracted_on) FROM about").fetchall()[0][0]
    common = {"as_of": AS_OF, "extracted_on": extracted_on}
    columns = "birth_date, birth_earliest, birth_latest, sex, resident_until, residency = 'died' AS died"
    cases = {row.pop("person_id"): row | common for row in rows("person", columns)}
    for table, name, columns in (
        ("dose", "doses", "vaccine, given_on, product, stage, dose_no, legal_class"),
        ("exemption", "exemptions", "vaccine, reason, from_on, until_on"),
        ("special", "special", "kind, vaccine, reason_end_on"),
    ):
        for case in cases.values():
            case[name] = []
        for row in rows(table, columns):
            cases[row.pop("person_id")][name].append(row)
    return cases


def _statuses(connection: duckdb.DuckDBPyConnection, every: int, which: str) -> dict[tuple[int, str], str]:
    asked = {"as_of": AS_OF, "closing_days": CLOSING_DAYS}
    sql = f"SELECT person_id, slot, status FROM ({query_sql('slot_status')}) AS s WHERE hash(person_id) % {every} = 0"
    return {
        (person, slot): status for person, slot, status in connection.execute(f"{sql} AND {which}", asked).fetchall()
    }


def _agreement(ours: dict[Any, str], theirs: dict[Any, str]) -> Figures:
    compared = ours.keys() & theirs.keys()
    different = sum(ours[key] != theirs[key] for key in compared)
    if len(compared) < len(theirs) or not compared:
        msg = f"{len(theirs):,} statuses to compare and {len(compared):,} of ours: this measures nothing"
        raise SystemExit(msg)
    agreed_pct = 100 * (1 - different / len(compared))
    if agreed_pct < LEAST_AGREEMENT_PCT:
        msg = f"the two agree on {agreed_pct:.2f} % of {len(compared):,} statuses only: this measures nothing"
        raise SystemExit(msg)
    return {"compared": len(compared), "different": different}


def _pandas(database: Path, every: int) -> Figures:
    figures: Figures = {}
    with _opened(database) as connection:
        person = connection.execute("SELECT person_id, birth_date, residency, resident_until FROM person").df()
        dose = connection.execute(
            f"SELECT person_id, vaccine, product, given_on, legal_class FROM dose WHERE vaccine IN {PLAIN_VACCINES}"
        ).df()
        exemption = connection.execute("SELECT person_id, vaccine, reason, from_on, until_on FROM exemption").df()
    with _clock(figures):
        found = evaluate_in_pandas(person, dose, exemption, AS_OF)
    with _opened(database) as connection:
        ours = _statuses(connection, every, PLAIN_SLOTS)
    found = found[found.person_id.isin({key[0] for key in ours})]
    theirs = {(row.person_id, row.slot): row.status for row in found.itertuples()}
    return figures | _agreement(ours, theirs)


STEPS: dict[str, Callable[[Path, int], Figures]] = {
    "rules": _rules,
    "judging": _judging,
    "evaluation": _evaluation,
    "interpreter": _interpreter,
    "pandas": _pandas,
}

if __name__ == "__main__":
    main()
