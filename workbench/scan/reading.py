"""Reads bytes in every way an office writes: encodings, escapes, hex, base64, packed arrays; searches each reading."""

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import numpy as np

from workbench.scan import binary, encoded
from workbench.scan.digests import WAY as DIGEST
from workbench.scan.digests import DigestSearch
from workbench.scan.digits import DigitSearch
from workbench.scan.kinds import Secrets, Tally
from workbench.scan.words import IN_TEXT, UNSEEN, Rule, WordSearch

INTEGER = "整数"
DEEPEST = 3  # layers of writing inside each other
_LINE = 60  # characters of the shortest line of wrapped base64
_SMALL = 4096  # so little that every reading is tried, text or not
_CONTROLS = bytes(sorted({*range(0x20), 0x7F} - {*b"\t\n\r\f\x1b"}))
_AROUND = 300  # bytes on each side of an escape that are read with it
_ESCAPED = re.compile(r"\\{1,8}(?:u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,5})\}|U000([0-9a-fA-F]{5}))")
_JSON_OR_HTML = (
    re.compile(rb"\\(?:u[0-9a-fA-F{]|U000)[0-9a-fA-F}]{1,5}"),
    re.compile(rb"&(?:#?[0-9A-Za-z]{2,31};|#[0-9]{2,7}|#[xX][0-9a-fA-F]{2,6})"),
)
_OF_BYTES = (
    (re.compile(rb"%([0-9a-fA-F]{2})"),),
    (re.compile(rb"\\{1,8}x([0-9a-fA-F]{2})"),),
)
_MAIL = (re.compile(rb"=[0-9A-F]{2}=[0-9A-F]{2}|=\r?\n"),)
_OF_MAIL = re.compile(rb"=(?:\r?\n|([0-9A-F]{2}))")
_TEN_POWERS = (re.compile(rb"E\+?1[0-4](?![0-9])"), re.compile(rb"e\+?1[0-4](?![0-9])"))  # rare, so looked for first
_POWER = re.compile(rb"[0-9]\.[0-9]{9,17}[eE]\+?1[0-4](?![0-9])")
_LONG_OF_PICKLE = re.compile(rb"\x8a\x05(.{5})|\x8a\x06(.{6})", re.DOTALL)
_MARKUP = (
    re.compile(
        rb"<(?:/?(?:a|b|i|u|s|em|strong|span|font|mark|small|sub|sup|r|t|w:r|w:t)(?: [^<>]*)?|rPr>[^\n]{0,300}?</rPr)>"
    ),
)
_TAGS = (re.compile(rb"<(?:!--[^\n]{0,300}?--|r[pt]>[^<>]{0,60}</r[pt]|/?[A-Za-z][^<>]{0,500})>\s*", re.IGNORECASE),)
_ABOVE_ASCII = re.compile(rb"[\x80-\xff]")
_COLOURS = (re.compile(b"\x1b\\[[0-9;]*m"),)
_PACKED = re.compile(
    rb'"dtype\\{0,3}":\s{0,9}\\{0,3}"([iuf][1248])\\{0,3}",\s{0,9}\\{0,3}"bdata\\{0,3}":\s{0,9}\\{0,3}"([A-Za-z0-9+/=\\]+)'
)
_WRAPPED = re.compile(rb"(?<=[A-Za-z0-9+/]{60})\r?\n(?=[A-Za-z0-9+/]{2})")

Opener = Callable[[bytes], None]
Progress = Callable[[int, int], None]  # steps done, steps in all


