"""A report while a notebook makes it: tables, their definitions and where it all comes from; then one workbook.

The page itself is the executed notebook without its code (`outputs.page`). Both name the snapshot, the rule
version, the conditions and the code version (promise P9), and both say that they are for the section only:
small counts are not protected until `disclosure` stands.
"""

import importlib.metadata
import os
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path

import duckdb
import pandas as pd

from workbench.errors import LedgerError
from workbench.ledger import Ledger
from workbench.outputs.columns import read_definition, style_of, to_text
from workbench.outputs.lists import write_list
from workbench.outputs.summaries import ALL
from workbench.outputs.tables import PAGE_ROWS, Table
from workbench.outputs.workbook import write_workbook
from workbench.queries import run_query
from workbench.settings import find_home, load_settings, make_folder, own_folder

OUTPUT_FOLDER = "WORKBENCH_OUTPUT"  # environment variable; `runs` names the folder of the run in it
LABEL = "庁内限り（少数の秘匿処理をしていない資料）"
NO_SUPPRESSION = "なし（庁内限り。庁外に出す資料には使わないこと）"


@dataclass(frozen=True, repr=False)
class Saved:
    """A file the report left, shown by its name."""

    path: Path
    remark: str

    def __repr__(self) -> str:
        """Name the file without its folder, which is another at every run."""
        return f"保存したファイル: {self.path.name}（{self.remark}）"

    def _repr_html_(self) -> str:
        return f'<p class="wb-saved">{escape(repr(self))}</p>'


class Report:
    """Collects what a notebook shows; `save` writes the workbook beside the page."""

    def __init__(
        self, title: str, *, as_of: str | date, snapshot: duckdb.DuckDBPyConnection, **conditions: object
    ) -> None:
        """Begin a report on `snapshot` as of a day; `conditions` are the parameters that shaped it, by name."""
        self.title = title
        self.as_of = date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
        self.tables: list[Table] = []
        self._conditions = conditions
        self._about = run_query(snapshot, "provenance").iloc[0].to_dict()
        self._names = _names_of_codes(snapshot)

    def __repr__(self) -> str:
        """Name the report; pages and notebooks show `_repr_html_`."""
        return f"{self.title}（{_japanese_day(self.as_of)}）"

    def _repr_html_(self) -> str:
        """Show the cover: the label, and where the figures come from."""
        left = 'style="text-align:left"'  # in the cell: JupyterLab's own tables lean to the right
        rows = "".join(
            f"<tr><th {left}>{escape(name)}</th><td {left}>{escape(text)}</td></tr>" for name, text in self.provenance
        )
        label = f'<p class="wb-label" style="color:#9c0006;font-weight:bold">{LABEL}</p>'
        return f'<div class="wb-cover">{label}<table>{rows}</table>{self._warning()}</div>'

    @property
    def provenance(self) -> tuple[tuple[str, str], ...]:
        """Name and value of everything that decides the figures, in Japanese."""
        office = load_settings().office
        about = ("snapshot_id", "extracted_on", "municipality_code", "rule_version")
        return (
            ("作成", f"{office.city} {office.section}"),
            ("基準日", _japanese_day(self.as_of)),
            *((style_of(name).title, self._condition(name, value)) for name, value in self._conditions.items()),
            *((style_of(name).title, to_text(name, self._about[name])) for name in about),
            (
                "プログラムの版",
                f"{importlib.metadata.version('workbench')}（取り込み時 {self._about['code_version']}）",
            ),
            ("台帳の末尾", _ledger_head()),
        )

    def table(
        self,
        rows: pd.DataFrame,
        title: str,
        *,
        measure: str,
        births: str = "すべて",
        shown_rows: int = PAGE_ROWS,
    ) -> Table:
        """Add rows to the page and, as a sheet of this title, to the workbook.

        Args:
            rows: columns by their English names; `columns.toml` gives the titles and formats.
            measure: the entry of `definitions.toml` that says what the figures mean.
            births: the range of births covered, in words.
            shown_rows: how many rows the page shows; the workbook has all.
        """
        told = read_definition(measure)
        definition = (
            ("基準日", _japanese_day(self.as_of)),
            ("分子（数える人）", told["numerator"]),
            ("分母（対象者）", told["denominator"]),
            ("生年月日の範囲", births),
            ("秘匿処理", told.get("suppression", NO_SUPPRESSION)),
            ("備考", told["note"]),
        )
        table = Table(title, rows, definition, shown_rows)
        self.tables.append(table)
        return table

    def write_list(self, rows: pd.DataFrame) -> Saved:
        """Write the pseudonymous list `followup_list.csv`, which `workbench letters` takes."""
        path = self.folder / "followup_list.csv"
        write_list(rows, path, as_of=self.as_of, snapshot_id=str(self._about["snapshot_id"]))
        return Saved(path, f"仮名の一覧、{len(rows):,}人")

    def save(self, name: str) -> Saved:
        """Write `<name>.xlsx` with a sheet for each table and one for the provenance."""
        path = self.folder / f"{name}.xlsx"
        write_workbook(path, self.title, tables=self.tables, provenance=(("区分", LABEL), *self.provenance))
        return Saved(path, f"表{len(self.tables)}枚と作成条件")

    @property
    def folder(self) -> Path:
        """Where files go: the folder of the run, or the account's own when a person works in JupyterLab."""
        named = os.environ.get(OUTPUT_FOLDER)
        return make_folder(Path(named)) if named else own_folder(find_home().scratch)

    def _condition(self, name: str, value: object) -> str:
        if value == ALL:
            return "すべて"
        known = self._names.get(name, {}).get(value)
        return f"{to_text(name, value)} {known}" if known else to_text(name, value)

    def _warning(self) -> str:
        extracted_on = pd.Timestamp(self._about["extracted_on"]).date()
        if self.as_of <= extracted_on:
            return ""
        return (
            f'<p class="wb-warning">基準日が抽出日（{_japanese_day(extracted_on)}）より後です。'
            "抽出日より後の接種・転入・転出は含まれていません。</p>"
        )


def _names_of_codes(snapshot: duckdb.DuckDBPyConnection) -> dict[str, dict[object, str]]:
    """Return the names of slots, programmes and districts by code."""
    slots, districts = run_query(snapshot, "slots"), run_query(snapshot, "districts")
    return {
        "slot": dict(zip(slots["slot"], slots["slot_label"], strict=True)),
        "programme": dict(zip(slots["programme"], slots["programme_name"], strict=True)),
        "district": dict(zip(districts["district"], districts["district_name"], strict=True)),
    }


def _ledger_head() -> str:
    """Return the ledger's head as it is printed: the paper anchors the chain. Not every analyst may read it."""
    try:
        return Ledger(find_home().ledger).head().text
    except LedgerError:
        return "この利用者では台帳を読めません"


def _japanese_day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
