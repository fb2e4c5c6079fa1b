"""The officer's job on a real vault and ledger: list in, sealed letters and Excel list out, one entry."""

import dataclasses
import hashlib
import io
import json
import re
import resource
import signal
import stat
from datetime import date, datetime

import msoffcrypto
import openpyxl
import pandas as pd
import pyarrow as pa
import pypdf
import pytest

from tests.officers import approved, hers
from tests.tables import rows
from workbench.errors import ApprovalError, LetterError, ListError, StorageError, VaultError
from workbench.followup.mailing import REASON_TEXTS, Reason
from workbench.ledger import Ledger, read_head
from workbench.outputs.letter_batch import make_letters, new_password
from workbench.outputs.lists import write_list
from workbench.settings import Home, Settings
from workbench.vault import REGISTER, Approval, Vault

AT = datetime.fromisoformat("2026-11-04T09:30:00+09:00")
SNAPSHOT = "20261101-20261104T080000"
PASSWORD = new_password()
PLAIN = dict.fromkeys(REGISTER.names) | {
    "sex": "F",
    "birth_date": date(2020, 5, 1),
    "postcode": "9990001",
    "address": "桜浜市中央一丁目1番1号",
    "building": "桜荘101",
    "phone": "0999000001",
    "residency": "resident",
    "is_foreign": False,
    "protected": False,
    "protected_household": False,
    "mail_returned": False,
}
PEOPLE = rows("""
    name        | fields                                              | outcome
    桜浜 一子    | moved_in_on=2026-10-01                              | letter
    桜浜 二子    |                                                     | letter
    髙橋 三郎    | residency=died                                      | died
    桜浜 四子    | residency=moved_out                                 | moved_out
    秘匿 五子    | protected=True, household_id=5                      | protected
    秘匿 六子    | protected_household=True, household_id=5            | protected_household
    桜浜 七子    | mail_returned=True                                  | mail_returned
    桜浜 八子    | delivery_kind=facility                              | facility
    桜浜\ue000子  |                                                     | glyph_missing
    =SUM(A1)    |                                                     | letter
    桜浜 長子    | address=東谷地                                      | too_long
    桜浜 十子    | address=                                            | no_address
    北町 次郎    | delivery_kind=guardian, delivery_recipient=後見 一郎, delivery_address=桜浜市北町2番 | letter
""")
LETTERS = ["桜浜 一子", "桜浜 二子", "=SUM(A1)", "北町 次郎"]  # in the order of the list
HIDDEN = {"秘匿 五子", "秘匿 六子", "髙橋 三郎", "桜浜 四子"}  # on no sheet


def person(number, case):
    fields = dict(pair.strip().split("=") for pair in (case["fields"] or "").split(",") if pair.strip())
    typed = {name: _typed(name, text) for name, text in fields.items()}
    if typed.get("address"):
        typed["address"] *= 200
    own = {"person_id": number, "atena_number": number, "household_id": 100 + number, "name": case["name"]}
    return PLAIN | own | typed


def _typed(name, text):
    if name == "moved_in_on":
        return date.fromisoformat(text)
    if name == "household_id":
        return int(text)
    return True if text == "True" else text


@dataclasses.dataclass
class Office:
    """An installation with a register and a list of everybody in it, and one person nobody knows."""

    home: Home
    vault: Vault
    ledger: Ledger
    list_file: object

    def make(self, **changes):
        given = {
            "home": self.home,
            "settings": Settings(),
            "vault": self.vault,
            "ledger": self.ledger,
            "password": PASSWORD,
            "at": AT,
        }
        if "approval" not in changes:
            changes["approval"] = approved(self.ledger, self.list_file) if self.list_file.exists() else None
        return make_letters(self.list_file, **given | changes)

    def write(self, people, *, snapshot=SNAPSHOT, slot="MR2-1"):
        listed = pd.DataFrame({"person_id": people, "slot": slot, "status": "due", "reason": "valid"})
        listed["closes_on"] = date(2027, 3, 31)
        write_list(listed, self.list_file, as_of=date(2026, 11, 1), snapshot_id=snapshot)


def open_office(root):
    home = Home(root / "var")
    home.registers.mkdir(parents=True)
    register = [person(number, case) for number, case in enumerate(PEOPLE, 1)]
    vault = Vault(home.vault / SNAPSHOT, b"k" * 32)
    vault.write(pa.Table.from_pylist(register, schema=REGISTER))
    office = Office(home, vault, hers(home.registers / "ledger.jsonl"), root / "list.csv")
    office.write([*range(1, len(PEOPLE) + 1), 999])
    return office


