"""The 接種記録 file: recording mistakes that stay inside the rules of a file, and the lines."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.synth import days
from workbench.synth.book import ELSEWHERE, LOTS, MASS, NO_LOT, NO_PRODUCT, Doses
from workbench.synth.days import NEVER
from workbench.synth.people import People
from workbench.synth.register import Register, Scribe
from workbench.synth.tables import VOLUNTARY, Kinds, kinds, load
from workbench.synth.writing import LINE_END, quoted

_WRONG_NUMBER_SHARE, _TWICE_SHARE, _REMARK_SHARE = 0.0015, 0.0005, 0.003
_REMARKS = (
    "予診票再発行",
    "市外医療機関で接種",
    '保護者申出, 母子健康手帳で"確認"',
    "体調不良で延期\n再予約",
    "県内広域",
)
_LOT_DAYS, _LOTS_FROM, _LOTS_UNTIL = 60, days.on(1979, 1, 1), days.on(2031, 1, 1)
_SETTINGS, _LEGALS = ("1", "2", "3", "9"), 4
_OTHER_CLINIC_SHARE, _AFTER_DEATH = 0.12, 3  # doses in each part of the city
_TOO_CLOSE = {"DPT": 20, "DPTI": 20, "DPIH": 20, "HIB": 20, "PCV": 27, "HEPB": 27}  # 20日以上, 27日以上


@dataclass(frozen=True)
class Clinics:
    """Codes and names; clinic 0 is the city's health centre, the others are spread over the districts."""

    codes: pa.StringArray
    names: tuple[str, ...]

    def choose(self, people: People, doses: Doses, rng: np.random.Generator) -> pa.StringArray:
        """Return the clinic of each dose: mostly the household's, none for a dose given elsewhere."""
        districts = len(load("places")["district"])
        count = len(self.codes) - 1
        layers = max(1, count // districts)
        home = people.district[doses.who] + districts * (people.household[doses.who] * 7919 % layers)
        other = rng.integers(0, count, len(doses))
        clinic = 1 + np.where(rng.random(len(doses)) < _OTHER_CLINIC_SHARE, other, home % count)
        clinic = np.where(doses.setting == MASS, 0, clinic)
        place = np.where(doses.setting == ELSEWHERE, count + 1, clinic)
        return pa.concat_arrays([self.codes, pa.array([""])]).take(pa.array(place))


@dataclass(frozen=True)
class Mistakes:
    """How many doses are odd without being at fault."""

    wrong_dose_no: int
    same_day_twice: int
    too_close: int
    private: int
    after_death: int


def with_mistakes(doses: Doses, people: People, rng: np.random.Generator) -> tuple[Doses, Mistakes]:
    """Return doses some of which carry the number of another dose, are on record twice, or come after death."""
    table = kinds()
    too_close = _too_close(doses, table)
    size = np.array([len(vaccine.doses) for vaccine in table.vaccines])[table.vaccine_of[doses.kind]]
    first = np.array([table.first_kind[vaccine.symbol] for vaccine in table.vaccines])[table.vaccine_of[doses.kind]]
    wrong = (rng.random(len(doses)) < _WRONG_NUMBER_SHARE) & (size > 1)
    kind = np.where(wrong, first + (doses.kind - first + 1) % size, doses.kind)
    of_dead = np.flatnonzero((people.died[doses.who] != NEVER) & ~wrong)
    after = rng.choice(of_dead, _AFTER_DEATH, replace=False)
    when = doses.when.copy()
    when[after] = people.died[doses.who[after]] + rng.integers(0, 2, _AFTER_DEATH)
    changed = Doses(doses.who, when, kind, doses.product, doses.legal, doses.setting, doses.lot)
    twice = np.flatnonzero((rng.random(len(doses)) < _TWICE_SHARE) & ~wrong & (when == doses.when))
    order = np.sort(np.concatenate([np.arange(len(doses)), twice]), kind="stable")
    is_second = np.concatenate([[False], order[1:] == order[:-1]])
    both = changed.take(order)
    lot = np.where(is_second, (both.lot + 1) % LOTS, both.lot)  # another lot: not an identical row
    both = Doses(both.who, both.when, both.kind, both.product, both.legal, both.setting, lot)
    private = int((both.legal == VOLUNTARY).sum())
    return both, Mistakes(int(wrong.sum()), len(twice), too_close, private, _AFTER_DEATH)


def write_down(
    doses: Doses, register: Register, *, scribe: Scribe, clinics: Clinics, rng: np.random.Generator
) -> pa.StringArray:
    """Return the lines of these doses, line ends included."""
    table = kinds()
    who = pa.array(doses.who)
    persons = pc.binary_join_element_wise(register.atena, register.my_number, ",")
    legal_and_setting = pa.array([f"{legal},{setting}" for legal in range(_LEGALS) for setting in _SETTINGS])
    remarks = pa.array([LINE_END, *(quoted(text) + LINE_END for text in _REMARKS)])
    remark = np.where(rng.random(len(doses)) < _REMARK_SHARE, rng.integers(1, len(remarks), len(doses)), 0)
    return pc.binary_join_element_wise(
        persons.take(who),
        pa.array(table.texts).take(pa.array(doses.kind)),
        scribe.dates.take(days.text_places(doses.when)),
        legal_and_setting.take(pa.array(doses.legal * len(_SETTINGS) + doses.setting)),
        clinics.choose(register.people, doses, rng),
        _vials().take(pa.array(_vial_places(doses, table))),
        remarks.take(pa.array(remark)),
        ",",
    )


def _periods() -> int:
    return (_LOTS_UNTIL - _LOTS_FROM) // _LOT_DAYS + 1


@cache
def _vials() -> pa.StringArray:
    """Return ワクチン名,ロット番号,接種量 by product, period and lot; then without lot by product; then without any."""
    table = kinds()
    lots = [
        f"{name},{vaccine.lot}{period:03d}{'ABC'[lot]},{vaccine.amount}"
        for vaccine, name in table.products
        for period in range(_periods())
        for lot in range(LOTS)
    ]
    return pa.array([*lots, *(f"{name},,{vaccine.amount}" for vaccine, name in table.products), ",,"])


def _vial_places(doses: Doses, table: Kinds) -> np.ndarray:
    period = np.clip((doses.when - _LOTS_FROM) // _LOT_DAYS, 0, _periods() - 1)
    place = (doses.product * _periods() + period) * LOTS + np.minimum(doses.lot, LOTS - 1)
    no_lot = len(table.products) * _periods() * LOTS
    place = np.where(doses.lot == NO_LOT, no_lot + doses.product, place)
    return np.where(doses.lot == NO_PRODUCT, no_lot + len(table.products), place)


def _too_close(doses: Doses, table: Kinds) -> int:
    """Count doses that came sooner than the law allows after the dose before of the same vaccine."""
    vaccine = table.vaccine_of[doses.kind]
    order = np.lexsort((doses.when, vaccine, doses.who))
    who, vaccine, when = doses.who[order], vaccine[order], doses.when[order]
    least = np.array([_TOO_CLOSE.get(entry.symbol, 0) for entry in table.vaccines])[vaccine[1:]]
    same = (who[1:] == who[:-1]) & (vaccine[1:] == vaccine[:-1])
    return int((same & (when[1:] - when[:-1] <= least)).sum())
