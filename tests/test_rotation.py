"""Keys made anew: everything is under the new key or, whenever it was killed, under the old one; never between."""

import errno
import itertools
import json
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import datetime

import pytest

from tests.desk import PASSPHRASE, Desk
from workbench import keys, snapshot
from workbench.errors import PassphraseError, VaultError
from workbench.ingest import rotation
from workbench.keys import changes
from workbench.ledger import Ledger
from workbench.records import FORMAT_VERSION
from workbench.snapshot.files import digest_of, manifest_bytes
from workbench.vault import REGISTER, Vault

AT = datetime.fromisoformat("2026-12-01T09:00:00+09:00")


def open_keys(home):
    return keys.unlock(home.keys, passphrase=PASSPHRASE)


def register(home, master):
    name = snapshot.current(home).id
    return Vault(home.vault / name, master.derive("vault"))._read(lambda file: file.read().cast(REGISTER))


def ids(home, query="SELECT person_id FROM person"):
    with snapshot.open_snapshot(home) as connection:
        return sorted(row[0] for row in connection.execute(query).fetchall())


def whole(home, master):
    """Check that keys, vault and snapshot belong together; return the pseudonyms."""
    people = register(home, master)
    assert sorted(people["person_id"].to_pylist()) == ids(home)
    assert set(ids(home, "SELECT person_id FROM dose UNION SELECT person_id FROM exemption")) <= set(ids(home))
    names = [ref.id for ref in snapshot.published(home)]
    assert sorted(path.name for path in home.vault.iterdir()) == names
    assert not list(home.snapshots.glob(f"*{snapshot.BUILDING}"))
    assert not (home.keys / keys.keyfile.PENDING).exists()
    assert len(people) == 3
    return {row["atena_number"]: row["person_id"] for row in people.to_pylist()}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp("loaded")).make_keys()
    assert (desk.ingest().code, desk.ingest().code) == (0, 0)
    return desk


@pytest.fixture
def desk(loaded, tmp_path):
    shutil.copytree(loaded.base, tmp_path / "desk")
    return Desk(tmp_path / "desk")


@pytest.fixture(scope="module")
def rotated(loaded, tmp_path_factory):
    """An installation with two officers, a list and an approval of before, and the keys made anew by the first."""
    base = shutil.copytree(loaded.base, tmp_path_factory.mktemp("rotated") / "desk")
    desk = Desk(base)
    path = desk.base / "list.csv"
    row = f"p{0:016x},MR2-1,late,2027-03-31,within_window,2026-11-01,{snapshot.current(desk.home).id}"
    path.write_text(f"person_id,slot,status,closes_on,reason,as_of,snapshot_id\n{row}\n", encoding="utf-8")
    number = desk.approval(path)
    answer = desk.enter("keys", "rotate")
    assert answer.code == 0, answer
    return desk, number


def test_keys_vault_and_pseudonyms_are_new_and_the_people_the_same(loaded, rotated):
    desk, _ = rotated
    old, master = open_keys(loaded.home), open_keys(desk.home)
    before, after = whole(loaded.home, old), whole(desk.home, master)
    households = ids(loaded.home, "SELECT household_id FROM person WHERE household_id IS NOT NULL")

    assert master.key_id != old.key_id
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())
    assert not set(households) & set(ids(desk.home, "SELECT household_id FROM person"))
    with pytest.raises(VaultError):
        Vault(desk.home.vault / snapshot.current(desk.home).id, old.derive("vault")).verify()


def test_the_rules_and_the_facts_of_a_snapshot_stay(loaded, rotated):
    desk, _ = rotated
    before = snapshot.current(loaded.home).manifest
    after = snapshot.current(desk.home).manifest
    same = ("extracted_on", "domain", "rule_version", "code_version", "built_at", "rows_read")

    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    for table in ("window", "interval", "slot", "quality"):
        assert after["tables"][table] == before["tables"][table]
    assert {t: n["rows"] for t, n in after["tables"].items()} == {t: n["rows"] for t, n in before["tables"].items()}
    assert ids(desk.home, "SELECT snapshot_id FROM about") == [after["id"]]


