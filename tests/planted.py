"""Ways to write a secret, and files to hide it in: what the auditor's search must find, all of it."""

import base64
import bz2
import gzip
import hashlib
import html
import io
import json
import lzma
import re
import sqlite3
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import duckdb
import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pypdf

FULL_WIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}
PASSWORD = "Pa55-for-tests"


# ---------------------------------------------------------------- ways of writing


def written(secret: str) -> dict[str, bytes]:
    """Return `secret` in every way of writing, by name; all but digests are then written in hex and base64 as well."""
    plain = _encoded(secret) | (_digit_forms(secret) if secret.isdigit() else {})
    forms = dict(plain)
    for name, data in plain.items():
        forms |= {f"{name}, hex": data.hex().encode(), f"{name}, HEX": data.hex().upper().encode()}
        forms |= {f"{name}, base64 +{lead}": base64.b64encode(b"\x00:\xe9"[:lead] + data) for lead in range(3)}
    forms |= {"JSON escapes": _json_escapes(secret), "HTML entities": _entities(secret)}
    forms |= {"HTML entities, bare": "".join(f"&#{ord(letter)}" for letter in secret).encode() + b" "}
    forms |= {"escapes of JavaScript": "".join(f"\\u{{{ord(letter):x}}}" for letter in secret).encode()}
    forms |= {"bytes as Python shows them": "".join(f"\\x{byte:02x}" for byte in secret.encode()).encode()}
    forms |= {"long escapes": "".join(f"\\U{ord(letter):08x}" for letter in secret).encode()}
    forms |= {"quoted-printable": "".join(f"={byte:02X}" for byte in secret.encode()).encode()}
    forms |= {"quoted-printable, cut": _quoted_and_cut(secret)}
    forms |= {name: form for name in ("iso2022_jp", "euc_jp") if (form := _in(name, secret))}
    forms |= {"address of the web": "".join(f"%{byte:02X}" for byte in secret.encode()).encode()}
    for name in ("md5", "sha1", "sha256", "sha512"):
        digest = hashlib.new(name, secret.encode())
        forms |= {name: digest.digest(), f"{name}, hex": digest.hexdigest().encode()}
        forms |= {
            f"{name}, base64 +{lead}": base64.b64encode(b"\x00:\xe9"[:lead] + digest.digest()) for lead in range(3)
        }
    return forms


def _encoded(text: str) -> dict[str, bytes]:
    names = ("utf-8", "utf-16-le", "utf-16-be", "cp932")
    return {name: text.encode(name) for name in names if text.encode(name, "ignore").decode(name) == text}


def _digit_forms(number: str) -> dict[str, bytes]:
    pairs = [number[place : place + 2] for place in range(0, len(number), 2)]
    groups = [number[place : place + 4] for place in range(0, len(number), 4)]
    forms = {
        "spaces": " ".join(groups),
        "hyphens": "-".join(groups),
        "pairs apart": " ".join(pairs),
        "digits apart": " ".join(number),
        "two groups": f"{number[:5]}-{number[5:]}",
        "uneven groups": f"{number[:3]} {number[3:9]}-{number[9:]}",
        "wide gaps": " - ".join(groups),
        "brackets": "".join(f"({group})" for group in groups),
        "colons": ":".join(groups),
        "slashes": "/".join((number[:2], number[2:9], number[9:])),
        "backwards": number[::-1],
        "pairs backwards": "".join(pairs[::-1]),
        "pairs exchanged": "".join(pair[::-1] for pair in pairs),
    }
    wide = {
        "full width": number.translate(FULL_WIDTH),
        "unseen characters": "\u200b".join(number),
        "full width, grouped": "－".join(groups).translate(FULL_WIDTH),
        "full width, wide spaces": "\u3000".join(groups).translate(FULL_WIDTH),
        "typographic hyphens": "\u2010".join(groups),
    }
    encoded = {f"{name}, {code}": form for name, text in wide.items() for code, form in _encoded(text).items()}
    return {name: text.encode() for name, text in forms.items()} | encoded


def _json_escapes(text: str) -> bytes:
    units = np.frombuffer(text.encode("utf-16-le"), "<u2").tolist()
    return "".join(f"\\u{unit:04x}" for unit in units).encode()


def _entities(text: str) -> bytes:
    return "".join(
        f"&#x{ord(letter):x};" if number % 2 else f"&#{ord(letter)};" for number, letter in enumerate(text)
    ).encode()


# Ways that are looked for only in what is text as a whole (decision 0020): in noise or another encoding, nobody
# promises them.
OF_A_WHOLE_TEXT = frozenset({"iso2022_jp", "euc_jp", "quoted-printable", "quoted-printable, cut"})


def _in(encoding: str, text: str) -> bytes:
    """Return the text in an encoding of mail and of old servers; nothing where it has no character for some of it."""
    form = text.encode(encoding, "ignore")
    return form if form.decode(encoding) == text and not text.isascii() else b""


