"""A statute of a few rows, invented so that each mechanism of decision evaluation can be seen alone."""

from datetime import date

from tests.interpreter import Rules, read_rules

FACT = {"source": "invented for tests", "article": "-", "confirmed": False}
START = date(2013, 4, 1)


def fact(**row):
    return FACT | {name.removesuffix("_"): value for name, value in row.items()}


def window(*slots, opens, closes=None, since=START, **row):
    ends = {"closes": closes} if closes else {}
    return fact(slots=list(slots), opens=opens, effective_from=since, **ends, **row)


def standard(*slots, first, last, since=START, **row):
    return fact(slots=list(slots), standard_from=first, standard_until=last, effective_from=since, **row)


def slots(code, count, **row):
    return [
        {"slot": f"{code}-{dose}", "label": f"{code} {dose}", "exempt_by": code} | row for dose in range(1, count + 1)
    ]


def series(code, *names, fed_by, **row):
    return {"series": code, "slots": list(names), "fed_by": fed_by} | row


def programme(code, order, **tables):
    tables.setdefault("effective_from", START)
    return fact(programme=code, name=code, category="A", display_order=order, **tables)


def vaccine(code, kind="inactivated"):
    return {"vaccine": code, "name": code, "kind": kind}


EDITION = {
    "version": date(2026, 11, 1),
    "reading": {"standard_upper_days": "clear"},
    "vaccine": [
        *(vaccine(code) for code in ("INA", "INB", "CON", "SEA", "SEB", "PRE", "OLD", "HEX")),
        *(vaccine(code, "live_injected") for code in ("MR", "M", "R", "BOY")),
        vaccine("ORA", "live_oral"),
    ],
    "product": [
        fact(vaccine="CON", product="C7", names=["C7", "seven"], effective_from=START, effective_to=date(2019, 12, 31)),
        fact(vaccine="CON", product="C9", names=["C9"], effective_from=date(2019, 1, 1)),
    ],
    "between": [
        fact(
            earlier=["live_injected", "live_oral"],
            later=["live_injected", "live_oral", "inactivated"],
            minimum="27d",
            effective_from=START,
            effective_to=date(2020, 9, 30),
        ),
        fact(
            earlier=["inactivated"],
            later=["live_injected", "live_oral", "inactivated"],
            minimum="6d",
            effective_from=START,
            effective_to=date(2020, 9, 30),
        ),
        fact(earlier=["live_injected"], later=["live_injected"], minimum="27d", effective_from=date(2020, 10, 1)),
    ],
    "cohort": [
        fact(cohort="ILL", special="designated_condition"),
        fact(cohort="ONCE", vaccine="OLD", at_least=1, given_from=date(2022, 4, 1), given_until=date(2025, 3, 31)),
    ],
    "group": [
        {"group": "IN", "series": ["INA", "INB"], "order": ["INA", "INB"]},
        {"group": "SE", "series": ["SEA", "SEB"], "order": ["SEA", "SEB"], "episode": "season"},
    ],
    "choice": [
        fact(group="IN", first=["INA"], series=["INA"], others="wrong_product"),
        fact(group="IN", first=["INB"], series=["INB"], others="wrong_product"),
        fact(group="IN", series=["INA"], effective_to=date(2019, 12, 31)),
        fact(group="IN", series=["INA", "INB"]),
        fact(group="SE", any_of=["SEA"], series=["SEA"]),
        fact(group="SE", any_of=["SEB"], series=["SEB"]),
        fact(group="SE", series=["SEA", "SEB"]),
    ],
}

