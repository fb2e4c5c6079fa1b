"""The small registers: 対象外事由, 送付先, 支援措置, 長期療養特例, 妊娠届, 特別対象者. A row is a list of texts."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from workbench.synth import circumstances, days, homes
from workbench.synth.circumstances import Circumstances
from workbench.synth.days import add_months, day_of
from workbench.synth.layout import DELIVERIES, DESIGNATED, EXEMPTIONS, PREGNANCIES, PROTECTIONS, SPECIALS
from workbench.synth.people import People
from workbench.synth.register import Register
from workbench.synth.tables import kinds, load

HAD_DISEASE, CONTRAINDICATED, DECLINED, ELSEWHERE = "1", "2", "3", "4"
ALTERNATE, GUARDIAN, FACILITY, RETURNED = "1", "2", "3", "9"
_TOGETHER = "5"  # 併せて支援を求める者
_CHILD, _ADULT, _FRAIL = 18, 18, 82
_CHICKENPOX_SHARE, _CHICKENPOX_BEFORE = 0.03, days.on(2016, 1, 1)
_CONTRAINDICATED_SHARE, _DECLINED_SHARE, _ELSEWHERE_SHARE = 0.002, 0.8, 0.3
_DELIVERY_SHARES = {ALTERNATE: 0.004, GUARDIAN: 0.001, FACILITY: 0.05, RETURNED: 0.014}
_PROTECTED_HOMES, _FEWEST_PROTECTED = 0.0016, 4  # per resident; 0.2-0.4 % of households
_EXPIRED_EVERY, _HALF = 5, 0.5
_SPECIAL_SHARE, _FEWEST_SPECIALS = 0.0025, 3  # of children
_YOUNG_VACCINES = ("MR", "DPIH", "JE", "VAR", "BCG", "HIB", "PCV")


@dataclass(frozen=True)
class Desk:
    """What the registers are drawn from."""

    people: People
    circumstances: Circumstances
    register: Register
    allowed: np.ndarray  # mask: people who may have rows here
    today: int
    rng: np.random.Generator

    def some(self, mask: np.ndarray, share: float, *, fewest: int = 0) -> list[int]:
        """Draw rows of people: that share of the mask, in order, at least `fewest` where there are so many."""
        rows = np.flatnonzero(mask & self.allowed)
        chosen = self.rng.random(len(rows)) < share
        chosen[self.rng.permutation(len(rows))[:fewest]] = True
        return rows[chosen].tolist()

    def atena(self, row: int) -> str:
        """Return the person's 宛名番号."""
        return self.register.atena[row].as_py()

    def age(self) -> np.ndarray:
        """Return ages in years."""
        return self.people.ages(self.today)

    def before(self, most: int) -> int:
        """Draw a day within `most` days before the extraction."""
        return self.today - int(self.rng.integers(1, most))


def text(day: int | None) -> str:
    """Write a day, or nothing."""
    return "" if day is None else day_of(day).isoformat()


def write_all(desk: Desk, *, is_first: bool) -> tuple[dict[str, list[list[str]]], Counter[str]]:
    """Return the rows by file, and counts of the persons that tests look for."""
    protections, counts = _protections(desk, is_first=is_first)
    rows = {
        EXEMPTIONS: list(_exemptions(desk)),
        DELIVERIES: list(_deliveries(desk)),
        PROTECTIONS: protections,
        SPECIALS: list(_specials(desk, is_first=is_first)),
        PREGNANCIES: list(_pregnancies(desk)),
        DESIGNATED: list(_designated(desk)),
    }
    counts["returned_mail"] = sum(row[1] == RETURNED for row in rows[DELIVERIES])
    return rows, counts


def _exemptions(desk: Desk) -> Iterator[list[str]]:
    code = {vaccine.symbol: vaccine.code for vaccine in kinds().vaccines}
    people, is_child = desk.people, desk.age() < _CHILD
    older = people.birth < _CHICKENPOX_BEFORE
    for row in desk.some(is_child & older, _CHICKENPOX_SHARE, fewest=6):
        day = int(people.birth[row]) + int(desk.rng.integers(400, 2500))
        yield [desk.atena(row), code["VAR"], HAD_DISEASE, text(min(day, desk.today)), "", ""]
    for row in desk.some(is_child, _CONTRAINDICATED_SHARE, fewest=4):
        start = desk.before(min(1500, int(desk.today - people.birth[row])) + 1)
        until = start + 200 if desk.rng.random() < _HALF else None
        symbol = _YOUNG_VACCINES[int(desk.rng.integers(len(_YOUNG_VACCINES)))]
        yield [desk.atena(row), code[symbol], CONTRAINDICATED, text(start), text(until), ""]
    for row in desk.some(is_child & people.declines, _DECLINED_SHARE, fewest=4):
        start = max(desk.before(2000), int(people.birth[row]) + 40)
        for symbol in ("MR", "DPIH") if start < desk.today else ():
            yield [desk.atena(row), code[symbol], DECLINED, text(start), "", "電話で確認"]
    for row in desk.some(is_child & people.no_history, _ELSEWHERE_SHARE, fewest=2):
        yield [desk.atena(row), code["MR"], ELSEWHERE, text(int(people.moved_in[row])), "", "母子健康手帳の写し"]


