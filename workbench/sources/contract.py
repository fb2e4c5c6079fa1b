"""What the house needs of each table, whoever's layout describes it: fields, their kind, and which must be there.

A field that a layout does not have is filled with its constant, or with nothing. `layout check` compares with this.
"""

from dataclasses import dataclass, field

import pyarrow as pa

_DAY, _TEXT, _NUMBER = pa.date32(), pa.string(), pa.int64()


@dataclass(frozen=True)
class Need:
    """One table: its Japanese title, the fields it must have, and those it may lack."""

    title: str
    must: dict[str, pa.DataType]
    may: dict[str, pa.DataType]
    is_required: bool = False
    words: dict[str, frozenset[str]] = field(default_factory=dict)  # the only values that mean anything, by field

    @property
    def fields(self) -> dict[str, pa.DataType]:
        """Every field."""
        return self.must | self.may


def _texts(names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names.split(), _TEXT)


# Tables of the house that several tables of a layout may feed; of the others there is one, under its own name.
FED_BY_SEVERAL = frozenset({"doses", "exemptions", "specials"})
_KEY = {"atena_number": _NUMBER}
_PERIOD = {"from_on": _DAY, "until_on": _DAY}
# Must be in the layout, but may be empty in a row: not known, or a child not named yet (名未定).
_MAY_BE_UNKNOWN = {"household_number", "birth_date", "birth_earliest", "birth_latest", "name"}
CONTRACT: dict[str, Need] = {
    "residents": Need(
        "住民",
        {
            **_KEY,
            "household_number": _NUMBER,
            **dict.fromkeys(("birth_date", "birth_earliest", "birth_latest"), _DAY),
            **_texts("birth_date_precision name sex residency"),
            "is_foreign": pa.bool_(),
        },
        {
            **_texts("kana postcode address building district phone"),
            **dict.fromkeys(("moved_in_on", "moved_out_on", "died_on"), _DAY),
        },
        is_required=True,
    ),
    "doses": Need(
        "接種記録",
        {**_KEY, "given_on": _DAY, **_texts("vaccine legal_class setting")},
        {**_texts("stage clinic product lot"), "dose_no": pa.int16(), "amount_ml": pa.float64()},
        is_required=True,
    ),
    "exemptions": Need("対象外事由", {**_KEY, "from_on": _DAY, **_texts("vaccine reason")}, {"until_on": _DAY}),
    "deliveries": Need(
        "送付先", {**_KEY, "delivery_kind": _TEXT}, {**_texts("recipient postcode address building"), **_PERIOD}
    ),
    "protections": Need("支援措置", _KEY, {"protection_kind": _TEXT, **_PERIOD}, is_required=True),
    "specials": Need(
        "特別の事情",
        {**_KEY, **_texts("vaccine kind")},
        {**_texts("special_reason certificate_no"), "reason_end_on": _DAY},
        words={"kind": frozenset(("long_term_care", "pregnancy", "designated_condition", "rubella_antibody_low"))},
    ),
    "districts": Need("地区", _texts("district name"), {}),
    "clinics": Need("医療機関", _texts("clinic name"), {}),
}


def never_null(table: str | None) -> frozenset[str]:
    """Return the fields without which a row of `table` is of no use, whatever its layout says of the column."""
    return frozenset() if table is None else frozenset(CONTRACT[table].must) - _MAY_BE_UNKNOWN


def fill(
    table: str | None, values: dict[str, pa.Array], constants: dict[str, str | int], rows: int
) -> dict[str, pa.Array]:
    """Return the fields of `table` that `values` lacks, `rows` long: constants of the layout, else nulls."""
    if table is None:
        return {}
    lacking = {name: kind for name, kind in CONTRACT[table].fields.items() if name not in values}
    return {name: pa.repeat(pa.scalar(constants.get(name), kind), rows) for name, kind in lacking.items()}
