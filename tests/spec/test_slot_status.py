"""One status per person and slot: the drawn cases are the specification.

Every case is one person, asked about one slot on one day. `doses` are `vaccine:期 day`, 定期 unless they say voluntary;
`exempt` has `from..until`. What a table's cases have in common stands above it. A slot is closing within 30 days of its
legal end, the end included.
"""

from datetime import date
from functools import cache

import pandas as pd
import pytest

from tests.city import build_city, read_doses, read_exemptions
from tests.tables import rows
from workbench.queries import run_query

CLOSING_DAYS = 30


def cases(table, **same):
    """Read a table of cases; `same` are the columns that all its cases share."""
    usual = {"birth": None, "before": None, "doses": None, "exempt": None}
    found = [usual | same | case for case in rows(table)]
    return [case | {"doses": ", ".join(filter(None, (case["before"], case["doses"])))} for case in found]


MR = [
    *cases(
        """
    case                                | doses                   | as_of      | status         | reason
    the day before the window           |                         | 2026-03-08 | not_yet_open   | before_window
    first day, the day before birthday  |                         | 2026-03-09 | due            | in_standard
    31 days left                        |                         | 2027-02-06 | due            | in_standard
    30 days left                        |                         | 2027-02-07 | closing        | legal_end_near
    last day                            |                         | 2027-03-09 | closing        | legal_end_near
    the day after                       |                         | 2027-03-10 | missed         | window_ended
    given on the first day              | MR:1 2026-03-09         | 2026-11-01 | done           | valid
    given the day before the first      | MR:1 2026-03-08         | 2026-11-01 | done_irregular | too_early
    given on the last day               | MR:1 2027-03-09         | 2027-11-01 | done           | valid
    given the day after the last        | MR:1 2027-03-10         | 2027-11-01 | done_irregular | too_late
    private                             | MR 2026-06-01 voluntary | 2026-11-01 | done           | private
    private after the end is no mistake | MR 2027-05-01 voluntary | 2027-11-01 | done           | private
    private too early: a person looks   | MR 2026-01-10 voluntary | 2026-11-01 | done_irregular | too_early
    given on the day asked about        | MR:1 2026-05-01         | 2026-05-01 | done           | valid
    given tomorrow is not seen          | MR:1 2026-05-02         | 2026-05-01 | due            | in_standard
    """,
        slot="MR1-1",
        birth="2025-03-10",
    ),
    *cases(
        """
    case                             | doses                            | as_of      | status       | reason
    31 March before the year         |                                  | 2026-03-31 | not_yet_open | before_window
    1 April                          |                                  | 2026-04-01 | due          | in_standard
    31 days left                     |                                  | 2027-02-28 | due          | in_standard
    30 days left                     |                                  | 2027-03-01 | closing      | legal_end_near
    31 March                         |                                  | 2027-03-31 | closing      | legal_end_near
    1 April of school                |                                  | 2027-04-01 | missed       | window_ended
    does not wait for MR1            | MR:2 2026-05-01                  | 2026-11-01 | done         | valid
    the day counts, not the 期       | MR:1 2021-06-01, MR:1 2026-05-01 | 2026-11-01 | done         | valid
    """,
        slot="MR2-1",
        birth="2020-05-20",
    ),
    *cases(
        """
    case                            | birth      | doses           | slot  | as_of      | status       | reason
    born 1 April: a year earlier    | 2020-04-01 |                 | MR2-1 | 2026-03-31 | closing      | legal_end_near
    born 2 April                    | 2020-04-02 |                 | MR2-1 | 2026-03-31 | not_yet_open | before_window
    1期 is not filled by a 2期 dose | 2020-05-20 | MR:2 2026-05-01 | MR1-1 | 2026-11-01 | missed       | window_ended
    """
    ),
]

