"""Letters as objects: pages, the address window, words, glyphs, the lock on the file."""

import io
import json
import subprocess
from dataclasses import replace
from datetime import date

import numpy as np
import pypdf
import pytest
from pydantic import ValidationError

from tests.tables import rows
from workbench.errors import LetterError
from workbench.outputs import typesetter
from workbench.outputs.envelopes import Envelope, address_area, envelope
from workbench.outputs.letters import CHUNK, Batch, Letter, can_print, fitted, letter_data, make_pdf
from workbench.outputs.wording import (
    SharedWords,
    letter_day,
    letter_day_with_weekday,
    letter_words,
    programmes,
    shared_words,
)
from workbench.schedule import load
from workbench.settings import Office

PASSWORD = "only-for-these-tests"
OFFICE = Office()
AS_OF = date(2026, 11, 1)
SLOTS = sorted(programmes())
NAGA3 = envelope()
AREA = address_area(NAGA3)
LONG_ADDRESS = "桜浜市北部地区大字上桜浜字東谷地一丁目1234番地の567"
LONG_BUILDING = "グランドメゾン桜浜中央公園前ザ・タワーレジデンス イーストウイング 3階3015号室"
LONG_NAME = "マクシミリアン アレクサンダー ロドリゲス ガルシア"


def batch(slots=("MR2-1",)):
    return Batch(OFFICE, letter_words(slots, office=OFFICE, as_of=AS_OF), "3f9a12bc77aa01de" * 4)


def letter(**changes):
    plain = Letter(
        number="L20261101-093000-3f9a-0001",
        slot="MR2-1",
        deadline="令和9年3月31日（水）",
        name="桜浜 花子",
        postcode="999-0001",
        address="桜浜市中央一丁目1番1号",
        building="桜荘101",
        addressee="桜浜 花子 様 の 保護者 様",
        to_guardian=True,
        moved_in=False,
    )
    return replace(plain, **changes)


def named(name, **changes):
    return letter(name=name, addressee=f"{name} 様 の 保護者 様", **changes)


def pages_of(letters, slots=("MR2-1",)):
    pdf = make_pdf(fitted(letters, batch(slots)), batch(slots), password=PASSWORD)
    return pypdf.PdfReader(io.BytesIO(pdf), password=PASSWORD).pages


def text_of(letters, slots=("MR2-1",)):
    return ["".join(page.extract_text().split()) for page in pages_of(letters, slots)]


def marks_of(letters, slots=("MR2-1",)):
    """Return what typst says of where things lie: one dict of (x, y) in mm for each letter."""
    data = letter_data("pdf", fitted(letters, batch(slots)), batch(slots), trace=True)
    found = json.loads(typesetter.compiler(json.dumps(data)).query("<mark>", field="value"))
    places = [{} for _ in letters]
    for mark in found:
        places[mark["page"] - 1][mark["what"]] = (mark["x"], mark["y"])
    return places


# ---------------------------------------------------------------- words


def test_every_class_a_slot_of_the_schedule_has_words_and_no_other():
    urged = [programme for programme in load().programmes if programme.category == "A"]
    assert {slot.slot for programme in urged for slot in programme.slot} == set(SLOTS)


def test_dates_are_written_as_the_law_writes_them():
    assert letter_day_with_weekday(date(2027, 3, 31)) == "令和9年3月31日（水）"
    assert letter_day(date(2019, 5, 1)) == "令和元年5月1日"
    with pytest.raises(LetterError, match="令和より前"):
        letter_day(date(2019, 4, 30))


def test_a_slot_without_words_makes_no_letter():
    with pytest.raises(LetterError, match="文面がない"):
        letter_words(["MR2-1", "HZR-1"], office=OFFICE, as_of=AS_OF)


def test_only_class_a_words_may_urge():
    with pytest.raises(ValidationError, match="category"):
        SharedWords.model_validate(shared_words().model_dump() | {"category": "B"})


