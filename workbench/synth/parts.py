"""One part of the city, up to ten thousand residents: everything about them, made and spoilt in memory."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.synth import (
    childhood,
    circumstances,
    days,
    faults,
    girls,
    homes,
    later,
    notices,
    numbers,
    records,
    register,
    visits,
)
from workbench.synth.book import Book, Doses
from workbench.synth.circumstances import Circumstances
from workbench.synth.days import NEVER
from workbench.synth.faults import LOSES_THE_PERSON, PLANS, Scene
from workbench.synth.layout import DOSES, RESIDENTS
from workbench.synth.people import FOREIGN, OUTSIDE, RESIDENT, People, make_people
from workbench.synth.records import Clinics, Mistakes
from workbench.synth.register import Register, Scribe
from workbench.synth.writing import line

STRIDE = 15_000  # numbers set aside for a part; its people take the first, strangers the last
_STRANGERS = 400
_CARRIER_AGES = (25, 60)
_RECENT_DAYS = 60


@dataclass(frozen=True)
class Plan:
    """Which part of how large a city."""

    residents: int  # of the whole city
    seed: int
    part: int
    parts: int

    @property
    def here(self) -> int:
        """Return the living residents of this part."""
        return self.residents * (self.part + 1) // self.parts - self.residents * self.part // self.parts

    def counts(self, file: str) -> dict[str, int]:
        """Return how many rows of each fault this part plants in a file."""
        return {
            fault: faults.share(total, self.residents, self.part, self.parts) for fault, total in PLANS[file].items()
        }


@dataclass(frozen=True)
class Part:
    """The lines of each file, and what was planted in them."""

    lines: dict[str, pa.StringArray]
    faults: dict[str, Counter[str]]
    awkward: Counter[str]


def make_part(plan: Plan, scribe: Scribe, clinics: Clinics) -> Part:
    """Return a part; it depends on the plan and the seed only, never on other parts."""
    rng = np.random.default_rng([plan.seed, plan.part])
    people = make_people(plan.here, rng=rng, today=scribe.today, is_first=plan.part == 0)
    carriers = _carriers(people, plan, scribe.today, rng)
    first_index = plan.part * STRIDE
    book = register.write_down(people, scribe, first_index=first_index, rng=rng)
    special = circumstances.draw(people, rng=np.random.default_rng([plan.seed, plan.part, 1]), today=scribe.today)
    doses, mistakes = _doses(people, carriers, special, scribe.today, rng)
    dose_lines = records.write_down(doses, book, scribe=scribe, clinics=clinics, rng=rng)
    desk = notices.Desk(people, special, book, ~carriers & people.is_living(), scribe.today, rng)
    rows, found = notices.write_all(desk, is_first=plan.part == 0)
    strangers = _strangers(scribe, first_index)
    lines, planted = {}, {}

    def scene(file: str, person: Callable[[int], int]) -> Scene:
        def my_number(row: int) -> str:
            return book.my_number[person(row)].as_py()

        return Scene(file, scribe.today, strangers, my_number, lambda row: people.birth[person(row)], plan.part)

    picks = _resident_picks(people, book, carriers, plan, rng)
    lines[RESIDENTS], planted[RESIDENTS] = faults.plant(book.lines, picks, scene(RESIDENTS, int))
    planted[RESIDENTS]["mynumber_missing"] += int((~book.has_number).sum())
    picks = _dose_picks(doses, book, plan, rng)
    lines[DOSES], planted[DOSES] = faults.plant(dose_lines, picks, scene(DOSES, lambda row: int(doses.who[row])))
    for file, texts in rows.items():
        spoilt, picks, persons = _with_copies(texts, book, plan.counts(file), rng)
        lines[file], planted[file] = faults.plant(spoilt, picks, scene(file, persons.__getitem__))
    found.update(_awkward(people, book, mistakes, scribe.today))
    return Part(lines, planted, found)


def _carriers(people: People, plan: Plan, today: int, rng: np.random.Generator) -> np.ndarray:
    """Choose the persons whose 住民 row will be refused: they have no other record that would fall with it."""
    age = people.ages(today)
    fits = (people.status == RESIDENT) & (people.role == homes.HEAD) & (people.birth_doubt == 0)
    fits &= (age > _CARRIER_AGES[0]) & (age < _CARRIER_AGES[1])
    counts = plan.counts(RESIDENTS)
    wanted = sum(counts[fault] for fault in LOSES_THE_PERSON)
    mask = np.zeros(len(people), bool)
    mask[rng.choice(np.flatnonzero(fits), wanted, replace=False)] = True
    return mask


def _doses(
    people: People, carriers: np.ndarray, special: Circumstances, today: int, rng: np.random.Generator
) -> tuple[Doses, Mistakes]:
    book = Book(people, rng=rng, today=today)
    children = visits.plan(book, carriers)
    childhood.vaccinate(book, children)
    girls.vaccinate(book, children, carriers)
    later.vaccinate(book, children, special, carriers)
    return records.with_mistakes(book.close(), people, rng)


def _resident_picks(
    people: People, book: Register, carriers: np.ndarray, plan: Plan, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    plain = people.is_living() & ~carriers & book.has_number
    pools = {fault: np.flatnonzero(carriers if fault in LOSES_THE_PERSON else plain) for fault in PLANS[RESIDENTS]}
    return faults.pick(pools, plan.counts(RESIDENTS), rng)


def _dose_picks(doses: Doses, book: Register, plan: Plan, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw rows for the faults from a sample: looking through all doses for each fault would be slow."""
    counts = plan.counts(DOSES)
    drawn = np.unique(rng.choice(len(doses), min(len(doses), 10 * sum(counts.values()) + 1000), replace=False))
    who = doses.who[drawn]
    known = (book.people.birth_doubt[who] == 0) & book.has_number[who]
    return faults.pick(dict.fromkeys(counts, drawn[known]), counts, rng)


