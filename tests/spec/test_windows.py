"""What each birth may receive when: programmes as the shipped data state them, worked by hand.

Empty first and last day: no window. Empty standard period: the whole window is standard. That every number of the data
is held by a case is tested by the worked cases (`test_case_mutations`).
"""

from datetime import date

import pytest

from tests.tables import rows
from workbench import schedule

NAMES = ("opens_on", "standard_from", "standard_until", "closes_on")

WINDOWS = rows("""
birth      | slots                | opens_on   | closes_on  | std_from   | std_until  | why
2022-04-02 | MR1-1                | 2023-04-01 | 2024-04-01 |            |            | 例10。令和6年度の初日まで
2025-01-01 | MR1-1                | 2025-12-31 | 2026-12-31 |            |            | 例13
2024-02-29 | MR1-1                | 2025-02-28 | 2026-02-28 |            |            | うるう日生まれ
2023-03-01 | MR1-1                | 2024-02-29 | 2025-02-28 |            |            | 1歳はうるう日に達する
2024-12-31 | MR1-1                | 2025-12-30 | 2026-12-30 |            |            | 年末
2004-04-01 | MR1-1                |            |            |            |            | 施行の前日に終わる
2004-04-02 | MR1-1                | 2006-04-01 | 2006-04-01 |            |            | 始まった日だけ
2004-08-20 | MR1-1                | 2006-04-01 | 2006-08-19 |            |            | 施行日から
2019-04-01 | MR2-1                | 2024-04-01 | 2025-03-31 |            |            | 例32
2020-04-01 | MR2-1                | 2025-04-01 | 2026-03-31 |            |            | 例34
2020-04-02 | MR2-1                | 2026-04-01 | 2027-03-31 |            |            | 1日ちがいで1年後
2018-12-31 | MR2-1                | 2024-04-01 | 2025-03-31 |            |            |
2020-02-29 | MR2-1                | 2025-04-01 | 2026-03-31 |            |            | うるう日生まれ
2000-04-01 | MR2-1                |            |            |            |            | 施行の前日に終わる
2000-04-02 | MR2-1                | 2006-04-01 | 2007-03-31 |            |            | 最初の学年

2025-03-01 | DPIH-1               | 2025-04-30 | 2032-08-31 | 2025-04-30 | 2025-09-30 | 例23
2025-03-01 | DPIH-2 DPIH-3 DPIH-4 | 2025-04-30 | 2032-08-31 |            |            | 2回目からは間隔で決まる
2024-12-31 | DPIH-1               | 2025-02-28 | 2032-06-30 | 2025-02-28 | 2025-07-30 | 2月と6月に31日はない
2024-02-01 | DPIH-1               | 2024-04-01 | 2031-07-31 | 2024-04-01 | 2024-08-31 | 生後2月は3月31日、施行日から
2024-02-02 | DPIH-1               | 2024-04-01 | 2031-08-01 | 2024-04-01 | 2024-09-01 | 生後2月が施行日
2024-02-03 | DPIH-1               | 2024-04-02 | 2031-08-02 | 2024-04-02 | 2024-09-02 |
2018-12-31 | DPIH-1               | 2024-04-01 | 2026-06-30 | 2019-02-28 | 2019-07-30 | 標準は施行前に終わり
2018-12-31 | DPIH-2 DPIH-3 DPIH-4 | 2024-04-01 | 2026-06-30 |            |            |
2016-10-01 | DPIH-1 DPIH-4        |            |            |            |            | 90月は施行の前日
2016-10-02 | DPIH-4               | 2024-04-01 | 2024-04-01 |            |            | 90月が施行日

2025-03-15 | BCG-1                | 2025-03-15 | 2026-03-14 | 2025-08-14 | 2025-11-14 | 例26
2020-04-01 | BCG-1                | 2020-04-01 | 2021-03-31 | 2020-08-31 | 2020-11-30 | 例4
2025-09-30 | BCG-1                | 2025-09-30 | 2026-09-29 | 2026-02-28 | 2026-05-29 | 2月30日はない
2012-10-02 | BCG-1                | 2012-10-02 | 2013-10-01 | 2013-04-01 | 2013-06-01 | 途中で1歳までへ延びた
2012-04-02 | BCG-1                | 2013-04-01 | 2013-04-01 | 2012-09-01 | 2012-12-01 | 終わり、延びて1日開く
2012-04-01 | BCG-1                | 2012-04-01 | 2012-09-30 |            |            | 1歳の前日が改正の前日
2011-05-31 | BCG-1                | 2011-05-31 | 2011-11-30 |            |            | 改正前。11月31日はない
2004-10-01 | BCG-1                |            |            |            |            | 6月は始まりの前日
2004-10-02 | BCG-1                | 2005-04-01 | 2005-04-01 |            |            | 6月が始まりの日

2025-03-15 | HEPB-1 HEPB-2 HEPB-3 | 2025-03-15 | 2026-03-14 | 2025-05-14 | 2025-12-14 | 例26
2020-04-01 | HEPB-1 HEPB-2 HEPB-3 | 2020-04-01 | 2021-03-31 | 2020-05-31 | 2020-12-31 | 例4
2023-12-31 | HEPB-1               | 2023-12-31 | 2024-12-30 | 2024-02-29 | 2024-09-30 | 2月に31日はない
2023-12-29 | HEPB-1               | 2023-12-29 | 2024-12-28 | 2024-02-28 | 2024-09-28 | うるう年の2月29日
2016-03-31 | HEPB-1 HEPB-2 HEPB-3 |            |            |            |            | 平成28年4月生まれから
2016-04-01 | HEPB-1 HEPB-2 HEPB-3 | 2016-10-01 | 2017-03-31 | 2016-10-01 | 2016-12-31 | 施行日から

2024-08-31 | VAR-1                | 2025-08-30 | 2027-08-30 | 2025-08-30 | 2025-11-30 | 例21。11月31日はない
2024-08-31 | VAR-2                | 2025-08-30 | 2027-08-30 |            |            | 2回目の標準は間隔で決まる
2013-09-15 | VAR-1                | 2014-10-01 | 2016-09-14 | 2014-10-01 | 2014-12-14 | 施行日から
2013-10-03 | VAR-1                | 2014-10-02 | 2016-10-02 | 2014-10-02 | 2015-01-02 |
2011-10-01 | VAR-1 VAR-2          |            |            |            |            | 36月は施行の前日
2011-10-02 | VAR-1                | 2014-10-01 | 2014-10-01 | 2012-10-01 | 2013-01-01 | 36月が施行日
2011-10-02 | VAR-2                | 2014-10-01 | 2014-10-01 |            |            |

2023-08-31 | JE1-1 JE1-2          | 2024-02-29 | 2031-02-28 | 2026-08-30 | 2027-08-30 | 例18
2023-08-31 | JE1A-1               | 2024-02-29 | 2031-02-28 | 2027-08-30 | 2028-08-30 |
2024-08-28 | JE1-1 JE1-2          | 2025-02-27 | 2032-02-27 | 2027-08-27 | 2028-08-27 | 例20
2020-02-29 | JE1-1                | 2020-08-28 | 2027-08-28 | 2023-02-28 | 2024-02-28 | うるう日生まれ
2020-02-29 | JE1A-1               | 2020-08-28 | 2027-08-28 | 2024-02-28 | 2025-02-28 |
2009-06-01 | JE1-1 JE1-2          | 2009-11-30 | 2016-11-30 | 2012-05-31 | 2013-05-31 | 版の境をまたぐ
2007-04-01 | JE1-1 JE1-2          | 2011-03-31 | 2027-03-31 | 2011-03-31 | 2011-03-31 | 特例。標準は特例の初日だけ
2007-04-01 | JE1A-1               | 2011-03-31 | 2027-03-31 | 2011-03-31 | 2012-03-31 | 特例
2004-05-20 | JE1-1                | 2008-05-19 | 2024-05-19 | 2008-05-19 | 2008-05-19 | 特例
1991-01-15 | JE1-1                | 1994-10-01 | 1998-07-14 | 1994-10-01 | 1995-01-14 |
1990-01-15 | JE1A-1               | 1994-10-01 | 1997-07-14 | 1994-10-01 | 1995-01-14 |
1987-04-01 | JE1-1 JE1-2 JE1A-1   |            |            |            |            | 90月は始まりの前日
1987-04-02 | JE1-1                | 1994-10-01 | 1994-10-01 | 1990-04-01 | 1991-04-01 | 90月が始まりの日
2017-05-10 | JE2-1                | 2026-05-09 | 2030-05-09 | 2026-05-09 | 2027-05-09 | 例36
2017-04-01 | JE2-1                | 2026-03-31 | 2030-03-31 | 2026-03-31 | 2027-03-31 | 4月1日生まれ
2012-02-29 | JE2-1                | 2021-02-28 | 2025-02-28 | 2021-02-28 | 2022-02-28 | うるう日生まれ
2003-06-15 | JE2-1                | 2012-06-14 | 2023-06-14 | 2012-06-14 | 2013-06-14 | 特例。版の境をまたぐ
1998-03-10 | JE2-1                | 2007-03-09 | 2018-03-09 | 2007-03-09 | 2008-03-09 | 特例
1985-01-15 | JE2-1                | 1994-10-01 | 1998-01-14 | 1994-10-01 | 1995-01-14 |
1981-10-01 | JE2-1                |            |            |            |            | 13歳は始まりの前日
1981-10-02 | JE2-1                | 1994-10-01 | 1994-10-01 | 1990-10-01 | 1991-10-01 | 13歳が始まりの日

2014-04-01 | DT2-1                | 2025-03-31 | 2027-03-31 | 2025-03-31 | 2026-03-31 | 例38
2014-04-02 | DT2-1                | 2025-04-01 | 2027-04-01 | 2025-04-01 | 2026-04-01 |
2016-02-29 | DT2-1                | 2027-02-28 | 2029-02-28 | 2027-02-28 | 2028-02-28 | うるう日生まれ
2001-07-31 | DT2-1                | 2012-07-30 | 2014-07-30 | 2012-07-30 | 2013-07-30 | 版の境をまたぐ
1999-12-31 | DT2-1                | 2010-12-30 | 2012-12-30 | 2010-12-30 | 2011-12-30 |
1983-01-15 | DT2-1                | 1994-10-01 | 1996-01-14 | 1994-10-01 | 1995-01-14 |
1981-10-01 | DT2-1                |            |            |            |            | 13歳は始まりの前日
1981-10-02 | DT2-1                | 1994-10-01 | 1994-10-01 | 1992-10-01 | 1993-10-01 | 13歳が始まりの日
""")

