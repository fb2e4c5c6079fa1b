"""Measure `workbench.scan`: megabytes a second on plain files with a million secrets, and memory, against a floor.

Floor    reading the same file in blocks and taking its SHA-256, what any proof of a file must do
Search   the search of the file for 1,000,000 secrets, in one process on one core

Secrets are those of a made-up city, filled up with random numbers. The files are made here: lines as reports and lists
have them (pseudonyms, days, codes, Japanese words) in UTF-8 and CP932, JSON, and random bytes, which no text is.
Each side runs `--runs` times, alternating; the ratio is of the medians. Seconds are the processor's, so that other
programs of a shared machine do not count. Prints a section for benchmarks/RESULTS.md.
"""

import argparse
import hashlib
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from workbench.scan import Kind, Search, Secrets, collect, scan
from workbench.scan.kinds import Numbers

AIM_MB = 50
WORDS = ("接種済", "未接種", "麻しん風しん混合", "五種混合", "潮見地区", "桜台こどもクリニック", "経過観察", "対象外")


def main() -> None:
    """Measure and print."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as folder:
        work = Path(folder)
        started = time.perf_counter()
        secrets, place = _secrets(work, options)
        read_seconds, started = time.perf_counter() - started, time.perf_counter()
        search = Search(secrets, place)
        prepare_seconds = time.perf_counter() - started
        rows = [_measure(name, make(work, options.megabytes), search, options.runs) for name, make in FILES.items()]
    total = sum(secrets.count(kind) for kind in Kind)
    print(f"### Search for {total:,} secrets in files of {options.megabytes} MB\n")
    print("| file | floor MB/s | search MB/s | runs | ratio of times |\n|---|---|---|---|---|")
    print("\n".join(rows))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"\nBefore that, once: reading the secrets {read_seconds:.1f} s, preparing the tables {prepare_seconds:.1f} s;"
        f" peak memory {peak:.2f} GiB.\nAim: at least {AIM_MB} MB/s a core on plain files. {_machine()}."
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--secrets", type=int, default=1_000_000)
    parser.add_argument("--residents", type=int, default=50_000, help="of the city whose names are searched for")
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    return parser.parse_args()


def _secrets(work: Path, options: argparse.Namespace) -> tuple[Secrets, str]:
    """Return the secrets of a made-up city and enough random My Numbers and 住民票コード to make up the number."""
    command = [sys.executable, "-c", "from workbench.cli import main; main()", "synth"]
    size = ["--residents", str(options.residents), "--seed", "7", "--out", str(work / "city")]
    subprocess.run([*command, *size], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - ours
    secrets, place = collect(work / "city")
    missing = max(0, options.secrets - sum(secrets.count(kind) for kind in Kind))
    random = np.random.default_rng(1)
    more = (
        Numbers(Kind.MYNUMBER, 12, np.unique(random.integers(0, 10**12, missing // 2))),
        Numbers(Kind.JUMINHYO_CODE, 11, np.unique(random.integers(0, 10**11, missing - missing // 2))),
    )
    return Secrets(secrets.numbers + more, secrets.words), place


def _lines(megabytes: int) -> list[str]:
    random = np.random.default_rng(2)
    count = megabytes * 14_000
    ids = random.integers(0, 2**63, count).tolist()
    days = random.integers(10, 28, count).tolist()
    codes = random.integers(0, 8, count).tolist()
    return [
        f"p{number:016x},2026-{day % 12 + 1:02d}-{day},100{code:02d},{WORDS[code]},99101{day:05d},{code}.50"
        for number, day, code in zip(ids, days, codes, strict=True)
    ]


def _csv(encoding: str) -> Callable[[Path, int], Path]:
    def make(work: Path, megabytes: int) -> Path:
        path = work / f"{encoding}.csv"
        path.write_text("\n".join(_lines(megabytes)), encoding=encoding)
        return path

    return make


def _json(work: Path, megabytes: int) -> Path:
    path = work / "rows.json"
    titles = ("person_id", "given_on", "vaccine", "status", "clinic", "amount_ml")
    rows = (dict(zip(titles, line.split(","), strict=True)) for line in _lines(megabytes // 3))
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def _ascii(work: Path, megabytes: int) -> Path:
    path = work / "log.txt"
    rows = (line.encode("ascii", "ignore") for line in _lines(megabytes))
    path.write_bytes(b"\n".join(b"INFO followup wrote person " + row for row in rows))
    return path


def _random(work: Path, megabytes: int) -> Path:
    path = work / "random.bin"
    path.write_bytes(np.random.default_rng(3).bytes(megabytes * 200_000))
    return path


FILES = {
    "CSV, UTF-8": _csv("utf-8"),
    "CSV, CP932": _csv("cp932"),
    "JSON lines": _json,
    "log, ASCII": _ascii,
    "random bytes (no text)": _random,
}


def _measure(name: str, path: Path, search: Search, runs: int) -> str:
    size = path.stat().st_size / 1e6
    floors, searches = [], []
    for _ in range(runs):
        floors.append(_seconds(lambda: _floor(path)))
        searches.append(_seconds(lambda: _search(path, search)))
    path.unlink()
    medians = statistics.median(floors), statistics.median(searches)
    speeds = ", ".join(f"{size / seconds:.0f}" for seconds in searches)
    cells = (f"{name} ({size:.0f} MB)", f"{size / medians[0]:.0f}", f"{size / medians[1]:.0f}", speeds)
    return f"| {' | '.join(cells)} | {medians[1] / medians[0]:.1f} |"


def _seconds(work: Callable[[], None]) -> float:
    """Return the seconds of one core: other processes of a shared machine do not count."""
    started = time.process_time()
    work()
    return time.process_time() - started


def _floor(path: Path) -> None:
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")


def _search(path: Path, search: Search) -> None:
    verdict = scan([path], search)
    if not verdict.is_clean:
        msg = f"a false alarm in {path.name}: {verdict.results[0].findings}"
        raise SystemExit(msg)


def _machine() -> str:
    return f"{os.cpu_count()} cores, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
