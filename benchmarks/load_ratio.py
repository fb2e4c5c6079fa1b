"""How long an ingest takes, as a ratio to DuckDB's plain load of the same files, in one run.

Floor    `CREATE TABLE … AS FROM read_csv(file, all_varchar = true, ignore_errors = true)` of every file of the
         extract into one database file, with a checkpoint, two threads. Errors are ignored because the made-up
         city has ragged rows, as real ones do, and a plain load would stop there. DuckDB reads no CP932, so the
         floor of a CP932 extract is that of its UTF-8 twin (same seed, same rows).
Load     `workbench ingest` of the same extract without its last step: check, strip, pseudonymise, encrypt, publish.
Ingest   `workbench ingest` as it is: the last step expands the statute for the city's days and judges every dose, once
         for all questions asked later. A plain load has nothing like it, so the aim is for the line above.

All are whole processes, timed from start to exit, one after the other, `--runs` times each; the ratio is of
the medians. `--doses-times 2` repeats every dose under another lot number: memory must not grow with doses. Memory is
the largest sum of resident pages over the process and its children. CPU is user and system time of the process and its
children: on a machine shared with others it says more than the clock does.
Prints a table, and the same as a section for benchmarks/RESULTS.md.
"""

import argparse
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

WORKBENCH = [sys.executable, "-c", "from workbench.cli import main; main()"]
NO_LAW = "from workbench import ingest; ingest._Run._apply_law = lambda *_: None; "
LOAD_ONLY = [sys.executable, "-c", NO_LAW + WORKBENCH[2]]
DOSES, LOT = "接種記録.csv", 10  # the file of doses, and the place of ロット番号 in its rows
SAMPLE_SECONDS = 0.1
FLOOR_LINE, LOAD_LINE, INGEST_LINE = "plain `read_csv` (floor)", "load, without the law", "`workbench ingest`"
AIMS = {"utf-8": 1.5, "cp932": 2.5}  # issue "The wall holds": ratio to the floor

FLOOR = """
import sys
from pathlib import Path
import duckdb
folder, target = map(Path, sys.argv[1:])
with duckdb.connect(str(target), config={"threads": 2}) as connection:
    for number, file in enumerate(sorted(folder.glob("*.csv"))):
        source = f"read_csv('{file}', all_varchar = true, header = true, ignore_errors = true)"
        connection.execute(f"CREATE TABLE t{number} AS FROM {source}")
    connection.execute("CHECKPOINT")
"""


@dataclass(frozen=True)
class Measured:
    """One process: seconds from start to exit, its largest memory in bytes, and its seconds of CPU."""

    seconds: float
    peak_bytes: int
    cpu_seconds: float


