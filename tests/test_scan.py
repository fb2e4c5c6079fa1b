"""The auditor's proof: every way of writing, in every container, is found; and nothing else is."""

import base64
import gzip
import html
import io
import json
import pickle
import re
import stat
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msoffcrypto.format.ooxml import OOXMLFile

from tests import planted
from tests.extracts import EXTRACT_TOML, RESIDENT, csv_text, resident, write_extract
from tests.installation import CITY
from tests.installation import PASSWORD as LETTERS_PASSWORD
from tests.tables import rows
from workbench.cli import run
from workbench.scan import Kind, Search, Secrets, collect, scan
from workbench.scan.kinds import Numbers, Tally, Words
from workbench.sources.layout import LAYOUTS

NUMBER, CODE, ATENA = "983205673214", "19407028476", "001000000295623"
NAME, KANA, ADDRESS, LATIN = "髙橋　梅吉郎", "タカハシ　ウメキチロウ", "桜浜市岬町4丁目1番4号", "NGUYEN VAN PLANTED"
SECRETS = Secrets(
    (
        Numbers(Kind.MYNUMBER, 12, np.array([int(NUMBER)])),
        Numbers(Kind.JUMINHYO_CODE, 11, np.array([int(CODE)])),
        Numbers(Kind.ATENA_NUMBER, 15, np.array([int(ATENA)])),
        Numbers(Kind.PHONE, 10, np.array([999626789])),
    ),
    (
        Words(Kind.NAME, [NAME, LATIN, "𠮷田　誠一", "林　学", "林　一郎", "乙"]),
        Words(Kind.KANA, [KANA, "ハラ　アイ"]),
        Words(Kind.ADDRESS, [ADDRESS, "桜浜市本町"]),
    ),
)
OF_KIND = {NUMBER: Kind.MYNUMBER, CODE: Kind.JUMINHYO_CODE, ATENA: Kind.ATENA_NUMBER, NAME: Kind.NAME}
OF_KIND |= {KANA: Kind.KANA, ADDRESS: Kind.ADDRESS, LATIN: Kind.NAME}


@pytest.fixture(scope="module")
def search():
    return Search(SECRETS, "桜浜市")


@pytest.fixture
def findings_in(search, tmp_path):
    """Write one file and return what is found in it; anything unread fails."""

    def look(data, name="planted"):
        path = tmp_path / name
        path.write_bytes(data)
        verdict = scan([path], search, passwords=[planted.PASSWORD])
        assert [result.unread for result in verdict.results if result.unread] == []
        return {finding for result in verdict.results for finding in result.findings}

    return look


@pytest.fixture
def kinds_in(findings_in):
    """The same, the kinds only."""
    return lambda data, name="planted": {finding.kind for finding in findings_in(data, name)}


# ---------------------------------------------------------------- every way of writing, in every container


@pytest.mark.parametrize("secret", OF_KIND)
def test_every_way_of_writing_is_found(secret, kinds_in):
    forms = planted.written(secret)
    missed = [name for name, form in forms.items() if OF_KIND[secret] not in kinds_in(b"\x00 " + form + b" \xff")]

    assert len(forms) > 25
    assert missed == []


ALL_FORMS = [form for secret in OF_KIND for form in planted.written(secret).values()]
FEW = ("utf-8", "cp932", "utf-16-le", "utf-8, hex", "utf-8, base64 +1", "sha256", "sha256, hex", "full width, utf-8")
FEW += ("JSON escapes", "HTML entities", "address of the web")


CUT = ("marked up within", "Excel, rich text", "Word, cut in runs", "PowerPoint, cut in runs", "OpenDocument, cut")
CUT += ("cell by cell", "cut by a comment", "cut by a colour")


def _few_forms(*, text):
    forms = [(secret, way, planted.written(secret).get(way)) for secret in (NUMBER, NAME) for way in FEW]
    return [(secret, way, form) for secret, way, form in forms if form and (planted.is_text(form) or not text)]


def _lost(inside, outside):
    """Return what was found outside of a container and in fewer places, or not at all, inside it."""
    counts = {(finding.kind, finding.way): finding.count for finding in inside}
    return [finding for finding in outside if counts.get((finding.kind, finding.way), 0) < finding.count]