@pytest.fixture
def office(tmp_path):
    return open_office(tmp_path)


@pytest.fixture(scope="module")
def worked(tmp_path_factory):
    office = open_office(tmp_path_factory.mktemp("office"))
    return office, office.make()


@pytest.fixture(scope="module")
def sheets(worked):
    sealed, clear = msoffcrypto.OfficeFile(io.BytesIO(worked[1].workbook.read_bytes())), io.BytesIO()
    sealed.load_key(password=PASSWORD)
    sealed.decrypt(clear)
    book = openpyxl.load_workbook(clear)
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}


def entries(office):
    """Return every use of identities in the ledger."""
    return [dataclasses.asdict(entry) for entry in office.ledger.entries() if entry.action == "reveal"]


def test_everybody_listed_is_a_letter_or_counted_with_a_reason(worked):
    _, batch = worked

    expected = [case["outcome"] for case in PEOPLE if case["outcome"] != "letter"]
    assert batch.letter_count == len(LETTERS)
    assert batch.counts == {**dict.fromkeys(map(Reason, expected), 1), Reason.UNKNOWN_PERSON: 1}
    assert batch.letter_count + sum(batch.counts.values()) == batch.listed_count == len(PEOPLE) + 1
    assert batch.held_count == sum(REASON_TEXTS[Reason(reason)].held for reason in expected)
    assert [line[1] for line in batch.lines] == [1] * len(batch.counts)


def test_the_pdf_holds_one_page_for_each_letter(worked):
    pages = pypdf.PdfReader(worked[1].letters_pdf, password=PASSWORD).pages

    texts = ["".join(page.extract_text().split()) for page in pages]
    assert len(texts) == len(LETTERS)
    for number, (text, name) in enumerate(zip(texts, LETTERS, strict=True), 1):
        assert name.replace(" ", "") in text
        assert f"{worked[1].batch_id}-{number:04d}" in text
        assert worked[1].ledger_head.text in text
    assert "〒999-0001" in texts[0]
    assert ["市外から転入" in text for text in texts] == [True, False, False, False]
    assert "後見一郎様" in texts[3]


def test_the_excel_list_names_who_is_written_to_and_who_is_held(sheets):
    header, *letters = sheets["宛名リスト"]
    _, *held = sheets["保留者"]

    assert header[:8] == ["整理番号", "宛名番号", "氏名", "カナ", "生年月日", "郵便番号", "住所", "方書"]
    assert [row[2] for row in letters] == LETTERS
    assert letters[0][1] == "000000000000001"
    assert letters[0][5:14] == [
        "9990001",
        "桜浜市中央一丁目1番1号",
        "桜荘101",
        "0999000001",
        "麻しん風しん混合（MR）第2期",
        datetime(2027, 3, 31),  # noqa: DTZ001 - Excel's days have no zone
        "標準期間中",
        "桜浜 一子 様 の 保護者 様",
        "9990001",
    ]
    assert letters[3][12:15] == ["後見 一郎 様", None, "桜浜市北町2番"]
    assert {row[3] for row in held} == {"桜浜 七子", "桜浜 八子", "桜浜\ue000子", "桜浜 長子", "桜浜 十子"}


def test_the_protected_the_dead_and_the_moved_stand_on_no_sheet(sheets):
    cells = {cell for sheet in sheets.values() for row in sheet for cell in row}

    assert not cells & HIDDEN
    assert ["除外", "支援措置の対象", 1, "支援措置の担当者が個別に対応"] in sheets["除外・保留"]


def test_the_excel_list_says_by_whose_leave_and_from_what(sheets, worked):
    facts = {row[0]: row[1] for row in sheets["作成条件"] if row[0]}

    assert facts["利用目的"] == "MR第2期の勧奨"
    assert (facts["申請者"], facts["承認者"]) == ("勧奨 花子", "課長 太郎")
    assert facts["スナップショット"] == SNAPSHOT
    assert facts["作成基準日"] == "令和8年11月1日"
    assert facts["台帳の末尾"] == worked[1].ledger_head.text
    assert worked[0].ledger.verify(read_head(facts["台帳の末尾"])) == worked[1].ledger_head
    assert (facts["一覧の人数"], facts["通知の数"]) == ("14", "4")


def test_exactly_one_ledger_entry_says_which_batch_and_list(worked):
    office, batch = worked
    [entry] = entries(office)

    assert entry["action"] == "reveal"
    assert entry["subject"]["batch"] == batch.batch_id
    assert entry["subject"]["slot"] == "MR2-1"
    assert re.fullmatch("[0-9a-f]{64}", entry["subject"]["list_sha256"])
    assert batch.ledger_head == office.ledger.verify()


