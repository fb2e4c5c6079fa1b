"""Irregular doses by the classes in which a city reports them (接種間違い): what `irregular_doses` counted, summed.

Which judgement belongs to which class, and which classes no record shows, is data (`irregular.toml`).
"""

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd

from workbench.disclosure import hide_small_counts
from workbench.errors import ParameterError
from workbench.settings import load_settings

NOT_IRREGULAR = ("valid", "private")  # every other judgement has a class in irregular.toml
ROUTINE = "routine"
FISCAL_YEAR_BEGINS = 4  # April
UNRECORDED = "-"

_SEEN = {"yes": "記録から分かる", "apart": "報告の区分ではない（別に確認）", "no": "記録からは分からない"}


def period(as_of: str, from_on: str, until_on: str) -> dict[str, str]:
    """Return the days the report covers as parameters of the queries; empty days mean 年度 of `as_of` up to `as_of`.

    Raises:
        ParameterError: the period runs backwards or past `as_of`.
    """
    first = from_on or _fiscal_year_start(date.fromisoformat(as_of)).isoformat()
    last = until_on or as_of
    if first > last or last > as_of:
        msg = (
            "期間（from_on から until_on まで）は、基準日 as_of 以前で、始めが終わりより後にならないように"
            "指定してください。レポートは作っていません。"
        )
        raise ParameterError(msg)
    return {"from_on": first, "until_on": last}


def by_class(counts: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each class, those without a dose and those no record shows included (their counts are empty).

    定期接種 stands apart from 任意接種 and 臨時接種, which a city does not report with it.
    """
    kinds, is_routine = counts["evaluation"].map(_class_of()), counts["legal_class"] == ROUTINE
    rows = pd.DataFrame(_classes())
    sums = {
        "routine_doses": counts[is_routine].groupby(kinds)["doses"].sum(),
        "other_doses": counts[~is_routine].groupby(kinds)["doses"].sum(),
    }
    is_seen = rows["seen"] != "no"
    found = {name: rows["class"].map(sum_).fillna(0).astype("Int64").where(is_seen) for name, sum_ in sums.items()}
    told = {"irregular_class": rows["title"], "seen": rows["seen"].map(_SEEN)}
    return pd.DataFrame(told | found | {"meaning": rows["meaning"]})


def by_vaccine(counts: pd.DataFrame) -> pd.DataFrame:
    """Sum the irregular doses by class, vaccine, 法定区分 and reason, in the order of the classes."""
    return _sums(_irregular(counts), ["irregular_class", "vaccine", "vaccine_name", "legal_class", "reason"])


def by_clinic(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the irregular 定期接種 of each clinic and its other doses, small counts hidden (threshold: settings).

    The two share no dose, so neither tells of the other; their sum, all doses of a clinic, would.

    Raises:
        DisclosureError: the counts cannot be protected.
    """
    irregular = _irregular(counts[counts["legal_class"] == ROUTINE]).groupby("clinic")["doses"].sum()
    doses = counts.groupby("clinic")["doses"].sum().sort_index(key=lambda clinic: clinic.replace(UNRECORDED, "\uffff"))
    found = irregular.reindex(doses.index, fill_value=0)
    rows = pd.DataFrame({"irregular_shown": found, "others_shown": doses - found}).reset_index()
    return hide_small_counts(rows, ["irregular_shown", "others_shown"], threshold=load_settings().disclosure.threshold)


def recorded_otherwise(counts: pd.DataFrame) -> pd.DataFrame:
    """Count by vaccine the doses whose recorded 期 or 回 contradicts the order of the days."""
    return _told(counts, "recorded_otherwise")


def birth_unknown(counts: pd.DataFrame) -> pd.DataFrame:
    """Count by vaccine the doses of persons whose birth date is unknown; no rule can judge them."""
    return _told(counts, "birth_unknown")


def _told(counts: pd.DataFrame, column: str) -> pd.DataFrame:
    sums = counts.groupby(["vaccine", "vaccine_name"])[["doses", column]].sum().reset_index()
    return sums[sums[column] > 0].reset_index(drop=True)


def _irregular(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the classes that a report counts, with their class as an ordered word."""
    reported = [row for row in _classes() if row["seen"] == "yes"]
    titles = {row["class"]: row["title"] for row in reported}
    kinds = counts["evaluation"].map(_class_of()).map(titles)
    order = pd.CategoricalDtype(list(titles.values()), ordered=True)
    return counts.assign(irregular_class=kinds.astype(order))[kinds.notna()]


def _sums(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    sums = rows.groupby(keys, observed=True)["doses"].sum().reset_index()
    return sums.astype({"irregular_class": "str"})


def _class_of() -> dict[str, str]:
    return {evaluation: row["class"] for row in _classes() for evaluation in row["evaluations"]}


@cache
def _classes() -> list[dict[str, Any]]:
    text = files(__package__).joinpath("irregular.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["class"]


def _fiscal_year_start(day: date) -> date:
    return date(day.year - (day.month < FISCAL_YEAR_BEGINS), FISCAL_YEAR_BEGINS, 1)
