"""What can be wrong with a row, and the record of where it was.

`faults.toml` is the list of faults (code, outcome, Japanese text, what the operator does). `FaultLog` remembers
file, line, column and code, and has no place for a value (promise P6).
"""

import csv
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from workbench.sources.characters import is_private_use

Outcome = Literal["quarantined", "noted", "duplicate"]
OUTCOME_TITLES: dict[str, str] = {"quarantined": "保留", "noted": "注意", "duplicate": "重複"}
CHARACTERS_HEADER = ("ファイル", "列", "文字コード", "種類", "出現数")
SHOWN_LINES = 5  # of those a message names
REPORT_HEADER = ("ファイル", "行", "列", "扱い", "理由コード", "理由", "対応")


class Fault(BaseModel):
    """One kind of fault: what becomes of the row, and what people read about it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    outcome: Outcome
    title: str
    message: str
    remedy: str


@cache
def load_faults() -> dict[str, Fault]:
    """Return every fault by its code, in the order of `faults.toml`."""
    raw = tomllib.loads(Path(__file__).with_name("faults.toml").read_text(encoding="utf-8"))
    return {code: Fault(code=code, **entry) for code, entry in raw.items()}


@dataclass(frozen=True)
class _Found:
    """One fault in one column, and the lines of the rows that have it."""

    fault: Fault
    column: str | None
    lines: np.ndarray


@dataclass(frozen=True)
class Entry:
    """One fault of one row: the physical line (header = 1) and the column's title, None for the whole row."""

    file: str
    line: int
    column: str | None
    fault: Fault


class FaultLog:
    """The faults of one ingest: where each was, never what stood there. About eight bytes per faulty cell.

    Call `add` in the order of discovery: a row that is refused for two reasons counts under the first of them.
    """

    def __init__(self) -> None:
        """Begin an empty log."""
        self._files: dict[str, list[_Found]] = {}
        self._characters: dict[tuple[str, str], Counter[int]] = {}

    def fault(self, code: str) -> Fault:
        """Return the fault of that code; KeyError for a code that faults.toml does not have."""
        return load_faults()[code]

    def add(self, file: str, code: str, column: str | None, lines: Sequence[int] | np.ndarray) -> None:
        """Record that each row of `file` beginning at `lines` (header = 1) has this fault in `column` (a title)."""
        fault = self.fault(code)
        if len(lines):
            found = _Found(fault, column, np.array(lines, dtype=np.int64))
            self._files.setdefault(file, []).append(found)

    def add_characters(self, file: str, column: str, counts: Counter[int]) -> None:
        """Count code points of `column` that printing may lack; a character alone is nobody's value."""
        if counts:
            self._characters.setdefault((file, column), Counter()).update(counts)

    def counts(self) -> dict[tuple[str, str], int]:
        """Return rows per (file, code).

        A row that is left out counts once, under the first fault that left it out; a row that is kept counts
        under each of its notes. So the quarantined codes of a file add up to `quarantined(file)`.
        """
        return {(file, code): rows for file in self._files for code, rows in self._counts(file).items()}

    def quarantined(self, file: str) -> int:
        """Return the rows of `file` that are left out with a reason other than being a duplicate."""
        return sum(rows for code, rows in self._counts(file).items() if self.fault(code).outcome == "quarantined")

    def noted(self, file: str) -> int:
        """Return the rows of `file` that are kept, but have at least one note."""
        return len(np.setdiff1d(self._noted(file), self._left_out(file)[0]))

    def entries(self, limit: int | None = None) -> Iterator[Entry]:
        """Yield the faults by file and line; at most `limit` of each code in each file."""
        for file, found in self._files.items():
            shown: Counter[str] = Counter()
            for entry in _by_line(file, found):
                shown[entry.fault.code] += 1
                if limit is None or shown[entry.fault.code] <= limit:
                    yield entry

    def write_csv(self, path: Path) -> int:
        """Write every fault as one line of a CSV that office software opens (UTF-8 with BOM); return their number."""
        written = 0
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(REPORT_HEADER)
            for entry in self.entries():
                fault = entry.fault
                kind = OUTCOME_TITLES[fault.outcome]
                where = (entry.file, entry.line, entry.column or "")
                writer.writerow((*where, kind, fault.code, fault.message, fault.remedy))
                written += 1
        return written

    def write_characters(self, path: Path) -> int:
        """Write the list for the printing side: code points by file and column, counted; return its length."""
        rows = [
            (file, column, f"U+{point:04X}", "外字" if is_private_use(np.array([point]))[0] else "規格外", count)
            for (file, column), counts in self._characters.items()
            for point, count in sorted(counts.items())
        ]
        if rows:
            with path.open("w", encoding="utf-8-sig", newline="") as file:
                csv.writer(file).writerows([CHARACTERS_HEADER, *rows])
        return len(rows)

    def _counts(self, file: str) -> Counter[str]:
        left_out, firsts = self._left_out(file)
        found = self._files.get(file, [])
        counts = Counter(found[index].fault.code for index in firsts.tolist())
        for code in dict.fromkeys(item.fault.code for item in found if item.fault.outcome == "noted"):
            lines = np.unique(np.concatenate([item.lines for item in found if item.fault.code == code]))
            counts[code] = len(np.setdiff1d(lines, left_out, assume_unique=True))
        return +counts

    def _left_out(self, file: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the lines that are left out, ascending, and for each the index of the `_Found` that says so first."""
        found = [(index, item) for index, item in enumerate(self._files.get(file, [])) if item.fault.outcome != "noted"]
        if not found:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        lines, places = np.unique(np.concatenate([item.lines for _, item in found]), return_index=True)
        owners = np.repeat([index for index, _ in found], [len(item.lines) for _, item in found])
        return lines, owners[places]

    def _noted(self, file: str) -> np.ndarray:
        found = [item.lines for item in self._files.get(file, []) if item.fault.outcome == "noted"]
        return np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)


def lines_text(lines: Iterable[int]) -> str:
    """Write the first of some line numbers as people read them."""
    ordered = sorted(lines)
    text = "・".join(f"{line:,}" for line in ordered[:SHOWN_LINES])
    return f"{text}行目{'など' if len(ordered) > SHOWN_LINES else ''}"


def _by_line(file: str, found: list[_Found]) -> Iterator[Entry]:
    """Yield one entry per fault and row, by line, in the order found within a line."""
    owners = np.repeat(np.arange(len(found)), [len(item.lines) for item in found])
    lines = np.concatenate([item.lines for item in found])
    for row in np.argsort(lines, kind="stable").tolist():
        item = found[owners[row]]
        yield Entry(file, int(lines[row]), item.column, item.fault)
