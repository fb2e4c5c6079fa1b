"""The one-person interpreter, mechanism by mechanism, on an invented statute: decision evaluation drawn as tables.

`doses` are `vaccine day`, with `voluntary`, `temporary`, `p=product`, `s=stage` or `n=dose_no` behind. `judged` is the
evaluation of each dose in that order, with `/reason` where it differs and `@slot` where it fills one.
"""

# ruff: noqa: E501 (a drawn case is one line)

from functools import cache

import pytest

from tests.interpreter import evaluate, read_rules
from tests.tables import rows
from tests.tiny_schedule import EDITION, programme, series, slots, tiny, window

WORDS = {"p": "product", "s": "stage", "n": "dose_no"}
rules = cache(tiny)
ENDLESS = programme(
    "HEX",
    1,
    slot=slots("HEX", 1),
    series=[series("HEX", "HEX-1", fed_by=[{"vaccine": "HEX"}])],
    window=[window("HEX-1", opens="y1")],
)


def items(cell):
    return [item.strip() for item in (cell or "").split(",") if item.strip()]


def read_dose(item):
    vaccine, day, *words = item.split()
    dose = {"vaccine": vaccine, "given_on": day, "legal_class": "routine"}
    for word in words:
        key, _, value = word.partition("=")
        dose |= {WORDS[key]: value} if value else {"legal_class": key}
    return dose


def read_special(item):
    kind, vaccine, *day = item.split()
    return {"kind": kind, "vaccine": vaccine, "reason_end_on": day[0] if day else None}


def answer(case):
    """Return the answer for a drawn case."""
    extras = {key: case[key] for key in ("birth_earliest", "resident_until", "extracted_on", "died") if case.get(key)}
    asked = {
        "birth_date": case["birth"] if case["birth"] != "unknown" else None,
        "sex": case.get("sex") or "F",
        "as_of": case.get("as_of") or "2026-11-01",
        "doses": [read_dose(item) for item in items(case.get("doses"))],
        "special": [read_special(item) for item in items(case.get("special"))],
        "exemptions": [
            dict(zip(("vaccine", "reason", "from_on", "until_on"), item.split(), strict=False))
            for item in items(case.get("exempt"))
        ],
    }
    return evaluate(asked | extras, rules())


def slot_of(case):
    return next(row for row in answer(case)["slots"] if row["slot"] == case["slot"])


def judged(case):
    return [
        row["evaluation"]
        + (f"/{row['reason']}" if row["reason"] != row["evaluation"] else "")
        + (f"@{row['slot']}" if row["slot"] else "")
        for row in answer(case)["doses"]
    ]


