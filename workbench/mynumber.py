"""My Numbers (個人番号): the check digit, and finding one inside text.

Pure: nothing here keeps, logs or returns a number. A passing check digit does not make twelve digits a My Number
(one random number in ten passes) and a failing one does not make them harmless (a typing error is personal too).
"""

import re
import unicodedata
from collections.abc import Iterator

DIGITS = 12
WEIGHTS = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)  # left to right over the first eleven digits

# What people put between the groups of a number: spaces (also full-width), every kind of hyphen and long bar, dots.
# Both engines read these characters literally, so the prefilter cannot drift from the exact search.
_SEPARATORS = (
    " \t\r\n\u00a0\u3000_\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d\u30fc\uff70.\uff0e\u30fb\uff65\u00b7-"
)
_GAP = f"[{_SEPARATORS}]{{0,3}}"
# Whatever else is neither letter nor digit may stand between as well, where no day and no telephone number is in it.
# Not "/" and ":", which make days and moments. Ranges of plain characters, so that the prefilter cannot drift either.
_ANYTHING = (
    "\0-.;-@\\[-`{-\xb1\xb4-\xb8\xbb\xbf\xd7\xf7\u02d7\u0300-\u036f\u061c\u180e\u2000-\u206f\u20d0-\u20ff\u2190-\u23ff"
    "\u2500-\u2775\u2794-\u27ff\u2b00-\u2bff\u3000-\u3004\u3008-\u3020\u3030\u30a0\u30fb\u30fc\ufe00-\ufe19\ufe30-\ufe6f"
    "\ufeff\uff01-\uff0e\uff1b-\uff20\uff3b-\uff40\uff5b-\uff65\uff70\ufff9-\ufffd\U0001f300-\U0001faff\U000e0000-\U000e01ef"
)
_UNSEEN = re.compile(
    "[\xad\u0300-\u036f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20ff\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]+"
)
_KANJI = {ord(sign): value for signs in ("〇一二三四五六七八九", "零壱弐参") for value, sign in enumerate(signs)}
_RINGED = "²³¹⁰⁴-⁹₀-₉①-⑨⑴-⑼⒈-⒐⓪⓵-⓽⓿❶-❾➀-➈➊-➒\U0001f100-\U0001f10a"
_WIDE_GAP = f"[{_ANYTHING}]{{0,4}}"
_DIGIT = rf"[\p{{Nd}}{''.join(map(chr, _KANJI))}{_RINGED}]"
TWELVE = rf"{_DIGIT}(?:[{_ANYTHING}]*{_DIGIT}){{11}}"  # for RE2, which has no lookaround: may begin inside a longer run
_ODD = re.compile(f"[{''.join(map(chr, _KANJI))}{_RINGED}]")
_GROUPED = re.compile(rf"\d(?:{_GAP}\d)*")
_LOOSE = re.compile(rf"\d(?:{_WIDE_GAP}\d)*")
_DAY = re.compile(r"(?<!\d)(?:1[89]|20)\d\d([-.])\d\d?\1\d\d?(?!\d)")
_PHONE = re.compile(r"(?<!\d)(?=(?:\d-?){10,11}(?![\d-]))0\d{1,4}-\d{1,4}-\d{4}(?!\d)")
_GROUP = re.compile(r"\d+")
_TAIL = re.compile(rf"\d(?:{_GAP}\d)*[{_SEPARATORS}]*$")
_HEAD = re.compile(rf"[{_SEPARATORS}]*\d(?:{_GAP}\d)*")
_GAPS = re.compile(f"[{_SEPARATORS}]")
_SHORTEST_PART = 3  # of a number split over two cells; a telephone number leaves one or two digits only
_NAMES = ("個人番号", "マイナンバ", "mynumber", "個番", "住民票コード")
_CARD = "個人番号カード"  # its day of issue is no number


def check_digit(first11: str) -> int:
    """Return the twelfth digit that belongs to the first eleven.

    Raises:
        ValueError: not eleven ASCII digits; the message does not quote them.

    Source:
        平成26年総務省令第85号 第5条 (domain notes 4.1).
    """
    if len(first11) != DIGITS - 1 or not (first11.isascii() and first11.isdigit()):
        msg = "a check digit needs eleven digits"
        raise ValueError(msg)
    remainder = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, first11, strict=True)) % 11
    return 0 if remainder <= 1 else 11 - remainder


def is_valid(number: str) -> bool:
    """Say whether `number` is twelve ASCII digits, the last of which is the check digit of the others."""
    if len(number) != DIGITS or not (number.isascii() and number.isdigit()):
        return False
    return check_digit(number[:-1]) == int(number[-1])


def is_in_text(text: str) -> bool:
    """Say whether `text` holds a number that `is_valid`, in any grouping and any script's digits.

    Twelve digits that are only part of a longer run of digits do not count; whole neighbouring groups do
    (`1234 5678 9018`, `123456-789018`). Kanji and ringed digits are digits; what nobody sees is not there.
    """
    text = plain(text)
    loose = _PHONE.sub("x", _DAY.sub("x", text))
    runs = (*_GROUPED.finditer(text), *_LOOSE.finditer(loose))
    return any(is_valid(number) for run in runs for number in _twelves(run.group()))


def is_split(first: str, second: str) -> bool:
    """Say whether the end of one text and the beginning of the next make a number that `is_valid`."""
    tail, head = _TAIL.search(plain(first)), _HEAD.match(plain(second))
    if not (tail and head):
        return False
    parts = [_ascii_digits(found.group()) for found in (tail, head)]
    return min(map(len, parts)) >= _SHORTEST_PART and is_valid("".join(parts))


def is_named(title: str) -> bool:
    """Say whether a column's title says that it holds My Numbers or 住民票コード."""
    seen = re.sub(r"[\s_-]", "", unicodedata.normalize("NFKC", plain(title))).lower()
    return any(name in seen.replace(_CARD, "") for name in _NAMES)


def cell_number(text: str) -> str | None:
    """Return the twelve digits a cell consists of, in any grouping, zeros before them left off; else None."""
    text = plain(text)
    if _GAPS.sub("", text).isdecimal() and (digits := _ascii_digits(text)):
        head, number = digits[:-DIGITS], digits[-DIGITS:]
        return number if len(number) == DIGITS and not head.strip("0") and number.strip("0") else None
    return None


def plain(text: str) -> str:
    """Return the text without what nobody sees, kanji and ringed digits as ordinary ones."""
    return _ODD.sub(lambda sign: str(_value(sign[0])), _UNSEEN.sub("", text))


def _value(sign: str) -> int:
    return _KANJI[ord(sign)] if ord(sign) in _KANJI else unicodedata.digit(sign)


def _ascii_digits(text: str) -> str:
    return "".join(str(int(digit)) for digit in text if digit.isdecimal())


def _twelves(run: str) -> Iterator[str]:
    """Yield every twelve digits that whole neighbouring groups of `run` make, as ASCII."""
    groups = ["".join(str(int(digit)) for digit in group) for group in _GROUP.findall(run)]
    for start in range(len(groups)):
        number = ""
        for group in groups[start:]:
            number += group
            if len(number) >= DIGITS:
                break
        if len(number) == DIGITS:
            yield number