@pytest.mark.parametrize("container", planted.HOLD_ANYTHING)
def test_every_way_of_writing_is_found_in_every_container_of_bytes(container, findings_in, kinds_in):
    hide, everything = planted.HOLD_ANYTHING[container], b"\n\x00 ".join(ALL_FORMS)
    missed = [
        (secret, way) for secret, way, form in _few_forms(text=False) if OF_KIND[secret] not in kinds_in(hide(form))
    ]

    assert missed == []
    assert _lost(findings_in(hide(everything)), findings_in(everything)) == []
    assert kinds_in(hide(b"nothing here 983205673215")) == set()


@pytest.mark.parametrize("container", planted.HOLD_TEXT)
def test_every_way_of_writing_is_found_in_every_container_of_text(container, findings_in, kinds_in):
    hide = planted.HOLD_TEXT[container]
    unescaped = (form for form in ALL_FORMS if planted.is_text(form) and not set(b"\\&%") & set(form))
    everything = " ; ".join(form.decode() for form in unescaped)
    everything += "=" * len(everything)  # so that a container that cuts it in two cuts nothing
    name = "planted.ipynb" if "notebook" in container else "planted"
    missed = [
        (secret, way)
        for secret, way, form in _few_forms(text=True)
        if not (container in CUT and set(b"\\&%") & set(form))  # half an escape says something else
        if OF_KIND[secret] not in kinds_in(hide(form.decode()), name)
    ]

    assert missed == []
    assert _lost(findings_in(hide(everything), name), findings_in(everything.encode())) == []
    assert kinds_in(hide("nothing here 983205673215"), name) == set()


@pytest.mark.parametrize(
    "kind", ["VARCHAR", "BLOB", "BIGINT", "DOUBLE", "VARCHAR[]", "STRUCT(a VARCHAR)", "DECIMAL(18,0)"]
)
def test_a_number_is_found_in_a_database(kind, kinds_in, tmp_path):
    value = {"BLOB": NUMBER.encode(), "VARCHAR[]": [NUMBER], "STRUCT(a VARCHAR)": {"a": NUMBER}}.get(kind, NUMBER)
    if kind in {"VARCHAR[]", "STRUCT(a VARCHAR)"}:
        data = _nested_database(tmp_path, kind, value)
    else:
        data = planted.database(tmp_path, kind, value)

    assert kinds_in(data) == {Kind.MYNUMBER}
    assert kinds_in(gzip.compress(data)) == {Kind.MYNUMBER}


def _nested_database(folder, kind, value):
    import duckdb  # noqa: PLC0415

    with duckdb.connect(str(folder / "nested.duckdb")) as connection:
        connection.execute(f"CREATE TABLE t (note {kind})")
        connection.execute("INSERT INTO t VALUES (?)", [value])
    return (folder / "nested.duckdb").read_bytes()


@pytest.mark.parametrize("secret", [NUMBER, NAME])
def test_every_way_of_writing_is_found_in_a_database(secret, kinds_in, tmp_path):
    forms = planted.written(secret)
    chosen = {name: forms[name] for name in ("utf-8", "utf-8, hex", "utf-8, base64 +1", "sha256", "sha256, hex")}
    missed = [n for n, f in chosen.items() if OF_KIND[secret] not in kinds_in(planted.database(tmp_path, "BLOB", f))]

    assert missed == []


def test_a_number_is_found_as_an_integer(kinds_in):
    numbers = np.array([1, int(NUMBER)])
    file = io.BytesIO()
    pq.write_table(pa.table({"n": numbers, "x": numbers.astype(float)}), file)
    packed = {"dtype": "f8", "bdata": base64.b64encode(numbers.astype("<f8").tobytes()).decode()}

    assert kinds_in(file.getvalue()) == {Kind.MYNUMBER}
    assert kinds_in(b"\x93NUMPY" + numbers.tobytes()) == {Kind.MYNUMBER}
    assert kinds_in(html.escape(json.dumps({"x": packed})).encode()) == {Kind.MYNUMBER}


def test_a_number_is_found_as_a_spreadsheet_and_a_pickle_write_it(kinds_in):
    for text in (b"<c><v>9.83205673214E11</v></c>", b"<v>9.8320567321400000E+11</v>", b"x=9.83205673214e+11,"):
        assert kinds_in(text) == {Kind.MYNUMBER}
    assert kinds_in(b"9.83205673215E11 9.832056732E12") == set()
    for protocol in range(6):
        assert kinds_in(pickle.dumps({"a": [int(NUMBER)] * 2}, protocol)) == {Kind.MYNUMBER}, protocol


