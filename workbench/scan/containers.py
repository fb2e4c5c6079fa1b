"""Opens files that hold others or hide their text: zip (and Excel), gzip, PDF, PNG, notebooks, databases and more.

Each opener yields its parts: bytes that may again be a file, or an array of numbers. What cannot be opened is raised
as `Sealed` or as the library's own error; the caller says so, and a file with a part nobody read is never clean.
"""

import bz2
import gzip
import io
import json
import logging
import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msoffcrypto
import numpy as np
import pypdf

from workbench.scan import tables

Part = bytes | np.ndarray
LARGEST = 1 << 30  # bytes of one unpacked part, so that a small file cannot fill the memory
_OPAQUE = (
    b"7z\xbc\xaf\x27\x1c",
    b"\x28\xb5\x2f\xfd",
    b"Rar!",
    b"\x04\x22\x4d\x18",
    b"MSCF",
    b"PARE",
    b"age-encryption",
    b"\x1f\x9d",
    b"LZIP",
    b"\xff\x06\x00\x00sNaPpY",
    b"Obj\x01",
    b"PACK\x00\x00\x00\x02",
)
_SPACE = 256  # bytes in which a notebook begins
_ZIP_TAIL = (1 << 16) + 22  # bytes in which the end of a zip is found
_TAR_BLOCK = 512
_OCTAL = re.compile(rb"[0-7]{4,7}")
_PDF_BEHIND = re.compile(rb"^%PDF-[12]\.[0-9]\s", re.MULTILINE)
_STREAM = re.compile(rb"stream\r?\n(?=x[\x01\x5e\x9c\xda])")
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXT_CHUNKS = {b"tEXt", b"zTXt", b"iTXt", b"eXIf"}

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its warnings may quote what it reads


class Sealed(Exception):  # noqa: N818 - a state, not a fault
    """A part stays shut; the words say why, in Japanese, and quote nothing."""


@dataclass(frozen=True)
class Blob:
    """A file on disk, or the bytes of one that was found inside another."""

    data: bytes = b""
    path: Path | None = None

    def open(self) -> BinaryIO:
        """Open for reading."""
        return io.BytesIO(self.data) if self.path is None else self.path.open("rb")

    def read(self) -> bytes:
        """Return everything, or refuse what would fill the memory."""
        if self.path is None:
            return self.data
        if self.path.stat().st_size > LARGEST:
            raise Sealed(_TOO_LARGE)
        return self.path.read_bytes()


Opener = Callable[[Blob, Sequence[str]], Iterator[Part]]


def find_opener(data: bytes) -> Opener | None:
    """Return what opens a file that begins with `data` (512 bytes); None for a plain file."""
    for start, magic, opener in _KNOWN:
        if data[start : start + len(magic)] == magic:
            return opener
    if _PDF_BEHIND.search(data):
        return _open_pdf
    return _open_tar if _is_old_tar(data) else None


def has_zip_behind(blob: Blob) -> bool:
    """Say whether a zip stands behind something else: a program that unpacks itself, a picture with an appendix."""
    with blob.open() as file:
        start = file.read(4)
        file.seek(max(0, file.seek(0, io.SEEK_END) - _ZIP_TAIL))
        return start != b"PK\3\4" and b"PK\5\6" in file.read() and zipfile.is_zipfile(file)


def _is_old_tar(head: bytes) -> bool:
    """Say whether a block is the header of a tar without its later signature: its checksum is right."""
    stated = head[148:156].strip(b" \0")
    if len(head) < _TAR_BLOCK or not _OCTAL.fullmatch(stated):
        return False
    return int(stated, 8) == sum(head[:148]) + 8 * ord(" ") + sum(head[156:])


def open_zip(blob: Blob, passwords: Sequence[str]) -> Iterator[Part]:
    """Yield what a zip holds, wherever it begins."""
    with blob.open() as file, zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            if entry.file_size > LARGEST:
                raise Sealed(_TOO_LARGE)
            yield _read_entry(archive, entry, passwords)


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, passwords: Sequence[str]) -> bytes:
    if not entry.flag_bits & 1:
        return archive.read(entry)
    for password in passwords:
        try:
            return archive.read(entry, password.encode())
        except (RuntimeError, NotImplementedError, zlib.error, zipfile.BadZipFile):
            continue
    raise Sealed(_ENCRYPTED)


def _open_packed(unpack: Callable[[BinaryIO], BinaryIO]) -> Opener:
    def open_packed(blob: Blob, _: Sequence[str]) -> Iterator[Part]:
        with blob.open() as packed, unpack(packed) as file:
            whole = file.read(LARGEST + 1)
        if len(whole) > LARGEST:
            raise Sealed(_TOO_LARGE)
        yield whole

    return open_packed


def _open_tar(blob: Blob, _: Sequence[str]) -> Iterator[Part]:
    with blob.open() as whole, tarfile.open(fileobj=whole) as archive:
        for entry in archive:
            if entry.size > LARGEST:
                raise Sealed(_TOO_LARGE)
            file = archive.extractfile(entry)
            if file is not None:
                yield file.read()


