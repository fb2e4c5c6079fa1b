"""THE WALL: identified rows in, `Pseudonymous` tables out.

What happens here, all of it in memory and none of it in a database:

1. A batch that still carries a column of role `strip` is refused: My Numbers and 住民票コード are checked,
   counted and dropped inside `sources`, block by block, and never seed anything (promise P1).
2. `person_id` is the first 64 bits of HMAC-SHA-256 over 宛名番号, under a key derived for one domain (P2).
   It is computed once per resident; doses and the rest look it up.
3. Columns of role `identity` leave only towards the register (for the vault); only analytic columns leave
   as `Pseudonymous` (P3).
4. Every row that does not pass is in the fault log with file, line, column and reason (P5, P6).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.errors import SourceError, WallError
from workbench.pseudonyms import PseudonymKeys, derived, refuse_shared
from workbench.records import TABLES, Pseudonymous
from workbench.sources import Agreement, FaultLog, Inspect, Lost, Parsed, Source, lines_text, look_up

STRIPPED_FIELDS = frozenset({"mynumber", "juminhyo_code"})
UNREADABLE = -1  # stands for the 宛名番号 of a row in which it cannot be read

Progress = Callable[[str, int, int], None]


@dataclass
class Count:
    """How the rows of one file fared so far; `kept` is what is left of `read`."""

    read: int = 0
    duplicates: int = 0
    bytes_read: int = 0


@dataclass(frozen=True)
class Residents:
    """Everyone who passed: the way from 宛名番号 to pseudonym, and what each row may become.

    `identified` (identity columns and person_id, one row per person) goes to the register only.
    """

    person_ids: np.ndarray
    births: np.ndarray  # datetime64[D], NaT where not known to the day
    identified: pa.Table
    persons: Pseudonymous
    numbers: np.ndarray = field(repr=False)  # every 宛名番号, ascending
    order: np.ndarray  # whose each of `numbers` is: places of the other arrays
    refused: frozenset[int]  # 宛名番号 of rows that were left out, so that their households are not known
    lost: Lost = field(default_factory=Lost)  # of rows whose 宛名番号 cannot be read

    def find(self, atena_numbers: pa.Array) -> np.ndarray:
        """Return the position of each 宛名番号 among the residents, -1 where there is none."""
        found = look_up(self.numbers, atena_numbers.to_numpy(zero_copy_only=False))
        return np.where(found < 0, found, self.order[found])

    def of_households(self, numbers: Iterable[int]) -> np.ndarray:
        """Return the person_ids of everyone whose 世帯番号 is among `numbers`."""
        theirs = pc.is_in(self.identified["household_number"], value_set=pa.array(sorted(numbers), pa.int64()))
        return self.person_ids[theirs.to_numpy()]


class Wall:
    """One passage of one extract. Counts per file are in `counts`, reasons in the fault log."""

    def __init__(
        self, keys: PseudonymKeys, *, extracted_on: date, log: FaultLog, progress: Progress | None = None
    ) -> None:
        """Make the wall of one ingest; `progress` hears file, rows and bytes read so far."""
        self._keys = keys
        self._extracted_on = np.datetime64(extracted_on, "D")
        self._log = log
        self._progress = progress
        self.counts: dict[str, Count] = {}
        self.stripped: Counter[str] = Counter()  # column title -> values checked and dropped
        self._refused: dict[
            str, dict[int, list[int]]
        ] = {}  # file -> 宛名番号 of rows left out (-1 unreadable) -> lines
        self._lost: dict[str, Lost] = {}
        self._agreement = Agreement(log)

    def admit_residents(self, source: Source) -> Residents:
        """Read all residents, drop identical rows, quarantine conflicting ones, and give each a pseudonym.

        Memory: the residents' kept columns, about 300 bytes each.

        Raises:
            SourceError: nobody is left: without residents every dose would be refused.
            WallError: two residents, or two households, would share a pseudonym.
        """
        self._refused[source.file] = {}
        parts, lines = [], []
        for part in self._read(source, self._agreement.see_resident):  # the next blocks are parsed meanwhile
            parts.append(self._with_pseudonyms(part))
            lines.append(part.lines)
        self._agreement.note_residents(source.file, source.title_of("mynumber"))
        if not parts:
            msg = f"{source.file} に取り込める住民が1人もいません。抽出をやり直してください。何も公開していません。"
            raise SourceError(msg)
        table = pa.concat_tables(parts, promote_options="permissive")
        extra, conflicting = self._repeated(table, np.concatenate(lines), source.file)
        keep = np.ones(len(table), bool)
        keep[extra] = keep[conflicting] = False
        refused = self._refused[source.file].keys() | table["atena_number"].to_numpy()[conflicting].tolist()
        table = table.filter(pa.array(keep))
        numbers, person_ids = table["atena_number"].to_numpy(), table["person_id"].to_numpy()
        order = np.argsort(numbers)
        refuse_shared(numbers, person_ids)
        refuse_shared(*(table[name].drop_null().to_numpy() for name in ("household_number", "household_id")))
        births = table["birth_date"].to_numpy(zero_copy_only=False).astype("datetime64[D]")
        return Residents(
            person_ids=person_ids,
            births=births,
            identified=table,
            persons=Pseudonymous("person", self._person_batches(table)),
            numbers=numbers[order],
            order=order,
            refused=frozenset(refused),
            lost=self._lost[source.file],
        )

    def doses(self, source: Source, residents: Residents) -> Pseudonymous:
        """Stream the doses: each 宛名番号 replaced by its pseudonym, impossible dates noted but kept."""
        return Pseudonymous("dose", self._dose_batches(source, residents))

    def rows(self, table: str, source: Source, residents: Residents) -> Pseudonymous:
        """Stream a small table (exemption, special) whose analytic columns need nothing but the pseudonym."""
        return Pseudonymous(table, self._pseudonymous_batches(table, source, residents))

    def codes(self, table: str, source: Source) -> Pseudonymous:
        """Pass a code list (clinic, district), which holds no person."""
        return Pseudonymous(table, (_conform(table, part.columns, len(part.lines)) for part in self._read(source)))

    def identified_rows(self, source: Source, residents: Residents) -> pa.Table | None:
        """Return 送付先 or 支援措置 rows with person_id in place of 宛名番号, for the register; None when empty."""
        self._refused[source.file] = {}
        parts = []
        for part in self._read(source):
            found, columns, _ = self._known(part, residents, source.file)
            columns["person_id"] = pa.array(residents.person_ids[found])
            parts.append(pa.table(_plain(columns)))
        return self._distinct(parts, source.file)

    def protected_persons(self, source: Source, residents: Residents) -> tuple[np.ndarray, int]:
        """Return the person_ids under 支援措置, for the register, and how many rows of the file were kept.

        A row that is left out for another cell still protects its person. What cannot be placed stops the ingest,
        because then neither the person nor the household could be kept out of the mail (P4).

        Where a resident's 宛名番号 could not be read, a protected person found nowhere may be that resident: the
        household of that row is protected.

        Raises:
            SourceError: a row's 宛名番号 cannot be read, its resident's row was left out, or its resident may be a
                row that tells neither person nor household. The lines are named.
        """
        rows = self.identified_rows(source, residents)
        left_out = self._refused[source.file]
        places = residents.find(pa.array(left_out, pa.int64()))
        strangers = {number for number, place in zip(left_out, places.tolist(), strict=True) if place < 0}
        unplaced = left_out.keys() & (residents.refused | {UNREADABLE})
        if residents.lost.lines:
            unplaced |= strangers
        if unplaced:
            raise SourceError(self._cannot_protect(source.file, unplaced, residents.lost))
        persons = residents.person_ids[places[places >= 0]]
        if strangers:
            persons = np.union1d(persons, residents.of_households(residents.lost.households))
        if rows is None:
            return persons, 0
        return np.union1d(persons, rows["person_id"].to_numpy()), len(rows)

    def _cannot_protect(self, file: str, numbers: Iterable[int], lost: Lost) -> str:
        """Say which rows of 支援措置 stop the ingest, and which rows of 住民 hide whom they may be about."""
        lines = sorted(line for number in numbers for line in self._refused[file][number])
        hidden = f"住民の {lines_text(lost.lines)} は宛名番号も世帯番号も読めません。" if lost.lines else ""
        return (
            f"{file}: {len(lines)}行（{lines_text(lines)}）を住民に結び付けられません（宛名番号が読めないか、"
            f"住民の行が保留）。{hidden}本人と世帯を守れないため取り込みを中止しました。"
            "抽出を直してください。何も公開していません。"
        )

    def _read(self, source: Source, inspect: Inspect | None = None) -> Iterator[Parsed]:
        count = self.counts.setdefault(source.file, Count())
        self._lost.setdefault(source.file, Lost())
        for part in source.batches(self._log, inspect=inspect):
            if STRIPPED_FIELDS & part.columns.keys():
                msg = f"{source.file}: 個人番号の列が壁まで届きました。取り込みを中止しました。何も公開していません。"
                raise WallError(msg)
            count.read += part.rows_read
            count.bytes_read += part.bytes_read
            self.stripped.update(part.stripped)
            self._remember(source.file, part.refused_numbers, part.refused_lines)
            self._lost[source.file] |= part.lost
            if self._progress:
                self._progress(source.file, count.read, count.bytes_read)
            if len(part.lines):
                yield part

    def _known(
        self, part: Parsed, residents: Residents, file: str
    ) -> tuple[np.ndarray, dict[str, pa.Array], np.ndarray]:
        """Return positions among the residents, columns and lines of the rows of residents; quarantine the others."""
        found = residents.find(part.columns["atena_number"])
        columns = {name: column for name, column in part.columns.items() if name != "atena_number"}
        known = found >= 0
        if known.all():
            return found, columns, part.lines
        mask = pa.array(known)
        self._log.add(file, "no_resident", "宛名番号", part.lines[~known])
        self._remember(file, part.columns["atena_number"].filter(pa.array(~known)).to_numpy(), part.lines[~known])
        return found[known], {name: column.filter(mask) for name, column in columns.items()}, part.lines[known]

    def _remember(self, file: str, numbers: np.ndarray, lines: np.ndarray) -> None:
        refused = self._refused.get(file)
        if refused is not None:
            for number, line in zip(numbers.tolist(), lines.tolist(), strict=True):
                refused.setdefault(number, []).append(line)

    def _repeated(self, table: pa.Table, lines: np.ndarray, file: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows that equal an earlier row of their person, and all rows that contradict one another."""
        numbers = table["atena_number"].to_numpy()
        order = np.argsort(numbers, kind="stable")
        is_further = np.append(False, np.diff(numbers[order]) == 0)
        in_group = is_further | np.append(is_further[1:], False)
        rows, is_first = order[in_group], ~is_further[in_group]
        group = np.cumsum(is_first) - 1
        is_copy = np.ones(len(rows), bool)
        for column in table.column_names if len(rows) else ():
            is_copy &= _equals(table[column].take(rows), table[column].take(rows[is_first][group]))
        contradicts = np.bincount(group, ~is_copy).astype(bool)[group]
        extra, conflicting = np.sort(rows[~is_first & ~contradicts]), np.sort(rows[contradicts])
        self._log.add(file, "duplicate_row", "宛名番号", lines[extra])
        self._log.add(file, "conflicting_rows", "宛名番号", lines[conflicting])
        self.counts[file].duplicates += len(extra)
        return extra, conflicting

    def _distinct(self, parts: list[pa.Table], file: str) -> pa.Table | None:
        """Return the rows without those that equal an earlier one, which count as duplicates."""
        if not parts:
            return None
        rows = pa.concat_tables(parts, promote_options="permissive")
        once = rows.group_by(rows.column_names, use_threads=False).aggregate([])
        self.counts[file].duplicates += len(rows) - len(once)
        return once

    def _with_pseudonyms(self, part: Parsed) -> pa.Table:
        """Return the residents of a block with person_id and household_id, not yet compared with other blocks'."""
        households = part.columns["household_number"]
        numbers, places = np.unique(households.drop_null().to_numpy(), return_inverse=True)
        has_none = households.is_null().to_numpy(zero_copy_only=False)
        made = np.zeros(len(households), np.int64)
        made[~has_none] = derived(numbers, self._keys.household)[places]
        ids = {
            "person_id": pa.array(derived(part.columns["atena_number"].to_numpy(), self._keys.person)),
            "household_id": pa.array(made, mask=has_none),
        }
        return pa.table(_plain(part.columns) | ids)

    def _person_batches(self, table: pa.Table) -> Iterable[pa.RecordBatch]:
        registered = pc.not_equal(table["residency"], "not_registered")
        left = pc.coalesce(
            pc.if_else(pc.equal(table["residency"], "died"), table["died_on"], table["moved_out_on"]),
            pa.scalar(self._extracted_on.astype(date), pa.date32()),  # gone, but the date is missing
        )
        gone = pc.is_in(table["residency"], value_set=pa.array(["died", "moved_out"]))
        nobody = pa.scalar(None, pa.date32())
        day_before = pc.cast(pc.subtract(pc.cast(left, pa.int32()), pa.scalar(1, pa.int32())), pa.date32())
        columns = {name: table[name] for name in table.column_names if name in TABLES["person"].schema.names}
        columns["resident_from"] = pc.if_else(
            registered, pc.coalesce(table["moved_in_on"], table["birth_earliest"]), nobody
        )
        columns["resident_until"] = pc.if_else(gone, day_before, nobody)
        return pa.table([columns[name] for name in TABLES["person"].schema.names], schema=_open("person")).to_batches()

    def _dose_batches(self, source: Source, residents: Residents) -> Iterator[pa.RecordBatch]:
        for part in self._read(source, self._agreement.watch(source.file, source.title_of("mynumber"))):
            found, columns, lines = self._known(part, residents, source.file)
            self._note_dates(columns["given_on"], residents.births[found], lines, source.file)
            columns["person_id"] = pa.array(residents.person_ids[found])
            columns["source"] = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(found), np.int8)), [source.title])
            yield _conform("dose", columns, len(found))

    def _note_dates(self, given_on: pa.Array, births: np.ndarray, lines: np.ndarray, file: str) -> None:
        """Note doses before birth or after the extraction; later rules judge them, nothing is dropped."""
        given = given_on.to_numpy(zero_copy_only=False)
        self._log.add(file, "before_birth", "接種日", lines[given < births])
        self._log.add(file, "future_date", "接種日", lines[given > self._extracted_on])

    def _pseudonymous_batches(self, table: str, source: Source, residents: Residents) -> Iterator[pa.RecordBatch]:
        for part in self._read(source):
            found, columns, _ = self._known(part, residents, source.file)
            columns["person_id"] = pa.array(residents.person_ids[found])
            yield _conform(table, columns, len(found))


def _open(table: str) -> pa.Schema:
    """Return the table's schema without its NOT NULLs, which DuckDB checks on insertion."""
    return pa.schema([pa.field(column.name, column.type) for column in TABLES[table].columns])


def _plain(columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Return the columns without dictionaries, which differ from block to block."""
    return {
        name: column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
        for name, column in columns.items()
    }


def _equals(one: pa.ChunkedArray, other: pa.ChunkedArray) -> np.ndarray:
    """Return for each place whether both hold the same, or both nothing."""
    same = pc.fill_null(pc.equal(one, other), fill_value=False)
    return pc.or_(same, pc.and_(pc.is_null(one), pc.is_null(other))).to_numpy()


def _conform(table: str, columns: dict[str, pa.Array], rows: int) -> pa.RecordBatch:
    """Return just the table's columns, in its order; what the table has no place for stays on this side."""
    spec = TABLES[table]
    arrays = [columns[column.name] for column in spec.columns]
    if any(len(array) != rows for array in arrays):
        msg = f"{table}: 列の長さがそろいません。何も公開していません。"
        raise WallError(msg)
    return pa.RecordBatch.from_arrays(arrays, names=spec.schema.names)
