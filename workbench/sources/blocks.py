"""Cutting a CSV file into blocks at record ends, as bytes, and finding the line on which each record begins.

A newline inside quotes ends no record. In CP932 and UTF-8 no byte of a longer character is a quote, comma, LF or CR,
so none of this needs to know the encoding. Line ends are LF, CRLF or CR, as for Python's csv module and Arrow's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from workbench.errors import SourceError
from workbench.sources.forms import Reader

BLOCK_BYTES = 16 << 20
BYTES_PER_RARE_QUOTE = 2048  # quotes are rare where there are at least so many bytes for each
MAX_RECORD_BYTES = 64 << 20  # a longer record is an unclosed quote; also bounds memory

_QUOTE, _COMMA, _LF, _CR = b'",\n\r'
_AFTER_DATA = b"\r\n\x1a"  # blank lines at the end, and the end-of-file mark of old systems


@dataclass(frozen=True)
class Quotes:
    """Where quoted stretches begin and end: positions of their quotes, ascending; an unclosed one has no close."""

    opens: np.ndarray
    closes: np.ndarray

    @property
    def are_closed(self) -> bool:
        """Whether every stretch ends within the data."""
        return len(self.opens) == len(self.closes)

    def contain(self, place: int) -> bool:
        """Whether `place` lies within a quoted stretch."""
        before = int(np.searchsorted(self.opens, place))
        return before > len(self.closes) or (before > 0 and self.closes[before - 1] > place)

    def between(self, start: int, end: int) -> "Quotes":
        """Return the stretches from `start` to `end`, counted from `start`; none may lie across either."""
        first, last = np.searchsorted(self.opens, [start, end])
        return Quotes(self.opens[first:last] - start, self.closes[first:last] - start)

    def until(self, end: int) -> "Quotes":
        """Return the stretches that begin before `end`."""
        return Quotes(self.opens[self.opens < end], self.closes[self.closes < end])


@dataclass(frozen=True)
class Block:
    """Whole records of a file and the quotes among them; a broken one ends within a record that has no end."""

    data: bytes
    quotes: Quotes | None
    is_broken: bool = False
    counts_records: bool = False  # a "line" is a record, as in a sheet, whose cells may hold newlines

    def split(self, piece_bytes: int) -> Iterator["Block"]:
        """Yield the block in pieces of whole records, each of about `piece_bytes` or more; only LF parts them."""
        start = 0
        while start < len(self.data):
            end = self.data.find(b"\n", start + piece_bytes) + 1
            while end and self.quotes and self.quotes.contain(end - 1):
                end = self.data.find(b"\n", end) + 1
            end = end or len(self.data)
            quotes = self.quotes and self.quotes.between(start, end)
            yield Block(self.data[start:end], quotes, counts_records=self.counts_records)
            start = end

    def find_records(self) -> "Records":
        """Return where the records begin, and their lines."""
        records = find_records(self.data, self.quotes)
        count = len(records.starts)
        return Records(np.arange(count), records.starts, count) if self.counts_records else records

    def count_whole_lines(self) -> int:
        """Return the lines before the record without an end (broken blocks only)."""
        opened = int(self.quotes.opens[-1]) if self.quotes and not self.quotes.are_closed else 0
        return count_lines(self.data[: opened + 1]) - 1


@dataclass(frozen=True)
class Records:
    """Per record of a block: the physical line (first line of the block = 0) and the byte at which it begins."""

    lines: np.ndarray
    starts: np.ndarray
    line_count: int


def read_blocks(path: Path, start: int, end: int, *, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Yield the bytes `start`..`end` of the file, in order, each block ending with a record.

    A block holds about `block_bytes`, more where a record is longer. A broken block is the last.

    Raises:
        SourceError: the file became shorter meanwhile.
    """
    with path.open("rb") as file:
        file.seek(start)
        rest = b""
        while piece := file.read(min(block_bytes, end - file.tell())):
            data = rest + piece
            block = _last_block(data) if file.tell() >= end else _whole_records(data)
            rest = data[len(block.data) :]
            if block.data:
                yield block
            if block.is_broken:
                return
        is_short = file.tell() < end
    if is_short:
        msg = f"{path.name} が読み取りの途中で短くなりました。書き出しの終わったファイルでやり直してください。"
        raise SourceError(msg)