WINDOWS = rows("""
    case                                 | birth      | slot  | as_of      | special                       | opens      | closes
    not known yet: the row has no end    | 2016-05-10 | OLD-1 | 2018-03-31 |                               | 2017-05-09 | 2018-05-09
    known: both stretches are joined     | 2016-05-10 | OLD-1 | 2018-04-01 |                               | 2017-05-09 | 2019-05-09
    opened again by the change           | 2015-05-10 | OLD-1 | 2018-04-01 |                               | 2018-04-01 | 2018-05-09
    ended before the change, before it   | 2015-05-10 | OLD-1 | 2018-03-31 |                               | 2016-05-09 | 2017-05-09
    the programme's first day            | 2011-06-10 | OLD-1 | 2026-11-01 |                               | 2013-04-01 | 2013-06-09
    born on the 1st                      | 2016-05-01 | OLD-1 | 2018-04-01 |                               | 2017-04-30 | 2019-04-30
    leap day                             | 2016-02-29 | OLD-1 | 2018-03-31 |                               | 2017-02-28 | 2018-02-28
    the first that has not ended         | 2016-02-29 | OLD-1 | 2018-04-01 |                               | 2018-04-01 | 2019-02-28
    reaches back: the first row is gone  | 2016-05-10 | OLD-3 | 2020-04-01 |                               | 2019-05-09 | 2022-05-09
    reaches back, not known yet          | 2016-05-10 | OLD-3 | 2020-03-31 |                               | 2019-05-09 | 2020-05-09
    reaches back though long ended       | 2012-05-10 | OLD-3 | 2020-04-01 |                               | 2015-05-09 | 2018-05-09
    no member of the cohort: the last    | 2016-05-10 | OLD-2 | 2024-05-01 |                               | 2018-05-09 | 2019-05-09
    64, no condition: this season        | 1960-12-10 | SEA-1 | 2025-11-01 |                               | 2025-12-09 | 2026-01-31
    64, condition for another vaccine    | 1960-12-10 | SEA-1 | 2025-11-01 | designated_condition SEB      | 2025-12-09 | 2026-01-31
    64, condition: joined at 65          | 1960-12-10 | SEA-1 | 2025-11-01 | designated_condition SEA      | 2025-10-01 | 2026-01-31
    a season is known from 1 April       | 1950-12-10 | SEA-1 | 2025-04-01 |                               | 2025-10-01 | 2026-01-31
    and until 31 March                   | 1950-12-10 | SEA-1 | 2025-03-31 |                               | 2024-10-01 | 2025-01-31
    年度 of an age                       | 1950-04-01 | HEX-1 | 2015-03-31 |                               | 2014-04-01 | 2015-03-31
    born a day later                     | 1950-04-02 | HEX-1 | 2015-05-01 |                               | 2015-04-01 | 2016-03-31
    the second age follows               | 1950-04-01 | HEX-1 | 2019-04-01 |                               | 2019-04-01 | 2020-03-31
    before it, the one still to come     | 1950-04-01 | HEX-1 | 2016-04-01 |                               | 2019-04-01 | 2020-03-31
    long term: from the day it ended     | 2022-05-10 | MR-1  | 2025-07-01 | long_term_care MR 2025-07-01  | 2025-07-01 | 2026-05-09
    long term: the day before            | 2022-05-10 | MR-1  | 2025-06-30 | long_term_care MR 2025-07-01  | 2023-05-09 | 2024-05-09
    long term: joined with the window    | 2023-05-10 | MR-1  | 2025-07-01 | long_term_care MR 2025-05-10  | 2024-05-09 | 2027-05-09
    long term: two years of it           | 2023-05-10 | MR-1  | 2025-07-01 | long_term_care MR 2025-05-11  | 2025-05-11 | 2027-05-09
    long term: ended before the window   | 2023-05-10 | MR-1  | 2024-07-01 | long_term_care MR 2024-05-08  | 2024-05-09 | 2025-05-09
    long term: another vaccine           | 2023-05-10 | MR-1  | 2025-07-01 | long_term_care INA 2025-05-11 | 2024-05-09 | 2025-05-09
    long term: after the cap             | 2018-05-10 | MR-1  | 2025-07-01 | long_term_care MR 2025-05-11  | 2019-05-09 | 2020-05-09
    pregnancy, 28週0日 to 36週6日        | 1995-05-10 | PRE-1 | 2026-05-01 | pregnancy PRE 2026-07-01      | 2026-04-08 | 2026-06-09
    the pregnancy after 14 days          | 1995-05-10 | PRE-1 | 2026-07-15 | pregnancy PRE 2026-07-01, pregnancy PRE 2027-06-01 | 2026-04-08 | 2026-06-09
    and after 15                         | 1995-05-10 | PRE-1 | 2026-07-16 | pregnancy PRE 2026-07-01, pregnancy PRE 2027-06-01 | 2027-03-09 | 2027-05-10
    the programme cuts a pregnancy       | 1995-05-10 | PRE-1 | 2026-05-01 | pregnancy PRE 2026-06-01      | 2026-04-01 | 2026-05-10
""")


