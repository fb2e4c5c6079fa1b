"""Names: a surname for each household, a given name by sex and age, some in letters that old systems lack."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.synth.people import FOREIGN, People
from workbench.synth.tables import load

_MISSING_LETTER = "〓"  # what a CP932 system prints for a letter it does not have
_VARIATION_SELECTORS = range(0xE0100, 0xE01F0)
_EXTENDED_SHARE, _BEYOND_SHARE = 0.03, 0.004  # of surnames
_FAMILIAR_SHARE = 0.1  # foreign residents who are registered with a Japanese 通称 as well
_MIDDLE_AGE, _YOUNG_AGE = 65, 26  # ages at which fashions in names change
_FASHIONS = ("old", "middle", "young")


@dataclass(frozen=True)
class Names:
    """Texts by person, as the registers write them."""

    full: pa.StringArray
    kana: pa.StringArray
    is_beyond: np.ndarray  # the name has a letter outside CP932 (before it was fitted to the encoding)


def fitted(text: str, encoding: str) -> str:
    """Return the text as a system of that encoding holds it."""
    if encoding.startswith("utf"):
        return text
    letters = (letter for letter in text if ord(letter) not in _VARIATION_SELECTORS)
    return "".join(letter if _has(letter, encoding) else _MISSING_LETTER for letter in letters)


def draw(people: People, *, rng: np.random.Generator, today: int, encoding: str) -> Names:
    """Return a name for everybody."""
    homes = int(people.household.max()) + 1
    native = _surnames(homes, rng)[people.household]
    foreign = rng.integers(0, len(load("names")["foreign_surnames"]), homes)[people.household]
    is_foreign = people.status == FOREIGN
    surnames, given = _Pool(encoding, _SURNAME_LISTS), _Pool(encoding, _GIVEN_LISTS)
    first = _given_names(people, given, today, rng)
    full = pc.binary_join_element_wise(surnames.written(native), given.written(first), "　")
    kana = pc.binary_join_element_wise(surnames.kana(native), given.kana(first), "　")
    abroad = given.draw(np.where(people.sex == 1, "foreign_given_male", "foreign_given_female"), rng)
    family = surnames.start["foreign_surnames"] + foreign
    alien = pc.binary_join_element_wise(surnames.written(family), given.written(abroad), " ")
    familiar = pc.binary_join_element_wise(alien, pc.binary_join_element_wise("（通称　", full, "）", ""), "")
    alien = pc.if_else(pa.array(rng.random(len(people)) < _FAMILIAR_SHARE), familiar, alien)
    alien_kana = pc.binary_join_element_wise(surnames.kana(family), given.kana(abroad), " ")
    mask = pa.array(is_foreign)
    is_beyond = ~is_foreign & (surnames.is_beyond[native] | given.is_beyond[first])
    return Names(pc.if_else(mask, alien, full), pc.if_else(mask, alien_kana, kana), is_beyond)


_SURNAME_LISTS = ("surnames", "surnames_extended", "surnames_beyond", "foreign_surnames")
_GIVEN_LISTS = (
    *(f"given_{sex}_{fashion}" for sex in ("male", "female") for fashion in _FASHIONS),
    "foreign_given_male",
    "foreign_given_female",
)


class _Pool:
    """The names of some lists of names.toml, under running numbers."""

    def __init__(self, encoding: str, lists: tuple[str, ...]) -> None:
        data = load("names")
        self.start, self.size, entries = {}, {}, []
        for name in lists:
            self.start[name], self.size[name] = len(entries), len(data[name])
            entries += [entry.rpartition(" ") if "foreign" not in name else _split(entry) for entry in data[name]]
        texts = [entry[0] for entry in entries]
        self._written = pa.array([fitted(text, encoding) for text in texts])
        self._kana = pa.array([entry[-1] for entry in entries])
        self.is_beyond = np.array([fitted(text, "cp932") != text for text in texts])

    def draw(self, lists: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw a name for each person from the list named for them."""
        wanted, place = np.unique(lists, return_inverse=True)
        start = np.array([self.start[name] for name in wanted])[place]
        size = np.array([self.size[name] for name in wanted])[place]
        return start + np.floor(rng.random(len(lists)) * size).astype(np.int64)

    def written(self, places: np.ndarray) -> pa.StringArray:
        return self._written.take(pa.array(places))

    def kana(self, places: np.ndarray) -> pa.StringArray:
        return self._kana.take(pa.array(places))


def _surnames(homes: int, rng: np.random.Generator) -> np.ndarray:
    """Draw surnames: the first of the list most often, some from the lists of rarer letters."""
    sizes = [len(load("names")[name]) for name in _SURNAME_LISTS]
    common = np.floor(rng.random(homes) ** 1.6 * sizes[0]).astype(np.int64)
    extended = sizes[0] + rng.integers(0, sizes[1], homes)
    beyond = sizes[0] + sizes[1] + rng.integers(0, sizes[2], homes)
    draw = rng.random(homes)
    draw[:2] = 0.0  # even a small city has one
    rare = np.where(draw < _BEYOND_SHARE, beyond, extended)
    return np.where(draw < _BEYOND_SHARE + _EXTENDED_SHARE, rare, common)


def _given_names(people: People, pool: _Pool, today: int, rng: np.random.Generator) -> np.ndarray:
    age = people.ages(today)
    fashion = np.where(age < _YOUNG_AGE, _FASHIONS[2], np.where(age < _MIDDLE_AGE, _FASHIONS[1], _FASHIONS[0]))
    sex = np.where(people.sex == 1, "male", "female")
    return pool.draw(np.char.add(np.char.add(np.char.add("given_", sex), "_"), fashion), rng)


def _has(letter: str, encoding: str) -> bool:
    try:
        letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _split(entry: str) -> tuple[str, str]:
    """Part a foreign name from its kana: both may hold spaces, in equal number."""
    words = entry.split(" ")
    half = len(words) // 2
    return " ".join(words[:half]), " ".join(words[half:])
