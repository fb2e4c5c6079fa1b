"""Readings of bytes that are no text: what may be UTF-8, CP932 or UTF-16 in them, wherever it begins."""

from collections.abc import Iterator

import numpy as np

from workbench.scan.words import IN_TEXT, Rule, WordSearch

_AROUND = 200  # bytes on each side of two characters that are read with them
_LONGEST = 160  # bytes of a secret in CP932


def readings(data: bytes, words: WordSearch) -> Iterator[tuple[np.ndarray, Rule]]:
    """Yield UTF-16 units (uint16) in every way `data` may hold text, without most of what cannot be.

    With each, the rule for names there: at least seven bytes, so that chance does not make one in a gigabyte of noise.
    """
    content = np.frombuffer(data, np.uint8)
    yield _SINGLE_BYTES[content], Rule(7)
    yield _units(_utf8_parts(data, content), "utf-8"), IN_TEXT
    yield _units(_cp932_parts(data, content, words), "cp932"), Rule(4)
    for offset in (0, 1):
        size = (len(data) - offset) // 2
        if size > 0:
            yield np.frombuffer(data, "<u2", size, offset), Rule(4, 8)
            yield np.frombuffer(data, ">u2", size, offset).astype("<u2"), Rule(4, 8)


def may_hold_utf8(data: bytes) -> bool:
    """Say whether two wide characters in UTF-8 stand side by side anywhere; quick, for text in CP932."""
    sizes = np.frombuffer(data.translate(_UTF8_SIZES) + bytes(8), np.uint8)
    firsts = np.flatnonzero(sizes > _INNER)
    ends = firsts[_is_whole(sizes, firsts)]
    ends = ends + sizes[ends]
    following = np.where(sizes[ends] == 0, ends + 1, ends)  # a space may stand between
    return bool(_is_whole(sizes, following[sizes[following] > _INNER]).any())


def _is_whole(sizes: np.ndarray, firsts: np.ndarray) -> np.ndarray:
    """Say which of the places begin a character of three or four bytes that is complete."""
    inner = [sizes[firsts + place] == _INNER for place in (1, 2, 3)]
    return inner[0] & inner[1] & (inner[2] | (sizes[firsts] == 3))  # noqa: PLR2004 - bytes


def _units(data: bytes, encoding: str) -> np.ndarray:
    return np.frombuffer(data.decode(encoding, "ignore").encode("utf-16-le", "surrogatepass"), "<u2")


def _utf8_parts(data: bytes, content: np.ndarray) -> bytes:
    """Return the surroundings of every two neighbouring characters of three or four bytes."""
    padded = np.append(content, np.zeros(8, np.uint8))
    is_inner = (padded & 0xC0) == 0x80  # noqa: PLR2004 - the two high bits
    is_three = (padded[:-7] >= 0xE2) & (padded[:-7] < 0xF0) & is_inner[1:-6] & is_inner[2:-5]  # noqa: PLR2004
    is_four = (padded[:-7] >> 3 == 0x1E) & is_inner[1:-6] & is_inner[2:-5] & is_inner[3:-4]  # noqa: PLR2004
    is_wide = np.append(is_three | is_four, np.zeros(8, bool))
    size = len(content)
    follows = is_three[:size] & (is_wide[3 : size + 3] | is_wide[4 : size + 4])
    follows |= is_four[:size] & (is_wide[4 : size + 4] | is_wide[5 : size + 5])
    is_digit = (padded - np.uint8(ord("0"))) < 10  # noqa: PLR2004 - a dash between digits
    follows[1:] |= is_three[1:size] & is_digit[: size - 1] & is_digit[4 : size + 3]
    return _surroundings(data, np.flatnonzero(follows))


def _surroundings(data: bytes, places: np.ndarray) -> bytes:
    if not len(places):
        return b""
    first = np.append(True, np.diff(places) > 2 * _AROUND)
    last = np.append(first[1:], True)
    return b"\n".join(
        data[max(0, start - _AROUND) : end + _AROUND]
        for start, end in zip(places[first].tolist(), places[last].tolist(), strict=True)
    )


