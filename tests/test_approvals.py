"""Two officers for one use: what is asked, by whom it is agreed to, until when, and only once."""

import threading
from datetime import timedelta

import pytest

from tests.officers import AT, HANAKO, TARO, approved, hers, introduce, signer
from tests.tables import rows
from tests.test_vault import KEY, SNAPSHOT, register
from workbench import approvals
from workbench.approvals import Approval
from workbench.errors import ApprovalError, LedgerError
from workbench.vault import Vault

JIRO = signer("勧奨 次郎")


@pytest.fixture
def ledger(tmp_path):
    ledger = hers(tmp_path / "ledger.jsonl")
    introduce(ledger, TARO)
    introduce(ledger, JIRO)
    return ledger


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("made up", encoding="utf-8")
    return path


@pytest.fixture
def vault(tmp_path):
    vault = Vault(tmp_path / "vault" / SNAPSHOT, KEY)
    vault.write(register())
    return vault


def ask(ledger, file, use="letters"):
    return approvals.request(ledger, file, use=use, purpose="MR第2期の勧奨", at=AT)


def find(ledger, number, use="letters", at=AT):
    return approvals.find(ledger, number, use=use, at=at)


def reveal(vault, ledger, approval, at=AT, **subject):
    subject = {"list_sha256": approval.file_sha256} | subject
    return vault.reveal([9], approval=approval, ledger=ledger, at=at, subject=subject)


def test_an_approval_says_who_asked_who_agreed_why_and_for_which_file(ledger, file):
    number = ask(ledger, file)
    approvals.approve(hers(ledger.path, TARO), number, at=AT)

    assert find(ledger, number) == Approval(
        "MR第2期の勧奨", HANAKO.officer, TARO.officer, number, approvals.file_digest(file)
    )


def test_the_approver_signs_and_the_ledger_knows_until_when(ledger, file):
    number = ask(ledger, file)
    until = approvals.approve(hers(ledger.path, TARO), number, at=AT, days=3)
    *_, entry = ledger.entries()

    assert until == AT + timedelta(days=3)
    assert entry.counts == {"rows": 0}
    assert (entry.action, entry.actor, entry.signer) == ("approved", TARO.officer, TARO.key)
    assert entry.subject["until"] == until.isoformat()


def test_nobody_approves_her_own_request_not_even_with_a_second_key_in_her_name(ledger, file):
    number = ask(ledger, file)
    again = signer("勧奨　花子")  # another key, the same person
    again.officer = "勧奨花子"
    introduce(ledger, again)

    for own in (HANAKO, again):
        with pytest.raises(ApprovalError, match="申請した本人は承認できません"):
            approvals.approve(hers(ledger.path, own), number, at=AT)
    with pytest.raises(ApprovalError, match="まだ承認されていません"):
        find(ledger, number)


SPELLINGS = (
    "勧奨花子",
    "勧奨\u3000花子",
    "勧奨 花子\ufe00",
    "勧奨\u3164花子",
    "勧奨 花\u0323子",
    "勧奨・花⼦",
    "勧奨 花子\u034f",
)


@pytest.mark.parametrize("spelling", SPELLINGS, ids=ascii)
def test_a_name_spelt_otherwise_is_the_same_person(ledger, file, spelling):
    number = ask(ledger, file)
    again = signer("鑑定")
    again.officer = spelling
    introduce(ledger, again)

    with pytest.raises(ApprovalError, match="申請した本人は承認できません"):
        approvals.approve(hers(ledger.path, again), number, at=AT)
    with pytest.raises(ApprovalError, match="同じ人"):
        Approval("勧奨", HANAKO.officer, spelling)


def test_who_is_no_officer_approves_nothing(ledger, file):
    number = ask(ledger, file)

    with pytest.raises(LedgerError, match="署名が登録されていません"):
        approvals.approve(hers(ledger.path, signer("通りすがり")), number, at=AT)


