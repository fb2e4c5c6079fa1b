"""Finds names and addresses in text, whatever spaces, widths and kana an office has written them with.

Text and secrets are folded alike, character by character: width, case, hiragana, small and voiced kana are evened out,
spaces inside are passed over. A secret is then a chain of hashes; a place in the text is followed along it as long as
some secret begins that way. Short secrets are found under conditions only, so that a word of the language is not a
name (decision 0020); what is too short for any condition is counted in `too_short`.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from workbench.scan.kinds import Kind, Secrets, Tally
from workbench.scan.lookup import KeySet

PLAIN = "そのまま"
LONGEST = 48  # characters of a secret that are compared
_WIDEST_GAP = 16  # spaces and separate voicing marks of one secret
_TOGETHER = 200_000  # places that are followed at a time
_FACTOR = np.uint64(0x100000001B3)
_SEED = np.uint64(0xCBF29CE484222325)
_UNITS = 1 << 16
_SPACE, _BREAK = 0, 1  # folded values: passed over; never part of a secret

UNSEEN, START, OTHER = 253, 254, 255  # units that are no ASCII: unseen ones, those a secret begins with, any other
_MAY_START, _LATIN = 1, 2
# Few and far between on purpose: bytes of other text read as UTF-16 are signs and digits of every script, and each that
# counted would hide the number beside it.
_UNSEEN_UNITS = ((0xAD, 0xAD), (0x300, 0x36F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF))

# Conditions under which a chain counts as found.
_ANYWHERE, _BOUNDED, _ALONE, _ALONE_SPACED, _NO_DIGIT_AFTER = range(5)
_KINDS = 8  # label = condition * _KINDS + kind
_SHORT, _SHORTER = 3, 2  # characters of a name that must stand alone, and be written with its space as well
_MIN_ADDRESS = 6
_HONORIFICS = "様殿氏"
_SIMPLE_NUMBERS = re.compile(r"([0-9]+)丁目([0-9]+)番地?の?([0-9]+)号?")


class Rule(NamedTuple):
    """What a name needs where bytes may be no text: chance finds a short one, and its neighbours say nothing."""

    shortest: int = 0  # letters
    free_from: int = 1 << 30  # letters from which its neighbours do not matter


IN_TEXT = Rule()


def _fold_table() -> np.ndarray:
    """Return the folded value of every UTF-16 unit."""
    table = np.arange(_UNITS, dtype=np.uint16)
    for unit in (*range(0x20, 0xD800), *range(0xF900, _UNITS)):
        table[unit] = _fold(chr(unit), unit)
    table[:0x20] = _BREAK
    table[0xDB40] = _SPACE  # first half of a variation selector
    table[0xDD00:0xDDF0] = _SPACE  # its second half
    return table


def _fold(character: str, unit: int) -> int:
    whole = unicodedata.normalize("NFKC", character)
    if not whole.strip() or unicodedata.category(character) in {"Mn", "Cf"}:
        return _SPACE
    first = unicodedata.normalize("NFD", whole)[0].upper()[0]
    if "ぁ" <= first <= "ゖ":
        first = chr(ord(first) + 0x60)
    first = _LARGE.get(first, first)
    if first in "‐‑‒–—―−":
        first = "-"
    if first in "゛゜\u3099\u309a" or not first.strip():
        return _SPACE
    is_one = len(whole) < 3 and ord(first) < _UNITS  # noqa: PLR2004 - a kana and its voicing are one, ㍿ is not
    return ord(first) if is_one else unit


def _characters() -> np.ndarray:
    """Return for every UTF-16 unit the ASCII character it stands for, whatever its width; `OTHER` for none."""
    table = np.full(_UNITS, OTHER, np.uint8)
    for unit in (*range(0xD800), *range(0xE000, _UNITS)):
        whole = unicodedata.normalize("NFKC", chr(unit))
        if len(whole) == 1 and whole.isascii():
            table[unit] = ord(whole)
        elif any(first <= unit <= last for first, last in _UNSEEN_UNITS):
            table[unit] = UNSEEN
    for unit in (*range(0x2010, 0x2016), 0x2212, 0x30FC, 0x30FB, 0x00B7):
        table[unit] = ord("-")
    return table


_LARGE = dict(zip("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ", strict=True))
FOLD = _fold_table()
CHARACTERS = _characters()
_IS_KANA = np.zeros(_UNITS, bool)
_IS_KANA[0x30A1:0x30FB] = _IS_KANA[0x30FC] = True
_IS_LATIN = np.zeros(_UNITS, bool)
_IS_LATIN[ord("A") : ord("Z") + 1] = True
_IS_DIGIT = np.zeros(_UNITS, bool)
_IS_DIGIT[ord("0") : ord("9") + 1] = True
_IS_LETTER = _IS_KANA | _IS_LATIN | _IS_DIGIT
_IS_LETTER[0x3005] = True
_IS_LETTER[0x3400:0xFB00] = True  # kanji, surrogates, private use
_IS_LETTER[[ord(letter) for letter in _HONORIFICS]] = False


class WordSearch:
    """A search for the words of a `Secrets`; `place` is the municipality, which an address may leave out."""

    def __init__(self, secrets: Secrets, place: str = "") -> None:
        """Fold every secret and enter the hashes of all its beginnings."""
        self.too_short: dict[Kind, int] = {}
        texts: list[str] = []
        labels: list[int] = []
        for part in secrets.words:
            for text, label in self._labelled(part.kind, part.values, place):
                texts.append(text)
                labels.append(label)
        self._starts = np.zeros(_UNITS, bool)
        self._beginnings, self._wholes = self._enter(texts, np.array(labels, np.uint8))
        self._starts_as_written = self._starts[FOLD]
        self._table = np.where((CHARACTERS == OTHER) & self._starts_as_written, START, CHARACTERS).astype(np.uint8)
        classes = self._starts_as_written[:256] * _MAY_START + _IS_LATIN[FOLD[:256]] * _LATIN
        classes[UNSEEN], classes[START], classes[OTHER] = 0, _MAY_START, 0
        self._classes = classes.astype(np.uint8).tobytes()

    def units(self, text: np.ndarray, characters: np.ndarray, tally: Tally, *, rule: Rule = IN_TEXT) -> None:
        """Search text given as UTF-16 units (uint16) or ASCII bytes (uint8); `characters` as `as_characters` gives."""
        if not len(self._wholes) or not len(text):
            return
        places = self._possible_starts(characters)
        parts = np.array_split(places, 1 + len(places) // _TOGETHER)
        found = [self._follow(text, part, rule) for part in parts]
        ends = np.concatenate([part[0] for part in found])  # an address ends once, with or without its municipality
        labels = np.concatenate([part[1] for part in found])
        for kind in np.unique(labels).tolist():
            tally.add(kind, PLAIN, len(np.unique(ends[labels == kind])))

    def as_characters(self, text: np.ndarray) -> np.ndarray:
        """Return text with one byte a unit: ASCII as it reads, whatever its width; the rest only as start or not."""
        return text if text.itemsize == 1 else self._table[text]

    def begins(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return the indices of pairs of units, one after the other, that some secret begins with."""
        chosen = np.flatnonzero(self._starts[FOLD[first]])
        hashes = _extend(_extend(np.full(len(chosen), _SEED), FOLD[first[chosen]]), FOLD[second[chosen]])
        return chosen[self._beginnings.may_hold(hashes)]

    def may_begin(self, units: np.ndarray) -> np.ndarray:
        """Return a bool mask: which units some secret begins with."""
        return self._starts_as_written[units]

    # ------------------------------------------------------------ the secrets

    def _labelled(self, kind: Kind, texts: Iterable[str], place: str) -> Iterable[tuple[str, int]]:
        """Yield what to look for, with its label; count what is too short."""
        for text in texts:
            condition = _address_condition(text) if kind == Kind.ADDRESS else _name_condition(text)
            if condition is None:
                self.too_short[kind] = self.too_short.get(kind, 0) + 1
                continue
            forms = _address_forms(text, place) if kind == Kind.ADDRESS else (text,)
            for form in forms:
                yield form, condition * _KINDS + kind

    def _enter(self, texts: list[str], labels: np.ndarray) -> tuple[KeySet, KeySet]:
        joined = "\n".join(texts)
        units = FOLD[np.frombuffer(joined.encode("utf-16-le", "surrogatepass"), "<u2")]
        units = units[units != _SPACE]
        ends = np.flatnonzero(np.append(units == _BREAK, bool(texts)))
        starts = np.append(0, ends + 1)[: len(ends)]
        lengths = np.minimum(ends - starts, LONGEST)
        self._starts[np.unique(units[starts])] = True
        hashes = np.full(len(starts), _SEED)
        beginnings = []
        for place in range(int(lengths.max(initial=0))):
            longer = lengths > place
            hashes[longer] = _extend(hashes[longer], units[starts[longer] + place])
            beginnings.append(np.unique(hashes[longer]))
        every = np.concatenate(beginnings) if beginnings else np.empty(0, np.uint64)
        return KeySet(every, np.zeros(len(every), np.uint8)), KeySet(hashes, labels)

    # ------------------------------------------------------------ the text

    def _possible_starts(self, characters: np.ndarray) -> np.ndarray:
        """Return the places where a secret may begin: its first character, and no Latin letter before a Latin one."""
        classes = np.frombuffer(characters.tobytes().translate(self._classes), np.uint8)
        mask = (classes & _MAY_START).astype(bool)
        mask[1:] &= (classes[1:] & classes[:-1]) < _LATIN
        return np.flatnonzero(mask)

    def _follow(self, text: np.ndarray, starts: np.ndarray, rule: Rule) -> tuple[np.ndarray, np.ndarray]:
        """Follow the text from each start along the chains; return where secrets end, and their kinds."""
        origin, places = starts, starts.copy()
        hashes, gaps = np.full(len(starts), _SEED), np.zeros(len(starts), np.uint8)
        found: list[tuple[np.ndarray, np.ndarray]] = []
        for step in range(1, 2 * LONGEST):
            inside = places < len(text)
            origin, places, hashes, gaps = origin[inside], places[inside], hashes[inside], gaps[inside]
            if not len(places):
                break
            units = FOLD[text[places]]
            is_space = units == _SPACE
            hashes = np.where(is_space, hashes, _extend(hashes, units))
            gaps = np.where(is_space, np.minimum(gaps + 1, 250), gaps).astype(np.uint8)
            places = places + 1
            known = self._beginnings.may_hold(hashes) if step > 1 else np.arange(len(hashes))  # a start is known
            known = known[gaps[known] < _WIDEST_GAP]
            origin, places, hashes, gaps = origin[known], places[known], hashes[known], gaps[known]
            ended, labels = self._wholes.find(hashes)
            letters = step - gaps[ended].astype(int)
            is_whole = ~is_space[known][ended] & (letters >= rule.shortest)
            ended, labels, letters = ended[is_whole], labels[is_whole], letters[is_whole]
            chains = _Chains(origin[ended], places[ended], labels, gaps[ended] > 0, letters >= rule.free_from)
            found.append(chains.accepted(text))
        return (
            np.concatenate([part[0] for part in found]) if found else starts[:0],
            np.concatenate([part[1] for part in found]) if found else np.empty(0, np.uint8),
        )


