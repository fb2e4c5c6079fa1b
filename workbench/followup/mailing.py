"""May this listed person be written to, at which address, and by what name?

Pure: register rows and list rows in, decisions out. No clock, file or database here; the day is an
argument. The order of the questions is that of the mailing flags in the domain notes (5.2): the first
one that applies decides. Whoever is not written to is counted by reason, and where the office has
something to do (telephone, find the address, write by hand) held by name.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from workbench.errors import ListError
from workbench.lawdates import guardian_until
from workbench.settings import FollowUp

REACHABLE_STATUSES = frozenset({"open", "due", "late", "closing"})  # a legal window the person can still use


class Reason(StrEnum):
    """Why a listed person gets no letter of this batch."""

    DUPLICATE = "duplicate"
    UNKNOWN_PERSON = "unknown_person"
    DIED = "died"
    MOVED_OUT = "moved_out"
    PROTECTED = "protected"
    PROTECTED_HOUSEHOLD = "protected_household"
    NOT_REGISTERED = "not_registered"
    NOT_OPEN = "not_open"
    NO_DEADLINE = "no_deadline"
    ENDED = "ended"
    MAIL_RETURNED = "mail_returned"
    FACILITY = "facility"
    BIRTH_UNKNOWN = "birth_unknown"
    NO_ADDRESS = "no_address"
    CLOSING_TOO_SOON = "closing_too_soon"
    GLYPH_MISSING = "glyph_missing"
    TOO_LONG = "too_long"


@dataclass(frozen=True)
class ReasonText:
    """What the officer reads: the reason, and what is to be done about it."""

    title: str
    todo: str
    held: bool = False  # listed by name for the officer; the others are counted only


REASON_TEXTS: Mapping[Reason, ReasonText] = {
    Reason.DUPLICATE: ReasonText("一覧に同じ行が重複", "対応不要（1通だけ作成します）"),
    Reason.UNKNOWN_PERSON: ReasonText("宛名の登録なし", "一覧と住民データの抽出日が合っているか確認"),
    Reason.DIED: ReasonText("死亡", "対応不要"),
    Reason.MOVED_OUT: ReasonText("転出・職権消除", "対応不要"),
    Reason.PROTECTED: ReasonText("支援措置の対象", "支援措置の担当者が個別に対応"),
    Reason.PROTECTED_HOUSEHOLD: ReasonText("支援措置の対象者と同じ世帯", "支援措置の担当者が個別に対応"),
    Reason.NOT_REGISTERED: ReasonText("住登外", "対応不要（登録がある場合は個別に判断）"),
    Reason.NOT_OPEN: ReasonText("勧奨の対象となる状態でない", "一覧を作り直す"),
    Reason.NO_DEADLINE: ReasonText("期限の定めがない接種", "個別に案内（期限のある接種の文面しかないため）"),
    Reason.ENDED: ReasonText("対象期間が終了", "長期療養特例の有無を確認"),
    Reason.MAIL_RETURNED: ReasonText("郵便が返戻", "実態調査", held=True),
    Reason.FACILITY: ReasonText("施設入所・里親など", "施設長・里親あてに手作業で送付", held=True),
    Reason.BIRTH_UNKNOWN: ReasonText("生年月日が不詳", "保護者あてとするか確認し、手作業で送付", held=True),
    Reason.NO_ADDRESS: ReasonText("送付先の住所なし", "住所を確認", held=True),
    Reason.CLOSING_TOO_SOON: ReasonText("期限が近く郵送では間に合わない", "電話で連絡", held=True),
    Reason.GLYPH_MISSING: ReasonText("印刷できない文字（外字など）を含む", "宛名を手書きして送付", held=True),
    Reason.TOO_LONG: ReasonText("宛名が封筒の窓に収まらない", "宛名を手書きして送付", held=True),
}


@dataclass(frozen=True)
class Listed:
    """One row of a pseudonymous list: who lacks which dose, and its last legal day."""

    person_id: int
    slot: str
    status: str
    closes_on: date | None  # None where the law sets no end


@dataclass(frozen=True)
class Address:
    """Where a letter goes."""

    postcode: str
    address: str
    building: str


@dataclass(frozen=True)
class Contact:
    """A listed person with the register's identity: 住民票 address and delivery address both kept."""

    listed: Listed
    atena_number: int
    name: str
    kana: str
    birth_date: date | None
    phone: str
    registered: Address
    delivery_kind: str | None
    recipient: str
    delivery: Address
    moved_in_on: date | None

    @property
    def destination(self) -> Address:
        """The delivery address where one is in force, else that of 住民票; never a mixture."""
        return self.delivery if self.delivery_kind else self.registered


@dataclass(frozen=True)
class Mailing:
    """A letter to write."""

    contact: Contact
    addressee: str  # the last line in the window, title of address included
    to_guardian: bool
    moved_in_recently: bool


@dataclass(frozen=True)
class Held:
    """A person the office must reach in another way."""

    contact: Contact
    reason: Reason


@dataclass(frozen=True)
class Decisions:
    """Every listed row once: `letters` + `held` + the counts of `left_out` = rows decided."""

    letters: tuple[Mailing, ...]
    held: tuple[Held, ...]
    left_out: Counter[Reason]


