import copy
import json
import pickle
import stat
from datetime import datetime

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import keys
from workbench.errors import KeyFileError, PassphraseError, StorageError
from workbench.keys import changes, keyfile
from workbench.signatures import is_signed

AT = datetime.fromisoformat("2026-11-04T09:00:00+09:00")
LOW_N = 2**12  # quick; only tests ask for less than MIN_SCRYPT_N
WORDS = "correct horse battery"


@pytest.fixture
def folder(tmp_path):
    keys.init(tmp_path / "keys", officer="hanako", passphrase=WORDS, at=AT, scrypt_n=LOW_N)
    return tmp_path / "keys"


def unlock(folder, passphrase=WORDS, officer=None):
    return keys.unlock(folder, officer=officer, passphrase=passphrase, min_scrypt_n=LOW_N)


def test_unlocking_twice_gives_the_same_keys(folder):
    assert unlock(folder).derive("vault") == unlock(folder, officer="hanako").derive("vault")


def test_two_installations_share_no_key(folder, tmp_path):
    keys.init(tmp_path / "other", officer="hanako", passphrase=WORDS, at=AT, scrypt_n=LOW_N)

    assert unlock(folder).derive("vault") != unlock(tmp_path / "other").derive("vault")


def test_each_purpose_has_its_own_key():
    purposes = ["vault", "pseudonym:followup", "pseudonym:research", "household:followup"]
    master = keys.MasterKey("id", bytes(32))

    assert len({master.derive(purpose) for purpose in purposes}) == len(purposes)
    assert master.derive("vault") == HKDF(SHA256(), 32, salt=None, info=b"vault").derive(bytes(32))


def test_full_width_passphrase_is_the_same_passphrase(folder):
    full_width = "".join(chr(ord(c) + 0xFEE0) if c != " " else "\u3000" for c in WORDS)

    assert unlock(folder, full_width).derive("vault") == unlock(folder).derive("vault")


@pytest.mark.parametrize(
    ("passphrase", "officer"), [("correct horse batterY", "hanako"), ("", None), (WORDS, "taro"), (WORDS, "")]
)
def test_wrong_passphrase_or_officer_is_refused_without_telling_which(folder, passphrase, officer):
    with pytest.raises(PassphraseError, match=r"^担当者またはパスフレーズが違います") as caught:
        unlock(folder, passphrase, officer)

    assert caught.value.__context__ is None


def test_existing_keys_are_never_overwritten(folder):
    before = (folder / keys.KEY_FILE).read_bytes()

    with pytest.raises(KeyFileError, match="すでにあります"):
        keys.init(folder, officer="taro", passphrase=WORDS, at=AT, scrypt_n=LOW_N)

    assert (folder / keys.KEY_FILE).read_bytes() == before


def test_a_key_file_that_appears_meanwhile_is_not_overwritten(folder):
    with pytest.raises(KeyFileError, match="すでにあります"):
        keys._create(folder, keys.KEY_FILE, b"late")

    assert unlock(folder)
    assert [path.name for path in folder.iterdir()] == [keys.KEY_FILE]


def test_missing_keys_say_how_to_make_them(tmp_path):
    with pytest.raises(KeyFileError, match="workbench keys init"):
        unlock(tmp_path)


@pytest.mark.parametrize(("passphrase", "officer"), [("elevenchars", "hanako"), (WORDS, ""), (WORDS, "x" * 65)])
def test_init_refuses_a_short_passphrase_and_a_nameless_officer(tmp_path, passphrase, officer):
    with pytest.raises(PassphraseError, match="12文字以上"):
        keys.init(tmp_path / "keys", officer=officer, passphrase=passphrase, at=AT, scrypt_n=LOW_N)

    assert not (tmp_path / "keys").exists()


def test_files_and_folder_are_private_even_if_the_folder_was_not(tmp_path):
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o777)
    passphrase = keys.write_demo_passphrase(folder)
    keys.init(folder, officer="demo", passphrase=passphrase, at=AT, scrypt_n=LOW_N)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {
        keys.KEY_FILE: 0o600,
        keys.DEMO_PASSPHRASE: 0o600,
    }


def test_unwritable_folder_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")

    with pytest.raises(StorageError, match="鍵は作っていません"):
        keys.init(tmp_path / "file" / "keys", officer="hanako", passphrase=WORDS, at=AT, scrypt_n=LOW_N)


def test_flip_of_any_byte_is_found_without_the_passphrase(folder):
    path = folder / keys.KEY_FILE
    whole = path.read_bytes()
    for place in range(len(whole)):
        for bit in (place % 5, 5 + place % 3):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
            with pytest.raises(KeyFileError, match="壊れて"):
                unlock(folder)


