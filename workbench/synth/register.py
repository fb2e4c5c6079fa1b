"""The 住民 file: one line a person, drawn from pools of texts and joined as arrays."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.synth import days, names, numbers
from workbench.synth.names import Names
from workbench.synth.numbers import Numbering
from workbench.synth.people import OUTSIDE, People
from workbench.synth.tables import load
from workbench.synth.writing import LINE_END, quoted

_FLAT_SHARE, _PHONE_SHARE, _REMARK_SHARE, _ODD_BUILDING_SHARE = 0.38, 0.62, 0.02, 0.002
_ROOMS = tuple(f"{floor}{room:02d}号" for floor in range(1, 6) for room in range(1, 9))
_ODD_BUILDINGS = ('コーポ"海風", 203号', "メゾン桜浜\n2階", "グリーンハイツA,B棟")
_REMARKS = (
    "転入前住所地へ照会済",
    "要確認, 窓口で本人確認",
    '旧字体の届出あり("ことえり"外字)',
    "1行目\n2行目",
    "代理人届出",
)
_FIRST_POSTCODE = 8600
_OUTSIDER_NUMBER_SHARE = 0.5  # people without an address in the city whose My Number the city knows


@dataclass(frozen=True)
class Register:
    """The people of a part of the city as texts."""

    people: People
    atena: pa.StringArray
    my_number: pa.StringArray
    names: Names
    lines: pa.StringArray  # with line ends
    has_number: np.ndarray
    odd_texts: int


class Addresses:
    """Pools of towns with their postcodes, and of streets, blocks and rooms."""

    def __init__(self) -> None:
        """Read places.toml."""
        places = load("places")
        towns = [(place, town) for place, district in enumerate(places["district"]) for town in district["towns"]]
        self.town = pa.array([places["city"] + town for _, town in towns])
        self.is_rural = np.array([town.startswith("大字") for _, town in towns])
        self.first_town = np.searchsorted([place for place, _ in towns], np.arange(len(places["district"]) + 1))
        self.away = pa.array([city + street for city in places["elsewhere"] for street in places["streets_elsewhere"]])
        self.postcode = pa.array([f"999-{_FIRST_POSTCODE + place:04d}" for place in range(len(towns))])
        self.away_postcode = pa.array([f"999-{9000 + place:04d}" for place in range(len(self.away))])
        self.streets = pa.array([f"{a}丁目{b}番" for a in range(1, 6) for b in range(1, 25)])
        self.plots = pa.array([f"{number}番地" for number in range(1, 1900)])
        self.houses = pa.array(["", *(f"{number}号" for number in range(1, 31))])
        rooms = [f"{building} {room}" for building in places["buildings"] for room in _ROOMS]
        self.buildings = pa.array(["", *rooms, *(quoted(text) for text in _ODD_BUILDINGS)])

    def draw(self, people: People, rng: np.random.Generator) -> tuple[pa.StringArray, pa.StringArray, pa.StringArray]:
        """Return postcode, address and building of everybody; a household has one."""
        homes = int(people.household.max()) + 1
        draw = rng.random((homes, 6))[people.household]
        low, high = self.first_town[people.district], self.first_town[people.district + 1]
        town = low + np.floor(draw[:, 0] * (high - low)).astype(np.int64)
        rural = self.is_rural[town]
        street = pc.if_else(pa.array(rural), _pick(self.plots, draw[:, 1]), _pick(self.streets, draw[:, 1]))
        house = self.houses.take(pa.array(np.where(rural, 0, 1 + np.floor(draw[:, 2] * 30).astype(np.int64))))
        outside = pa.array(people.status == OUTSIDE)
        place = pc.if_else(outside, _pick(self.away, draw[:, 0]), self.town.take(pa.array(town)))
        postcode = pc.if_else(outside, _pick(self.away_postcode, draw[:, 0]), self.postcode.take(pa.array(town)))
        address = pc.binary_join_element_wise(place, street, house, "")
        return postcode, address, self.buildings.take(pa.array(self._building(draw[:, 3:])))

    def _building(self, draw: np.ndarray) -> np.ndarray:
        odd, common = len(_ODD_BUILDINGS), len(self.buildings) - len(_ODD_BUILDINGS)
        room = 1 + np.floor(draw[:, 1] * (common - 1)).astype(np.int64)
        room = np.where(draw[:, 0] < _FLAT_SHARE, room, 0)
        return np.where(draw[:, 2] < _ODD_BUILDING_SHARE, common + np.floor(draw[:, 1] * odd).astype(np.int64), room)


@dataclass(frozen=True)
class Scribe:
    """What is the same for every part of the city."""

    numbering: Numbering
    addresses: Addresses
    dates: pa.StringArray
    encoding: str
    today: int


def write_down(people: People, scribe: Scribe, *, first_index: int, rng: np.random.Generator) -> Register:
    """Return the register of these people, numbered from `first_index` on."""
    index = first_index + np.arange(len(people))
    scattered = first_index + rng.permutation(len(people))
    has_number = (people.status != OUTSIDE) | (rng.random(len(people)) < _OUTSIDER_NUMBER_SHARE)
    my_number = pc.if_else(pa.array(has_number), scribe.numbering.my_numbers(scattered), "")
    jumin = pc.if_else(pa.array(people.status == OUTSIDE), "", scribe.numbering.jumin_codes(scattered))
    home = numbers.household_numbers(first_index + people.household)
    home = pc.if_else(pa.array(people.status == OUTSIDE), "", home)
    drawn = names.draw(people, rng=rng, today=scribe.today, encoding=scribe.encoding)
    postcode, address, building = scribe.addresses.draw(people, rng)
    remarks = _remarks(len(people), rng)
    atena = numbers.atena_numbers(index)
    columns = [atena, my_number, jumin, home, drawn.full, drawn.kana, *_birth(people, scribe), _digits(people.sex)]
    columns += [postcode, address, building, _district(people), _digits(people.status)]
    columns += [scribe.dates.take(days.text_places(day)) for day in (people.moved_in, people.moved_out, people.died)]
    columns += [_phones(people, rng), remarks]
    lines = pc.binary_join_element_wise(*columns, ",")
    odd = pc.sum(pc.match_substring(lines, '"')).as_py() or 0
    return Register(people, atena, my_number, drawn, lines, has_number, odd)


def _birth(people: People, scribe: Scribe) -> tuple[pa.StringArray, pa.StringArray]:
    """Write births; the part that is not known is 00, a birth not known at all is empty."""
    text = scribe.dates.take(days.text_places(people.birth))
    doubt = pa.array(people.birth_doubt)
    for code, ending in ((1, "-00"), (2, "-00-00")):
        known = pc.utf8_slice_codeunits(text, 0, 10 - len(ending))
        text = pc.if_else(pc.equal(doubt, code), pc.binary_join_element_wise(known, ending, ""), text)
    return pc.if_else(pc.equal(doubt, 3), "", text), _digits(people.birth_doubt)


def _district(people: People) -> pa.StringArray:
    codes = pa.array(["", *(place["code"] for place in load("places")["district"])])
    return codes.take(pa.array(np.where(people.status == OUTSIDE, 0, people.district + 1)))


def _phones(people: People, rng: np.random.Generator) -> pa.StringArray:
    homes = int(people.household.max()) + 1
    has = (rng.random(homes) < _PHONE_SHARE)[people.household]
    number = numbers.padded(rng.integers(0, 10**6, homes)[people.household], 6)
    parts = (pc.utf8_slice_codeunits(number, 0, 2), pc.utf8_slice_codeunits(number, 2))
    return pc.if_else(pa.array(has), pc.binary_join_element_wise("0999", *parts, "-"), "")


def _remarks(count: int, rng: np.random.Generator) -> pa.Array:
    """Return 備考 with line ends."""
    pool = pa.array([LINE_END, *(quoted(text) + LINE_END for text in _REMARKS)])
    place = np.where(rng.random(count) < _REMARK_SHARE, rng.integers(1, len(pool), count), 0)
    rng.random(count)  # once drew something else: without it every seed would give another city
    return pool.take(pa.array(place))


def _digits(codes: np.ndarray) -> pa.StringArray:
    return pa.array([str(code) for code in range(10)]).take(pa.array(codes))


def _pick(pool: pa.StringArray, draw: np.ndarray) -> pa.StringArray:
    return pool.take(pa.array(np.floor(draw * len(pool)).astype(np.int64)))
