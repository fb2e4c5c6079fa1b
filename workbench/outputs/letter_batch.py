"""From a pseudonymous list to letters and an Excel list: the whole job of the follow-up officer.

Whatever can be refused is refused before a name is looked up; then one use of the vault (one ledger entry),
then everything in memory, and last a folder that appears complete or not at all. Promises P4 and P7.
"""

import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from workbench.door import holds_identities
from workbench.errors import LetterError, ListError, StorageError, VaultError
from workbench.followup.mailing import REASON_TEXTS, Decisions, Held, Listed, Mailing, Reason, decide, drop_repeats
from workbench.ledger import Head, Ledger
from workbench.outputs.letters import Batch, Letter, Progress, can_print, fitted, make_pdf
from workbench.outputs.lists import PseudonymousList, read_list
from workbench.outputs.restricted_list import RestrictedList, encrypted_workbook
from workbench.outputs.wording import letter_day, letter_day_with_weekday, letter_words, slot_label
from workbench.settings import Home, Settings, make_folder, sync_folder, write_private
from workbench.vault import Approval, Revealed, Vault

DRAFT = ".partial"
LETTERS_FILE, LIST_FILE, RECORD_FILE = "letters.pdf", "list.xlsx", "batch.json"
PASSWORD_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # noqa: S105 - no I, O, 0, 1: they are read aloud over the telephone
PASSWORD_GROUPS, PASSWORD_GROUP = 4, 5
POSTCODE = re.compile(r"[0-9]{7}")
MIN_PASSWORD, MAX_PASSWORD = 12, 120


@dataclass(frozen=True)
class LetterBatch:
    """What was made, and of how many listed persons; `counts` holds every reason with its number."""

    batch_id: str
    folder: Path
    letters_pdf: Path | None  # None when nobody is written to
    workbook: Path
    listed_count: int
    letter_count: int
    held_count: int
    counts: dict[Reason, int]
    ledger_head: Head

    @property
    def lines(self) -> list[tuple[str, int, str]]:
        """Title, number and what to do, of every reason that occurred, for a table on the screen."""
        texts = REASON_TEXTS.items()
        return [(text.title, self.counts[reason], text.todo) for reason, text in texts if self.counts.get(reason)]


@dataclass(frozen=True)
class _Plan:
    """All that is settled before a name is known."""

    batch_id: str
    folder: Path
    listed: PseudonymousList
    rows: list[Listed]
    repeats: int
    list_sha256: str
    words: dict[str, object]


@dataclass(frozen=True)
class _Outcome:
    """Every person of the plan once: written to, held, or counted."""

    letters: list[tuple[Letter, Mailing]]
    held: list[Held]
    counts: Counter[Reason]


def new_password() -> str:
    """Return a fresh password of 100 random bits, easy to read aloud."""
    groups = ("".join(secrets.choice(PASSWORD_LETTERS) for _ in range(PASSWORD_GROUP)) for _ in range(PASSWORD_GROUPS))
    return "-".join(groups)


@holds_identities
def make_letters(  # noqa: PLR0913 - the installation (four), the leave given, the secret and the moment
    list_path: Path,
    *,
    home: Home,
    settings: Settings,
    vault: Vault,
    ledger: Ledger,
    approval: Approval,
    password: str,
    at: datetime,
    progress: Progress | None = None,
) -> LetterBatch:
    """Make letters and the Excel list of one pseudonymous list, in `home.restricted/<batch id>/`.

    The letters speak for the list's as-of day. The ledger gets exactly one entry, that of `vault.reveal`.

    Args:
        vault: the register of the snapshot the list was made from.
        password: opens both files; at least 12 ASCII characters.

    Raises:
        ListError: the list cannot be read or is of another snapshot; nothing was revealed.
        LetterError: a weak password, a slot without words; nothing was revealed. Or typesetting failed, after
            the reveal was entered in the ledger.
        StorageError: the folder cannot be written.
        VaultError, LedgerError: nothing was revealed, or what came back does not add up; nothing was made.
    """
    _check_password(password)
    plan = _plan(list_path, home=home, settings=settings, vault=vault, at=at)
    subject = {
        "batch": plan.batch_id,
        "list_sha256": plan.list_sha256,
        "slot": "+".join(sorted({row.slot for row in plan.rows})),
        "snapshot_id": plan.listed.snapshot_id,
    }
    ids = [row.person_id for row in plan.rows]
    revealed = vault.reveal(ids, approval=approval, ledger=ledger, at=at, subject=subject)
    head = ledger.head()
    batch = Batch(settings.office, plan.words, head.text)
    outcome = _sort_out(plan, revealed, settings=settings, batch=batch)
    letters = [letter for letter, _ in outcome.letters]
    conditions = _conditions(plan, outcome, approval=approval, head=head, at=at)
    files = {LIST_FILE: _workbook(plan, outcome, conditions=conditions, password=password, at=at)}
    if letters:
        files[LETTERS_FILE] = make_pdf(letters, batch, password=password, progress=progress)
    files[RECORD_FILE] = _record(plan, outcome, files=files, head=head, at=at)
    _publish(plan.folder, files)
    return LetterBatch(
        batch_id=plan.batch_id,
        folder=plan.folder,
        letters_pdf=plan.folder / LETTERS_FILE if letters else None,
        workbook=plan.folder / LIST_FILE,
        listed_count=len(plan.rows) + plan.repeats,
        letter_count=len(letters),
        held_count=len(outcome.held),
        counts=dict(outcome.counts),
        ledger_head=head,
    )


