import hashlib
import json
import os
import resource
import signal
import stat
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.officers import HANAKO, TARO, hers, introduce, signer
from tests.tables import rows
from workbench.errors import ApprovalError, LedgerError
from workbench.ledger import EMPTY, Entry, Head, Ledger, read_head

AT = datetime.fromisoformat("2026-11-04T09:00:00+09:00")
GOOD = {
    "action": "reveal",
    "actor": "勧奨　花子",
    "purpose": "MR第2期の勧奨（2026-11-04）",
    "approved_by": "課長 太郎",
    "subject": {"snapshot_id": "20261101-20261104T090000", "list_sha256": "1234567890" * 6 + "abcd"},
    "counts": {"revealed": 3},
    "at": AT,
}


def enter(ledger, **changes):
    facts = GOOD | changes
    return ledger.append(facts.pop("action"), **facts)


@pytest.fixture
def ledger(tmp_path):
    return hers(tmp_path / "ledger.jsonl")


@pytest.fixture
def filled(ledger):
    for number in range(5):
        enter(ledger, counts={"revealed": number})
    return ledger


def test_an_entry_says_who_when_why_what_and_how_much(ledger):
    enter(ledger)
    first, second = map(json.loads, ledger.path.read_bytes().splitlines())

    assert first["action"] == "keys_created"
    assert first["subject"] == {"key": HANAKO.key, "public_key": HANAKO.public_key}
    assert HANAKO.sign(Entry(**second).signed_content()) == second["signature"]
    assert second == {
        "seq": 2,
        "at": "2026-11-04T09:00:00+09:00",
        **{name: GOOD[name] for name in ("action", "actor", "purpose", "approved_by", "subject", "counts")},
        "previous": first["hash"],
        "signer": HANAKO.key,
        "signature": second["signature"],
        "hash": ledger.head().hash,
    }
    assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600


def test_each_entry_names_the_one_before(filled):
    entries = list(filled.entries())

    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert [entry.previous for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
    assert filled.verify() == filled.head() == Head(6, entries[-1].hash)


def test_a_ledger_without_entries_is_whole(ledger):
    assert ledger.verify() == ledger.head() == EMPTY
    assert list(ledger.entries()) == []
    assert not ledger.path.exists()


REFUSED = rows("""
    case                           | field       | value
    unknown form of action         | action      | 開示
    no action                      | action      |
    no actor                       | actor       |
    blank actor                    | actor       | "  "
    no purpose                     | purpose     |
    a purpose of two lines         | purpose     | "a\\nb"
    a purpose too long             | purpose     | xxxxxxxxxxxxxxxxxxxx*
    My Number in the purpose       | purpose     | 123456789018 の件
    full-width number              | purpose     | １２３４５６７８９０１８ の件
    grouped number                 | purpose     | 1234-5678-9018 の件
    grouped by spaces              | purpose     | 1234 5678 9018
    in two groups                  | purpose     | 123456 789018 の件
    as a sum of money              | purpose     | 123,456,789,018
    in pairs                       | purpose     | 12 34 56 78 90 18
    between slashes                | purpose     | 1234/5678/9018
    in kanji                       | purpose     | 一二三四五六七八九〇一八
    with accents                   | purpose     | "1\\u03012345678\\u03019018"
    as an officer's name           | actor       | 123456-789018
    a phone number                 | purpose     | 090-1234-5678 に電話
    a lone surrogate               | purpose     | "\\ud800"
    blank approval                 | approved_by | ""
    a name in the subject          | subject     | {"list": "山田花子"}
    a name as a key                | subject     | {"山田": 1}
    宛名番号 in the subject        | subject     | {"list": "000000123456789"}
    宛名番号 as an integer         | subject     | {"list": 123456789012345}
    a text with spaces             | subject     | {"list": "Yamada Hanako"}
    a nested subject               | subject     | {"list": {"a": 1}}
    null in the subject            | subject     | {"list": null}
    a fraction                     | counts      | {"rows": 1.5}
    a truth value                  | counts      | {"rows": true}
    a negative count               | counts      | {"rows": -1}
    a code among the counts        | counts      | {"rows": "1"}
    a count with eleven digits     | counts      | {"rows": 10000000000}
""")


def written(value):
    if value and value.endswith("*"):
        return value[:-1] * 11
    return json.loads(value) if value and value[0] in '"{' else value


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["case"])
def test_an_entry_that_could_carry_a_person_is_refused_unquoted(ledger, case):
    value = written(case["value"])

    with pytest.raises(
        LedgerError, match=rf"項目 {case['field']} が決まりに合いません.*何も記録していません"
    ) as caught:
        enter(ledger, **{case["field"]: value})

    assert not value or str(value) not in str(caught.value)
    assert not ledger.path.exists()