def _quoted_and_cut(text: str) -> bytes:
    """Return text as mail sends it, with a line cut in the middle."""
    parts = [f"={byte:02X}" if byte >= 0x80 else chr(byte) for byte in text.encode()]
    half = len(parts) // 2
    return ("".join(parts[:half]) + "=\r\n" + "".join(parts[half:])).encode()


def is_text(data: bytes) -> bool:
    """Say whether `data` can stand in a text file in UTF-8."""
    try:
        return not any(ord(letter) < 0x20 for letter in data.decode())
    except UnicodeDecodeError:
        return False


# ---------------------------------------------------------------- containers


def _zip(data: bytes, name: str = "inner.bin", password: str | None = None) -> bytes:
    assert password is None
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("first.txt", "nothing")
        archive.writestr(name, data)
    return file.getvalue()


def _tar(data: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        entry = tarfile.TarInfo("inner.gz")
        packed = gzip.compress(data)
        entry.size = len(packed)
        archive.addfile(entry, io.BytesIO(packed))
    return file.getvalue()


def pdf(data: bytes) -> bytes:
    """Return a PDF of one page whose compressed stream holds `data`."""
    stream = zlib.compress(data)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/Metadata 4 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(stream), stream),
    ]
    text, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(text))
        text += b"%d 0 obj" % number + body + b"endobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(text)
    return (
        text
        + b"xref\n0 5\n0000000000 65535 f \n"
        + table
        + b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % start
    )


def pdf_of_two_versions(data: bytes) -> bytes:
    """Return a PDF that was saved again without its stream: what it held is still there, with nothing leading to it."""
    first = pdf(data)
    place = len(first)
    again = b"\n4 0 obj<</Length 2>>stream\nab\nendstream endobj\n"
    start = place + len(again)
    return (
        first
        + again
        + b"xref\n4 1\n%010d 00000 n \n" % (place + 1)
        + b"trailer<</Size 5/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF" % (first.rindex(b"xref\n0"), start)
    )


def old_tar(data: bytes) -> bytes:
    """Return a tar of the time before its signature, with a packed file."""
    whole = bytearray(_tar(data))
    whole[257:265] = bytes(8)
    whole[148:156] = b" " * 8
    whole[148:156] = b"%06o\0 " % sum(whole[:512])
    return bytes(whole)


def sealed_pdf(data: bytes) -> bytes:
    """Return the same with a password."""
    writer, file = pypdf.PdfWriter(clone_from=io.BytesIO(pdf(data))), io.BytesIO()
    writer.encrypt(PASSWORD, algorithm="AES-256")
    writer.write(file)
    return file.getvalue()


def _png(kind: bytes, chunk: bytes) -> bytes:
    def part(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    parts = [part(b"IHDR", head), part(kind, chunk), part(b"IDAT", zlib.compress(b"\0\0")), part(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _parquet(values: list[bytes] | list[str]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"note": values}), file, compression="zstd")
    return file.getvalue()


def _arrow(data: bytes) -> bytes:
    file, table = io.BytesIO(), pa.table({"note": pa.array([data] * 2).dictionary_encode()})
    with pa.ipc.new_file(file, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return file.getvalue()


def _sqlite(data: bytes) -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE t (a INTEGER, note)")
        connection.execute("INSERT INTO t VALUES (1, ?)", [data])
        connection.commit()
        return connection.serialize()


def database(folder: Path, kind: str, value: object) -> bytes:
    """Return a DuckDB file with `value` in a column of type `kind`, among enough rows to be compressed."""
    path = folder / "planted.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE t (n BIGINT, note {kind})")
        filler = "encode(md5(range::VARCHAR))" if kind == "BLOB" else "range"
        connection.execute(f"INSERT INTO t SELECT range, {filler} FROM range(3000)")
        connection.execute("INSERT INTO t VALUES (0, ?)", [value])
    return path.read_bytes()


def _notebook(**output: object) -> bytes:
    cell = {"cell_type": "code", "source": [], "metadata": {}, "outputs": [output] if output else []}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4}, ensure_ascii=False).encode()


