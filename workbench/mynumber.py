"""My Numbers (個人番号): the check digit, and finding one inside text.

Pure: nothing here keeps, logs or returns a number. A passing check digit does not make twelve digits a My Number
(one random number in ten passes) and a failing one does not make them harmless (a typing error is personal too).
"""

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

DIGITS = 12
WEIGHTS = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)  # left to right over the first eleven digits

# What people put between the groups of a number: spaces (also full-width), every kind of hyphen and long bar, dots.
# Both engines read these characters literally, so the prefilter cannot drift from the exact search.
_SEPARATORS = (
    " \t\r\n\u00a0\u3000_\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d\u30fc\uff70.\uff0e\u30fb\uff65\u00b7-"
)
_GAP = f"[{_SEPARATORS}]{{0,3}}"
_TWELVE = rf"\p{{Nd}}(?:{_GAP}\p{{Nd}}){{11}}"  # for RE2, which has no lookaround: may begin inside a longer run
_GROUPED = re.compile(rf"\d(?:{_GAP}\d)*")
_GROUP = re.compile(r"\d+")


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


def passes(digits: np.ndarray) -> np.ndarray:
    """Return a bool mask (n,): which rows of `digits` (n, 12), uint8 values 0..9, pass the check digit."""
    total = np.zeros(len(digits), np.uint16)  # at most 9 * 47
    for place, weight in enumerate(WEIGHTS):
        total += digits[:, place].astype(np.uint16) * np.uint16(weight)
    remainder = total % 11
    return np.where(remainder <= 1, 0, 11 - remainder) == digits[:, -1]


def is_in_text(text: str) -> bool:
    """Say whether `text` holds a number that `is_valid`, in any grouping and any script's digits.

    Twelve digits that are only part of a longer run of digits do not count; whole neighbouring groups do
    (`1234 5678 9018`, `123456-789018`).
    """
    return any(is_valid(number) for run in _GROUPED.finditer(text) for number in _twelves(run.group()))


def find_in_text(column: pa.Array) -> np.ndarray:
    """Return a bool mask (n,): which rows of `column` (string, or dictionary of strings) hold a My Number.

    The same answer as `is_in_text` for each row; null is False. A compiled prefilter leaves few rows to Python.
    """
    if pa.types.is_dictionary(column.type):
        indices = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return np.append(find_in_text(column.dictionary), False)[indices]  # -1 picks the appended False
    suspects = pc.indices_nonzero(pc.match_substring_regex(column, _TWELVE).fill_null(False))  # noqa: FBT003  positional only
    found = np.zeros(len(column), bool)
    for row, text in zip(suspects.to_pylist(), column.take(suspects).to_pylist(), strict=True):
        found[row] = is_in_text(text)
    return found


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
