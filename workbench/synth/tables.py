"""The data the city is made from: names, places, rates and vaccines, each a TOML file beside this module."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from workbench.synth import days

ROUTINE, VOLUNTARY, TEMPORARY = 1, 2, 3  # 法定区分
FOREVER = days.on(9999, 12, 31)


@cache
def load(name: str) -> dict[str, Any]:
    """Read one of the TOML files of this package."""
    return tomllib.loads((resources.files(__package__) / f"{name}.toml").read_text(encoding="utf-8"))


def curve(table: str, at: np.ndarray, *, of: str = "pct") -> np.ndarray:
    """Read a table of rates.toml at any year or age: straight lines between its points, level outside them."""
    data = load("rates")[table]
    x = next(values for name, values in data.items() if name != of)
    return np.interp(at, x, data[of])


@dataclass(frozen=True)
class Vaccine:
    """One vaccine code: the dose kinds and products it owns, and when a dose was routine."""

    symbol: str
    code: str
    doses: tuple[str, ...]
    routine_from: int
    routine_until: int
    products: tuple[str, ...]
    amount: str
    lot: str


@dataclass(frozen=True)
class Kinds:
    """Every numbered dose and every product as one running number, so that arrays can hold them."""

    vaccines: tuple[Vaccine, ...]
    texts: tuple[str, ...]  # by kind: 接種種類コード,期,回数
    vaccine_of: np.ndarray  # by kind: place in `vaccines`
    first_kind: dict[str, int]
    first_product: dict[str, int]
    products: tuple[tuple[Vaccine, str], ...]

    def kind(self, symbol: str, dose: int = 1) -> int:
        """Return the kind of the `dose`-th entry of a vaccine's `doses` (1 is the first)."""
        return self.first_kind[symbol] + dose - 1


@cache
def kinds() -> Kinds:
    """Return the kinds and products of vaccines.toml."""
    vaccines = tuple(_vaccine(entry) for entry in load("vaccines")["vaccine"])
    texts: list[str] = []
    owners: list[int] = []
    products: list[tuple[Vaccine, str]] = []
    first_kind: dict[str, int] = {}
    first_product: dict[str, int] = {}
    for place, vaccine in enumerate(vaccines):
        first_kind[vaccine.symbol], first_product[vaccine.symbol] = len(texts), len(products)
        texts += [f"{vaccine.code},{dose.replace('/', ',')}" for dose in vaccine.doses]
        owners += [place] * len(vaccine.doses)
        products += [(vaccine, name) for name in vaccine.products]
    return Kinds(vaccines, tuple(texts), np.array(owners), first_kind, first_product, tuple(products))


def _vaccine(entry: dict[str, Any]) -> Vaccine:
    until = entry.get("until")
    return Vaccine(
        symbol=entry["symbol"],
        code=entry["code"],
        doses=tuple(entry["doses"]),
        routine_from=days.number(entry["from"]),
        routine_until=days.number(until) if until else FOREVER,
        products=tuple(entry["products"]),
        amount=entry["amount"],
        lot=entry["lot"],
    )