INTERVALS = rows("""
    series | slot   | after | given_on   | earliest_next_on | standard_from | standard_until | why
    HEPB   | HEPB-2 | 1     | 2026-05-11 | 2026-06-08       |               |                | 27日以上：4週後の同じ曜日
    HEPB   | HEPB-3 | 1     | 2026-05-11 | 2026-09-28       |               |                | 1回目から139日以上
    HEPB   | HEPB-3 | 2     | 2026-05-11 | 2026-05-18       |               |                | 2回目から6日以上
    DPIH   | DPIH-2 | 1     | 2026-05-11 | 2026-06-01       | 2026-06-01    | 2026-07-07     | 20日以上、標準56日まで
    DPIH   | DPIH-3 | 2     | 2026-05-11 | 2026-06-01       | 2026-06-01    | 2026-07-07     |
    DPIH   | DPIH-4 | 3     | 2026-04-15 | 2026-10-15       | 2026-10-15    | 2027-10-15     | 6月以上、標準18月まで
    DPIH   | DPIH-4 | 3     | 2026-08-28 | 2027-02-28       | 2027-02-28    | 2028-02-28     |
    DPIH   | DPIH-4 | 3     | 2026-08-31 | 2027-03-01       | 2027-03-01    | 2028-03-01     | 応当日がなければ翌月1日
    VAR    | VAR-2  | 1     | 2026-11-30 | 2027-03-01       | 2027-05-30    | 2027-11-30     | 3月以上、標準6月から12月
    JE1    | JE1-2  | 1     | 2026-05-11 | 2026-05-18       | 2026-05-18    | 2026-06-09     | 6日以上、標準28日まで
    JE1    | JE1A-1 | 2     | 2024-02-29 | 2024-08-29       | 2025-03-01    |                | 6月以上、おおむね1年
    JE1    | JE1A-1 | 2     | 2026-02-28 | 2026-08-28       | 2027-02-28    |                |
    JE4    | JE1-2  | 1     | 2013-05-11 | 2013-05-18       |               |                | 特例：6日以上
    JE4    | JE1A-1 | 2     | 2013-05-11 | 2013-05-18       |               |                |
    JE4    | JE2-1  | 3     | 2013-05-11 | 2013-05-18       |               |                |
    JE4B   | JE1-2  | 1     | 2017-09-01 | 2017-09-08       |               |                | 未確認
    JE4B   | JE1A-1 | 2     | 2017-09-08 | 2017-09-15       |               |                |
    JE4B   | JE2-1  | 3     | 2017-09-15 | 2017-09-22       |               |                |
""")