def test_the_sealed_map_leads_from_every_old_pseudonym_to_the_new_one(desk):
    generations = [(open_keys(desk.home).key_id, whole(desk.home, open_keys(desk.home)))]
    for _ in range(2):
        assert desk.enter("keys", "rotate").code == 0
        master = open_keys(desk.home)
        generations.append((master.key_id, whole(desk.home, master)))
    mapped = {(row["old_key_id"], row["old"]): row["new"] for row in rotation.read_map(desk.home, master).to_pylist()}
    *earlier, (_, now) = generations

    assert mapped == {(key_id, people[number]): now[number] for key_id, people in earlier for number in people}
    assert desk.ingest().code == 0
    assert whole(desk.home, master) == now  # the next ingest gives the rotated pseudonyms again
    (sealed,) = (desk.home.registers / rotation.MAPS).iterdir()
    assert not [
        n
        for _, people in generations
        for n in people.values()
        if n.to_bytes(8, "little", signed=True) in sealed.read_bytes()
    ]


def test_both_steps_are_in_the_ledger_and_an_old_list_is_refused(rotated):
    desk, number = rotated
    answer = desk.enter("letters", desk.base / "list.csv", "--approval", number)
    lines = [json.loads(line) for line in (desk.home.registers / "ledger.jsonl").read_bytes().splitlines()]

    assert [line["action"] for line in lines][-2:] == ["rotation_started", "keys_rotated"]
    assert lines[-1]["counts"] == {"snapshots": 2, "persons": 6, "vaults_left": 0}
    assert "作り直してください" in answer.err
    assert desk.enter("ledger", "verify").code == 0


def test_an_officer_who_was_not_there_opens_the_new_key(rotated):
    desk, _ = rotated
    words = desk.second_officer().read_text().strip()

    assert keys.unlock(desk.home.keys, passphrase=words, officer="課長")
    with pytest.raises(PassphraseError):
        keys.unlock(desk.home.keys, passphrase="not a passphrase of anyone")


def test_a_snapshot_whose_vault_is_gone_is_renewed_with_the_pseudonyms_of_the_others(desk):
    first, second = (ref.id for ref in snapshot.published(desk.home))
    shutil.rmtree(desk.home.vault / first)
    assert desk.enter("keys", "rotate").code == 0

    assert {ref.id for ref in snapshot.published(desk.home)} == {f"{first}-k1", f"{second}-k1"}
    with snapshot.open_snapshot(desk.home, f"{first}-k1") as connection:
        people = sorted(row[0] for row in connection.execute("SELECT person_id FROM person").fetchall())
    assert people == ids(desk.home)
    assert [path.name for path in desk.home.vault.iterdir()] == [f"{second}-k1"]


def test_pseudonyms_are_renewed_even_if_no_vault_is_left(desk):
    old = ids(desk.home)
    shutil.rmtree(desk.home.vault)
    assert desk.enter("keys", "rotate").code == 0

    assert len(ids(desk.home)) == 3
    assert not set(old) & set(ids(desk.home))
    mapped = rotation.read_map(desk.home, open_keys(desk.home))
    assert sorted(mapped["old"].to_pylist()) == old
    assert sorted(mapped["new"].to_pylist()) == ids(desk.home)


def test_a_register_without_a_snapshot_goes_with_the_old_key(desk):
    first, second = (ref.id for ref in snapshot.published(desk.home))
    shutil.rmtree(desk.home.snapshots / first)
    answer = desk.enter("keys", "rotate")

    assert "名簿 1 件は、前の鍵とともに削除しました" in answer.out
    assert [path.name for path in desk.home.vault.iterdir()] == [f"{second}-k1"]
    assert whole(desk.home, open_keys(desk.home))
    (*_, entry) = Ledger(desk.home.ledger).entries()
    assert entry.counts == {"snapshots": 1, "persons": 3, "vaults_left": 1}


