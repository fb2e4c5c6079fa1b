"""Do My Numbers and 宛名番号 agree? Compared in memory while the files are read; only lines leave (promise P1).

One My Number with two 宛名番号, one 宛名番号 with two My Numbers, a dose under another My Number than its resident's:
each is a row to be corrected in the source system. No My Number is kept longer than one ingest, and none is returned.
Numbers that fail their check digit are not compared: they have a note of their own.
"""

import numpy as np

from workbench.sources.faults import FaultLog
from workbench.sources.source import Inspect, Parsed

KEY, MYNUMBER, NONE = "atena_number", "mynumber", -1


class Agreement:
    """The My Numbers of one ingest's residents, as long as its files are read."""

    def __init__(self, log: FaultLog) -> None:
        """Nobody is known yet."""
        self._log = log
        self._parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._people, self._mynumbers = np.empty(0, np.int64), np.empty(0, np.int64)

    def see_resident(self, field: str, digits: np.ndarray, rows: Parsed) -> None:
        """Remember the My Numbers of some residents (for `Source.batches`); `note_residents` compares them."""
        if field == MYNUMBER:
            self._parts.append((rows.columns[KEY].to_numpy(zero_copy_only=False), digits, rows.lines))

    def note_residents(self, file: str, title: str) -> None:
        """Note every row of 住民 whose number or person has another partner in another row."""
        if not self._parts:
            return
        people, mynumbers, lines = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        self._parts.clear()
        has = mynumbers != NONE
        people, mynumbers, lines = people[has], mynumbers[has], lines[has]
        self._log.add(file, "mynumber_shared", title, np.sort(lines[_have_two(mynumbers, people)]))
        self._log.add(file, "mynumber_differs", title, np.sort(lines[_have_two(people, mynumbers)]))
        order = np.argsort(people, kind="stable")
        self._people, self._mynumbers = people[order], mynumbers[order]

    def watch(self, file: str, title: str) -> Inspect:
        """Return what notes the rows of `file` whose My Number is not that of the resident of the same 宛名番号."""

        def see(field: str, digits: np.ndarray, rows: Parsed) -> None:
            if field == MYNUMBER and len(self._people):
                self._compare(file, title, digits, rows)

        return see

    def _compare(self, file: str, title: str, digits: np.ndarray, rows: Parsed) -> None:
        people = rows.columns[KEY].to_numpy(zero_copy_only=False)
        places = look_up(self._people, people)
        differs = (places >= 0) & (digits != NONE) & (self._mynumbers[places] != digits)
        self._log.add(file, "mynumber_differs", title, rows.lines[differs])


def look_up(ordered: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the place of each of `wanted` in `ordered` (both int64, the latter ascending), -1 where it is not.

    Runs of equal ones, such as the doses of a person one after another, are looked up once.
    """
    if not len(ordered) or not len(wanted):
        return np.full(len(wanted), -1)
    starts = np.flatnonzero(np.append(True, wanted[1:] != wanted[:-1]))
    firsts = wanted[starts]
    places = np.minimum(np.searchsorted(ordered, firsts), len(ordered) - 1)
    found = np.where(ordered[places] == firsts, places, -1)
    return np.repeat(found, np.diff(np.append(starts, len(wanted))))


def _have_two(owners: np.ndarray, partners: np.ndarray) -> np.ndarray:
    """Return a bool mask (n,): rows whose owner has two different partners in all rows together."""
    ordered = np.sort(owners)
    found = np.isin(owners, ordered[1:][ordered[1:] == ordered[:-1]])  # the few that come more than once
    owners, partners = owners[found], partners[found]
    order = np.lexsort((partners, owners))
    owner, partner = owners[order], partners[order]
    changes = np.flatnonzero((owner[1:] == owner[:-1]) & (partner[1:] != partner[:-1]))
    found[found] = np.isin(owners, owner[changes])
    return found