REFUSED = rows("""
    case                        | says
    unknown number              | 申請が台帳にありません
    not approved yet            | まだ承認されていません
    too late                    | 期限が過ぎています
    before it was given         | 期限が過ぎています
    another officer's           | 別の担当者の申請
    for another use             | 別の使いみち
    used already                | すでに使われています
    the approver was removed    | 承認した担当者は登録から外されています
    another list                | 一覧と中身が違います
    typed by hand               | 申請が台帳にありません
""")


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["case"])
def test_what_is_no_leave_opens_nothing(ledger, file, vault, case):
    with pytest.raises(ApprovalError, match=case["says"]):
        PLANTED[case["case"]](ledger, file, vault)

    assert [e.action for e in ledger.entries()].count("reveal") == (case["case"] == "used already")


def given(ledger, file, use="letters"):
    return approved(ledger, file, use=use)


def not_approved(ledger, file, _):
    find(ledger, ask(ledger, file))


def too_late(ledger, file, vault):
    reveal(vault, ledger, given(ledger, file), at=AT + timedelta(days=7, seconds=1))


def too_early(ledger, file, vault):
    reveal(vault, ledger, given(ledger, file), at=AT - timedelta(seconds=1))


def used(ledger, file, vault):
    approval = given(ledger, file)
    reveal(vault, ledger, approval)
    reveal(vault, ledger, approval)


def removed(ledger, file, vault):
    approval = given(ledger, file)
    facts = {"purpose": "異動", "approved_by": None, "subject": {"key": TARO.key}, "counts": {}, "at": AT}
    ledger.append("officer_removed", actor="花子", **facts)
    reveal(vault, ledger, approval)


PLANTED = {
    "unknown number": lambda ledger, _, __: find(ledger, "A20261104-000000"),
    "not approved yet": not_approved,
    "too late": too_late,
    "before it was given": too_early,
    "another officer's": lambda ledger, file, vault: reveal(vault, hers(ledger.path, JIRO), given(ledger, file)),
    "for another use": lambda ledger, file, _: find(ledger, given(ledger, file, use="media").number),
    "used already": used,
    "the approver was removed": removed,
    "another list": lambda ledger, file, vault: reveal(vault, ledger, given(ledger, file), list_sha256="0" * 64),
    "typed by hand": lambda ledger, _, vault: reveal(vault, ledger, Approval("勧奨", "花子", "太郎", "A1", "0" * 64)),
}


def test_what_is_typed_in_place_of_a_number_is_not_repeated(ledger):
    with pytest.raises(ApprovalError, match=r"^承認番号の申請が台帳にありません") as caught:
        find(ledger, "123456789018")

    assert "123456789018" not in str(caught.value)


def test_an_approval_is_approved_once(ledger, file):
    number = ask(ledger, file)
    approvals.approve(hers(ledger.path, TARO), number, at=AT)

    with pytest.raises(ApprovalError, match="すでに承認されています"):
        approvals.approve(hers(ledger.path, JIRO), number, at=AT)


def test_an_entry_cut_off_by_a_kill_keeps_nobody_from_going_on(ledger, file, vault):
    number = ask(ledger, file)
    with ledger.path.open("ab") as book:
        book.write(b'{"action":"approv')
    approvals.approve(hers(ledger.path, TARO), number, at=AT)
    with ledger.path.open("ab") as book:
        book.write(b'{"action":"reve')

    assert len(reveal(vault, ledger, find(ledger, number)).rows) == 1
    assert [entry.action for entry in ledger.entries()][-4:] == ["recovered", "approved", "recovered", "reveal"]


def test_two_who_use_one_approval_at_once_get_names_once(ledger, file, vault):
    approval, outcomes = given(ledger, file), []

    def use():
        try:
            outcomes.append(len(reveal(vault, hers(ledger.path), approval).rows))
        except ApprovalError:
            outcomes.append(None)

    threads = [threading.Thread(target=use) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes, key=str) == [1, *[None] * 5]
    assert [entry.action for entry in ledger.entries()].count("reveal") == 1