def _cp932_parts(data: bytes, content: np.ndarray, words: WordSearch) -> bytes:
    """Return what follows every two characters in CP932 that some secret begins with, and full-width digits."""
    padded = np.append(content, np.zeros(8, np.uint8))
    codes = (padded[:-1].astype(np.uint16) << 8) | padded[1:]
    starts = np.flatnonzero(words.may_begin(_CP932)[codes[: len(content)]])
    second = starts + 2
    second = second + np.where(padded[second] == ord(" "), 1, np.where(codes[second] == _WIDE_SPACE, 2, 0))
    after = codes[second]
    units = np.where(_CP932[after] > 0, _CP932[after], _SINGLE_BYTES[after >> 8])
    found = starts[words.begins(_CP932[codes[starts]], units)]
    is_digit = (padded - np.uint8(ord("0"))) < 10  # noqa: PLR2004
    is_between = _IS_DASH[codes[1:-2]] & is_digit[:-4] & is_digit[3:-1]
    wide = np.flatnonzero((_IS_WIDE_DIGIT[codes[:-3]] & _IS_WIDE_DIGIT[codes[2:-1]]) | is_between)
    before = [data[max(0, place - 1) : place] for place in found.tolist()]
    parts = [lead + data[place : place + _LONGEST] for lead, place in zip(before, found.tolist(), strict=True)]
    return b"\n".join([*_aligned(before, parts), *_digit_parts(data, wide)])


def _aligned(before: list[bytes], parts: list[bytes]) -> list[bytes]:
    """Keep the byte before only where it is a character of its own, so that it says what a name follows."""
    return [part if lead.isascii() else part[len(lead) :] for lead, part in zip(before, parts, strict=True)]


def _digit_parts(data: bytes, places: np.ndarray) -> list[bytes]:
    """Return full-width digits, and digits with wide dashes between, from the first of them on.

    An ASCII digit begins anew after any byte, so up to four of them are taken in front.
    """
    if not len(places):
        return []
    first = np.append(True, np.diff(places) > _AROUND)
    last = np.append(first[1:], True)
    return [
        _leading_digits(data, start) + data[start : end + _LONGEST]
        for start, end in zip(places[first].tolist(), places[last].tolist(), strict=True)
    ]


def _leading_digits(data: bytes, start: int) -> bytes:
    before = data[max(0, start - _LONGEST_GROUP) : start]
    return before[len(before.rstrip(b"0123456789")) :]


def _cp932_table() -> np.ndarray:
    """Return for every two bytes, high first, the unit they are in CP932; 0 for none."""
    table = np.zeros(1 << 16, np.uint16)
    for high in (*range(0x81, 0xA0), *range(0xE0, 0xFD)):
        for low in range(0x40, 0xFD):
            text = bytes((high, low)).decode("cp932", "ignore")
            if len(text) == 1:
                table[high << 8 | low] = ord(text)
    return table


def _single_byte_table() -> np.ndarray:
    """Return for every byte the unit it is alone: ASCII, or a half-width kana; 0xFFFF for none."""
    table = np.arange(256, dtype=np.uint16)
    table[0x80:] = 0xFFFF
    table[0xA1:0xE0] = np.arange(0xFF61, 0xFFA0)
    return table


_INNER = 1
_UTF8_SIZES = bytes(0x80) + b"\1" * 0x40 + bytes(0x22) + b"\3" * 14 + b"\4" + bytes(15)  # inner; first of 3, of 4
_WIDE_SPACE = 0x8140
_LONGEST_GROUP = 12  # digits before the first dash
_CP932 = _cp932_table()
_SINGLE_BYTES = _single_byte_table()
_IS_WIDE_DIGIT = (_CP932 >= 0xFF10) & (_CP932 <= 0xFF19)  # noqa: PLR2004 - full-width 0 and 9
_IS_DASH = np.isin(_CP932, [ord(dash) for dash in "\u2010\u2015\uff0d\u2212\u30fc\u3000"])