class Search:
    """A search for the secrets of one extract in any bytes; `municipality` may be left out of an address."""

    def __init__(self, secrets: Secrets, municipality: str = "", progress: Progress | None = None) -> None:
        """Prepare the lookup tables: at once for a small city, a minute or two for a million residents."""
        tell = progress or (lambda _done, _total: None)
        tell(0, 3)
        self._digits = DigitSearch(secrets)
        tell(1, 3)
        self._words = WordSearch(secrets, municipality)
        tell(2, 3)
        self._digests = DigestSearch(secrets)
        self.too_short = self._words.too_short

    def integers(self, values: np.ndarray, tally: Tally) -> None:
        """Search a column of integers or floats."""
        self._digits.integers(values, tally, INTEGER)

    def content(self, data: bytes, tally: Tally, depth: int = 0, *, opener: Opener | None = None) -> None:
        """Search `data` in every reading; `opener` is given what base64 says when it is a file of its own."""
        readings: list[Tally] = []
        for written in filter(None, (data, *(_all_unescaped(data) if depth < DEEPEST else ()))):
            reading = Tally()
            self._as_written(written, reading, depth)
            if depth < DEEPEST:
                self._encoded(written, reading, depth, None if readings else opener)  # surroundings cut files short
            readings.append(reading)
        tally.add_fullest(readings)

    def _as_written(self, data: bytes, tally: Tally, depth: int) -> None:
        text, encoding = _text_of(data)
        readings = [Tally()]
        if text is not None:
            self._characters(_units(text), readings[0])
        is_mixed = encoding == "cp932" and binary.may_hold_utf8(data)  # two programs' log; UTF-8 with a broken letter
        if text is None or is_mixed or (len(data) <= _SMALL and depth < DEEPEST):
            self._read_binary(data, tally, readings)
        tally.add_fullest(readings)  # each place once: the reading that found most counts
        for kind, packed in _PACKED.findall(data) if b"bdata" in data else ():
            self.integers(_unpack(kind, packed), tally)

    def _characters(self, units: np.ndarray, tally: Tally, *, rule: Rule = IN_TEXT) -> None:
        characters = self._words.as_characters(units)
        is_seen = characters != UNSEEN if units.itemsize > 1 else np.ones(1, bool)
        self._digits.characters(characters if is_seen.all() else characters[is_seen], tally)
        self._words.units(units, characters, tally, rule=rule)

    def _read_binary(self, data: bytes, tally: Tally, readings: list[Tally]) -> None:
        """Search bytes that are no text, or so few that any reading may be meant."""
        for units, rule in binary.readings(data, self._words):
            reading = Tally()
            self._characters(units, reading, rule=rule)
            readings.append(reading)
        self._digests.raw(data, tally)
        self._packed_integers(data, tally)
        if b"\x8a" in data:
            found = [short or longer for short, longer in _LONG_OF_PICKLE.findall(data)]
            self.integers(np.array([int.from_bytes(number, "little") for number in found], np.int64), tally)

    def _packed_integers(self, data: bytes, tally: Tally) -> None:
        """Search 8-byte integers and floats at every offset, as arrays and databases keep them."""
        for offset in range(8):
            size = (len(data) - offset) // 8
            for kind in ("<i8", "<f8") if size > 0 else ():
                with np.errstate(invalid="ignore"):
                    self.integers(np.frombuffer(data, kind, size, offset), tally)

    def _encoded(self, data: bytes, tally: Tally, depth: int, opener: Opener | None) -> None:
        data, runs = _unwrap(data, encoded.find_runs(data, encoded.BASE64, encoded.SHORTEST_BASE64))
        if not len(runs):
            return  # no hex either: its digits are base64's too
        text = np.frombuffer(data, np.uint8)
        self._hexadecimal(data, text, tally, depth)
        runs = encoded.likely_base64(text, runs)
        if len(runs):
            for part in encoded.decode_base64(text, runs):
                self._inner(part, tally, depth, "base64")
            if opener:
                _open_files(data, runs, opener)

    def _hexadecimal(self, data: bytes, text: np.ndarray, tally: Tally, depth: int) -> None:
        runs = encoded.find_runs(data, encoded.HEX, encoded.SHORTEST_HEX)
        if len(runs):
            self._digests.hexadecimal(text, _hex_windows(runs), tally)
            longer = runs.at_least(2 * encoded.SHORTEST_BASE64 - 8)  # eleven digits make 22 hex digits
            for part in encoded.decode_hex(text, longer) if len(longer) else ():
                self._inner(part, tally, depth, "16進")

    def _inner(self, data: bytes, tally: Tally, depth: int, way: str) -> None:
        inner = Tally()
        self.content(data, inner, depth + 1)
        tally.add_inner(inner, way, keep=DIGEST)


def _has_controls(data: bytes) -> bool:
    """Say whether there are bytes in it that no text has."""
    return len(data.translate(None, _CONTROLS)) < len(data)


def _text_of(data: bytes) -> tuple[str | None, str]:
    """Return the text that `data` is and its encoding; None for what is none, or holds control characters."""
    if _has_controls(data):
        return None, ""
    for encoding, longest in (("utf-8", 4), ("cp932", 2)):
        for cut in range(longest):  # a chunk of a file may end within a character
            try:
                return data[: len(data) - cut].decode(encoding), encoding
            except UnicodeDecodeError as error:
                if error.end < len(data) - longest:
                    break
    return None, ""


def _units(text: str) -> np.ndarray:
    """Return the text as UTF-16 units, or as bytes where it is ASCII."""
    if text.isascii():
        return np.frombuffer(text.encode(), np.uint8)
    return np.frombuffer(text.encode("utf-16-le", "surrogatepass"), "<u2")


def _all_unescaped(data: bytes) -> list[bytes]:
    """Return what the escapes stand for, and what those escaped twice do, as in JSON on a page."""
    once = list(_unescape(data))
    return [*once, *(twice for written in once for twice in _unescape(written))]


def _unescape(data: bytes) -> Iterator[bytes]:
    """Yield what the escapes of JSON, HTML and addresses of the web stand for, and text without its inner markup."""
    around = _around(data, _JSON_OR_HTML)
    text = around.decode("utf-8", "ignore")
    plain = html.unescape(_ESCAPED.sub(_character, text))
    if plain != text:  # halves of a character that JSON wrote as two escapes come together in UTF-16
        yield plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
    for escapes in _OF_BYTES:
        around = _around(data, escapes)
        if around:
            yield escapes[0].sub(lambda match: bytes([int(match[1], 16)]), around)
    around = _around(data, _MARKUP)
    if around:
        yield _MARKUP[0].sub(b"", around)
    if len(data) <= _SMALL or not _has_controls(data):
        yield from _unescape_text(data)


