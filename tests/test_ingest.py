import datetime as dt
import errno
import json
import multiprocessing
from pathlib import Path

import pytest

from tests.extracts import (
    DELIVERY,
    DESIGNATED,
    DOSE,
    EXEMPTION,
    PREGNANCY,
    PROTECTION,
    SPECIAL,
    resident,
    row_of,
    write_extract,
)
from tests.officers import approved
from workbench import ingest as room
from workbench import keys, snapshot
from workbench.errors import SourceError, StorageError
from workbench.ingest import guards
from workbench.ledger import Ledger
from workbench.settings import Home
from workbench.vault import Vault

AT = dt.datetime(2026, 11, 2, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=9)))
RESIDENTS, DOSES = "住民.csv", "接種記録.csv"


@pytest.fixture(scope="module")
def master(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    keys.init(folder, officer="tester", passphrase="correct horse", at=AT)
    return keys.unlock(folder, officer=None, passphrase="correct horse")


@pytest.fixture
def load(tmp_path, master):
    def run(files, *, minute=0, encoding="utf-8", then=lambda _folder: None):
        extracts = write_extract(tmp_path / "extracts", files, encoding=encoding)
        then(extracts)
        at = AT + dt.timedelta(minutes=minute)
        job = room.Job(extracts=extracts, home=Home(tmp_path / "var"), master=master, actor="tester", at=at)
        return room.ingest(job)

    run.home = Home(tmp_path / "var")
    return run


def counts(result, file):
    line = next(line for line in result.files if line.file == file)
    return line.read, line.kept, line.duplicates, line.quarantined, {r.code: r.rows for r in line.reasons}


def ask(home, sql):
    return snapshot.open_snapshot(home).execute(sql).fetchall()


ONE_OF_EACH = {
    RESIDENTS: [resident(1), resident(2)],
    DOSES: [row_of(1, DOSE), row_of(2, DOSE)],
    "対象外事由.csv": [row_of(2, EXEMPTION)],
    "送付先.csv": [row_of(1, DELIVERY)],
    "支援措置.csv": [row_of(2, PROTECTION)],
    "長期療養特例.csv": [row_of(1, SPECIAL)],
    "妊娠届.csv": [row_of(2, PREGNANCY)],
    "特別対象者.csv": [row_of(1, DESIGNATED)],
}


def test_every_file_reconciles_and_the_tables_hold_what_was_kept(load):
    result = load(ONE_OF_EACH)

    assert {line.file: (line.read, line.kept) for line in result.files} == {
        file: (len(rows), len(rows)) for file, rows in ONE_OF_EACH.items()
    }
    assert ask(load.home, "SELECT count(*), count(DISTINCT person_id) FROM dose") == [(2, 2)]
    assert ask(load.home, "SELECT vaccine, reason FROM exemption") == [("MR", "had_disease")]
    assert ask(load.home, "SELECT kind, vaccine, reason_end_on FROM special ORDER BY kind") == [
        ("designated_condition", "FLU", None),
        ("long_term_care", "MR", dt.date(2026, 3, 1)),
        ("pregnancy", "RSVM", dt.date(2026, 12, 1)),
    ]
    assert ask(load.home, 'SELECT count(*) > 0 FROM "window"') == [(True,)]
    assert result.stripped == {"個人番号": 4, "住民票コード": 2}


def test_a_resident_keeps_the_pseudonym_over_reloads_and_no_two_share_one(load):
    load(ONE_OF_EACH)
    first = ask(load.home, "SELECT person_id FROM person ORDER BY ALL")
    load({RESIDENTS: [resident(2), resident(1)]}, minute=1)

    assert ask(load.home, "SELECT person_id FROM person ORDER BY ALL") == first
    assert len(set(first)) == 2


def test_identical_rows_count_as_duplicates(load):
    result = load({RESIDENTS: [resident(1), resident(1)], DOSES: [row_of(1, DOSE)] * 3})

    assert counts(result, RESIDENTS) == (2, 1, 1, 0, {"duplicate_row": 1})
    assert counts(result, DOSES) == (3, 1, 2, 0, {"duplicate_row": 2})


def test_rows_of_one_person_that_contradict_each_other_are_all_quarantined(load):
    result = load({RESIDENTS: [resident(1), resident(1, 氏名="別人"), resident(2)], DOSES: [row_of(1, DOSE)]})

    assert counts(result, RESIDENTS) == (3, 1, 0, 2, {"conflicting_rows": 2})
    assert counts(result, DOSES) == (1, 0, 0, 1, {"no_resident": 1})


def test_copies_are_told_from_contradictions_whatever_their_number_and_order(load):
    """Person 1 thrice the same, 2 with a fourth row that differs, 3 once without a 方書, 4 once."""
    two, three = resident(2), resident(3, 方書="桜荘")
    copies = [
        resident(1),
        two,
        resident(4),
        resident(1),
        two,
        three,
        resident(1),
        two,
        resident(2, 住所="別の町"),
        three,
    ]
    result = load({RESIDENTS: [*copies, resident(3, 方書="")]})

    told = {"duplicate_row": 2, "conflicting_rows": 7}
    assert counts(result, RESIDENTS) == (11, 2, 2, 7, told)
    faults = guards.report_file(load.home, result.snapshot.id).read_text(encoding="utf-8-sig").splitlines()[1:]
    assert sorted(int(line.split(",")[1]) for line in faults) == [3, 5, 6, 7, 8, 9, 10, 11, 12]


def test_impossible_days_are_kept_and_noted(load):
    result = load(
        {
            RESIDENTS: [resident(1)],
            DOSES: [row_of(1, DOSE, 接種日="2020-04-01"), row_of(1, DOSE, 接種日="2026-11-02")],
        }
    )

    assert counts(result, DOSES) == (2, 2, 0, 0, {"before_birth": 1, "future_date": 1})


def test_periods_of_residence_end_the_day_before(load):
    load(
        {
            RESIDENTS: [
                resident(1, 転入日="2023-04-01"),
                resident(2, 住民区分="3", 転出日="2025-03-31"),
                resident(3, 住民区分="4", 死亡日="2026-10-02"),
                resident(4, 住民区分="3"),
                resident(5, 住民区分="5"),
            ]
        }
    )

    days = ask(load.home, "SELECT residency, resident_from::VARCHAR, resident_until::VARCHAR FROM person ORDER BY ALL")
    assert days == [
        ("died", "2020-04-02", "2026-10-01"),
        ("moved_out", "2020-04-02", "2025-03-30"),
        ("moved_out", "2020-04-02", "2026-10-31"),
        ("not_registered", None, None),
        ("resident", "2023-04-01", None),
    ]


def reveal(load, vault, master):
    ledger = Ledger(load.home.registers / "ledger.jsonl", master.signer)
    approval = approved(ledger, Path(__file__), at=AT)
    return vault.reveal(
        [number for (number,) in ask(load.home, "SELECT person_id FROM person")],
        approval=approval,
        ledger=ledger,
        at=AT,
        subject={"list_sha256": approval.file_sha256},
    )


CANNOT_BE_PLACED = {
    "its number cannot be read": ([resident(1)], [row_of(1, PROTECTION, 宛名番号="12")]),
    "its resident's rows conflict": ([resident(1), resident(2), resident(2, 氏名="別人")], [row_of(2, PROTECTION)]),
    "its resident's row was left out": ([resident(1), resident(2, 生年月日="2020-02-30")], [row_of(2, PROTECTION)]),
}


@pytest.mark.parametrize("case", CANNOT_BE_PLACED)
def test_a_protection_that_cannot_be_placed_stops_everything(load, case):
    residents, protections = CANNOT_BE_PLACED[case]
    load(ONE_OF_EACH)
    before = snapshot.current(load.home).id

    with pytest.raises(SourceError, match=r"支援措置.csv: 1行（2行目）を住民に結び付けられません") as caught:
        load({RESIDENTS: residents, "支援措置.csv": protections}, minute=1)

    assert snapshot.current(load.home).id == before
    assert [path.name for path in load.home.vault.iterdir()] == [before]
    (report,) = load.home.registers.glob("quarantine/*-refused.csv")
    assert str(report) in str(caught.value)
    assert len(report.read_text("utf-8-sig").splitlines()) > 1
    assert caught.value.__context__ is None


HOME = "000000000000101"  # of resident 1, in which somebody else may live
HIDDEN = {
    "its number is spoilt, its household is not": (",".join(resident(6, 宛名番号="x", 世帯番号=HOME).values()), True),
    "its number lost its zeros": (",".join(resident(6, 宛名番号="9", 世帯番号=HOME).values()), True),
    "a ragged row names the household": (",".join(resident(6, 世帯番号=HOME).values()) + ",,", True),
    "another household": (",".join(resident(6, 宛名番号="x", 世帯番号="000000000000777").values()), False),
    "neither can be read": (",".join(resident(6, 宛名番号="x", 世帯番号="y").values()), None),
    "a ragged row that tells nothing": ("a,b", None),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_a_protected_person_behind_a_row_that_cannot_be_read(load, master, case):
    row, is_household_protected = HIDDEN[case]
    files = {RESIDENTS: [resident(1), resident(2)], "支援措置.csv": [PROTECTION | {"宛名番号": f"{6:015d}"}]}

    def spoil(folder):
        (folder / RESIDENTS).write_bytes((folder / RESIDENTS).read_bytes() + row.encode())

    if is_household_protected is None:
        with pytest.raises(SourceError, match=r"支援措置.csv: 1行（2行目）.*住民の 4行目 は宛名番号も世帯番号も"):
            load(files, then=spoil)
        return
    result = load(files, then=spoil)
    revealed = reveal(load, Vault(load.home.vault / result.snapshot.id, master.derive("vault")), master)
    assert len(revealed.rows) == 2 - is_household_protected


def test_a_protection_row_left_out_for_its_dates_still_protects(load, master):
    rows = [row_of(1, PROTECTION, 開始日="2026-02-30")]
    result = load({RESIDENTS: [resident(1), resident(2)], "支援措置.csv": rows})

    assert counts(result, "支援措置.csv") == (1, 0, 0, 1, {"bad_date": 1})
    vault = Vault(load.home.vault / result.snapshot.id, master.derive("vault"))
    revealed = reveal(load, vault, master)
    assert revealed.rows["name"].to_pylist() == ["試験 花子"]
    assert revealed.withheld["protected"] == 1


def test_no_resident_at_all_is_refused(load):
    with pytest.raises(SourceError, match=r"住民.csv に取り込める住民が1人もいません"):
        load({DOSES: [row_of(1, DOSE)]})

    assert not (load.home.snapshots / snapshot.CURRENT).exists()


def test_the_ledger_and_the_manifest_name_each_other(load):
    result = load(ONE_OF_EACH)

    entry = json.loads((load.home.registers / "ledger.jsonl").read_text().splitlines()[-1])
    assert entry["subject"]["snapshot_id"] == result.snapshot.id
    assert entry["subject"]["manifest_sha256"] == result.snapshot.manifest["manifest_sha256"]
    assert entry["counts"] == {"read": 10, "kept": 10, "duplicates": 0, "quarantined": 0}
    assert Ledger(load.home.registers / "ledger.jsonl").verify().hash == result.ledger_head


def test_both_encodings_give_the_same_contents(load):
    digests = [
        load(ONE_OF_EACH, minute=minute, encoding=encoding).snapshot.manifest["content_digest"]
        for minute, encoding in enumerate(["utf-8", "utf-8-sig", "cp932"])
    ]

    assert len(set(digests)) == 1


def _hold_lock(folder, held, release):
    with guards.only_one(Home(folder)):
        held.set()
        release.wait(30)


def test_a_second_ingest_is_told_that_one_is_running(load):
    load.home.snapshots.mkdir(parents=True)
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    other = context.Process(target=_hold_lock, args=(load.home.root, held, release))
    other.start()
    try:
        assert held.wait(30)
        with pytest.raises(StorageError, match="別の取り込みが動いています"):
            load(ONE_OF_EACH)
    finally:
        release.set()
        other.join()


@pytest.mark.parametrize("failing", ["publish", "entry"])
def test_a_failure_behind_the_ledger_entry_says_that_it_is_published(load, monkeypatch, failing):
    """The entry is the point of no return (decision 0027): what fails behind it undoes nothing."""

    def behind(done):
        def run(*args, **kwargs):
            done(*args, **kwargs)
            raise OSError(errno.EIO, "the disk does not confirm")

        return run

    if failing == "publish":
        monkeypatch.setattr(room, "publish", behind(room.publish))
    else:
        monkeypatch.setattr(Ledger, "append", behind(Ledger.append))
    with pytest.raises(StorageError, match="公開し、台帳にも記録しましたが") as caught:
        load(ONE_OF_EACH)

    assert snapshot.current(load.home).id in str(caught.value)
    assert caught.value.__context__ is None
    assert guards.is_entered(load.home, snapshot.current(load.home).id)


def test_an_unwritable_folder_is_a_plain_message(load, tmp_path):
    (tmp_path / "var").write_text("a file where the folder should be")

    with pytest.raises(StorageError, match="書き込めません"):
        load(ONE_OF_EACH)


def test_no_identity_is_in_the_snapshot_or_in_the_quarantine_report(load):
    canary = {"氏名": "カナリア 鳥子", "住所": "秘密町一丁目", "電話番号": "0999-99-9999"}
    result = load({RESIDENTS: [resident(1, **canary)], DOSES: [row_of(2, DOSE, ロット番号="XLOTX")]})

    raw = result.snapshot.database.read_bytes() + result.quarantine_report.read_bytes()
    for value in (*canary.values(), "000000000000001", "000000000000002", "123456789018", "XLOTX"):
        assert value.encode() not in raw
