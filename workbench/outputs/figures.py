"""Figures of the reports: frames in, plotly figures out; Japanese words, and nothing to be fetched from a network.

The renderer keeps notebooks small (the figure as data, 37 kB instead of 5 MB); the page brings plotly.js itself.
"""

import sys

import pandas as pd

from workbench.outputs.columns import codes_of, style_of
from workbench.records import NO_END

sys.modules.setdefault("rfc3987_syntax", None)  # spares seconds at the next import: decision 0007

import plotly.graph_objects as go  # noqa: E402
import plotly.io  # noqa: E402

plotly.io.renderers.default = "plotly_mimetype"

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#6A3D9A", "#555555")  # Okabe-Ito's order
STATUS_COLOURS = {"closing": "#D55E00", "late": "#E69F00", "due": "#0072B2", "open": "#56B4E9"}
FONT = '"Yu Gothic UI", "Yu Gothic", Meiryo, "Hiragino Sans", "Noto Sans CJK JP", sans-serif'
ROW_HEIGHT = 26
MARGIN = {"l": 10, "r": 30, "t": 60, "b": 50}
NOTHING = "該当する人はいません"


def coverage_by_cohort(cohorts: pd.DataFrame) -> go.Figure:
    """Draw `summaries.coverage_by(…, "birth_school_year", "slot", "slot_label")`: lines, or a grid of many slots."""
    title = "生まれ年度別の接種率"
    if cohorts.empty:
        return _empty(title)
    many = cohorts["slot_label"].nunique() > len(COLOURS)
    return _grid(cohorts, "slot_label", title) if many else _cohort_lines(cohorts, title)


def coverage_by_district(rows: pd.DataFrame, slot: str) -> go.Figure:
    """Draw one slot of `summaries.coverage_by` (district, district_name, birth_school_year, slot) as a grid."""
    title = f"地区と生まれ年度別の接種率（{slot}）"
    districts = rows[rows["slot"] == slot].replace({"district_name": codes_of("district_name")})
    return _empty(title) if districts.empty else _grid(districts, "district_name", title)


def ends_by_month(rows: pd.DataFrame, title: str) -> go.Figure:
    """Draw how many persons of a list lose the right to a free dose in each month, by status."""
    ends = rows[["status", "closes_on"]].assign(closes_on=pd.to_datetime(rows["closes_on"]))
    ends = ends[ends["closes_on"] < pd.Timestamp(NO_END)]
    if ends.empty:
        return _empty(title)
    months = ends["closes_on"].dt.strftime("%Y-%m")
    every_month = pd.period_range(months.min(), months.max(), freq="M").strftime("%Y-%m").tolist()
    figure = _figure(title, height=400)
    for status, colour in STATUS_COLOURS.items():
        counts = months[ends["status"] == status].value_counts().reindex(every_month, fill_value=0)
        if counts.any():
            figure.add_trace(
                go.Bar(
                    x=every_month, y=counts.tolist(), name=codes_of("status")[status], marker_color=colour, width=0.6
                )
            )
    figure.update_layout(barmode="stack", showlegend=True, legend_traceorder="normal")
    figure.update_xaxes(title="定期接種の最終日がある月", type="category", range=[-0.5, max(len(every_month), 6) - 0.5])
    return figure.update_yaxes(title="人数", rangemode="tozero", tickformat=",d")


def _cohort_lines(cohorts: pd.DataFrame, title: str) -> go.Figure:
    figure = _figure(title, height=440)
    for colour, (name, rows) in zip(COLOURS, cohorts.groupby("slot_label", sort=False), strict=False):
        line = go.Scatter(
            x=rows["birth_school_year"].tolist(),
            y=_rates(rows["coverage_pct"]),
            name=name,
            mode="lines+markers",
            line_color=colour,
            customdata=rows[["done_valid", "eligible"]].to_numpy().tolist(),
            hovertemplate="%{x}年度生まれ %{y:.1f}%（%{customdata[0]:,} / %{customdata[1]:,}人）",
        )
        figure.add_trace(line)
    figure.update_layout(showlegend=True)
    figure.update_xaxes(title=style_of("birth_school_year").title, dtick=1, tickformat="d")
    return figure.update_yaxes(title=style_of("coverage_pct").title, range=[0, 102])


def _grid(rows: pd.DataFrame, name: str, title: str) -> go.Figure:
    """Draw the rate as a grid of `name` (in the order of the rows) by year of birth."""
    grid = rows.pivot_table(index=name, columns="birth_school_year", values="coverage_pct", sort=False)
    grid = grid[sorted(grid.columns)].iloc[::-1]  # plotly draws the first row at the bottom
    figure = _figure(f"{title}（%）", height=140 + ROW_HEIGHT * len(grid))
    cells = go.Heatmap(
        z=[_rates(grid.loc[row]) for row in grid.index],
        x=[str(year) for year in grid.columns],
        y=grid.index.tolist(),
        zmin=0,
        zmax=100,
        colorscale="Blues",
        texttemplate="%{z:.1f}",
        hovertemplate="%{y} %{x}年度生まれ %{z:.1f}%<extra></extra>",
        colorbar={"title": "%"},
        xgap=1,
        ygap=1,
    )
    figure.add_trace(cells)
    figure.update_xaxes(title=style_of("birth_school_year").title, type="category")
    return figure.update_yaxes(automargin=True, type="category")


def _rates(values: pd.Series) -> list[float | None]:
    return [None if pd.isna(value) else round(value, 1) for value in values]


def _figure(title: str, *, height: int) -> go.Figure:
    return go.Figure(
        layout={
            "template": "plotly_white",
            "title": {"text": title, "font": {"size": 16}, "x": 0.01},
            "font": {"family": FONT, "size": 13},
            "height": height,
            "margin": MARGIN,
            "showlegend": False,
            "legend": {"orientation": "h", "yanchor": "bottom", "y": 1, "xanchor": "right", "x": 1},
        }
    )


def _empty(title: str) -> go.Figure:
    figure = _figure(title, height=200)
    figure.add_annotation(text=NOTHING, showarrow=False, xref="paper", yref="paper", x=0.5, y=0.5)
    figure.update_xaxes(visible=False)
    return figure.update_yaxes(visible=False)
