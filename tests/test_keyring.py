"""The commands on keys: every change of who may open them is an entry first, and destruction is for ever."""

import fcntl
import json
import re
import shutil
from datetime import datetime

import pytest

from tests.desk import APPROVER_PASSPHRASE, LOCK, PASSPHRASE, Desk
from workbench import keys, snapshot
from workbench.cli.keyring import _enter
from workbench.errors import VaultError
from workbench.keys import changes
from workbench.vault import Vault


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp("loaded")).make_keys()
    assert desk.ingest().code == 0
    return desk


@pytest.fixture
def desk(loaded, tmp_path):
    return Desk(shutil.copytree(loaded.base, tmp_path / "desk"))


def lines(desk):
    return [json.loads(line) for line in (desk.home.registers / "ledger.jsonl").read_bytes().splitlines()]


def test_adding_and_removing_an_officer_are_entries_signed_by_who_did_it(desk):
    second = desk.second_officer()
    first = keys.status(desk.home.keys).officers[0]
    assert "担当者 担当者 を外しました" in desk.enter("keys", "remove", "担当者", "--passphrase-file", second).out
    *_, added, removed = lines(desk)

    assert (added["action"], added["actor"], added["signer"]) == ("officer_added", "担当者", first.key)
    assert (removed["action"], removed["actor"], removed["subject"]["key"]) == ("officer_removed", "課長", first.key)
    assert desk.enter("ledger", "verify").code == 0
    assert re.search(r"officer_removed  課長（署名 課長 k[0-9a-f]{16}）", desk.enter("ledger", "list").out)
    assert "パスフレーズが違います" in desk.enter("keys", "rotate").err


def test_status_names_officers_and_warns_of_a_single_one(desk):
    alone = desk.enter("keys", "status").out
    desk.second_officer()
    both = desk.enter("keys", "status").out

    assert "2人目を登録してください" in alone
    assert re.findall(r"^  (\S+)  署名 k[0-9a-f]{16}", both, re.MULTILINE) == ["担当者", "課長"]
    assert "2人目を" not in both


def destroy(desk):
    return desk.enter("keys", "destroy", "--key-id", keys.status(desk.home.keys).key_id)


def test_after_destruction_no_vault_opens_and_the_ledger_says_so(desk):
    current = snapshot.current(desk.home).id
    copy = shutil.copytree(desk.home.vault / current, desk.base / current)  # a backup of the vault, without keys
    answer = destroy(desk)
    last = lines(desk)[-1]

    assert (answer.code, last["action"], last["counts"]) == (0, "keys_destroyed", {"vaults": 1})
    assert list(desk.home.keys.iterdir()) == []
    assert "鍵は破棄されています" in desk.enter("keys", "status").out
    assert desk.enter("ledger", "verify").code == 0
    assert desk.enter("keys", "init", "--officer", "次の担当者").code == 0
    fresh = keys.unlock(desk.home.keys, passphrase=PASSPHRASE)
    assert not desk.home.vault.exists()
    with pytest.raises(VaultError, match="壊れているか、鍵が違います"):
        Vault(copy, fresh.derive("vault")).verify()
    assert desk.ingest().code == 0
    assert desk.enter("ledger", "verify").code == 0


def test_analysts_need_no_key_not_even_after_destruction(desk):
    before = desk.persons()
    destroy(desk)

    assert desk.persons() == before == 3
    assert desk.enter("snapshots").code == 0


def test_the_wrong_number_destroys_nothing(desk):
    before = desk.state()

    assert "何も破棄していません" in desk.enter("keys", "destroy", "--key-id", "0" * 16).err
    assert desk.state() == before


def test_a_destruction_killed_behind_its_entry_is_finished_without_a_second_one(desk, monkeypatch):
    before = (desk.home.keys / keys.KEY_FILE).read_bytes()
    destroy(desk)
    (desk.home.keys / keys.KEY_FILE).write_bytes(before)  # as if it had been killed before the file was gone
    count = len(lines(desk))
    monkeypatch.chdir(desk.base)

    assert destroy(desk).code == 0
    assert not (desk.home.keys / keys.KEY_FILE).exists()
    assert len(lines(desk)) == count


@pytest.mark.parametrize(
    "words", ["add 課長 --new-passphrase-file {file}", "remove 担当者", "rotate", "destroy --key-id {id}"]
)
def test_while_another_change_is_under_way_keys_and_ledger_stay(desk, words):
    second = desk.second_officer()
    identity, before = keys.status(desk.home.keys).key_id, desk.state()
    with (desk.home.snapshots / LOCK).open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        answer = desk.enter("keys", *words.format(file=second, id=identity).split())

    assert "別の取り込みが動いています" in answer.err
    assert desk.state() == before


def test_an_officer_killed_in_the_making_is_added_by_trying_again(desk):
    master = keys.unlock(desk.home.keys, passphrase=PASSPHRASE)
    at = snapshot.current(desk.home).manifest["built_at"]
    when = datetime.fromisoformat(at)
    change = changes.add_officer(desk.home.keys, master, officer="課長", passphrase=APPROVER_PASSPHRASE, at=when)
    _enter(desk.home, master, "officer_added", change, purpose="追加", at=when)  # killed before the key file

    assert desk.second_officer().exists()
    assert desk.enter("ledger", "verify").code == 0