@dataclass(frozen=True)
class _Case:
    row: Mapping[str, object]  # one row of the vault's register
    contact: Contact
    as_of: date
    rules: FollowUp


def drop_repeats(listed: Iterable[Listed]) -> tuple[list[Listed], int]:
    """Return the rows with each (person, slot) once, in order, and how many were dropped.

    Raises:
        ListError: one person is listed for two slots: whose letters would those be, and how many?
    """
    kept: dict[int, Listed] = {}
    repeats = 0
    for row in listed:
        first = kept.setdefault(row.person_id, row)
        if first.slot != row.slot:
            msg = (
                "一覧に、2つ以上の接種の枠に載っている人がいます。枠ごとに一覧を分けてください。何も作成していません。"
            )
            raise ListError(msg)
        repeats += first is not row
    return list(kept.values()), repeats


def decide(
    register: Iterable[Mapping[str, object]], listed: Sequence[Listed], *, as_of: date, rules: FollowUp
) -> Decisions:
    """Decide for each listed row whether, where and by what name to write.

    Args:
        register: rows of the vault's register (any order), at most one a person.
        listed: each person at most once; a person whom `register` lacks is left to the caller, who
            alone knows whether the vault withheld or never knew them.
        as_of: the day the letters speak for.

    Source:
        domain notes 5.1 and 5.2; R16 for the guardian.
    """
    rows = {row["person_id"]: row for row in register}
    letters: list[Mailing] = []
    held: list[Held] = []
    left_out: Counter[Reason] = Counter()
    for item in listed:
        if item.person_id not in rows:
            continue
        row = rows[item.person_id]
        case = _Case(row, _join(row, item), as_of, rules)
        reason = next((reason for reason, applies in _QUESTIONS if applies(case)), None)
        if reason is None:
            letters.append(_address(case))
        elif REASON_TEXTS[reason].held:
            held.append(Held(case.contact, reason))
        else:
            left_out[reason] += 1
    return Decisions(tuple(letters), tuple(held), left_out)


_QUESTIONS: Sequence[tuple[Reason, Callable[[_Case], bool]]] = (
    (Reason.DIED, lambda case: case.row["residency"] == "died"),
    (Reason.MOVED_OUT, lambda case: case.row["residency"] == "moved_out"),
    # The vault withholds both already; a second lock costs nothing.
    (Reason.PROTECTED, lambda case: bool(case.row["protected"])),
    (Reason.PROTECTED_HOUSEHOLD, lambda case: bool(case.row["protected_household"])),
    (Reason.NOT_REGISTERED, lambda case: case.row["residency"] != "resident"),
    (Reason.NOT_OPEN, lambda case: case.contact.listed.status not in REACHABLE_STATUSES),
    (Reason.NO_DEADLINE, lambda case: case.contact.listed.closes_on is None),
    (Reason.ENDED, lambda case: _days_left(case) < 0),
    (Reason.MAIL_RETURNED, lambda case: bool(case.row["mail_returned"]) or case.row["delivery_kind"] == "returned"),
    (Reason.FACILITY, lambda case: case.row["delivery_kind"] == "facility"),
    (Reason.BIRTH_UNKNOWN, lambda case: case.contact.birth_date is None),
    (Reason.CLOSING_TOO_SOON, lambda case: _days_left(case) < case.rules.min_days_to_mail),
    (Reason.NO_ADDRESS, lambda case: not (case.contact.destination.address and case.contact.name)),
)


def _days_left(case: _Case) -> int:
    return (case.contact.listed.closes_on - case.as_of).days


def _join(row: Mapping[str, object], listed: Listed) -> Contact:
    return Contact(
        listed=listed,
        atena_number=row["atena_number"],
        name=_text(row, "name"),
        kana=_text(row, "kana"),
        birth_date=row["birth_date"],
        phone=_text(row, "phone"),
        registered=Address(_text(row, "postcode"), _text(row, "address"), _text(row, "building")),
        delivery_kind=row["delivery_kind"],
        recipient=_text(row, "delivery_recipient"),
        delivery=Address(
            _text(row, "delivery_postcode"), _text(row, "delivery_address"), _text(row, "delivery_building")
        ),
        moved_in_on=row["moved_in_on"],
    )


def _text(row: Mapping[str, object], field: str) -> str:
    return str(row[field] or "").strip(" \u3000")


def _address(case: _Case) -> Mailing:
    contact = case.contact
    to_guardian = contact.birth_date is not None and case.as_of <= guardian_until(contact.birth_date)
    if contact.delivery_kind == "guardian" and contact.recipient:
        addressee, to_guardian = f"{contact.recipient} 様", True
    elif to_guardian:
        addressee = f"{contact.name} 様 の 保護者 様"
    else:
        addressee = f"{contact.name} 様"
    held_until = (contact.moved_in_on or date.min) + timedelta(days=case.rules.move_in_hold_days)
    return Mailing(contact, addressee, to_guardian, contact.moved_in_on is not None and case.as_of <= held_until)