def test_truncation_anywhere_and_a_longer_file_are_found(folder):
    path = folder / keys.KEY_FILE
    whole = path.read_bytes()
    for content in [*(whole[:size] for size in range(len(whole))), whole + b"\n", b"\xff\xfe", b"[]", b"[" * 100_000]:
        path.write_bytes(content)
        with pytest.raises(KeyFileError, match="壊れて"):
            keys.check(folder)


def forge(folder, change):
    """Change the key file as an attacker would: everything anyone can compute is computed anew."""
    path = folder / keys.KEY_FILE
    content = json.loads(path.read_bytes())
    change(content, content["wraps"][0])
    file = keyfile.KeyFile.model_validate_json(json.dumps(content))
    path.write_bytes(file.model_copy(update={"checksum": file.sum()}).to_bytes())


FORGERIES = {
    "another officer": (lambda _, wrap: wrap.update(officer="taro"), PassphraseError),
    "another date": (lambda _, wrap: wrap.update(created_at="2020-01-01T00:00:00+09:00"), PassphraseError),
    "another key id": (lambda file, _: file.update(key_id="00" * 8), PassphraseError),
    "another salt": (lambda _, wrap: wrap.update(salt="00" * 16), PassphraseError),
    "impossible nonce": (lambda _, wrap: wrap.update(nonce="00"), PassphraseError),
    "other private keys": (lambda _, wrap: wrap.update(private_keys="00" * 80), PassphraseError),
    "another master key": (lambda _, wrap: wrap.update(master="00" * 48), PassphraseError),
    "another signing key": (lambda _, wrap: wrap.update(signing_key="00" * 32), PassphraseError),
    "another sealing key": (lambda _, wrap: wrap.update(sealing_key="00" * 32), PassphraseError),
    "another ephemeral key": (lambda _, wrap: wrap.update(ephemeral_key="09" + "00" * 31), PassphraseError),
    "dearer scrypt": (lambda _, wrap: wrap["kdf"].update(n=2 * LOW_N), PassphraseError),
    "scrypt below the minimum": (lambda _, wrap: wrap["kdf"].update(n=2), KeyFileError),
    "scrypt that stops the machine": (lambda _, wrap: wrap["kdf"].update(n=2**30), KeyFileError),
    "scrypt not a power of two": (lambda _, wrap: wrap["kdf"].update(n=LOW_N + 1), KeyFileError),
    "another MAC": (lambda file, _: file.update(mac="00" * 32), KeyFileError),
    "a wrap slipped in": (lambda file, wrap: file["wraps"].append(wrap | {"officer": "mallory"}), KeyFileError),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_header_does_not_open(folder, name):
    change, error = FORGERIES[name]
    forge(folder, change)

    with pytest.raises(error):
        unlock(folder)


def test_the_default_minimum_refuses_a_weak_file(folder):
    with pytest.raises(KeyFileError, match="scrypt"):
        keys.unlock(folder, passphrase=WORDS)


def test_the_default_cost_passes_the_default_minimum(tmp_path):
    keys.init(tmp_path, officer="hanako", passphrase=WORDS, at=AT)

    assert keys.unlock(tmp_path, passphrase=WORDS).derive("vault")


def test_the_key_shows_itself_nowhere():
    secret = b"\xabcanary-of-thirty-two-bytes-long!"
    master = keys.MasterKey("0123", secret)

    shown = f"{master!r} {master} {master.__dir__()}"
    assert "canary" not in shown
    assert not hasattr(master, "__dict__")
    for leave in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="pickled or copied"):
            leave(master)


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=12, max_size=40))
def test_any_passphrase_opens_what_it_closed(tmp_path_factory, passphrase):
    folder = tmp_path_factory.mktemp("keys")
    keys.init(folder, officer="hanako", passphrase=passphrase, at=AT, scrypt_n=LOW_N)

    assert unlock(folder, passphrase)


def test_demo_passphrase_opens_the_demo_keys_and_is_kept(tmp_path):
    passphrase = keys.write_demo_passphrase(tmp_path)

    assert keys.write_demo_passphrase(tmp_path) == passphrase  # an interrupted run goes on
    keys.init(tmp_path, officer="demo", passphrase=passphrase, at=AT, scrypt_n=LOW_N)
    assert (tmp_path / keys.DEMO_PASSPHRASE).read_text(encoding="utf-8") == f"{passphrase}\n"
    assert unlock(tmp_path, passphrase)
    with pytest.raises(KeyFileError, match="すでにあります"):
        keys.write_demo_passphrase(tmp_path)


# ---------------------------------------------------------------- officers

OTHER = "staple battery horse"


def add(folder, name="taro", words=OTHER):
    change = changes.add_officer(folder, unlock(folder), officer=name, passphrase=words, at=AT, scrypt_n=LOW_N)
    changes.put(folder, change.content)
    return change


def wraps(folder):
    return {wrap["officer"]: wrap for wrap in json.loads((folder / keys.KEY_FILE).read_bytes())["wraps"]}


