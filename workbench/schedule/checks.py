"""What a schema cannot say: that the rows of programme files fit each other.

Every refusal names file, table, key and cure, and leaves nothing loaded.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import combinations, pairwise

from workbench.errors import ScheduleError
from workbench.schedule.expressions import parse_day
from workbench.schedule.model import Interval, LegalWindow, Programme, StandardPeriod

EDITION_FILE = "schedule.toml"
_Version = LegalWindow | StandardPeriod
_ONE_DAY = timedelta(days=1)
_SAMPLE_BIRTHS = (date(2020, 1, 31), date(2020, 2, 29), date(2020, 4, 1), date(2020, 4, 2))


def refusal(file: str, where: str, key: str, reason: str) -> ScheduleError:
    """Return the error that a wrong programme file gets: file, table, key, and what to do."""
    return ScheduleError(f"規則ファイル {file} の {where}、項目 {key}：{reason}。規則は読み込んでいません。")


def check_programmes(files: Mapping[str, Programme], vaccines: Iterable[str]) -> None:
    """Check each file by itself, then the names that must be unique over all files.

    Raises:
        ScheduleError: at the first fault found.
    """
    known = set(vaccines)
    for file, programme in files.items():
        _check_vaccines(file, programme, known)
        _check_references(file, programme)
        _check_dates(file, programme)
        _check_versions(file, "window", programme.window)
        _check_versions(file, "standard", programme.standard)
        _check_standards(file, programme)
        _check_intervals(file, programme)
    _check_unique(files)
    _check_feeding(files)


def _check_vaccines(file: str, programme: Programme, known: set[str]) -> None:
    reason = f"知らないワクチンの記号です。{EDITION_FILE} の vaccines と見比べて直してください"
    for number, row in enumerate(programme.series, 1):
        if any(feed.vaccine not in known for feed in row.fed_by):
            raise refusal(file, f"[[series]] {number}番目", "fed_by", reason)
        if any(not known.issuperset(other.vaccines) for other in row.instead):
            raise refusal(file, f"[[series]] {number}番目", "instead", reason)
    for number, slot in enumerate(programme.slot, 1):
        if slot.exempt_by not in known:
            raise refusal(file, f"[[slot]] {number}番目", "exempt_by", reason)


def _check_references(file: str, programme: Programme) -> None:
    series = {row.series for row in programme.series}
    slots = {row.slot for row in programme.slot}
    for number, slot in enumerate(programme.slot, 1):
        if slot.series not in series:
            raise refusal(
                file, f"[[slot]] {number}番目", "series", "[[series]] にない列です。足すか、綴りを直してください"
            )
    if series != {row.series for row in programme.slot}:
        raise refusal(file, "[[series]]", "series", "枠のない列があります。[[slot]] を足すか、列を削除してください")
    for table in ("window", "standard", "interval"):
        for number, fact in enumerate(getattr(programme, table), 1):
            if not slots.issuperset(fact.slots):
                raise refusal(
                    file, f"[[{table}]] {number}番目", "slots", "[[slot]] にない枠です。足すか、綴りを直してください"
                )
    if slots != {slot for row in programme.window for slot in row.slots}:
        raise refusal(file, "[[window]]", "slots", "対象期間のない枠があります。[[window]] を足してください")


def _check_dates(file: str, programme: Programme) -> None:
    end = programme.effective_to or date.max
    if programme.effective_from > end:
        raise refusal(file, "先頭", "effective_to", "始まりより前の日です。日付を直してください")
    for table in ("window", "standard"):
        for number, row in enumerate(getattr(programme, table), 1):
            where = f"[[{table}]] {number}番目"
            if row.effective_from > (row.effective_to or end):
                raise refusal(file, where, "effective_to", "effective_from より前の日です。日付を直してください")
            if row.effective_from < programme.effective_from or (row.effective_to or end) > end:
                raise refusal(
                    file, where, "effective_from・effective_to", "制度の期間（ファイルの先頭）の外です。揃えてください"
                )
            (first_key, first), (last_key, last) = _words(row)
            if any(parse_day(first)(birth) > parse_day(last)(birth) for birth in _SAMPLE_BIRTHS if last):
                raise refusal(
                    file, where, f"{first_key}・{last_key}", "終わりが始まりより前です。書き方を直してください"
                )


def _check_standards(file: str, programme: Programme) -> None:
    """Guidance lies inside the law of its time, so that a typing error in either shows."""
    for number, standard in enumerate(programme.standard, 1):
        beside = [row for row in programme.window if set(row.slots) & set(standard.slots) and _overlap(row, standard)]
        if not all(_is_inside(standard, window, birth) for window in beside for birth in _SAMPLE_BIRTHS):
            reason = "対象期間（[[window]]）からはみ出しています。どちらかを直してください"
            raise refusal(file, f"[[standard]] {number}番目", "standard_from・standard_until", reason)


def _overlap(one: _Version, other: _Version) -> bool:
    first = max(one.effective_from, other.effective_from)
    return first <= min(one.effective_to or date.max, other.effective_to or date.max)


def _is_inside(standard: StandardPeriod, window: LegalWindow, birth: date) -> bool:
    if parse_day(standard.standard_from)(birth) < parse_day(window.opens)(birth):
        return False
    return window.closes is None or parse_day(standard.standard_until)(birth) <= parse_day(window.closes)(birth)


def _words(row: _Version) -> tuple[tuple[str, str], tuple[str, str]]:
    if isinstance(row, LegalWindow):
        return ("opens", row.opens), ("closes", row.closes or "")
    return ("standard_from", row.standard_from), ("standard_until", row.standard_until)


def _births(row: _Version) -> tuple[date, date]:
    if isinstance(row, StandardPeriod):
        return date.min, date.max
    return row.births_from or date.min, row.births_until or date.max


def _check_versions(file: str, table: str, rows: Sequence[_Version]) -> None:
    """Versions of one slot follow each other day to day; those for other births share no birth date."""
    for slot in sorted({slot for row in rows for slot in row.slots}):
        mine = [row for row in rows if slot in row.slots]
        by_births = {births: [row for row in mine if _births(row) == births] for births in map(_births, mine)}
        for one, other in combinations(sorted(by_births), 2):
            if other[0] <= one[1]:
                raise refusal(
                    file, f"[[{table}]]（枠 {slot}）", "births_from・births_until", "生年月日の範囲が重なっています"
                )
        for versions in by_births.values():
            for before, after in pairwise(sorted(versions, key=lambda row: row.effective_from)):
                if before.effective_to is None or before.effective_to >= after.effective_from:
                    reason = "版の期間が重なっています。前の版の effective_to を直してください"
                    raise refusal(file, f"[[{table}]]（枠 {slot}）", "effective_to", reason)
                if before.effective_to + _ONE_DAY < after.effective_from:
                    reason = "版と版の間に空いた日があります。前の版の effective_to を直してください"
                    raise refusal(file, f"[[{table}]]（枠 {slot}）", "effective_to", reason)


def _check_intervals(file: str, programme: Programme) -> None:
    positions = programme.positions()
    seen: set[tuple[str, int]] = set()
    for number, row in enumerate(programme.interval, 1):
        where = f"[[interval]] {number}番目"
        if any(row.after >= positions[slot] for slot in row.slots):
            raise refusal(file, where, "after", "その枠より前の回を、列の中の順番（1から）で書いてください")
        _check_repeated(file, where, row, seen)


def _check_repeated(file: str, where: str, row: Interval, seen: set[tuple[str, int]]) -> None:
    for slot in row.slots:
        if (slot, row.after) in seen:
            raise refusal(file, where, "slots・after", "同じ枠と順番の間隔が2つあります。片方を削除してください")
        seen.add((slot, row.after))


def _check_unique(files: Mapping[str, Programme]) -> None:
    seen: set[tuple[str, str]] = set()
    for file, programme in files.items():
        names = [("先頭", "programme", programme.programme), ("先頭", "display_order", str(programme.display_order))]
        names += [("[[series]]", "series", row.series) for row in programme.series]
        names += [("[[slot]]", "slot", row.slot) for row in programme.slot]
        for where, key, name in names:
            if (key, name) in seen:
                reason = "同じものが2回書かれています。ほかのファイルも見て、片方を直してください"
                raise refusal(file, where, key, reason)
            seen.add((key, name))


def _check_feeding(files: Mapping[str, Programme]) -> None:
    """A recorded dose counts in one series, and there once."""
    seen: list[tuple[str, str]] = []
    for file, programme in files.items():
        for number, row in enumerate(programme.series, 1):
            for vaccine, stage in ((feed.vaccine, stage) for feed in row.fed_by for stage in feed.stages):
                if any(vaccine == other and (stage == taken or "*" in (stage, taken)) for other, taken in seen):
                    reason = "同じ接種記録が2回数えられます。vaccine と stages を直してください"
                    raise refusal(file, f"[[series]] {number}番目", "fed_by", reason)
                seen.append((vaccine, stage))
