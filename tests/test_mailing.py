"""Who is written to, where, by what name: the questions in their order, one line each."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tables import rows
from workbench.errors import ListError
from workbench.followup.mailing import REASON_TEXTS, Address, Listed, Reason, decide, drop_repeats
from workbench.settings import FollowUp

AS_OF = date(2026, 11, 1)
RULES = FollowUp(min_days_to_mail=14, move_in_hold_days=60)
CHILD = {
    "person_id": 1,
    "atena_number": 1,
    "household_id": 9,
    "name": "桜浜 花子",
    "kana": "サクラハマ ハナコ",
    "birth_date": date(2020, 5, 1),
    "sex": "F",
    "postcode": "9990001",
    "address": "桜浜市中央一丁目1番1号",
    "building": "桜荘101",
    "phone": "0999000001",
    "residency": "resident",
    "is_foreign": False,
    "protected": False,
    "protected_household": False,
    "delivery_kind": None,
    "delivery_recipient": None,
    "delivery_postcode": None,
    "delivery_address": None,
    "delivery_building": None,
    "mail_returned": False,
    "moved_in_on": None,
}
DATES = {"birth_date", "moved_in_on", "closes_on"}
FLAGS = {"protected", "protected_household", "mail_returned"}


def listed(**changes):
    return Listed(**{"person_id": 1, "slot": "MR2-1", "status": "due", "closes_on": date(2027, 3, 31)} | changes)


def read(cell):
    """`field=value, field=value` -> a dict with dates, flags and `-` for nothing."""
    pairs = (part.strip().split("=") for part in (cell or "").split(",") if part.strip())
    return {name: _value(name, text) for name, text in pairs}


def _value(name, text):
    if text == "-":
        return None
    if name in DATES:
        return date.fromisoformat(text)
    return text == "yes" if name in FLAGS else text


def decide_one(**changes):
    dose = {name: changes.pop(name) for name in ("status", "closes_on") if name in changes}
    return decide([CHILD | changes], [listed(**dose)], as_of=AS_OF, rules=RULES)


REASONS = rows("""
    case                                  | what is different                         | reason
    dead                                  | residency=died                            | died
    moved away                            | residency=moved_out                       | moved_out
    not registered here                   | residency=not_registered                  | not_registered
    an unknown kind of residency          | residency=visitor                         | not_registered
    protected                             | protected=yes                             | protected
    in a protected household              | protected_household=yes                   | protected_household
    mail came back                        | mail_returned=yes                         | mail_returned
    in a facility                         | delivery_kind=facility                    | facility
    nobody knows the birth date           | birth_date=-                              | birth_unknown
    no address                            | address=-                                 | no_address
    an address of spaces only             | address=\u3000                            | no_address
    no name                               | name=-                                    | no_address
    another address, but which            | delivery_kind=alternate                   | no_address
    13 days left                          | closes_on=2026-11-14                      | closing_too_soon
    last day is today                     | closes_on=2026-11-01                      | closing_too_soon
    over since yesterday                  | closes_on=2026-10-31                      | ended
    the law sets no end                   | closes_on=-                               | no_deadline
    not yet to be reminded                | status=not_yet_open                       | not_open
    a list edited by hand                 | status=done                               | not_open
    dead comes before protected           | residency=died, protected=yes             | died
    protected comes before returned mail  | protected=yes, mail_returned=yes          | protected
    moved away comes before no address    | residency=moved_out, address=-            | moved_out
    returned mail comes before a facility | mail_returned=yes, delivery_kind=facility | mail_returned
    a facility comes before a telephone   | delivery_kind=facility, closes_on=2026-11-02 | facility
""")


@pytest.mark.parametrize("case", REASONS, ids=lambda case: case["case"])
def test_no_letter_and_why(case):
    decisions = decide_one(**read(case["what is different"]))

    reason = Reason(case["reason"])
    assert decisions.letters == ()
    assert [person.reason for person in decisions.held] == [reason] * REASON_TEXTS[reason].held
    assert decisions.left_out == Counter({reason: 1} if not REASON_TEXTS[reason].held else {})


HOMES = {
    "home": Address("9990001", "桜浜市中央一丁目1番1号", "桜荘101"),
    "elsewhere": Address("9990002", "桜浜市北町2番", ""),
}
LETTERS = rows("""
    case                                   | born       | delivery  | recipient | to        | addressee
    a child                                | 2020-05-01 |           |           | home      | 桜浜 花子 様 の 保護者 様
    16 at the end of this day (R4)         | 2010-11-02 |           |           | home      | 桜浜 花子 様 の 保護者 様
    16 since yesterday's end               | 2010-11-01 |           |           | home      | 桜浜 花子 様
    another address                        | 2020-05-01 | alternate |           | elsewhere | 桜浜 花子 様 の 保護者 様
    another address of an adult            | 2000-01-01 | alternate |           | elsewhere | 桜浜 花子 様
    another address with a recipient       | 2020-05-01 | alternate | 北町 一郎 | elsewhere | 桜浜 花子 様 の 保護者 様
    a guardian by name                     | 2020-05-01 | guardian  | 北町 一郎 | elsewhere | 北町 一郎 様
    a guardian of an adult                 | 2000-01-01 | guardian  | 北町 一郎 | elsewhere | 北町 一郎 様
    a guardian whose name is not on record | 2020-05-01 | guardian  |           | elsewhere | 桜浜 花子 様 の 保護者 様