PROGRAMMES = rows("""
    programme | category | effective_from | effective_to | confirmed
    ROTA1     | A        | 2020-10-01     |              | yes
    ROTA5     | A        | 2020-10-01     |              | yes
    HEPB      | A        | 2016-10-01     |              | yes
    DPIH      | A        | 2024-04-01     |              | yes
    DPTI      | A        | 2012-11-01     |              | no
    DPT       | A        | 1994-10-01     |              | no
    IPV       | A        | 2012-09-01     |              | no
    HIB       | A        | 2013-04-01     |              | yes
    PCV       | A        | 2013-04-01     |              | yes
    BCG       | A        | 2005-04-01     |              | no
    MR        | A        | 2006-04-01     |              | yes
    VAR       | A        | 2014-10-01     |              | yes
    JE        | A        | 1994-10-01     |              | no
    DT        | A        | 1994-10-01     |              | no
    HPV       | A        | 2013-04-01     |              | yes
    RSVM      | A        | 2026-04-01     |              | yes
    RUB5      | A        | 2019-02-01     | 2027-03-31   | no
    FLU       | B        | 2013-04-01     |              | no
    FLUHD     | B        | 2026-10-01     |              | yes
    PPV       | B        | 2014-10-01     | 2026-03-31   | yes
    PCVA      | B        | 2026-04-01     |              | yes
    COV       | B        | 2024-10-01     |              | no
    HZL       | B        | 2025-04-01     |              | yes
    HZR       | B        | 2025-04-01     |              | yes
""")
WORKED_HERE = {"HEPB", "DPIH", "BCG", "MR", "VAR", "JE", "DT"}  # the others: docs/cases


