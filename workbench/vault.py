"""The encrypted identity register of one snapshot, and the only way back from pseudonyms to people.

A folder named like its snapshot holds `register.parquet` (Parquet modular encryption: columns and footer under
AES-256-GCM) and `register.seal`, a MAC over that file and the folder's name. The seal is checked first: Arrow never
parses what someone else wrote, and yesterday's register, with yesterday's protections, does not pass for today's.
Promises P1 (no place for a My Number) and P4. See decision 0003.
"""

import hashlib
import hmac
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from workbench import approvals
from workbench.approvals import Approval
from workbench.errors import ApprovalError, ListError, StorageError, VaultError
from workbench.ledger import Entry, Ledger
from workbench.settings import make_folder, sync_folder, write_private

__all__ = ["REGISTER", "Approval", "Revealed", "Vault"]

REGISTER_FILE = "register.parquet"
SEAL_FILE = "register.seal"
DRAFT = ".partial"
ROW_GROUP = 1 << 17  # rows
BATCH = 1 << 15  # rows decrypted at a time
NONCE_BYTES = 12

_DAY, _TEXT, _ID, _FLAG = pa.date32(), pa.string(), pa.int64(), pa.bool_()
_COLUMNS = (
    # name, type, nullable, comment
    ("person_id", _ID, False, "仮名。1人1行"),
    ("atena_number", _ID, False, "宛名番号"),
    ("household_id", _ID, True, "世帯番号から鍵付きで作った仮名。世帯番号がなければNULL"),
    ("name", _TEXT, False, "氏名"),
    ("kana", _TEXT, True, "氏名カナ"),
    ("birth_date", _DAY, True, "生年月日。日まで分かる人だけ"),
    ("sex", _TEXT, False, "M | F | U"),
    ("postcode", _TEXT, True, "郵便番号"),
    ("address", _TEXT, True, "住所"),
    ("building", _TEXT, True, "方書"),
    ("phone", _TEXT, True, "電話番号"),
    ("residency", _TEXT, False, "抽出日の住民区分 resident | moved_out | died | not_registered"),
    ("is_foreign", _FLAG, False, "外国人住民"),
    ("protected", _FLAG, False, "支援措置の対象（期間が過ぎても、解除の記録がなければ対象とする）"),
    ("protected_household", _FLAG, False, "同じ世帯のほかの人が支援措置の対象"),
    ("delivery_kind", _TEXT, True, "抽出日に有効な送付先の区分 alternate | guardian | facility"),
    ("delivery_recipient", _TEXT, True, "送付先の氏名"),
    ("delivery_postcode", _TEXT, True, "送付先の郵便番号"),
    ("delivery_address", _TEXT, True, "送付先の住所"),
    ("delivery_building", _TEXT, True, "送付先の方書"),
    ("mail_returned", _FLAG, False, "郵便が返戻になっている"),
    ("moved_in_on", _DAY, True, "転入日"),
)
REGISTER = pa.schema(
    [pa.field(name, kind, nullable, metadata={"comment": comment}) for name, kind, nullable, comment in _COLUMNS]
)


@dataclass(frozen=True)
class Revealed:
    """What `reveal` gives back: rows with names, and how many it kept to itself."""

    rows: pa.Table = field(repr=False)  # REGISTER, by person_id; a repr in a log must not show people
    withheld: Counter[str]  # protected, protected_household -> persons
    unknown: int  # person_ids of which the register knows nothing