MEASLES = programme(  # pairs of single antigens; two series of one vaccine, apart by age
    "MR",
    10,
    slot=slots("MR", 2),
    series=[
        series("MR1", "MR-1", fed_by=[{"vaccine": "MR", "births_from": date(2000, 4, 2), "before": "y5"}]),
        series("MR2", "MR-2", fed_by=[{"vaccine": "MR", "births_from": date(2000, 4, 2), "from": "y5"}]),
    ],
    window=[window("MR-1", opens="m12", closes="m24"), window("MR-2", opens="sch-1y", closes="sch-1d")],
    long=[fact(slots=["MR-1"], years=2, until="y4", effective_from=START)],
)
ALIKE = [  # a choice of two, by the first dose; the interval is standard as well
    programme(
        code,
        order,
        slot=slots(code, 2),
        series=[series(code, f"{code}-1", f"{code}-2", fed_by=[{"vaccine": code}])],
        window=[window(f"{code}-1", f"{code}-2", opens="m2", closes="m60")],
        standard=[standard(f"{code}-1", first="m3", last="m7"), standard(f"{code}-2", first="m12", last="m18")],
        interval=[
            fact(
                slots=[f"{code}-2"],
                after=f"{code}-1",
                minimum="27d",
                standard_from="27d",
                standard_until="56d",
            )
        ],
    )
    for code, order in (("INA", 20), ("INB", 21))
]
CONJUGATE = programme(  # variants by the day and product of the first dose; skips and a waived slot
    "CON",
    30,
    slot=slots("CON", 4),
    series=[series("CON", *(f"CON-{dose}" for dose in range(1, 5)), fed_by=[{"vaccine": "CON"}])],
    window=[window("CON-1", "CON-2", "CON-3", opens="m2", closes="m60"), window("CON-4", opens="m12", closes="m60")],
    interval=[
        fact(slots=["CON-2"], after="CON-1", minimum="27d"),
        fact(slots=["CON-3"], after="CON-2", minimum="27d"),
        fact(slots=["CON-4"], after="CON-3", minimum="60d"),
        fact(slots=["CON-4"], after="CON-2", minimum="60d", variants=["EARLY"], effective_from=date(2020, 1, 1)),
    ],
    variant=[
        fact(series="CON", variant="NINE", label="-", slots=["CON-1", "CON-2", "CON-3"], first_products=["C9"]),
        fact(series="CON", variant="EARLY", label="-", slots=[f"CON-{n}" for n in range(1, 5)], first_until="m7"),
        fact(series="CON", variant="LATE", label="-", slots=["CON-1"]),
    ],
    skip=[
        fact(series="CON", variants=["EARLY"], slots=["CON-2", "CON-3"], dose_after="m24"),
        fact(series="CON", variants=["EARLY"], slots=["CON-3"], previous_after="m12"),
    ],
    waive=[
        fact(series="CON", variants=["NINE"], slots=["CON-3"], first="CON-1", second="CON-2", at_least="5m"),
    ],
)
CHANGED = programme(  # a window that grew, a cohort, a gap, a row that reaches back
    "OLD",
    40,
    slot=slots("OLD", 3),
    series=[series(f"OLD{n}", f"OLD-{n}", fed_by=[{"vaccine": "OLD", "from": f"y{n}"}]) for n in (1, 2, 3)],
    window=[
        window("OLD-1", opens="m12", closes="m24", effective_to=date(2018, 3, 31)),
        window("OLD-1", opens="m12", closes="m36", since=date(2018, 4, 1)),
        window("OLD-2", opens="y2", closes="y3"),
        window("OLD-2", opens="y8", closes="y9", cohort="ONCE", since=date(2022, 4, 1)),
        window("OLD-3", opens="y3", closes="y4"),
        window("OLD-3", opens="y3", closes="y6", since=date(2020, 4, 1), retroactive=True),
    ],
)
SEASONAL = [
    programme(
        code,
        order,
        slot=slots(code, 1),
        series=[series(code, f"{code}-1", fed_by=[{"vaccine": code}], episode="season")],
        window=[
            window(
                f"{code}-1",
                opens="y65",
                seasons={"first_year": 2014, "last_year": 2026, "opens": "10-01", "closes": "01-31"},
            ),
            window(
                f"{code}-1",
                opens="y60",
                closes="y65",
                cohort="ILL",
                seasons={"first_year": 2014, "last_year": 2026, "opens": "10-01", "closes": "01-31"},
            ),
        ],
    )
    for code, order in (("SEA", 50), ("SEB", 51))
]
MATERNAL = programme(
    "PRE",
    60,
    effective_from=date(2026, 4, 1),
    slot=slots("PRE", 1, sex="F"),
    series=[series("PRE", "PRE-1", fed_by=[{"vaccine": "PRE", "sex": "F"}], episode="pregnancy")],
    window=[window("PRE-1", opens="edd-84", closes="edd-22", since=date(2026, 4, 1))],
)
AGES = programme(
    "HEX",
    70,
    effective_to=date(2020, 3, 31),
    slot=slots("HEX", 1),
    series=[series("HEX", "HEX-1", fed_by=[{"vaccine": "HEX"}])],
    window=[window("HEX-1", opens="fyS{age}", closes="fyE{age}", ages=[65, 70])],
)


def tiny() -> Rules:
    return read_rules(EDITION, [MEASLES, *ALIKE, CONJUGATE, CHANGED, *SEASONAL, MATERNAL, AGES])
