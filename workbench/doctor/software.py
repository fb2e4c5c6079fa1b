"""The software: versions as they are pinned, settings that can be read, kernels that nobody else can listen to."""

import importlib.metadata
import json
import re
import sys
from importlib.resources import files
from pathlib import Path

from workbench.doctor.finding import BAD, Check, Found
from workbench.errors import SettingsError
from workbench.settings import Home, load_settings

PINNED = re.compile(r"([\w.-]+)==([\w.]+)")
NAMED = re.compile(r"[\w.-]+")
OLDEST_PYTHON = (3, 11)


def _versions(_: Home) -> Found:
    """Yield packages that are missing, or of another version than the format of snapshots is pinned to."""
    if sys.version_info < OLDEST_PYTHON:
        yield BAD, "Python が 3.11 より前の版です", "Python 3.11 以上で make を実行し直す"
    wanted = [line for line in importlib.metadata.requires("workbench") or [] if "extra ==" not in line]
    for line in wanted:
        name, pin = NAMED.match(line)[0], PINNED.match(line)
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = None
        if found is None or (pin and found != pin[2]):
            state = f"の版が {found}" if found else "がない"
            text = f"{name} {state}（要る版: {pin[2] if pin else 'requirements.lock のもの'}）"
            yield BAD, text, "make を実行し、requirements.lock のとおりに入れ直す"


def _settings(_: Home) -> Found:
    """Yield settings that would be refused."""
    try:
        load_settings()
    except SettingsError as error:
        yield BAD, str(error), "docs/settings.md と見比べて直す"


def _kernels(home: Home) -> Found:
    """Yield a configuration in which kernels talk over TCP, where every account of the machine can listen."""
    shipped = json.loads(files("workbench.lab").joinpath("configuration.json").read_text(encoding="utf-8"))
    if not _is_ipc(shipped.get("jupyter_server_config", {})):
        yield BAD, "付属の設定で、カーネルの通信がTCPです", "workbench を入れ直す"
    for path in sorted(home.lab.glob("*/config/jupyter_server_config.json")):
        if _is_ipc(_parsed(path)):
            continue
        text = f"{path} で、カーネルの通信がほかの利用者から見えるTCPです"
        yield BAD, text, "workbench lab で開き直す（設定は起動のたびに書き直される）"


def _is_ipc(configuration: dict) -> bool:
    parts = {"ConnectionFileMixin", "KernelManager", "IPKernelApp"} & configuration.keys()
    return {configuration[part].get("transport", "ipc") for part in parts} == {"ipc"}


def _parsed(path: Path) -> dict:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


CHECKS: tuple[Check, ...] = (
    ("版", _versions),
    ("設定ファイル", _settings),
    ("カーネルの通信", _kernels),
)
