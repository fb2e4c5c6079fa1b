"""Whatever bytes a file holds: read = accepted + refused, cells as Python's csv module reads them, lines as an editor
counts them, and the same for every block size."""

import csv
import io
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workbench.errors import SourceError
from workbench.sources import FaultLog, blocks
from workbench.sources.blocks import count_lines, find_data_end, find_quotes, find_records, read_blocks
from workbench.sources.header import Header
from workbench.sources.layout import TableLayout
from workbench.sources.source import Source

TABLE = TableLayout.model_validate(
    {
        "title": "試験",
        "file": "試験.csv",
        "columns": [
            {"title": "甲", "field": "first", "role": "analytic"},
            {"title": "乙", "field": "second", "role": "analytic", "few": True},
            {"title": "丙", "role": "search"},
        ],
    }
)
HEADER = b"first,second,third\r\n"
CELLS = st.text(st.sampled_from('ab髙あ", \r\n'), max_size=5)
ROWS = st.lists(st.one_of(st.lists(CELLS, min_size=3, max_size=3), st.lists(CELLS, max_size=5)), max_size=12)
RAW = st.lists(st.sampled_from(list(b'ab,",\n\r\n\x81\x40')), max_size=60).map(bytes)
BLOCK_BYTES = st.sampled_from([1, 2, 7, 64, 1 << 20])


