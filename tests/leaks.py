"""Looks for secrets in any file: the bytes as they are, and what the containers among them hold.

A finding names the kind and the place, never the value. What could not be opened is reported too, so that a
test can say which files it expects to be sealed.
"""

import base64
import gzip
import html
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import msoffcrypto
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pypdf

SEALED = "sealed"
SMALLEST_INTEGER = 10**9  # a shorter one in an integer column is a count or a code, not one of our numbers

_GROUPED = re.compile(rb"[0-9](?:[ .\-\xa0]?[0-9]){9,}")
_FULL_WIDTH = re.compile(rb"(?:\xef\xbc[\x90-\x99]){10,}")
_FULL_WIDTH_CP932 = re.compile(rb"(?:\x82[\x4f-\x58]){10,}")
_UTF16 = (re.compile(rb"(?:[0-9]\x00){10,}"), re.compile(rb"(?:\x00[0-9]){10,}"))
_PHONE = re.compile(r"(?<![0-9-])0[0-9]{1,4}-[0-9]{1,4}-[0-9]{3,4}(?![0-9-])")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_TYPED_ARRAY = re.compile(r'\\?"dtype\\?":\s*\\?"([iuf][1248])\\?",\s*\\?"bdata\\?":\s*\\?"([A-Za-z0-9+/=\\]+)')


@dataclass(frozen=True)
class Secrets:
    """What must not be found: `numbers` are digits only, of 10 to 15; `words` are names, addresses and the like."""

    numbers: frozenset[str]
    words: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse a secret so short that it would be found everywhere."""
        short = [number for number in self.numbers if not 10 <= len(number) <= 15]
        if short or any(len(word) < 3 for word in self.words):
            msg = "a secret is too short, or a number too long, to look for"
            raise ValueError(msg)


@dataclass(frozen=True)
class Finding:
    """A secret of this kind (or `sealed`) at this place."""

    kind: str
    place: str


class Search:
    """One search for a set of secrets; `passwords` open what Excel and PDF readers would ask for."""

    def __init__(self, secrets: Secrets, passwords: Iterable[str] = ()) -> None:
        """Prepare the lookup tables."""
        self._secrets = secrets
        self._passwords = tuple(passwords)
        self._lengths = sorted({len(number) for number in secrets.numbers})
        self._integers = frozenset(int(n) for n in secrets.numbers if int(n) >= SMALLEST_INTEGER)
        self._phones = frozenset(word for word in secrets.words if _PHONE.fullmatch(word))
        self._plain = sorted(word for word in secrets.words - self._phones if word.isascii())
        self._by_start: dict[str, list[str]] = {}
        for word in sorted(secrets.words - self._phones - set(self._plain)):
            self._by_start.setdefault(word[0], []).append(word)
        self._start = re.compile(f"[{re.escape(''.join(self._by_start))}]") if self._by_start else None

    def tree(self, folder: Path, *, but_not: Iterable[Path] = ()) -> set[Finding]:
        """Search every file below `folder`, those below `but_not` excepted."""
        left_out = tuple(but_not)
        files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
        return {
            finding
            for path in files
            if not any(path.is_relative_to(other) for other in left_out)
            for finding in self.content(str(path.relative_to(folder)), path.read_bytes())
        }

    def content(self, place: str, data: bytes) -> set[Finding]:
        """Search one file's bytes and everything inside them."""
        found: set[Finding] = set()
        for where, part in self._open(place, data):
            if part is None:
                found.add(Finding(SEALED, where))
            elif isinstance(part, np.ndarray):
                if not self._integers.isdisjoint(part.tolist()):
                    found.add(Finding("number", where))
            else:
                found |= {Finding(kind, where) for kind in self._kinds_in(part)}
        return found

    def _kinds_in(self, data: bytes) -> Iterator[str]:
        if any(self._has_number(digits) for digits in _digit_runs(data)):
            yield "number"
        if self._secrets.words and any(self._has_word(text) for text in _readings(data)):
            yield "word"

    def _has_number(self, digits: str) -> bool:
        return any(
            digits[start : start + length] in self._secrets.numbers
            for length in self._lengths
            for start in range(len(digits) - length + 1)
        )

    def _has_word(self, text: str) -> bool:
        if any(word in text for word in self._plain) or not self._phones.isdisjoint(_PHONE.findall(text)):
            return True
        places = self._start.finditer(text) if self._start else ()
        return any(text.startswith(word, place.start()) for place in places for word in self._by_start[place.group()])

    def _open(self, place: str, data: bytes) -> Iterator[tuple[str, bytes | np.ndarray | None]]:
        """Yield the bytes and, recursively, what they contain; None for what stays shut."""
        yield place, data
        kinds = {
            (0, b"PK\x03\x04"): self._open_zip,
            (0, b"\x1f\x8b"): self._open_gzip,
            (0, b"%PDF"): self._open_pdf,
            (0, b"\xd0\xcf\x11\xe0"): self._open_office,
            (0, b"PAR1"): _open_parquet,
            (0, b"PARE"): _stay_outside,
            (8, b"DUCK"): _open_duckdb,
        }
        known = (reader for (start, magic), reader in kinds.items() if data.startswith(magic, start))
        yield from next(known, _open_text)(place, data)

    def _open_zip(self, place: str, data: bytes) -> Iterator[tuple[str, bytes | np.ndarray | None]]:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from self._open(f"{place}!{name}", archive.read(name))

    def _open_gzip(self, place: str, data: bytes) -> Iterator[tuple[str, bytes | np.ndarray | None]]:
        yield from self._open(f"{place}!gzip", gzip.decompress(data))

    def _open_pdf(self, place: str, data: bytes) -> Iterator[tuple[str, bytes | None]]:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not any(reader.decrypt(password) for password in self._passwords):
            yield place, None
            return
        in_streams, in_file = reader.xref_objStm, (number for part in reader.xref.values() for number in part)
        for number in sorted({*in_streams, *in_file}):
            item = reader.get_object(pypdf.generic.IndirectObject(number, 0, reader))
            is_stream = isinstance(item, pypdf.generic.StreamObject)
            yield f"{place}!object {number}", item.get_data() if is_stream else str(item).encode()
        for number, page in enumerate(reader.pages, 1):
            yield f"{place}!page {number}", page.extract_text().encode()

    def _open_office(self, place: str, data: bytes) -> Iterator[tuple[str, bytes | np.ndarray | None]]:
        for password in self._passwords:
            file = msoffcrypto.OfficeFile(io.BytesIO(data))
            opened = io.BytesIO()
            try:
                file.load_key(password=password, verify_password=True)
                file.decrypt(opened)
            except msoffcrypto.exceptions.InvalidKeyError:
                continue
            yield from self._open(f"{place}!office", opened.getvalue())
            return
        yield place, None


