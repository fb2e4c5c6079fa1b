"""No My Number and no 住民票コード in any file the main job leaves; no name or 宛名番号 in the analytic zone.

Promises P1, P3 and P4. The search itself is tried first: a number planted in each kind of file is found.
"""

import base64
import csv
import gzip
import html
import io
import json
import zipfile

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pypdf
import pytest
import typst
from msoffcrypto.format.ooxml import OOXMLFile

from tests.installation import CITY, PASSWORD
from tests.leaks import SEALED, Finding, Search, Secrets
from tests.tables import rows

NUMBER = "983205673214"  # the published example of 総務省令85号
NAME = "髙橋　梅吉郎"
PLANTED = Secrets(frozenset({NUMBER}), frozenset({NAME, "NGUYEN VAN PLANTED", "0999-62-6789"}))

WRITTEN = rows("""
    how                         | kind   | text                           | encoding
    plain                       | number | id=983205673214;               | ascii
    inside a longer number      | number | 0009832056732140               | ascii
    grouped by spaces           | number | 9832 0567 3214                 | ascii
    grouped by hyphens          | number | 9832-0567-3214                 | ascii
    full width                  | number | ９８３２０５６７３２１４       | utf-8
    full width in CP932         | number | ９８３２０５６７３２１４       | cp932
    UTF-16, little end first    | number | 983205673214                   | utf-16-le
    UTF-16, big end first       | number | 983205673214                   | utf-16-be
    HTML entities               | number | &#57;83205673214               | ascii
    JSON escape                 | number | \\u0039\\u0038\\u0033205673214  | ascii
    a name                      | word   | 保護者 髙橋　梅吉郎 様         | utf-8
    a name in CP932             | word   | 保護者 髙橋　梅吉郎 様         | cp932
    a name in UTF-16            | word   | 保護者 髙橋　梅吉郎 様         | utf-16-le
    a name in Latin letters     | word   | child: NGUYEN VAN PLANTED      | ascii
    a name in JSON escapes      | word   | \\u9ad9\\u6a4b\\u3000\\u6885\\u5409\\u90ce | ascii
    a telephone number          | word   | TEL:0999-62-6789.              | ascii
    another number              |        | 983205673215                   | ascii
    a part of the number        |        | 98320567321                    | ascii
    another name                |        | 髙橋　梅吉                     | utf-8
""")


def _zip(number):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.csv.gz", gzip.compress(number.encode()))
    return file.getvalue()


def _workbook(number):
    file, book = io.BytesIO(), openpyxl.Workbook()
    book.active["A1"] = number
    book.save(file)
    return file.getvalue()


def _sealed_workbook(number):
    file = io.BytesIO()
    OOXMLFile(io.BytesIO(_workbook(number))).encrypt(PASSWORD, file)
    return file.getvalue()


def _pdf(number):
    return typst.compile(f'#set text(font: "Libertinus Serif")\nNo. {number}'.encode())


def _sealed_pdf(number):
    writer, file = pypdf.PdfWriter(clone_from=io.BytesIO(_pdf(number))), io.BytesIO()
    writer.encrypt(PASSWORD, algorithm="AES-256")
    writer.write(file)
    return file.getvalue()


def _parquet(values):
    file = io.BytesIO()
    pq.write_table(pa.table({"note": values}), file, compression="zstd")
    return file.getvalue()


def _notebook(number):
    output = {"output_type": "stream", "name": "stdout", "text": [number[:6], number[6:]]}
    return json.dumps({"cells": [{"cell_type": "code", "source": [], "outputs": [output]}]}).encode()


def _figure(number):
    array = base64.b64encode(pa.array([1, int(number)]).buffers()[1][:16]).decode()
    return html.escape(json.dumps({"x": {"dtype": "i8", "bdata": array}})).encode()


CONTAINERS = {
    "gzip": lambda number: gzip.compress(number.encode()),
    "zip in it gzip": _zip,
    "Excel": _workbook,
    "Excel with password": _sealed_workbook,
    "PDF": _pdf,
    "PDF with password": _sealed_pdf,
    "Parquet text": lambda number: _parquet([number]),
    "Parquet integer": lambda number: _parquet([int(number)]),
    "Parquet dictionary": lambda number: _parquet(pa.array([number] * 9).dictionary_encode()),
    "output of a notebook": _notebook,
    "plotly's array": _figure,
}


@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: case["how"])
def test_a_secret_is_found_however_it_is_written(case):
    found = Search(PLANTED).content("planted", case["text"].encode(case["encoding"]))

    assert {finding.kind for finding in found} == {case["kind"]} - {None}


