"""Small extracts written by hand for tests: a row is its differences from an ordinary one."""

import csv
import io
from pathlib import Path

MY_NUMBERS = ("123456789018", "223456789012", "323456789017", "111111111118", "555555555557", "100000000005")

RESIDENT = {
    "宛名番号": "000000000000001",
    "個人番号": MY_NUMBERS[0],
    "住民票コード": "12345678901",
    "世帯番号": "000000000000100",
    "氏名": "試験 花子",
    "氏名カナ": "シケン ハナコ",
    "生年月日": "2020-04-02",
    "生年月日不詳区分": "0",
    "性別": "2",
    "郵便番号": "999-0001",
    "住所": "桜浜市みどり一丁目2番3号",
    "方書": "",
    "地区コード": "01",
    "住民区分": "1",
    "転入日": "",
    "転出日": "",
    "死亡日": "",
    "電話番号": "0999-00-0001",
    "備考": "",
}
DOSE = {
    "宛名番号": "000000000000001",
    "個人番号": MY_NUMBERS[0],
    "接種種類コード": "10006",
    "期": "1",
    "回数": "01",
    "接種日": "2021-05-10",
    "法定区分": "1",
    "実施区分": "1",
    "医療機関コード": "",
    "ワクチン名": "",
    "ロット番号": "A001",
    "接種量": "0.50",
    "備考": "",
}
EXEMPTION = {
    "宛名番号": "000000000000001",
    "接種種類コード": "10006",
    "事由区分": "1",
    "開始日": "2022-01-01",
    "終了日": "",
    "備考": "",
}
DELIVERY = {
    "宛名番号": "000000000000001",
    "送付先区分": "1",
    "送付先氏名": "試験 太郎",
    "郵便番号": "999-0002",
    "住所": "桜浜市あおば二丁目1番",
    "方書": "",
    "開始日": "2024-01-01",
    "終了日": "",
    "備考": "",
}
PROTECTION = {"宛名番号": "000000000000001", "支援措置区分": "1", "開始日": "2026-01-01", "終了日": "", "備考": ""}
SPECIAL = {
    "宛名番号": "000000000000001",
    "接種種類コード": "10006",
    "事由区分": "1",
    "事由終了日": "2026-03-01",
    "証明書番号": "",
    "備考": "",
}
PREGNANCY = {"宛名番号": "000000000000001", "出産予定日": "2026-12-01", "備考": ""}
DESIGNATED = {"宛名番号": "000000000000001", "接種種類コード": "20001", "対象区分": "1", "備考": ""}
ORDINARY = {
    "住民.csv": RESIDENT,
    "接種記録.csv": DOSE,
    "対象外事由.csv": EXEMPTION,
    "送付先.csv": DELIVERY,
    "支援措置.csv": PROTECTION,
    "長期療養特例.csv": SPECIAL,
    "妊娠届.csv": PREGNANCY,
    "特別対象者.csv": DESIGNATED,
}
EXTRACT_TOML = """\
layout = "standard"
municipality_code = "992011"
municipality_name = "桜浜市"
extracted_on = 2026-11-01
"""


def resident(number: int, **changes: str) -> dict[str, str]:
    """Return resident `number` (1-6), who differs from the ordinary one in number, household and My Number."""
    own = {
        "宛名番号": f"{number:015d}",
        "個人番号": MY_NUMBERS[number - 1],
        "住民票コード": f"{12345678900 + number}",
        "世帯番号": f"{100 + number:015d}",
    }
    return RESIDENT | own | changes


def row_of(number: int, ordinary: dict[str, str], **changes: str) -> dict[str, str]:
    """Return a row of another file that belongs to resident `number`."""
    own = {"宛名番号": f"{number:015d}"}
    if "個人番号" in ordinary:
        own["個人番号"] = MY_NUMBERS[number - 1]
    return ordinary | own | changes


def csv_text(file: str, rows: list[dict[str, str]]) -> str:
    """Return the CSV text of `rows`, header first, CRLF at line ends."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(ORDINARY[file]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def write_extract(folder: Path, files: dict[str, list[dict[str, str]]], *, encoding: str = "utf-8") -> Path:
    """Write a complete extract; files not named hold only a header."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "extract.toml").write_text(EXTRACT_TOML, encoding="utf-8")
    for file in ORDINARY:
        (folder / file).write_bytes(csv_text(file, files.get(file, [])).encode(encoding))
    return folder
