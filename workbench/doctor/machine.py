"""The machine below: what new files are open to, where memory may land on a disk, ways to outside, space."""

import os
import re
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from workbench.doctor.finding import BAD, WARNING, Check, Found
from workbench.settings import Home

WRITE_MASK, PRIVATE_MASK = 0o022, 0o077
SPARE_BYTES = 200_000_000  # a small city's snapshot, register and reports
COPIES = 2  # the next snapshot beside this one, and what a build spills
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
GIGABYTE = 1e9


def _umask(_: Home) -> Found:
    """Yield a mask under which new files are open to others."""
    mask = os.umask(PRIVATE_MASK)
    os.umask(mask)
    if mask & WRITE_MASK != WRITE_MASK:
        yield (
            BAD,
            f"umask が {mask:03o} で、新しいファイルをほかの利用者が書き換えられます",
            "umask 077 を利用者の設定に書く",
        )
    elif mask & PRIVATE_MASK != PRIVATE_MASK:
        text = f"umask が {mask:03o} で、workbench 以外が作るファイルをほかの利用者が読めます"
        yield WARNING, text, "umask 077 を利用者の設定に書く"


def _swap(_: Home) -> Found:
    """Yield swap: whether it is encrypted cannot be seen from here."""
    lines = _read("/proc/swaps").splitlines()[1:]
    if places := [line.split()[0] for line in lines if line.strip() and "zram" not in line.split()[0]]:
        text = f"スワップ {'、'.join(places)} に、メモリーの中の氏名やパスフレーズが書かれることがあります"
        yield WARNING, text, "スワップを暗号化するか swapoff で切る（コンテナーでは親の機械で確かめる）"


def _core_dumps(_: Home) -> Found:
    """Yield a memory image that would be written when another program crashes; the workbench switches its own off."""
    limits = re.search(r"^Max core file size +(\S+)", _read(f"/proc/{os.getppid()}/limits"), re.MULTILINE)
    if limits and limits[1] != "0":
        text = "利用者のコアダンプが有効です（workbench 自身は起動時に切ります）"
        yield WARNING, text, "ulimit -c 0 を利用者の設定に書く"
    if _read("/proc/sys/kernel/core_pattern").startswith("|"):
        yield WARNING, "コアダンプが別のプログラムに渡されます", "kernel.core_pattern を通常のファイル名にする"


def _temporary_folder(_: Home) -> Found:
    """Yield a folder for temporary files in which others may replace ours."""
    folder = Path(tempfile.gettempdir())
    mode = folder.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        text = f"一時フォルダー {folder} で、ほかの利用者がファイルを差し替えられます"
        yield BAD, text, f"chmod +t {folder}、または TMPDIR に自分だけのフォルダーを指定する"
    if mode & stat.S_IWGRP and folder.stat().st_uid != 0 and not mode & stat.S_ISVTX:
        yield WARNING, f"一時フォルダー {folder} をグループの利用者が書き換えられます", f"chmod 700 {folder}"


def _offline(_: Home) -> Found:
    """Yield ways to outside; the workbench uses none, but the machine has them."""
    if found := [name for name in PROXIES if os.environ.get(name)]:
        text = f"外部への中継（{'、'.join(found)}）が設定されています"
        yield WARNING, text, "この機械では設定を外す（workbench は外部と通信しません）"
    if re.search(r"^\S+\t00000000\t(?!00000000\t)", _read("/proc/net/route"), re.MULTILINE):
        text = "この機械には外のネットワークへの経路があります"
        yield WARNING, text, "マイナンバー利用事務系の区画に置き、外への経路を切る"


def _free_disk(home: Home) -> Found:
    """Yield too little space for the next snapshot beside this one."""
    place = next(folder for folder in (home.root, *home.root.parents) if folder.exists())
    held = sum(
        path.stat().st_size for zone in (home.snapshots, home.vault) for path in zone.rglob("*") if path.is_file()
    )
    free, wanted = shutil.disk_usage(place).free, COPIES * max(held, SPARE_BYTES)
    text = f"{place} の空きが {free / GIGABYTE:,.1f} GB で、次の取り込みに要る {wanted / GIGABYTE:,.1f} GB"
    if free < wanted:
        yield BAD, f"{text} に足りません", "workbench retention plan で期限の過ぎたものを確かめるか、容量を増やす"
    elif free < COPIES * wanted:
        yield WARNING, f"{text} の2倍に足りません", "容量を増やす"


def _read(path: str) -> str:
    with suppress(OSError):
        return Path(path).read_text(encoding="utf-8", errors="replace")
    return ""


CHECKS: tuple[Check, ...] = (
    ("umask", _umask),
    ("スワップ", _swap),
    ("コアダンプ", _core_dumps),
    ("一時フォルダー", _temporary_folder),
    ("オフライン", _offline),
    ("空き容量", _free_disk),
)
