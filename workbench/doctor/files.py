"""The installation's own files: who may read and change them, and whether keys, ledger and snapshot are sound."""

import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from workbench import keys, snapshot
from workbench.doctor.finding import BAD, WARNING, Check, Found
from workbench.errors import KeyFileError, LedgerError, NoSnapshotError, SnapshotError, TornLedgerError
from workbench.keys.keyfile import PENDING
from workbench.ledger import Ledger
from workbench.settings import Home

OTHERS = stat.S_IRWXG | stat.S_IRWXO
WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
WRITABLE = stat.S_IWUSR | WRITABLE_BY_OTHERS
HEADER_BYTES = 4096
MY_NUMBER = "個人番号"


def _private_zones(home: Home) -> tuple[Path, ...]:
    return (home.keys, home.vault, home.registers, home.restricted)


def _folders(home: Home) -> Found:
    """Yield zone folders that others may enter, or change."""
    for folder in _private_zones(home):
        if folder.is_dir() and folder.stat().st_mode & OTHERS:
            yield BAD, f"{folder} にほかの利用者が入れます", f"chmod 700 {folder}"
    for folder in (home.root, home.snapshots):
        if folder.is_dir() and folder.stat().st_mode & WRITABLE_BY_OTHERS:
            yield BAD, f"{folder} をほかの利用者が書き換えられます", f"chmod go-w {folder}"
    for folder in _where_analysts_write(home):
        mode = folder.stat().st_mode
        if mode & stat.S_IWOTH or (mode & stat.S_IWGRP and not mode & stat.S_ISVTX):
            text = f"{folder} の中のものを、ほかの利用者が消したり差し替えたりできます"
            yield BAD, text, f"chmod o-w,+t {folder}"


def _where_analysts_write(home: Home) -> list[Path]:
    """Return the folders that several accounts may share (docs/server.md), as far as there are any."""
    folders = [home.outputs, home.lab, home.scratch, home.reports, *sorted(home.reports.glob("*"))]
    return [folder for folder in folders if folder.is_dir()]


def _private_files(home: Home) -> Found:
    """Yield, per zone, files that others may read."""
    for zone in _private_zones(home):
        open_files = [path for path in _below(zone) if path.stat().st_mode & OTHERS]
        if open_files:
            text = f"{open_files[0]} など {len(open_files):,} 個をほかの利用者が読めます"
            yield BAD, text, f"find {zone} -type f -exec chmod 600 {{}} +"


def _snapshots(home: Home) -> Found:
    """Yield snapshots that can be written, and a current one that is not sound."""
    for path in sorted(home.snapshots.glob(f"*/{snapshot.DATABASE}")):
        if path.stat().st_mode & WRITABLE:
            yield BAD, f"公開済みの {path} を書き換えられます", f"chmod 440 {path}"
    try:
        ref = snapshot.current(home)
        whole = ref.database.stat().st_size == ref.manifest["database_bytes"]
    except NoSnapshotError as error:
        yield WARNING, str(error), "抽出ファイルを取り込む"
        return
    except (SnapshotError, OSError):
        whole = False
    if not whole:
        yield BAD, "公開中のスナップショットが壊れています", "workbench ingest で取り込み直す"


def _key_file(home: Home) -> Found:
    """Yield what is wrong with the key file, as far as anyone can tell without a passphrase."""
    if not keys.exists(home.keys):
        yield WARNING, "鍵がまだありません", "workbench keys init で作る"
        return
    try:
        state = keys.status(home.keys)
    except KeyFileError as error:
        yield BAD, str(error), "控えから戻す"
        return
    if any(officer.scrypt_n < keys.MIN_SCRYPT_N for officer in state.officers):
        yield BAD, "パスフレーズの計算量（scrypt）が下限より小さい担当者がいます", "控えの鍵ファイルに戻す"
    if len(state.officers) == 1:
        yield WARNING, "担当者が1人なので、承認ができません", "workbench keys add で2人目を登録する"
    if (home.keys / PENDING).exists():
        yield WARNING, "鍵の更新が途中で止まっています", "次に鍵を開けるコマンドが自動で片付ける"
    if (home.keys / keys.DEMO_PASSPHRASE).exists():
        yield (
            WARNING,
            "実演用のパスフレーズが鍵と同じ場所にあります",
            "本番では別の WORKBENCH_HOME で keys init からやり直す",
        )


def _ledger(home: Home) -> Found:
    """Yield a break in the ledger."""
    try:
        Ledger(home.ledger).verify()
    except TornLedgerError as error:
        yield WARNING, str(error), "次の記録のときに自動で片付く"
    except LedgerError as error:
        yield BAD, str(error), "workbench ledger verify で確かめ、バックアップと比べる"


def _extracts(home: Home) -> Found:
    """Yield tables with a column of My Numbers that somebody put into the installation."""
    for path in _below(home.root):
        if path.suffix.lower() in (".csv", ".txt", ".tsv") and _has_my_number_column(path):
            yield BAD, f"{path} に個人番号の列があります", "抽出ファイルはこの場所に置かず、媒体管理簿に従って消去する"


def _has_my_number_column(path: Path) -> bool:
    with suppress(OSError):
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES).split(b"\n")[0]
        return any(MY_NUMBER.encode(encoding) in header for encoding in ("utf-8", "cp932", "utf-16-le", "utf-16-be"))
    return False


def _below(folder: Path) -> Iterator[Path]:
    """Yield the plain files below a folder, in a fixed order."""
    yield from sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


CHECKS: tuple[Check, ...] = (
    ("フォルダーの権限", _folders),
    ("ファイルの権限", _private_files),
    ("鍵ファイル", _key_file),
    ("台帳", _ledger),
    ("スナップショット", _snapshots),
    ("抽出ファイルの置き忘れ", _extracts),
)
