"""What an analyst cannot do: leave the snapshot by SQL, or reach vault, keys and extracts from a notebook's account."""

import json
import os
import shutil
import stat
import tempfile
from pathlib import Path
from threading import Thread

import duckdb
import pandas as pd
import pytest

from tests.crash import forkserver
from tests.desk import Desk
from tests.test_runs import AT, write_notebook
from tests.test_snapshot import build
from workbench import lab, sandbox, snapshot
from workbench.runs import run_report
from workbench.settings import Home, make_folder, make_shared_folder, own_folder

SECRET = "kept outside"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An installation with one snapshot, and files beside it that an analyst might like to read."""
    folder = tmp_path_factory.mktemp("sandbox")
    build(Home(folder), "first", 1)
    (folder / "outside.csv").write_text(f"a\n{SECRET}\n")
    (folder / "outside.json").write_text(json.dumps([{"a": SECRET}]))
    pd.DataFrame({"a": [SECRET]}).to_parquet(folder / "outside.parquet")
    with duckdb.connect(str(folder / "outside.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1")
    return folder


@pytest.fixture
def home(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return Home(folder)


WAYS_OUT = """
ATTACH 'outside.duckdb'
ATTACH ':memory:' AS elsewhere
ATTACH '{own}' AS again
ATTACH '{own}' AS again (READ_ONLY)
USE memory
COPY exemption TO 'out.csv'
COPY exemption TO '{own}'
COPY exemption TO '{own}.wal'
COPY exemption TO '{own}.tmp'
COPY (SELECT 1) TO 'out.parquet' (FORMAT parquet)
COPY exemption FROM 'outside.csv'
COPY FROM DATABASE analytics TO elsewhere
EXPORT DATABASE 'out'
IMPORT DATABASE 'out'
SELECT * FROM 'outside.csv'
SELECT * FROM 'outside.parquet'
SELECT * FROM '{own}'
SELECT * FROM read_csv('outside.csv')
SELECT * FROM sniff_csv('outside.csv')
SELECT * FROM read_text('outside.csv')
SELECT * FROM read_blob('outside.csv')
SELECT * FROM read_blob('{own}')
SELECT * FROM read_json('outside.json')
SELECT * FROM read_parquet('outside.parquet')
SELECT * FROM parquet_metadata('outside.parquet')
SELECT * FROM read_duckdb('outside.duckdb')
SELECT * FROM read_csv('http://127.0.0.1/x.csv')
SELECT * FROM glob('*')
SELECT * FROM frame
INSTALL httpfs
FORCE INSTALL httpfs
LOAD httpfs
LOAD '/tmp/x.duckdb_extension'
UPDATE EXTENSIONS
CREATE SECRET s (TYPE s3)
SET enable_external_access = true
RESET enable_external_access
SET disabled_filesystems = ''
RESET disabled_filesystems
SET lock_configuration = false
RESET lock_configuration
SET allowed_paths = ['/']
SET allowed_directories = ['/']
SET temp_directory = '/tmp'
SET home_directory = '/tmp'
SET extension_directory = '/tmp'
SET secret_directory = '/tmp'
SET log_query_path = 'out.log'
SET autoload_known_extensions = true
SET allow_unsigned_extensions = true
SET python_enable_replacements = true
SET memory_limit = '1TB'
PRAGMA enable_profiling = 'json'
PRAGMA profile_output = 'out.json'
CALL enable_logging(storage = 'file', storage_path = 'out')
CREATE TABLE x (a INTEGER)
CREATE VIEW x AS SELECT 1
INSERT INTO exemption SELECT * FROM exemption
UPDATE exemption SET vaccine = 'x'
DELETE FROM exemption
DROP TABLE exemption
ALTER TABLE exemption ADD COLUMN x INTEGER
""".strip().splitlines()


@pytest.mark.parametrize("statement", WAYS_OUT)
def test_no_statement_leaves_the_snapshot(home, statement):
    frame = pd.DataFrame({"a": [SECRET]})
    assert len(frame) == 1  # a local name that DuckDB could find
    before = listing(home)
    connection = snapshot.open_snapshot(home)

    with pytest.raises(duckdb.Error):
        connection.execute(statement.format(own=snapshot.current(home).database))

    assert listing(home) == before
    assert connection.execute("SELECT count(*) FROM exemption").fetchall() == [(1,)]


METHODS = {
    "read_csv": lambda connection: connection.read_csv("outside.csv"),
    "read_json": lambda connection: connection.read_json("outside.json"),
    "read_parquet": lambda connection: connection.read_parquet("outside.parquet"),
    "to_csv": lambda connection: connection.sql("SELECT 1").to_csv("out.csv"),
    "to_parquet": lambda connection: connection.sql("SELECT 1").to_parquet("out.parquet"),
    "install_extension": lambda connection: connection.install_extension("httpfs"),
    "load_extension": lambda connection: connection.load_extension("httpfs"),
}


@pytest.mark.parametrize("method", METHODS)
def test_no_method_leaves_the_snapshot(home, method):
    before = listing(home)

    with pytest.raises(duckdb.Error):
        METHODS[method](snapshot.open_snapshot(home))

    assert listing(home) == before


def test_a_second_and_a_third_connection_are_as_shut_as_the_first(home):
    connections = [snapshot.open_snapshot(home) for _ in range(3)]
    connections[0].close()

    for connection in [*connections[1:], connections[1].cursor()]:
        with pytest.raises(duckdb.Error):
            connection.execute("SELECT * FROM read_text('outside.csv')")


def test_connections_opened_in_many_threads_are_all_shut(home):
    opened, threads = [], [Thread(target=lambda: opened.append(snapshot.open_snapshot(home))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [sandbox.is_shut(connection, snapshot.current(home).database) for connection in opened] == [True] * 12


def test_what_would_be_open_is_told_from_what_is_shut(home):
    database = snapshot.current(home).database
    connection = duckdb.connect(str(database), read_only=True, config=sandbox.READ_ONLY)

    assert not sandbox.is_shut(connection, database)
    connection.execute(sandbox.SHUT[0])
    assert not sandbox.is_shut(connection, database)
    connection.execute(sandbox.SHUT[1])
    assert sandbox.is_shut(connection, database)


def listing(home):
    return sorted(str(path) for path in home.root.rglob("*"))


# ---------------------------------------------------------------- another account (docs/server.md)


def test_a_new_folder_and_those_above_it_are_its_owners_only(tmp_path):
    made = make_folder(tmp_path / "var" / "registers" / "quarantine")

    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (made, *made.parents[:2])} == {0o700}


@pytest.mark.parametrize(("above", "made"), [(0o3770, 0o3770), (0o1777, 0o700), (0o770, 0o700), (0o755, 0o700)])
def test_a_folder_is_shared_only_where_the_one_above_is_a_groups_own(tmp_path, above, made):
    tmp_path.chmod(above)
    folder = make_shared_folder(tmp_path / "reports" / "coverage")

    assert {stat.S_IMODE(one.stat().st_mode) & 0o1777 for one in (folder, folder.parent)} == {made & 0o1777}


ANALYST, GROUP = 64_901, 64_902  # numbers that belong to nobody here


def try_everything(root, extracts, answers):
    """Become the analyst for good; answer with what could be read, listed and written."""
    home = Home(root)
    with snapshot.open_snapshot(home) as connection:  # loads what is imported late, from where the analyst cannot look
        connection.execute("SELECT 1").fetchall()
    become_the_analyst()
    with snapshot.open_snapshot(home) as connection:
        persons = connection.execute("SELECT count(*) FROM person").fetchall()[0][0]
    (home.outputs / "mine.txt").write_text("an analyst's own", encoding="utf-8")
    database = snapshot.current(home).database
    folders = [home.keys, home.vault, home.registers, home.restricted, extracts]
    files = [home.keys / "master.json", home.registers / "ledger.jsonl", extracts / "住民.csv"]
    files += [home.vault / snapshot.current(home).id / "register.parquet"]
    writes = {
        "database": lambda: database.open("r+b"),
        "beside it": lambda: database.with_name("analytics.duckdb.wal").write_bytes(b"x"),
        "pointer": lambda: (home.snapshots / "CURRENT").write_text("x"),
        "a snapshot": (home.snapshots / "x").mkdir,
        "restricted": lambda: home.restricted.rename(home.outputs / "x"),
    }
    listed = [folder.name for folder in folders if succeeds(lambda: list(folder.iterdir()))]  # noqa: B023
    read = [file.name for file in files if succeeds(file.read_bytes)]
    answers.put((persons, listed, read, [name for name, write in writes.items() if succeeds(write)]))


def become_the_analyst():
    os.setgroups([])
    os.setgid(GROUP)
    os.setuid(ANALYST)


def succeeds(act):
    try:
        act()
    except PermissionError:
        return False
    return True


@pytest.fixture
def server():
    """An installation set up as docs/server.md says, in a folder that other accounts may enter."""
    if os.geteuid() != 0:
        pytest.skip("only root may act as a second account")
    base = Path(tempfile.mkdtemp(prefix="workbench-server-"))
    base.chmod(0o755)
    yield Desk(base)
    shutil.rmtree(base)


def set_up(desk):
    """Do what docs/server.md tells the administrator, by the same commands."""
    home, extracts = desk.home, desk.base / "extracts"
    shared = {home.outputs: 0o3770, home.reports: 0o3770, home.scratch: 0o3770, home.lab: 0o3770}
    for folder, mode in {home.root: 0o710, home.snapshots: 0o2750, **shared}.items():
        folder.mkdir(exist_ok=True)
        os.chown(folder, -1, GROUP)
        folder.chmod(mode)
    for folder in (home.restricted, extracts):
        folder.mkdir(mode=0o700)


def as_analyst(tries, *given):
    """Run the tries in a process of the analyst's account."""
    answers = forkserver.Queue()
    process = forkserver.Process(target=tries, args=(*given, answers))
    process.start()
    answer = answers.get(timeout=20)
    process.join(60)
    return answer


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_an_analysts_account_reads_snapshots_and_nothing_else(server, umask):
    set_up(server)
    before = os.umask(umask)
    try:
        server.make_keys().ingest()
    finally:
        os.umask(before)

    assert as_analyst(try_everything, server.home.root, server.base / "extracts") == (3, [], [], [])
    assert stat.S_IMODE(server.home.keys.stat().st_mode) == 0o700


