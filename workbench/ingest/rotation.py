"""Rotation: a new master key, every vault and every pseudonym made anew, atomically old or new.

Reads    the published snapshots and their vaults, the key file
Writes   new snapshots and vaults beside the old ones, the sealed map from old to new pseudonyms, ledger entries
Checks   every row of every table has a new pseudonym, and every vault as many rows as before
Assumes  one writer at a time (the ingest's lock). `rotation.json` beside the keys names what is under way: the key
         file is replaced in one step, and whichever key it then holds says whether `settle` goes on or back. A reader
         of snapshots sees the old ones until then.
"""

import json
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from workbench import keys
from workbench.errors import KeyFileError, StorageError
from workbench.ingest import guards
from workbench.ingest.guards import free_id, only_one, plain_storage_errors
from workbench.keys import MasterKey, changes
from workbench.keys.keyfile import PENDING
from workbench.ledger import Ledger
from workbench.pseudonyms import pseudonyms
from workbench.queries.judging import judge_doses
from workbench.settings import Home, make_folder, sync_folder, write_private
from workbench.snapshot import (
    BUILDING,
    CURRENT,
    SnapshotBuilder,
    SnapshotRef,
    current,
    open_snapshot,
    publish,
    published,
)
from workbench.vault import DRAFT, Vault

MAPS = "pseudonym-maps"
_FROM_THE_BUILDER = ("id", "format_version", "content_digest", "tables", "database_bytes", "database_sha256")
_GOES_ON = "鍵の更新が途中のときは、次に鍵を開けるコマンドが、済ませるか元に戻します。"
_MAP = pa.schema([("old_key_id", pa.string()), ("old", pa.int64()), ("new", pa.int64())])


@dataclass(frozen=True)
class Rotated:
    """What one rotation renewed."""

    old_key_id: str
    new_key_id: str
    snapshots: int
    persons: int  # of all snapshots together
    vaults_left: int  # registers without a snapshot to renew them by, which went with the old key


@dataclass(frozen=True)
class _Pending:
    """What `rotation.json` holds: enough to go on or back, and nothing that identifies anyone."""

    old_key_id: str
    new_key_id: str
    at: str
    snapshots: dict[str, str] = field(default_factory=dict)  # old name -> new name
    persons: int = 0
    vaults_left: list[str] = field(default_factory=list)


def rotate(home: Home, master: MasterKey, *, at: datetime) -> Rotated:
    """Renew the master key, the vaults, the snapshots and the map; disk space for a second copy is needed.

    A register that no snapshot of this format names would be noise under the new key, and goes. A snapshot of another
    format stays as it is: no key leads to its people any more.

    Raises:
        KeyFileError, VaultError, SnapshotError: everything is as it was.
        StorageError: as it was, or new: the next unlock finishes it.
    """
    make_folder(home.snapshots)
    with plain_storage_errors(_GOES_ON), only_one(home):
        _settle(home, master)
        guards.settle(home)
        if (home.snapshots / CURRENT).exists():
            current(home)  # one that this version can read, and so renew
        fresh, change = changes.new_master(home.keys, master, at=at)
        refs = published(home)
        names = _new_names(home, refs)
        pending = _Pending(master.key_id, fresh.key_id, at.isoformat(), names, vaults_left=_vaults_left(home, names))
        _enter(home, master, "rotation_started", pending)
        _note(home, pending)
        try:
            maps = _renew_all(home, refs, pending.snapshots, old=master, new=fresh)
            persons = sum(map(len, maps))
            _seal_map(home, maps, old=master, new=fresh)
            _note(home, _Pending(**(asdict(pending) | {"persons": persons})))
            changes.put(home.keys, change.content)  # from here on it is the new key, whatever happens
        except BaseException:
            _settle(home, master)
            raise
        _settle(home, fresh)
    return Rotated(master.key_id, fresh.key_id, len(refs), persons, len(pending.vaults_left))


def settle(home: Home, master: MasterKey) -> None:
    """Finish a rotation that was killed, or undo it; `master`, old or new, signs. Nothing where there is none."""
    if (home.keys / PENDING).exists():
        with plain_storage_errors(_GOES_ON), only_one(home):
            _settle(home, master)


def read_map(home: Home, master: MasterKey) -> pa.Table:
    """Return old_key_id, old, new: what each pseudonym of an earlier key is now. Empty before the first rotation.

    Raises:
        KeyFileError: the map is damaged, or of another key.
    """
    path = _map_file(home, master.key_id)
    if not path.exists():
        return _MAP.empty_table()
    sealed = path.read_bytes()
    try:
        clear = AESGCM(master.derive("pseudonym-map")).decrypt(sealed[:12], sealed[12:], master.key_id.encode())
    except (InvalidTag, ValueError):
        clear = None
    if clear is None:
        msg = f"仮名の対応表 {path} が壊れているか、鍵が違います。控えから戻してください。何も変更していません。"
        raise KeyFileError(msg)
    return pa.ipc.open_stream(clear).read_all()