""")


@pytest.mark.parametrize("case", LETTERS, ids=lambda case: case["case"])
def test_letter_to_whom_and_where(case):
    elsewhere = {"delivery_postcode": "9990002", "delivery_address": "桜浜市北町2番"} if case["delivery"] else {}
    delivery = {"delivery_kind": case["delivery"], "delivery_recipient": case["recipient"], **elsewhere}

    [letter] = decide_one(birth_date=date.fromisoformat(case["born"]), **delivery).letters

    assert letter.addressee == case["addressee"]
    assert letter.contact.destination == HOMES[case["to"]]
    assert letter.to_guardian == ("保護者" in case["addressee"] or case["delivery"] == "guardian")


def test_fourteen_days_left_are_enough_for_the_mail():
    assert len(decide_one(closes_on=date(2026, 11, 15)).letters) == 1


def test_a_foreign_name_is_written_as_recorded():
    [letter] = decide_one(name="NGUYEN THI AN", is_foreign=True).letters

    assert letter.addressee == "NGUYEN THI AN 様 の 保護者 様"


MOVERS = rows("""
    moved in on | recently
                |
    2026-11-01  | yes
    2026-09-02  | yes
    2026-09-01  |
    2019-04-01  |
""")


@pytest.mark.parametrize("case", MOVERS, ids=lambda case: str(case["moved in on"]))
def test_a_newcomer_gets_a_letter_that_asks_for_doses_elsewhere(case):
    day = case["moved in on"]

    [letter] = decide_one(moved_in_on=day and date.fromisoformat(day)).letters

    assert letter.moved_in_recently == (case["recently"] == "yes")


def test_twins_get_a_letter_each_in_the_order_of_the_list():
    twins = [CHILD | {"person_id": number, "name": f"桜浜 {number}子"} for number in (2, 1)]

    decisions = decide(twins, [listed(person_id=1), listed(person_id=2)], as_of=AS_OF, rules=RULES)

    assert [letter.addressee for letter in decisions.letters] == [
        "桜浜 1子 様 の 保護者 様",
        "桜浜 2子 様 の 保護者 様",
    ]


def test_a_person_the_vault_did_not_give_is_left_to_the_caller():
    decisions = decide([CHILD], [listed(), listed(person_id=2)], as_of=AS_OF, rules=RULES)

    assert (len(decisions.letters), decisions.held, decisions.left_out) == (1, (), Counter())


def test_a_repeated_row_is_dropped_and_counted():
    assert drop_repeats([listed(), listed(person_id=2), listed()]) == ([listed(), listed(person_id=2)], 1)


def test_one_person_in_two_slots_is_refused():
    with pytest.raises(ListError, match="枠ごとに"):
        drop_repeats([listed(), listed(slot="JE2-1")])


PERSONS = st.fixed_dictionaries(
    {
        "residency": st.sampled_from(["resident", "moved_out", "died", "not_registered"]),
        "protected": st.booleans(),
        "protected_household": st.booleans(),
        "mail_returned": st.booleans(),
        "delivery_kind": st.sampled_from([None, "alternate", "guardian", "facility"]),
        "delivery_address": st.sampled_from([None, "桜浜市北町2番"]),
        "address": st.sampled_from([None, "桜浜市中央一丁目1番1号"]),
        "birth_date": st.none() | st.dates(date(1950, 1, 1), AS_OF),
    }
)
DOSES = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["due", "late", "closing", "open", "missed", "done"]),
        "closes_on": st.none() | st.dates(AS_OF - timedelta(40), AS_OF + timedelta(400)),
    }
)


def _is_protected(row):
    return row["protected"] or row["protected_household"]


@given(st.lists(st.tuples(PERSONS, DOSES), max_size=8))
def test_every_row_is_decided_once_and_no_letter_goes_where_it_must_not(people):
    register = [CHILD | person | {"person_id": number} for number, (person, _) in enumerate(people)]
    rows_listed = [listed(person_id=number, **dose) for number, (_, dose) in enumerate(people)]

    decisions = decide(register, rows_listed, as_of=AS_OF, rules=RULES)

    assert len(decisions.letters) + len(decisions.held) + decisions.left_out.total() == len(people)
    named = {who.contact.listed.person_id for who in (*decisions.letters, *decisions.held)}
    assert not [
        row for row in register if row["person_id"] in named and (row["protected"] or row["protected_household"])
    ]
    for letter in decisions.letters:
        row = register[letter.contact.listed.person_id]
        assert row["residency"] == "resident"
        assert not row["mail_returned"]
        assert (letter.contact.listed.closes_on - AS_OF).days >= RULES.min_days_to_mail
        assert letter.contact.destination.address