def text(day):
    return day.isoformat() if day else None


def expected_window(case):
    whole = case["opens_on"], case["closes_on"]
    standard = (case["std_from"], case["std_until"]) if case["std_from"] else whole
    return case["opens_on"], *standard, case["closes_on"]


def found_intervals():
    """Return the number of the rule of each series, slot and position, for the programmes worked here."""
    tables = schedule.rule_tables()
    series = {row["series_no"]: row["series"] for row in tables["series"].to_pylist()}
    slots = {row["display_order"]: row for row in tables["slot"].to_pylist()}
    found = {}
    for row in tables["slot_interval"].to_pylist():
        slot = slots[row["slot_no"]]
        if slot["programme"] in WORKED_HERE:
            place = series[row["series_no"]], slot["slot"], row["after_position"]
            assert found.setdefault(place, row["rule_no"]) == row["rule_no"]  # the same for every variant
    return found


@pytest.mark.parametrize("case", WINDOWS, ids=lambda case: f"{case['birth']}-{case['slots']}")
def test_window(case):
    found = schedule.windows(date.fromisoformat(case["birth"]), "F")

    for slot in case["slots"].split():
        row = next(row for row in found if row["slot"] == slot)
        assert tuple(text(row[name]) for name in NAMES) == expected_window(case)


@pytest.mark.parametrize("case", INTERVALS, ids=lambda case: "-".join(list(case.values())[:4]))
def test_interval(case):
    rule = found_intervals()[case["series"], case["slot"], int(case["after"])]
    table = schedule.interval_table([date.fromisoformat(case["given_on"])]).to_pylist()

    row = next(row for row in table if row["rule_no"] == rule)

    for name in ("earliest_next_on", "standard_from", "standard_until"):
        assert text(row[name]) == case[name]


def test_every_interval_has_a_case():
    assert set(found_intervals()) == {(case["series"], case["slot"], int(case["after"])) for case in INTERVALS}


def test_programmes():
    found = [
        (row["programme"], row["category"], text(row["effective_from"]), text(row["effective_to"]), row["confirmed"])
        for row in schedule.rule_tables()["programme"].to_pylist()
    ]

    assert found == [
        (case["programme"], case["category"], case["effective_from"], case["effective_to"], case["confirmed"] == "yes")
        for case in PROGRAMMES
    ]
