import stat
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.officers import approved, hers
from tests.tables import rows
from workbench.errors import ApprovalError, LedgerError, ListError, StorageError, VaultError
from workbench.vault import REGISTER, REGISTER_FILE, SEAL_FILE, Approval, Vault

AT = datetime.fromisoformat("2026-11-04T09:00:00+09:00")
KEY = bytes(range(32))
SNAPSHOT = "20261101-20261104T090000"
CANARY = "髙﨑カナリア"

HOUSEHOLDS = rows("""
    person_id | household_id | protected | protected_household | case
    -5        | 1            |           |                     | nobody protected at home
    3         | 2            | yes       |                     | protected
    4         | 2            |           | yes                 | child of the protected
    1         | 3            | yes       |                     | protected, alone
    9         |              |           |                     | no household on record
    6         |              | yes       |                     | protected, no household on record
    8         | 4            | yes       | yes                 | both protected
    7         | 4            | yes       | yes                 | both protected
""")


def register(people=HOUSEHOLDS, **changes):
    """Make a register of the people in the table; every name holds the canary."""
    defaults = dict.fromkeys(REGISTER.names) | {
        "kana": "カナリア",
        "birth_date": date(2020, 2, 29),
        "sex": "F",
        "address": f"{CANARY}町1番地",
        "phone": "0999001234",
        "residency": "resident",
        "is_foreign": False,
        "mail_returned": False,
    }
    made = [
        defaults
        | {
            "person_id": int(person["person_id"]),
            "atena_number": 10**14 + place,
            "household_id": person["household_id"] and int(person["household_id"]),
            "name": f"{CANARY}{place}",
            "protected": bool(person["protected"]),
            "protected_household": bool(person["protected_household"]),
        }
        for place, person in enumerate(people)
    ]
    return pa.Table.from_pylist([row | changes for row in made], schema=REGISTER)


@pytest.fixture
def vault(tmp_path):
    vault = Vault(tmp_path / "vault" / SNAPSHOT, KEY)
    vault.write(register())
    return vault


@pytest.fixture
def ledger(tmp_path):
    return hers(tmp_path / "ledger.jsonl")


def reveal(vault, ledger, person_ids, **changes):
    """Reveal with an approval of its own for a list of its own, unless the test brings one."""
    if "approval" not in changes:
        changes["approval"] = approval(ledger)
    subject = {"slot": "MR2-1", "list_sha256": getattr(changes["approval"], "file_sha256", "0" * 64)}
    facts = {"ledger": ledger, "at": AT, "subject": subject | changes.pop("subject", {})} | changes
    return vault.reveal(person_ids, **facts)


def approval(ledger):
    file = ledger.path.with_name("list.csv")
    file.write_text(f"list {len(uses(ledger))}", encoding="utf-8")
    return approved(ledger, file)


def uses(ledger):
    return [entry for entry in ledger.entries() if entry.action == "reveal"]


def test_what_was_written_comes_back_by_person_id(vault, ledger):
    revealed = reveal(vault, ledger, [9, -5])

    assert revealed.rows.equals(register().filter(pa.compute.is_in(register()["person_id"], pa.array([-5, 9]))))
    assert revealed.rows["person_id"].to_pylist() == [-5, 9]
    assert revealed.rows["name"].to_pylist() == [f"{CANARY}0", f"{CANARY}4"]
    assert revealed.rows.schema.equals(REGISTER)


def test_protected_persons_and_their_household_never_leave(vault, ledger):
    revealed = reveal(vault, ledger, [-5, 3, 4, 1, 9, 6, 8, 7, 100])

    assert revealed.rows["person_id"].to_pylist() == [-5, 9]
    assert revealed.withheld == {"protected": 5, "protected_household": 1}
    assert revealed.unknown == 1


def test_every_use_is_one_ledger_entry(vault, ledger):
    reveal(vault, ledger, [-5, 3, 4, 100])
    reveal(vault, ledger, [])

    first, second = uses(ledger)
    assert (first.action, first.actor, first.purpose, first.approved_by) == (
        "reveal",
        "勧奨 花子",
        "MR第2期の勧奨",
        "課長 太郎",
    )
    given = next(entry for entry in ledger.entries() if entry.action == "approved")
    assert first.subject == {
        "slot": "MR2-1",
        "register": SNAPSHOT,
        "approval": given.subject["approval"],
        "list_sha256": given.subject["file_sha256"],
    }
    assert first.counts == {"requested": 4, "revealed": 1, "protected": 1, "protected_household": 1, "unknown": 1}
    assert set(second.counts.values()) == {0}
    assert first.at == AT.isoformat()


def test_an_id_asked_for_twice_counts_once(vault, ledger):
    revealed = reveal(vault, ledger, [9, 9, 3, 3, 100, 100])

    assert (len(revealed.rows), revealed.withheld["protected"], revealed.unknown) == (1, 1, 1)


