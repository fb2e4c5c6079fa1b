"""How a table is described: its columns, their types, and what each means to an analyst."""

from dataclasses import dataclass, field

import pyarrow as pa


@dataclass(frozen=True)
class Column:
    """One column: Arrow type, whether it may be null, and what it means."""

    name: str
    type: pa.DataType
    comment: str
    nullable: bool = False


@dataclass(frozen=True)
class TableSpec:
    """One table of a snapshot, with the comment an analyst reads."""

    name: str
    comment: str
    columns: tuple[Column, ...]
    schema: pa.Schema = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Derive the Arrow schema that a `Pseudonymous` of this table must have."""
        fields = [pa.field(column.name, column.type, column.nullable) for column in self.columns]
        object.__setattr__(self, "schema", pa.schema(fields))


DAY, TEXT, ID, COUNT, NUMBER = pa.date32(), pa.string(), pa.int64(), pa.int64(), pa.int16()

WINDOW_DAYS = (
    Column("known_from", DAY, "この日の法令から"),
    Column("known_until", DAY, "この日の法令まで（含む）"),
    Column("opens_on", DAY, "定期接種として受けられる最初の日"),
    Column("standard_from", DAY, "標準的な接種期間の最初の日"),
    Column("standard_until", DAY, "標準的な接種期間の最後の日"),
    Column("closes_on", DAY, "定期接種として受けられる最後の日（定めがなければ9999-12-31）"),
)