def test_the_tries_of_the_account_succeed_where_nothing_is_set_up(server):
    set_up(server)
    server.make_keys().ingest()
    for path in server.base.rglob("*"):
        path.chmod(0o777)

    _, listed, read, written = as_analyst(try_everything, server.home.root, server.base / "extracts")

    assert (len(listed), len(read), len(written)) == (5, 4, 5)


def work_beside(root, answers):
    """Become the analyst for good, and work where a first one has: what could be done, and what could not be undone."""
    home = Home(root)
    (report,) = home.reports.glob("trial/*")
    become_the_analyst()
    (home.reports / "trial" / "20261102-090000_mine.building").mkdir(mode=0o700)
    private = (lab.command(home).environment["IPYTHONDIR"], own_folder(home.scratch))
    tries = {"a report": lambda: report.rename(report.with_name("x")), "a file": (report / "run.json").unlink}
    read = [file.name for file in sorted(report.iterdir()) if succeeds(file.read_bytes)]
    answers.put(
        (read, [str(Path(one).relative_to(root)) for one in private], [n for n, t in tries.items() if succeeds(t)])
    )


def test_a_second_analyst_reads_the_first_ones_reports_and_works_beside(server, tmp_path):
    set_up(server)
    server.make_keys().ingest()
    write_notebook(tmp_path, "print(as_of)")
    done = run_report("trial", {}, home=server.home, at=AT, timeout_seconds=120, notebooks=tmp_path)

    read, private, undone = as_analyst(work_beside, server.home.root)

    assert read == sorted(file.name for file in done.folder.iterdir())
    assert private == [f"lab/{ANALYST}/ipython", f"outputs/scratch/{ANALYST}"]
    assert undone == []