def test_a_letter_says_what_a_reminder_must_say():
    [text] = text_of([letter()])

    for part in (
        "麻しん風しん混合（MR）第2期予防接種のお知らせ―まだお済みでない方へ―",
        "令和9年3月31日（水）この日を過ぎると定期接種（無料）では受けられず、任意接種（有料）となります。",
        "桜浜花子様の保護者様",
        "お子さま",
        "協力医療機関",
        "持ち物母子健康手帳、予診票、マイナ保険証",
        "予診票がないとき再発行",
        "行き違い",
        "長期療養特例",
        "希望しない方",
        "電話0999-00-1234平日午前8時30分から午後5時15分まで",
        "個人情報の取扱いについてのお問い合わせ",
        "作成基準日令和8年11月1日",
        "整理番号L20261101-093000-3f9a-0001台帳3f9a12bc77aa01de",
    ):
        assert part in text
    assert "転入" not in text


def test_sentences_that_only_some_need():
    newcomer, grown = text_of([letter(moved_in=True), letter(to_guardian=False, addressee="桜浜 花子 様")])

    assert "市外から転入された方" in newcomer
    assert "お子さま" not in grown


# ---------------------------------------------------------------- pages and the window


def test_one_page_a_letter_whatever_the_slot_and_however_long_the_name():
    worst = [named(LONG_NAME * 3, slot=slot, moved_in=True, address=LONG_ADDRESS, building="") for slot in SLOTS]

    assert len(pages_of(worst, SLOTS)) == len(SLOTS)


EXTREMES = [
    letter(),
    letter(postcode="", building=""),
    letter(address=LONG_ADDRESS, building=LONG_BUILDING),
    named(LONG_NAME, address=LONG_ADDRESS, building=LONG_BUILDING),
    named("ABCDEFGH" * 9),
    named("W" * 17 + " " + "W" * 14, building="W" * 14),
    named("WILHELMINA CHRISTOPHINA VAN DER WESTHUIZEN-OOSTHUIZEN", building="W" * 60),
    named("ﾏｸｼﾐﾘｱﾝ" * 8),
    named("花" * 60, address="桜" * 40, building=""),
]


@pytest.mark.parametrize("slide", [(0, 0), (25, 0), (0, 21), (25, 21)], ids=str)
def test_the_address_shows_wherever_the_sheet_slides_in_the_envelope(slide):
    window = NAGA3.window
    left, top = window.left_mm - slide[0], window.top_mm - slide[1]

    assert all(fitted(EXTREMES, batch()))
    for place in marks_of(EXTREMES):
        assert place["address"] == pytest.approx((AREA.left, AREA.top))
        assert left <= AREA.left
        assert AREA.left + AREA.width <= left + window.width_mm
        assert top <= place["address"][1] < place["address end"][1] <= top + window.height_mm
        assert place["body"][1] >= top + window.height_mm
        assert place["sender"][0] >= left + window.width_mm


def test_ink_in_the_window_is_the_address_and_nothing_else(tmp_path, pdftoppm):
    pdf = tmp_path / "letters.pdf"
    pdf.write_bytes(make_pdf(fitted(EXTREMES, batch()), batch(), password=PASSWORD))
    drawn = subprocess.run(  # noqa: S603 - poppler's own program
        [pdftoppm, "-upw", PASSWORD, "-r", "127", "-gray", pdf], capture_output=True, check=True, timeout=60
    ).stdout
    pictures = list(_pictures(drawn))

    assert len(pictures) == len(EXTREMES)
    for picture in pictures:
        ink = picture[: round(AREA.clear_bottom * 5), : round(AREA.clear_right * 5)] < 200  # 5 dots a mm
        down, right = (np.flatnonzero(ink.any(axis=axis)) / 5 for axis in (1, 0))
        assert AREA.top <= down.min() < down.max() <= AREA.top + AREA.height
        assert AREA.left <= right.min() + 0.2
        assert right.max() <= AREA.left + AREA.width


def _pictures(data):
    """Yield each picture of pdftoppm's stream (PGM) as rows of dots."""
    while data:
        _, size, _, rest = data.split(b"\n", 3)
        width, height = map(int, size.split())
        yield np.frombuffer(rest[: width * height], np.uint8).reshape(height, width)
        data = rest[width * height :]


def test_what_fits_at_no_size_is_said_not_cut():
    too_long = [letter(address="桜" * 300), named("花" * 200), letter(name="花" * 200)]

    assert fitted([letter(), *too_long], batch())[1:] == [None, None, None]


