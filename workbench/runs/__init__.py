"""Notebooks as reports: typed parameters, a process of their own, a time limit, and a record of each run.

papermill made strict (decision 0007). A run is written under a building name and renamed when it is complete, so
a folder in `outputs/reports/<name>/` is a whole report, or, with the ending `-failed`, the evidence of a failure.
"""

import fcntl
import hashlib
import importlib.metadata
import itertools
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from workbench.errors import RunError, StorageError
from workbench.outputs.report import OUTPUT_FOLDER
from workbench.runs.known import check_against_snapshot
from workbench.runs.parameters import UNCHANGED, Value, declared_parameters, parse_assignments, read_values, suggest
from workbench.runs.supervise import Outcome, Progress, attempt
from workbench.settings import SETTINGS_FILE, Home, is_shared, make_folder, make_shared_folder
from workbench.snapshot import SnapshotRef, current

__all__ = [
    "RunResult",
    "declared_parameters",
    "find_notebook",
    "parse_assignments",
    "report_names",
    "run_report",
    "title",
]

BUILDING = ".building"
FAILED = "-failed"
RECORD = "run.json"
NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
_FILE = re.compile(r"\d\d_(?P<name>[a-z][a-z0-9_]*)\.ipynb")

_REASONS = {
    "error": "セル [{cell}] でエラーになりました",
    "timeout": "制限時間（{timeout}秒）を超えました（セル [{cell}] の実行中）",
    "stalled": "カーネルが2回とも応答しませんでした",
    "died": "カーネルが異常終了しました（セル [{cell}]。メモリー不足のことがあります）",
    "refused": "検査で止めました（セル [{cell}] まで実行）",
    "internal": "実行の準備または書き出しで失敗しました",
}


@dataclass(frozen=True)
class RunResult:
    """A complete report: its folder and the files in it."""

    run_id: str
    folder: Path
    html: Path
    workbook: Path
    notebook: Path
    lists: tuple[Path, ...]
    snapshot_id: str


@dataclass(frozen=True)
class _Run:
    """What one run is made of, before it starts."""

    name: str
    notebook: Path
    values: Mapping[str, Value]
    snapshot: SnapshotRef
    at: datetime


def report_names(notebooks: Path | None = None) -> dict[str, Path]:
    """Return the reports there are, by name, in the order of their numbers: `NN_name.ipynb`."""
    files = sorted((notebooks or NOTEBOOKS).glob("*.ipynb"))
    return {match["name"]: file for file in files if (match := _FILE.fullmatch(file.name))}


def title(notebook: Path) -> str:
    """Return the title of a notebook, its first heading; empty where it has none or cannot be read."""
    try:
        first = "".join(json.loads(notebook.read_text(encoding="utf-8"))["cells"][0]["source"])
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return ""
    return first.partition("\n")[0].removeprefix("# ").strip() if first.startswith("# ") else ""


def find_notebook(name: str, notebooks: Path | None = None) -> Path:
    """Return the notebook of a report.

    Raises:
        RunError: there is no such report.
    """
    known = report_names(notebooks)
    if name not in known:
        msg = (
            f"レポート {name} はありません。{suggest(name, list(known))}"
            f"実行できるもの: {'、'.join(known) or 'なし'}。{UNCHANGED}"
        )
        raise RunError(msg)
    return known[name]