DPIH = [
    *cases(
        """
    case                          | doses                                | as_of      | status         | reason
    the day before                |                                      | 2025-08-13 | not_yet_open   | before_window
    opens and is standard         |                                      | 2025-08-14 | due            | in_standard
    last standard day             |                                      | 2026-01-14 | due            | in_standard
    past the standard             |                                      | 2026-01-15 | late           | past_standard
    31 days left                  |                                      | 2032-11-13 | late           | past_standard
    closing wins over late        |                                      | 2032-11-14 | closing        | legal_end_near
    ended                         |                                      | 2032-12-15 | missed         | window_ended
    the order counts, not the 期  | DPIH:1A 2025-09-01                   | 2025-11-01 | done           | valid
    a dose before birth is none   | DPIH:1 2025-06-14                    | 2025-09-01 | due            | in_standard
    begun with 4種混合            | DPTI:1 2025-09-01                    | 2025-11-01 | not_applicable | other_series
    begun with 4種混合 today      | DPTI:1 2025-09-01                    | 2025-09-01 | not_applicable | other_series
    4種, then 5種: counted as 4種 | DPTI:1 2025-09-01, DPIH:1 2025-10-01 | 2025-11-01 | not_applicable | other_series
    4種混合 before birth is none  | DPTI:1 2025-06-01                    | 2025-09-01 | due            | in_standard
    4種混合 tomorrow is not seen  | DPTI:1 2025-09-02                    | 2025-09-01 | due            | in_standard
    """,
        slot="DPIH-1",
        birth="2025-06-15",
    ),
    *cases(
        """
    case                        | doses                                | as_of      | status         | reason
    before the window           |                                      | 2025-08-13 | not_yet_open   | before_window
    no first dose yet           |                                      | 2025-08-20 | not_yet_open   | waiting_previous
    no first dose, last day     |                                      | 2032-12-14 | not_yet_open   | waiting_previous
    no first dose, ended        |                                      | 2032-12-15 | missed         | window_ended
    given on the 20th day       | DPIH:1 2025-09-01, DPIH:1 2025-09-21 | 2025-11-01 | done_irregular | too_soon
    given on the 21st day       | DPIH:1 2025-09-01, DPIH:1 2025-09-22 | 2025-11-01 | done           | valid
    a dose before birth is none | DPIH:1 2025-06-14                    | 2025-09-01 | not_yet_open   | waiting_previous
    both on one day: 4種        | DPTI:1 2025-09-01, DPIH:1 2025-09-01 | 2025-10-01 | not_applicable | other_series
    a dose twice is one         | DPIH:1 2025-09-01, DPIH:1 2025-09-01 | 2025-09-10 | not_yet_open   | waiting_interval
    counts a too early first    | DPIH:1 2025-08-01                    | 2025-08-22 | due            | in_standard
    4種, then 5種: the rest     | DPTI:1 2025-09-01, DPIH:1 2025-10-01 | 2025-11-01 | not_applicable | other_series
    begun with 5種, then 4種    | DPIH:1 2025-09-01, DPTI:1 2025-09-22 | 2025-10-01 | not_applicable | other_series
    """,
        slot="DPIH-2",
        birth="2025-06-15",
    ),
    *cases(
        """
    case                     | as_of      | status       | reason
    20 clear days not passed | 2025-09-21 | not_yet_open | waiting_interval
    21st day                 | 2025-09-22 | due          | in_standard
    57th day                 | 2025-10-28 | due          | in_standard
    58th day                 | 2025-10-29 | late         | past_standard
    """,
        slot="DPIH-2",
        birth="2025-06-15",
        before="DPIH:1 2025-09-01",
    ),
    *cases(
        """
    case                          | doses                     | as_of      | status       | reason
    waits for the second          |                           | 2025-11-01 | not_yet_open | waiting_previous
    counts from a too soon second | DPIH:1 2025-09-21         | 2025-10-11 | not_yet_open | waiting_interval
    and 21 days after it          | DPIH:1 2025-09-21         | 2025-10-12 | due          | in_standard
    counts from a private second  | DPIH 2025-09-22 voluntary | 2025-10-12 | not_yet_open | waiting_interval
    and 21 days after that        | DPIH 2025-09-22 voluntary | 2025-10-13 | due          | in_standard
    """,
        slot="DPIH-3",
        birth="2025-06-15",
        before="DPIH:1 2025-09-01",
    ),
    *cases(
        """
    case                   | as_of      | status       | reason
    half a year not passed | 2026-04-12 | not_yet_open | waiting_interval
    half a year passed     | 2026-04-13 | due          | in_standard
    18 months              | 2027-04-13 | due          | in_standard
    past 18 months         | 2027-04-14 | late         | past_standard
    """,
        slot="DPIH-4",
        birth="2025-06-15",
        before="DPIH:1 2025-09-01, DPIH:1 2025-09-22, DPIH:1 2025-10-13",
    ),
    *cases(
        """
    case                               | as_of      | status | reason
    the interval ends after the window | 2029-08-01 | missed | no_time_left
    """,
        slot="DPIH-4",
        birth="2022-06-15",
        before="DPIH:1 2029-06-01, DPIH:1 2029-06-22, DPIH:1 2029-07-13",
    ),
]

