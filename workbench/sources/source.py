"""One file of an extract as a stream of typed batches, in file order, with flat memory."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from workbench.errors import SourceError
from workbench.sources.blocks import BLOCK_BYTES, Block, cut_blocks, find_data_end, read_blocks
from workbench.sources.faults import FaultLog
from workbench.sources.fixed import fixed_blocks
from workbench.sources.forms import AfterStart, open_as_csv
from workbench.sources.header import Header
from workbench.sources.layout import TableLayout
from workbench.sources.parse import Lost, ParsedBlock, Plan, Refusal, parse_block


@dataclass(frozen=True)
class Parsed:
    """The accepted rows of one block; every other row it read is in the fault log.

    `columns` maps field to array; columns of role `strip` and `search` are not among them. `lines` (int64) is the
    physical line of each accepted row, the header row being line 1.
    """

    rows_read: int  # accepted and refused
    bytes_read: int
    lines: np.ndarray
    columns: dict[str, pa.Array]
    stripped: dict[str, int]  # column title -> values that were checked and dropped
    refused_numbers: np.ndarray = field(
        default_factory=lambda: np.empty(0, np.int64)
    )  # 宛名番号 (int64) of the rows that are left out, -1 where it cannot be read
    refused_lines: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    lost: Lost = field(default_factory=Lost)


SMALL_BYTES = 1 << 16

Inspect = Callable[[str, np.ndarray, Parsed], None]


@dataclass(frozen=True)
class Source:
    """One file: where it is, what its header says, and what the layout makes of it."""

    path: Path
    table: TableLayout
    header: Header

    @property
    def file(self) -> str:
        """The file's name, as fault log and messages use it; with the part, where a file is read in several passes."""
        return f"{self.path.name}（{self.table.part}）" if self.table.part else self.path.name

    @property
    def title(self) -> str:
        """What the file holds, in Japanese."""
        return self.table.title

    def title_of(self, field: str) -> str:
        """Return the title of the column that becomes `field`; empty where the layout has none."""
        return next((column.title for column in self.table.columns if column.field == field), "")

    @property
    def size_bytes(self) -> int:
        """The size of the file, the whole of `Parsed.bytes_read` but for blank lines at its end."""
        return self.path.stat().st_size

    def batches(
        self, log: FaultLog, *, workers: int = 2, inspect: Inspect | None = None, block_bytes: int = BLOCK_BYTES
    ) -> Iterator[Parsed]:
        """Yield the file block by block; every record is an accepted row or has a refusing fault in `log`.

        My Numbers and 住民票コード are checked, counted and dropped here (P1). `inspect` sees each such column once,
        in memory, before that: field, digits (int64, aligned with the rows of the batch, -1 where empty or no
        number), and the batch.

        Memory: about `workers` + 2 blocks, whatever the size of the file.

        Raises:
            SourceError: bytes that are no text, quotes that never close, or a file that cannot be read.
        """
        plan = Plan(
            self.header.encoding,
            self.header.titles,
            self.table,
            keep_digits=inspect is not None,
            fixed_line_ends=self._fixed_line_ends,
        )
        first_line = self.header.lines + 1
        unreported = self.header.size
        few = self.header.file_bytes <= min(SMALL_BYTES, block_bytes)  # not worth a thread
        for size, result in _in_order(self._blocks(block_bytes), plan, 0 if few else workers):
            block = self._accept(result, first_line)
            for code, title, lines in block.faults:
                log.add(self.file, code, title, lines + first_line)
            lines = block.lines + first_line
            for title, counts in block.characters.items():
                log.add_characters(self.file, title, counts)
            parsed = Parsed(
                block.rows_read,
                unreported + size,
                lines,
                block.columns,
                block.stripped,
                block.refused_numbers,
                block.refused_lines + first_line,
                Lost(block.lost.households, tuple(line + first_line for line in block.lost.lines)),
            )
            for name, digits in block.digits.items():
                inspect(name, digits, parsed)
            yield parsed
            first_line += block.line_count
            unreported = 0

    @property
    def _fixed_line_ends(self) -> bool | None:
        return self.header.has_line_ends if self.header.form == "fixed" else None

    def _accept(self, result: ParsedBlock | Refusal, first_line: int) -> ParsedBlock:
        if isinstance(result, ParsedBlock):
            return result
        msg = (
            f"{self.file}: {first_line + result.line}行目から先を読めません（{result.reason}）。"
            "抽出の設定を直してやり直してください。何も変更していません。"
        )
        raise SourceError(msg)

    def _blocks(self, block_bytes: int) -> Iterator[Block]:
        try:
            yield from self._whole_blocks(block_bytes)
        except OSError:
            is_readable = False
        else:
            is_readable = True
        if is_readable:
            return
        msg = f"{self.file} を最後まで読めません。媒体と権限を確認してやり直してください。何も変更していません。"
        raise SourceError(msg)

    def _whole_blocks(self, block_bytes: int) -> Iterator[Block]:
        header = self.header
        if header.form == "csv":
            end = find_data_end(self.path, header.size)
            yield from read_blocks(self.path, header.size, end, block_bytes=block_bytes)
            return
        with open_as_csv(self.path, header.form) as reader:
            if header.form == "fixed":
                yield from fixed_blocks(reader, self.table, line_ends=header.has_line_ends)
                return
            after = AfterStart(reader, header.size)
            yield from cut_blocks(after, block_bytes=block_bytes, counts_records=header.form == "xlsx")


def _in_order(blocks: Iterator[Block], plan: Plan, workers: int) -> Iterator[tuple[int, ParsedBlock | Refusal]]:
    """Parse blocks in `workers` threads (Arrow and numpy leave the interpreter free), one ahead; 0: in this thread."""
    if not workers:
        yield from ((len(block.data), parse_block(block, plan)) for block in blocks)
        return
    waiting: deque[tuple[int, Future]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for block in blocks:
                waiting.append((len(block.data), pool.submit(parse_block, block, plan)))
                if len(waiting) > workers:
                    size, future = waiting.popleft()
                    yield size, future.result()
            while waiting:
                size, future = waiting.popleft()
                yield size, future.result()
        finally:
            for _, future in waiting:
                future.cancel()
