"""The officer's Excel list: who is written to, who is held and why, and on what conditions; under a password.

Built and encrypted in memory (agile encryption, AES-256): no clear workbook ever reaches the disk.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO

import xlsxwriter
from msoffcrypto.format.ooxml import OOXMLFile
from xlsxwriter.worksheet import Worksheet

from workbench.followup.mailing import REASON_TEXTS, Contact, Held, Mailing, Reason
from workbench.outputs.columns import codes_of
from workbench.outputs.wording import slot_label

FONT = "游ゴシック"
A3 = 8  # seventeen columns on A4 could not be read
FIRST_EXCEL_DAY = date(1900, 3, 1)  # before it Excel's calendar has a day too many
ATENA_DIGITS = 15

_PERSON = (("宛名番号", 17), ("氏名", 18), ("カナ", 22), ("生年月日", 12))
_HOME = (("郵便番号", 10), ("住所", 34), ("方書", 24), ("電話番号", 15))
_DOSE = (("接種", 30), ("期限", 12), ("状態", 14))
_DESTINATION = (("宛先", 30), ("宛先郵便番号", 12), ("宛先住所", 34), ("宛先方書", 24), ("転入日", 12))
LETTER_COLUMNS = (("整理番号", 27), *_PERSON, *_HOME, *_DOSE, *_DESTINATION)
HELD_COLUMNS = (("理由", 30), ("対応", 32), *_PERSON, *_HOME, *_DOSE)
COUNT_COLUMNS = (("区分", 10), ("理由", 36), ("人数", 8), ("対応", 44))

Cell = str | int | date | None


@dataclass(frozen=True)
class RestrictedList:
    """What the workbook holds: letters by their number, people on hold, counts by reason, and its conditions."""

    title: str
    letters: Sequence[tuple[str, Mailing]]
    held: Sequence[Held]
    counts: Mapping[Reason, int]  # left out and held
    conditions: Sequence[tuple[str, str]]  # title, value


def encrypted_workbook(content: RestrictedList, *, password: str, at: datetime) -> bytes:
    """Return the list as an .xlsx file that opens only with `password`."""
    clear = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(clear, options) as book:
        book.set_properties({"title": content.title, "created": at.astimezone(UTC).replace(tzinfo=None)})
        formats = _formats(book)
        letters = [(number, *_letter_cells(letter)) for number, letter in content.letters]
        _add_table(book, "宛名リスト", LETTER_COLUMNS, letters, formats)
        _add_table(book, "除外・保留", COUNT_COLUMNS, _count_cells(content.counts), formats)
        held = [_held_cells(person) for person in content.held]
        _add_table(book, "保留者", HELD_COLUMNS, held, formats)
        _add_conditions(book.add_worksheet("作成条件"), content, formats)
    sealed = BytesIO()
    OOXMLFile(clear).encrypt(password, sealed)
    return sealed.getvalue()


def _letter_cells(letter: Mailing) -> tuple[Cell, ...]:
    contact = letter.contact
    to = contact.destination
    return (
        *_contact_cells(contact),
        letter.addressee,
        to.postcode,
        to.address,
        to.building,
        contact.moved_in_on if letter.moved_in_recently else None,
    )


def _held_cells(person: Held) -> tuple[Cell, ...]:
    text = REASON_TEXTS[person.reason]
    return (text.title, text.todo, *_contact_cells(person.contact))


def _contact_cells(contact: Contact) -> tuple[Cell, ...]:
    listed, home = contact.listed, contact.registered
    return (
        f"{contact.atena_number:0{ATENA_DIGITS}d}",
        contact.name,
        contact.kana,
        contact.birth_date,
        home.postcode,
        home.address,
        home.building,
        contact.phone,
        slot_label(listed.slot),
        listed.closes_on,
        codes_of("status").get(listed.status, listed.status),
    )


def _count_cells(counts: Mapping[Reason, int]) -> list[tuple[Cell, ...]]:
    return [
        ("保留" if text.held else "除外", text.title, counts[reason], text.todo)
        for reason, text in REASON_TEXTS.items()
        if counts.get(reason)
    ]


def _formats(book: xlsxwriter.Workbook) -> dict[str, object]:
    base = {"font_name": FONT, "font_size": 10, "valign": "vcenter", "border": 1, "border_color": "#BFBFBF"}
    return {
        "text": book.add_format(base | {"num_format": "@", "text_wrap": True}),
        "date": book.add_format(base | {"num_format": "yyyy/mm/dd", "align": "left"}),
        "count": book.add_format(base | {"num_format": "#,##0"}),
        "header": book.add_format(base | {"bold": True, "bg_color": "#DDE6EF", "text_wrap": True}),
        "title": book.add_format({"font_name": FONT, "font_size": 13, "bold": True}),
    }


def _add_table(
    book: xlsxwriter.Workbook,
    name: str,
    columns: Sequence[tuple[str, int]],
    lines: Iterable[Sequence[Cell]],
    formats: Mapping[str, object],
) -> None:
    sheet = book.add_worksheet(name)
    for column, (title, width) in enumerate(columns):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, title, formats["header"])
    last = 0
    for last, line in enumerate(lines, 1):
        for column, cell in enumerate(line):
            _write(sheet, (last, column), cell, formats)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, last, len(columns) - 1)
    _set_up_print(sheet, name)


def _write(sheet: Worksheet, place: tuple[int, int], cell: Cell, formats: Mapping[str, object]) -> None:
    """Write one cell; text stays text, so that leading zeros stay and nothing becomes a formula."""
    if isinstance(cell, int):
        sheet.write_number(*place, cell, formats["count"])
    elif isinstance(cell, date) and cell >= FIRST_EXCEL_DAY:
        sheet.write_datetime(*place, cell, formats["date"])
    elif not cell:
        sheet.write_blank(*place, None, formats["text"])
    else:
        sheet.write_string(*place, str(cell), formats["text"])


def _add_conditions(sheet: Worksheet, content: RestrictedList, formats: Mapping[str, object]) -> None:
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 76)
    sheet.write_string(0, 0, content.title, formats["title"])
    for row, (title, value) in enumerate(content.conditions, 2):
        sheet.write_string(row, 0, title, formats["header"])
        sheet.write_string(row, 1, value, formats["text"])
    _set_up_print(sheet, "作成条件")


def _set_up_print(sheet: Worksheet, name: str) -> None:
    sheet.set_landscape()
    sheet.set_paper(A3)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    sheet.set_header(f"&L{name}&R取扱注意（個人情報）")
    sheet.set_footer("&C&P / &N")