def test_a_workbook_with_a_password_is_opened(kinds_in):
    file = io.BytesIO()
    OOXMLFile(io.BytesIO(planted.HOLD_TEXT["Excel"](NUMBER))).encrypt(planted.PASSWORD, file)

    assert kinds_in(file.getvalue()) == {Kind.MYNUMBER}


FILLERS = {
    "text": "2026-11-01,p0123456789abcdef,接種済\n".encode() * 60_000,
    "one line": "接種済、".encode() * 240_000,
    "CP932": "2026-11-01,接種済\r\n".encode("cp932") * 120_000,
    "noise": np.random.default_rng(1).bytes(2_400_000),
}


@pytest.mark.parametrize("filler", FILLERS)
@pytest.mark.parametrize("way", ["utf-8", "cp932", "utf-16-le", "utf-8, base64 +2", "sha256", "full width, utf-8"])
def test_a_secret_is_found_wherever_a_large_file_is_cut(filler, way, kinds_in):
    form = planted.written(NUMBER)[way] if way.startswith("full") else planted.written(NAME)[way]
    large = FILLERS[filler]

    for place in ((1 << 20) - 7, (1 << 20) + 3):
        assert kinds_in(large[:place] + b" " + form + b" " + large[place:]), place
    assert kinds_in(large) == set()


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(40))
def test_a_secret_is_found_at_any_place_of_any_large_file(seed, kinds_in):
    random = np.random.default_rng(seed)
    large = list(FILLERS.values())[seed % len(FILLERS)]
    missed = []
    for secret, kind in OF_KIND.items():
        forms = planted.written(secret)
        if (
            large is FILLERS["CP932"]
        ):  # what reads as text there is not searched for raw digests and UTF-16: decision 0020
            forms = {way: form for way, form in forms.items() if planted.is_text(form)}
        for way in random.choice(sorted(forms.keys() - planted.OF_A_WHOLE_TEXT), 6, replace=False):
            place = int(random.integers(len(large)))
            if kind not in kinds_in(large[:place] + b"\n" + forms[way] + b"\n" + large[place:]):
                missed.append((secret, way, place))

    assert missed == []


def test_base64_wrapped_in_lines_is_read_across_them(kinds_in):
    text = ("x" * 53 + NUMBER + "y" * 40).encode()
    wrapped = base64.encodebytes(b"\x00" + text) * 3

    assert kinds_in(b"Content-Transfer-Encoding: base64\n\n" + wrapped) == {Kind.MYNUMBER}


# ---------------------------------------------------------------- what counts, and what does not

RULES = rows("""
    what                                  | text                               | found
    a name without its space              | 保護者髙橋梅吉郎様                 | NAME
    with a narrow space                   | 髙橋 梅吉郎                        | NAME
    a part of a name                      | 髙橋　梅吉                         |
    with a character beyond 16 bits       | 𠮷田誠一                           | NAME
    kana in half width                    | ﾀｶﾊｼ ｳﾒｷﾁﾛｳ                        | KANA
    kana in half width behind a label     | ｶﾅ ﾀｶﾊｼ ｳﾒｷﾁﾛｳ                     | KANA
    hiragana                              | たかはし うめきちろう              | KANA
    kana within a longer word             | ハラアイス                         |
    capital letters or not                | child: Nguyen Van Planted          | NAME
    Latin within a longer word            | XNGUYEN VAN PLANTED                |
    three characters standing alone       | 「林一郎」                         | NAME
    three characters in a longer name     | 小林一郎                           |
    two characters with their space       | 林　学                             | NAME
    two characters without                | 林学                               |
    two characters in other words         | 山林　学会                         |
    one character                         | 乙                                 |
    an address, full width                | 桜浜市岬町４丁目１番４号           | ADDRESS
    an address with hyphens               | 岬町4-1-4                          | ADDRESS
    another house                         | 岬町4-1-45                         |
    a part of the city, no house          | 桜浜市本町                         |
    a telephone number                    | TEL:0999-62-6789.                  | PHONE
    a telephone number without hyphens    | 0999626789                         | PHONE
    another telephone number              | 0999-62-6788                       |
    letters touching a number             | id983205673214                     | MYNUMBER
    within a longer number                | 0009832056732140                   | MYNUMBER
    another number                        | 983205673215                       |
    a part of the number                  | 98320567321                        |
    leading zeros lost                    | 1000000295623                      | ATENA_NUMBER
    digits of a fraction                  | 0.98320567321499                   |
""")


