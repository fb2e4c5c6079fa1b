"""Judge every recorded dose once, when a snapshot is built: the tables person_cohort, own_window and judged.

How a dose is judged depends on earlier doses and on the law of its day, never on the day asked about; which of a
person's series counts is asked later. The work is done for parts of the persons, so that memory does not grow with a
city, and statement by statement, so that nothing is computed twice.
"""

from collections.abc import Callable, Iterator

import duckdb

from workbench.queries import Query, describe, inner_queries, query_sql

PERSONS_PER_PART = 200_000
_LAST = ("judged_dose", "uncounted_dose")
_PASSED_ON = ("dated_dose",)  # wide, and read once: as a view it takes no memory

Progress = Callable[[int], None]


def judge_doses(connection: duckdb.DuckDBPyConnection, progress: Progress | None = None) -> int:
    """Fill person_cohort, own_window and judged from the other tables of a writable connection; return rows judged.

    The rule tables must be there. `progress` hears how many rows are judged so far.
    """
    run = connection.execute
    run(f"INSERT INTO person_cohort {describe('cohort_member').text}")
    run(f"INSERT INTO own_window {query_sql('window_of_own')}")
    persons = run("SELECT count(*) FROM person").fetchall()[0][0]
    parts = 1
    while parts * PERSONS_PER_PART < persons:
        parts *= 2
    for step in _steps(shared=True):
        run(f"CREATE TEMP TABLE {step.name} AS {step.text}")
    for part in range(parts):
        for statement in _statements(part, parts - 1):
            run(statement)
        if progress:
            progress(_judged_rows(connection))
    for step in _steps(shared=True):
        run(f"DROP TABLE {step.name}")
    return _judged_rows(connection)


def _judged_rows(connection: duckdb.DuckDBPyConnection) -> int:
    return int(connection.execute("SELECT count(*) FROM judged").fetchall()[0][0])


def _steps(*, shared: bool) -> list[Query]:
    """Return the steps before the last, in order: those for all persons at once, or those for a part of them."""
    steps = {step.name: step for query in _LAST for step in inner_queries(describe(query))}
    return [step for step in steps.values() if ("part" not in step.params) == shared]


def _statements(part: int, mask: int) -> Iterator[str]:
    steps = _steps(shared=False)
    for step in steps:
        yield f"CREATE TEMP {_kind(step)} {step.name} AS {_for_part(step.text, part, mask)}"
    for query in _LAST:
        yield f"INSERT INTO judged {_for_part(describe(query).text, part, mask)}"
    for step in steps:
        yield f"DROP {_kind(step)} {step.name}"


def _kind(step: Query) -> str:
    return "VIEW" if step.name in _PASSED_ON else "TABLE"


def _for_part(text: str, part: int, mask: int) -> str:
    """Write the numbers into the text: DuckDB computes with a parameter as HUGEINT, thirty times as slowly."""
    return text.replace("$part::INTEGER", str(part)).replace("$mask::INTEGER", str(mask))
