"""What is kept until when is data; what has expired goes, behind its entry; the register stays."""

import os
import shutil
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from tests.desk import Desk
from tests.tables import rows
from workbench import retention, snapshot
from workbench.errors import LedgerError, SettingsError
from workbench.keys import unlock
from workbench.ledger import Ledger
from workbench.retention.rules import Rule, in_force

SHORT = """
[[rule]]
record_class = "{name}"
title = "試験"
keep_months = 1
counted_from = "day"
basis = "市の規程"
source = "test"
effective_from = 2020-01-01
confirmed = {confirmed}
"""
PASSPHRASE_AT = datetime.fromisoformat("2027-06-01T09:00:00+09:00")


def rule(**changes):
    facts = {"record_class": "vault", "title": "t", "keep_months": 12, "basis": "b", "source": "s", "confirmed": True}
    return Rule(**(facts | {"effective_from": date(2026, 4, 1)} | changes))


LAST_DAYS = rows("""
    case                                | months | counted_from    | day        | last
    a year from the day                 | 12     | day             | 2026-11-04 | 2027-11-04
    a year from the end of the 年度     | 12     | fiscal_year_end | 2026-11-04 | 2028-03-31
    made on the last day of the 年度    | 12     | fiscal_year_end | 2027-03-31 | 2028-03-31
    made on the first day of the 年度   | 12     | fiscal_year_end | 2027-04-01 | 2029-03-31
    from the end of a long month        | 1      | day             | 2027-01-31 | 2027-03-01
    from 29 February                    | 12     | day             | 2028-02-29 | 2029-03-01
""")


@pytest.mark.parametrize("case", LAST_DAYS, ids=lambda case: case["case"])
def test_the_last_day(case):
    own = rule(keep_months=int(case["months"]), counted_from=case["counted_from"])

    assert own.last_day(date.fromisoformat(case["day"])) == date.fromisoformat(case["last"])


def test_the_rule_in_force_is_the_latest_that_has_begun():
    rules = (rule(keep_months=12), rule(keep_months=6, effective_from=date(2027, 4, 1)))

    assert in_force(rules, "vault", date(2026, 3, 31)) is None
    assert in_force(rules, "vault", date(2027, 3, 31)).keep_months == 12
    assert in_force(rules, "vault", date(2027, 4, 1)).keep_months == 6


def test_the_rules_that_come_along_name_their_basis_and_delete_nothing_unconfirmed():
    rules = retention.load_rules()

    assert {rule.record_class for rule in rules} >= {
        "snapshot",
        "vault",
        "report",
        "restricted",
        "quarantine",
        "ledger",
    }
    assert all(rule.basis and rule.source for rule in rules)
    assert not [rule for rule in rules if rule.confirmed and "[M]" in rule.source]
    assert [rule.forever for rule in rules if rule.record_class == "ledger"] == [True]


WRONG = {
    "a class nobody knows": SHORT.format(name="everything", confirmed="true"),
    "the ledger would go": SHORT.format(name="ledger", confirmed="true"),
    "no period": SHORT.format(name="vault", confirmed="true").replace("keep_months = 1", ""),
    "for ever and a month": SHORT.format(name="vault", confirmed="true") + "forever = true",
    "not said whether confirmed": SHORT.format(name="vault", confirmed="true").replace("confirmed = true", ""),
    "an unknown word": SHORT.format(name="vault", confirmed="true") + "hurry = true",
    "two periods from the same day": SHORT.format(name="vault", confirmed="true") * 2,
    "no rule": "",
    "no TOML": "= =",
}


def test_a_key_that_may_be_a_number_is_not_repeated(tmp_path):
    path = tmp_path / "retention.toml"
    path.write_text(SHORT.format(name="vault", confirmed="true") + "123456789018 = 1", encoding="utf-8")

    with pytest.raises(SettingsError, match=r"（項目名でないもの）") as caught:
        retention.load_rules(path)

    assert "123456789018" not in str(caught.value)


@pytest.mark.parametrize("case", WRONG)
def test_a_file_of_rules_that_is_not_understood_deletes_nothing(tmp_path, case):
    path = tmp_path / "retention.toml"
    path.write_text(WRONG[case], encoding="utf-8")

    with pytest.raises(SettingsError, match=r"retention\.toml [をのに].*何も削除していません"):
        retention.load_rules(path)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """Three snapshots with their vaults, and outputs of the same day."""
    desk = Desk(tmp_path_factory.mktemp("loaded")).make_keys()
    assert [desk.ingest().code for _ in range(3)] == [0, 0, 0]
    for name in ("reports/coverage/20261101-090000_x", "restricted/L20261101-090000-0000"):
        (desk.home.outputs / name).mkdir(parents=True, mode=0o700)
        (desk.home.outputs / name / "file").write_text("x", encoding="utf-8")
    return desk