@pytest.mark.parametrize("case", RULES, ids=lambda case: case["what"])
def test_what_counts_is_what_the_decision_says(case, kinds_in):
    found = {Kind[name] for name in (case["found"] or "").split()}

    assert kinds_in(f"x,{case['text']},y\n".encode()) == found
    assert kinds_in((f"行,{'あ' * 2000}\n" * 2 + f"x,{case['text']},y\n").encode()) == found


def test_what_is_too_short_is_counted(search):
    assert search.too_short == {Kind.NAME: 1, Kind.ADDRESS: 1}


def test_numbers_within_random_ones_are_a_note_when_chance_explains_them(tmp_path):
    numbers = np.unique(np.random.default_rng(2).integers(0, 10**11, 200_000))
    search = Search(Secrets((Numbers(Kind.JUMINHYO_CODE, 11, numbers),)))
    random = np.random.default_rng(3).integers(10**18, 9 * 10**18, 100_000).tolist()
    noise = tmp_path / "noise.csv"
    noise.write_text("\n".join(map(str, random)))
    records = tmp_path / "records.txt"
    records.write_text("\n".join(f"9{number:011d}20261101" for number in numbers[:50].tolist()))

    chance, leak = (scan([path], search).results[0] for path in (noise, records))

    assert chance.is_clean
    assert chance.by_chance > 0
    assert [(finding.kind, finding.count >= 50) for finding in leak.findings] == [(Kind.JUMINHYO_CODE, True)]


def test_a_place_found_in_several_readings_counts_once(search, tmp_path):
    path = tmp_path / "x.html"
    path.write_text(f"<p>{NUMBER} &amp; {NAME}</p><p>{NUMBER}</p>", encoding="utf-8")

    (result,) = scan([path], search).results

    assert {(finding.kind, finding.count) for finding in result.findings} == {(Kind.MYNUMBER, 2), (Kind.NAME, 1)}


# ---------------------------------------------------------------- what cannot be read is not clean


def _other_password():
    from pypdf import PdfWriter  # noqa: PLC0415

    writer, file = PdfWriter(clone_from=io.BytesIO(planted.pdf(b"x"))), io.BytesIO()
    writer.encrypt("another", algorithm="AES-256")
    writer.write(file)
    return file.getvalue()


def _nested(depth):
    data = NUMBER.encode()
    for _ in range(depth):
        data = gzip.compress(data)
    return data


UNREAD = {
    "a damaged zip": (lambda: planted.HOLD_ANYTHING["zip"](b"x" * 900)[:-30], "壊れている"),
    "a damaged database": (lambda: bytes(8) + b"DUCK" + bytes(8000), "壊れている"),
    "a PDF with another password": (_other_password, "暗号化されていて"),
    "an encrypted Parquet": (lambda: b"PARE" + bytes(50), "確かめられません"),
    "an archive of a kind unknown here": (lambda: b"7z\xbc\xaf\x27\x1c" + bytes(50), "確かめられません"),
    "an old Excel": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "壊れている"),
    "an old packer": (lambda: b"\x1f\x9d\x90abc", "確かめられません"),
    "another packer": (lambda: b"LZIP\x01" + bytes(50), "確かめられません"),
    "a snappy stream": (lambda: b"\xff\x06\x00\x00sNaPpY" + bytes(50), "確かめられません"),
    "packed records": (lambda: b"Obj\x01" + bytes(50), "確かめられません"),
    "packed versions": (lambda: b"PACK\x00\x00\x00\x02" + bytes(50), "確かめられません"),
    "boxes in boxes": (lambda: _nested(9), "入れ子"),
}


@pytest.mark.parametrize("what", UNREAD)
def test_what_cannot_be_read_is_not_clean(what, search, tmp_path):
    make, says = UNREAD[what]
    path = tmp_path / "x"
    path.write_bytes(make())

    verdict = scan([path], search, passwords=[planted.PASSWORD])

    assert not verdict.is_clean
    assert says in verdict.results[0].unread[0]


def test_a_part_too_large_to_unpack_is_not_clean(search, tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.scan.containers.LARGEST", 1000)
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(bytes(1001)))

    assert "展開すると" in scan([path], search).results[0].unread[0]


def test_a_file_nobody_may_read_and_one_that_is_not_there_are_not_clean(search, tmp_path):
    verdict = scan([tmp_path / "nowhere"], search)

    assert not verdict.is_clean
    assert verdict.results[0].unread == ("読めません（ファイルかフォルダーがありません）",)


