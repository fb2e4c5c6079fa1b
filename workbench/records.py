"""What the analytic side may hold: the snapshot's tables, column by column, and `Pseudonymous`.

No table here has a place for a name, an address, a phone number, 宛名番号, 世帯番号 or a My Number
(promises P1 and P3). `snapshot` creates its tables from this module, `queries` read what it describes.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa

FORMAT_VERSION = 2  # of the snapshot's tables; a reader refuses another
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


_DAY, _TEXT, _ID, _COUNT, _NUMBER = pa.date32(), pa.string(), pa.int64(), pa.int64(), pa.int16()

_WINDOW_DAYS = (
    Column("known_from", _DAY, "この日の法令から"),
    Column("known_until", _DAY, "この日の法令まで（含む）"),
    Column("opens_on", _DAY, "定期接種として受けられる最初の日"),
    Column("standard_from", _DAY, "標準的な接種期間の最初の日"),
    Column("standard_until", _DAY, "標準的な接種期間の最後の日"),
    Column("closes_on", _DAY, "定期接種として受けられる最後の日（定めがなければ9999-12-31）"),
)

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
                Column(
                    "vaccine",
                    _TEXT,
                    "ワクチンの記号（MR, DPIH, …）。コード表になければ unknown:元のコード または unknown",
                ),
                Column("product", _TEXT, "製品の記号またはワクチン名", nullable=True),
                Column("stage", _TEXT, "記録された期 1 | 1A（1期追加）| 2", nullable=True),
                Column("dose_no", _NUMBER, "記録された回数（信用せず、順序と突き合わせる）", nullable=True),
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
                Column(
                    "kind",
                    _TEXT,
                    "long_term_care 長期療養特例 | pregnancy 妊娠 | designated_condition | rubella_antibody_low",
                ),
                Column("vaccine", _TEXT, "ワクチンの記号"),
                Column("reason_end_on", _DAY, "特別の事情がなくなった日。妊娠では出産予定日", nullable=True),
            ),
        ),
        TableSpec(
            "window",
            "対象期間。生年月日と枠ごとに、法令の期間を、いつの法令によるかとともに日付にしたもの（両端を含む）",
            (
                Column("birth_date", _DAY, "生年月日"),
                Column("slot_no", _NUMBER, "枠の番号（slot.display_order）"),
                Column("cohort", _TEXT, "特別な対象者の区分。ふつうの対象者は空"),
                *_WINDOW_DAYS,
            ),
        ),
        TableSpec(
            "special_window",
            "特別の事情による対象期間（長期療養特例、妊娠）。事情の日ごと",
            (
                Column("birth_date", _DAY, "生年月日（妊娠の行では空）", nullable=True),
                Column("kind", _TEXT, "special.kind"),
                Column("vaccine", _TEXT, "special.vaccine"),
                Column("reason_end_on", _DAY, "special.reason_end_on（妊娠の行では出産予定日）"),
                Column("slot_no", _NUMBER, "枠の番号（slot.display_order）"),
                Column("cohort", _TEXT, "特別な対象者の区分。ふつうの対象者は空"),
                *_WINDOW_DAYS,
            ),
        ),
        TableSpec(
            "interval",
            "接種間隔。前の接種日と規則ごとに、次に受けられる日",
            (
                Column("given_on", _DAY, "前の接種日"),
                Column("rule_no", _NUMBER, "規則の番号"),
                Column("rule", _TEXT, "規則の記号 20d/20d-56d など"),
                Column("earliest_next_on", _DAY, "次に受けられる最初の日。目安だけの規則では空", nullable=True),
                Column("standard_from", _DAY, "標準的な間隔の最初の日", nullable=True),
                Column("standard_until", _DAY, "標準的な間隔の最後の日", nullable=True),
            ),
        ),
        TableSpec(
            "asked",
            "人ごとに違う基準日で尋ねるときの基準日。スナップショットでは空",
            (
                Column("person_id", _ID, "person.person_id"),
                Column("as_of", _DAY, "基準日"),
                Column("extracted_on", _DAY, "抽出日", nullable=True),
            ),
        ),
        TableSpec(
            "person_cohort",
            "生年月日だけで決まらない対象者の区分に入る人",
            (
                Column("person_id", _ID, "person.person_id"),
                Column("cohort", _TEXT, "cohort.cohort"),
                Column("vaccine", _TEXT, "この記号の枠についてだけ。空はすべて", nullable=True),
            ),
        ),
        TableSpec(
            "own_window",
            "生年月日だけで決まらない対象期間（特別な対象者、長期療養特例、妊娠）。人ごと",
            (
                Column("person_id", _ID, "person.person_id"),
                Column("episode", pa.int32(), "妊娠ごとの番号。ほかは0"),
                Column("slot_no", _NUMBER, "枠の番号（slot.display_order）"),
                *_WINDOW_DAYS,
            ),
        ),
        TableSpec(
            "judged",
            "数えられる接種の評価。接種と列ごと。列が必要かどうかは基準日の接種歴による",
            (
                Column("dose_id", _ID, "doseの行番号"),
                Column("person_id", _ID, "person.person_id"),
                Column("birth_date", _DAY, "生年月日", nullable=True),
                Column("vaccine_no", _NUMBER, "vaccine.vaccine_no", nullable=True),
                Column("series_no", _NUMBER, "series.series_no。どの列にも数えない接種は0"),
                Column("episode", pa.int32(), "年度、または妊娠の番号。生涯の列は0"),
                Column("given_on", _DAY, "接種日"),
                Column("variant_no", _NUMBER, "初回の接種による区分", nullable=True),
                Column("position", _NUMBER, "列の中の順番。重複は空", nullable=True),
                Column("slot_no", _NUMBER, "埋めた枠の番号", nullable=True),
                Column("evaluation", _TEXT, "評価"),
                Column("reason", _TEXT, "評価の理由"),
                Column("opens_on", _DAY, "その日の法令による対象の初日", nullable=True),
                Column("closes_on", _DAY, "その日の法令による対象の末日", nullable=True),
                Column("earliest_on", _DAY, "前の接種から必要な間隔が過ぎた最初の日", nullable=True),
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
                Column("dose", _NUMBER, "記号の中の回数"),
                Column("programme", _TEXT, "programme.programme"),
                Column("label", _TEXT, "枠の名称"),
                Column("sex", _TEXT, "* | M | F（対象の性別）"),
                Column("vaccine", _TEXT, "対象外事由と長期療養特例を見るときのワクチンの記号"),
                Column("cohort", _TEXT, "この枠に特別な対象者の区分があれば、その記号", nullable=True),
                Column("stage", _TEXT, "この枠の接種が記録される期", nullable=True),
                Column("number", _NUMBER, "この枠の接種が記録される回数", nullable=True),
                Column("display_order", _NUMBER, "表に並べる順。評価では枠の番号（slot_no）"),
            ),
        ),
        TableSpec(
            "series",
            "日付の順に枠が埋まる列",
            (
                Column("series", _TEXT, "列の記号"),
                Column("series_no", _NUMBER, "列の番号（1から、並べる順）"),
                Column("programme", _TEXT, "programme.programme"),
                Column("group_no", _NUMBER, "受け方を選ぶ組の番号。選ばない列は空", nullable=True),
                Column("episode", _TEXT, "life 生涯 | season 年度ごと | pregnancy 妊娠ごと"),
                Column("has_variants", pa.bool_(), "初回の接種によって必要な枠が変わるか"),
            ),
        ),
        TableSpec(
            "series_slot",
            "列の枠の順番。初回の接種による区分ごと",
            (
                Column("series_no", _NUMBER, "series.series_no"),
                Column("variant_no", _NUMBER, "初回の接種による区分の番号。区分のない列は0"),
                Column("slot_no", _NUMBER, "枠の番号（slot.display_order）"),
                Column("position", _NUMBER, "列の中の順番（1から）"),
            ),
        ),
        TableSpec(
            "series_vaccine",
            "どの接種記録がどの列に数えられるか",
            (
                Column("series_no", _NUMBER, "series.series_no"),
                Column("vaccine_no", _NUMBER, "vaccine.vaccine_no"),
                Column("births_from", _DAY, "この生年月日から"),
                Column("births_until", _DAY, "この生年月日まで（含む）"),
                Column("sex_no", _NUMBER, "0 問わない | 1 男 | 2 女"),
                Column("by_age", pa.bool_(), "数える日が年齢によるか（series_days にある）"),
            ),
        ),
        TableSpec(
            "series_days",
            "接種記録が列に数えられる日。生年月日ごと（年齢によるものだけ）",
            (
                Column("birth_date", _DAY, "生年月日"),
                Column("series_no", _NUMBER, "series.series_no"),
                Column("vaccine_no", _NUMBER, "vaccine.vaccine_no"),
                Column("from_on", _DAY, "数える最初の日"),
                Column("until_on", _DAY, "数える最後の日"),
            ),
        ),
        TableSpec(
            "variant",
            "初回の接種による区分と、その初回の日。生年月日ごと。番号の小さいものからあてはめる",
            (
                Column("birth_date", _DAY, "生年月日"),
                Column("series_no", _NUMBER, "series.series_no"),
                Column("variant_no", _NUMBER, "区分の番号"),
                Column("product_no", _NUMBER, "初回の製品。問わなければ空", nullable=True),
                Column("first_from", _DAY, "初回がこの日から"),
                Column("first_until", _DAY, "初回がこの日まで（含む）"),
            ),
        ),
        TableSpec(
            "skip",
            "埋められなくなる枠。生年月日ごと",
            (
                Column("birth_date", _DAY, "生年月日"),
                Column("series_no", _NUMBER, "series.series_no"),
                Column("variant_no", _NUMBER, "区分の番号"),
                Column("dose_after", _DAY, "この日より後の接種は", nullable=True),
                Column("dose_position", _NUMBER, "この順番から後を埋める", nullable=True),
                Column("previous_after", _DAY, "前の接種がこの日より後なら", nullable=True),
                Column("previous_position", _NUMBER, "この順番から後を埋める", nullable=True),
            ),
        ),
        TableSpec(
            "waive",
            "前の接種の間隔が足りれば要らない枠",
            (
                Column("series_no", _NUMBER, "series.series_no"),
                Column("variant_no", _NUMBER, "初回の接種による区分の番号。区分のない列は0"),
                Column("slot_no", _NUMBER, "枠の番号（slot.display_order）"),
                Column("first_position", _NUMBER, "間隔を数える始めの接種"),
                Column("second_position", _NUMBER, "間隔を数える終わりの接種"),
                Column("rule_no", _NUMBER, "interval.rule_no"),
            ),
        ),
        TableSpec(
            "slot_interval",
            "枠に必要な間隔。1つの枠に複数ありうる",
            (
                Column("series_no", _NUMBER, "series.series_no"),
                Column("variant_no", _NUMBER, "初回の接種による区分の番号。区分のない列は0"),
                Column("slot_no", _NUMBER, "枠の番号（slot.display_order）"),
                Column("position", _NUMBER, "その枠の順番"),
                Column("after_position", _NUMBER, "何番目の接種から数えるか"),
                Column("rule_no", _NUMBER, "interval.rule_no"),
                Column("effective_from", _DAY, "この日から"),
                Column("effective_to", _DAY, "この日まで（含む）"),
            ),
        ),
        TableSpec(
            "vaccine",
            "ワクチンの記号",
            (
                Column("vaccine", _TEXT, "記号"),
                Column("name", _TEXT, "名称"),
                Column("kind", _TEXT, "live_injected 注射生 | live_oral 経口生 | inactivated 不活化など"),
                Column("vaccine_no", _NUMBER, "番号（0から）"),
                Column("bit", pa.int64(), "集合を数で表すときの位（2の番号乗）"),
                Column("has_products", pa.bool_(), "製品を区別するか（product にある）"),
                Column("is_seasonal", pa.bool_(), "年度ごとの接種にだけ数えられるか"),
            ),
        ),
        TableSpec(
            "product",
            "区別する製品と、定期接種に使える日",
            (
                Column("vaccine", _TEXT, "vaccine.vaccine"),
                Column("name", _TEXT, "記録される言葉"),
                Column("product", _TEXT, "製品の記号"),
                Column("product_no", _NUMBER, "番号（1から）"),
                Column("effective_from", _DAY, "この日から"),
                Column("effective_to", _DAY, "この日まで（含む）"),
            ),
        ),
        TableSpec(
            "between",
            "違うワクチンとの間隔",
            (
                Column("earlier", _TEXT, "前の接種の vaccine.kind"),
                Column("later", _TEXT, "後の接種の vaccine.kind"),
                Column("clear_days", pa.int32(), "間に空ける日数"),
                Column("effective_from", _DAY, "後の接種がこの日から"),
                Column("effective_to", _DAY, "後の接種がこの日まで（含む）"),
            ),
        ),
        TableSpec(
            "cohort",
            "生年月日だけで決まらない対象者の区分",
            (
                Column("cohort", _TEXT, "区分の記号"),
                Column("special", _TEXT, "この事情が記録されている人", nullable=True),
                Column("vaccine_no", _NUMBER, "またはこのワクチンの接種が", nullable=True),
                Column("given_from", _DAY, "この日から"),
                Column("given_until", _DAY, "この日までに"),
                Column("at_least", _NUMBER, "この回数以上"),
                Column("fewer_than", _NUMBER, "この回数未満の人"),
                Column("births_from", _DAY, "この生年月日から"),
                Column("births_until", _DAY, "この生年月日まで（含む）"),
            ),
        ),
        TableSpec(
            "choice_group",
            "受け方を選ぶ組と、それにかかわるワクチン",
            (
                Column("group_no", _NUMBER, "組の番号"),
                Column("choice_group", _TEXT, "組の記号"),
                Column("vaccine_no", _NUMBER, "vaccine.vaccine_no"),
                Column("vaccine_order", _NUMBER, "同じ日の接種を並べる順"),
                Column("episode", _TEXT, "life | season"),
                Column("effective_from", _DAY, "選ぶようになった日"),
            ),
        ),
        TableSpec(
            "choice",
            "接種歴によって必要な列。上から順に、最初に当てはまるもの",
            (
                Column("choice", _NUMBER, "行の番号（順番）"),
                Column("group_no", _NUMBER, "choice_group.group_no"),
                Column("any_of", pa.int64(), "これらのどれかの接種がある（vaccine.bit の和。0は問わない）"),
                Column("also_any_of", pa.int64(), "かつ、これらのどれかの接種がある"),
                Column("first", pa.int64(), "最初の接種がこれらのどれか"),
                Column("cohort", _TEXT, "この区分の人", nullable=True),
                Column("births_from", _DAY, "この生年月日から"),
                Column("births_until", _DAY, "この生年月日まで（含む）"),
                Column("effective_from", _DAY, "基準日がこの日から"),
                Column("effective_to", _DAY, "基準日がこの日まで（含む）"),
                Column("others", _TEXT, "どの列にも数えない接種の評価 wrong_product | extra"),
            ),
        ),
        TableSpec(
            "choice_series",
            "選ばれる列",
            (Column("choice", _NUMBER, "choice.choice"), Column("series_no", _NUMBER, "series.series_no")),
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
                Column("format_version", _NUMBER, "表の形式の版"),
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
