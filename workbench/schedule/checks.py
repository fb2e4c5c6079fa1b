"""What a schema cannot say: that the rows of programme files fit each other.

Every refusal names file, table, key and cure, and leaves nothing loaded.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import combinations, pairwise

from workbench.errors import ScheduleError
from workbench.schedule.expressions import parse_day
from workbench.schedule.model import Choice, Edition, LegalWindow, Programme, StandardPeriod

EDITION_FILE = "schedule.toml"
_Version = LegalWindow | StandardPeriod
_ONE_DAY = timedelta(days=1)
_SAMPLE_BIRTHS = (date(2020, 1, 31), date(2020, 2, 29), date(2020, 4, 1), date(2020, 4, 2))
_DATED = ("window", "standard", "interval")
_WITH_SLOTS = ("window", "standard", "interval", "variant", "skip", "waive", "long")
_UNKNOWN_SLOT = "[[slot]] にない枠です。足すか、綴りを直してください"
_UNKNOWN_SERIES = "[[series]] にない列です。足すか、綴りを直してください"
_UNKNOWN_VACCINE = f"知らないワクチンの記号です。{EDITION_FILE} の [[vaccine]] と見比べて直してください"


def refusal(file: str, where: str, key: str, reason: str) -> ScheduleError:
    """Return the error that a wrong programme file gets: file, table, key, and what to do."""
    return ScheduleError(f"規則ファイル {file} の {where}、項目 {key}：{reason}。規則は読み込んでいません。")


def check_programmes(files: Mapping[str, Programme], edition: Edition) -> None:
    """Check each file by itself, then what must be true over all files.

    Raises:
        ScheduleError: at the first fault found.
    """
    for file, programme in files.items():
        _check_vaccines(file, programme, edition)
        _check_references(file, programme)
        _check_series(file, programme, edition)
        _check_dates(file, programme)
        _check_windows(file, programme)
        _check_versions(file, "standard", programme.standard)
        _check_standards(file, programme)
        _check_intervals(file, programme)
    _check_judging(files)
    _check_unique(files)
    _check_edition(files, edition)


def _check_vaccines(file: str, programme: Programme, edition: Edition) -> None:
    known = {row.vaccine for row in edition.vaccine}
    for number, row in enumerate(programme.series, 1):
        if any(feed.vaccine not in known for feed in row.fed_by):
            raise refusal(file, f"[[series]] {number}番目", "fed_by", _UNKNOWN_VACCINE)
    for number, slot in enumerate(programme.slot, 1):
        if slot.exempt_by not in known:
            raise refusal(file, f"[[slot]] {number}番目", "exempt_by", _UNKNOWN_VACCINE)


def _check_judging(files: Mapping[str, Programme]) -> None:
    """A series that judges the doses of another has a slot for each of its slots."""
    places = {row.series: len(row.slots) for programme in files.values() for row in programme.series}
    for file, programme in files.items():
        for number, row in enumerate(programme.series, 1):
            if any(feed.judged_by and places.get(feed.judged_by) != len(row.slots) for feed in row.fed_by):
                reason = "ない列か、枠の数が違う列です。枠の数が同じ列を書いてください"
                raise refusal(file, f"[[series]] {number}番目", "judged_by", reason)


def _check_references(file: str, programme: Programme) -> None:
    slots = {row.slot for row in programme.slot}
    if slots != {slot for row in programme.series for slot in row.slots}:
        reason = "枠がどの列にもないか、[[slot]] にない枠が列にあります。揃えてください"
        raise refusal(file, "[[series]]", "slots", reason)
    for table in _WITH_SLOTS:
        for number, row in enumerate(getattr(programme, table), 1):
            if not slots.issuperset(row.slots):
                raise refusal(file, f"[[{table}]] {number}番目", "slots", _UNKNOWN_SLOT)
    if slots != {slot for row in programme.window if row.extension is None for slot in row.slots}:
        raise refusal(file, "[[window]]", "slots", "対象期間のない枠があります。[[window]] を足してください")


def _check_series(file: str, programme: Programme, edition: Edition) -> None:
    series = {row.series for row in programme.series}
    for table in ("variant", "skip", "waive"):
        for number, row in enumerate(getattr(programme, table), 1):
            if row.series not in series:
                raise refusal(file, f"[[{table}]] {number}番目", "series", _UNKNOWN_SERIES)
    fed = {feed.vaccine for row in programme.series for feed in row.fed_by}
    for number, row in enumerate(programme.interval, 1):
        if not series.issuperset(row.series):
            raise refusal(file, f"[[interval]] {number}番目", "series", _UNKNOWN_SERIES)
        if not fed.issuperset(row.vaccines):
            reason = "[[series]] の fed_by にないワクチンです。綴りを直してください"
            raise refusal(file, f"[[interval]] {number}番目", "vaccines", reason)
    _check_variants(file, programme, edition)


def _check_variants(file: str, programme: Programme, edition: Edition) -> None:
    variants = {row.variant for row in programme.variant}
    feeds = {row.series: {feed.vaccine for feed in row.fed_by} for row in programme.series}
    for table in ("skip", "waive", "interval"):
        for number, row in enumerate(getattr(programme, table), 1):
            if not variants.issuperset(row.variants):
                reason = "[[variant]] にない区分です。足すか、綴りを直してください"
                raise refusal(file, f"[[{table}]] {number}番目", "variants", reason)
    for number, row in enumerate(programme.variant, 1):
        products = {product.product for product in edition.product if product.vaccine in feeds[row.series]}
        if not products.issuperset(row.first_products):
            reason = f"{EDITION_FILE} の [[product]] にない製品です。足すか、綴りを直してください"
            raise refusal(file, f"[[variant]] {number}番目", "first_products", reason)


def _check_dates(file: str, programme: Programme) -> None:
    end = programme.effective_to or date.max
    if programme.effective_from > end:
        raise refusal(file, "先頭", "effective_to", "始まりより前の日です。日付を直してください")
    for table in _DATED:
        for number, row in enumerate(getattr(programme, table), 1):
            where = f"[[{table}]] {number}番目"
            first, last = row.effective_from or programme.effective_from, row.effective_to or end
            if first > last:
                raise refusal(file, where, "effective_to", "effective_from より前の日です。日付を直してください")
            if first < programme.effective_from or last > end:
                reason = "制度の期間（ファイルの先頭）の外です。揃えてください"
                raise refusal(file, where, "effective_from・effective_to", reason)
            if isinstance(row, LegalWindow | StandardPeriod):
                _check_words(file, where, row)


def _check_words(file: str, where: str, row: _Version) -> None:
    (first_key, first), (last_key, last) = _words(row)
    if last and any(parse_day(first)(birth) > parse_day(last)(birth) for birth in _SAMPLE_BIRTHS):
        raise refusal(file, where, f"{first_key}・{last_key}", "終わりが始まりより前です。書き方を直してください")


def _check_windows(file: str, programme: Programme) -> None:
    for slot in programme.slot:
        cohorts = {row.cohort for row in programme.window if slot.slot in row.slots and row.cohort}
        if len(cohorts) > 1:
            reason = "1つの枠に特別な対象者の区分は1つまでです。枠か区分を分けてください"
            raise refusal(file, f"[[window]]（枠 {slot.slot}）", "cohort", reason)
    kinds = {(row.cohort, row.extension) for row in programme.window}
    for kind in kinds:
        rows = [row for row in programme.window if (row.cohort, row.extension) == kind and not row.is_repeated]
        _check_versions(file, "window", rows)


def _check_versions(file: str, table: str, rows: Sequence[_Version]) -> None:
    """Versions of one slot and the same births do not overlap in time; rows that do are for other births."""
    for slot in sorted({slot for row in rows for slot in row.slots}):
        mine = sorted((row for row in rows if slot in row.slots), key=lambda row: row.effective_from)
        where = f"[[{table}]]（枠 {slot}）"
        for births in {_births(row) for row in mine}:
            for before, after in pairwise(row for row in mine if _births(row) == births):
                last = before.effective_to or date.max
                if last >= after.effective_from:
                    reason = "版の期間が重なっています。前の版の effective_to を直してください"
                    raise refusal(file, where, "effective_to", reason)
                if last + _ONE_DAY < after.effective_from:
                    reason = "版と版の間に空いた日があります。前の版の effective_to を直してください"
                    raise refusal(file, where, "effective_to", reason)
        for one, other in combinations(mine, 2):
            apart = (
                _births(one) == _births(other)
                or _births(one)[1] < _births(other)[0]
                or _births(other)[1] < _births(one)[0]
            )
            if _overlap(one, other) and not apart:
                raise refusal(file, where, "births_from・births_until", "生年月日の範囲が重なっています")


def _births(row: _Version) -> tuple[date, date]:
    if isinstance(row, StandardPeriod):
        return date.min, date.max
    return row.births_from or date.min, row.births_until or date.max


def _check_standards(file: str, programme: Programme) -> None:
    """Guidance lies inside the law of its time, so that a typing error in either shows."""
    ordinary = [
        row for row in programme.window if not (row.cohort or row.extension or row.is_repeated or row.retroactive)
    ]
    for number, standard in enumerate(programme.standard, 1):
        beside = [row for row in ordinary if set(row.slots) & set(standard.slots) and _overlap(row, standard)]
        inside = (
            _is_inside(standard, window, birth)
            for window in beside
            for birth in _SAMPLE_BIRTHS
            if window.births_from is None and window.births_until is None
        )
        if not all(inside):
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
        age = str((row.ages or [65])[0])
        return ("opens", row.opens.replace("{age}", age)), ("closes", (row.closes or "").replace("{age}", age))
    return ("standard_from", row.standard_from), ("standard_until", row.standard_until)


def _check_intervals(file: str, programme: Programme) -> None:
    order = [slot for row in programme.series for slot in row.slots]
    for number, row in enumerate(programme.interval, 1):
        if row.after not in order or any(order.index(row.after) >= order.index(slot) for slot in row.slots):
            reason = "[[series]] でその枠より前にある枠を書いてください"
            raise refusal(file, f"[[interval]] {number}番目", "after", reason)
    for one, other in combinations(programme.interval, 2):
        same = one.after == other.after and set(one.slots) & set(other.slots)
        if (
            same
            and _meet(one.variants, other.variants)
            and _meet(one.series, other.series)
            and (one.vaccines == other.vaccines or set(one.vaccines) & set(other.vaccines))
            and _in_force_together(one, other)
        ):
            where = f"[[interval]] {programme.interval.index(other) + 1}番目"
            raise refusal(file, where, "slots・after", "同じ枠と順番の間隔が2つあります。片方を削除してください")


def _meet(one: list[str], other: list[str]) -> bool:
    return not one or not other or bool(set(one) & set(other))


def _in_force_together(one: object, other: object) -> bool:
    first = max(one.effective_from or date.min, other.effective_from or date.min)
    return first <= min(one.effective_to or date.max, other.effective_to or date.max)


def _check_unique(files: Mapping[str, Programme]) -> None:
    seen: set[tuple[str, str]] = set()
    for file, programme in files.items():
        names = [("先頭", "programme", programme.programme), ("先頭", "display_order", str(programme.display_order))]
        names += [("[[series]]", "series", row.series) for row in programme.series]
        names += [("[[slot]]", "slot", row.slot) for row in programme.slot]
        names += [("[[variant]]", "variant", f"{row.series} {row.variant}") for row in programme.variant]
        for where, key, name in names:
            if (key, name) in seen:
                reason = "同じものが2回書かれています。ほかのファイルも見て、片方を直してください"
                raise refusal(file, where, key, reason)
            seen.add((key, name))


def _check_edition(files: Mapping[str, Programme], edition: Edition) -> None:
    """Check that the codes of `schedule.toml` exist, and that a choice is left for everybody in every group."""
    _check_codes(edition)
    series = {row.series for programme in files.values() for row in programme.series}
    groups = {row.group: row for row in edition.group}
    for number, row in enumerate(edition.group, 1):
        if not series.issuperset(row.series):
            reason = "どのファイルにもない列です。綴りを直してください"
            raise refusal(EDITION_FILE, f"[[group]] {number}番目", "series", reason)
        if not _leaves_nobody_out([choice for choice in edition.choice if choice.group == row.group]):
            reason = "どの条件にも当てはまらない人の行（条件のない [[choice]]）が、ない日があります。足してください"
            raise refusal(EDITION_FILE, f"[[choice]]（組 {row.group}）", "group", reason)
    for number, row in enumerate(edition.choice, 1):
        group = groups.get(row.group)
        if group is None or not set(row.series) <= set(group.series):
            reason = "[[group]] にない組か列です。足すか、綴りを直してください"
            raise refusal(EDITION_FILE, f"[[choice]] {number}番目", "group・series", reason)
    _check_known(edition, (row.cohort for programme in files.values() for row in programme.window))
    _check_known(edition, (row.cohort for row in edition.choice))
    for row in edition.between:
        if not row.minimum.endswith("d") or "m" in row.minimum:
            raise refusal(EDITION_FILE, "[[between]]", "minimum", "日数（27d の形）で書いてください")


def _check_codes(edition: Edition) -> None:
    known = [row.vaccine for row in edition.vaccine]
    names = [(row.vaccine, name) for row in edition.product for name in row.names]
    for table, key, codes in (("vaccine", "vaccine", known), ("product", "names", names)):
        if len(codes) != len(set(codes)):
            reason = "同じものが2回書かれています。片方を削除してください"
            raise refusal(EDITION_FILE, f"[[{table}]]", key, reason)
    used = {
        "product": [row.vaccine for row in edition.product],
        "cohort": [row.vaccine for row in edition.cohort if row.vaccine],
        "group": [vaccine for row in edition.group for vaccine in row.order],
        "choice": [vaccine for row in edition.choice for vaccine in (*row.any_of, *row.also_any_of, *row.first)],
    }
    for table, codes in used.items():
        if not set(known).issuperset(codes):
            raise refusal(EDITION_FILE, f"[[{table}]]", "vaccine", _UNKNOWN_VACCINE)


def _leaves_nobody_out(choices: Sequence[Choice]) -> bool:
    """Tell whether on every day there is a row without a condition on births, history or cohort."""
    conditions = ("births_from", "births_until", "any_of", "also_any_of", "first", "cohort")
    plain = [row for row in choices if not any(getattr(row, name) for name in conditions)]
    next_day = date.min
    for row in sorted(plain, key=lambda row: row.effective_from or date.min):
        if (row.effective_from or date.min) <= next_day:
            if row.effective_to is None:
                return True
            next_day = max(next_day, row.effective_to + _ONE_DAY)
    return False


def _check_known(edition: Edition, cohorts: Iterable[str | None]) -> None:
    known = {row.cohort for row in edition.cohort}
    if not known.issuperset(filter(None, cohorts)):
        reason = "[[cohort]] にない区分です。足すか、綴りを直してください"
        raise refusal(EDITION_FILE, "[[cohort]]", "cohort", reason)