def _unescape_text(data: bytes) -> Iterator[bytes]:
    """Yield what only text holds: escapes of mail, text without any markup or colour, powers, other encodings."""
    around = _around(data, _MAIL)
    if around:
        yield _OF_MAIL.sub(lambda match: bytes([int(match[1], 16)]) if match[1] else b"", around)
    for unseen in (_TAGS, _COLOURS):
        around = _around(data, unseen)
        if around:
            yield unseen[0].sub(b"", around)
    around = b" ".join(_POWER.findall(_around(data, _TEN_POWERS)))
    if around:
        yield _POWER.sub(lambda match: b"%.0f" % float(match[0]), around)
    yield from _other_encodings(data)


def _character(escape: re.Match[str]) -> str:
    point = int(escape[1] or escape[2] or escape[3], 16)
    return chr(point)


def _other_encodings(data: bytes) -> Iterator[bytes]:
    """Yield text in the encodings of mail and of old servers in UTF-8."""
    if b"\x1b" in data and b"\x1b$" in data:  # one byte is looked for much faster than two
        yield data.decode("iso2022_jp_ext", "ignore").encode()
    for cut in range(3) if _may_be_euc(data) else ():  # a chunk of a file may end within a character
        with suppress(UnicodeDecodeError):
            yield data[: len(data) - cut].decode("euc_jp").encode()
            return


def _may_be_euc(data: bytes) -> bool:
    """Say whether the bytes above ASCII in the first part that has one could be EUC-JP: the whole is costly to try."""
    found = _ABOVE_ASCII.search(data)
    if not found:
        return False
    sample = data[found.start() : found.start() + _SMALL]
    try:
        sample.decode("euc_jp")
    except UnicodeDecodeError as error:
        return error.start >= len(sample) - 3  # cut within a character
    return True


def _around(data: bytes, patterns: Sequence[re.Pattern[bytes]]) -> bytes:
    """Return the surroundings of every match, a line each; nothing where there is no match."""
    starts: list[int] = []
    for pattern in patterns:
        if pattern.pattern[:1] in data:
            starts += [match.start() for match in pattern.finditer(data)]
    if not starts:
        return b""
    places = np.array(sorted(starts))
    first = np.append(True, np.diff(places) > 2 * _AROUND)
    last = np.append(first[1:], True)
    return b"\n".join(
        data[max(0, start - _AROUND) : end + _AROUND]
        for start, end in zip(places[first].tolist(), places[last].tolist(), strict=True)
    )


def _unpack(kind: bytes, packed: bytes) -> np.ndarray:
    """Return the numbers of an array as plotly packs it; none where it is none."""
    try:
        return np.frombuffer(base64.b64decode(packed.replace(b"\\", b"")), kind.decode())
    except (ValueError, binascii.Error):
        return np.empty(0, np.int64)


def _hex_windows(runs: encoded.EncodedRuns) -> np.ndarray:
    """Return every place where 16 hex digits begin."""
    counts = runs.ends - runs.starts - encoded.SHORTEST_HEX + 1
    before = np.cumsum(counts) - counts
    return np.arange(int(counts.sum())) + np.repeat(runs.starts - before, counts)


_FILES = (b"UEsDB", b"H4sI", b"JVBERi", b"iVBORw", b"UEFSMQ", b"Qlpo", b"/Td6WFo")  # zip gzip PDF PNG Parquet bzip2 xz
_FILES += (b"eJ", b"eNo", b"eNp", b"eNq", b"eNr", b"eAE", b"U1FMaXRlIGZv", b"QVJST1cx", b"0M8R4KGx", b"KLUv/")  # zlib


def _open_files(data: bytes, runs: encoded.EncodedRuns, hand_over: Callable[[bytes], None]) -> None:
    """Hand over what the runs say that begin as a file does."""
    for start, end in zip(runs.starts.tolist(), runs.ends.tolist(), strict=True):
        if data.startswith(_FILES, start):
            whole = data[start : end - (end - start) % 4]
            rest = data[start + len(whole) : end]
            hand_over(base64.b64decode(whole + (rest + b"==")[:4] if len(rest) > 1 else whole))


def _unwrap(data: bytes, runs: encoded.EncodedRuns) -> tuple[bytes, encoded.EncodedRuns]:
    """Join lines of base64 (at least 60 characters each), and find the runs anew."""
    ends = runs.at_least(_LINE).ends
    after = np.frombuffer(data, np.uint8)[ends[ends < len(data)]]
    if not np.isin(after, (10, 13)).any():
        return data, runs
    whole = _WRAPPED.sub(b"", data)
    return whole, encoded.find_runs(whole, encoded.BASE64, encoded.SHORTEST_BASE64)