def test_another_officer_opens_the_same_keys_and_nothing_else_is_wrapped_anew(folder):
    before = wraps(folder)["hanako"]
    add(folder)

    assert unlock(folder, OTHER).derive("vault") == unlock(folder).derive("vault")
    assert wraps(folder)["hanako"] == before


def test_each_officer_signs_with_a_key_of_her_own(folder):
    change = add(folder)
    hanako, taro = unlock(folder).signer, unlock(folder, OTHER).signer

    assert (hanako.officer, taro.officer) == ("hanako", "taro")
    assert taro.public_key == change.officer.public_key != hanako.public_key
    assert is_signed(b"x", by=taro.public_key, signature=taro.sign(b"x"))
    assert not is_signed(b"x", by=hanako.public_key, signature=taro.sign(b"x"))


def test_a_removed_officer_opens_nothing_and_the_other_still_does(folder):
    add(folder)
    master = unlock(folder)
    change = changes.remove_officer(folder, master, officer="taro")
    changes.put(folder, change.content)

    assert change.officer.name == "taro"
    assert unlock(folder).derive("vault") == master.derive("vault")
    with pytest.raises(PassphraseError):
        unlock(folder, OTHER)


@pytest.mark.parametrize(("name", "says"), [("hanako", "最後の担当者は外せません"), ("jiro", "登録されていません")])
def test_the_last_officer_and_a_stranger_cannot_be_removed(folder, name, says):
    with pytest.raises(KeyFileError, match=says):
        changes.remove_officer(folder, unlock(folder), officer=name)


@pytest.mark.parametrize("name", ["hanako", "Hanako", "ｈａｎａｋｏ", "hana ko", "hanako\ufe00", "hana\u3164ko"])
def test_a_name_is_given_once_however_it_is_spelt(folder, name):
    with pytest.raises(KeyFileError, match="すでに登録されています"):
        add(folder, name=name)


@pytest.mark.parametrize("words", [WORDS, WORDS.replace("c", "\uff43")])
def test_a_passphrase_belongs_to_one_officer_or_her_signature_would_be_anothers(folder, words):
    with pytest.raises(PassphraseError, match="このパスフレーズは使えません"):
        add(folder, words=words)


def test_a_new_master_key_opens_for_everybody_with_the_old_passphrases(folder):
    add(folder)
    old = unlock(folder)
    fresh, change = changes.new_master(folder, old, at=AT)
    before = wraps(folder)
    changes.put(folder, change.content)

    assert unlock(folder).derive("vault") == unlock(folder, OTHER).derive("vault") == fresh.derive("vault")
    assert fresh.derive("vault") != old.derive("vault")
    assert fresh.key_id != old.key_id
    for name, wrap in wraps(folder).items():
        assert wrap["private_keys"] == before[name]["private_keys"]
        assert wrap["master"] != before[name]["master"]


def test_who_was_removed_does_not_open_the_key_made_after(folder):
    add(folder)
    with_taro = (folder / keys.KEY_FILE).read_bytes()
    changes.put(folder, changes.remove_officer(folder, unlock(folder), officer="taro").content)
    fresh, change = changes.new_master(folder, unlock(folder), at=AT)
    changes.put(folder, change.content)

    with pytest.raises(PassphraseError):
        unlock(folder, OTHER)
    (folder / keys.KEY_FILE).write_bytes(with_taro)  # he kept a copy: it opens the old key only
    assert unlock(folder, OTHER).derive("vault") != fresh.derive("vault")


def test_a_change_meanwhile_is_not_overwritten(folder):
    stale = unlock(folder)
    changes.put(folder, changes.new_master(folder, stale, at=AT)[1].content)

    with pytest.raises(KeyFileError, match="入れ替わりました"):
        changes.new_master(folder, stale, at=AT)


def test_the_status_needs_no_passphrase(folder):
    add(folder)
    state = keys.status(folder)

    assert [officer.name for officer in state.officers] == ["hanako", "taro"]
    assert state.officers[1].key == unlock(folder, OTHER).signer.key


def test_destroyed_keys_are_gone_with_every_file_beside_them(folder):
    (folder / keys.DEMO_PASSPHRASE).write_text(WORDS, encoding="ascii")
    inode = (folder / keys.KEY_FILE).open("rb")
    with inode:
        assert changes.destroy(folder) == 2
        assert set(inode.read()) == {0}  # overwritten before it was removed

    assert list(folder.iterdir()) == []
    with pytest.raises(KeyFileError, match="keys init"):
        unlock(folder)


def test_a_key_file_of_the_earlier_form_names_the_cure(folder):
    path = folder / keys.KEY_FILE
    path.write_text('{"version": 1, "key_id": "00"}', encoding="utf-8")

    with pytest.raises(KeyFileError, match=r"前の版の形式.*workbench keys init から始めて"):
        unlock(folder)