ALPHABETS = {
    "any byte": bytes(range(256)),
    "digits": b"0123456789",
    "groups": b"0123456789 -./",
    "escapes": b"&#;x0123<>/b%\\u",
    "UTF-8": "髙橋林一郎学\u3000ア".encode(),
    "CP932": "ﾊﾗ ｱｲ林一".encode("cp932"),
    "UTF-16": b"\x00\x30\x31A ",
}


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_bytes_of_any_sort_and_size_can_be_searched(alphabet, search):
    random = np.random.default_rng(4)
    letters = np.frombuffer(ALPHABETS[alphabet], np.uint8)

    for size in (*range(24), 63, 64, 65, 4095, 4097):
        search.content(random.choice(letters, size).tobytes(), Tally())


@pytest.mark.parametrize(
    "piece", [b"\\", b"<rPr>", b"<a ", b"&#1", b"%", b'"dtype":"i8",', b"A\n" * 30, b"9-", b"9", b"A"]
)
def test_no_file_can_make_the_search_crawl(piece, search):
    started = time.process_time()

    search.content(piece * (1_000_000 // len(piece)), Tally())

    assert time.process_time() - started < 10


def test_a_search_for_nothing_finds_nothing():
    tally = Tally()

    Search(Secrets()).content(f"{NUMBER} {NAME}".encode() * 3, tally)

    assert (tally.found, tally.embedded) == ({}, {})


# ---------------------------------------------------------------- the secrets of an extract


def test_refused_rows_and_ragged_ones_are_secrets_too(tmp_path):
    bad = resident(2, 性別="9", 氏名="却下　される子", 生年月日="不正")
    folder = write_extract(tmp_path / "extract", {"住民.csv": [resident(1), bad]})
    with (folder / "住民.csv").open("ab") as file:
        file.write(b"000000000000003,323456789017,too,few\r\n")

    secrets, place = collect(folder)

    assert place == "桜浜市"
    assert secrets.unread_rows == 1
    assert secrets.count(Kind.MYNUMBER) == 3
    assert "却下　される子" in next(part.values for part in secrets.words if part.kind == Kind.NAME)
    assert "却下" not in repr(secrets)


def test_ragged_rows_give_their_numbers_whatever_the_line_ends(tmp_path):
    folder = write_extract(tmp_path / "extract", {"住民.csv": [resident(1)]})
    rows = csv_text("住民.csv", [resident(1)]).rstrip("\r\n").replace("\r\n", "\r")
    (folder / "住民.csv").write_bytes((rows + '\r000000000000003,"323456789017\ntoo",few\r').encode())

    secrets, _ = collect(folder)

    assert (secrets.unread_rows, secrets.count(Kind.MYNUMBER)) == (1, 2)


def test_secrets_of_fixed_length_records_are_those_of_the_same_csv(tmp_path):
    people = [resident(1), resident(2, 氏名="髙﨑　花子")]
    plain = write_extract(tmp_path / "plain", {"住民.csv": people})
    fixed = write_extract(tmp_path / "fixed", {"住民.csv": people})
    layout = (LAYOUTS / "standard.toml").read_text("utf-8")
    head, table = layout.split("[tables.residents]", 1)
    table, rest = re.split(r"(?=\n\[tables\.)", table, maxsplit=1)
    table = table.replace('file = "住民.csv"', 'file = "住民.txt"\nfixed = "utf-8"')
    table = re.sub(r"(\{ title = )", r"{ bytes = 60, title = ", table)
    (fixed / "fixed.toml").write_text(f"{head}[tables.residents]{table}{rest}", encoding="utf-8")
    (fixed / "extract.toml").write_text(EXTRACT_TOML.replace('"standard"', '"fixed.toml"'), encoding="utf-8")
    (fixed / "住民.csv").unlink()
    records = [b"".join(cell.encode().ljust(60) for cell in person.values()) for person in people]
    (fixed / "住民.txt").write_bytes(b"\r\n".join(records))

    ours, theirs = collect(fixed)[0], collect(plain)[0]

    assert ours.unread_rows == 0
    assert {kind: ours.count(kind) for kind in Kind} == {kind: theirs.count(kind) for kind in Kind}


def test_secrets_are_the_same_in_either_encoding(tmp_path):
    both = [
        collect(write_extract(tmp_path / code, {"住民.csv": [resident(1)]}, encoding=code))
        for code in ("utf-8", "cp932")
    ]

    (first, _), (second, _) = both
    assert first.words == second.words
    assert len(first.words) > 2


# ---------------------------------------------------------------- the command


@pytest.fixture
def extract(tmp_path):
    return write_extract(tmp_path / "extract", {"住民.csv": [resident(1, 氏名=NAME)]})


def test_the_command_ends_with_0_only_when_all_is_clean(extract, tmp_path, capsys):
    (tmp_path / "clean.txt").write_text("nothing")
    (tmp_path / "leak.txt").write_text(f"{RESIDENT['個人番号']} {NAME}", encoding="utf-8")

    codes = [run(["scan", str(tmp_path / name), "--against", str(extract)]) for name in ("clean.txt", "leak.txt")]
    printed = "".join(capsys.readouterr())

    assert codes == [0, 1]
    assert "合格: 探した値はどこにも" in printed
    assert "個人番号（そのまま）" in printed
    assert "leak.txt" in printed
    assert RESIDENT["個人番号"] not in printed
    assert "髙橋" not in printed


def test_a_name_of_a_file_is_searched_and_never_printed(extract, tmp_path, capsys):
    folder = tmp_path / f"{NAME}の手紙"
    folder.mkdir()
    (folder / f"{RESIDENT['個人番号']}.txt").write_text("x")

    code = run(["scan", str(folder), "--against", str(extract)])
    printed = "".join(capsys.readouterr())

    assert code == 1
    assert "ファイル名" in printed
    assert "髙橋" not in printed
    assert RESIDENT["個人番号"] not in printed


def test_kinds_can_be_chosen_and_folders_left_out(extract, tmp_path, capsys):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "name.txt").write_text(NAME, encoding="utf-8")
    (tmp_path / "a" / "clean.txt").write_text("x", encoding="utf-8")
    against = ["--against", str(extract)]

    assert run(["scan", str(tmp_path / "a"), *against, "--only", "個人番号"]) == 0
    assert run(["scan", str(tmp_path / "a"), *against, "--only", "氏名"]) == 1
    assert run(["scan", str(tmp_path / "a"), *against, "--except", str(tmp_path / "a" / "name.txt")]) == 0
    assert "調べなかったもの" in capsys.readouterr().out


def test_nothing_searched_proves_nothing(extract, tmp_path, capsys):
    (tmp_path / "empty").mkdir()

    assert run(["scan", str(tmp_path / "empty"), "--against", str(extract)]) == 1
    printed = capsys.readouterr()
    assert "調べるファイルが1つもないため" in printed.err
    assert "合格:" not in printed.out


def test_a_file_name_is_no_markup(extract, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)  # short names in the table
    (tmp_path / "list[").mkdir()
    for name in ("list[/z].csv", "住所録[copy].csv"):
        (tmp_path / name).write_text(NAME, encoding="utf-8")

    assert run(["scan", str(tmp_path), "--against", str(extract)]) == 1
    assert "住所録[copy].csv" in capsys.readouterr().out


def test_nothing_to_search_for_proves_nothing(tmp_path, capsys):
    folder = write_extract(tmp_path / "empty", {})

    assert run(["scan", str(tmp_path), "--against", str(folder)]) == 1
    assert "探す値が1件もありません" in capsys.readouterr().err


@pytest.mark.slow
def test_the_demonstration_holds_none_of_it(used_installation, tmp_path, capsys):
    password = tmp_path / "password.txt"
    password.write_text(LETTERS_PASSWORD)
    password.chmod(stat.S_IRUSR)
    base, home = used_installation.base, used_installation.home
    numbers = ["--only", "個人番号", "--only", "住民票コード", "--password-file", str(password)]
    against = ["--against", str(CITY)]
    sealed = ["--except", str(home / "vault")]

    everywhere = run(["scan", str(base), *against, *numbers, *sealed])
    analytic = run(["scan", str(base), *against, *sealed, "--except", str(home / "outputs" / "restricted")])
    restricted = run(["scan", str(home / "outputs" / "restricted"), *against, "--password-file", str(password)])
    printed = capsys.readouterr()

    assert (everywhere, analytic, restricted) == (0, 0, 1), printed
    assert "氏名（そのまま）" in printed.out


def test_links_are_not_followed_and_said(search, tmp_path):
    (tmp_path / "outside.txt").write_text(NUMBER)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "link").symlink_to(tmp_path / "outside.txt")

    verdict = scan([tmp_path / "a"], search)

    assert verdict.is_clean
    assert verdict.links_passed_over == 1