def test_a_moment_without_offset_is_refused(ledger):
    with pytest.raises(LedgerError, match="項目 at"):
        enter(ledger, at=AT.replace(tzinfo=None))


@pytest.mark.parametrize(
    "purpose",
    [
        "2018-04-02 2019-04-01 生まれ",
        "2018-04-02〜2019-04-20",
        "2024-04-01、2024-05-20",
        "2024/2025/2026年度",
        "20180402から20190401",
        "MR第2期 令和8年度",
        "HPV",
    ],
)
def test_dates_in_a_purpose_are_not_taken_for_numbers(ledger, purpose):
    assert enter(ledger, purpose=purpose).purpose == purpose


def test_an_entry_may_have_no_approver(ledger):
    assert enter(ledger, action="ingest", approved_by=None).approved_by is None


def test_flip_of_any_byte_is_found(ledger):
    enter(ledger)
    whole = ledger.path.read_bytes()
    for place in range(len(whole)):
        for bit in (0, 5, 7):
            ledger.path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
            with pytest.raises(LedgerError):
                ledger.verify()


TAMPERED = {
    "removed first": lambda lines: lines[1:],
    "removed in the middle": lambda lines: lines[:2] + lines[3:],
    "reordered": lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
    "repeated": lambda lines: [*lines, lines[-1]],
    "blank line": lambda lines: [*lines[:2], b"\n", *lines[2:]],
    "not JSON": lambda lines: [*lines[:2], b"entry\n", *lines[3:]],
    "JSON, but no entry": lambda lines: [*lines[:2], b"[]\n", *lines[3:]],
    "deeply nested": lambda lines: [*lines, b"[" * 100_000 + b"\n"],
    "another spelling": lambda lines: [*lines[:-1], lines[-1].replace(b":", b": ", 1)],
    "an entry made anew": lambda lines: [*lines[:2], remade(lines[2]), *lines[3:]],
}


def remade(line):
    """Change an entry as one who knows the format would: with its own hash made anew."""
    content = json.loads(line) | {"purpose": "別の目的"}
    changed = Entry(**content)
    return Entry(**(asdict(changed) | {"hash": changed.computed_hash()})).to_line()


@pytest.mark.parametrize("name", TAMPERED)
def test_tampering_is_found(filled, name):
    lines = filled.path.read_bytes().splitlines(keepends=True)
    filled.path.write_bytes(b"".join(TAMPERED[name](lines)))

    with pytest.raises(LedgerError, match=r"つながりません|署名"):
        filled.verify()


def test_nothing_is_added_behind_a_damaged_last_entry(filled):
    damaged = filled.path.read_bytes().replace(b'"revealed":4', b'"revealed":5')
    filled.path.write_bytes(damaged)

    with pytest.raises(LedgerError, match="最後の行"):
        enter(filled)

    assert filled.path.read_bytes() == damaged


def test_an_anchor_finds_what_was_cut_off(filled):
    anchor = filled.head()
    lines = filled.path.read_bytes().splitlines(keepends=True)
    filled.path.write_bytes(b"".join(lines[:3]))

    assert filled.verify().seq == 3
    with pytest.raises(LedgerError, match="控えの番号 6 の記録と一致しません"):
        filled.verify(anchor)


def test_an_anchor_finds_a_ledger_written_anew(filled, tmp_path):
    anchor = filled.head()
    (tmp_path / "new").mkdir()
    other = hers(tmp_path / "new" / "ledger.jsonl")
    for _ in range(7):
        enter(other, purpose="別の目的")

    with pytest.raises(LedgerError, match="控え"):
        other.verify(anchor)


def test_an_anchor_from_the_past_holds(filled):
    anchor = filled.head()
    enter(filled)

    assert filled.verify(anchor).seq == 7
    assert filled.verify(EMPTY).seq == 7