DPTI = [
    *cases(
        """
    case                     | doses                                | as_of      | status         | reason
    nothing yet: 5種 is due  |                                      | 2025-09-15 | not_applicable | other_series
    begun with 4種           | DPTI:1 2025-09-01                    | 2025-09-15 | not_yet_open   | waiting_interval
    5種 goes on with it      | DPTI:1 2025-09-01, DPIH:1 2025-10-01 | 2025-11-01 | done           | valid
    4種 goes on with 5種     | DPIH:1 2025-09-01, DPTI:1 2025-09-22 | 2025-10-01 | done           | valid
    both on one day are one  | DPTI:1 2025-09-01, DPIH:1 2025-09-01 | 2025-10-01 | due            | in_standard
    """,
        slot="DPTI-2",
        birth="2025-06-15",
    ),
]

HEPB = [
    *cases(
        """
    case                            | as_of      | status  | reason
    from birth, before the standard | 2026-01-10 | open    | before_standard
    last day before the standard    | 2026-03-08 | open    | before_standard
    first standard day              | 2026-03-09 | due     | in_standard
    last standard day               | 2026-10-09 | due     | in_standard
    past the standard               | 2026-10-10 | late    | past_standard
    31 days left                    | 2026-12-09 | late    | past_standard
    30 days left                    | 2026-12-10 | closing | legal_end_near
    the day before birthday is last | 2027-01-09 | closing | legal_end_near
    birthday                        | 2027-01-10 | missed  | window_ended
    """,
        slot="HEPB-1",
        birth="2026-01-10",
    ),
    *cases(
        """
    case                     | doses           | as_of      | status       | reason
    27 clear days not passed | HEPB 2026-03-10 | 2026-04-06 | not_yet_open | waiting_interval
    four weeks later         | HEPB 2026-03-10 | 2026-04-07 | due          | in_standard
    late from its first day  | HEPB 2026-09-20 | 2026-10-18 | late         | past_standard
    """,
        slot="HEPB-2",
        birth="2026-01-10",
    ),
    *cases(
        """
    case                          | doses                            | as_of      | status       | reason
    139 days from the first       | HEPB 2026-03-10, HEPB 2026-04-07 | 2026-07-27 | not_yet_open | waiting_interval
    140th day from the first      | HEPB 2026-03-10, HEPB 2026-04-07 | 2026-07-28 | due          | in_standard
    6 days from a late second     | HEPB 2026-03-10, HEPB 2026-07-25 | 2026-07-31 | not_yet_open | waiting_interval
    7th day from a late second    | HEPB 2026-03-10, HEPB 2026-07-25 | 2026-08-01 | due          | in_standard
    needs the second              | HEPB 2026-03-10                  | 2026-09-01 | not_yet_open | waiting_previous
    the 140th day is the last day | HEPB 2026-08-22                  | 2026-09-01 | not_yet_open | waiting_previous
    the 140th day is one too late | HEPB 2026-08-23                  | 2026-09-01 | missed       | no_time_left
    """,
        slot="HEPB-3",
        birth="2026-01-10",
    ),
    *cases(
        """
    case                           | doses           | as_of      | status         | reason
    given 139 days after the first | HEPB 2026-07-27 | 2026-09-01 | done_irregular | too_soon
    given 140 days after the first | HEPB 2026-07-28 | 2026-09-01 | done           | valid
    """,
        slot="HEPB-3",
        birth="2026-01-10",
        before="HEPB 2026-03-10, HEPB 2026-04-07",
    ),
    *cases(
        """
    case                      | birth      | doses                     | status         | reason
    born before the programme | 2016-03-31 |                           | not_applicable | no_window
    and vaccinated privately  | 2016-03-31 | HEPB 2016-08-01 voluntary | not_applicable | no_window
    born with the programme   | 2016-04-01 |                           | due            | in_standard
    not born yet              | 2017-01-01 |                           | not_yet_open   | before_window
    birth date unknown        |            | HEPB 2016-10-15           | not_applicable | birth_unknown
    """,
        slot="HEPB-1",
        as_of="2016-11-01",
    ),
]