@pytest.mark.parametrize("case", WINDOWS, ids=lambda case: case["case"])
def test_windows_as_known_on_a_day(case):
    row = slot_of(case)

    assert (row["opens_on"], row["closes_on"]) == (case["opens"], case["closes"])


DOSES = rows("""
    case                                  | birth      | doses                                            | judged
    first and last day                    | 2024-05-10 | MR 2025-05-09                                    | valid@MR-1
    a day early                           | 2024-05-10 | MR 2025-05-08                                    | too_early@MR-1
    the last day                          | 2024-05-10 | MR 2026-05-09                                    | valid@MR-1
    a day late                            | 2024-05-10 | MR 2026-05-10                                    | too_late@MR-1
    private after the end                 | 2024-05-10 | MR 2026-05-10 voluntary                          | private@MR-1
    臨時                                  | 2024-05-10 | MR 2026-05-10 temporary                          | private/temporary@MR-1
    private and early: early              | 2024-05-10 | MR 2025-05-08 voluntary                          | too_early@MR-1
    a second one                          | 2024-05-10 | MR 2025-05-09, MR 2025-08-01                     | valid@MR-1, extra
    a second one, private                 | 2024-05-10 | MR 2025-05-09, MR 2025-08-01 voluntary           | valid@MR-1, private
    twice on one day, 定期 first          | 2024-05-10 | MR 2025-05-09 voluntary, MR 2025-05-09           | duplicate, valid@MR-1
    twice on one day, 臨時 before 任意    | 2024-05-10 | MR 2025-05-09 voluntary, MR 2025-05-09 temporary | duplicate, private/temporary@MR-1
    twice on one day, as recorded         | 2024-05-10 | MR 2025-05-09 n=2, MR 2025-05-09 n=1             | valid@MR-1, duplicate
    twice on one day, by product          | 2018-10-10 | CON 2019-01-09 p=C9, CON 2019-01-09 p=C7         | duplicate, valid@CON-1
    a product before none                 | 2018-10-10 | CON 2019-01-09, CON 2019-01-09 p=C9              | duplicate, valid@CON-1
    before birth                          | 2024-05-10 | MR 2024-05-09                                    | impossible/before_birth
    on the day of birth                   | 2024-05-10 | MR 2024-05-10                                    | too_early@MR-1
    tomorrow                              | 2024-05-10 | MR 2026-11-02                                    | impossible/after_as_of
    no such vaccine                       | 2024-05-10 | ZZZ 2025-05-09                                   | unknown
    no such product                       | 2024-05-10 | CON 2024-08-01 p=C8                              | unknown
    a product of a vaccine without any    | 2024-05-10 | MR 2025-05-09 p=C8                               | valid@MR-1
    by one of its names, too long ago     | 2024-05-10 | CON 2024-08-01 p=seven                           | wrong_product@CON-1
    M, then R: the R makes an MR          | 2024-05-10 | M 2025-06-01, R 2025-07-01                       | valid/single_antigen, valid@MR-1
    R before M in the list, on one day    | 2024-05-10 | R 2025-06-01, M 2025-06-01, M 2025-06-02         | valid@MR-1, valid/single_antigen, valid/single_antigen
    M and R on one day                    | 2024-05-10 | R 2025-06-01, M 2025-06-01                       | valid@MR-1, valid/single_antigen
    born before the series: nothing       | 2000-04-01 | M 2025-06-01, R 2025-07-01                       | not_in_force, not_in_force
    R alone, early                        | 2024-05-10 | R 2025-05-08                                     | too_early/single_antigen
    M alone, private                      | 2024-05-10 | M 2025-06-01 voluntary                           | private/single_antigen
    M, M, R, R: both R count              | 2024-05-10 | M 2025-06-01, M 2025-07-01, R 2025-08-01, R 2025-09-01 | valid/single_antigen, valid/single_antigen, valid@MR-1, extra
    apart by days: R of the second series | 2018-05-10 | M 2019-06-01, R 2024-06-01                       | valid/single_antigen, valid/single_antigen
    20 clear days                         | 2024-05-10 | INA 2024-08-01, INA 2024-08-28                   | valid@INA-1, too_soon@INA-2
    27 clear days                         | 2024-05-10 | INA 2024-08-01, INA 2024-08-29                   | valid@INA-1, valid@INA-2
    too soon and private: too soon        | 2024-05-10 | INA 2024-08-01, INA 2024-08-28 voluntary         | valid@INA-1, too_soon@INA-2
    not the product of the first dose     | 2024-05-10 | INA 2024-08-01, INB 2024-08-29                   | valid@INA-1, wrong_product
    the same, private                     | 2024-05-10 | INA 2024-08-01, INB 2024-08-29 voluntary         | valid@INA-1, private
    both on one day: the order decides    | 2024-05-10 | INB 2024-08-01, INA 2024-08-01                   | wrong_product, valid@INA-1
    feeds nothing                         | 2024-05-10 | ORA 2024-08-01, ORA 2024-09-01 voluntary         | not_in_force, private
    live after live, 27 days              | 2024-05-10 | BOY 2025-05-20, MR 2025-06-16                    | not_in_force, too_soon/other_vaccine@MR-1
    live after live, 28 days              | 2024-05-10 | BOY 2025-05-20, MR 2025-06-17                    | not_in_force, valid@MR-1
    live on one day                       | 2024-05-10 | BOY 2025-05-20, MR 2025-05-20                    | not_in_force, valid@MR-1
    oral live is free since 2020-10-01    | 2024-05-10 | ORA 2025-05-20, MR 2025-05-21                    | not_in_force, valid@MR-1
    and was not before                    | 2019-05-10 | ORA 2020-09-20, MR 2020-09-30                    | not_in_force, too_soon/other_vaccine@MR-1
    the first free day                    | 2019-05-10 | ORA 2020-09-20, MR 2020-10-01                    | not_in_force, valid@MR-1
    6 clear days after inactivated        | 2019-05-10 | INA 2020-06-01, MR 2020-06-07                    | valid@INA-1, too_soon/other_vaccine@MR-1
    and no day more                       | 2019-05-10 | INA 2020-06-01, MR 2020-06-08                    | valid@INA-1, valid@MR-1
    before the programme                  | 2010-05-10 | INA 2013-03-31                                   | not_in_force@INA-1
    before the programme, private         | 2010-05-10 | INA 2013-03-31 voluntary                         | private@INA-1
    the season before the last            | 1950-05-10 | SEA 2024-10-01, SEA 2025-10-01, SEA 2025-12-01   | valid@SEA-1, valid@SEA-1, extra
    a day before the season               | 1950-05-10 | SEA 2025-09-30                                   | too_early@SEA-1
    the other one of this season          | 1950-05-10 | SEA 2024-12-01, SEB 2025-10-01, SEA 2025-12-01   | valid@SEA-1, extra, valid@SEA-1
    no pregnancy recorded                 | 1995-05-10 | PRE 2026-05-01, PRE 2026-05-02 voluntary         | unknown/pregnancy_unknown, private
    none, and twice on one day            | 1995-05-10 | PRE 2026-05-01, PRE 2026-05-01 voluntary         | unknown/pregnancy_unknown, duplicate
""")


