"""媒体管理簿: no carry without leave for that file, one line for each, open until the medium is erased."""

import resource

import pytest

from tests.desk import Desk
from tests.officers import AT, HANAKO, TARO, approved, hers
from tests.tables import rows
from workbench import custody
from workbench.errors import ApprovalError, LedgerError


@pytest.fixture
def ledger(tmp_path):
    return hers(tmp_path / "ledger.jsonl")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "snapshot.csv"
    path.write_text("head\n1\n2\n\n3\n", encoding="utf-8")
    return path


def carry(ledger, file, **changes):
    facts = {"medium": "USB-03", "to": "LGWAN", "at": AT} | changes
    if "number" not in facts:
        facts["number"] = approved(ledger, file, use="media").number
    return custody.carry(ledger, file, **facts)


def test_a_carry_is_one_line_from_the_approval_to_the_erasure(ledger, file):
    number = carry(ledger, file).subject["approval"]
    (open_line,) = custody.register(ledger)
    custody.erase(ledger, number, at=AT)
    (line,) = custody.register(ledger)

    assert (open_line.erased_at, line.erased_at, line.erased_by) == ("", AT.isoformat(), HANAKO.officer)
    assert (line.medium, line.to, line.rows) == ("USB-03", "LGWAN", 3)
    assert (line.carried_by, line.approved_by) == (HANAKO.officer, TARO.officer)
    assert line.file_sha256 == next(e for e in ledger.entries() if e.action == "approved").subject["file_sha256"]


def changed(ledger, file):
    number = approved(ledger, file, use="media").number
    file.write_text("head\nanother\n", encoding="utf-8")
    carry(ledger, file, number=number)


def twice(ledger, file):
    number = carry(ledger, file).subject["approval"]
    carry(ledger, file, number=number)


def erased_twice(ledger, file):
    number = carry(ledger, file).subject["approval"]
    custody.erase(ledger, number, at=AT)
    custody.erase(ledger, number, at=AT)


REFUSED = rows("""
    case                         | error         | says
    without an approval          | ApprovalError | 申請が台帳にありません
    with leave for letters       | ApprovalError | 別の使いみち
    another content              | ApprovalError | 中身が違います
    twice on one approval        | ApprovalError | すでに使われています
    a medium without a label     | LedgerError   | 媒体の番号
    a person as the place        | LedgerError   | 媒体の番号
    a number on the label        | LedgerError   | 媒体の番号
    a number as the place        | LedgerError   | 媒体の番号
    erased but never carried     | LedgerError   | 持ち出しがありません
    erased twice                 | LedgerError   | すでに消去済み
""")
PLANTED = {
    "without an approval": lambda ledger, file: carry(ledger, file, number="A20261104-000000"),
    "with leave for letters": lambda ledger, file: carry(ledger, file, number=approved(ledger, file).number),
    "another content": changed,
    "twice on one approval": twice,
    "a medium without a label": lambda ledger, file: carry(ledger, file, medium=""),
    "a person as the place": lambda ledger, file: carry(ledger, file, to="山田"),
    "a number on the label": lambda ledger, file: carry(ledger, file, medium="USB123456789018"),
    "a number as the place": lambda ledger, file: carry(ledger, file, to="z-1234-5678-9018"),
    "erased but never carried": lambda ledger, _: custody.erase(ledger, "A20261104-000000", at=AT),
    "erased twice": erased_twice,
}
ERRORS = {"ApprovalError": ApprovalError, "LedgerError": LedgerError}


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["case"])
def test_what_the_register_does_not_take(ledger, file, case):
    with pytest.raises(ERRORS[case["error"]], match=case["says"]):
        PLANTED[case["case"]](ledger, file)


def test_at_the_command_line_the_register_shows_what_is_not_erased(tmp_path):
    desk = Desk(tmp_path).make_keys()
    file = desk.base / "carried.csv"
    file.write_text("head\n1\n", encoding="utf-8")
    number = desk.approval(file, "--use", "media", "--purpose", "=1+1")  # the last purpose counts
    carried = desk.enter("media", "carry", file, "--approval", number, "--medium", "USB-03", "--to", "LGWAN")
    before = desk.enter("media", "list").out
    erased = desk.enter("media", "erase", number)
    after = desk.enter("media", "list", "--csv", desk.base / "register.csv").out
    table = (desk.base / "register.csv").read_text(encoding="utf-8-sig").splitlines()

    assert (carried.code, erased.code) == (0, 0)
    assert "未消去 1 件" in before
    assert "未消去 0 件" in after
    assert table[0].startswith("番号,媒体,持ち出し先,持ち出し日時")
    assert table[1].startswith(f"{number},USB-03,LGWAN,")
    assert "'=1+1" in table[1]  # no formula in a spreadsheet
    assert "別の名前を" in desk.enter("media", "list", "--csv", desk.base / "register.csv").err


def test_a_register_the_disk_cannot_take_leaves_no_half_of_it(tmp_path):
    desk = Desk(tmp_path)
    desk.home.root.mkdir()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, limits[1]))  # no file may grow beyond, as on a full disk
    try:
        answer = desk.enter("media", "list", "--csv", desk.base / "register.csv")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert "何も書いていません" in answer.err
    assert not (desk.base / "register.csv").exists()
