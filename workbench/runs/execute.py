"""The process of one run: `python -m workbench.runs FD` executes a notebook and turns it into a page.

Reads    a job (JSON) from standard input
Writes   the executed notebook and the page it names; events, a JSON object a line, to the descriptor FD
Checks   that nothing it writes holds a My Number's shape; `runs` checked the parameters before it started
Assumes  an environment without secrets and Jupyter folders of its own, as `runs.supervise` makes them
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import papermill_io

from workbench import errors
from workbench.errors import RunError
from workbench.outputs.page import write_page
from workbench.runs import saving
from workbench.runs.kernels import IpcKernel, poll_in_slices

START_SECONDS = 60  # a kernel that has not answered by then never will
OUTPUT_SECONDS = 60  # between a cell's reply and the last of its output

Emit = Callable[..., None]


def main() -> None:
    """Run the job on standard input; the last event is `done` or `failed`."""
    job = json.load(sys.stdin)
    with os.fdopen(int(sys.argv[1]), "w", encoding="utf-8") as events:

        def emit(event: str, **facts: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
            events.write(json.dumps({"event": event} | facts) + "\n")
            events.flush()

        _run(job, emit)


def _run(job: dict[str, Any], emit: Emit) -> None:
    """Execute, clean and export; every failure becomes an event that carries no value."""
    poll_in_slices()
    try:
        notebook = _execute(job, emit)
        clean(notebook)
        saving.check(notebook)
        Path(job["executed"]).write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
        write_page(notebook, Path(job["page"]))
    except PapermillExecutionError as error:
        emit("failed", reason="error", error=error.ename, message=_own_words(error))
    except RunError as error:
        emit("failed", reason="refused", message=str(error))
    except CellTimeoutError as error:
        emit("failed", reason="stalled" if "IOPub" in str(error) else "timeout")
    except DeadKernelError:
        emit("failed", reason="died")
    except Exception as error:  # noqa: BLE001 - only its class is told: its words could quote a value
        stalled = isinstance(error, RuntimeError) and "Kernel didn't respond" in str(error)
        emit("failed", reason="stalled" if stalled else "internal", error=type(error).__name__)
    else:
        emit("done")


def _execute(job: dict[str, Any], emit: Emit) -> nbformat.NotebookNode:
    """Run the cells in order, each until the end of the whole run's time at most."""
    deadline = time.monotonic() + job["timeout_seconds"]
    notebook = nbformat.read(job["notebook"], as_version=4)
    total = sum(cell.cell_type == "code" for cell in notebook.cells) + 1  # papermill adds the cell of given values
    started = 0

    def on_cell_start(cell: nbformat.NotebookNode, **_: object) -> None:
        nonlocal started
        if cell.cell_type == "code":
            started += 1
            emit("cell", number=started, of=total)

    papermill_io.register(job["executed"], saving.CheckedFile)  # papermill saves after every cell
    return papermill.execute_notebook(
        notebook,
        job["executed"],
        parameters=job["parameters"],
        kernel_name="python3",
        language="python",
        progress_bar=False,
        start_timeout=START_SECONDS,
        iopub_timeout=OUTPUT_SECONDS,
        kernel_manager_class=IpcKernel,
        timeout_func=lambda _: max(1, int(deadline - time.monotonic())),
        on_cell_start=on_cell_start,
    )


def clean(notebook: nbformat.NotebookNode) -> None:
    """Drop what a reader does not need: widget state (megabytes that survive "clear outputs"), paths, times."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.pop("papermill", None)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"  # papermill's own cell has a random one; same inputs, same bytes
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)


def _own_words(error: PapermillExecutionError) -> str:
    """Return the message of an error of this project, which never carries a value; of no other."""
    known = isinstance(getattr(errors, error.ename, None), type)
    return error.evalue if known else ""