@pytest.mark.parametrize("case", DOSES, ids=lambda case: case["case"])
def test_judging_a_dose(case):
    assert judged(case) == items(case["judged"])


SERIES = rows("""
    case                                   | birth      | doses                                            | judged
    four in time                           | 2018-05-10 | CON 2018-08-01, CON 2018-09-01, CON 2018-10-01, CON 2019-06-01 | valid@CON-1, valid@CON-2, valid@CON-3, valid@CON-4
    the second after 12月 is the last 初回 | 2018-05-10 | CON 2018-08-01, CON 2019-05-10, CON 2019-07-01   | valid@CON-1, valid@CON-2, valid@CON-4
    on the last day it is not              | 2018-05-10 | CON 2018-08-01, CON 2019-05-09, CON 2019-07-01   | valid@CON-1, valid@CON-2, valid@CON-3
    the second after 24月 is 追加          | 2018-05-10 | CON 2018-08-01, CON 2020-05-10                   | valid@CON-1, valid@CON-4
    on the last day it is not, either      | 2018-05-10 | CON 2018-08-01, CON 2020-05-09                   | valid@CON-1, valid@CON-2
    begun late: one                        | 2018-05-10 | CON 2018-12-10, CON 2019-06-01                   | valid@CON-1, extra
    begun on the last day                  | 2018-05-10 | CON 2018-12-09, CON 2019-01-06                   | valid@CON-1, valid@CON-2
    interval not in force yet              | 2018-05-10 | CON 2018-08-01, CON 2019-11-20, CON 2019-12-25   | valid@CON-1, valid@CON-2, valid@CON-4
    interval in force                      | 2018-05-10 | CON 2018-08-01, CON 2019-11-20, CON 2020-01-18   | valid@CON-1, valid@CON-2, too_soon@CON-4
    and passed                             | 2018-05-10 | CON 2018-08-01, CON 2019-11-20, CON 2020-01-20   | valid@CON-1, valid@CON-2, valid@CON-4
    waived after 5月                       | 2022-05-10 | CON 2022-08-01 p=C9, CON 2023-01-01, CON 2023-03-01 | valid@CON-1, valid@CON-2, extra
    not waived a day earlier               | 2022-05-10 | CON 2022-08-01 p=C9, CON 2022-12-31, CON 2023-03-01 | valid@CON-1, valid@CON-2, valid@CON-3
    a dose before the 特例 of a cohort     | 2016-05-10 | OLD 2017-06-01                                   | valid@OLD-1
""")