@pytest.fixture
def desk(loaded, tmp_path):
    return Desk(shutil.copytree(loaded.base, tmp_path / "desk"))


def rules_file(desk, *names, confirmed="true"):
    path = desk.base / "retention.toml"
    path.write_text("".join(SHORT.format(name=name, confirmed=confirmed) for name in names), encoding="utf-8")
    return path


ALL = ("snapshot", "vault", "report", "restricted", "quarantine")


def apply(desk, *names, confirmed="true", at=PASSPHRASE_AT):
    master = unlock(desk.home.keys, passphrase=desk.passphrase_file.read_text().strip())
    book = Ledger(desk.home.registers / "ledger.jsonl", master.signer)
    rules = retention.load_rules(rules_file(desk, *names, confirmed=confirmed))
    return retention.apply(desk.home, rules, book, at=at).removed, book


def test_what_has_expired_goes_and_what_is_published_stays(desk):
    current = snapshot.current(desk.home).id
    removed, book = apply(desk, *ALL)

    assert sorted(item.record_class for item in removed) == ["quarantine"] * 3 + [
        "report",
        "restricted",
        *["snapshot"] * 2,
        *["vault"] * 2,
    ]
    assert [ref.id for ref in snapshot.published(desk.home)] == [current]
    assert [path.name for path in desk.home.vault.iterdir()] == [current]
    assert not list(desk.home.outputs.rglob("file"))
    assert desk.persons() == 3
    assert [(e.subject["record_class"], e.subject["item"]) for e in retention.deletions(book)] == [
        (item.record_class, item.path.name) for item in removed
    ]
    assert desk.enter("ledger", "verify").code == 0


def test_the_list_of_characters_goes_with_the_list_of_refused_rows(desk):
    lists = desk.home.registers / "characters"
    lists.mkdir(exist_ok=True)
    (lists / f"{snapshot.current(desk.home).id}.csv").write_text("ファイル,列,文字コード,種類,件数\n", encoding="utf-8")
    removed, _ = apply(desk, "quarantine")

    assert [item.path.parent.name for item in removed] == ["characters", *["quarantine"] * 3]
    assert list(lists.iterdir()) == []


def test_the_vault_can_go_before_its_snapshot(desk):
    removed, _ = apply(desk, "vault")

    assert len(removed) == 2
    assert len(snapshot.published(desk.home)) == 3
    assert desk.ingest().code == 0


def test_on_the_last_day_everything_is_still_there(desk):
    last = datetime.fromisoformat("2026-12-01T23:59:59+09:00")

    assert apply(desk, "snapshot", "vault", at=last)[0] == []
    assert len(apply(desk, "snapshot", "vault", at=last + timedelta(seconds=1))[0]) == 4


def test_a_rule_nobody_confirmed_deletes_nothing(desk):
    before = desk.state()
    removed, _ = apply(desk, *ALL, confirmed="false")

    assert removed == []
    assert {name for name, digest in desk.state().items() if before.get(name) != digest} == set()


def test_what_cannot_be_entered_stays(desk):
    before = [ref.id for ref in snapshot.published(desk.home)]
    rules = retention.load_rules(rules_file(desk, *ALL))

    with pytest.raises(LedgerError, match=r"署名する担当者がいません|項目"):
        retention.apply(desk.home, rules, Ledger(desk.home.registers / "ledger.jsonl"), at=PASSPHRASE_AT)

    assert [ref.id for ref in snapshot.published(desk.home)] == before


ANOTHER_ACCOUNT = 64_901  # a number that belongs to nobody here


@pytest.fixture
def others_desk(loaded):
    """An installation of another account, in a folder that it may enter."""
    if os.geteuid() != 0:
        pytest.skip("only root may act as a second account")
    base = Path(tempfile.mkdtemp(prefix="workbench-retention-"))
    base.chmod(0o755)
    desk = Desk(shutil.copytree(loaded.base, base / "desk"))
    for path in (desk.base, *desk.base.rglob("*")):
        os.chown(path, ANOTHER_ACCOUNT, ANOTHER_ACCOUNT)
    yield desk
    shutil.rmtree(base)


