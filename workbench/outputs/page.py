"""An executed notebook as one page: no code, no request to any other place, plotly.js once.

The page forbids itself to load anything (Content-Security-Policy), so that a promise of the program is also
one of the browser (P10).
"""

from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import plotly.io
from nbconvert import HTMLExporter
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

from workbench.outputs.report import LABEL

PLOTLY = "application/vnd.plotly.v1+json"
FIGURE_SETTINGS = {"displayModeBar": False, "responsive": True}  # the bar's hints are English


class PlotlyOffline(Preprocessor):
    """Turns each figure into HTML that draws itself; the first one brings plotly.js along."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Replace every plotly output of the notebook."""
        number = 0
        for cell in nb.cells:
            for output in cell.get("outputs", []):
                figure = output.get("data", {}).get(PLOTLY)
                if figure:
                    number += 1
                    output.data = NotebookNode({"text/html": _draw(figure, number)})
        return nb, resources


def write_page(notebook: NotebookNode, path: Path) -> None:
    """Write the page of an executed notebook; the same notebook gives the same bytes."""
    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        language_code="ja",
    )
    exporter.register_preprocessor(PlotlyOffline, enabled=True)
    body, _ = exporter.from_notebook_node(notebook)
    page = Template(files(__package__).joinpath("templates/page.tpl").read_text(encoding="utf-8"))
    path.write_text(page.substitute(title=escape(title_of(notebook)), label=LABEL, body=body), encoding="utf-8")


def title_of(notebook: NotebookNode) -> str:
    """Return the first heading of the notebook."""
    texts = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    headings = (line.removeprefix("# ") for text in texts for line in text.splitlines() if line.startswith("# "))
    return next(headings, "レポート").strip()


def _draw(figure: dict[str, Any], number: int) -> str:
    return plotly.io.to_html(
        {"data": figure["data"], "layout": figure["layout"]},
        full_html=False,
        include_plotlyjs=number == 1,
        div_id=f"figure-{number}",
        config=FIGURE_SETTINGS,
    )
