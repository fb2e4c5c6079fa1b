"""My Numbers: the check digit against the published rule and python-stdnum, and finding them in text."""

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.jp import in_ as individual_number

from tests.tables import rows
from workbench import mynumber
from workbench.sources.firewall import find_in_text, passes

NUMBERS = rows("""
    number       | valid | why
    123456789018 | yes   | the worked example of the domain notes
    983205673214 | yes   | published example
    223456789012 | yes   |
    555555555557 | yes   |
    100000000005 | yes   | remainder above 1
    999999999996 | yes   |
    000000000000 | yes   | remainder 0 gives 0
    123456789017 | no    | another check digit
    12345678901  | no    | a leading zero lost by a spreadsheet
    1234567890186 | no   | thirteen digits
    12345678901x | no    | a letter
    １２３４５６７８９０１８ | no | full-width digits are no number of a file
""")


def spelt(table):
    """Return the rows with the characters that are written as \\u...."""
    seen = re.compile(r"\\u([0-9a-f]{4})")
    return [row | {"text": row["text"] and seen.sub(lambda code: chr(int(code[1], 16)), row["text"])} for row in table]


TEXTS = spelt(
    rows("""
    text                          | found | why
    123456789018                  | yes   |
    番号は123456789018です         | yes   | inside text without a space
    １２３４５６７８９０１８            | yes   | full width
    １２３４-5678　9018            | yes   | mixed width and separators
    1234 5678 9018                | yes   | 4-4-4
    1234-5678-9018                | yes   |
    1234．5678．9018               | yes   | full-width dots
    1234 - 5678 - 9018            | yes   | three characters between groups
    12-3456789018                 | yes   | any grouping
    1 2 3 4 5 6 7 8 9 0 1 8       | yes   | as written into boxes
    0299 1234 5678 9018           | yes   | after another group
    1234 5678 9018 0299           | yes   | before another group
    ٱ١٢٣٤٥٦٧٨٩٠١٨                 | yes   | digits of any script
    一二三四五六七八九〇一八       | yes   | kanji
    壱弐参四五六七八九零壱八       | yes   | kanji of documents
    ①②③④⑤⑥⑦⑧⑨⓪①⑧     | yes   | in rings
    ¹²³⁴⁵⁶⁷⁸⁹⁰¹⁸                  | yes   | raised
    1\u200b2345678901\u200d8       | yes   | what nobody sees between the digits
    1234\u00ad5678\u2060\u200b\u200b\u200b\u200b9018 | yes | as many of it as one likes
    \u202a1234\u202c\u2066\u202a5678\u202c9018 | yes | marks of direction
    1\u03012\u03013\u03014\u03015\u03016\u03017\u03018\u03019\u03010\u03011\u03018 | yes | accents on digits
    1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣9️⃣0️⃣1️⃣8️⃣ | yes | keys
    1234,5678,9018                | yes   | commas
    123,456,789,018               | yes   | as a sum of money
    1234、5678、9018              | yes   |
    (1234)(5678)(9018)            | yes   | brackets
    1234→5678→9018               | yes   | arrows
    1234〜5678＊9018              | yes   | signs
    1234    5678    9018          | yes   | four spaces
    1234\u20095678\u202f9018      | yes   | narrow spaces
    1234😀5678😀9018             | yes   | a picture
    2024-04-01、2024-05-20         | no    | a list of days that would make a number
    2024.04.01〜2024.06.19          | no    | a period that would make a number
    0999-00-1202、0999-00-1234     | no    | telephone numbers that would make a number
    1234567890186                 | no    | part of a longer run
    0123456789018                 | no    | part of a longer run
    123456789017                  | no    | fails the check digit
    1234 5678 9017                | no    |
    12345678901                   | no    | eleven digits
    1234/5678/9018                | no    | a slash separates dates and fractions
    0999-00-1234                  | no    | a telephone number
    桜浜市中央1-2-3               | no    | an address
                                  | no    |
""")
)


@pytest.mark.parametrize("case", NUMBERS, ids=lambda case: case["why"] or case["number"])
def test_is_valid(case):
    assert mynumber.is_valid(case["number"]) == (case["valid"] == "yes")


@pytest.mark.parametrize("case", TEXTS, ids=lambda case: case["why"] or case["text"] or "empty")
def test_is_in_text(case):
    assert mynumber.is_in_text(case["text"] or "") == (case["found"] == "yes")


def test_a_column_is_searched_as_its_texts_are():
    texts = [case["text"] for case in TEXTS] * 3
    expected = [case["found"] == "yes" for case in TEXTS] * 3

    assert find_in_text(pa.array(texts, pa.string())).tolist() == expected
    assert find_in_text(pa.array(texts, pa.string()).dictionary_encode()).tolist() == expected
    assert find_in_text(pa.array([], pa.string())).tolist() == []


@given(st.lists(st.text(st.sampled_from("0123456789018５ -．あ/、①二\u200b😀"), max_size=40)))
def test_the_prefilter_loses_nothing(texts):
    assert find_in_text(pa.array(texts, pa.string())).tolist() == [mynumber.is_in_text(text) for text in texts]


@given(st.from_regex(r"[0-9]{11}", fullmatch=True), st.sampled_from("0123456789"))
def test_the_check_digit_agrees_with_stdnum(first11, last):
    assert mynumber.check_digit(first11) == int(individual_number.calc_check_digit(first11))
    assert mynumber.is_valid(first11 + last) == individual_number.is_valid(first11 + last)


def test_whole_columns_agree_with_single_numbers():
    digits = np.random.default_rng(1).integers(0, 10, (5_000, 12)).astype(np.uint8)

    expected = [mynumber.is_valid("".join(map(str, row))) for row in digits.tolist()]

    assert passes(digits).tolist() == expected
    assert 400 < sum(expected) < 600  # one random number in ten passes


@pytest.mark.parametrize("bad", ["", "1234567890", "123456789012", "1234567890a", "１２３４５６７８９０１"])
def test_a_check_digit_needs_eleven_digits_and_does_not_quote_them(bad):
    with pytest.raises(ValueError, match="needs eleven digits") as caught:
        mynumber.check_digit(bad)

    assert not bad or bad not in str(caught.value)