def _open_pdf(blob: Blob, passwords: Sequence[str]) -> Iterator[Part]:
    reader = pypdf.PdfReader(io.BytesIO(blob.read()))
    if reader.is_encrypted and not any(reader.decrypt(password) for password in ("", *passwords)):
        raise Sealed(_ENCRYPTED)
    in_streams, in_file = reader.xref_objStm, (number for part in reader.xref.values() for number in part)
    for number in sorted({*in_streams, *in_file}):
        item = reader.get_object(pypdf.generic.IndirectObject(number, 0, reader))
        is_stream = isinstance(item, pypdf.generic.StreamObject)
        yield item.get_data() if is_stream else str(item).encode("utf-8", "surrogatepass")
    if not reader.is_encrypted:
        yield from _unpacked_streams(blob.read())
    for page in reader.pages:
        yield page.extract_text().encode("utf-8", "surrogatepass")


def _unpacked_streams(data: bytes) -> Iterator[bytes]:
    """Yield every packed stream, those of earlier versions too, to which nothing leads any more."""
    for match in _STREAM.finditer(data):
        with suppress(zlib.error):
            yield _inflated(memoryview(data)[match.end() :])


def _open_zlib(blob: Blob, _: Sequence[str]) -> Iterator[Part]:
    """Yield what a bare zlib stream holds; bytes that only look like one are plain ones."""
    with suppress(zlib.error):
        yield _inflated(blob.read())


def _open_png(blob: Blob, _: Sequence[str]) -> Iterator[Part]:
    data = blob.read()
    place = len(_SIGNATURE)
    while place + 8 <= len(data):
        (size,), kind = struct.unpack(">I", data[place : place + 4]), data[place + 4 : place + 8]
        if kind in _TEXT_CHUNKS:
            yield _chunk_text(kind, data[place + 8 : place + 8 + size])
        place += size + 12
        if kind == b"IEND":  # whatever stands behind is a file of its own
            break
    yield data[place:]


def _chunk_text(kind: bytes, chunk: bytes) -> bytes:
    """Return the text of a chunk; zTXt and, if it says so, iTXt are packed behind their keyword."""
    keyword, _, rest = chunk.partition(b"\0")
    if kind == b"zTXt":
        return keyword + b"\n" + _inflated(rest[1:])
    if kind == b"iTXt" and rest[:1] == b"\1":
        text = rest[2:].split(b"\0", 2)[2]
        return keyword + b"\n" + _inflated(text)
    return chunk.replace(b"\0", b"\n")


def _inflated(packed: bytes | memoryview) -> bytes:
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(packed, LARGEST)
    if unpacker.unconsumed_tail:
        raise Sealed(_TOO_LARGE)
    return text


def _open_office(blob: Blob, passwords: Sequence[str]) -> Iterator[Part]:
    """Open an Excel, Word or PowerPoint file with a password; the old binary formats are not read."""
    file = msoffcrypto.OfficeFile(io.BytesIO(blob.read()))
    if not file.is_encrypted():
        raise Sealed(_OLD_OFFICE)
    for password in passwords:
        opened = io.BytesIO()
        try:
            file.load_key(password=password, verify_password=True)
            file.decrypt(opened)
        except msoffcrypto.exceptions.InvalidKeyError:
            continue
        yield opened.getvalue()
        return
    raise Sealed(_ENCRYPTED)


def joined_texts(blob: Blob) -> bytes | None:
    """Return every text of a notebook (JSON with cells), lists of lines joined, one a line; None for another file."""
    with blob.open() as file:
        if file.read(_SPACE).lstrip()[:1] != b"{":  # not read whole to learn that it is none
            return None
    data = blob.read()
    if b'"cells"' not in data:
        return None
    try:
        return "\n".join(_texts(json.loads(data))).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return None


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = [*map(str, value), *value.values()]
    elif isinstance(value, list) and value and all(isinstance(line, str) for line in value):
        yield "".join(value)
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    else:
        yield str(value)


def _open_opaque(*_: object) -> Iterator[Part]:
    raise Sealed(_UNKNOWN)
    yield b""


_ENCRYPTED = "暗号化されていて開けません"
_OLD_OFFICE = "旧形式のOfficeファイルは中を確かめられません"
_UNKNOWN = "暗号化または未対応の圧縮形式で、中を確かめられません"
_TOO_LARGE = f"展開すると {LARGEST >> 20:,} MBを超え、中を確かめられません"

_KNOWN: tuple[tuple[int, bytes, Opener], ...] = (
    (0, b"PK\x03\x04", open_zip),
    (0, b"\x1f\x8b", _open_packed(lambda file: gzip.GzipFile(fileobj=file))),
    (0, b"BZh", _open_packed(bz2.BZ2File)),
    (0, b"\xfd7zXZ\x00", _open_packed(lzma.LZMAFile)),
    (257, b"ustar", _open_tar),
    (0, b"%PDF", _open_pdf),
    (0, _SIGNATURE, _open_png),
    (0, b"\xd0\xcf\x11\xe0", _open_office),
    (0, b"\x5d\x00\x00", _open_packed(lzma.LZMAFile)),
    *((0, b"x" + second, _open_zlib) for second in (b"\x01", b"\x5e", b"\x9c", b"\xda")),
    (0, b"PAR1", lambda blob, _: tables.open_parquet(blob.data, blob.path)),
    (0, b"ARROW1", lambda blob, _: tables.open_arrow(blob.data, blob.path)),
    (8, b"DUCK", lambda blob, _: tables.open_duckdb(blob.data, blob.path)),
    (0, b"SQLite format 3\x00", lambda blob, _: tables.open_sqlite(blob.read())),
    *((0, magic, _open_opaque) for magic in _OPAQUE),
)