def enter_as_another(desk, command):
    """Let the other account plan or remove what has expired, at the command line."""
    rules_file(desk, *ALL)
    os.seteuid(ANOTHER_ACCOUNT)
    try:
        return desk.enter("retention", command, "--rules", str(desk.base / "retention.toml"))
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_folder_that_may_not_be_looked_into_is_named(others_desk, command):
    desk = others_desk
    closed = [desk.home.outputs / "reports" / "coverage", desk.home.registers / "quarantine"]
    for folder in closed:
        os.chown(folder, 0, 0)
        folder.chmod(0o700)
    answer = enter_as_another(desk, command)

    assert answer.code == 1
    assert [line for line in answer.out.splitlines() if "中を見られません: " in line] == [
        f"中を見られません: {folder}" for folder in closed
    ]
    assert "2 件は、権限がないなどの理由で" in answer.err


def test_a_class_without_a_rule_is_named(desk):
    plan = desk.enter("retention", "plan", "--as-of", "2027-06-01", "--rules", rules_file(desk, "snapshot"))

    told = [line.split()[1] for line in plan.out.splitlines() if line.startswith("規則なし")]
    assert told == ["vault", "report", "restricted", "quarantine"]


def test_what_belongs_to_another_account_stops_nothing_else(others_desk):
    desk = others_desk
    for path in [*desk.home.outputs.glob("reports/*/*"), *desk.home.restricted.iterdir()]:
        path.rename(path.with_name(path.name.replace("20261101", "20250101")))
    [report] = desk.home.outputs.glob("reports/*/*")
    for path in (report, report.parent):
        os.chown(path, 0, 0)
    report.parent.chmod(0o1777)  # as docs/server.md has it for `outputs`
    answer = enter_as_another(desk, "apply")

    assert answer.code == 1
    assert f"削除できません: {report}" in answer.printed
    assert "1 件は、権限がないなどの理由で削除できませんでした" in answer.printed
    assert report.exists()
    assert report.name not in {e.subject["item"] for e in retention.deletions(Ledger(desk.home.ledger))}
    assert list(desk.home.restricted.iterdir()) == []
    assert desk.enter("ledger", "verify").code == 0


def test_a_file_that_may_not_be_read_stops_nothing_else(others_desk):
    desk = others_desk
    batch = next(desk.home.restricted.iterdir())
    batch.rename(batch.with_name(batch.name.replace("20261101", "20250101")))
    another = shutil.copytree(next(desk.home.restricted.iterdir()), desk.home.restricted / "L20250102-090000-0000")
    for path in (another, *another.rglob("*")):
        os.chown(path, ANOTHER_ACCOUNT, ANOTHER_ACCOUNT)
    unread = next(path for path in another.rglob("*") if path.is_file())
    os.chown(unread, 0, 0)
    unread.chmod(0o600)
    answer = enter_as_another(desk, "apply")

    assert answer.code == 1
    assert f"削除できません: {another}" in answer.printed
    assert [path.name for path in desk.home.restricted.iterdir()] == [another.name]


def test_a_removal_that_was_killed_half_way_is_finished(desk):
    killed = desk.home.restricted / f".L20261001-090000-0000{snapshot.BUILDING}"
    killed.mkdir()
    (killed / "letters.pdf").write_text("x", encoding="utf-8")
    apply(desk, "restricted", at=datetime.fromisoformat("2026-11-02T09:00:00+09:00"))

    assert [path.name for path in desk.home.restricted.iterdir()] == ["L20261101-090000-0000"]


def test_what_others_are_writing_at_the_same_time_stays(desk):
    report = desk.home.outputs / "reports" / "coverage" / f"20270601-090000_x{snapshot.BUILDING}"
    (report / "data").mkdir(parents=True)
    apply(desk, *ALL)

    assert (report / "data").is_dir()


def test_at_the_command_line_the_plan_shows_and_apply_says_what_it_left(desk):
    file = rules_file(desk, "snapshot")
    plan = desk.enter("retention", "plan", "--as-of", "2027-06-01", "--rules", file)
    shipped = desk.enter("retention", "plan", "--as-of", "2040-01-01")
    nothing = desk.enter("retention", "apply", "--rules", file)
    register = desk.enter("retention", "register")

    assert plan.out.count("削除  試験") == 2
    assert "公開中のため残す" in plan.out
    assert "うち apply で削除 0 件" in shipped.out
    assert "0 件を削除" in nothing.out
    assert (register.code, register.out) == (0, "")