@pytest.mark.parametrize("case", SERIES, ids=lambda case: case["case"])
def test_from_doses_to_slots(case):
    assert judged(case) == items(case["judged"])


STATUS = rows("""
    case                            | birth      | slot  | as_of      | doses                                | exempt                           | status         | reason           | next
    before the programme            | 2020-05-10 | PRE-1 | 2026-03-31 |                                      |                                  | not_applicable | before_programme |
    its first day                   | 2020-05-10 | PRE-1 | 2026-04-01 |                                      |                                  | not_applicable | no_window        |
    unknown birth                   | unknown    | MR-1  | 2026-04-01 |                                      |                                  | not_applicable | birth_unknown    |
    the series of the other product | 2024-05-10 | INB-1 | 2024-08-01 | INA 2024-08-01                       |                                  | not_applicable | other_series     |
    a choice by day                 | 2019-05-10 | INB-1 | 2019-12-31 |                                      |                                  | not_applicable | other_series     |
    the day after                   | 2019-05-10 | INB-1 | 2020-01-01 |                                      |                                  | late           | past_standard    |
    the day before                  | 2024-05-10 | INA-1 | 2024-07-08 |                                      |                                  | not_yet_open   | before_window    |
    legal, not standard             | 2024-05-10 | INA-1 | 2024-07-09 |                                      |                                  | open           | before_standard  |
    standard                        | 2024-05-10 | INA-1 | 2024-08-09 |                                      |                                  | due            | in_standard      |
    past it                         | 2024-05-10 | INA-1 | 2024-12-10 |                                      |                                  | late           | past_standard    |
    31 days left                    | 2024-05-10 | INA-1 | 2029-04-08 |                                      |                                  | late           | past_standard    |
    30 days left                    | 2024-05-10 | INA-1 | 2029-04-09 |                                      |                                  | closing        | legal_end_near   |
    the last day                    | 2024-05-10 | INA-1 | 2029-05-09 |                                      |                                  | closing        | legal_end_near   |
    ended                           | 2024-05-10 | INA-1 | 2029-05-10 |                                      |                                  | missed         | window_ended     |
    second, no first                | 2024-05-10 | INA-2 | 2024-09-01 |                                      |                                  | not_yet_open   | waiting_previous |
    second, interval                | 2024-05-10 | INA-2 | 2024-08-28 | INA 2024-08-01                       |                                  | not_yet_open   | waiting_interval | 2024-08-29
    second, begun before its age    | 2024-05-10 | INA-2 | 2024-08-29 | INA 2024-08-01                       |                                  | due            | in_standard      | 2024-08-29
    and late by the interval        | 2024-05-10 | INA-2 | 2024-09-28 | INA 2024-08-01                       |                                  | late           | past_standard    | 2024-08-29
    second, age still to come       | 2024-05-10 | INA-2 | 2025-05-08 | INA 2025-04-01                       |                                  | open           | before_standard  | 2025-04-29
    second, age reached             | 2024-05-10 | INA-2 | 2025-05-09 | INA 2025-04-01                       |                                  | due            | in_standard      | 2025-04-29
    no time left                    | 2024-05-10 | INA-2 | 2029-05-01 | INA 2029-04-12                       |                                  | missed         | no_time_left     | 2029-05-10
    time until the last day         | 2024-05-10 | INA-2 | 2029-05-01 | INA 2029-04-11                       |                                  | not_yet_open   | waiting_interval | 2029-05-09
    given                           | 2024-05-10 | INA-1 | 2024-09-01 | INA 2024-08-09                       | INA declined 2024-01-01          | done           | valid            |
    exempt                          | 2024-05-10 | INA-1 | 2024-09-01 |                                      | INA declined 2024-09-01 2024-09-01 | excluded     | declined         |
    not yet                         | 2024-05-10 | INA-1 | 2024-09-01 |                                      | INA declined 2024-09-02          | due            | in_standard      |
    no more                         | 2024-05-10 | INA-1 | 2024-09-02 |                                      | INA declined 2024-01-01 2024-09-01 | due          | in_standard      |
    the gravest is named            | 2024-05-10 | INA-1 | 2024-09-02 |                                      | INA declined 2024-01-01, INA had_disease 2024-01-01 | excluded | had_disease |
    of a variant not begun          | 2018-05-10 | CON-2 | 2018-12-10 |                                      |                                  | not_applicable | variant          |
    as_of stands for the first dose | 2018-05-10 | CON-2 | 2018-12-09 |                                      |                                  | not_yet_open   | waiting_previous |
    cut off                         | 2018-05-10 | CON-3 | 2019-05-20 | CON 2018-08-01, CON 2019-05-10       |                                  | not_applicable | cut_off          |
    the next after it               | 2018-05-10 | CON-4 | 2020-05-20 | CON 2018-08-01, CON 2020-04-10       |                                  | not_yet_open   | waiting_interval | 2020-06-10
    cut off by the day asked about  | 2018-05-10 | CON-2 | 2020-05-10 | CON 2018-08-01                       |                                  | not_applicable | cut_off          |
    and the day before              | 2018-05-10 | CON-2 | 2020-05-09 | CON 2018-08-01                       |                                  | due            | in_standard      | 2018-08-29
    waived until the second comes   | 2022-05-10 | CON-3 | 2022-09-01 | CON 2022-08-01 p=C9                  |                                  | not_applicable | waived           |
    needed, the second came soon    | 2022-05-10 | CON-3 | 2023-01-15 | CON 2022-08-01 p=C9, CON 2022-12-31  |                                  | not_yet_open   | waiting_interval | 2023-01-28
    irregular                       | 2024-05-10 | INA-2 | 2024-09-01 | INA 2024-08-01, INA 2024-08-28       |                                  | done_irregular | too_soon         |
    last season's does not count    | 1950-05-10 | SEA-1 | 2025-10-01 | SEA 2024-11-01                       |                                  | due            | in_standard      |
    this season's does              | 1950-05-10 | SEB-1 | 2025-10-01 | SEA 2025-10-01                       |                                  | not_applicable | other_series     |
    in a cohort by its doses        | 2016-05-10 | OLD-2 | 2024-05-09 | OLD 2022-04-01                       |                                  | done_irregular | too_early        |
    no pregnancy                    | 1995-05-10 | PRE-1 | 2026-05-01 |                                      |                                  | not_applicable | no_window        |
""")


