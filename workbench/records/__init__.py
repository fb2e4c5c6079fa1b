"""What the analytic side may hold: the snapshot's tables, column by column, and `Pseudonymous`.

No table here has a place for a name, an address, a phone number, 宛名番号, 世帯番号 or a My Number
(promises P1 and P3). `snapshot` creates its tables from this module, `queries` read what it describes.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from workbench.records.city import CITY_TABLES
from workbench.records.spec import TableSpec
from workbench.records.statute import STATUTE_TABLES

FORMAT_VERSION = 4  # of the snapshot's tables; a reader refuses another
NO_END = date(9999, 12, 31)  # `closes_on` of a window that the law leaves open

PERSON_ID = re.compile(r"p[0-9a-f]{16}")

TABLES: dict[str, TableSpec] = {spec.name: spec for spec in (*CITY_TABLES, *STATUTE_TABLES)}


@dataclass(frozen=True)
class Pseudonymous:
    """Rows that have passed the wall: one of `TABLES`, as a stream of record batches.

    Only `workbench.pseudonymize` constructs one (the architecture test keeps this), so a function that
    takes a `Pseudonymous` cannot be handed identified rows by mistake.
    """

    table: str
    batches: Iterable[pa.RecordBatch]

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches; each must have exactly the columns of the table's schema, and no other."""
        names = TABLES[self.table].schema.names
        for batch in self.batches:
            if batch.schema.names != names:
                msg = f"a batch for table {self.table} has other columns than its schema"
                raise TypeError(msg)
            yield batch


def format_person_id(person_id: int) -> str:
    """Write a pseudonym as text that no spreadsheet rounds or reads as a number: p + 16 hex digits."""
    return f"p{person_id & 0xFFFFFFFFFFFFFFFF:016x}"


def parse_person_id(text: str) -> int:
    """Read what `format_person_id` wrote, as a signed 64-bit integer.

    Raises:
        ValueError: `text` is not p + 16 hex digits; the message does not quote it.
    """
    if not PERSON_ID.fullmatch(text):
        msg = "not a person_id"
        raise ValueError(msg)
    number = int(text[1:], 16)
    return number - (1 << 64) if number >= 1 << 63 else number