def test_append_cut_anywhere_is_found_kept_and_recorded(filled):
    whole = filled.path.read_bytes()
    before = whole[: whole.rstrip(b"\n").rindex(b"\n") + 1]
    for size in [len(before) + 1, *range(len(before) + 2, len(whole), 29), len(whole) - 1]:
        filled.path.write_bytes(whole[:size])
        for look in (filled.verify, filled.head):
            with pytest.raises(LedgerError, match="6 行目が途中で切れて"):
                look()
        enter(filled)

        assert [entry.action for entry in filled.entries()] == [
            "keys_created",
            *["reveal"] * 4,
            "recovered",
            "reveal",
        ]
        assert filled.path.with_name("ledger.torn-6").read_bytes() == whole[len(before) : size]


def test_first_line_cut(ledger):
    ledger.path.write_bytes(b'{"action')
    enter(ledger)

    assert [entry.action for entry in ledger.entries()] == ["keys_created", "recovered", "reveal"]


def test_a_recovery_that_was_killed_after_the_cut_is_still_recorded(filled):
    filled.path.with_name("ledger.torn-7").write_bytes(b'{"action')
    enter(filled)
    enter(filled)

    assert [entry.action for entry in filled.entries()][6:] == ["recovered", "reveal", "reveal"]


def test_full_disk_leaves_the_ledger_as_it_was(filled):
    before = filled.path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 50, limits[1]))
    try:
        with pytest.raises(LedgerError, match="何も記録していません"):
            enter(filled)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)

    assert filled.path.read_bytes() == before
    assert enter(filled).seq == 7


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.symlink_to("elsewhere")])
def test_a_ledger_that_is_no_file_is_refused(ledger, make):
    make(ledger.path)

    with pytest.raises(LedgerError, match="読み書きできません"):
        enter(ledger)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(LedgerError, match="読み書きできません"):
        enter(hers(tmp_path / "none" / "ledger.jsonl"))


APPENDER = """
import sys
from datetime import datetime
from pathlib import Path
from tests.officers import HANAKO
from workbench.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]), HANAKO)
at = datetime.fromisoformat("2026-11-04T09:00:00+09:00")
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    ledger.append("test", actor=sys.argv[2], purpose="p", approved_by=None, subject={}, counts={"n": number}, at=at)
"""


@contextmanager
def appenders(ledger, names, count):
    """Start processes that append `count` entries each, all at the same moment."""
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(  # noqa: S603
                    [sys.executable, "-c", APPENDER, str(ledger.path), name, str(count)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for name in names
        ]
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        yield processes


def test_processes_that_append_at_once_keep_the_chain_whole(ledger):
    with appenders(ledger, ["p0", "p1", "p2", "p3"], 100) as processes:
        assert [process.wait(timeout=60) for process in processes] == [0, 0, 0, 0]

    assert ledger.verify().seq == 401
    by_actor = {}
    for entry in list(ledger.entries())[1:]:
        by_actor.setdefault(entry.actor, []).append(entry.counts["n"])
    assert by_actor == {f"p{number}": list(range(100)) for number in range(4)}


def test_killed_appenders_leave_a_ledger_that_goes_on(ledger):
    for rounds in range(1, 5):
        with appenders(ledger, ["victim"], 100_000) as (process,):
            while not ledger.path.exists() or ledger.path.stat().st_size < 2000 * rounds:
                assert process.poll() is None
            process.kill()
        enter(ledger)

        assert ledger.verify() == ledger.head()


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.from_regex(r"[A-Za-z][A-Za-z0-9_.:-]{0,63}", fullmatch=True), st.integers(0, 10**10 - 1)),
    st.text(max_size=250),
)
def test_what_is_accepted_verifies_and_the_rest_leaves_no_trace(tmp_path_factory, counts, purpose):
    ledger = hers(tmp_path_factory.mktemp("ledger") / "ledger.jsonl")
    try:
        entry = enter(ledger, counts=counts, purpose=purpose)
    except LedgerError:
        assert not os.path.lexists(ledger.path)
        return

    _, read = ledger.entries()
    assert read == entry
    assert (read.counts, read.purpose) == (counts, purpose)


# ---------------------------------------------------------------- signatures


