"""The auditor's proof: searches any file for the My Numbers, names and numbers of an extract, however written.

Secrets are read through `sources` and live in memory only. A finding names the file, the kind and the number of
places, never the value; a file, or a part of one, that could not be read is never clean (decision 0020).
"""

from workbench.scan.files import FileResult, Finding, Progress, Verdict, scan
from workbench.scan.kinds import Kind, Secrets
from workbench.scan.reading import Search
from workbench.scan.secrets import collect

__all__ = ["FileResult", "Finding", "Kind", "Progress", "Search", "Secrets", "Verdict", "collect", "scan"]