def test_usual_addresses_are_printed_large():
    assert fitted([letter()], batch())[0].address_size == max(NAGA3.text.sizes_pt)


BAD_ENVELOPES = rows("""
    case                              | part     | change
    a sheet wider than the envelope   | folded   | width_mm=240
    a window smaller than the play    | window   | height_mm=20
""")


@pytest.mark.parametrize("case", BAD_ENVELOPES, ids=lambda case: case["case"])
def test_an_envelope_that_cannot_be_is_refused(case):
    name, value = case["change"].split("=")
    record = NAGA3.model_dump()
    record[case["part"]][name] = float(value)

    with pytest.raises(LetterError, match="封筒の寸法"):
        address_area(Envelope.model_validate(record))


def test_calibration_moves_the_address_by_at_most_three_millimetres():
    record = NAGA3.model_dump() | {"calibration": {"right_mm": -2, "down_mm": 3}}
    moved = address_area(Envelope.model_validate(record))

    assert (moved.left, moved.top) == (AREA.left - 2, AREA.top + 3)
    assert (moved.clear_right, moved.clear_bottom) == (AREA.clear_right, AREA.clear_bottom)
    with pytest.raises(ValidationError, match="calibration"):
        Envelope.model_validate(record | {"calibration": {"right_mm": 4, "down_mm": 0}})


# ---------------------------------------------------------------- glyphs and markup

GLYPHS = rows("""
    case                         | text         | printable
    plain                        | 桜浜 花子     | yes
    beyond JIS X 0208            | 髙﨑𠮷田      | yes
    Latin with accents           | NGUYỄN ÉVA   | yes
    half-width kana              | ｻｸﾗﾊﾏ        | yes
    private use (gaiji)          | 桜\ue000浜    |
    a variation the font has     | 葛\U000e0100城 | yes
    a variation the font has not | 花\U000e01ee  |
    a variation of nothing       | \U000e0100   |
    another script               | สมชาย        |
    a tabulator                  | 桜\t浜      |
""")


@pytest.mark.parametrize("case", GLYPHS, ids=lambda case: case["case"])
def test_what_the_font_can_print(case):
    assert can_print(case["text"]) == (case["printable"] == "yes")


def test_a_name_is_never_markup():
    name = '#panic("x") $a$ *b* \\ @c <d> // e'

    assert "".join(name.split()) in text_of([named(name)])[0]


# ---------------------------------------------------------------- the file


def test_the_pdf_opens_only_with_its_password():
    pdf = make_pdf(fitted([letter()], batch()), batch(), password=PASSWORD)

    assert b"AESV3" in pdf
    with pytest.raises(pypdf.errors.FileNotDecryptedError):
        len(pypdf.PdfReader(io.BytesIO(pdf)).pages)


def test_more_letters_than_one_document_holds_stay_in_order():
    many = [letter(number=f"N{number:04d}") for number in range(CHUNK + 3)]
    seen = []

    pdf = make_pdf(fitted(many, batch()), batch(), password=PASSWORD, progress=lambda done, of: seen.append((done, of)))

    pages = pypdf.PdfReader(io.BytesIO(pdf), password=PASSWORD).pages
    assert seen == [(CHUNK, CHUNK + 3), (CHUNK + 3, CHUNK + 3)]
    assert len(pages) == CHUNK + 3
    for number in (0, CHUNK - 1, CHUNK, CHUNK + 2):
        assert f"N{number:04d}" in pages[number].extract_text()


def test_a_letter_that_needs_two_pages_stops_the_batch():
    words = letter_words(["MR2-1"], office=OFFICE, as_of=AS_OF)
    words["slots"]["MR2-1"]["sections"][0]["text"] = ["とても長い文。" * 400]

    with pytest.raises(LetterError, match="組版に失敗"):
        make_pdf(fitted([letter()], batch()), replace(batch(), words=words), password=PASSWORD)


def test_a_failure_of_the_typesetter_quotes_nothing():
    broken = replace(batch(), words={})

    with pytest.raises(LetterError, match="組版に失敗") as caught:
        make_pdf(fitted([letter()], batch()), broken, password=PASSWORD)

    assert caught.value.__context__ is None
    assert "桜浜 花子" not in str(caught.value)
