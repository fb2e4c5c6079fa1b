"""How long an ingest takes, as a ratio to DuckDB's plain load of the same files, in one run.

Floor    `CREATE TABLE … AS FROM read_csv(file, all_varchar = true, ignore_errors = true)` of every file of the
         extract into one database file, with a checkpoint, two threads. Errors are ignored because the made-up
         city has ragged rows, as real ones do, and a plain load would stop there. DuckDB reads no CP932, so the
         floor of a CP932 extract is that of its UTF-8 twin (same seed, same rows).
Ingest   `workbench ingest` of the same extract: check, strip, pseudonymise, encrypt, publish.

Both are whole processes, timed from start to exit, one after the other, `--runs` times each; the ratio is of
the medians. Memory is the largest sum of resident pages over the process and its children. CPU is user and system
time of the process and its children: on a machine shared with others it says more than the clock does.
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
SAMPLE_SECONDS = 0.1
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
        floors, ingests = [], []
        for number in range(1, options.runs + 1):
            floors.append(_floor(twin, work))
            ingests.append(_ingest(extracts, work))
            print(f"run {number}: floor {floors[-1].seconds:.1f} s, ingest {ingests[-1].seconds:.1f} s", flush=True)
        print("\n" + _section(options.encoding, extracts, floors, ingests))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--residents", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--encoding", choices=sorted(AIMS), default="utf-8")
    parser.add_argument("--extracts", type=Path, help="measure this UTF-8 extract instead of making a city")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--work", type=Path, help="where the city and the databases go; needs about 4 KB a resident")
    options = parser.parse_args()
    if options.extracts and options.encoding != "utf-8":
        parser.error("--extracts needs --encoding utf-8: a CP932 extract has no twin to compare with")
    return options


def _make_city(work: Path, options: argparse.Namespace, encoding: str) -> Path:
    folder = work / encoding
    size = ["--residents", str(options.residents), "--seed", str(options.seed)]
    measured = _measure([*WORKBENCH, "synth", *size, "--out", str(folder), "--encoding", encoding])
    print(f"synth {encoding}: {measured.seconds:.1f} s, {measured.peak_bytes / 2**30:.2f} GiB", flush=True)
    return folder


def _floor(extracts: Path, work: Path) -> Measured:
    target = work / "floor.duckdb"
    measured = _measure([sys.executable, "-c", FLOOR, str(extracts), str(target)])
    target.unlink()
    return measured


def _ingest(extracts: Path, work: Path) -> Measured:
    home = work / "home"
    measured = _ingest_into(home, extracts, work)
    shutil.rmtree(home)
    return measured


def _ingest_into(home: Path, extracts: Path, work: Path) -> Measured:
    passphrase = work / "passphrase.txt"
    passphrase.write_text("a passphrase for benchmarks\n", encoding="utf-8")
    passphrase.chmod(0o600)
    environment = os.environ | {"WORKBENCH_HOME": str(home), "WORKBENCH_PASSPHRASE_FILE": str(passphrase)}
    _measure([*WORKBENCH, "keys", "init", "--officer", "bench"], environment)
    return _measure([*WORKBENCH, "ingest", "--extracts", str(extracts)], environment)


def make_snapshot(work: Path, options: argparse.Namespace) -> Path:
    """Make a city of `options.residents` and `options.seed`, ingest it, and return the database of its snapshot."""
    extracts = _make_city(work, options, "utf-8")
    home = work / "home"
    _ingest_into(home, extracts, work)
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


def _section(encoding: str, extracts: Path, floors: list[Measured], ingests: list[Measured]) -> str:
    size = sum(file.stat().st_size for file in extracts.glob("*.csv"))
    rows = {name: _rows(extracts / f"{name}.csv") for name in ("住民", "接種記録")}
    clock = [statistics.median(run.seconds for run in runs) for runs in (floors, ingests)]
    cpu = [statistics.median(run.cpu_seconds for run in runs) for runs in (floors, ingests)]
    lines = [
        f"### Load, {encoding}: {rows['住民']:,} residents, {rows['接種記録']:,} doses, {size / 1e9:.2f} GB",
        "",
        "| what | median s | runs s | peak GiB | ratio | CPU s | ratio of CPU |",
        "|---|---|---|---|---|---|---|",
        _line("plain `read_csv` (floor)", floors, 1.0, 1.0),
        _line("`workbench ingest`", ingests, clock[1] / clock[0], cpu[1] / cpu[0]),
        "",
        f"Aim, at 1,000,000 residents: ratio ≤ {AIMS[encoding]}. {_machine()}.",
    ]
    return "\n".join(lines)


def _line(what: str, runs: list[Measured], ratio: float, cpu_ratio: float) -> str:
    seconds = [run.seconds for run in runs]
    peak = max(run.peak_bytes for run in runs) / 2**30
    all_runs = ", ".join(f"{second:.1f}" for second in seconds)
    cpu = statistics.median(run.cpu_seconds for run in runs)
    median = statistics.median(seconds)
    return f"| {what} | {median:.1f} | {all_runs} | {peak:.2f} | {ratio:.2f} | {cpu:.1f} | {cpu_ratio:.2f} |"


def _rows(file: Path) -> int:
    with file.open("rb") as lines:
        return sum(block.count(b"\n") for block in iter(lambda: lines.read(1 << 22), b"")) - 1


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
