"""Killed, out of disk, two at once, many readers, changed bytes: what was published stays, what follows succeeds."""

import os
import random
import shutil
import subprocess
import time

import pytest

from tests.crash import REFUSED, City, build_generation, forkserver, read_until, write_batch
from tests.desk import spoiled
from workbench import keys, snapshot
from workbench.errors import (
    KeyFileError,
    LedgerError,
    NoSnapshotError,
    SnapshotError,
    StorageError,
    VaultError,
    WorkbenchError,
)
from workbench.ingest import guards
from workbench.outputs import letter_batch

KILLED = -9


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """An installation with one snapshot; copies of it share keys, so equal deliveries have equal contents."""
    return City(tmp_path_factory.mktemp("first")).found()


@pytest.fixture(scope="module")
def calm(first, tmp_path_factory):
    """What an undisturbed second ingest gives: content digest, number of its file operations, seconds it takes."""
    for name in ("warming", "calm"):  # the first ingest in a child of all takes twice as long as those to be killed
        city = copy_of(first, tmp_path_factory.mktemp(name))
        started = time.monotonic()
        city.start().join(60)
        seconds = time.monotonic() - started
    return snapshot.current(city.home).manifest["content_digest"], int((city.base / "steps").read_text()), seconds


@pytest.fixture
def city(first, tmp_path):
    return copy_of(first, tmp_path)


def copy_of(city, base):
    shutil.copytree(city.base, base, dirs_exist_ok=True)
    return City(base)


def disturb_and_recover(city, process, calm, *, minute):
    """Let a disturbed ingest end, look at what it left, ingest again; return the exit code of the disturbed one."""
    since, before = city.ledger.head(), snapshot.current(city.home).manifest["content_digest"]
    process.join(60)
    assert city.assert_readable(since=since) in {before, calm[0]}
    city.ingest(minute + 1)
    assert city.assert_readable(since=since) == calm[0]
    city.assert_settled(since=since)
    return process.exitcode


# ---------------------------------------------------------------- killed


def kill_at_steps(city, calm, steps):
    for minute, step in enumerate(steps):
        process = city.start(2 * minute + 1, die_at=step)
        assert disturb_and_recover(city, process, calm, minute=2 * minute + 1) == KILLED, step


def kill_after(city, calm, *, times, seed):
    chance = random.Random(seed)  # noqa: S311
    killed = 0
    for number in range(times):
        process = city.start(2 * number + 1)
        time.sleep(chance.uniform(0, calm[2]))
        process.kill()
        killed += disturb_and_recover(city, process, calm, minute=2 * number + 1) == KILLED
    assert killed > times / 2


def test_killed_at_a_file_operation_the_next_ingest_succeeds(city, calm):
    last = calm[1]

    kill_at_steps(city, calm, [*range(1, last - 12, 9), *range(last - 12, last + 1, 3)])


def test_killed_at_some_moment_the_next_ingest_succeeds(city, calm):
    kill_after(city, calm, times=5, seed=1)


@pytest.mark.soak
def test_killed_at_every_file_operation_the_next_ingest_succeeds(city, calm):
    kill_at_steps(city, calm, range(1, calm[1] + 1))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_killed_at_any_of_two_hundred_moments_the_next_ingest_succeeds(city, calm, seed):
    kill_after(city, calm, times=20, seed=seed)


def test_an_ingest_killed_behind_its_ledger_entry_is_published_by_the_next(city, calm):
    operations = range(calm[1], 0, -1)
    for minute, step in enumerate(operations, 1):  # backwards, until the kill comes before the entry
        entries = city.ledger.head().seq
        process = city.start(minute, die_at=step)
        process.join(60)
        entered = city.ledger.head().seq > entries
        with guards.only_one(city.home):
            guards.settle(city.home)
        assert (snapshot.current(city.home).id.endswith(f"00{minute:02d}00")) is entered
        city.assert_settled(since=city.ledger.head())
        if not entered:
            break
    assert minute > 2


