"""MR, 5種混合 and PCV as one would write them in pandas: whole columns, no tables of rules, numbers in the code.

It is what the evaluation is compared with, and no more than that: it knows the law of days from 2025-10-01 on, no
長期療養特例, no unknown births, and no interval to another vaccine. `evaluation.py` counts where that shows.
"""

from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from workbench import lawdates, schedule

LATEST = pd.Timestamp("2200-01-01")
EXTENDED_FROM, EXTENDED_UNTIL = pd.Timestamp("2025-04-01"), pd.Timestamp("2027-03-31")  # MR, 第1期・第2期の延長
BOOSTER = 4
Slots = list[tuple[str, str, pd.DataFrame]]  # slot, the vaccine of its exemptions, one row per person
REGIMES = {"P1": (1, 2, 3, 4), "P2": (1, 2, 4), "P3": (1, 2), "P4": (1,)}


def evaluate(person: pd.DataFrame, dose: pd.DataFrame, exemption: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Return person_id, slot and status of ten slots."""
    today = pd.Timestamp(as_of)
    person = (
        person[person.birth_date.notna()].merge(calendar(person.birth_date), on="birth_date").set_index("person_id")
    )
    dose = possible(person, dose, today)
    exempt = exemption[(exemption.from_on <= today) & ~(exemption.until_on < today)]
    found = [*measles_rubella(person, dose), *five_in_one(person, dose), *pneumococcal(person, dose, today)]
    frames = []
    for slot, vaccine, rows in found:
        rows["exempt"] = exempt[exempt.vaccine == vaccine].drop_duplicates("person_id").set_index("person_id").reason
        frames.append(pd.DataFrame({"person_id": rows.index, "slot": slot, "status": status(rows, today)}))
    return pd.concat(frames, ignore_index=True)


def calendar(births: pd.Series) -> pd.DataFrame:
    """Return the days of a life for each distinct birth date."""
    days = {f"m{months}": partial(lawdates.reach_months, months=months) for months in (2, 7, 12, 15, 24, 60, 90)}
    days |= {"school": lambda day: lawdates.year_before_school(day)[0]}
    days |= {"school_end": lambda day: lawdates.year_before_school(day)[1]}
    distinct = births.dropna().drop_duplicates()
    columns = {name: pd.to_datetime([rule(day.date()) for day in distinct]) for name, rule in days.items()}
    return pd.DataFrame({"birth_date": distinct.to_numpy()} | columns)


def possible(person: pd.DataFrame, dose: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """Return the doses that can count, each with the person's days."""
    dose = dose.join(person[["birth_date", "school", "residency", "resident_until"]], on="person_id", how="inner")
    died = (dose.residency == "died") & (dose.given_on > dose.resident_until + pd.Timedelta(days=1))
    dose = dose[(dose.given_on >= dose.birth_date) & (dose.given_on <= today) & ~died].copy()
    dose["legal"] = dose.legal_class.map({"routine": 0, "temporary": 1}).fillna(2).astype("int8")
    return dose.sort_values(["person_id", "given_on", "legal"])


def numbered(dose: pd.DataFrame) -> dict[int, pd.DataFrame]:
    """Return the first, second, … dose of each person, of several on one day the first; by person."""
    dose = dose.drop_duplicates(["person_id", "given_on"])
    nth = dose.groupby("person_id").cumcount() + 1
    return {number: dose[nth == number].set_index("person_id") for number in range(1, 6)}


def measles_rubella(person: pd.DataFrame, dose: pd.DataFrame) -> Slots:
    """MR第1期 and 第2期; 麻しん and 風しん alone count as one dose on the day on which both had come."""
    dose = dose[dose.birth_date >= pd.Timestamp("2000-04-02")]
    dose = dose.assign(is_first=dose.given_on < dose.school)
    single = dose[dose.vaccine.isin(["M", "R"])].drop_duplicates(["person_id", "is_first", "vaccine"])
    pairs = single[single.duplicated(["person_id", "is_first"])]
    dose = pd.concat([dose[dose.vaccine == "MR"], pairs]).sort_values(["person_id", "given_on", "legal"])
    slots = []
    for slot, opens, closes, births in (
        ("MR1-1", "m12", "m24", ("2022-04-02", "2023-04-01")),
        ("MR2-1", "school", "school_end", ("2018-04-02", "2019-04-01")),
    ):
        rows = window(person, person[opens], person[closes], "2006-04-01")
        fill(rows, numbered(dose[dose.is_first == (slot == "MR1-1")])[1])
        extended = person.birth_date.between(*map(pd.Timestamp, births))
        again = extended & (rows.closes < EXTENDED_FROM - pd.Timedelta(days=1))
        rows["irregular"] &= ~(extended & rows.given_on.between(EXTENDED_FROM, EXTENDED_UNTIL))
        rows["opens"] = rows.opens.where(~again, EXTENDED_FROM)
        rows["closes"] = rows.closes.where(~extended, EXTENDED_UNTIL)
        rows["std_from"], rows["std_until"] = rows.opens, rows.closes
        slots.append((slot, "MR", rows))
    return slots


def five_in_one(person: pd.DataFrame, dose: pd.DataFrame) -> Slots:
    """5種混合, for whom no 3種, 4種 or ポリオ is recorded."""
    others = dose.loc[dose.vaccine.isin(["DPT", "IPV", "DPTI"]), "person_id"]
    doses = numbered(dose[dose.vaccine == "DPIH"])
    slots = []
    previous = pd.Series(pd.NaT, index=person.index)
    for position in range(1, 5):
        rows = window(person, person.m2, person.m90, "2024-04-01")
        rows["needed"] &= ~rows.index.isin(others)
        if position == 1:
            standard_period(rows, person.m2, person.m7)
        else:
            booster = position == BOOSTER
            rows["earliest"] = _after_months(previous, 6) if booster else previous + pd.Timedelta(days=21)
            rows["std_until"] = _after_months(previous, 18) if booster else previous + pd.Timedelta(days=57)
            rows["std_from"] = rows.earliest
            rows["waiting"] = previous.isna()
        fill(rows, doses[position])
        previous = rows.given_on
        slots.append((f"DPIH-{position}", "DPIH", rows))
    return slots


def pneumococcal(person: pd.DataFrame, dose: pd.DataFrame, today: pd.Timestamp) -> Slots:
    """PCV: the class by age at the first dose says which doses are needed, and late ones pass over slots."""
    doses = numbered(lawful(dose[dose.vaccine == "PCV"]))
    first = doses[1].given_on.reindex(person.index)
    begun_on = first.fillna(today)
    regime = np.select(
        [begun_on <= person.m7, begun_on <= person.m12, begun_on <= person.m24], ["P1", "P2", "P3"], "P4"
    )
    place = pd.Series(0, index=person.index)
    last = pd.Series(pd.NaT, index=person.index)
    filled = {slot: [] for slot in range(1, 5)}
    for number in range(1, 5):
        given = doses[number].reindex(person.index)
        least = 1 if number == 1 else least_place(person, regime, given.given_on, last)
        place = np.maximum(place + 1, least).where(given.given_on.notna(), place)
        for name, slots in REGIMES.items():
            for position, slot in enumerate(slots, 1):
                filled[slot].append(given[(regime == name) & (place == position) & given.given_on.notna()])
        last = given.given_on.fillna(last)
    next_place = np.maximum(place + 1, least_place(person, regime, today, last)).where(first.notna(), 1)
    by_slot = {slot: pd.concat(parts) for slot, parts in filled.items()}
    return [(f"PCV-{slot}", "PCV", _pneumococcal(person, regime, next_place, by_slot, slot)) for slot in by_slot]


def lawful(dose: pd.DataFrame) -> pd.DataFrame:
    """Drop doses of unknown products; mark those whose product was not lawful on their day."""
    products = {name: row for row in schedule.load().edition.product if row.vaccine == "PCV" for name in row.names}
    dose = dose[dose["product"].isna() | dose["product"].isin(["", *products])].copy()
    begins = dose["product"].map({name: pd.Timestamp(row.effective_from) for name, row in products.items()})
    ends = dose["product"].map({name: pd.Timestamp(row.effective_to or LATEST) for name, row in products.items()})
    dose["unlawful"] = (dose.given_on < begins) | (dose.given_on > ends)
    return dose


def least_place(person: pd.DataFrame, regime: np.ndarray, day: Any, last: pd.Series) -> np.ndarray:  # noqa: ANN401
    """Return the first place that a dose on a day may take: later ones only, when it or the dose before came late."""
    late = day > person.m24
    return np.select([(regime == "P1") & (late | (last > person.m12)), (regime == "P2") & late], [4, 3], 1)


def _pneumococcal(
    person: pd.DataFrame, regime: np.ndarray, next_place: pd.Series, by_slot: dict[int, pd.DataFrame], slot: int
) -> pd.DataFrame:
    rows = window(person, person.m12 if slot == BOOSTER else person.m2, person.m60, "2013-04-01")
    if slot in (1, BOOSTER):
        standard_period(
            rows, person.m12 if slot == BOOSTER else person.m2, person.m15 if slot == BOOSTER else person.m7
        )
    place = np.select([regime == name for name in REGIMES], [_place(slots, slot) for slots in REGIMES.values()])
    rows["needed_here"] = place > 0
    rows["cut_off"], rows["waiting"] = place < next_place, place > next_place
    before = [by_slot[one].given_on.reindex(person.index) for one in range(1, slot)]
    if before:
        latest = pd.concat(before if slot == BOOSTER else before[-1:], axis=1).max(axis=1)
        days = np.where((regime == "P3") | (slot == BOOSTER), 61, 28)
        rows["earliest"] = latest + pd.to_timedelta(days, unit="D")
    fill(rows, by_slot[slot])
    return rows


def _place(slots: tuple[int, ...], slot: int) -> int:
    return slots.index(slot) + 1 if slot in slots else 0


def window(person: pd.DataFrame, opens: pd.Series, closes: pd.Series, effective_from: str) -> pd.DataFrame:
    """Return the window of each person, all of it standard, and nothing given."""
    effective = pd.Timestamp(effective_from)
    rows = pd.DataFrame({"opens": opens.clip(lower=effective), "closes": closes}, index=person.index)
    rows["std_from"], rows["std_until"] = rows.opens, rows.closes
    rows["needed"] = rows.closes >= effective
    rows["earliest"] = pd.NaT
    rows["earliest"] = rows.earliest.astype("datetime64[ns]")
    return rows.assign(effective_from=effective, needed_here=True, cut_off=False, waiting=False)


def standard_period(rows: pd.DataFrame, first: pd.Series, last: pd.Series) -> None:
    """Set a standard period by age, cut to the window; one that ended before stays before."""
    rows["std_from"] = first.where(last < rows.opens, np.maximum(first, rows.opens))
    rows["std_until"] = np.minimum(last, rows.closes)


def fill(rows: pd.DataFrame, doses: pd.DataFrame) -> None:
    """Put doses into a slot and judge them."""
    given = doses.reindex(rows.index)
    rows["given_on"] = given.given_on
    routine, outside = given.legal == 0, given.given_on > rows.closes
    if "unlawful" in given:
        outside |= given.unlawful.fillna(False).astype(bool)  # noqa: FBT003
    early = (given.given_on < rows.opens) & (routine | (given.given_on >= rows.effective_from))
    rows["irregular"] = early | (given.given_on < rows.earliest) | (outside & routine)


def status(rows: pd.DataFrame, today: pd.Timestamp) -> np.ndarray:
    """Return the word for each row; the first that holds."""
    std_from = np.minimum(rows.std_from.fillna(rows.opens), rows.closes)
    std_until = np.minimum(rows.std_until.fillna(rows.closes), rows.closes)
    soon = today + pd.Timedelta(days=30)
    return np.select(
        [
            ~rows.needed,
            rows.given_on.notna() & rows.irregular,
            rows.given_on.notna(),
            ~rows.needed_here | rows.cut_off,
            rows.exempt.notna(),
            (rows.closes < today) | (rows.closes < rows.earliest),
            (today < rows.opens) | rows.waiting | (today < rows.earliest),
            rows.closes <= soon,
            std_until < today,
            today < std_from,
        ],
        [
            *("not_applicable", "done_irregular", "done", "not_applicable", "excluded"),
            *("missed", "not_yet_open", "closing", "late", "open"),
        ],
        "due",
    )


def _after_months(day: pd.Series, months: int) -> pd.Series:
    distinct = day.dropna().drop_duplicates()
    return day.map({one: pd.Timestamp(lawdates.earliest_after_months(one.date(), months)) for one in distinct})