def _cut(text: str) -> list[str]:
    return [text[: len(text) // 2], text[len(text) // 2 :]]


def _widget_state(text: str) -> bytes:
    state = {"state": {"0a1b": {"model_name": "HTMLModel", "state": {"value": text}}}}
    notebook = {"cells": [], "metadata": {"widgets": {"application/vnd.jupyter.widget-state+json": state}}}
    return json.dumps(notebook).encode()


def _workbook(text: str) -> bytes:
    file, book = io.BytesIO(), openpyxl.Workbook()
    parts = re.findall(r"(?s).{1,20000}(?: ; |$)", text.rstrip("="))  # a cell holds 32,767 characters
    for row, part in enumerate(parts, 7):
        book.active.cell(row, 2, part)
    book.save(file)
    return file.getvalue()


def _rich_text(text: str) -> bytes:
    runs = "".join(f"<r><rPr><b/></rPr><t>{html.escape(part)}</t></r>" for part in _cut(text))
    return _zip(f"<sst><si>{runs}</si></sst>".encode(), "xl/sharedStrings.xml")


def _runs(prefix: str, properties: str, text: str) -> bytes:
    parts = "\n  ".join(
        f"<{prefix}:r>{properties}<{prefix}:t>{html.escape(part)}</{prefix}:t></{prefix}:r>" for part in _cut(text)
    )
    return _zip(f"<{prefix}:p>{parts}</{prefix}:p>".encode(), "document.xml")


HOLD_ANYTHING = {
    "bytes": lambda data: b"\x00\x01 " + data + b"\n\xff",
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": _zip,
    "zip in zip": lambda data: _zip(_zip(data), "inner.zip"),
    "gzip in tar": _tar,
    "stream of a PDF": pdf,
    "PDF with password": sealed_pdf,
    "zip behind a program": lambda data: b"MZ" + bytes(700) + _zip(data),
    "zip behind a picture": lambda data: _png(b"tEXt", b"a\0b") + _zip(data),
    "gzip behind a picture": lambda data: _png(b"tEXt", b"a\0b") + gzip.compress(data),
    "zip behind a PDF": lambda data: pdf(b"x") + _zip(data),
    "PDF behind a line": lambda data: b"\r\n" + pdf(data),
    "PDF of two versions": pdf_of_two_versions,
    "old tar": old_tar,
    "zlib": zlib.compress,
    "zlib in a page": lambda data: b'{"state":"%s"}' % base64.b64encode(zlib.compress(data)),
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "SQLite in a page": lambda data: b'{"file":"%s"}' % base64.b64encode(_sqlite(data)),
    "PNG in lines in a notebook": lambda data: _notebook(
        output_type="display_data",
        data={"image/png": base64.encodebytes(_png(b"zTXt", b"Title\0\0" + zlib.compress(data))).decode()},
    ),
    "PNG, zTXt": lambda data: _png(b"zTXt", b"Comment\0\0" + zlib.compress(data)),
    "PNG, iTXt packed": lambda data: _png(b"iTXt", b"Comment\0\1\0ja\0\0" + zlib.compress(data)),
    "PNG in a notebook": lambda data: _notebook(
        output_type="display_data",
        data={"image/png": base64.b64encode(_png(b"zTXt", b"Title\0\0" + zlib.compress(data))).decode()},
    ),
    "zip in a page": lambda data: b"<a href='data:application/zip;base64,%s'>" % base64.b64encode(_zip(data)),
    "Parquet bytes": lambda data: _parquet([data]),
    "Arrow": _arrow,
    "SQLite bytes": _sqlite,
}
HOLD_TEXT = {
    "text in UTF-8 with BOM": lambda text: b"\xef\xbb\xbf" + f"区分,{text},済\r\n".encode(),
    "a long text": lambda text: (f"備考、なし\n{'行' * 3000}\n" * 3 + f"値 {text} です\n").encode(),
    "a page": lambda text: f"<html><p>合計</p><td class='x'>{html.escape(text)}</td></html>".encode(),
    "marked up within": lambda text: (
        f"<p>値は<b>{html.escape(_cut(text)[0])}</b>{html.escape(_cut(text)[1])}</p>".encode()
    ),
    "PNG, tEXt": lambda text: _png(b"tEXt", b"Comment\0" + text.encode()),
    "Parquet text": lambda text: _parquet([text]),
    "Excel": _workbook,
    "Excel, rich text": _rich_text,
    "Word, cut in runs": lambda text: _runs("w", '<w:rPr><w:rFonts w:hint="eastAsia"/></w:rPr>', text),
    "PowerPoint, cut in runs": lambda text: _runs("a", '<a:rPr lang="ja-JP"><a:latin typeface="x"/></a:rPr>', text),
    "OpenDocument, cut": lambda text: _zip(
        "<text:p>{}<text:span text:style-name='T1'>{}</text:span></text:p>".format(
            *map(html.escape, _cut(text))
        ).encode()
    ),
    "cell by cell": lambda text: "<tr>\n<td>{}</td>\n  <td>{}</td></tr>".format(*map(html.escape, _cut(text))).encode(),
    "cut by a comment": lambda text: "<P>{}<!-- -->{}<WBR></P>".format(*map(html.escape, _cut(text))).encode(),
    "cut by a colour": lambda text: "\x1b[31m {}\x1b[0m{}".format(*_cut(text)).encode(),
    "notebook, output": lambda text: _notebook(output_type="stream", name="stdout", text=[text]),
    "notebook, cut in lines": lambda text: _notebook(output_type="stream", name="stdout", text=_cut(text)),
    "notebook, table": lambda text: _notebook(
        output_type="execute_result", data={"text/html": [f"<td>{html.escape(text)}</td>\n", "<td>1</td>"]}
    ),
    "notebook, widget state": _widget_state,
}
