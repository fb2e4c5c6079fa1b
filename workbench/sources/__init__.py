"""The street door: extracts as the cities' systems write them, read as the layouts declare. Identifying."""

from workbench.sources.agreement import Agreement, look_up
from workbench.sources.extract import Extract, open_extract
from workbench.sources.faults import Fault, FaultLog, lines_text, load_faults
from workbench.sources.originals import RawCells, read_cells
from workbench.sources.parse import Lost
from workbench.sources.source import Inspect, Parsed, Source

__all__ = [
    "Agreement",
    "Extract",
    "Fault",
    "FaultLog",
    "Inspect",
    "Lost",
    "Parsed",
    "RawCells",
    "Source",
    "lines_text",
    "load_faults",
    "look_up",
    "open_extract",
    "read_cells",
]
