"""Who can be written to, and who must not be: one row per resident for the vault.

Joins the identity columns of the residents with 送付先 (another address, guardian, returned mail) and 支援措置.
Everything stays in memory; the only reader is the vault.

A 支援措置 row protects whatever its dates say: an expired one is a question to the person, not a release
(domain notes 5.2, row 2). Every member of the household is protected with them (P4).
"""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

RETURNED = "returned"
DELIVERY_FIELDS = ("delivery_kind", "recipient", "postcode", "address", "building")
_NAMES = {
    "recipient": "delivery_recipient",
    "postcode": "delivery_postcode",
    "address": "delivery_address",
    "building": "delivery_building",
}


def build_register(
    identified: pa.Table, deliveries: pa.Table | None, protected_persons: np.ndarray, *, as_of: date
) -> pa.Table:
    """Return one row per person: identity columns, the delivery row in force on `as_of`, and the protection flags.

    `protected_persons` are person_ids.
    `identified` has n rows with unique `person_id`; the result has the same n rows in the same order.
    """
    person_ids = identified["person_id"].to_numpy()
    protected = np.isin(person_ids, protected_persons)
    with_protected = _shares_household(identified["household_id"], protected) & ~protected
    in_force = _in_force(deliveries, as_of)
    returned = np.isin(person_ids, _person_ids(_of_kind(in_force, returned=True)))
    register = identified.append_column("protected", pa.array(protected))
    register = register.append_column("protected_household", pa.array(with_protected))
    register = register.append_column("mail_returned", pa.array(returned))
    for name, column in _delivery_columns(_of_kind(in_force, returned=False), person_ids).items():
        register = register.append_column(name, column)
    return register


def _shares_household(households: pa.ChunkedArray, protected: np.ndarray) -> np.ndarray:
    """Return who lives in a household with a protected person; a person without a household shares none."""
    theirs = households.filter(pa.array(protected)).drop_null()
    return pc.is_in(households, value_set=theirs.combine_chunks()).to_numpy()


def _person_ids(rows: pa.Table | None) -> np.ndarray:
    return np.empty(0, np.int64) if rows is None else rows["person_id"].to_numpy()


def _in_force(deliveries: pa.Table | None, as_of: date) -> pa.Table | None:
    """Return the delivery rows whose period contains `as_of`, the latest beginning last."""
    if deliveries is None:
        return None
    day = pa.scalar(as_of, pa.date32())
    begun = pc.fill_null(pc.less_equal(deliveries["from_on"], day), fill_value=True)
    unended = pc.fill_null(pc.greater_equal(deliveries["until_on"], day), fill_value=True)
    return deliveries.filter(pc.and_(begun, unended)).sort_by([("from_on", "ascending")])


def _of_kind(rows: pa.Table | None, *, returned: bool) -> pa.Table | None:
    if rows is None:
        return None
    is_returned = pc.equal(rows["delivery_kind"], RETURNED)
    return rows.filter(is_returned if returned else pc.invert(is_returned))


def _delivery_columns(rows: pa.Table | None, person_ids: np.ndarray) -> dict[str, pa.Array]:
    """Return the delivery columns aligned with `person_ids`; of several rows in force the latest counts."""
    names = [_NAMES.get(name, name) for name in DELIVERY_FIELDS]
    if rows is None or not len(rows):
        return {name: pa.nulls(len(person_ids), pa.string()) for name in names}
    latest = {person: row for row, person in enumerate(rows["person_id"].to_pylist())}
    order = np.argsort(person_ids)
    wanted = np.fromiter(latest, np.int64, len(latest))
    places = order[np.searchsorted(person_ids, wanted, sorter=order)]
    picks = np.full(len(person_ids), -1, np.int64)
    picks[places] = np.fromiter(latest.values(), np.int64, len(latest))
    taken = pa.array(picks, mask=picks < 0)
    return {
        name: pc.cast(rows[field], pa.string()).combine_chunks().take(taken)
        for name, field in zip(names, DELIVERY_FIELDS, strict=True)
    }