OTHERS = [
    *cases(
        """
    case               | as_of      | status  | reason
    from birth         | 2026-02-10 | open    | before_standard
    first standard day | 2026-07-09 | due     | in_standard
    past the standard  | 2026-10-10 | late    | past_standard
    last day           | 2027-02-09 | closing | legal_end_near
    """,
        slot="BCG-1",
        birth="2026-02-10",
    ),
    *cases(
        """
    case                              | doses          | as_of      | status       | reason
    three months end with the month   | VAR 2025-08-31 | 2025-11-30 | not_yet_open | waiting_interval
    so from the 1st, not yet standard | VAR 2025-08-31 | 2025-12-01 | open         | before_standard
    day before six months             | VAR 2025-08-31 | 2026-02-28 | open         | before_standard
    six months                        | VAR 2025-08-31 | 2026-03-01 | due          | in_standard
    twelve months                     | VAR 2025-08-31 | 2026-08-31 | due          | in_standard
    past twelve months                | VAR 2025-08-31 | 2026-09-01 | late         | past_standard
    closing wins over open as well    | VAR 2027-05-25 | 2027-08-25 | closing      | legal_end_near
    """,
        slot="VAR-2",
        birth="2024-08-31",
    ),
    *cases(
        """
    case                            | doses           | slot  | as_of      | status       | reason
    legal before the standard age   |                 | JE1-1 | 2025-09-08 | open         | before_standard
    standard from age 3             |                 | JE1-1 | 2025-09-09 | due          | in_standard
    past age 4                      |                 | JE1-1 | 2026-09-10 | late         | past_standard
    6 clear days not passed         | JE:1 2025-10-01 | JE1-2 | 2025-10-07 | not_yet_open | waiting_interval
    a week later                    | JE:1 2025-10-01 | JE1-2 | 2025-10-08 | due          | in_standard
    29th day                        | JE:1 2025-10-01 | JE1-2 | 2025-10-30 | due          | in_standard
    30th day                        | JE:1 2025-10-01 | JE1-2 | 2025-10-31 | late         | past_standard
    begun early: 6-28日 is standard | JE:1 2023-06-01 | JE1-2 | 2023-06-08 | due          | in_standard
    begun early, 30th day           | JE:1 2023-06-01 | JE1-2 | 2023-07-01 | late         | past_standard
    """,
        birth="2022-09-10",
    ),
    *cases(
        """
    case                             | doses                            | as_of      | status       | reason
    half a year not passed           | JE:1 2025-10-01, JE:1 2025-10-08 | 2026-04-07 | not_yet_open | waiting_interval
    legal, but a year is usual       | JE:1 2025-10-01, JE:1 2025-10-08 | 2026-04-08 | open         | before_standard
    a year later                     | JE:1 2025-10-01, JE:1 2025-10-08 | 2026-10-08 | due          | in_standard
    last standard day, age 5         | JE:1 2025-10-01, JE:1 2025-10-08 | 2027-09-09 | due          | in_standard
    past age 5                       | JE:1 2025-10-01, JE:1 2025-10-08 | 2027-09-10 | late         | past_standard
    half a year ends on the last day | JE:1 2029-09-02, JE:1 2029-09-09 | 2029-10-01 | not_yet_open | waiting_interval
    half a year ends a day later     | JE:1 2029-09-03, JE:1 2029-09-10 | 2029-10-01 | missed       | no_time_left
    """,
        slot="JE1A-1",
        birth="2022-09-10",
    ),
    *cases(
        """
    case                  | slot  | birth      | as_of      | status       | reason
    the day before age 9  | JE2-1 | 2017-05-10 | 2026-05-08 | not_yet_open | before_window
    does not wait for 1期 | JE2-1 | 2017-05-10 | 2026-05-09 | due          | in_standard
    the day before age 11 | DT2-1 | 2014-04-01 | 2025-03-30 | not_yet_open | before_window
    first day             | DT2-1 | 2014-04-01 | 2025-03-31 | due          | in_standard
    past age 12           | DT2-1 | 2014-04-01 | 2026-04-01 | late         | past_standard
    last day              | DT2-1 | 2014-04-01 | 2027-03-31 | closing      | legal_end_near
    ended                 | DT2-1 | 2014-04-01 | 2027-04-01 | missed       | window_ended
    """
    ),
]