def cut_blocks(reader: Reader, *, block_bytes: int = BLOCK_BYTES, counts_records: bool = False) -> Iterator[Block]:
    """Yield what `reader` gives, as `read_blocks` yields a file whose end is known: blank lines at the end are none."""
    data = b""
    while piece := reader.read(block_bytes):
        data += piece
        block = _whole_records(data.rstrip(_AFTER_DATA))
        if block.data:
            yield replace(block, counts_records=counts_records)
        if block.is_broken:
            return
        data = data[len(block.data) :]
    if last := data.rstrip(_AFTER_DATA):
        yield replace(_last_block(last), counts_records=counts_records)


def find_data_end(path: Path, start: int) -> int:
    """Return where the last record ends: behind it stand only blank lines, which are not records."""
    with path.open("rb") as file:
        end = file.seek(0, 2)
        while end > start:
            begin = max(start, end - (1 << 16))
            file.seek(begin)
            kept = len(file.read(end - begin).rstrip(_AFTER_DATA))
            if kept:
                return begin + kept
            end = begin
    return start


def find_quotes(data: bytes) -> Quotes | None:
    """Return the quoted stretches of `data`, which begins with a record; None when no quote occurs.

    A quote opens a stretch only at the beginning of a cell; elsewhere it is an ordinary character (RFC 4180 says
    nothing of it; the csv module and Arrow read it so).
    """
    places = _quotes(data)
    if not len(places):
        return None
    content = np.frombuffer(data, np.uint8)
    opens, closes = places[::2], places[1::2]
    opening = _begins_cell(content, opens)
    opening[1:] |= opens[1:] == closes[: len(opens) - 1] + 1  # a doubled quote: shut and opened at once
    return Quotes(opens, closes) if opening.all() else _find_quotes_one_by_one(content, places)


def _quotes(data: bytes) -> np.ndarray:
    """Return the places of all quotes: one by one, which is the fastest, unless they turn out not to be rare."""
    places, place = [], data.find(b'"')
    while place >= 0:
        places.append(place)
        if len(places) * BYTES_PER_RARE_QUOTE > len(data):
            return _where(np.frombuffer(data, np.uint8) == _QUOTE)
        place = data.find(b'"', place + 1)
    return np.array(places, np.int64)


def _where(mask: np.ndarray) -> np.ndarray:
    """Return the places of True in a bool mask: `flatnonzero`, but eight bytes at a time where they are rare."""
    whole = len(mask) // 8 * 8
    words = np.flatnonzero(mask[:whole].view(np.uint64))
    if len(words) * 16 > len(mask):
        return np.flatnonzero(mask)
    rows, columns = np.nonzero(mask[:whole].reshape(-1, 8)[words])
    return np.concatenate([words[rows] * 8 + columns, whole + np.flatnonzero(mask[whole:])])


def find_records(data: bytes, quotes: Quotes | None) -> Records:
    """Return where the records of a block begin."""
    newlines = _newlines(data)
    ends = newlines
    lines = np.arange(len(newlines) + 1)
    if quotes is not None:
        outside = _outside(newlines, quotes)
        ends = newlines[outside]
        lines = np.append(0, np.flatnonzero(outside) + 1)
    starts = np.append(0, ends + 1)
    has_tail = starts[-1] < len(data)  # the last record of a file may lack its newline
    count = len(starts) if has_tail else len(ends)
    return Records(lines[:count], starts[:count], len(newlines) + has_tail)


def count_commas(data: bytes, quotes: Quotes | None, records: Records) -> np.ndarray:
    """Return the number of commas of each record that separate cells."""
    commas = np.flatnonzero(np.frombuffer(data, np.uint8) == _COMMA)
    if quotes is not None:
        commas = commas[_outside(commas, quotes)]
    return np.diff(np.searchsorted(commas, np.append(records.starts, len(data))))


def find_record_lines(data: bytes, quotes: Quotes | None) -> tuple[np.ndarray, int]:
    """Return the lines on which records begin, and the number of lines, as `find_records` does.

    Much faster where quotes are few, much slower where they are many.
    """
    ends = _is_line_end(data)
    continued: list[int] = []
    line = place = 0
    for begin, end in _stretches(quotes):
        inside = int(np.count_nonzero(ends[begin:end]))
        if inside:
            line += int(np.count_nonzero(ends[place:begin]))
            continued += range(line + 1, line + inside + 1)
            line, place = line + inside, end
    line_count = line + int(np.count_nonzero(ends[place:])) + (not ends[-1])
    return np.delete(np.arange(line_count), continued), line_count


