"""What the analytic side may hold: the snapshot's tables, column by column, and `Pseudonymous`.

No table here has a place for a name, an address, a phone number, 宛名番号, 世帯番号 or a My Number
(promises P1 and P3). `snapshot` creates its tables from this module, `queries` read what it describes.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa

FORMAT_VERSION = 1  # of the snapshot's tables; a reader refuses another
NO_END = date(9999, 12, 31)  # `closes_on` of a window that the law leaves open

PERSON_ID = re.compile(r"p[0-9a-f]{16}")


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


_DAY, _TEXT, _ID, _COUNT = pa.date32(), pa.string(), pa.int64(), pa.int64()

TABLES: dict[str, TableSpec] = {
    spec.name: spec
    for spec in (
        TableSpec(
            "person",
            "住民（除票を含む）。個人を直接示す項目はない",
            (
                Column("person_id", _ID, "宛名番号から鍵付きで作った仮名（HMAC-SHA-256の先頭64ビット）"),
                Column("birth_date", _DAY, "生年月日。日まで分かる人だけ", nullable=True),
                Column("birth_date_precision", _TEXT, "day | month | year | unknown（不詳の程度）"),
                Column("birth_earliest", _DAY, "ありうる最も早い生年月日", nullable=True),
                Column("birth_latest", _DAY, "ありうる最も遅い生年月日", nullable=True),
                Column("sex", _TEXT, "M | F | U"),
                Column("district", _TEXT, "地区コード（中学校区）", nullable=True),
                Column("household_id", _ID, "世帯番号から鍵付きで作った仮名", nullable=True),
                Column("resident_from", _DAY, "住民となった日（転入日、なければ生年月日）", nullable=True),
                Column(
                    "resident_until", _DAY, "住民であった最後の日（転出日・死亡日の前日）。住民はNULL", nullable=True
                ),
                Column("residency", _TEXT, "抽出日の住民区分 resident | moved_out | died | not_registered"),
                Column("moved_in_on", _DAY, "転入日", nullable=True),
            ),
        ),
        TableSpec(
            "dose",
            "接種記録。1行が1回の接種",
            (
                Column("person_id", _ID, "person.person_id"),
                Column("vaccine", _TEXT, "ワクチンの記号（MR, DPIH, … または unknown）"),
                Column("product", _TEXT, "製品の記号またはワクチン名", nullable=True),
                Column("stage", _TEXT, "記録された期 1 | 1A（1期追加）| 2", nullable=True),
                Column("dose_no", pa.int16(), "記録された回数（信用せず、順序と突き合わせる）", nullable=True),
                Column("given_on", _DAY, "接種日"),
                Column("legal_class", _TEXT, "routine 定期 | voluntary 任意 | temporary 臨時"),
                Column("setting", _TEXT, "実施区分 individual | mass | elsewhere | unknown"),
                Column("lot", _TEXT, "ロット番号", nullable=True),
                Column("clinic", _TEXT, "医療機関コード", nullable=True),
                Column("amount_ml", pa.float64(), "接種量（mL）", nullable=True),
                Column("source", _TEXT, "どの抽出ファイルから来たか"),
            ),
        ),
        TableSpec(
            "exemption",
            "対象外事由",
            (
                Column("person_id", _ID, "person.person_id"),
                Column("vaccine", _TEXT, "ワクチンの記号"),
                Column("reason", _TEXT, "had_disease | contraindicated | declined | vaccinated_elsewhere"),
                Column("from_on", _DAY, "始まりの日"),
                Column("until_on", _DAY, "終わりの日（含む）。続いていればNULL", nullable=True),
            ),
        ),
        TableSpec(
            "special",
            "特別の事情（長期療養特例など）",
            (
                Column("person_id", _ID, "person.person_id"),
                Column("kind", _TEXT, "long_term_care（長期療養特例）"),
                Column("vaccine", _TEXT, "ワクチンの記号"),
                Column("reason_end_on", _DAY, "特別の事情がなくなった日", nullable=True),
            ),
        ),
        TableSpec(
            "window",
            "対象期間。生年月日と枠ごとに、法令の期間を日付にしたもの（両端を含む）",
            (
                Column("birth_date", _DAY, "生年月日"),
                Column("slot", _TEXT, "slot.slot"),
                Column("opens_on", _DAY, "定期接種として受けられる最初の日"),
                Column("standard_from", _DAY, "標準的な接種期間の最初の日"),
                Column("standard_until", _DAY, "標準的な接種期間の最後の日"),
                Column("closes_on", _DAY, "定期接種として受けられる最後の日（定めがなければ9999-12-31）"),
            ),
        ),
        TableSpec(
            "interval",
            "接種間隔。前の接種日と規則ごとに、次に受けられる日",
            (
                Column("given_on", _DAY, "前の接種日"),
                Column("rule", _TEXT, "slot_interval.rule"),
                Column("earliest_next_on", _DAY, "次に受けられる最初の日"),
                Column("standard_from", _DAY, "標準的な間隔の最初の日", nullable=True),
                Column("standard_until", _DAY, "標準的な間隔の最後の日", nullable=True),
            ),
        ),
        TableSpec(
            "programme",
            "定期接種の種類",
            (
                Column("programme", _TEXT, "種類の記号"),
                Column("name", _TEXT, "名称"),
                Column("category", _TEXT, "A | B（A類・B類）"),
                Column("effective_from", _DAY, "施行日"),
                Column("effective_to", _DAY, "終了日（含む）", nullable=True),
                Column("source", _TEXT, "根拠"),
                Column("confirmed", pa.bool_(), "根拠を確認したか"),
            ),
        ),
        TableSpec(
            "slot",
            "接種の枠（種類・期・回）",
            (
                Column("slot", _TEXT, "枠の記号 MR1-1 など"),
                Column("code", _TEXT, "種類と期の記号 MR1 など"),
                Column("dose", pa.int16(), "記号の中の回数"),
                Column("programme", _TEXT, "programme.programme"),
                Column("series", _TEXT, "順に埋まる枠の列の記号"),
                Column("position", pa.int16(), "列の中の順番（1から）"),
                Column("label", _TEXT, "枠の名称"),
                Column("sex", _TEXT, "* | M | F（対象の性別）"),
                Column("vaccine", _TEXT, "対象外事由を見るときのワクチンの記号"),
                Column("display_order", pa.int16(), "表に並べる順"),
            ),
        ),
        TableSpec(
            "series_vaccine",
            "どの接種記録がどの列に数えられるか",
            (
                Column("series", _TEXT, "slot.series"),
                Column("vaccine", _TEXT, "ワクチンの記号"),
                Column("stage", _TEXT, "記録された期。* はすべて、- は期の記録なし"),
            ),
        ),
        TableSpec(
            "series_instead",
            "これらのワクチンで始めた人は、この列の対象としない",
            (
                Column("series", _TEXT, "slot.series"),
                Column("vaccine", _TEXT, "ワクチンの記号"),
            ),
        ),
        TableSpec(
            "slot_interval",
            "枠に必要な間隔。1つの枠に複数ありうる",
            (
                Column("slot", _TEXT, "slot.slot"),
                Column("after_position", pa.int16(), "列の中の何番目の接種から数えるか"),
                Column("rule", _TEXT, "間隔の規則の記号"),
            ),
        ),
        TableSpec(
            "clinic",
            "医療機関コード表",
            (Column("clinic", _TEXT, "医療機関コード"), Column("name", _TEXT, "名称")),
        ),
        TableSpec(
            "district",
            "地区コード表",
            (Column("district", _TEXT, "地区コード"), Column("name", _TEXT, "名称")),
        ),
        TableSpec(
            "quality",
            "取り込みの結果。ファイルと理由ごとの行数",
            (
                Column("source", _TEXT, "抽出ファイル"),
                Column("outcome", _TEXT, "read | kept | duplicate | quarantined | noted"),
                Column("reason", _TEXT, "理由の記号（outcomeがread・keptのときは空）"),
                Column("rows", _COUNT, "行数"),
            ),
        ),
        TableSpec(
            "about",
            "このスナップショットの由来。1行だけ",
            (
                Column("snapshot_id", _TEXT, "スナップショットの名前"),
                Column("extracted_on", _DAY, "抽出日"),
                Column("municipality_code", _TEXT, "全国地方公共団体コード"),
                Column("domain", _TEXT, "仮名の用途の名前"),
                Column("rule_version", _TEXT, "規則データの版"),
                Column("code_version", _TEXT, "プログラムの版"),
                Column("format_version", pa.int16(), "表の形式の版"),
            ),
        ),
    )
}


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