def _check_password(password: str) -> None:
    if not (MIN_PASSWORD <= len(password) <= MAX_PASSWORD and password.isascii() and password.isprintable()):
        msg = f"パスワードは英数字と記号で{MIN_PASSWORD}文字以上にしてください。何も作成していません。"
        raise LetterError(msg)


def _plan(list_path: Path, *, home: Home, settings: Settings, vault: Vault, at: datetime) -> _Plan:
    listed = read_list(list_path)
    if listed.snapshot_id != vault.folder.name:
        msg = (
            f"一覧 {list_path.name} は今の住民データより前（または別）の取り込みから作られています。"
            "一覧を作り直してください。何も作成していません。"
        )
        raise ListError(msg)
    rows, repeats = drop_repeats(Listed(row.person_id, row.slot, row.status, row.closes_on) for row in listed.rows)
    digest = hashlib.sha256(list_path.read_bytes()).hexdigest()
    batch_id = f"L{at:%Y%m%d-%H%M%S}-{digest[:4]}"
    with _alone(make_folder(home.restricted)):
        folder = home.restricted / batch_id
    if folder.exists():
        msg = f"出力 {batch_id} はすでにあります。少し待ってもう一度実行してください。何も作成していません。"
        raise StorageError(msg)
    words = letter_words({row.slot for row in rows}, office=settings.office, as_of=listed.as_of)
    return _Plan(batch_id, folder, listed, rows, repeats, digest, words)


def _sort_out(plan: _Plan, revealed: Revealed, *, settings: Settings, batch: Batch) -> _Outcome:
    """Decide, then hold whom the font or the window cannot take, then number the letters."""
    decisions = decide(revealed.rows.to_pylist(), plan.rows, as_of=plan.listed.as_of, rules=settings.followup)
    counts = decisions.left_out + Counter({Reason(name): persons for name, persons in revealed.withheld.items()})
    counts[Reason.UNKNOWN_PERSON] += revealed.unknown
    _check_sum(plan, decisions, counts)
    counts[Reason.DUPLICATE] += plan.repeats
    held = list(decisions.held)
    printable, letters = [], []
    for mailing in decisions.letters:
        letter = _letter(mailing)
        if can_print(letter.register_text):
            printable.append((letter, mailing))
        else:
            held.append(Held(mailing.contact, Reason.GLYPH_MISSING))
    for letter, (_, mailing) in zip(fitted([draft for draft, _ in printable], batch), printable, strict=True):
        if letter:
            number = f"{plan.batch_id}-{len(letters) + 1:04d}"
            letters.append((replace(letter, number=number), mailing))
        else:
            held.append(Held(mailing.contact, Reason.TOO_LONG))
    counts.update(person.reason for person in held)
    return _Outcome(letters, held, +counts)


def _check_sum(plan: _Plan, decisions: Decisions, counts: Counter[Reason]) -> None:
    if len(decisions.letters) + len(decisions.held) + counts.total() != len(plan.rows):
        msg = (
            "保管庫から返った人数が一覧と合いません。保管庫を確認し、取り込みからやり直してください。"
            "開示は台帳に記録済みで、通知と名簿は作成していません。"
        )
        raise VaultError(msg)