def count_all_commas(data: bytes, quotes: Quotes | None) -> int:
    """Return the sum of what `count_commas` says; fast where quotes are few."""
    whole = np.count_nonzero(np.frombuffer(data, np.uint8) == _COMMA)
    return int(whole) - sum(data.count(b",", begin, end) for begin, end in _stretches(quotes))


def _stretches(quotes: Quotes | None) -> Iterator[tuple[int, int]]:
    return iter(()) if quotes is None else zip(quotes.opens.tolist(), quotes.closes.tolist(), strict=True)


def count_lines(data: bytes) -> int:
    """Return the number of physical lines in `data`; the last may lack its newline."""
    content = np.frombuffer(data, np.uint8)
    count = np.count_nonzero(content == _LF)
    if b"\r" in data:
        count += np.count_nonzero((content[:-1] == _CR) & (content[1:] != _LF)) + int(content[-1] == _CR)
    return int(count) + (not data.endswith((b"\n", b"\r")))


def _last_block(data: bytes) -> Block:
    quotes = find_quotes(data)
    return Block(data, quotes, is_broken=quotes is not None and not quotes.are_closed)


def _whole_records(data: bytes) -> Block:
    """Return the records of `data` that certainly end in it, perhaps none; more data follow."""
    quotes = find_quotes(data)
    end = _last_record_end(data, quotes)
    if not end and len(data) > MAX_RECORD_BYTES:
        return Block(data, quotes, is_broken=True)
    return Block(data[:end], quotes.until(end) if quotes else None)


def _last_record_end(data: bytes, quotes: Quotes | None) -> int:
    """Return the length of the whole records; a CR at the very end may be half a CRLF, so it ends nothing yet."""
    if quotes is None:
        return data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, -1) + 1
    end = data.rfind(b"\n")
    while end >= 0 and quotes.contain(end):
        end = data.rfind(b"\n", 0, end)
    if end >= 0 and b"\r" not in data[end + 1 : -1]:
        return end + 1
    newlines = _newlines(data[:-1] if data.endswith(b"\r") else data)
    ends = newlines[_outside(newlines, quotes)]
    return int(ends[-1]) + 1 if len(ends) else 0


def _outside(places: np.ndarray, quotes: Quotes) -> np.ndarray:
    """Return a bool mask: which of the ascending `places` are not within quotes."""
    steps = np.zeros(len(places) + 1, np.int8)  # +1 at the first place of a stretch, -1 behind its last
    np.add.at(steps, np.searchsorted(places, quotes.opens), 1)
    np.add.at(steps, np.searchsorted(places, quotes.closes), -1)
    return np.cumsum(steps[:-1], dtype=np.int8) == 0


def _newlines(data: bytes) -> np.ndarray:
    """Return the position of the last byte of every line end."""
    return _where(_is_line_end(data))


def _is_line_end(data: bytes) -> np.ndarray:
    """Return a bool mask: the last byte of a line end."""
    content = np.frombuffer(data, np.uint8)
    ends = content == _LF
    if b"\r" in data:
        lone = content == _CR
        lone[:-1] &= ~ends[1:]
        ends |= lone
    return ends


def _begins_cell(content: np.ndarray, places: np.ndarray) -> np.ndarray:
    before = content[places - 1]  # for place 0 this reads the last byte, and the last clause overrules it
    return (before == _COMMA) | (before == _LF) | (before == _CR) | (places == 0)


def _find_quotes_one_by_one(content: np.ndarray, places: np.ndarray) -> Quotes:
    """Do what `find_quotes` does where a quote stands in the middle of a cell, so that counting by twos fails."""
    begins = _begins_cell(content, places).tolist()
    at = places.tolist()
    opens, closes = [], []
    index = 0
    while index < len(at):
        if begins[index]:
            opens.append(at[index])
            index += 1
            while index + 1 < len(at) and at[index + 1] == at[index] + 1:
                index += 2
            closes += at[index : index + 1]
        index += 1
    return Quotes(np.array(opens, np.int64), np.array(closes, np.int64))
