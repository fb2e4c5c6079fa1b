"""Tables and progress bars on the terminal; rich counts the double width of Japanese characters."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from workbench.ingest import FileCount
    from workbench.outputs.letter_batch import LetterBatch
    from workbench.scan import Verdict

OUTCOME_COLUMN = {"duplicate": 3, "quarantined": 4, "noted": 5}


def console(*, error: bool = False, width: int | None = None) -> Console:
    """Return a console for standard output or standard error, as wide as the terminal or as `width`."""
    return Console(stderr=error, highlight=False, width=width)


def shown(path: Path) -> str:
    """Return a path as a clerk would type it: from the working folder if it lies below, else from the root."""
    whole = path.absolute()
    return str(whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else whole)


class RowProgress:
    """A progress bar per file: rows so far, and the share of the bytes when their total is known."""

    def __init__(self, progress: Progress, totals: dict[str, int]) -> None:
        """`totals` gives the bytes of each file; a file without one shows no share."""
        self._progress = progress
        self._totals = totals
        self._tasks: dict[str, int] = {}

    def __call__(self, name: str, rows: int, done: int | None = None) -> None:
        """Show that `rows` rows and `done` bytes of `name` are through."""
        if name not in self._tasks:
            if not self._tasks and self._progress.console.is_terminal:
                self._progress.start()  # not earlier: a command that is refused at once shows no bar
            self._tasks[name] = self._progress.add_task(name, total=self._totals.get(name), rows="")
        completed = rows if done is None else done
        self._progress.update(self._tasks[name], completed=completed, rows=f"{rows:,} 行")


@contextmanager
def row_progress(totals: dict[str, int] | None = None) -> Iterator[RowProgress]:
    """Show progress bars on standard error while the block runs."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[rows]}"),
        TimeElapsedColumn(),
    )
    with _bars(*columns) as progress:
        yield RowProgress(progress, totals or {})
        for task in progress.task_ids:  # blank lines at the end of a file are never reported
            progress.update(task, total=1, completed=1)
    if not progress.console.is_terminal:  # a log file: the last state, once, and only of what went well
        progress.console.print(progress)


@contextmanager
def step_progress(title: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Show, on a terminal only and only while the block runs, how many of so many units are done."""
    columns = (SpinnerColumn(), TextColumn(title), BarColumn(bar_width=30), TextColumn("{task.fields[count]}"))
    with _bars(*columns, TimeElapsedColumn(), transient=True) as progress:

        def show(done: int, total: int) -> None:
            if not progress.console.is_terminal:
                return
            if not progress.tasks:
                progress.start()
                progress.add_task(title, count="")
            progress.update(progress.task_ids[0], completed=done, total=total, count=f"{done:,}／{total:,} {unit}")

        yield show


@contextmanager
def _bars(*columns: ProgressColumn, transient: bool = False) -> Iterator[Progress]:
    """Make bars on standard error, and stop them if anything started them."""
    progress = Progress(*columns, console=console(error=True), transient=transient)
    try:
        yield progress
    finally:
        if progress.live.is_started:
            progress.stop()


def file_sizes(folder: Path) -> dict[str, int]:
    """Return the bytes of each file of an extract."""
    return {path.name: path.stat().st_size for path in folder.glob("*.*") if path.is_file()}


def reconciliation(files: "tuple[FileCount, ...]") -> Table:
    """Return the table read = kept + duplicates + quarantined, with the reasons below each file."""
    table = Table(title="取り込みの突合（読込 ＝ 取込 ＋ 重複 ＋ 保留）", title_justify="left")
    table.add_column("ファイル・理由")
    for title in ("読込", "取込", "重複", "保留", "うち注意"):
        table.add_column(title, justify="right")
    for line in files:
        numbers = (line.read, line.kept, line.duplicates, line.quarantined, line.noted)
        table.add_row(line.file, *(f"{number:,}" for number in numbers))
        for reason in line.reasons:
            row = [f"  {reason.title}", "", "", "", "", ""]
            row[OUTCOME_COLUMN[reason.outcome]] = f"{reason.rows:,}"
            table.add_row(*row, style="dim")
        table.add_section()
    return table


def letter_counts(batch: "LetterBatch") -> Table:
    """Return how many letters were made and who was left out or held, by reason, with what to do."""
    table = Table(title=f"手紙の作成（{batch.batch_id}）", title_justify="left")
    table.add_column("区分")
    table.add_column("人数", justify="right")
    table.add_column("対応", overflow="fold")
    table.add_row("名簿の人数", f"{batch.listed_count:,}", "")
    table.add_row("手紙を作った人数", f"{batch.letter_count:,}", "")
    for title, number, todo in batch.lines:
        table.add_row(f"  {title}", f"{number:,}", todo)
    return table


def leaks(verdict: "Verdict") -> Table:
    """Return what was found or could not be read, file by file: kind, way of writing and number, never a value."""
    table = Table(title="見つかったもの・読めなかったもの", title_justify="left")
    table.add_column("ファイル", overflow="fold")
    table.add_column("種類（書かれ方）", overflow="fold")
    table.add_column("件数", justify="right")
    for result in verdict.results:
        name = escape(shown(result.shown_as or result.path))
        for finding in result.findings:
            table.add_row(name, f"{finding.kind.title}（{finding.way}）", f"{finding.count:,}")
        for reason in result.unread:
            table.add_row(name, reason, "―")
    return table
