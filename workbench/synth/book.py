"""The book that doses are written into, and what of them the city would have on record."""

from dataclasses import dataclass, fields

import numpy as np

from workbench.synth import days
from workbench.synth.days import NEVER
from workbench.synth.people import ADULT_AGE, OUTSIDE, People
from workbench.synth.tables import ROUTINE, TEMPORARY, VOLUNTARY, kinds, load

INDIVIDUAL, MASS, ELSEWHERE, UNKNOWN_SETTING = 0, 1, 2, 3  # 実施区分 1, 2, 3, 9
LOTS, NO_LOT, NO_PRODUCT = 3, 3, 4  # lots in use at a time; what is missing from the record
AUTOMATIC = 0  # legal class by the programme's dates
_RECORDS_FROM = days.on(1979, 4, 1)  # older records are on paper
_OUTSIDERS_FROM_DAYS = 1100
_ANY_ORDER_FROM, _APART_BEFORE = days.on(2020, 10, 1), 28  # until then 27 days after a live vaccine, six after others
_CLAIM_DAYS, _CLAIM_SHARES = [0, 15, 30, 60], [0.05, 0.3, 0.6, 1.0]  # claims of clinics arrive one or two months late
_ELSEWHERE_SHARE, _UNKNOWN_SHARE = 0.015, 0.004
_LOST_AGAIN, _MOST = 1.013, 0.993  # refusals and movers take a little off every published coverage
_NO_LOT_SHARE, _NO_PRODUCT_SHARE = 0.6, 0.012  # of doses given elsewhere; of all doses
_MASS_SHARE = 0.45  # of the temporary programme
_SPREAD = 1.0  # how far willingness moves the log odds
_LOGISTIC = 0.3927  # pi / 8: keeps the average where it was, for a normal spread of log odds


