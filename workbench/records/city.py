"""The tables of a city: persons, their doses and how these are judged, and where the snapshot comes from."""

import pyarrow as pa

from workbench.records.spec import COUNT, DAY, ID, NUMBER, TEXT, WINDOW_DAYS, Column, TableSpec

CITY_TABLES = (
    TableSpec(
        "person",
        "住民（除票を含む）。個人を直接示す項目はない",
        (
            Column("person_id", ID, "宛名番号から鍵付きで作った仮名（HMAC-SHA-256の先頭64ビット）"),
            Column("birth_date", DAY, "生年月日。日まで分かる人だけ", nullable=True),
            Column("birth_date_precision", TEXT, "day | month | year | unknown（不詳の程度）"),
            Column("birth_earliest", DAY, "ありうる最も早い生年月日", nullable=True),
            Column("birth_latest", DAY, "ありうる最も遅い生年月日", nullable=True),
            Column("sex", TEXT, "M | F | U"),
            Column("district", TEXT, "地区コード（中学校区）", nullable=True),
            Column("household_id", ID, "世帯番号から鍵付きで作った仮名", nullable=True),
            Column("resident_from", DAY, "住民となった日（転入日、なければ生年月日）", nullable=True),
            Column("resident_until", DAY, "住民であった最後の日（転出日・死亡日の前日）。住民はNULL", nullable=True),
            Column("residency", TEXT, "抽出日の住民区分 resident | moved_out | died | not_registered"),
            Column("moved_in_on", DAY, "転入日", nullable=True),
        ),
    ),
    TableSpec(
        "dose",
        "接種記録。1行が1回の接種",
        (
            Column("person_id", ID, "person.person_id"),
            Column(
                "vaccine",
                TEXT,
                "ワクチンの記号（MR, DPIH, …）。コード表になければ unknown:元のコード または unknown",
            ),
            Column("product", TEXT, "製品の記号またはワクチン名", nullable=True),
            Column("stage", TEXT, "記録された期 1 | 1A（1期追加）| 2", nullable=True),
            Column("dose_no", NUMBER, "記録された回数（信用せず、順序と突き合わせる）", nullable=True),
            Column("given_on", DAY, "接種日"),
            Column("legal_class", TEXT, "routine 定期 | voluntary 任意 | temporary 臨時"),
            Column("setting", TEXT, "実施区分 individual | mass | elsewhere | unknown"),
            Column("lot", TEXT, "ロット番号", nullable=True),
            Column("clinic", TEXT, "医療機関コード", nullable=True),
            Column("amount_ml", pa.float64(), "接種量（mL）", nullable=True),
            Column("source", TEXT, "どの抽出ファイルから来たか"),
        ),
    ),
    TableSpec(
        "exemption",
        "対象外事由",
        (
            Column("person_id", ID, "person.person_id"),
            Column("vaccine", TEXT, "ワクチンの記号"),
            Column("reason", TEXT, "had_disease | contraindicated | declined | vaccinated_elsewhere"),
            Column("from_on", DAY, "始まりの日"),
            Column("until_on", DAY, "終わりの日（含む）。続いていればNULL", nullable=True),
        ),
    ),
    TableSpec(
        "special",
        "特別の事情（長期療養特例など）",
        (
            Column("person_id", ID, "person.person_id"),
            Column(
                "kind",
                TEXT,
                "long_term_care 長期療養特例 | pregnancy 妊娠 | designated_condition | rubella_antibody_low",
            ),
            Column("vaccine", TEXT, "ワクチンの記号"),
            Column("reason_end_on", DAY, "特別の事情がなくなった日。妊娠では出産予定日", nullable=True),
        ),
    ),
    TableSpec(
        "asked",
        "人ごとに違う基準日で尋ねるときの基準日。スナップショットでは空",
        (
            Column("person_id", ID, "person.person_id"),
            Column("as_of", DAY, "基準日"),
            Column("extracted_on", DAY, "抽出日", nullable=True),
        ),
    ),
    TableSpec(
        "person_cohort",
        "生年月日だけで決まらない対象者の区分に入る人",
        (
            Column("person_id", ID, "person.person_id"),
            Column("cohort", TEXT, "cohort.cohort"),
            Column("vaccine", TEXT, "この記号の枠についてだけ。空はすべて", nullable=True),
        ),
    ),
    TableSpec(
        "own_window",
        "生年月日だけで決まらない対象期間（特別な対象者、長期療養特例、妊娠）。人ごと",
        (
            Column("person_id", ID, "person.person_id"),
            Column("episode", pa.int32(), "妊娠ごとの番号。ほかは0"),
            Column("slot_no", NUMBER, "枠の番号（slot.display_order）"),
            *WINDOW_DAYS,
        ),
    ),
    TableSpec(
        "judged",
        "数えられる接種の評価。接種と列ごと。列が必要かどうかは基準日の接種歴による",
        (
            Column("dose_id", ID, "doseの行番号"),
            Column("person_id", ID, "person.person_id"),
            Column("birth_date", DAY, "生年月日", nullable=True),
            Column("vaccine_no", NUMBER, "vaccine.vaccine_no", nullable=True),
            Column("series_no", NUMBER, "series.series_no。どの列にも数えない接種は0"),
            Column("episode", pa.int32(), "年度、または妊娠の番号。生涯の列は0"),
            Column("given_on", DAY, "接種日"),
            Column("variant_no", NUMBER, "初回の接種による区分", nullable=True),
            Column("position", NUMBER, "列の中の順番。重複は空", nullable=True),
            Column("slot_no", NUMBER, "埋めた枠の番号", nullable=True),
            Column("evaluation", TEXT, "評価"),
            Column("reason", TEXT, "評価の理由"),
            Column("opens_on", DAY, "その日の法令による対象の初日", nullable=True),
            Column("closes_on", DAY, "その日の法令による対象の末日", nullable=True),
            Column("earliest_on", DAY, "前の接種から必要な間隔が過ぎた最初の日", nullable=True),
            Column("standard_from", DAY, "標準的な間隔の最初の日", nullable=True),
            Column("standard_until", DAY, "標準的な間隔の最後の日", nullable=True),
        ),
    ),
    TableSpec(
        "clinic",
        "医療機関コード表",
        (Column("clinic", TEXT, "医療機関コード"), Column("name", TEXT, "名称")),
    ),
    TableSpec(
        "district",
        "地区コード表",
        (Column("district", TEXT, "地区コード"), Column("name", TEXT, "名称")),
    ),
    TableSpec(
        "quality",
        "取り込みの結果。ファイルと理由ごとの行数",
        (
            Column("source", TEXT, "抽出ファイル"),
            Column("outcome", TEXT, "read | kept | duplicate | quarantined | noted"),
            Column("reason", TEXT, "理由の記号（outcomeがread・keptのときは空）"),
            Column("rows", COUNT, "行数"),
        ),
    ),
    TableSpec(
        "about",
        "このスナップショットの由来。1行だけ",
        (
            Column("snapshot_id", TEXT, "スナップショットの名前"),
            Column("extracted_on", DAY, "抽出日"),
            Column("municipality_code", TEXT, "全国地方公共団体コード"),
            Column("domain", TEXT, "仮名の用途の名前"),
            Column("rule_version", TEXT, "規則データの版"),
            Column("code_version", TEXT, "プログラムの版"),
            Column("format_version", NUMBER, "表の形式の版"),
        ),
    ),
)