def as_of_another_format(desk, name):
    path = desk.home.snapshots / name / snapshot.MANIFEST
    manifest = json.loads(path.read_bytes()) | {"format_version": FORMAT_VERSION - 1}
    del manifest["manifest_sha256"]
    manifest["manifest_sha256"] = digest_of(manifest)
    path.write_bytes(manifest_bytes(manifest))


def test_a_snapshot_of_another_format_stays_and_its_register_goes(desk):
    first, second = (ref.id for ref in snapshot.published(desk.home))
    as_of_another_format(desk, first)
    before = {name: digest for name, digest in desk.state().items() if f"snapshots/{first}/" in name}
    answer = desk.enter("keys", "rotate")

    assert answer.code == 0
    assert "名簿 1 件は、前の鍵とともに削除しました" in answer.out
    assert before.items() <= desk.state().items()
    assert len(before) == 2
    assert [ref.id for ref in snapshot.published(desk.home)] == [f"{second}-k1"]
    assert [path.name for path in desk.home.vault.iterdir()] == [f"{second}-k1"]


def test_where_the_current_snapshot_is_of_another_format_it_is_ingested_first(desk):
    as_of_another_format(desk, snapshot.current(desk.home).id)
    before = desk.state()
    answer = desk.enter("keys", "rotate")

    assert "この版の workbench ingest で取り込み直してください" in answer.err
    assert desk.state() == before
    assert desk.ingest().code == 0
    assert desk.enter("keys", "rotate").code == 0


def test_a_disk_that_does_not_confirm_the_new_key_file_is_said_and_the_rotation_finished(desk, monkeypatch):
    old = open_keys(desk.home)
    monkeypatch.setattr(changes, "sync_folder", refuse)
    answer = desk.enter("keys", "rotate")
    monkeypatch.undo()

    assert "鍵ファイルは新しいものに替わっています" in answer.err
    assert "何も変更していません" not in answer.err
    assert open_keys(desk.home).key_id != old.key_id
    assert whole(desk.home, open_keys(desk.home))


def test_nothing_of_the_old_key_goes_before_the_new_key_file_is_on_the_disk(desk, monkeypatch):
    people = whole(desk.home, open_keys(desk.home))
    monkeypatch.setattr(changes, "sync_folder", refuse)
    monkeypatch.setattr(rotation, "sync_folder", lambda folder: refuse() if folder == desk.home.keys else None)
    monkeypatch.setattr(rotation, "_note", lambda home, pending, note=rotation._note: noted(note, home, pending))
    before = [path.name for path in desk.home.vault.iterdir()]
    answer = desk.enter("keys", "rotate")
    monkeypatch.undo()

    assert "次に鍵を開けるコマンドが" in answer.err
    assert set(before) < {path.name for path in desk.home.vault.iterdir()}
    assert desk.enter("request", desk.passphrase_file, "--purpose", "勧奨").code == 0
    assert whole(desk.home, open_keys(desk.home)).keys() == people.keys()


def noted(note, home, pending):
    with suppress(OSError):  # of the folder; the file is there
        note(home, pending)


def refuse(*_):
    raise OSError(errno.EIO, "the disk does not confirm")


def test_a_damaged_vault_stops_the_rotation_and_everything_stands(desk):
    before = desk.state()
    path = max(desk.home.vault.glob("*/register.parquet"))
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    answer = desk.enter("keys", "rotate")
    path.write_bytes(content)

    assert "壊れているか、鍵が違います" in answer.err
    changed = {name for name, digest in desk.state().items() if before.get(name) != digest}
    assert changed == {"registers/ledger.jsonl"}
    assert before.keys() == desk.state().keys()


