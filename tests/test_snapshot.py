import json
import stat
from datetime import date

import pyarrow as pa
import pytest

from workbench import snapshot
from workbench.errors import NoSnapshotError, SnapshotError
from workbench.records import FORMAT_VERSION, TABLES, Pseudonymous
from workbench.settings import Home

EXEMPTION = TABLES["exemption"].schema


def exemptions(*person_ids):
    rows = [
        {"person_id": number, "vaccine": "MR", "reason": "had_disease", "from_on": date(2020, 1, 1), "until_on": None}
        for number in person_ids
    ]
    return Pseudonymous("exemption", pa.Table.from_pylist(rows, schema=EXEMPTION).to_batches())


def build(home, name, *person_ids):
    with snapshot.SnapshotBuilder(home, name) as builder:
        builder.load(exemptions(*person_ids))
        ref = builder.finish({"extracted_on": "2026-11-01"})
    snapshot.publish(home, name)
    return ref


def fail_while_building(home):
    with snapshot.SnapshotBuilder(home, "second") as builder:
        builder.load(exemptions(2))
        raise RuntimeError


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def test_a_reader_sees_the_published_rows_and_keeps_its_snapshot_while_the_next_is_published(home):
    build(home, "first", 1, 2)
    reader = snapshot.open_snapshot(home)
    build(home, "second", 3)

    assert reader.execute("SELECT count(*) FROM exemption").fetchall() == [(2,)]
    assert snapshot.open_snapshot(home).execute("SELECT person_id FROM exemption").fetchall() == [(3,)]
    assert [ref.id for ref in snapshot.published(home)] == ["first", "second"]


@pytest.mark.parametrize("rows_per_pass", [1, 3, 100])
def test_rows_of_which_there_are_several_go_but_for_one_in_however_many_passes(home, monkeypatch, rows_per_pass):
    monkeypatch.setattr(snapshot.building, "ROWS_PER_PASS", rows_per_pass)
    ids = [-(2**63), -3, -3, -2, -1, 0, 0, 0, 1, 2, 2, 3, 2**63 - 1, 2**63 - 1]
    with snapshot.SnapshotBuilder(home, "first") as builder:
        builder.load(exemptions(*ids))

        assert builder.drop_duplicates("exemption") == len(ids) - len(set(ids))
        assert builder.row_count("exemption") == len(set(ids))


def test_a_build_that_fails_leaves_nothing_and_the_current_one_stands(home):
    build(home, "first", 1)

    with pytest.raises(RuntimeError):
        fail_while_building(home)

    assert [path.name for path in home.snapshots.iterdir() if path.is_dir()] == ["first"]
    assert snapshot.current(home).id == "first"


def test_an_error_of_the_wall_comes_through_the_database_unchanged(home):
    def broken():
        yield from exemptions(1).batches
        raise KeyError

    with pytest.raises(KeyError), snapshot.SnapshotBuilder(home, "x") as builder:
        builder.load(Pseudonymous("exemption", broken()))


def test_rows_with_other_columns_are_refused(home):
    batch = pa.RecordBatch.from_pydict({"person_id": [1], "name": ["CANARY"]})

    with pytest.raises(TypeError) as caught, snapshot.SnapshotBuilder(home, "x") as builder:
        builder.load(Pseudonymous("exemption", [batch]))

    assert "CANARY" not in str(caught.value)


def test_a_null_where_none_may_be_is_refused_without_its_row(home):
    row = {"person_id": 1, "vaccine": "CANARY", "reason": None, "from_on": date(2020, 1, 1), "until_on": None}
    open_schema = pa.schema([pa.field(field.name, field.type) for field in EXEMPTION])
    batches = pa.Table.from_pylist([row], schema=open_schema).to_batches()

    with pytest.raises(SnapshotError, match="必須の項目が空") as caught, snapshot.SnapshotBuilder(home, "x") as builder:
        builder.load(Pseudonymous("exemption", batches))

    assert "CANARY" not in str(caught.value)
    assert caught.value.__context__ is None


def test_identical_rows_are_dropped_but_one(home):
    with snapshot.SnapshotBuilder(home, "x") as builder:
        builder.load(exemptions(5, 7, 5, 5))

        assert builder.drop_duplicates("exemption") == 2
        assert builder.row_count("exemption") == 2


def test_the_content_digest_does_not_depend_on_row_order(home):
    digests = [build(home, name, *ids).manifest["content_digest"] for name, ids in {"a": (1, 2), "b": (2, 1)}.items()]

    assert digests[0] == digests[1]
    assert build(home, "c", 1, 3).manifest["content_digest"] != digests[0]


def test_a_snapshot_opens_again_while_it_is_open(home):
    build(home, "first", 1)
    held = snapshot.open_snapshot(home)

    assert snapshot.open_snapshot(home).execute("SELECT count(*) FROM exemption").fetchall() == [(1,)]
    assert held.execute("SELECT count(*) FROM exemption").fetchall() == [(1,)]


def test_nothing_published_yet_says_what_to_do(home):
    with pytest.raises(NoSnapshotError, match="workbench ingest"):
        snapshot.open_snapshot(home)


@pytest.mark.parametrize("name", ["../first", "absent", "a/b"])
def test_a_name_that_is_no_snapshot_is_refused(home, name):
    build(home, "first", 1)

    with pytest.raises(NoSnapshotError):
        snapshot.current(home, name)


def test_every_changed_byte_of_the_manifest_is_noticed(home):
    path = build(home, "first", 1).folder / snapshot.MANIFEST
    manifest = json.loads(path.read_text())
    for key in manifest:
        changed = dict(manifest)
        changed[key] = f"{manifest[key]}0"
        path.write_text(json.dumps(changed))
        with pytest.raises(SnapshotError, match="壊れて"):
            snapshot.current(home)


@pytest.mark.parametrize("content", [b"[1]", b"1", b"\xff"])
def test_a_manifest_that_is_no_object_is_refused(home, content):
    (build(home, "first", 1).folder / snapshot.MANIFEST).write_bytes(content)

    with pytest.raises(SnapshotError, match="壊れて"):
        snapshot.current(home)


def test_a_pointer_that_is_no_name_is_refused(home):
    build(home, "first", 1)
    (home.snapshots / snapshot.CURRENT).write_bytes(b"\xff\xfe")

    with pytest.raises(NoSnapshotError):
        snapshot.current(home)


def test_a_truncated_database_is_refused(home):
    database = build(home, "first", 1).database
    database.chmod(0o640)
    database.write_bytes(database.read_bytes()[:1000])

    with pytest.raises(SnapshotError, match="開けません") as caught:
        snapshot.open_snapshot(home)

    assert caught.value.__context__ is None


def test_another_format_is_refused(home, monkeypatch):
    monkeypatch.setattr(snapshot.building, "FORMAT_VERSION", FORMAT_VERSION + 1)
    build(home, "first", 1)
    monkeypatch.undo()

    with pytest.raises(SnapshotError, match="別の形式"):
        snapshot.current(home)
    assert snapshot.published(home) == []


def test_a_published_file_is_read_only(home):
    assert stat.S_IMODE(build(home, "first", 1).database.stat().st_mode) == 0o440


def test_leftovers_of_a_killed_build_are_removed(home):
    build(home, "first", 1)
    (home.snapshots / f"second{snapshot.BUILDING}").mkdir()
    (home.snapshots / f"{snapshot.CURRENT}{snapshot.BUILDING}").write_text("second")

    assert len(snapshot.remove_unfinished(home)) == 2
    assert snapshot.current(home).id == "first"