def run_report(  # noqa: PLR0913 - the command's own options, keyword-only
    name: str,
    params: Mapping[str, str],
    *,
    home: Home,
    at: datetime,
    timeout_seconds: int,
    notebooks: Path | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Run a report's notebook on the current snapshot, or the one its parameters name.

    Args:
        params: name and text of each parameter given; the rest keep the notebook's defaults.
        at: the moment of the run; it names the folder and stands in the record, in no figure.
        timeout_seconds: for the whole run; a run whose kernel never answered is tried once more within it.
        progress: told the cells begun and the cells in all.

    Raises:
        ParameterError: a parameter is unknown, mistyped, or names what the snapshot does not hold.
        NoSnapshotError, SnapshotError: there is nothing to run on.
        RunError: no such report, or the notebook failed; what was executed is kept and named.
        StorageError: the outputs cannot be written.
    """
    notebook = find_notebook(name, notebooks)
    declared = declared_parameters(notebook)
    values = read_values(declared, params)
    snapshot = current(home, next((str(values[p.name]) for p in declared if p.kind == "snapshot"), "") or None)
    check_against_snapshot(declared, values, home=home, snapshot_id=snapshot.id)
    values |= {p.name: snapshot.id for p in declared if p.kind == "snapshot"}
    run = _Run(name, notebook, values, snapshot, at)
    with _building(home.reports / name, run) as folder:
        started = time.monotonic()
        outcome, attempts = _execute(run, folder, home=home, timeout_seconds=timeout_seconds, progress=progress)
        facts = {"attempts": attempts, "duration_seconds": round(time.monotonic() - started, 1)}
        if outcome.reason == "done":
            return _complete(run, folder, facts)
        kept = _keep_evidence(run, folder, facts | {"failure": outcome.reason, "cell": outcome.cell})
    reason = _REASONS[outcome.reason].format(cell=outcome.cell, timeout=timeout_seconds)
    detail = outcome.message or (f"（{outcome.error}）。" if outcome.error else "")
    msg = f"レポート {name}: {reason}。{detail}途中までの記録: {kept}。これまでのレポートは変わっていません。"
    raise RunError(msg)


def _execute(
    run: _Run, folder: Path, *, home: Home, timeout_seconds: int, progress: Progress | None
) -> tuple[Outcome, int]:
    """Try once, and once more if the kernel never answered; both within the same time."""
    end = time.monotonic() + timeout_seconds
    variables = {"WORKBENCH_HOME": str(home.root), OUTPUT_FOLDER: str(folder)} | _settings_file()
    job = {
        "notebook": str(run.notebook),
        "parameters": dict(run.values),
        "executed": str(folder / f"{run.name}.ipynb"),
        "page": str(folder / f"{run.name}.html"),
    }
    outcome, attempts = Outcome("stalled"), 0
    while outcome.reason == "stalled" and attempts < 2 and time.monotonic() < end:  # noqa: PLR2004 - one retry
        attempts += 1
        left = {"timeout_seconds": max(1, int(end - time.monotonic()))}
        outcome = attempt(job | left, variables=variables, progress=progress)
    return outcome, attempts


def _settings_file() -> dict[str, str]:
    """Name the settings of this process to the kernel, whose working folder may be another."""
    file = Path(os.environ.get("WORKBENCH_SETTINGS") or SETTINGS_FILE)
    return {"WORKBENCH_SETTINGS": str(file.resolve())} if file.exists() else {}


@contextmanager
def _building(parent: Path, run: _Run) -> Iterator[Path]:
    """Make the folder of a run under its building name, locked while it lives; sweep what killed runs left."""
    make_shared_folder(parent)
    for leftover in parent.glob(f"*{BUILDING}"):
        _remove_unlocked(leftover)
    run_id = _free_name(parent, f"{run.at:%Y%m%d-%H%M%S}_{run.snapshot.id}")
    folder = make_folder(parent / f"{run_id}{BUILDING}")
    lock = os.open(folder, os.O_RDONLY)
    full = False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    except OSError:
        full = True
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)
    if full:
        msg = f"{parent} に書き込めません。空き容量と権限を確認してください。これまでのレポートは変わっていません。"
        raise StorageError(msg)


def _free_name(parent: Path, run_id: str) -> str:
    """Return `run_id`, with a number behind it when runs began in the same second."""
    taken = {path.name.removesuffix(BUILDING).removesuffix(FAILED) for path in parent.iterdir()}
    return next(name for number in itertools.count(1) if (name := _numbered(run_id, number)) not in taken)


def _numbered(run_id: str, number: int) -> str:
    return run_id if number == 1 else f"{run_id}-{number}"


def _remove_unlocked(folder: Path) -> None:
    """Delete a building folder whose run is no longer alive: a living one holds its lock."""
    try:
        lock = os.open(folder, os.O_RDONLY)
    except OSError:  # another account's, or gone meanwhile
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return
    finally:
        os.close(lock)


def _complete(run: _Run, folder: Path, facts: dict[str, Any]) -> RunResult:
    """Write the record and give the folder its name."""
    _write_record(run, folder, facts)
    target = _publish(folder)
    return RunResult(
        run_id=target.name,
        folder=target,
        html=target / f"{run.name}.html",
        workbook=target / f"{run.name}.xlsx",
        notebook=target / f"{run.name}.ipynb",
        lists=tuple(sorted(target.glob("*.csv"))),
        snapshot_id=run.snapshot.id,
    )


def _publish(folder: Path, ending: str = "") -> Path:
    """Give the folder its name; where several accounts share the reports, their group may read it."""
    if is_shared(folder.parent):
        for file in folder.iterdir():
            file.chmod(0o640)
        folder.chmod(0o750)
    return folder.rename(folder.with_name(folder.name.removesuffix(BUILDING) + ending))


def _keep_evidence(run: _Run, folder: Path, facts: dict[str, Any]) -> Path:
    """Keep the notebook as far as it ran, and the record; nothing that could pass for a finished report."""
    executed = folder / f"{run.name}.ipynb"
    for file in folder.iterdir():
        if file != executed:
            file.unlink()
    _write_record(run, folder, facts)
    target = _publish(folder, FAILED)
    return target / executed.name if (target / executed.name).exists() else target


def _write_record(run: _Run, folder: Path, facts: dict[str, Any]) -> None:
    """Write what a second run needs to give the same figures (promise P9), and the digests of the files."""
    files = sorted(file for file in folder.iterdir() if file.name != RECORD)
    manifest = run.snapshot.manifest
    record = facts | {
        "report": run.name,
        "parameters": dict(run.values),
        "snapshot_id": run.snapshot.id,
        "extracted_on": manifest.get("extracted_on"),
        "rule_version": manifest.get("rule_version"),
        "code_version": importlib.metadata.version("workbench"),
        "notebook_sha256": _sha256(run.notebook),
        "at": run.at.isoformat(),
        "files": {file.name: {"bytes": file.stat().st_size, "sha256": _sha256(file)} for file in files},
    }
    text = json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / RECORD).write_text(f"{text}\n", encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
