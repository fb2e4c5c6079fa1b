"""Watches over the process of one run: time limit, stall, kill; and the environment it starts in."""

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Progress = Callable[[int, int], None]  # cells begun, cells in all

QUIET_SECONDS = 90  # outside a cell: longer than the kernel's own start limit
GRACE_SECONDS = 15  # for the process to save the notebook after its own limit
MAX_SOCKET_FOLDER = 60  # a Unix socket's path has at most 107 bytes
_INHERITED = ("PATH", "HOME", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "WORKBENCH_SETTINGS")  # and all that begins PYTHON


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: `reason` is done, error, timeout, stalled, died or internal."""

    reason: str
    cell: int = 0
    error: str = ""
    message: str = ""


def attempt(job: Mapping[str, Any], *, variables: Mapping[str, str], progress: Progress | None = None) -> Outcome:
    """Run the job once in a process of its own and wait for it, at most `job["timeout_seconds"]` and the grace.

    Whatever happens, no process of the run is left when this returns.
    """
    with private_folders() as folders:
        reading, writing = os.pipe()
        process = subprocess.Popen(  # noqa: S603 - our own module, arguments from here
            [sys.executable, "-m", "workbench.runs", str(writing)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # papermill logs tracebacks there, and those may quote values
            pass_fds=[writing],
            env=environment(folders) | variables,
            start_new_session=True,
        )
        os.close(writing)
        outcome = Outcome("internal")
        try:
            _hand_over(process, job)
            outcome = _watch(reading, float(job["timeout_seconds"]), progress)
        finally:
            os.close(reading)
            _end(process, patience_seconds=GRACE_SECONDS if outcome.reason == "done" else 0)
        return outcome


@contextmanager
def private_folders() -> Iterator[Path]:
    """Make a short-named folder that only this account may enter, for sockets and Jupyter's own files; remove it."""
    short = len(tempfile.gettempdir()) <= MAX_SOCKET_FOLDER
    folder = Path(tempfile.mkdtemp(prefix="wb-", dir=None if short else "/tmp"))  # noqa: S108 - mkdtemp makes it 0700
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def environment(folder: Path) -> dict[str, str]:
    """Return the whole environment of a kernel: nothing inherited but what is named, so no passphrase file."""
    kept = {name: value for name, value in os.environ.items() if name in _INHERITED or name.startswith("PYTHON")}
    return kept | {
        "LANG": "C.UTF-8",
        "PYTHONNOUSERSITE": "1",
        "JUPYTER_RUNTIME_DIR": str(folder),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "IPYTHONDIR": str(folder / "ipython"),
        "MPLCONFIGDIR": str(folder / "matplotlib"),
        "PLOTLY_RENDERER": "plotly_mimetype",
    }


def _hand_over(process: subprocess.Popen[bytes], job: Mapping[str, Any]) -> None:
    """Write the job to the process; one that died at once shows in its events."""
    with suppress(BrokenPipeError), process.stdin as channel:
        channel.write(json.dumps(job).encode())


def _watch(reading: int, timeout_seconds: float, progress: Progress | None) -> Outcome:
    """Follow the events until the last."""
    cell = 0
    for event in _events(reading, end=time.monotonic() + timeout_seconds + GRACE_SECONDS):
        match event["event"]:
            case "cell":
                cell = event["number"]
                if progress:
                    progress(cell, event["of"])
            case "done":
                return Outcome("done")
            case "failed":
                return Outcome(event["reason"], cell, event.get("error", ""), event.get("message", ""))
            case "silent":
                return Outcome("timeout" if cell else "stalled", cell)
    return Outcome("internal", cell)


def _events(reading: int, *, end: float) -> Iterator[dict[str, Any]]:
    """Yield events as they arrive; `silent` at the end of time, or earlier while no cell has begun."""
    pending = b""
    first_by = min(end, time.monotonic() + QUIET_SECONDS)
    with selectors.DefaultSelector() as selector:
        selector.register(reading, selectors.EVENT_READ)
        while selector.select(max(0.0, first_by - time.monotonic())):
            block = os.read(reading, 65536)
            if not block:
                return
            first_by = end
            *lines, pending = (pending + block).split(b"\n")
            yield from map(json.loads, lines)
    yield {"event": "silent"}


def _end(process: subprocess.Popen[bytes], *, patience_seconds: float) -> None:
    """Let the process leave, or kill it and its kernel."""
    try:
        process.wait(timeout=patience_seconds)
    except subprocess.TimeoutExpired:
        for pid in (*_children(process.pid), process.pid):
            _kill_group(pid)
        process.wait()


def _children(pid: int) -> list[int]:
    """Return the direct children: jupyter starts a kernel in a process group of its own."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in children.read_text().split()] if children.exists() else []


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