@pytest.mark.parametrize("ids", [np.array([9]), pa.array([9]), (9,), range(9, 10)], ids=lambda ids: type(ids).__name__)
def test_ids_come_in_any_sequence(vault, ledger, ids):
    assert len(reveal(vault, ledger, ids).rows) == 1


@pytest.mark.parametrize("ids", [[None], ["p0000000000000009"], [2**63], [1.0], np.array([9.0]), [True], 9, None])
def test_ids_that_are_none_are_refused(vault, ledger, ids):
    with pytest.raises(ListError, match="person_id でないもの") as caught:
        reveal(vault, ledger, ids)

    assert caught.value.__context__ is None
    assert uses(ledger) == []


APPROVALS = rows("""
    case                          | purpose | requested_by | approved_by | match
    no purpose                    |         | a            | b           | 目的
    blank purpose                 | _       | a            | b           | 目的
    nobody asks                   | p       |              | b           | 申請者
    nobody approves               | p       | a            |             | 承認者
    blank approval                | p       | a            | _           | 承認者
    one person                    | p       | a            | a           | 同じ人
    one person in capitals        | p       | Hanako       | hanako      | 同じ人
    one person in full width      | p       | ＨＡＮＡＫＯ | hanako      | 同じ人
    one person, other spaces      | p       | 勧奨 花子    | 勧奨花子    | 同じ人
""")


@pytest.mark.parametrize("case", APPROVALS, ids=lambda case: case["case"])
def test_an_approval_needs_a_purpose_and_two_persons(case):
    parts = [(case[name] or "").replace("_", "\u3000") for name in ("purpose", "requested_by", "approved_by")]

    with pytest.raises(ApprovalError, match=case["match"]):
        Approval(*parts)


class Pretended:
    purpose, requested_by, approved_by = "p", "a", "a"


@pytest.mark.parametrize("approval", [None, Pretended()])
def test_without_approval_nothing_is_even_opened(tmp_path, ledger, approval):
    no_vault = Vault(tmp_path / "vault" / "none", KEY)

    with pytest.raises(ApprovalError, match="承認がありません"):
        reveal(no_vault, ledger, [9], approval=approval)

    assert not ledger.path.exists()


def test_what_cannot_be_entered_is_not_revealed(vault, ledger):
    with pytest.raises(LedgerError):
        reveal(vault, ledger, [9], subject={"name": CANARY})

    assert uses(ledger) == []


def test_names_do_not_show_in_a_repr_and_keys_not_in_the_vault(vault, ledger):
    revealed = reveal(vault, ledger, [9])

    assert CANARY not in repr(revealed)
    assert repr(KEY)[2:-1] not in repr(vault)


def test_no_clear_text_in_any_file(vault):
    words = [CANARY, "カナリア", "0999001234", "resident", "household", "支援措置"]
    for path in vault.folder.iterdir():
        content = path.read_bytes()
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "cp932"):
            assert not [word for word in words if word.encode(encoding, "ignore") in content]
        assert (10**14).to_bytes(8, "little") not in content


def test_files_are_private(vault):
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in vault.folder.iterdir()}

    assert modes == {REGISTER_FILE: 0o600, SEAL_FILE: 0o600}
    assert stat.S_IMODE(vault.folder.stat().st_mode) == 0o700


def damaged():
    return pytest.raises(VaultError, match=r"^保管庫 .*が壊れているか、鍵が違います。.*個人情報は開いていません。$")


def test_flip_of_a_byte_anywhere_is_found(vault, ledger):
    leave = approval(ledger)
    for name in (REGISTER_FILE, SEAL_FILE):
        path = vault.folder / name
        whole = path.read_bytes()
        for place in range(0, len(whole), 3):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
            with damaged() as caught:
                reveal(vault, ledger, [9], approval=leave)
            assert caught.value.__context__ is None
        path.write_bytes(whole)

    assert uses(ledger) == []
    assert vault.verify() == len(HOUSEHOLDS)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_random_damage_is_found(tmp_path_factory, data):
    vault = Vault(tmp_path_factory.mktemp("vault") / SNAPSHOT, KEY)
    vault.write(register())
    path = vault.folder / data.draw(st.sampled_from([REGISTER_FILE, SEAL_FILE]))
    whole = path.read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    other = whole[:start] + data.draw(st.binary(max_size=64)) + whole[end:]
    path.write_bytes(other)

    if other == whole:
        assert vault.verify() == len(HOUSEHOLDS)
        return
    with damaged():
        vault.verify()


def test_another_key_does_not_open(vault, ledger):
    with damaged():
        reveal(Vault(vault.folder, bytes(32)), ledger, [9])


def test_pages_are_sealed_under_the_wrapped_keys_too(vault, tmp_path):
    other = Vault(tmp_path / "other" / SNAPSHOT, bytes(32))
    other.write(register())
    forged = Vault(vault.folder, KEY)
    (vault.folder / REGISTER_FILE).write_bytes((other.folder / REGISTER_FILE).read_bytes())
    with (vault.folder / REGISTER_FILE).open("rb") as file:  # a seal that fits, over pages of another key
        (vault.folder / SEAL_FILE).write_bytes(forged._seal(file))

    with pytest.raises(VaultError, match="を読めません") as caught:
        forged.verify()
    assert caught.value.__context__ is None