EXEMPT = [
    *cases(
        """
    case                     | exempt                                     | as_of      | status   | reason
    had the disease          | VAR had_disease 2025-06-01..               | 2025-06-01 | excluded | had_disease
    the day before           | VAR had_disease 2025-06-01..               | 2025-05-31 | due      | in_standard
    until a day: that day    | VAR contraindicated 2025-06-01..2025-06-30 | 2025-06-30 | excluded | contraindicated
    until a day: a day on    | VAR contraindicated 2025-06-01..2025-06-30 | 2025-07-01 | due      | in_standard
    declined                 | VAR declined                               | 2025-06-01 | excluded | declined
    vaccinated elsewhere     | VAR vaccinated_elsewhere                   | 2025-06-01 | excluded | vaccinated_elsewhere
    two reasons: the disease | VAR declined, VAR had_disease              | 2025-06-01 | excluded | had_disease
    another vaccine          | MR had_disease                             | 2025-06-01 | due      | in_standard
    before the window        | VAR contraindicated                        | 2024-06-01 | excluded | contraindicated
    after the window         | VAR had_disease                            | 2028-06-01 | excluded | had_disease
    """,
        slot="VAR-1",
        birth="2024-05-01",
    ),
    *cases(
        """
    case                              | slot  | doses           | exempt              | status         | reason
    never a dose that was given       | VAR-1 | VAR 2025-06-01  | VAR had_disease     | done           | valid
    nor an irregular one              | VAR-1 | VAR 2025-04-01  | VAR had_disease     | done_irregular | too_early
    later doses of the series as well | VAR-2 | VAR 2025-06-01  | VAR contraindicated | excluded       | contraindicated
    both stages of MR                 | MR2-1 | MR:1 2025-06-01 | MR contraindicated  | excluded       | contraindicated
    """,
        birth="2024-05-01",
        as_of="2026-06-01",
    ),
]

STATUS_CASES = [*MR, *DPIH, *DPTI, *HEPB, *OTHERS, *EXEMPT]

