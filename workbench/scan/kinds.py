"""What is searched for: the kinds of secrets, and those of one extract. They live in memory only."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np


class Kind(IntEnum):
    """A kind of secret; the value is its label in the lookup tables."""

    MYNUMBER = 0
    JUMINHYO_CODE = 1
    ATENA_NUMBER = 2
    HOUSEHOLD_NUMBER = 3
    PHONE = 4
    NAME = 5
    KANA = 6
    ADDRESS = 7

    @property
    def title(self) -> str:
        """The kind in Japanese."""
        return TITLES[self]


TITLES = {
    Kind.MYNUMBER: "個人番号",
    Kind.JUMINHYO_CODE: "住民票コード",
    Kind.ATENA_NUMBER: "宛名番号",
    Kind.HOUSEHOLD_NUMBER: "世帯番号",
    Kind.PHONE: "電話番号",
    Kind.NAME: "氏名",
    Kind.KANA: "氏名カナ",
    Kind.ADDRESS: "住所",
}
FIELDS = {  # field of a layout -> kind, and how many digits it has (None: words)
    "mynumber": (Kind.MYNUMBER, 12),
    "juminhyo_code": (Kind.JUMINHYO_CODE, 11),
    "atena_number": (Kind.ATENA_NUMBER, 15),
    "household_number": (Kind.HOUSEHOLD_NUMBER, 15),
    "name": (Kind.NAME, None),
    "recipient": (Kind.NAME, None),
    "kana": (Kind.KANA, None),
    "address": (Kind.ADDRESS, None),
    "phone": (Kind.PHONE, None),
}


@dataclass(frozen=True)
class Numbers:
    """Numbers of one kind and width: int64, distinct; leading zeros are what `width` adds."""

    kind: Kind
    width: int
    values: np.ndarray = field(repr=False)

    def texts(self) -> list[str]:
        """Return the numbers as they are written, leading zeros included."""
        return [f"{value:0{self.width}d}" for value in self.values.tolist()]


@dataclass(frozen=True)
class Words:
    """Texts of one kind as the extract writes them, distinct."""

    kind: Kind
    values: Sequence[str] = field(repr=False)


@dataclass(frozen=True)
class Secrets:
    """Everything of an extract that must not be found. `unread_rows` gave only their numbers, or nothing."""

    numbers: tuple[Numbers, ...] = ()
    words: tuple[Words, ...] = ()
    unread_rows: int = 0

    def only(self, kinds: frozenset[Kind]) -> "Secrets":
        """Return the secrets of these kinds."""
        return Secrets(
            tuple(part for part in self.numbers if part.kind in kinds),
            tuple(part for part in self.words if part.kind in kinds),
            self.unread_rows,
        )

    def count(self, kind: Kind) -> int:
        """Return how many distinct secrets of this kind there are."""
        return sum(len(part.values) for part in (*self.numbers, *self.words) if part.kind == kind)

    def __repr__(self) -> str:
        """Say how many, never which (promise P6)."""
        return f"Secrets({', '.join(f'{kind.name}={self.count(kind)}' for kind in Kind)})"


@dataclass
class Tally:
    """What one search has found, by kind and way of writing; and numbers inside longer ones, with what chance gives."""

    found: dict[tuple[Kind, str], int] = field(default_factory=dict)
    embedded: dict[Kind, int] = field(default_factory=dict)
    expected: dict[Kind, float] = field(default_factory=dict)

    def add(self, kind: int, way: str, count: int = 1) -> None:
        """Note `count` places."""
        if count:
            key = (Kind(kind), way)
            self.found[key] = self.found.get(key, 0) + count

    def add_all(self, labels: np.ndarray, way: str) -> None:
        """Note one place for each label."""
        for kind, count in enumerate(np.bincount(labels, minlength=len(Kind)).tolist()):
            self.add(kind, way, count)

    def add_embedded(self, kind: Kind, hits: int, expected: float) -> None:
        """Note numbers inside longer runs of digits, and how many a random run would have shown."""
        self.embedded[kind] = self.embedded.get(kind, 0) + hits
        self.expected[kind] = self.expected.get(kind, 0.0) + expected

    def add_fullest(self, readings: list["Tally"]) -> None:
        """Take over from several readings of the same bytes, each place once: the reading that found most counts."""
        for key in {key for reading in readings for key in reading.found}:
            self.add(*key, max(reading.found.get(key, 0) for reading in readings))
        for kind in {kind for reading in readings for kind in reading.embedded}:
            fullest = max(readings, key=lambda reading: reading.embedded.get(kind, 0))
            self.add_embedded(kind, fullest.embedded.get(kind, 0), fullest.expected.get(kind, 0.0))

    def add_inner(self, inner: "Tally", way: str, *, keep: str) -> None:
        """Take over what was found inside another writing; a `keep` keeps its name."""
        for (kind, inner_way), count in inner.found.items():
            self.add(kind, keep if inner_way == keep else way, count)
        for kind, hits in inner.embedded.items():
            self.add_embedded(kind, hits, inner.expected[kind])