def main() -> None:
    """Measure and print."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="workbench-bench-", dir=options.work) as folder:
        work = Path(folder)
        extracts = options.extracts or _make_city(work, options, options.encoding)
        twin = extracts if options.encoding == "utf-8" else _make_city(work, options, "utf-8")
        if options.doses_times > 1:
            extracts = twin = _repeat_doses(extracts, work / "repeated", options.doses_times)
        runs: dict[str, list[Measured]] = {FLOOR_LINE: [], LOAD_LINE: [], INGEST_LINE: []}
        for number in range(1, options.runs + 1):
            runs[FLOOR_LINE].append(_floor(twin, work))
            runs[LOAD_LINE].append(_ingest(extracts, work, LOAD_ONLY))
            runs[INGEST_LINE].append(_ingest(extracts, work, WORKBENCH))
            print(f"run {number}: " + ", ".join(f"{line} {found[-1].seconds:.1f} s" for line, found in runs.items()))
            sys.stdout.flush()
        print("\n" + _section(options.encoding, extracts, runs))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--residents", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--encoding", choices=sorted(AIMS), default="utf-8")
    parser.add_argument("--extracts", type=Path, help="measure this UTF-8 extract instead of making a city")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--doses-times", type=int, default=1, help="repeat every dose so many times (UTF-8 only)")
    parser.add_argument("--work", type=Path, help="where the city and the databases go; needs about 4 KB a resident")
    options = parser.parse_args()
    if (options.extracts or options.doses_times > 1) and options.encoding != "utf-8":
        parser.error("--extracts and --doses-times need --encoding utf-8: a CP932 extract has no twin to compare with")
    return options


def _make_city(work: Path, options: argparse.Namespace, encoding: str) -> Path:
    folder = work / encoding
    size = ["--residents", str(options.residents), "--seed", str(options.seed)]
    measured = _measure([*WORKBENCH, "synth", *size, "--out", str(folder), "--encoding", encoding])
    print(f"synth {encoding}: {measured.seconds:.1f} s, {measured.peak_bytes / 2**30:.2f} GiB", flush=True)
    return folder


def _repeat_doses(extracts: Path, folder: Path, times: int) -> Path:
    """Write the extract again with every dose `times` times, each time under another lot number."""
    folder.mkdir()
    for file in extracts.iterdir():
        if file.name != DOSES:
            shutil.copy(file, folder)
    with (extracts / DOSES).open(encoding="utf-8") as rows, (folder / DOSES).open("w", encoding="utf-8") as target:
        target.write(next(rows))
        for row in rows:
            target.write(row)
            cells = row.split(",")
            for copy in range(1, times) if len(cells) > LOT else ():  # a ragged row is no dose
                target.write(",".join([*cells[:LOT], f"{copy}{cells[LOT]}"[:20], *cells[LOT + 1 :]]))
    return folder


def _floor(extracts: Path, work: Path) -> Measured:
    target = work / "floor.duckdb"
    measured = _measure([sys.executable, "-c", FLOOR, str(extracts), str(target)])
    target.unlink()
    return measured


def _ingest(extracts: Path, work: Path, program: list[str]) -> Measured:
    home = work / "home"
    measured = _ingest_into(home, extracts, work, program)
    shutil.rmtree(home)
    return measured


def _ingest_into(home: Path, extracts: Path, work: Path, program: list[str]) -> Measured:
    passphrase = work / "passphrase.txt"
    passphrase.write_text("a passphrase for benchmarks\n", encoding="utf-8")
    passphrase.chmod(0o600)
    environment = os.environ | {"WORKBENCH_HOME": str(home), "WORKBENCH_PASSPHRASE_FILE": str(passphrase)}
    _measure([*WORKBENCH, "keys", "init", "--officer", "bench"], environment)
    return _measure([*program, "ingest", "--extracts", str(extracts)], environment)


def make_snapshot(work: Path, options: argparse.Namespace) -> Path:
    """Make a city of `options.residents` and `options.seed`, ingest it, and return the database of its snapshot."""
    extracts = _make_city(work, options, "utf-8")
    home = work / "home"
    _ingest_into(home, extracts, work, WORKBENCH)
    return next((home / "snapshots").glob("*/analytics.duckdb"))


def _measure(command: list[str], environment: dict[str, str] | None = None) -> Measured:
    """Run a command to its end; stop with its own words when it fails."""
    with tempfile.TemporaryFile() as words:
        started, before = time.perf_counter(), _cpu_of_children()
        process = subprocess.Popen(command, env=environment, stdout=words, stderr=subprocess.STDOUT)  # noqa: S603 - ours
        peaks: list[int] = []
        watcher = threading.Thread(target=_watch, args=(process, psutil.Process(process.pid), peaks))
        watcher.start()
        code = process.wait()
        seconds = time.perf_counter() - started
        watcher.join()
        words.seek(0)
        if code:
            msg = f"{' '.join(command[3:])} failed:\n{words.read().decode()}"
            raise SystemExit(msg)
    return Measured(seconds, max(peaks, default=0), _cpu_of_children() - before)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _watch(process: subprocess.Popen, watched: psutil.Process, peaks: list[int]) -> None:
    """Note the memory of a process and its children until it ends."""
    while process.returncode is None:
        peaks.append(_resident_bytes(watched))
        time.sleep(SAMPLE_SECONDS)


def _resident_bytes(process: psutil.Process) -> int:
    total = 0
    try:
        for member in [process, *process.children(recursive=True)]:
            total += member.memory_info().rss
    except psutil.NoSuchProcess:
        pass  # it ended between the two looks
    return total


def _section(encoding: str, extracts: Path, runs: dict[str, list[Measured]]) -> str:
    size = sum(file.stat().st_size for file in extracts.glob("*.csv"))
    rows = {name: _rows(extracts / name) for name in ("住民.csv", DOSES)}
    lines = [
        f"### Load, {encoding}: {rows['住民.csv']:,} residents, {rows[DOSES]:,} doses, {size / 1e9:.2f} GB",
        "",
        "| what | median s | runs s | peak GiB | ratio | CPU s | ratio of CPU |",
        "|---|---|---|---|---|---|---|",
        *(_line(what, found, runs[FLOOR_LINE]) for what, found in runs.items()),
        "",
        f"Aim, at 1,000,000 residents, for the load: ratio ≤ {AIMS[encoding]}. {_machine()}.",
    ]
    return "\n".join(lines)


def _line(what: str, runs: list[Measured], floors: list[Measured]) -> str:
    clock, floor_clock = (statistics.median(run.seconds for run in some) for some in (runs, floors))
    cpu, floor_cpu = (statistics.median(run.cpu_seconds for run in some) for some in (runs, floors))
    all_runs = ", ".join(f"{run.seconds:.1f}" for run in runs)
    peak = max(run.peak_bytes for run in runs) / 2**30
    ratios = f"{clock / floor_clock:.2f} | {cpu:.1f} | {cpu / floor_cpu:.2f}"
    return f"| {what} | {clock:.1f} | {all_runs} | {peak:.2f} | {ratios} |"


def _rows(file: Path) -> int:
    with file.open("rb") as lines:
        return sum(block.count(b"\n") for block in iter(lambda: lines.read(1 << 22), b"")) - 1


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