KILLED = """
import os, shutil, signal, sys
from datetime import datetime
from pathlib import Path
from workbench import keys
from workbench.ingest import rotation
from workbench.settings import Home
home, events, words, how = Home(Path(sys.argv[1])), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
WATCHED = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.link", "shutil.rmtree"}
left, switch = [events], []
def watch(event, arguments):
    if event in WATCHED and str(home.root) in str(arguments[0]):
        left[0] -= 1
        if event == "os.rename" and str(arguments[1]).endswith(keys.KEY_FILE):
            switch.append(events - left[0])
        if left[0] == 0:
            os.kill(os.getpid(), how)
master = keys.unlock(home.keys, passphrase=words)
sys.addaudithook(watch)
rotation.rotate(home, master, at=datetime.fromisoformat("2026-12-01T09:00:00+09:00"))
print(*switch, events - left[0])
"""


def kill_at(home, events, how=signal.SIGKILL):
    """Rotate in a process that gets a signal at its `events`-th step on files; return its exit code and output."""
    words = [sys.executable, "-c", KILLED, str(home.root), str(events), PASSPHRASE, str(int(how))]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    return done.returncode, done.stdout.strip()


@pytest.fixture(scope="module")
def steps(loaded, tmp_path_factory):
    """The step at which the key file is replaced, and the last one, of a rotation that nothing disturbs."""
    base = shutil.copytree(loaded.base, tmp_path_factory.mktemp("undisturbed") / "desk")
    code, printed = kill_at(Desk(base).home, 100_000)
    assert code == 0
    return tuple(map(int, printed.split()))


def check_kills(loaded, folder, steps, how=signal.SIGKILL):
    home, outcomes = Desk(loaded.base).home, set()
    before = whole(home, open_keys(home))
    for step in steps:
        shutil.copytree(loaded.base, folder / str(step))
        desk = Desk(folder / str(step))
        code, _ = kill_at(desk.home, step, how)
        assert code == -how, step
        master = open_keys(desk.home)
        rotation.settle(desk.home, master)
        after = whole(desk.home, master)
        is_new = not set(before.values()) & set(after.values())
        assert is_new or before == after
        assert is_new == (master.key_id != open_keys(home).key_id)
        assert desk.enter("ledger", "verify").code == 0
        outcomes.add(is_new)
        shutil.rmtree(folder / str(step))
    return outcomes


def test_killed_at_any_step_it_is_old_or_new(loaded, tmp_path, steps):
    _, last = steps

    assert check_kills(loaded, tmp_path, [last // 2, last - 12, last - 2]) == {
        True,
        False,
    }


def test_interrupted_by_the_clerk_while_the_key_file_is_replaced_it_is_old_or_new(loaded, tmp_path, steps):
    switch, _ = steps

    assert check_kills(loaded, tmp_path, [switch, switch + 1], signal.SIGINT) == {True, False}


def test_a_key_opened_before_it_was_replaced_does_not_undo_a_rotation(desk, steps):
    switch, _ = steps
    old = open_keys(desk.home)
    assert kill_at(desk.home, switch + 1) == (-signal.SIGKILL, "")
    rotation.settle(desk.home, old)

    assert whole(desk.home, open_keys(desk.home))


def test_a_rotation_killed_within_its_entry_is_finished(desk, steps):
    switch, _ = steps
    kill_at(desk.home, switch + 1)
    with (desk.home.registers / "ledger.jsonl").open("ab") as book:
        book.write(b'{"action":"keys_rota')

    assert desk.enter("request", desk.passphrase_file, "--purpose", "勧奨").code == 0
    assert whole(desk.home, open_keys(desk.home))
    assert desk.enter("ledger", "verify").code == 0


@pytest.mark.soak
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=lambda how: how.name)
def test_stopped_at_every_step_it_is_old_or_new(loaded, tmp_path, steps, how):
    _, last = steps

    assert check_kills(loaded, tmp_path, itertools.islice(itertools.count(1), last), how) == {True, False}