DATE_CASES = [
    *cases(
        """
    case                       | given_on | opens_on   | standard_from | standard_until | closes_on  | earliest_next_on
    the whole window: standard |          | 2026-03-09 | 2026-03-09    | 2027-03-09     | 2027-03-09 |
    """,
        slot="MR1-1",
        birth="2025-03-10",
        as_of="2026-11-01",
    ),
    *cases(
        """
    slot   | given_on   | opens_on   | standard_from | standard_until | closes_on  | earliest_next_on
    DPIH-1 | 2025-09-01 | 2025-08-14 | 2025-08-14    | 2026-01-14     | 2032-12-14 |
    DPIH-2 | 2025-10-01 | 2025-08-14 | 2025-09-22    | 2025-10-28     | 2032-12-14 |
    DPIH-3 |            | 2025-08-14 | 2025-10-22    | 2025-11-27     | 2032-12-14 | 2025-10-22
    DPIH-4 |            | 2025-08-14 | 2025-08-14    | 2032-12-14     | 2032-12-14 |
    """,
        case="the standard moves with the dose before",
        birth="2025-06-15",
        before="DPIH:1 2025-09-01, DPIH:1 2025-10-01",
        as_of="2025-11-01",
    ),
    *cases(
        """
    slot   | given_on | opens_on   | standard_from | standard_until | closes_on  | earliest_next_on
    HEPB-3 |          | 2026-01-10 | 2026-03-09    | 2026-10-09     | 2027-01-09 | 2026-07-28
    """,
        case="known from the first dose, though the second is missing",
        birth="2026-01-10",
        before="HEPB 2026-03-10",
        as_of="2026-09-01",
    ),
    *cases(
        """
    slot   | given_on | opens_on   | standard_from | standard_until | closes_on  | earliest_next_on
    JE1A-1 |          | 2023-03-09 | 2026-10-08    | 2027-09-09     | 2030-03-09 | 2026-04-08
    """,
        case="the later of age and interval",
        birth="2022-09-10",
        before="JE:1 2025-10-01, JE:1 2025-10-08",
        as_of="2026-11-01",
    ),
    *cases(
        """
    slot  | given_on | opens_on   | standard_from | standard_until | closes_on  | earliest_next_on
    JE1-2 |          | 2023-03-09 | 2023-06-08    | 2023-06-30     | 2030-03-09 | 2023-06-08
    """,
        case="begun before the standard age",
        birth="2022-09-10",
        before="JE:1 2023-06-01",
        as_of="2023-07-01",
    ),
    *cases(
        """
    slot  | given_on | opens_on   | standard_from | standard_until | closes_on  | earliest_next_on
    VAR-2 |          | 2025-08-30 | 2027-08-30    | 2027-08-30     | 2027-08-30 | 2027-07-01
    """,
        case="the standard is cut at the legal end",
        birth="2024-08-31",
        before="VAR 2027-04-01",
        as_of="2027-08-01",
    ),
    *cases(
        """
    slot   | given_on | opens_on | standard_from | standard_until | closes_on | earliest_next_on
    HEPB-1 |          |          |               |                |           |
    """,
        case="no window, no dates",
        birth="2016-03-31",
        as_of="2026-11-01",
    ),
]
EVERYBODY = [*STATUS_CASES, *DATE_CASES]
DAYS = ["given_on", "opens_on", "standard_from", "standard_until", "closes_on", "earliest_next_on"]


@cache
def _city():
    """Everybody of every case lives in one city, so that a case also proves that neighbours do not matter."""
    return build_city(
        persons=[{"person_id": number, "birth_date": case["birth"]} for number, case in enumerate(EVERYBODY)],
        doses=[dose for number, case in enumerate(EVERYBODY) for dose in read_doses(number, case["doses"])],
        exemptions=[row for number, case in enumerate(EVERYBODY) for row in read_exemptions(number, case["exempt"])],
    )


@cache
def _statuses(as_of):
    found = run_query(_city(), "slot_status", as_of=as_of, closing_days=CLOSING_DAYS)
    return found.set_index(["person_id", "slot"])


def _numbered(chosen, offset=0):
    return [
        pytest.param(number, case, id=f"{case['slot']}: {case['case']}") for number, case in enumerate(chosen, offset)
    ]


@pytest.mark.parametrize(("person_id", "case"), _numbered(STATUS_CASES))
def test_status_and_reason(person_id, case):
    found = _statuses(case["as_of"]).loc[(person_id, case["slot"])]

    assert (found["status"], found["reason"]) == (case["status"], case["reason"])


@pytest.mark.parametrize(("person_id", "case"), _numbered(DATE_CASES, len(STATUS_CASES)))
def test_dates_behind_a_status(person_id, case):
    found = _statuses(case["as_of"]).loc[(person_id, case["slot"])]

    assert {day: None if pd.isna(found[day]) else found[day].date() for day in DAYS} == {
        day: case[day] and date.fromisoformat(case[day]) for day in DAYS
    }


def test_every_status_has_a_case():
    assert len({case["status"] for case in STATUS_CASES}) == 10
