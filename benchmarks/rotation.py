"""How long `workbench keys rotate` takes, as a ratio to the ingest of the same city, in one run; whole processes."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORKBENCH = [sys.executable, "-c", "from workbench.cli import main; main()"]


def main() -> None:
    """Make a city, load it, rotate; print seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, default=100_000)
    residents = parser.parse_args().residents
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as folder:
        base = Path(folder)
        _run(base, "synth", "--residents", str(residents), "--out", str(base / "city"))
        _run(base, "keys", "init", "--demo")
        ingest = _run(base, "ingest", "--extracts", str(base / "city"))
        rotation = _run(base, "keys", "rotate")
    print(f"| {residents:,} | {ingest:.1f} | {rotation:.1f} | {rotation / ingest:.2f} |")


def _run(base: Path, *words: str) -> float:
    started = time.perf_counter()
    own = {"WORKBENCH_HOME": str(base / "var")}
    subprocess.run([*WORKBENCH, *words], check=True, stdout=subprocess.DEVNULL, env=os.environ | own)  # noqa: S603
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