@pytest.mark.parametrize("kind", CONTAINERS)
def test_a_number_is_found_inside_every_container(kind):
    place = "planted.ipynb" if "notebook" in kind else "planted"
    search = Search(PLANTED, [PASSWORD])

    assert "number" in {finding.kind for finding in search.content(place, CONTAINERS[kind](NUMBER))}
    assert search.content(place, CONTAINERS[kind]("111122223333")) == set()


@pytest.mark.parametrize("column", ["VARCHAR", "BIGINT"])
def test_a_number_is_found_in_a_database(column, tmp_path):
    with duckdb.connect(str(tmp_path / "planted.duckdb")) as connection:
        connection.execute(f"CREATE TABLE t (note {column})")
        connection.execute("INSERT INTO t SELECT range FROM range(5000)")
        connection.execute("INSERT INTO t VALUES (?)", [NUMBER])

    found = Search(PLANTED).tree(tmp_path)

    assert Finding("number", "planted.duckdb!t.note") in found


@pytest.mark.parametrize("kind", ["Excel with password", "PDF with password"])
def test_what_stays_shut_is_reported(kind):
    assert Search(PLANTED, ["wrong"]).content("planted", CONTAINERS[kind](NUMBER)) == {Finding(SEALED, "planted")}


# ---------------------------------------------------------------- the main job


def _column(file, title):
    with (CITY / file).open(encoding="utf-8", newline="") as lines:
        return {row[title] for row in csv.DictReader(lines)} - {""}


def _of_length(values, length):
    return frozenset(value for value in values if value.isdigit() and len(value) == length)


@pytest.fixture(scope="module")
def my_numbers():
    numbers = _column("住民.csv", "個人番号") | _column("接種記録.csv", "個人番号")
    codes = _column("住民.csv", "住民票コード")
    assert len(numbers) > 1_900
    assert len(codes) > 1_900
    return Secrets(_of_length(numbers, 12) | _of_length(codes, 11))


@pytest.fixture(scope="module")
def identities(my_numbers):
    numbers = _column("住民.csv", "宛名番号") | _column("住民.csv", "世帯番号") | _column("接種記録.csv", "宛名番号")
    words = {word for title in ("氏名", "氏名カナ", "住所", "電話番号") for word in _column("住民.csv", title)}
    words |= {word for title in ("送付先氏名", "住所") for word in _column("送付先.csv", title)}
    assert len(words) > 1_900
    long_enough = frozenset(word for word in words if len(word) > 2)  # a lone character of a test name is no secret
    return Secrets(my_numbers.numbers | _of_length(numbers, 15), long_enough)


def test_the_input_itself_is_full_of_what_is_searched(my_numbers, identities):
    assert {finding.kind for finding in Search(my_numbers).tree(CITY)} == {"number"}
    assert {finding.kind for finding in Search(identities).tree(CITY)} == {"number", "word"}


@pytest.mark.slow
def test_no_my_number_in_any_byte_the_main_job_wrote(used_installation, my_numbers):
    found = Search(my_numbers, [PASSWORD]).tree(used_installation.base)
    sealed = {finding.place for finding in found if finding.kind == SEALED}

    assert {finding for finding in found if finding.kind != SEALED} == set()
    assert all(place.startswith("var/vault/") for place in sealed)


@pytest.mark.slow
def test_no_my_number_in_the_opened_register(used_installation, my_numbers):
    register = used_installation.open_register()
    found = Search(my_numbers).content("register", _parquet_of(register))

    assert register.num_rows > 1_900
    assert found == set()


@pytest.mark.slow
def test_no_identity_in_the_analytic_zone(used_installation, identities):
    home = used_installation.home
    behind = (home / "vault", home / "keys", home / "outputs" / "restricted")

    assert Search(identities).tree(used_installation.base, but_not=behind) == set()
    assert any(path.suffix == ".html" for path in (home / "outputs").rglob("*"))


@pytest.mark.slow
def test_no_identity_on_the_screen(used_installation, identities):
    printed = "\n".join(used_installation.printed)

    assert "突合" in printed
    assert Search(identities).content("screen", printed.encode()) == set()


@pytest.mark.slow
def test_the_restricted_folder_does_hold_names(used_installation, identities):
    found = Search(identities, [PASSWORD]).tree(used_installation.home / "outputs" / "restricted")

    assert "word" in {finding.kind for finding in found}


def _parquet_of(table):
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()