def test_nothing_lies_open_on_the_disk(worked):
    office, batch = worked
    names = [case["name"].encode() for case in PEOPLE]

    assert sorted(path.name for path in batch.folder.iterdir()) == ["batch.json", "letters.pdf", "list.xlsx"]
    assert stat.S_IMODE(batch.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in batch.folder.iterdir()} == {0o600}
    for path in (path for path in office.home.root.rglob("*") if path.is_file()):
        assert not [name for name in names if name in path.read_bytes()], path.name
    assert msoffcrypto.OfficeFile(io.BytesIO(batch.workbook.read_bytes())).is_encrypted()


def test_the_record_of_the_batch_holds_counts_and_no_officer(worked):
    record = json.loads((worked[1].folder / "batch.json").read_bytes())

    assert (record["listed"], record["letters"], record["held"]) == (14, 4, 5)
    assert record["reasons"]["protected"] == 1
    assert set(record["files"]) == {"letters.pdf", "list.xlsx"}
    assert "花子" not in json.dumps(record, ensure_ascii=False)


def test_a_list_of_which_nobody_can_be_written_to_still_leaves_the_excel_list(office):
    office.write([3, 4])

    batch = office.make()

    assert (batch.letters_pdf, batch.letter_count) == (None, 0)
    assert not (batch.folder / "letters.pdf").exists()
    assert batch.workbook.exists()


def test_twins_get_a_letter_each(office):
    office.write([1, 2])

    batch = office.make()

    texts = [page.extract_text() for page in pypdf.PdfReader(batch.letters_pdf, password=PASSWORD).pages]
    assert ["一子" in text for text in texts] == [True, False]
    assert ["二子" in text for text in texts] == [False, True]


REFUSED = rows("""
    case                          | error         | says
    a list of another snapshot    | ListError     | 作り直して
    a slot without words          | LetterError   | 文面がない
    a weak password               | LetterError   | 12文字以上
    a password with kana          | LetterError   | 英数字
    a folder that is there        | StorageError  | すでにあります
    a folder that is a file       | StorageError  | 書き込めません
    no list                       | ListError     | ありません
""")
ERRORS = {kind.__name__: kind for kind in (ListError, LetterError, StorageError)}


def _spoil(office, case):
    if case == "a list of another snapshot":
        office.write([1], snapshot="20261001-20261004T080000")
    elif case == "a slot without words":
        office.write([1], slot="XYZ-1")
    elif case == "a folder that is there":
        digest = hashlib.sha256(office.list_file.read_bytes()).hexdigest()
        (office.home.restricted / f"L20261104-093000-{digest[:4]}").mkdir(parents=True)
    elif case == "a folder that is a file":
        office.home.outputs.mkdir(parents=True)
        office.home.restricted.write_bytes(b"")
    elif case == "no list":
        office.list_file.unlink()
    words = {"a weak password": "short", "a password with kana": "パスワードパスワードパスワード"}
    return {"password": words[case]} if case in words else {}


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["case"])
def test_what_is_refused_is_refused_before_a_name_is_looked_up(office, case):
    changes = _spoil(office, case["case"])

    with pytest.raises(ERRORS[case["error"]], match=case["says"]) as caught:
        office.make(**changes)

    assert entries(office) == []
    assert "何も" in str(caught.value)


def test_the_same_person_cannot_ask_and_approve(office):
    with pytest.raises(ApprovalError):
        office.make(approval=Approval("勧奨", "花子", "花子"))

    assert entries(office) == []


def test_a_damaged_vault_opens_nothing(office):
    (office.vault.folder / "register.seal").write_bytes(b"x")

    with pytest.raises(VaultError):
        office.make()

    assert entries(office) == []


def test_a_full_disk_leaves_no_half_batch_and_no_name(office):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, hard))  # the ledger's entry fits, the letters do not
        with pytest.raises(StorageError, match="開示は台帳に記録済み"):
            office.make()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)

    assert list(office.home.restricted.iterdir()) == []
    assert len(entries(office)) == 1


def test_a_password_is_long_fresh_and_easy_to_read_aloud():
    passwords = {new_password() for _ in range(50)}

    assert len(passwords) == 50
    assert all(re.fullmatch("[A-HJ-NP-Z2-9]{5}(-[A-HJ-NP-Z2-9]{5}){3}", password) for password in passwords)