class Vault:
    """The register in one folder, `var/vault/<snapshot_id>`; the folder's name is part of the seal."""

    def __init__(self, folder: Path, key: bytes) -> None:
        """Name the folder; `key` is the 32-byte key derived for the purpose `vault`."""
        self.folder = folder
        self._crypto = pe.CryptoFactory(lambda _: _Wrapper(_subkey(key, b"wrap")))
        self._seal_key = _subkey(key, b"seal")

    def write(self, register: pa.Table) -> int:
        """Write the register by person_id, all or nothing, and return its number of rows.

        One writer at a time (the ingest's lock): what a killed write left beside is removed. Rows are taken in slices.

        Raises:
            VaultError: the table breaks REGISTER or leaves a protected household open, or there is a register.
            StorageError: the folder cannot be written.
        """
        if (self.folder / REGISTER_FILE).exists():
            msg = f"保管庫 {self.folder} はすでにあります。上書きしません。何も変更していません。"
            raise VaultError(msg)
        if reason := _what_is_wrong(register):
            msg = f"個人情報の登録簿を保管庫に入れられません: {reason}。何も書き込んでいません。"
            raise VaultError(msg)
        draft = self.folder.with_name(f".{self.folder.name}{DRAFT}")
        try:
            remove_drafts(make_folder(self.folder.parent))
            self._write_files(make_folder(draft), register.select(REGISTER.names).combine_chunks())
            draft.rename(self.folder)
            sync_folder(self.folder.parent)
            return len(register)
        except (OSError, pa.ArrowException):
            shutil.rmtree(draft, ignore_errors=True)
        msg = f"保管庫 {self.folder} に書き込めません。権限と空き容量を確認してください。保管庫は作っていません。"
        raise StorageError(msg)

    def reveal(
        self,
        person_ids: Sequence[int],
        *,
        approval: Approval,
        ledger: Ledger,
        at: datetime,
        subject: Mapping[str, str | int],
    ) -> Revealed:
        """Return the rows of `person_ids` by person_id; the use is in the ledger before they are returned (P4).

        Persons under 支援措置 and members of their households never leave the vault: they are only counted.
        An id asked for twice counts once, one the register lacks counts as unknown.

        Args:
            approval: as `approvals.find` gave it; looked up in the ledger again, where this use spends it.
            subject: what they are for, as ids, hashes and codes, `list_sha256` being the file that was approved;
                the register's name is added.

        Raises:
            ApprovalError: there is no approval, or not for this list, not now, not any more; nothing was decrypted.
            ListError: `person_ids` are not 64-bit integers; nothing was decrypted.
            VaultError: the register is missing or damaged, or the key is another one.
            LedgerError: the use cannot be entered; nothing is returned.
        """
        if not isinstance(approval, Approval):
            msg = "承認がありません。目的・申請者・承認者をそろえてください。個人情報は開いていません。"
            raise ApprovalError(msg)

        def guard(entries: Sequence[Entry]) -> None:
            found = approvals.checked(entries, approval.number, ledger=ledger, use="letters", at=at)
            if found.file_sha256 != subject.get("list_sha256"):
                msg = "承認された一覧と中身が違います。この一覧で申請からやり直してください。個人情報は開いていません。"
                raise ApprovalError(msg)

        guard(ledger.finished_entries())
        wanted = _distinct(person_ids)
        found = self._read(lambda register: _matching(register, wanted))
        protected, household = found["protected"], pc.and_not(found["protected_household"], found["protected"])
        rows = found.filter(pc.invert(pc.or_(protected, household)))
        withheld = Counter(protected=_count(protected), protected_household=_count(household))
        unknown = len(wanted) - len(found)
        ledger.append(
            "reveal",
            actor=approval.requested_by,
            purpose=approval.purpose,
            approved_by=approval.approved_by,
            subject={**subject, "register": self.folder.name, "approval": approval.number},
            counts={"requested": len(wanted), "revealed": len(rows), "unknown": unknown, **withheld},
            at=at,
            guard=guard,
        )
        return Revealed(rows, withheld, unknown)

    def verify(self) -> int:
        """Check the seal, decrypt every page, and return the number of rows.

        Raises:
            VaultError: as `reveal`.
        """
        return self._read(lambda register: sum(len(batch) for batch in register.iter_batches(BATCH)))

    def rewrite(self, into: "Vault", rename: Callable[[pa.Table], pa.Table]) -> int:
        """Write the whole register into another vault, as `rename` changes its ids; nothing leaves for anywhere else.

        Raises:
            VaultError, StorageError: as `verify` and `write`.
        """
        return into.write(rename(self._read(lambda register: register.read().cast(REGISTER))))

    def _write_files(self, folder: Path, register: pa.Table) -> None:
        order = pa.array(np.argsort(register["person_id"].to_numpy()))
        config = pe.EncryptionConfiguration(
            footer_key="vault-footer",
            column_keys={"vault-columns": REGISTER.names},  # a data key for each column
            encryption_algorithm="AES_GCM_V1",
            plaintext_footer=False,
            double_wrapping=False,
            internal_key_material=True,
            data_key_length_bits=256,
        )
        properties = self._crypto.file_encryption_properties(pe.KmsConnectionConfig(), config)
        descriptor = os.open(folder / REGISTER_FILE, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w+b") as file:
            with pq.ParquetWriter(file, REGISTER, compression="zstd", encryption_properties=properties) as writer:
                for start in range(0, len(order), ROW_GROUP):
                    writer.write_table(register.take(order[start : start + ROW_GROUP]).cast(REGISTER))
            file.flush()
            os.fsync(file.fileno())
            write_private(folder / SEAL_FILE, self._seal(file))
        sync_folder(folder)

    def _seal(self, file: BinaryIO) -> bytes:
        file.seek(0)
        mac = hmac.new(self._seal_key, f"workbench register 1\n{self.folder.name}\n".encode(), "sha256")
        return f"{hashlib.file_digest(file, lambda: mac).hexdigest()}\n".encode()

    def _read(self, use: Callable[[pq.ParquetFile], Any]) -> Any:  # noqa: ANN401 - whatever `use` returns
        """Check the seal, then let `use` read; what Arrow says about a damaged file is not passed on."""
        try:
            with (self.folder / REGISTER_FILE).open("rb") as file:
                if hmac.compare_digest(self._seal(file), (self.folder / SEAL_FILE).read_bytes()):
                    properties = self._crypto.file_decryption_properties(pe.KmsConnectionConfig())
                    return use(pq.ParquetFile(file, decryption_properties=properties))
            state = "が壊れているか、鍵が違います。鍵を確かめ、控えから戻してください"
        except FileNotFoundError:
            state = "がないか、ファイルが欠けています。取り込みをやり直してください"
        except (OSError, ValueError, pa.ArrowException, InvalidTag):
            state = "を読めません。権限を確かめ、控えから戻してください"
        msg = f"保管庫 {self.folder} {state}。個人情報は開いていません。"
        raise VaultError(msg)


def remove_drafts(folder: Path) -> None:
    """Delete the registers in `folder` whose writer was killed; only the holder of the ingest lock may call this."""
    for draft in folder.glob(f".*{DRAFT}"):
        shutil.rmtree(draft)


class _Wrapper(pe.KmsClient):
    """Wraps Parquet's data keys with AES-256-GCM; the key's identifier is bound to the wrap."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._cipher = AESGCM(key)

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> str:
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, key_bytes, master_key_identifier.encode())
        return (nonce + sealed).hex()

    def unwrap_key(self, wrapped_key: str, master_key_identifier: str) -> bytes:
        wrapped = bytes.fromhex(wrapped_key)
        return self._cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], master_key_identifier.encode())


def _subkey(key: bytes, use: bytes) -> bytes:
    return hmac.digest(key, b"workbench vault " + use, "sha256")


def _what_is_wrong(register: pa.Table) -> str | None:
    """Return why the register must not be written, naming columns and never a value."""
    if sorted((part.name, str(part.type)) for part in register.schema) != sorted((c[0], str(c[1])) for c in _COLUMNS):
        return "列の名前か型が決まりと違います"
    if empty := [name for name, _, is_nullable, _ in _COLUMNS if not is_nullable and register[name].null_count]:
        return f"{', '.join(empty)} が空の行があります"
    ids = np.sort(register["person_id"].to_numpy())  # a hundred times as fast as counting the distinct ones
    if (ids[1:] == ids[:-1]).any():
        return "同じ person_id が2行以上あります"
    households = pc.unique(register.filter(register["protected"])["household_id"])
    with_protected = pc.is_in(register["household_id"], value_set=households, skip_nulls=True)
    if _count(pc.and_not(with_protected, pc.or_(register["protected"], register["protected_household"]))):
        return "支援措置の対象者と同じ世帯なのに、その印のない行があります"
    return None


def _matching(register: pq.ParquetFile, wanted: pa.Array) -> pa.Table:
    batches = [batch.filter(pc.is_in(batch["person_id"], value_set=wanted)) for batch in register.iter_batches(BATCH)]
    return pa.Table.from_batches(batches, register.schema_arrow).cast(REGISTER)


def _distinct(person_ids: Sequence[int]) -> pa.Array:
    """Return each id once; floating point is refused, for a rounded pseudonym may be another person's."""
    try:
        given = pa.array(person_ids)
        wanted = given.cast(pa.int64()).unique() if pa.types.is_integer(given.type) or not len(given) else None
    except (pa.ArrowException, OverflowError, TypeError):
        wanted = None
    if wanted is None or wanted.null_count:
        msg = "仮名の一覧に person_id でないものがあります。一覧を作り直してください。個人情報は開いていません。"
        raise ListError(msg)
    return wanted


def _count(flags: pa.ChunkedArray) -> int:
    return pc.sum(flags, min_count=0).as_py()
