"""Sums of what the queries counted, for tables and figures; a rate is always taken of sums, never a mean of rates."""

import pandas as pd

ALL = "*"
UNRECORDED = "-"  # as the queries write a district that is not recorded
PARTS = ("done_valid", "done_private", "done_irregular", "excluded", "not_done")  # they add up to `eligible`
NOT_DONE = ("not_yet_open", "open", "due", "late", "closing", "missed")  # they add up to `not_done`
LISTED = ("closing", "late", "due")  # by urgency
UNREADABLE = "unreadable"
MAYBE = ("surely", "perhaps")  # of a person of unknown birth: in the window on every, or on some possible birth


def in_district(rows: pd.DataFrame, district: str) -> pd.DataFrame:
    """Keep the rows of one district; * keeps all."""
    return rows if district == ALL else rows[rows["district"] == district]


def coverage_by(rows: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """Sum the answer of the query `coverage` over everything but `keys`, and add the rate.

    Returns:
        keys, in their order (slots as the tables have them, no district last), then denominator, not_applicable,
        eligible = denominator - not_applicable, the parts of `eligible`, and coverage_pct = 100 * done_valid /
        eligible (missing where nobody is eligible, or nobody's time has come).
    """
    sums = _sums(rows, keys, ("denominator", "not_applicable", *PARTS, "not_yet_open"))
    eligible = sums["denominator"] - sums["not_applicable"]
    sums.insert(sums.columns.get_loc("not_applicable") + 1, "eligible", eligible)
    begun = sums.pop("not_yet_open") + sums["excluded"] < eligible
    return sums.assign(coverage_pct=100 * sums["done_valid"] / eligible.where(begun))


def not_done_by(rows: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """Sum the same answer into what the people without a dose are waiting for, or have missed."""
    return _sums(rows, keys, ("not_done", *NOT_DONE))


def with_status(rows: pd.DataFrame, statuses: str) -> pd.DataFrame:
    """Keep the rows of a follow-up list whose status is one of `statuses`, separated by commas."""
    return rows[rows["status"].isin(statuses.split(","))]


def persons_by(rows: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """Count the rows of a follow-up list by `keys` and status, one column a status and their sum `persons`."""
    counts = pd.DataFrame({status: (rows["status"] == status).astype("int64") for status in LISTED})
    counts["persons"] = counts.sum(axis="columns")
    return _sums(pd.concat([rows[list(keys)], counts], axis="columns"), keys, (*LISTED, "persons"))


def of_slot(rows: pd.DataFrame, slot: str) -> pd.DataFrame:
    """Keep, of persons of unknown birth, those whom one slot may concern."""
    return rows[rows["slot"] == slot]


def unreadable(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the persons of unknown birth whose possible births are unknown too, or too many."""
    return rows[rows["opening"] == UNREADABLE]


def perhaps_open(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the slots that surely or perhaps are open on the day, person by person in the order of the slots."""
    return rows[rows["opening"].isin(MAYBE)].sort_values(["person_id", "display_order"], kind="stable")


def _sums(rows: pd.DataFrame, keys: tuple[str, ...], counts: tuple[str, ...]) -> pd.DataFrame:
    order = [key for key in ("display_order" if key == "slot" else key for key in keys) if key in rows]
    ordered = rows.sort_values(order, key=_unrecorded_last, kind="stable")
    return ordered.groupby(list(keys), sort=False)[list(counts)].sum().reset_index()


def _unrecorded_last(column: pd.Series) -> pd.Series:
    return column.replace(UNRECORDED, "\uffff") if column.name == "district" else column