def test_an_ingest_killed_in_the_midst_of_its_ledger_entry_is_removed(city, calm):
    since, book = city.ledger.head(), city.home.registers / "ledger.jsonl"
    city.start(1, die_at=calm[1] - 6).join(60)  # behind the entry, before the pointer
    assert city.ledger.head().seq == since.seq + 1
    assert snapshot.current(city.home).id.endswith("0000")
    book.write_bytes(book.read_bytes()[:-9])

    city.ingest(2)

    city.assert_settled(since=since)
    assert [ref.id[-4:] for ref in snapshot.published(city.home)] == ["0000", "0200"]


@pytest.mark.parametrize("note", [b"", b"\n", b"..", b"../registers", b"20261101", b"\xff"])
def test_a_damaged_note_removes_nothing(city, note):
    (city.home.snapshots / guards.PENDING).write_bytes(note)
    before = sorted(city.home.root.rglob("*"))

    with guards.only_one(city.home), pytest.raises(StorageError, match="覚え"):
        guards.settle(city.home)

    assert set(before) <= set(city.home.root.rglob("*"))


def test_a_snapshot_without_its_note_is_left_alone(city):
    (city.home.registers / "ledger.jsonl").unlink()  # lost: no reason to delete what was published

    city.ingest(5)

    assert len(snapshot.published(city.home)) == 2
    assert len(list(city.home.vault.iterdir())) == 2


# ---------------------------------------------------------------- out of disk


@pytest.mark.parametrize("file_bytes", [0, 10, 500, 4096, 20_000, 300_000, 3_000_000])
def test_no_file_may_grow_and_the_next_ingest_succeeds(city, calm, file_bytes):
    process = city.start(1, file_bytes=file_bytes)

    assert disturb_and_recover(city, process, calm, minute=1) == REFUSED


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 16 MB for an installation."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], check=False)  # noqa: S603, S607
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here (no CAP_SYS_ADMIN)")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S603, S607


def fill_disk(city, calm, sizes):
    """Ingest with so many KB free; what does not fit is refused, what fits is published."""
    refused = 0
    for number, free_kb in enumerate(sizes):
        since, before = city.ledger.head(), snapshot.current(city.home).id
        ballast = city.base / "ballast"
        free = shutil.disk_usage(city.base).free - free_kb * 1024
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(free, 1))
        process = city.start(2 * number + 1)
        process.join(60)
        refused += process.exitcode == REFUSED
        assert process.exitcode in {0, REFUSED}, free_kb
        city.assert_readable(since=since)
        ballast.unlink()
        city.ingest(2 * number + 2)
        assert city.assert_readable(since=since) == calm[0]
        city.assert_settled(since=since)
        forget_all_but(city, before)
    return refused


def forget_all_but(city, name):
    """Make room again: remove what the last round published."""
    snapshot.publish(city.home, name)
    for ref in snapshot.published(city.home):
        if ref.id != name:
            shutil.rmtree(ref.folder)
            shutil.rmtree(city.home.vault / ref.id)
            guards.report_file(city.home, ref.id).unlink()
            guards.characters_file(city.home, ref.id).unlink(missing_ok=True)
    book = city.home.registers / "ledger.jsonl"
    lines = book.read_bytes().splitlines(keepends=True)
    last = next(number for number, line in enumerate(lines) if name.encode() in line)
    book.write_bytes(b"".join(lines[: last + 1]))


def test_a_full_disk_leaves_what_was_published(small_disk, first, calm):
    city = copy_of(first, small_disk)

    assert fill_disk(city, calm, [0, 4, 300, 2000, 3600, 3624, 5000]) >= 4


@pytest.mark.soak
def test_a_disk_full_at_any_write_leaves_what_was_published(small_disk, first, calm):
    city = copy_of(first, small_disk)

    assert fill_disk(city, calm, range(0, 4000, 16)) > 100


# ---------------------------------------------------------------- at once


def test_of_two_ingests_at_once_one_wins_and_the_other_says_so(city, calm):
    first = city.start(1)
    end = time.monotonic() + 30
    while not (city.home.snapshots / guards.PENDING).exists() and time.monotonic() < end:
        time.sleep(0.001)
    with pytest.raises(WorkbenchError, match="別の取り込みが動いています。終わってからもう一度"):
        city.ingest(2)
    first.join(60)

    assert first.exitcode == 0
    assert city.assert_readable(since=city.ledger.head()) == calm[0]
    city.assert_settled(since=city.ledger.head())