def _settle(home: Home, master: MasterKey) -> None:
    """Go on or back as the key file says: `master` may have been opened before that file was replaced."""
    pending = _pending(home)
    if pending is None:
        return
    if keys.status(home.keys).key_id == pending.new_key_id:
        _go_on(home, pending)
        _enter(home, master, "keys_rotated", pending)
    else:
        _remove(home, pending.snapshots.values(), pending.new_key_id)
    (home.keys / PENDING).unlink()
    sync_folder(home.keys)


def _go_on(home: Home, pending: _Pending) -> None:
    """Point to the new snapshot, then remove what only the old key opened; the new key is on the disk before."""
    sync_folder(home.keys)
    name = _current(home)
    if name in pending.snapshots:
        publish(home, pending.snapshots[name])
    _remove(home, pending.snapshots, pending.old_key_id)
    for left in filter(Path.exists, (home.vault / name for name in pending.vaults_left)):
        shutil.rmtree(left)


def _current(home: Home) -> str:
    pointer = home.snapshots / CURRENT
    return pointer.read_text(encoding="ascii").strip() if pointer.exists() else ""


def _remove(home: Home, names: Iterable[str], key_id: str) -> None:
    """Remove snapshots, vaults and the map of one key; what is gone already is fine."""
    for name in names:
        folder = home.snapshots / name
        if folder.exists():  # under another name first: a reader never meets half a snapshot
            folder.rename(home.snapshots / f"{name}{BUILDING}")
        unfinished = (home.snapshots / f"{name}{BUILDING}", home.vault / f".{name}{DRAFT}")
        for left in filter(Path.exists, (*unfinished, home.vault / name)):
            shutil.rmtree(left)  # what cannot be removed stops it here: the next unlock goes on
    _map_file(home, key_id).unlink(missing_ok=True)


def _new_names(home: Home, refs: list[SnapshotRef]) -> dict[str, str]:
    """Name the renewed snapshots: `-k1` behind the name after the first rotation, `-k2` after the second."""
    names: dict[str, str] = {}
    for ref in refs:
        stem, _, count = ref.id.partition("-k")
        names[ref.id] = free_id(home, f"{stem}-k{int(count or 0) + 1}")
    return names


def _vaults_left(home: Home, names: Iterable[str]) -> list[str]:
    folders = home.vault.iterdir() if home.vault.exists() else ()
    return sorted(folder.name for folder in folders if folder.name not in names)


def _renew_all(
    home: Home, refs: list[SnapshotRef], names: dict[str, str], *, old: MasterKey, new: MasterKey
) -> list[pa.Table]:
    """Build everything anew; first what has a vault, since it tells the new pseudonyms of what has none any more."""
    maps: list[pa.Table] = []
    for ref in sorted(refs, key=lambda ref: not (home.vault / ref.id).is_dir()):
        if (home.vault / ref.id).is_dir():
            pairs = _renew(home, ref, names[ref.id], old=old, new=new)
        else:
            pairs = _renew_without_vault(home, ref, names[ref.id], new=new, known=_own(maps))
        maps.append(pairs.append_column("old_key_id", pa.array([old.key_id] * len(pairs))))
    return maps


def _own(maps: list[pa.Table]) -> pa.Table:
    """Return the pairs of all snapshots in one table."""
    return pa.concat_tables([_MAP.empty_table(), *(table.select(_MAP.names).cast(_MAP) for table in maps)])


def _renew_without_vault(home: Home, ref: SnapshotRef, name: str, *, new: MasterKey, known: pa.Table) -> pa.Table:
    """Build a snapshot whose names are gone, and return (old, new) of every person.

    Who is in no other vault gets a pseudonym made from the old one.
    """
    with open_snapshot(home, ref.id) as connection:
        people = connection.sql("SELECT person_id, household_id FROM person").to_arrow_table()
    domain, ids = ref.manifest["domain"], people["person_id"]
    made = pa.array(pseudonyms(ids.to_numpy(), new.derive(f"orphan:{domain}")), pa.int64())
    persons = pa.table({"old": ids, "new": pc.coalesce(_translated(ids, known), made)})
    households = _new_households(people["household_id"], new.derive(f"household:{domain}"))
    _build(home, ref, name, {"person_id": persons, "household_id": households})
    return persons