def _deliveries(desk: Desk) -> Iterator[list[str]]:
    people, age, places = desk.people, desk.age(), load("places")
    masks = {
        ALTERNATE: age >= _ADULT,
        GUARDIAN: age >= _ADULT,
        FACILITY: age >= _FRAIL,
        RETURNED: people.is_living(),
    }
    taken: set[int] = set()
    for kind, share in _DELIVERY_SHARES.items():
        for row in desk.some(masks[kind] & people.is_living(), share, fewest=2):
            if row in taken:
                continue
            taken.add(row)
            start = text(desk.before(900))
            if kind == RETURNED:
                yield [desk.atena(row), kind, "", "", "", "", start, "", "あて所に尋ねあたらず"]
                continue
            name = desk.register.names.full[row].as_py()
            city = places["elsewhere"][row % len(places["elsewhere"])]
            address = [
                f"999-{9000 + row % 25:04d}",
                f"{city}{places['streets_elsewhere'][row % 5]}{1 + row % 5}番{row % 29 + 1}号",
            ]
            facility = places["facilities"][row % len(places["facilities"])]
            recipient = "成年後見人　山野　誠一" if kind == GUARDIAN else name
            ended = text(desk.today + 300) if row % 7 == 0 else ""
            yield [desk.atena(row), kind, recipient, *address, facility if kind == FACILITY else "", start, ended, ""]


def _protections(desk: Desk, *, is_first: bool) -> tuple[list[list[str]], Counter[str]]:
    """Return 支援措置: one adult of a household applies, the children go with her; every fifth has run out."""
    people, age = desk.people, desk.age()
    women = (people.sex == 2) & (age >= 20) & (age < 60) & people.is_living()  # noqa: PLR2004 (2 is female)
    with_children = np.isin(people.household, people.household[(people.role == homes.CHILD) & (age < _CHILD)])
    fewest = _FEWEST_PROTECTED if is_first else 0
    share = _PROTECTED_HOMES * people.is_living().sum() / max(1, int((women & desk.allowed).sum()))
    rows, counts = [], Counter({"protected_persons": 0, "protections_expired": 0})
    applicants = desk.some(women & with_children, 1.5 * share, fewest=fewest)
    applicants += desk.some(women & ~with_children, 0.8 * share)
    for place, applicant in enumerate(applicants):
        start = desk.before(360)
        is_expired = place % _EXPIRED_EVERY == 1
        start -= 365 + int(desk.rng.integers(10, 300)) if is_expired else 0
        kind = "1123"[int(desk.rng.integers(4))]
        home = (people.household == people.household[applicant]) & (age < _CHILD) & people.is_living() & desk.allowed
        for row in (applicant, *np.flatnonzero(home).tolist()):
            counts["protected_persons"] += 1
            counts["protections_expired"] += is_expired
            mine = kind if row == applicant else _TOGETHER
            earlier = _year(start, -1)
            if place % 3 == 0:  # renewed: the year before is on record too
                rows.append([desk.atena(row), mine, text(earlier), text(start - 1), ""])
            rows.append([desk.atena(row), mine, text(start), text(_year(start, 1) - 1), ""])
    return rows, counts


def _year(day: int, years: int) -> int:
    return int(add_months(np.array([day]), 12 * years)[0])


def _specials(desk: Desk, *, is_first: bool) -> Iterator[list[str]]:
    code = {vaccine.symbol: vaccine.code for vaccine in kinds().vaccines}
    young = (desk.age() < 12) & (desk.age() > 1) & desk.people.is_living()  # noqa: PLR2004 (children with a series to finish)
    for place, row in enumerate(desk.some(young, _SPECIAL_SHARE, fewest=_FEWEST_SPECIALS if is_first else 0)):
        ended = text(desk.before(900)) if place % 3 else ""
        symbol = _YOUNG_VACCINES[place % len(_YOUNG_VACCINES)]
        yield [
            desk.atena(row),
            code[symbol],
            "123"[place % 3],
            ended,
            f"桜長第{int(desk.rng.integers(10**5)):05d}号",
            "",
        ]


def _pregnancies(desk: Desk) -> Iterator[list[str]]:
    for row in np.flatnonzero(circumstances.notified(desk.circumstances) & desk.allowed).tolist():
        yield [desk.atena(row), text(int(desk.circumstances.due_on[row])), ""]


def _designated(desk: Desk) -> Iterator[list[str]]:
    code = {vaccine.symbol: vaccine.code for vaccine in kinds().vaccines}
    for mask, symbol, why in circumstances.designations(desk.people, desk.circumstances, desk.today):
        for row in np.flatnonzero(mask & desk.allowed).tolist():
            yield [desk.atena(row), code[symbol], why, ""]