def publish_under_readers(home, *, readers, generations):
    """Publish again and again while processes read; return what each reader saw, in order."""
    stop, answers = forkserver.Event(), forkserver.Queue()
    build_generation(home, 0)
    processes = [forkserver.Process(target=read_until, args=(home.root, stop, answers)) for _ in range(readers)]
    for process in processes:
        process.start()
    for generation in range(1, generations + 1):
        build_generation(home, generation)
    stop.set()
    seen = [answers.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * readers
    return seen


@pytest.mark.parametrize(
    ("readers", "generations"), [(4, 5), pytest.param(50, 20, marks=pytest.mark.soak)], ids=["few", "many"]
)
def test_readers_see_whole_snapshots_while_new_ones_are_published(tmp_path, readers, generations):
    seen = publish_under_readers(City(tmp_path).home, readers=readers, generations=generations)

    assert all(generation == sorted(generation) for generation in seen)
    assert all(max(generation) == generations for generation in seen)


# ---------------------------------------------------------------- a killed batch of letters


def test_a_killed_batch_of_letters_is_removed_by_the_next(tmp_path):
    folder = tmp_path / "restricted" / "L20261102-090000-aaaa"
    folder.parent.mkdir()
    process = forkserver.Process(target=write_batch, args=(folder, 400 << 20))
    process.start()
    end = time.monotonic() + 30
    while not list(folder.parent.glob(".L*/letters.pdf")) and time.monotonic() < end:
        time.sleep(0.001)
    process.kill()
    process.join(60)
    assert [path.name for path in folder.parent.iterdir()] == [f".{folder.name}{letter_batch.DRAFT}"]

    letter_batch._publish(folder.with_name("L20261102-090100-bbbb"), {"letters.pdf": b"x"})

    assert [path.name for path in folder.parent.iterdir()] == ["L20261102-090100-bbbb"]


# ---------------------------------------------------------------- changed bytes


def look_at_manifest(city):
    snapshot.current(city.home)


def look_at_pointer(city):
    snapshot.current(city.home)


def look_at_ledger(city):
    city.ledger.verify()


def look_at_keys(city):
    keys.check(city.home.keys)


def look_at_vault(city):
    city.vault(snapshot.current(city.home).id).verify()


LOOKS = {
    "manifest": (look_at_manifest, SnapshotError, "snapshots/*/manifest.json"),
    "pointer": (look_at_pointer, NoSnapshotError, "snapshots/CURRENT"),
    "ledger": (look_at_ledger, LedgerError, "registers/ledger.jsonl"),
    "key file": (look_at_keys, KeyFileError, "keys/master.json"),
    "register": (look_at_vault, VaultError, "vault/*/register.parquet"),
    "seal": (look_at_vault, VaultError, "vault/*/register.seal"),
}


@pytest.fixture(scope="module")
def settled(first, tmp_path_factory):
    return copy_of(first, tmp_path_factory.mktemp("settled"))


def unnoticed(city, what, places):
    """Return the places whose byte can be changed without anyone noticing."""
    look, error, pattern = LOOKS[what]
    [path] = city.home.root.glob(pattern)
    look(city)
    return [place for place in places(path.stat().st_size) if not is_noticed(city, path, place, look, error)]


def is_noticed(city, path, place, look, error):
    flip = 1 << place % 8
    with spoiled(path, lambda content: content[:place] + bytes([content[place] ^ flip]) + content[place + 1 :]):
        try:
            look(city)
        except error:
            return True
    return False


@pytest.mark.parametrize("what", LOOKS)
def test_a_changed_byte_is_noticed(settled, what):
    sample = random.Random(what)  # noqa: S311

    assert unnoticed(settled, what, lambda size: sorted({0, size - 1, *sample.choices(range(size), k=12)})) == []


@pytest.mark.soak
@pytest.mark.parametrize("what", LOOKS)
def test_every_changed_byte_is_noticed(settled, what):
    assert unnoticed(settled, what, range) == []


def test_a_space_for_a_space_in_the_manifest_is_noticed(settled):
    [path] = settled.home.snapshots.glob("*/manifest.json")

    with spoiled(path, lambda content: content.replace(b"\n ", b"\n\t", 1)), pytest.raises(SnapshotError):
        snapshot.current(settled.home)