@pytest.fixture(scope="module", autouse=True, params=["quotes are few", "quotes are many"])
def _small_pieces(request):
    """Blocks of a few bytes are read in pieces too, as blocks of megabytes are; and in either way of reading."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workbench.sources.rows.PIECE_BYTES", 4)
        patch.setattr("workbench.sources.rows.COUNTED_BYTES", 8)
        patch.setattr("workbench.sources.rows.BYTES_PER_QUOTE", 0.1 if request.param == "quotes are few" else 1 << 30)
        yield


def read(path, content, *, encoding="utf-8", block_bytes=1 << 20):
    """Return {line: cells} of the accepted rows, {line: code} of the refused, and the rows that were read."""
    path.write_bytes(HEADER + content)
    source = Source(path, TABLE, Header(encoding, ("甲", "乙", "丙"), len(HEADER), 1))
    log, accepted, rows_read = FaultLog(), {}, 0
    for part in source.batches(log, workers=1, block_bytes=block_bytes):
        cells = zip(*(part.columns[name].to_pylist() for name in ("first", "second")), strict=True)
        accepted |= dict(zip(part.lines.tolist(), cells, strict=True))
        rows_read += part.rows_read
    return accepted, {entry.line: entry.fault.code for entry in log.entries()}, rows_read


def by_csv_module(content, encoding):
    """Return {line: cells} of every record, or None when the last quote is never closed."""
    data = content.rstrip(b"\r\n\x1a")
    if not data:
        return {}
    text = data.decode(encoding, errors="surrogateescape")
    reader = csv.reader(io.StringIO(text + "\nthe,end", newline=""))
    begun, records = [1], []
    for record in reader:
        records.append(record)
        begun.append(reader.line_num + 1)
    if records[-1] != ["the", "end"]:
        return None
    return {1 + begin: cells for begin, cells in zip(begun, records[:-1], strict=False)}


def expect(records):
    """Split the records of the csv module into those that must be accepted and those that must be refused."""
    good = {line: cells for line, cells in records.items() if len(cells) == 3}
    undecodable = {line for line, cells in good.items() if any("\udc80" <= c <= "\udcff" for c in "".join(cells[:2]))}
    accepted = {line: (cells[0] or None, cells[1] or None) for line, cells in good.items() if line not in undecodable}
    return accepted, dict.fromkeys(undecodable, "undecodable") | dict.fromkeys(records.keys() - good, "ragged_row")


@settings(max_examples=250)
@given(
    rows=ROWS,
    dialect=st.fixed_dictionaries(
        {
            "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
            "lineterminator": st.sampled_from(["\r\n", "\n", "\r"]),
        }
    ),
    encoding=st.sampled_from(["utf-8", "cp932"]),
    block_bytes=BLOCK_BYTES,
)
def test_rows_of_the_csv_module_come_back(tmp_path_factory, rows, dialect, encoding, block_bytes):
    out = io.StringIO(newline="")
    csv.writer(out, **dialect).writerows(rows)
    content = out.getvalue().encode(encoding)

    accepted, refused, rows_read = read(
        tmp_path_factory.getbasetemp() / "rows.csv", content, encoding=encoding, block_bytes=block_bytes
    )

    assert (accepted, refused) == expect(by_csv_module(content, encoding))
    assert rows_read == len(accepted) + len(refused)


@settings(max_examples=400)
@example(content=b'a,b"c,d\r\n"e"f,g"h,i"', encoding="utf-8", block_bytes=2)
@example(content=b"a,b,c\r\n\r\n,,\r\n\n", encoding="utf-8", block_bytes=1)
@given(content=RAW, encoding=st.sampled_from(["utf-8", "cp932"]), block_bytes=BLOCK_BYTES)
def test_any_bytes_are_read_as_the_csv_module_reads_them(tmp_path_factory, content, encoding, block_bytes):
    path = tmp_path_factory.getbasetemp() / "bytes.csv"
    records = by_csv_module(content, encoding)
    if records is None:
        with pytest.raises(SourceError, match="引用符"):
            read(path, content, encoding=encoding, block_bytes=block_bytes)
        return

    accepted, refused, rows_read = read(path, content, encoding=encoding, block_bytes=block_bytes)

    assert (accepted, refused) == expect(records)
    assert rows_read == len(records)


@given(content=RAW)
def test_blocks_of_any_size_join_to_the_file(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "joined.csv"
    path.write_bytes(HEADER + content)
    end = find_data_end(path, len(HEADER))

    blocks = list(read_blocks(path, len(HEADER), end, block_bytes=5))

    assert b"".join(block.data for block in blocks) == content.rstrip(b"\r\n\x1a")
    assert all(block.data.endswith((b"\n", b"\r")) for block, _ in pairwise(blocks))
    assert sum(count_lines(block.data) for block in blocks) == len(content.rstrip(b"\r\n\x1a").splitlines())


def test_records_know_their_lines_across_quoted_newlines():
    data = b'a,"x\r\ny",c\r\nd,e,f\r"g\n\nh",i,j'

    records = find_records(data, find_quotes(data))

    assert records.lines.tolist() == [0, 2, 3]
    assert records.starts.tolist() == [0, data.index(b"d,e"), data.index(b'"g')]
    assert records.line_count == 6


def test_a_quote_that_never_closes_is_located(tmp_path):
    with pytest.raises(SourceError, match=r"試験\.csv: 4行目から先を読めません（引用符"):
        read(tmp_path / "試験.csv", b'a,b,c\nd,e,f\ng,"h,i\nj,k,l\n', block_bytes=8)


def test_a_file_that_shrinks_while_it_is_read_is_refused(tmp_path):
    path = tmp_path / "短.csv"
    path.write_bytes(b"a,b,c\n" * 3)

    with pytest.raises(SourceError, match="短くなりました"):
        list(read_blocks(path, 0, 100, block_bytes=6))


def test_quotes_in_the_middle_of_a_cell_are_ordinary_characters():
    data = b'5" tube,"a ""b"" c"\n'

    quotes = find_quotes(data)

    assert quotes.opens.tolist() == [data.index(b'"a')]
    assert quotes.closes.tolist() == [len(data) - 2]
    assert np.array_equal(find_records(data, quotes).lines, [0])


@given(st.text('a",\n', max_size=60))
def test_rare_quotes_are_found_as_frequent_ones(text):
    data, found = text.encode(), []
    for rare in (0, 1 << 20):  # always rare, never rare
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(blocks, "BYTES_PER_RARE_QUOTE", rare)
            quotes = find_quotes(data)
        found.append(quotes and (quotes.opens.tolist(), quotes.closes.tolist()))

    assert found[0] == found[1]