@dataclass(frozen=True)
class Doses:
    """Arrays of one length; a row is a dose."""

    who: np.ndarray
    when: np.ndarray
    kind: np.ndarray
    product: np.ndarray
    legal: np.ndarray
    setting: np.ndarray
    lot: np.ndarray  # which of the lots of the day, or NO_LOT, NO_PRODUCT

    def __len__(self) -> int:
        """Return the number of doses."""
        return len(self.who)

    def take(self, rows: np.ndarray) -> "Doses":
        """Return these doses only."""
        return Doses(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


class Book:
    """Collects doses as arrays; `close` sorts them and leaves out what the city never learnt."""

    def __init__(self, people: People, *, rng: np.random.Generator, today: int) -> None:
        """Open an empty book for these people."""
        self.people, self.rng, self.today = people, rng, today
        self._parts: list[tuple[np.ndarray, ...]] = []
        self._kinds = kinds()
        self._shift = np.array([place["uptake"] for place in load("places")["district"]])

    def wants(self, who: np.ndarray, pct: np.ndarray | float) -> np.ndarray:
        """Decide for each of `who` whether they take a vaccine of that coverage (percent, per person)."""
        share = np.clip(np.asarray(pct, float) / 100 * _LOST_AGAIN, 1e-6, _MOST)
        people = self.people
        odds = np.log(share / (1 - share)) * np.sqrt(1 + _LOGISTIC * _SPREAD**2)
        odds = odds + _SPREAD * people.willing[who] + self._shift[people.district[who]]
        return (self.rng.random(len(who)) < 1 / (1 + np.exp(-odds))) & ~people.declines[who]

    def chance(self, count: int, share: float) -> np.ndarray:
        """Return `count` draws of a yes with that chance."""
        return self.rng.random(count) < share

    def add(
        self,
        who: np.ndarray,
        when: np.ndarray,
        vaccine: str | tuple[str, int],
        *,
        product: np.ndarray | int | None = None,
        legal: np.ndarray | int = AUTOMATIC,
    ) -> None:
        """Write one dose each for `who`, except where `when` is NEVER.

        Args:
            vaccine: symbol, or symbol and place in the vaccine's list of doses (1 is the first).
            product: place in the vaccine's list of products; any of them if None.
            legal: 法定区分; AUTOMATIC is routine while the programme was in force, otherwise voluntary.
        """
        symbol, dose = vaccine if isinstance(vaccine, tuple) else (vaccine, 1)
        kind = self._kinds.kind(symbol, dose)
        entry = self._kinds.vaccines[self._kinds.vaccine_of[kind]]
        if product is None:
            product = (who * 7 + when // 120) % len(entry.products)
        in_force = (when >= entry.routine_from) & (when <= entry.routine_until)
        by_law = np.where(in_force, ROUTINE, VOLUNTARY)
        columns = (who, when, kind, product + self._kinds.first_product[symbol], np.where(legal == 0, by_law, legal))
        given = when != NEVER
        self._parts.append(tuple(np.broadcast_to(column, when.shape)[given] for column in columns))

    def close(self) -> Doses:
        """Return the doses on record, ordered by person and day."""
        who, when, kind, product, legal = (np.concatenate(columns) for columns in zip(*self._parts, strict=True))
        setting = self._settings(who, when, legal)
        doses = Doses(who, when, kind, product, legal, setting, self._lots(setting))
        doses = doses.take(np.flatnonzero(self._on_record(doses)))
        doses = doses.take(np.lexsort((doses.kind, doses.when, doses.who)))
        for _ in range(2):  # where the first dose of a season gives way, the second has other neighbours
            doses = doses.take(np.flatnonzero(~self._gives_way(doses)))
        return doses

    def _gives_way(self, doses: Doses) -> np.ndarray:
        """Return the influenza doses too near another vaccine, while different vaccines had to keep apart."""
        is_flu = (doses.kind >= self._kinds.kind("FLU")) & (doses.kind <= self._kinds.kind("FLU", 2))
        gap = np.diff(doses.when)
        clash = (np.diff(doses.who) == 0) & (gap < _APART_BEFORE) & (is_flu[1:] != is_flu[:-1])
        beside = np.concatenate([clash, [False]]) | np.concatenate([[False], clash])
        return is_flu & beside & (doses.when < _ANY_ORDER_FROM)

    def _settings(self, who: np.ndarray, when: np.ndarray, legal: np.ndarray) -> np.ndarray:
        draw = self.rng.random(len(who))
        setting = np.where((legal == TEMPORARY) & (draw > 1 - _MASS_SHARE), MASS, INDIVIDUAL)
        setting = np.where(draw > 1 - _UNKNOWN_SHARE, UNKNOWN_SETTING, setting)
        setting = np.where(draw < _ELSEWHERE_SHARE, ELSEWHERE, setting)
        came = self.people.moved_in[who]
        return np.where((came != NEVER) & (when < came), ELSEWHERE, setting)

    def _lots(self, setting: np.ndarray) -> np.ndarray:
        lot = self.rng.integers(0, LOTS, len(setting))
        lot = np.where((setting == ELSEWHERE) & self.chance(len(setting), _NO_LOT_SHARE), NO_LOT, lot)
        return np.where(self.chance(len(setting), _NO_PRODUCT_SHARE), NO_PRODUCT, lot)

    def _on_record(self, doses: Doses) -> np.ndarray:
        people, who, when = self.people, doses.who, doses.when
        known = (when >= _RECORDS_FROM) & (when >= people.birth[who]) & (when <= people.last_day(self.today)[who])
        known &= self.rng.random(len(who)) < np.interp(self.today - when, _CLAIM_DAYS, _CLAIM_SHARES)
        came = people.moved_in[who]
        was_adult = came > days.add_months(people.birth, ADULT_AGE * 12)[who]
        known &= (came == NEVER) | (when >= came) | ~(was_adult | people.no_history[who])
        return known & ((people.status[who] != OUTSIDE) | (when > self.today - _OUTSIDERS_FROM_DAYS))
