"""Is this installation as it must be? Permissions, machine, software; each finding with what to mend.

Reads everything, changes nothing. 不可 is what breaks a promise of the workbench here and now; 注意 is what the
installation has to answer for (swap, a route to outside), because it cannot be judged, or not mended, from here.
"""

from collections.abc import Iterator

from workbench.doctor import files, machine, software
from workbench.doctor.finding import BAD, GOOD, WARNING, Finding
from workbench.settings import Home

__all__ = ["BAD", "GOOD", "WARNING", "Finding", "examine"]

CHECKS = (*files.CHECKS, *machine.CHECKS, *software.CHECKS)


def examine(home: Home) -> Iterator[Finding]:
    """Yield what was found, check by check; a check that finds nothing says that all is well."""
    for title, check in CHECKS:
        findings = list(check(home))
        if not findings:
            yield Finding(title, GOOD, "問題ありません", "")
        for level, text, cure in findings:
            yield Finding(title, level, text, cure)
