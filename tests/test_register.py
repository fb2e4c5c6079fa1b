from datetime import date

import numpy as np
import pyarrow as pa

from workbench.register import build_register

AS_OF = date(2026, 11, 1)


def people(*households):
    numbers = list(range(1, len(households) + 1))
    return pa.table({"person_id": pa.array(numbers, pa.int64()), "household_id": pa.array(households, pa.int64())})


def deliveries(*rows):
    names = ["person_id", "delivery_kind", "recipient", "from_on", "until_on"]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    table = pa.table(columns | {name: ["x"] * len(rows) for name in ("postcode", "address", "building")})
    return table.set_column(3, "from_on", table["from_on"].cast(pa.date32())).set_column(
        4, "until_on", pa.array(columns["until_on"], pa.date32())
    )


def protections(*person_ids):
    return np.array(person_ids, np.int64)


def test_the_whole_household_of_a_protected_person_is_marked():
    register = build_register(people(10, 10, 20), None, protections(1), as_of=AS_OF)

    assert register["protected"].to_pylist() == [True, False, False]
    assert register["protected_household"].to_pylist() == [False, True, False]


def test_a_person_without_a_household_is_in_nobodys_household():
    register = build_register(people(None, None, 2**60 + 1, 2**60), None, protections(1, 4), as_of=AS_OF)

    assert register["protected_household"].to_pylist() == [False, False, False, False]


def test_the_latest_delivery_row_in_force_counts():
    rows = deliveries(
        (1, "alternate", "ended", date(2020, 1, 1), date(2026, 10, 31)),
        (1, "alternate", "older", date(2021, 1, 1), None),
        (1, "guardian", "newer", date(2026, 11, 1), date(2026, 11, 1)),
        (2, "alternate", "not begun", date(2026, 11, 2), None),
    )

    register = build_register(people(10, 20), rows, protections(), as_of=AS_OF)

    assert register["delivery_recipient"].to_pylist() == ["newer", None]
    assert register["delivery_kind"].to_pylist() == ["guardian", None]


def test_returned_mail_is_a_flag_and_no_address():
    rows = deliveries((2, "returned", "x", date(2026, 5, 1), None))

    register = build_register(people(10, 20), rows, protections(), as_of=AS_OF)

    assert register["mail_returned"].to_pylist() == [False, True]
    assert register["delivery_kind"].to_pylist() == [None, None]