def _with_copies(
    rows: list[list[str]], book: Register, counts: dict[str, int], rng: np.random.Generator
) -> tuple[pa.StringArray, dict[str, np.ndarray], list[int]]:
    """Return the lines of a small file with a copy of a row for each fault: the row itself stays whole."""
    if not rows:
        return pa.array([], pa.string()), {}, []
    picks: dict[str, np.ndarray] = {}
    copies: list[list[str]] = []
    for fault, count in counts.items():
        sources = np.sort(rng.permutation(len(rows))[:count])
        if fault == "duplicate_row":
            picks[fault] = sources
            continue
        picks[fault] = len(rows) + len(copies) + np.arange(len(sources))
        copies += [rows[source] for source in sources]
    texts = pa.array([line(fields) for fields in [*rows, *copies]])
    persons = pc.index_in(pa.array([fields[0] for fields in [*rows, *copies]]), value_set=book.atena)
    return texts, picks, persons.to_pylist()


def _strangers(scribe: Scribe, first_index: int) -> list[tuple[str, str]]:
    index = first_index + STRIDE - 1 - np.arange(_STRANGERS)
    my_numbers = scribe.numbering.my_numbers(index).to_pylist()
    return list(zip(numbers.atena_numbers(index).to_pylist(), my_numbers, strict=True))


def _awkward(people: People, book: Register, mistakes: Mistakes, today: int) -> Counter[str]:
    """Count what is awkward but not wrong: persons and doses as they were made, before faults were planted."""
    day = days.day_of_month(people.birth)
    month = days.month(people.birth)
    is_child = people.role == homes.CHILD
    pairs = Counter(zip(people.household[is_child].tolist(), people.birth[is_child].tolist(), strict=True))
    moved = people.is_living() & (people.moved_in != NEVER)
    counts = {
        "twins": sum(number > 1 for number in pairs.values()),
        "births_on_first_of_month": (day == 1).sum(),
        "births_on_29_to_31": (day >= 29).sum(),  # noqa: PLR2004 (days that some months lack)
        "births_on_29_february": ((month == 2) & (day == 29)).sum(),  # noqa: PLR2004
        "births_on_1_or_2_april": ((month == 4) & (day <= 2)).sum(),  # noqa: PLR2004
        "births_not_known": (people.birth_doubt > 0).sum(),
        "foreign_residents": (people.status == FOREIGN).sum(),
        "not_registered": (people.status == OUTSIDE).sum(),
        "gone": (~people.is_living() & (people.status != OUTSIDE)).sum(),
        "moved_in_lately": (moved & (people.moved_in > today - _RECENT_DAYS)).sum(),
        "movers_without_history": (moved & people.no_history & is_child).sum(),
        "names_beyond_cp932": book.names.is_beyond.sum(),
        "texts_in_quotes": book.odd_texts,
        "private_doses": mistakes.private,
        "too_close": mistakes.too_close,
        "wrong_dose_no": mistakes.wrong_dose_no,
        "same_day_twice": mistakes.same_day_twice,
        "after_death": mistakes.after_death,
    }
    return Counter({name: int(count) for name, count in counts.items()})
