"""The files of the standard layout, column by column, as a city's systems would write them."""

RESIDENTS, DOSES, EXEMPTIONS = "住民.csv", "接種記録.csv", "対象外事由.csv"
DELIVERIES, PROTECTIONS, SPECIALS = "送付先.csv", "支援措置.csv", "長期療養特例.csv"
PREGNANCIES, DESIGNATED = "妊娠届.csv", "特別対象者.csv"
DISTRICTS, CLINICS = "地区.csv", "医療機関.csv"

_COLUMNS = {
    RESIDENTS: """
        宛名番号 個人番号 住民票コード 世帯番号 氏名 氏名カナ 生年月日 生年月日不詳区分 性別 郵便番号 住所 方書
        地区コード 住民区分 転入日 転出日 死亡日 電話番号 備考""",
    DOSES: """
        宛名番号 個人番号 接種種類コード 期 回数 接種日 法定区分 実施区分 医療機関コード ワクチン名 ロット番号
        接種量 備考""",
    EXEMPTIONS: "宛名番号 接種種類コード 事由区分 開始日 終了日 備考",
    DELIVERIES: "宛名番号 送付先区分 送付先氏名 郵便番号 住所 方書 開始日 終了日 備考",
    PROTECTIONS: "宛名番号 支援措置区分 開始日 終了日 備考",
    SPECIALS: "宛名番号 接種種類コード 事由区分 事由終了日 証明書番号 備考",
    PREGNANCIES: "宛名番号 出産予定日 備考",
    DESIGNATED: "宛名番号 接種種類コード 対象区分 備考",
    DISTRICTS: "地区コード 地区名",
    CLINICS: "医療機関コード 医療機関名",
}
COLUMNS = {file: tuple(titles.split()) for file, titles in _COLUMNS.items()}