class _Chains(NamedTuple):
    """Secrets met in a text: from where to where, and what the conditions ask about each."""

    starts: np.ndarray
    ends: np.ndarray
    labels: np.ndarray
    is_spaced: np.ndarray
    is_free: np.ndarray  # of any neighbour

    def accepted(self, text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the ends and kinds of those whose surroundings meet their condition."""
        starts, ends, labels = self.starts, self.ends, self.labels
        if not len(starts):
            return ends, labels
        before = np.where(starts > 0, FOLD[text[starts - 1]], _BREAK)
        after = np.where(ends < len(text), FOLD[text[np.minimum(ends, len(text) - 1)]], _BREAK)
        last = FOLD[text[ends - 1]]
        same = (_IS_KANA[before] | _IS_KANA[after]) & _IS_KANA[last]
        same |= (_IS_LATIN[before] | _IS_LATIN[after]) & _IS_LATIN[last]
        is_alone = ~(_IS_LETTER[before] | _IS_LETTER[after])
        anywhere = np.ones(len(starts), bool)
        holds = np.stack(
            [anywhere, ~same | self.is_free, is_alone, is_alone & self.is_spaced, ~_IS_DIGIT[after] | self.is_free]
        )
        kept = holds[labels // _KINDS, np.arange(len(labels))]
        return ends[kept], labels[kept] % _KINDS


def _extend(hashes: np.ndarray, units: np.ndarray) -> np.ndarray:
    return (hashes ^ units) * _FACTOR


def _letters(text: str) -> str:
    units = FOLD[np.frombuffer(text.encode("utf-16-le", "surrogatepass"), "<u2")]
    return units[units > _BREAK].astype("<u2").tobytes().decode("utf-16-le", "surrogatepass")


def _name_condition(text: str) -> int | None:
    """Return the condition under which a name counts; None where it is too short for any."""
    letters = _letters(text)
    units = np.frombuffer(letters.encode("utf-16-le", "surrogatepass"), "<u2")
    is_spaced = len(text.split()) > 1
    if len(letters) > _SHORT:
        return _BOUNDED if (_IS_KANA[units] | _IS_LATIN[units]).all() else _ANYWHERE
    if len(letters) == _SHORT:
        return _ALONE
    return _ALONE_SPACED if len(letters) == _SHORTER and is_spaced else None


def _address_condition(text: str) -> int | None:
    """Return the condition for an address; None where it names no house, only a part of the city."""
    letters = _letters(text)
    has_number = any(letter.isdigit() or letter in "一二三四五六七八九十" for letter in letters)
    return _NO_DIGIT_AFTER if has_number and len(letters) >= _MIN_ADDRESS else None


def _address_forms(text: str, place: str) -> set[str]:
    """Return an address as written, with its numbers joined by hyphens, and both without the municipality."""
    plain = unicodedata.normalize("NFKC", text)
    forms = {plain, _SIMPLE_NUMBERS.sub(r"\1-\2-\3", plain)}
    short = {form.removeprefix(place) for form in forms} if place else set()
    return forms | {form for form in short if _address_condition(form) is not None}
