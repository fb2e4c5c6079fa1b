"""A table with its definition: shown in a notebook and on a page, written into a workbook from the same rows."""

from dataclasses import dataclass
from html import escape

import pandas as pd

from workbench.outputs.columns import LEFT_KINDS, style_of, to_text

NOTHING = "該当する人・行はありません。"
PAGE_ROWS = 300  # a page is for reading; the workbook has every row


@dataclass(frozen=True, repr=False)
class Table:
    """Rows under a title, with the definition that belongs to them (as-of date, numerator, denominator, …)."""

    title: str
    rows: pd.DataFrame
    definition: tuple[tuple[str, str], ...]
    shown_rows: int = PAGE_ROWS

    def __repr__(self) -> str:
        """Name the table; pages and notebooks show `_repr_html_`."""
        return f"{self.title}（{len(self.rows):,}行）"

    def _repr_html_(self) -> str:
        """Show it in a notebook; JupyterLab calls this."""
        parts = (f"<h3>{escape(self.title)}</h3>", self._body(), self._remark(), _definition(self.definition))
        return f'<div class="wb-table">{"".join(parts)}</div>'

    def _body(self) -> str:
        if self.rows.empty:
            return f"<p>{NOTHING}</p>"
        names = list(self.rows.columns)
        head = "".join(f"<th{_align(name)}>{escape(style_of(name).title)}</th>" for name in names)
        shown = self.rows.head(self.shown_rows)
        body = "".join(
            "<tr>"
            + "".join(f"<td{_align(name)}>{_text(name, v)}</td>" for name, v in zip(names, row, strict=True))
            + "</tr>"
            for row in shown.itertuples(index=False, name=None)
        )
        return f'<div class="wb-rows"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'

    def _remark(self) -> str:
        if len(self.rows) <= self.shown_rows:
            return ""
        return f"<p>全{len(self.rows):,}行のうち先頭の{self.shown_rows:,}行。すべての行はExcelブックにあります。</p>"


def _align(name: str) -> str:
    side = "left" if style_of(name).kind in LEFT_KINDS else "right"
    return f' style="text-align:{side}"'


def _text(name: str, value: object) -> str:
    """Return a value as a cell shows it; a date stays in one line."""
    text = escape(to_text(name, value))
    return f'<span style="white-space:nowrap">{text}</span>' if style_of(name).kind == "date" else text


def _definition(definition: tuple[tuple[str, str], ...]) -> str:
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in definition)
    return f'<dl class="wb-definition">{lines}</dl>' if lines else ""