def _digit_runs(data: bytes) -> Iterator[str]:
    """Yield runs of ten and more digits, however they are written, as plain digits."""
    for run in _GROUPED.findall(data):
        yield re.sub(rb"[^0-9]", b"", run).decode()
    for run in _FULL_WIDTH.findall(data):
        yield run.decode().translate({0xFF10 + digit: str(digit) for digit in range(10)})
    for run in _FULL_WIDTH_CP932.findall(data):
        yield "".join(str(byte - 0x4F) for byte in run[1::2])
    for pattern in _UTF16:
        for run in pattern.findall(data):
            yield run.replace(b"\x00", b"").decode()


def _readings(data: bytes) -> Iterator[str]:
    """Yield the bytes read as text in each encoding a Japanese office knows."""
    yield data.decode("utf-8", "ignore")
    yield data.decode("cp932", "ignore")
    if b"\x00" in data:
        yield data.decode("utf-16-le", "ignore")
        yield data[1:].decode("utf-16-le", "ignore")


def _open_text(place: str, data: bytes) -> Iterator[tuple[str, bytes | np.ndarray]]:
    """Yield what the escapes of HTML and JSON stand for, and plotly's arrays of numbers."""
    text = data.decode("utf-8", "ignore")
    plain = html.unescape(_ESCAPED.sub(lambda code: chr(int(code[1], 16)), text))
    if plain != text:
        yield f"{place}!unescaped", plain.encode("utf-8", "surrogatepass")
    if place.endswith(".ipynb"):
        yield f"{place}!json", "\n".join(_strings(json.loads(text))).encode("utf-8", "surrogatepass")
    for number, (kind, array) in enumerate(_TYPED_ARRAY.findall(plain)):
        raw = base64.b64decode(array.replace("\\", ""))
        yield f"{place}!array {number}", np.frombuffer(raw, dtype=kind).astype(object)


def _strings(value: object) -> Iterator[str]:
    """Yield every text of a JSON value; a notebook cuts its texts into lists of lines."""
    if isinstance(value, dict):
        value = [*map(str, value), *value.values()]
    elif isinstance(value, list) and value and all(isinstance(line, str) for line in value):
        yield "".join(value)
    if isinstance(value, list):
        for item in value:
            yield from _strings(item)
    else:
        yield str(value)


def _stay_outside(place: str, _: bytes) -> Iterator[tuple[str, None]]:
    yield place, None


def _open_parquet(place: str, data: bytes) -> Iterator[tuple[str, bytes | np.ndarray]]:
    yield from _columns(f"{place}!parquet", pq.read_table(io.BytesIO(data)))


def _open_duckdb(place: str, data: bytes) -> Iterator[tuple[str, bytes | np.ndarray]]:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.duckdb"
        copy.write_bytes(data)
        with duckdb.connect(str(copy), read_only=True) as connection:
            tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
            for (table,) in tables:
                yield from _columns(f"{place}!{table}", connection.table(f'"{table}"').to_arrow_table())
            comments = connection.execute("SELECT sql FROM duckdb_tables() UNION SELECT sql FROM duckdb_views()")
            yield f"{place}!schema", "\n".join(str(row[0]) for row in comments.fetchall()).encode()


def _columns(place: str, table: pa.Table) -> Iterator[tuple[str, bytes | np.ndarray]]:
    """Yield every column: integers as they are, the rest written out, a distinct value a line."""
    for name in table.column_names:
        column = table[name].unique()
        if pa.types.is_integer(column.type):
            yield f"{place}.{name}", column.drop_null().to_numpy(zero_copy_only=False).astype(object)
        else:
            yield f"{place}.{name}", "\n".join(map(str, column.to_pylist())).encode("utf-8", "surrogatepass")
