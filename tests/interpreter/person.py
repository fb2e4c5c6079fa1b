"""One person as the interpreter sees them: birth, doses that count at all, and what else is recorded."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.interpreter.rules import NO_BEGINNING, NO_END, ONE_DAY, Rules, day_of
from workbench.lawdates import fiscal_year
from workbench.schedule.model import Cohort, FedBy, Series

Case = dict[str, Any]


@dataclass(eq=False)
class Dose:
    """One recorded dose."""

    vaccine: str
    given_on: date
    product: str | None
    stage: str | None
    dose_no: int | None
    legal_class: str
    order: tuple = ()  # among doses of one day
    fault: tuple[str, str] | None = None  # evaluation and reason of a dose that fills nothing

    @property
    def is_routine(self) -> bool:
        return self.legal_class == "routine"


@dataclass
class Person:
    """A case of the command line, read."""

    rules: Rules
    birth: date | None
    sex: str
    as_of: date
    exemptions: list[Case]
    special: list[Case]
    doses: list[Dose] = field(default_factory=list)  # all of them, as they came
    known: dict[Any, Any] = field(default_factory=dict)  # answers already found, by question

    @property
    def countable(self) -> list[Dose]:
        """Doses that can fill a slot: seen, of a known vaccine and product, and possible."""
        return [dose for dose in self.doses if dose.fault is None]

    def special_days(self, kind: str, vaccine: str | None = None) -> list[date]:
        """The recorded days of one kind, in order; of one vaccine where the kind goes by vaccine."""
        return sorted(
            _day(row["reason_end_on"])
            for row in self.special
            if row["kind"] == kind and row.get("reason_end_on") and vaccine in (None, row.get("vaccine"))
        )


def read_case(case: Case, rules: Rules) -> Person:
    """Read one case as the command takes it."""
    person = Person(
        rules,
        _day(case.get("birth_date")),
        case["sex"],
        _day(case["as_of"]),
        case.get("exemptions", []),
        case.get("special", []),
    )
    person.doses = [_read_dose(row) for row in case.get("doses", [])]
    for dose in person.doses:
        dose.order = _order(dose, rules)
        dose.fault = _fault(dose, case, person)
    return person


def _read_dose(row: Case) -> Dose:
    return Dose(
        row["vaccine"],
        _day(row["given_on"]),
        row.get("product"),
        row.get("stage"),
        row.get("dose_no"),
        row.get("legal_class") or "routine",
    )


def _order(dose: Dose, rules: Rules) -> tuple:
    """Slots 5: days; on one day routine, temporary, others; then the orders of [[vaccine]] and [[product]]."""
    classes = ("routine", "temporary")
    legal = classes.index(dose.legal_class) if dose.legal_class in classes else len(classes)
    vaccines, products = list(rules.kinds), [(row.vaccine, row.product) for row in rules.edition.product]
    product = (dose.vaccine, product_of(dose, rules))
    return (
        dose.given_on,
        legal,
        vaccines.index(dose.vaccine) if dose.vaccine in vaccines else len(vaccines),
        products.index(product) if product in products else len(products),
    )


def _fault(dose: Dose, case: Case, person: Person) -> tuple[str, str] | None:
    """Slots 1 and 2: doses that fill nothing, whoever was given them."""
    if dose.given_on > person.as_of:
        return "impossible", "after_as_of"  # not seen; listed because every dose of the case is answered
    if is_unknown(dose, person.rules):
        return "unknown", "unknown"
    earliest_birth = person.birth or _day(case.get("birth_earliest"))
    if earliest_birth and dose.given_on < earliest_birth:
        return "impossible", "before_birth"
    resident_until = _day(case.get("resident_until"))
    if case.get("died") and resident_until and dose.given_on > resident_until + ONE_DAY:
        return "impossible", "after_death"
    extracted_on = _day(case.get("extracted_on"))
    if extracted_on and dose.given_on > extracted_on:
        return "impossible", "future"
    return None


def is_unknown(dose: Dose, rules: Rules) -> bool:
    """Slots 1: no such vaccine, or a product that no row names."""
    if dose.vaccine not in rules.kinds:
        return True
    return bool(dose.product) and dose.vaccine in rules.has_products and product_of(dose, rules) is None


def product_of(dose: Dose, rules: Rules) -> str | None:
    """The product that the recorded word names."""
    for row in rules.edition.product:
        if row.vaccine == dose.vaccine and dose.product in row.names:
            return row.product
    return None


def is_feeding(dose: Dose, series: Series, person: Person) -> bool:
    """[[series]] fed_by: does a dose of this vaccine on this day count in the series for this person?"""
    vaccines = (dose.vaccine, "MR") if is_half(dose, series, person) else (dose.vaccine,)
    return any(row.vaccine in vaccines and _is_fed(row, dose, person) for row in series.fed_by)


def is_half(dose: Dose, series: Series, person: Person) -> bool:
    """Slots 3: an M or R dose of somebody born for the series MR1, where it counts only with the other half."""
    if dose.vaccine not in ("M", "R") or person.birth is None or "MR1" not in person.rules.series:
        return False
    directly = any(row.vaccine == dose.vaccine for row in series.fed_by)
    return not directly and any(row.has_birth(person.birth) for row in person.rules.series["MR1"].fed_by)


def _is_fed(row: FedBy, dose: Dose, person: Person) -> bool:
    if row.sex not in ("*", person.sex) and person.sex != "U":
        return False
    if not is_born_between(person, row.births_from, row.births_until):
        return False
    if person.birth is None:  # days of a life are not known
        return not (row.from_day or row.before_day)
    return (row.from_day is None or dose.given_on >= day_of(row.from_day, person.birth)) and (
        row.before_day is None or dose.given_on < day_of(row.before_day, person.birth)
    )


def is_member(person: Person, name: str, vaccine: str | None = None) -> bool:
    """[[cohort]]: a recorded special kind (for `vaccine`, that of the slot), or a count of doses in a span of days."""
    return any(_is_in(person, row, vaccine) for row in person.rules.edition.cohort if row.cohort == name)


def _is_in(person: Person, row: Cohort, vaccine: str | None) -> bool:
    if person.birth is None and (row.births_from or row.births_until):
        return False
    if not is_born_between(person, row.births_from, row.births_until):
        return False
    if row.special:
        return any(
            special["kind"] == row.special and vaccine in (None, special.get("vaccine")) for special in person.special
        )
    first, last = row.given_from or NO_BEGINNING, row.given_until or NO_END
    days = {dose.given_on for dose in person.countable if dose.vaccine == row.vaccine}
    count = sum(first <= day <= last for day in days)
    return (row.at_least is None or count >= row.at_least) and (row.fewer_than is None or count < row.fewer_than)


def is_born_between(person: Person, first: date | None, last: date | None) -> bool:
    """Births of a row; an unknown birth may be any."""
    return person.birth is None or (first or NO_BEGINNING) <= person.birth <= (last or NO_END)


def pregnancy_of(person: Person, day: date) -> date | None:
    """Windows 8: the day of delivery expected in the pregnancy to which `day` belongs."""
    expected = person.special_days("pregnancy")
    for delivery in expected:
        if (delivery - day).days >= -14:
            return delivery
    return expected[-1] if expected else None


def episode_of(person: Person, series: Series, day: date) -> Any:
    """The stretch of life within which the doses of a series are counted."""
    if series.episode == "season":
        return fiscal_year(day)
    return pregnancy_of(person, day) if series.episode == "pregnancy" else None


def _day(text: str | date | None) -> date | None:
    return date.fromisoformat(text) if isinstance(text, str) else text