def _letter(mailing: Mailing) -> Letter:
    contact, to = mailing.contact, mailing.contact.destination
    return Letter(
        number="",
        slot=contact.listed.slot,
        deadline=letter_day_with_weekday(contact.listed.closes_on),
        name=contact.name,
        postcode=_with_hyphen(to.postcode),
        address=to.address,
        building=to.building,
        addressee=mailing.addressee,
        to_guardian=mailing.to_guardian,
        moved_in=mailing.moved_in_recently,
    )


def _with_hyphen(postcode: str) -> str:
    return f"{postcode[:3]}-{postcode[3:]}" if POSTCODE.fullmatch(postcode) else postcode


def _workbook(
    plan: _Plan, outcome: _Outcome, *, conditions: Sequence[tuple[str, str]], password: str, at: datetime
) -> bytes:
    content = RestrictedList(
        title=f"宛名リスト {plan.batch_id}",
        letters=[(letter.number, mailing) for letter, mailing in outcome.letters],
        held=outcome.held,
        counts=outcome.counts,
        conditions=conditions,
    )
    return encrypted_workbook(content, password=password, at=at)


def _conditions(
    plan: _Plan, outcome: _Outcome, *, approval: Approval, head: Head, at: datetime
) -> list[tuple[str, str]]:
    slots = sorted({row.slot for row in plan.rows})
    return [
        ("作成単位", plan.batch_id),
        ("作成日時", f"{at:%Y-%m-%d %H:%M:%S}"),
        ("作成基準日", letter_day(plan.listed.as_of)),
        ("接種", "、".join(slot_label(slot) for slot in slots)),
        ("一覧のSHA-256", plan.list_sha256),
        ("スナップショット", plan.listed.snapshot_id),
        ("利用目的", approval.purpose),
        ("申請者", approval.requested_by),
        ("承認者", approval.approved_by),
        ("一覧の人数", f"{len(plan.rows) + plan.repeats:,}"),
        ("通知の数", f"{len(outcome.letters):,}"),
        ("保留の数", f"{len(outcome.held):,}"),
        ("除外の数", f"{outcome.counts.total() - len(outcome.held):,}"),
        ("台帳の末尾", head.text),
        ("承認番号", approval.number),
    ]


def _record(plan: _Plan, outcome: _Outcome, *, files: dict[str, bytes], head: Head, at: datetime) -> bytes:
    """Return what may be known of the batch without its password: no person, no officer."""
    record = {
        "batch_id": plan.batch_id,
        "made_at": at.isoformat(timespec="seconds"),
        "as_of": plan.listed.as_of.isoformat(),
        "snapshot_id": plan.listed.snapshot_id,
        "slots": sorted({row.slot for row in plan.rows}),
        "list_sha256": plan.list_sha256,
        "listed": len(plan.rows) + plan.repeats,
        "letters": len(outcome.letters),
        "held": len(outcome.held),
        "reasons": {reason.value: persons for reason, persons in sorted(outcome.counts.items())},
        "ledger": {"seq": head.seq, "hash": head.hash},
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    return (json.dumps(record, ensure_ascii=False, indent=2) + "\n").encode()


def _publish(folder: Path, files: dict[str, bytes]) -> None:
    """Write the files into a folder that takes its name when it is complete."""
    draft = folder.with_name(f".{folder.name}{DRAFT}")
    published = False
    try:
        with _alone(folder.parent):
            make_folder(draft)
            for name, content in files.items():
                write_private(draft / name, content)
            sync_folder(draft)
            draft.rename(folder)
            sync_folder(folder.parent)
        published = True
    except OSError:
        published = False
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    if not published:
        msg = (
            f"{folder.parent} に書き込めません。権限と空き容量を確認して、もう一度実行してください。"
            "開示は台帳に記録済みで、通知と名簿は作成していません。"
        )
        raise StorageError(msg)


@contextmanager
def _alone(restricted: Path) -> Iterator[None]:
    """Let one batch at a time be written; whatever stands there unfinished was then left by a killed one, and goes."""
    lock = os.open(restricted, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for draft in restricted.glob(f".L*{DRAFT}"):
            shutil.rmtree(draft, ignore_errors=True)
        yield
    finally:
        os.close(lock)