def resealed(line, officer, **changes):
    """Write an entry anew as one who knows the format and holds another officer's key would."""
    entry = Entry(**(json.loads(line) | changes))
    entry = replace(entry, signature=officer.sign(entry.signed_content()))
    return replace(entry, hash=entry.computed_hash()).to_line()


FORGED = {
    "an entry in her name": lambda line: resealed(line, TARO, purpose="別の目的"),
    "an entry in his name, whom nobody authorised": lambda line: resealed(line, TARO, signer=TARO.key),
    "no signature": lambda line: remade(json.dumps(json.loads(line) | {"signature": ""})),
    "a signature that is no hex": lambda line: remade(json.dumps(json.loads(line) | {"signature": "none"})),
    "he introduces himself": lambda line: resealed(
        line, TARO, action="keys_created", signer=TARO.key, subject={"key": TARO.key, "public_key": TARO.public_key}
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_an_entry_that_no_authorised_officer_signed_is_found(filled, name):
    *before, last = filled.path.read_bytes().splitlines(keepends=True)
    filled.path.write_bytes(b"".join(before) + FORGED[name](last))

    with pytest.raises(LedgerError, match="6 行目の署名"):
        filled.verify()


def test_a_ledger_of_the_earlier_form_names_the_cure(ledger):
    content = {"seq": 1, "at": AT.isoformat(), "action": "ingest", "actor": "a", "purpose": "p", "approved_by": None}
    content |= {"subject": {}, "counts": {}, "previous": "0" * 64}
    spelled = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    content |= {"hash": hashlib.sha256(spelled.encode()).hexdigest()}
    ledger.path.write_text(
        json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n", encoding="utf-8"
    )

    for use in (ledger.verify, ledger.head, lambda: enter(ledger)):
        with pytest.raises(LedgerError, match=r"前の版の形式.*別の場所に移し、keys init から"):
            use()


def test_without_an_officer_nothing_is_entered(ledger):
    with pytest.raises(LedgerError, match="署名する担当者がいません"):
        enter(Ledger(ledger.path))


def test_who_is_not_authorised_enters_nothing(filled):
    before = filled.path.read_bytes()

    with pytest.raises(LedgerError, match="署名が登録されていません"):
        enter(hers(filled.path, TARO))

    assert filled.path.read_bytes() == before


def test_an_officer_signs_from_her_entry_on_until_she_is_removed(filled):
    introduce(filled, TARO)
    his = hers(filled.path, TARO)
    enter(his)
    filled.append(
        "officer_removed", actor="花子", purpose="異動", approved_by=None, subject={"key": TARO.key}, counts={}, at=AT
    )
    with pytest.raises(LedgerError, match="署名が登録されていません"):
        enter(his)

    assert filled.verify().seq == 9


def test_after_the_keys_are_destroyed_only_new_ones_begin_again(filled):
    filled.append("keys_destroyed", actor="花子", purpose="廃止", approved_by=None, subject={}, counts={}, at=AT)
    with pytest.raises(LedgerError, match="署名が登録されていません"):
        enter(filled)

    entry = enter(hers(filled.path, signer("次の担当者")))

    assert [entry.action for entry in filled.entries()][-2:] == ["keys_created", "reveal"]
    assert filled.verify() == entry.head


def test_what_a_guard_refuses_is_not_entered(filled):
    before = filled.path.read_bytes()

    def guard(entries):
        assert len(entries) == 6
        msg = "no"
        raise ApprovalError(msg)

    with pytest.raises(ApprovalError):
        enter(filled, guard=guard)

    assert filled.path.read_bytes() == before


@pytest.mark.parametrize("form", ["{0.seq}-{0.hash}", "{0.seq}・{0.hash}", "{0.text}", "{0.hash}", " {0.seq}:{1} "])
def test_a_head_copied_from_paper_is_an_anchor(filled, form):
    head = filled.head()
    enter(filled)
    anchor = read_head(form.format(head, head.hash[:16].upper()))

    assert filled.verify(anchor).seq == 7
    filled.path.write_bytes(b"".join(filled.path.read_bytes().splitlines(keepends=True)[:4]))
    with pytest.raises(LedgerError, match="控え"):
        filled.verify(anchor)


@pytest.mark.parametrize("text", ["", "12", "6-123", "6-xyz", "0123456789abcde", "6-" + "0" * 65])
def test_what_is_no_head_is_none(text):
    assert read_head(text) is None