def test_a_register_of_another_snapshot_does_not_pass(vault, ledger):
    newer = Vault(vault.folder.with_name("20261201-20261204T090000"), KEY)
    newer.write(register())
    for name in (REGISTER_FILE, SEAL_FILE):
        (newer.folder / name).write_bytes((vault.folder / name).read_bytes())

    with damaged():
        reveal(newer, ledger, [9])


@pytest.mark.parametrize("name", [REGISTER_FILE, SEAL_FILE])
def test_a_missing_file_is_named_as_missing(vault, ledger, name):
    (vault.folder / name).unlink()

    with pytest.raises(VaultError, match=r"がないか、ファイルが欠けています.*個人情報は開いていません"):
        reveal(vault, ledger, [9])


def blanked(table, name):
    values = pa.array([None, *table[name].to_pylist()[1:]], REGISTER.field(name).type)
    return table.set_column(table.schema.get_field_index(name), name, values)


def opened(table):
    return table.set_column(
        table.schema.get_field_index("protected_household"), "protected_household", pa.array([False] * len(table))
    )


UNFIT = {
    "a column more": (lambda table: table.append_column("mynumber", table["name"]), "列の名前か型"),
    "a column less": (lambda table: table.drop_columns("kana"), "列の名前か型"),
    "another type": (lambda table: table.set_column(0, "person_id", table["person_id"].cast("string")), "列の名前か型"),
    "a column twice": (lambda table: table.append_column("name", table["name"]), "列の名前か型"),
    "a person twice": (lambda table: pa.concat_tables([table, table.slice(0, 1)]), "2行以上"),
    "no name": (lambda table: blanked(table, "name"), "name が空"),
    "unknown protection": (lambda table: blanked(table, "protected"), "protected が空"),
    "household left open": (opened, "支援措置の対象者と同じ世帯"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_an_unfit_register_is_refused_whole(tmp_path, name):
    change, reason = UNFIT[name]
    vault = Vault(tmp_path / "vault" / SNAPSHOT, KEY)

    with pytest.raises(VaultError, match=rf"{reason}.*何も書き込んでいません") as caught:
        vault.write(change(register()))

    assert CANARY not in str(caught.value)
    assert not vault.folder.parent.exists()


def test_columns_in_another_order_and_chunks_are_fine(tmp_path, ledger):
    table = register().select(REGISTER.names[::-1])
    vault = Vault(tmp_path / "vault" / SNAPSHOT, KEY)

    assert vault.write(pa.concat_tables([table.slice(3), table.slice(0, 3)])) == len(table)
    assert reveal(vault, ledger, [9]).rows.schema.equals(REGISTER)


def test_an_empty_register_can_be_written_and_asked(tmp_path, ledger):
    vault = Vault(tmp_path / SNAPSHOT, KEY)

    assert vault.write(register([])) == 0
    assert reveal(vault, ledger, [9]).unknown == 1


def test_a_register_is_never_overwritten(vault):
    before = (vault.folder / REGISTER_FILE).read_bytes()

    with pytest.raises(VaultError, match="すでにあります"):
        vault.write(register())

    assert (vault.folder / REGISTER_FILE).read_bytes() == before


def test_what_a_killed_write_left_is_removed_by_the_next(vault):
    left = vault.folder.with_name(".20261001-20261004T090000.partial")
    left.mkdir()
    (left / REGISTER_FILE).write_bytes(b"half")
    Vault(vault.folder.with_name("next"), KEY).write(register())

    assert sorted(path.name for path in vault.folder.parent.iterdir()) == [SNAPSHOT, "next"]


def test_an_unwritable_place_is_a_storage_error(tmp_path):
    (tmp_path / "vault").write_text("not a folder", encoding="utf-8")

    with pytest.raises(StorageError, match="保管庫は作っていません"):
        Vault(tmp_path / "vault" / SNAPSHOT, KEY).write(register())


def test_many_row_groups(tmp_path, ledger, monkeypatch):
    monkeypatch.setattr("workbench.vault.ROW_GROUP", 100)
    monkeypatch.setattr("workbench.vault.BATCH", 30)
    person_ids = np.random.default_rng(7).permutation(1050).astype(str)
    people = [dict.fromkeys(HOUSEHOLDS[0]) | {"person_id": person} for person in person_ids]
    vault = Vault(tmp_path / SNAPSHOT, KEY)
    vault.write(register(people))

    revealed = reveal(vault, ledger, range(0, 2000, 7))
    assert revealed.rows["person_id"].to_pylist() == list(range(0, 1050, 7))
    assert revealed.unknown == len(range(0, 2000, 7)) - 150
    assert vault.verify() == 1050