@pytest.mark.parametrize("case", STATUS, ids=lambda case: case["case"])
def test_status_of_a_slot(case):
    row = slot_of(case)

    assert (row["status"], row["reason"], row["earliest_next_on"]) == (case["status"], case["reason"], case["next"])


PEOPLE = rows("""
    case                            | birth      | sex | died | resident_until | extracted_on | birth_earliest | doses         | judged
    died the day after              | 2024-05-10 | F   | yes  | 2025-06-01     |              |                | MR 2025-06-02 | valid@MR-1
    after death                     | 2024-05-10 | F   | yes  | 2025-06-01     |              |                | MR 2025-06-03 | impossible/after_death
    after moving away               | 2024-05-10 | F   |      | 2025-06-01     |              |                | MR 2025-06-03 | valid@MR-1
    after the extract               | 2024-05-10 | F   |      |                | 2025-06-01   |                | MR 2025-06-02 | impossible/future
    on its day                      | 2024-05-10 | F   |      |                | 2025-06-01   |                | MR 2025-06-01 | valid@MR-1
    unknown birth                   | unknown    | F   |      |                |              | 2024-01-01     | INA 2024-06-01, INA 2024-06-01 | unknown/birth_unknown, unknown/birth_unknown
    before the earliest birth       | unknown    | F   |      |                |              | 2024-01-01     | INA 2023-12-31 | impossible/before_birth
    of unknown sex, feeds           | 1995-05-10 | U   |      |                |              |                | PRE 2026-05-01 | unknown/pregnancy_unknown
    of the other sex, feeds nothing | 1995-05-10 | M   |      |                |              |                | PRE 2026-05-01 | not_in_force
""")