def _build(home: Home, ref: SnapshotRef, name: str, renamed: dict[str, pa.Table]) -> None:
    facts = {key: value for key, value in ref.manifest.items() if key not in _FROM_THE_BUILDER}
    with SnapshotBuilder(home, name) as builder:
        builder.copy_renamed(ref.database, renamed)
        builder.derive(judge_doses)
        builder.finish(facts)


def _renew(home: Home, ref: SnapshotRef, name: str, *, old: MasterKey, new: MasterKey) -> pa.Table:
    """Build vault and snapshot `name` from those of `ref`, and return (old, new) of every person."""
    domain = ref.manifest["domain"]
    renamed: dict[str, pa.Table] = {}

    def rename(register: pa.Table) -> pa.Table:
        persons = pseudonyms(register["atena_number"].to_numpy(), new.derive(f"pseudonym:{domain}"))
        renamed["person_id"] = pa.table({"old": register["person_id"], "new": persons})
        renamed["household_id"] = _new_households(register["household_id"], new.derive(f"household:{domain}"))
        households = _translated(register["household_id"], renamed["household_id"])
        register = register.set_column(register.schema.get_field_index("person_id"), "person_id", pa.array(persons))
        return register.set_column(register.schema.get_field_index("household_id"), "household_id", households)

    before = Vault(home.vault / ref.id, old.derive("vault"))
    before.rewrite(Vault(home.vault / name, new.derive("vault")), rename)
    _build(home, ref, name, renamed)
    return renamed["person_id"]


def _new_households(ids: pa.ChunkedArray, key: bytes) -> pa.Table:
    """Give each household a new id, made from the old one: 世帯番号 itself is not kept anywhere."""
    old = pc.unique(ids.drop_null()).to_numpy()
    return pa.table({"old": pa.array(old, pa.int64()), "new": pa.array(pseudonyms(old, key), pa.int64())})


def _translated(ids: pa.ChunkedArray, pairs: pa.Table) -> pa.Array:
    places = pc.index_in(ids.combine_chunks(), value_set=pairs["old"].combine_chunks())
    return pairs["new"].combine_chunks().take(places)


def _seal_map(home: Home, maps: list[pa.Table], *, old: MasterKey, new: MasterKey) -> None:
    """Seal old -> new under the new key, with the pseudonyms of still earlier keys carried on."""
    own = _own(maps).group_by(["old_key_id", "old", "new"], use_threads=False).aggregate([]).cast(_MAP)
    earlier = read_map(home, old)
    now = _translated(earlier["new"], own)
    carried = earlier.set_column(2, "new", now).filter(pc.is_valid(now))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, _MAP) as writer:
        writer.write_table(pa.concat_tables([own, carried.cast(_MAP)]))
    nonce = secrets.token_bytes(12)
    cipher = AESGCM(new.derive("pseudonym-map"))
    sealed = cipher.encrypt(nonce, sink.getvalue().to_pybytes(), new.key_id.encode())
    path = _map_file(home, new.key_id)
    make_folder(path.parent)
    write_private(path, nonce + sealed)
    sync_folder(path.parent)


def _map_file(home: Home, key_id: str) -> Path:
    return home.registers / MAPS / f"{key_id}.sealed"


def _note(home: Home, pending: _Pending) -> None:
    draft = home.keys / f".{PENDING}.{secrets.token_hex(4)}"
    write_private(draft, json.dumps(asdict(pending)).encode())
    draft.replace(home.keys / PENDING)
    sync_folder(home.keys)


def _pending(home: Home) -> _Pending | None:
    try:
        return _Pending(**json.loads((home.keys / PENDING).read_bytes()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        pass
    msg = f"{home.keys / PENDING} が壊れています。控えから戻してください。何も変更していません。"
    raise StorageError(msg)


def _enter(home: Home, master: MasterKey, action: str, pending: _Pending) -> None:
    """Enter a step of a rotation, once."""
    make_folder(home.registers)
    ledger = Ledger(home.ledger, master.signer)
    key = f"id-{pending.new_key_id}"
    if any(entry.action == action and entry.subject.get("new_key") == key for entry in ledger.finished_entries()):
        return
    subject = {"old_key": f"id-{pending.old_key_id}", "new_key": key}
    name = _current(home)
    subject |= {"snapshot_id": name} if name else {}
    ledger.append(
        action,
        actor=master.signer.officer,
        purpose="鍵と仮名の更新",
        approved_by=None,
        subject=subject,
        counts={
            "snapshots": len(pending.snapshots),
            "persons": pending.persons,
            "vaults_left": len(pending.vaults_left),
        },
        at=datetime.fromisoformat(pending.at),
    )
