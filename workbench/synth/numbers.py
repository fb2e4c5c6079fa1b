"""Numbers that identify: each a function of a running index, so that no two persons share one and none is stored.

The first two digits keep the kinds apart in any text: a My Number starts with 02-99 and never holds a 1 in its first
two places, a 住民票コード starts with 1, 宛名番号 and 世帯番号 start with five zeros. So none of them can be found
by chance inside another.
"""

from dataclasses import dataclass
from math import gcd

import numpy as np
import pyarrow as pa

_MY_SPACE = 9 * 8 * 10**9  # first digit 0 or 2-9, second 2-9, nine more
_JUMIN_SPACE = 10**9  # after the leading 1
_WEIGHTS = np.array([2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6])  # from the right: 総務省令85号 (2014) article 5
_FIRST_DIGITS = np.array([0, 2, 3, 4, 5, 6, 7, 8, 9])
_SPREAD = 1000  # one index in so many running numbers of the city, as registers with gaps have it
_MIX = 2_654_435_761  # Knuth's multiplicative hash
_LUHN_NINE = 9


def check_digits(first_eleven: np.ndarray) -> np.ndarray:
    """Return the check digit of My Numbers, given their first eleven digits as integers."""
    digits = first_eleven[:, None] // 10 ** np.arange(11) % 10
    remainder = (digits * _WEIGHTS).sum(axis=1) % 11
    return np.where(remainder <= 1, 0, 11 - remainder)


def padded(values: np.ndarray, width: int) -> pa.StringArray:
    """Write integers with leading zeros."""
    digits = values[:, None] // 10 ** np.arange(width - 1, -1, -1) % 10
    data = (digits + ord("0")).astype(np.uint8).tobytes()
    offsets = np.arange(0, (len(values) + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(offsets.tobytes()), pa.py_buffer(data))


@dataclass(frozen=True)
class Numbering:
    """The city's way of giving out numbers, drawn from the seed."""

    my_step: int
    my_start: int
    jumin_step: int
    jumin_start: int

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Numbering":
        """Draw steps that reach every number of a space before repeating one."""
        my_step, my_start = _step(rng, _MY_SPACE), int(rng.integers(_MY_SPACE))
        return cls(my_step, my_start, _step(rng, _JUMIN_SPACE), int(rng.integers(_JUMIN_SPACE)))

    def my_numbers(self, index: np.ndarray) -> pa.StringArray:
        """Return 個人番号: 12 digits with a valid check digit."""
        place = (index * self.my_step + self.my_start) % _MY_SPACE
        head = _FIRST_DIGITS[place // (8 * 10**9)] * 10 + place // 10**9 % 8 + 2
        eleven = head * 10**9 + place % 10**9
        return padded(eleven * 10 + check_digits(eleven), 12)

    def jumin_codes(self, index: np.ndarray) -> pa.StringArray:
        """Return 住民票コード: 11 digits, the last a check digit (My Number's rule; the real one is unverified)."""
        ten = 10**9 + (index * self.jumin_step + self.jumin_start) % _JUMIN_SPACE
        return padded(ten * 10 + check_digits(ten), 11)


def atena_numbers(index: np.ndarray) -> pa.StringArray:
    """Return 宛名番号: 15 digits, rising with the index."""
    return padded(10**9 + index * _SPREAD + index * _MIX % 2**32 % _SPREAD, 15)


def household_numbers(index: np.ndarray) -> pa.StringArray:
    """Return 世帯番号: 15 digits, rising with the index."""
    return padded(2 * 10**9 + index * _SPREAD + (index + 7) * _MIX % 2**32 % _SPREAD, 15)


def clinic_code(number: int) -> str:
    """Return a 医療機関コード of prefecture 99: 10 digits with a Luhn check digit."""
    nine = f"99101{number:04d}"
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(nine)]
    total = sum(value - _LUHN_NINE if value > _LUHN_NINE else value for value in doubled)
    return f"{nine}{-total % 10}"


def _step(rng: np.random.Generator, space: int) -> int:
    while True:
        step = int(rng.integers(space // 3, space))
        if gcd(step, space) == 1:
            return step