@pytest.mark.parametrize("case", PEOPLE, ids=lambda case: case["case"])
def test_doses_by_person(case):
    found = [text.replace("@INA-1", "") for text in judged(case)]

    assert found == items(case["judged"])


def test_the_answer_keeps_both_orders():
    found = answer({"birth": "2024-05-10", "doses": "MR 2025-06-01, ZZZ 2025-01-01, INA 2024-08-01"})

    assert [row["slot"] for row in found["slots"]] == list(rules().slots)
    assert [row["vaccine"] for row in found["doses"]] == ["MR", "ZZZ", "INA"]


def test_nothing_not_applicable_shows_days():
    row = slot_of({"birth": "2018-05-10", "slot": "CON-3", "as_of": "2018-12-10"})

    assert (row["status"], row["opens_on"], row["closes_on"], row["earliest_next_on"]) == (
        *("not_applicable", None),
        *(None, None),
    )


@pytest.mark.parametrize(("sex", "reason"), [("M", "other_sex"), ("U", "sex_unknown"), ("F", "in_standard")])
def test_sex_of_a_slot(sex, reason):
    case = {"birth": "1995-05-10", "sex": sex, "as_of": "2026-05-01", "special": "pregnancy PRE 2026-07-15"}

    assert slot_of(case | {"slot": "PRE-1"})["reason"] == reason


def test_an_open_end_is_null():
    row = evaluate({"birth_date": "2024-05-10", "sex": "F", "as_of": "2026-11-01"}, read_rules(EDITION, [ENDLESS]))

    assert [(slot["status"], slot["standard_until"], slot["closes_on"]) for slot in row["slots"]] == [
        ("due", None, None)
    ]
