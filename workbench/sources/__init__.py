"""The street door: extracts as the cities' systems write them, read as the layouts declare. Identifying."""

from workbench.sources.extract import Extract, open_extract
from workbench.sources.faults import Fault, FaultLog, load_faults
from workbench.sources.raw import RawCells, read_cells
from workbench.sources.source import Parsed, Source

__all__ = ["Extract", "Fault", "FaultLog", "Parsed", "RawCells", "Source", "load_faults", "open_extract", "read_cells"]
