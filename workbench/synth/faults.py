"""Plant faults: a row is made wrong in exactly one way, so that a reader's counts must equal ours."""

import csv
import io
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from workbench.synth import layout, writing
from workbench.synth.days import day_of
from workbench.synth.layout import (
    COLUMNS,
    DELIVERIES,
    DESIGNATED,
    DOSES,
    EXEMPTIONS,
    PREGNANCIES,
    PROTECTIONS,
    RESIDENTS,
    SPECIALS,
)

_PRIVATE_USE = "\ue000"  # 外字: CP932 writes it as F0 40
_NUMBER, _MY_NUMBER, _BUILDING, _GIVEN_ON, _REMARKS = "宛名番号", "個人番号", "方書", "接種日", "備考"
_BAD_DATES = ("2025-02-30", "2023-02-29", "2024-13-01", "令和6年4月", "20240432")
_UNKNOWN_CODES = {
    RESIDENTS: (("性別", "5"), ("住民区分", "8"), ("性別", "男")),
    DOSES: (("法定区分", "7"), ("実施区分", "5"), ("期", "8")),
    EXEMPTIONS: (("事由区分", "9"),),
    DELIVERIES: (("送付先区分", "7"),),
    DESIGNATED: (("対象区分", "8"),),
}
_DATE_COLUMNS = {
    RESIDENTS: ("生年月日", "転入日", "死亡日"),
    DOSES: (_GIVEN_ON,),
    EXEMPTIONS: ("開始日",),
    DELIVERIES: ("開始日",),
    PROTECTIONS: ("終了日",),
    SPECIALS: ("事由終了日",),
    PREGNANCIES: ("出産予定日",),
}
_REQUIRED = {RESIDENTS: ("住民区分", "性別", _NUMBER), DOSES: (_GIVEN_ON, _NUMBER, "法定区分"), EXEMPTIONS: ("開始日",)}
_GAIJI_COLUMNS = {RESIDENTS: ("氏名", "住所", _BUILDING), DELIVERIES: ("送付先氏名",)}

# fault -> (at least, per million residents), by file
PLANS: dict[str, dict[str, tuple[int, int]]] = {
    RESIDENTS: {
        "ragged_row": (2, 40),
        "bad_number": (2, 30),
        "bad_date": (3, 60),
        "unknown_code": (2, 40),
        "missing_value": (2, 30),
        "mynumber_in_text": (3, 40),
        "conflicting_rows": (2, 40),
        "duplicate_row": (3, 300),
        "mynumber_check": (3, 400),
        "mynumber_missing": (2, 200),
        "gaiji": (3, 1500),
    },
    DOSES: {
        "ragged_row": (3, 400),
        "bad_number": (2, 300),
        "bad_date": (3, 1000),
        "unknown_code": (3, 500),
        "missing_value": (3, 500),
        "no_resident": (5, 3000),
        "unknown_vaccine": (4, 2000),
        "mynumber_check": (3, 2000),
        "before_birth": (3, 1500),
        "future_date": (3, 1000),
        "duplicate_row": (20, 40000),
    },
    EXEMPTIONS: {
        "ragged_row": (1, 20),
        "bad_date": (1, 40),
        "unknown_code": (1, 40),
        "missing_value": (1, 40),
        "no_resident": (2, 60),
        "unknown_vaccine": (1, 30),
        "bad_period": (1, 40),
        "duplicate_row": (2, 100),
    },
    DELIVERIES: {
        "bad_date": (1, 20),
        "unknown_code": (1, 20),
        "no_resident": (1, 40),
        "bad_period": (1, 40),
        "mynumber_in_text": (2, 30),
        "gaiji": (2, 60),
        "duplicate_row": (1, 30),
    },
    PROTECTIONS: {"bad_date": (1, 5), "bad_period": (1, 10), "no_resident": (1, 10), "duplicate_row": (1, 10)},
    SPECIALS: {"bad_date": (1, 5), "no_resident": (1, 5), "duplicate_row": (1, 5)},
    PREGNANCIES: {"bad_date": (1, 5), "no_resident": (1, 5), "duplicate_row": (1, 5)},
    DESIGNATED: {"unknown_code": (1, 5), "no_resident": (1, 5), "duplicate_row": (1, 5)},
}
LOSES_THE_PERSON = (
    *("ragged_row", "bad_number", "bad_date", "unknown_code", "missing_value", "mynumber_in_text"),
    "conflicting_rows",
)  # in 住民: such a person must have no other record, or that would be refused too


def share(total: tuple[int, int], residents: int, part: int, parts: int) -> int:
    """Return how many of a fault the `part`-th of `parts` parts of the city holds."""
    least, per_million = total
    count = max(least, round(residents * per_million / 1_000_000))
    return count * (part + 1) // parts - count * part // parts


@dataclass
class Scene:
    """What a fault needs to know of the row it spoils; `row` counts on with every row."""

    file: str
    today: int
    strangers: list[tuple[str, str]]  # 宛名番号 and 個人番号 of nobody
    my_numbers: Callable[[int], str]  # by row
    births: Callable[[int], int]
    first_turn: int = 0  # differs by part, so that a big city shows every form of a fault
    row: int = 0
    turn: int = 0

    def place(self, title: str) -> int:
        """Return where a column stands."""
        return COLUMNS[self.file].index(title)

    def choose(self, options: tuple) -> object:
        """Return the options in turn."""
        return options[self.turn % len(options)]


def plant(lines: pa.StringArray, picks: dict[str, np.ndarray], scene: Scene) -> tuple[pa.StringArray, Counter[str]]:
    """Spoil the picked lines and put added ones (duplicates, contradictions) further down; count the rows at fault."""
    changed: list[tuple[int, str]] = []
    added: list[tuple[float, str]] = []
    counts: Counter[str] = Counter()
    for fault, rows in picks.items():
        for turn, row in enumerate(rows.tolist(), scene.first_turn):
            scene.turn, scene.row = turn, row
            spoilt = _SPOILERS[fault](_parse(lines[row].as_py()), scene)
            changed.append((row, writing.line(spoilt[0])))
            further = row + (len(lines) - row) * (turn % 7 + 1) / 8
            added += [(further, writing.line(fields)) for fields in spoilt[1:]]
            counts[_name(fault, turn)] += 2 if fault == "conflicting_rows" else 1
    return _rewrite(lines, changed, added), counts


def pick(pools: dict[str, np.ndarray], counts: dict[str, int], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw rows for each fault from the pool of its kind; no row is drawn twice."""
    drawn: dict[str, np.ndarray] = {}
    taken = np.zeros(0, np.int64)
    for fault, count in counts.items():
        pool = np.setdiff1d(pools[fault], taken)
        drawn[fault] = np.sort(rng.choice(pool, min(count, len(pool)), replace=False))
        taken = np.concatenate([taken, drawn[fault]])
    return drawn


def _parse(text: str) -> list[str]:
    return next(csv.reader(io.StringIO(text, newline="")))


def _rewrite(lines: pa.StringArray, changed: list[tuple[int, str]], added: list[tuple[float, str]]) -> pa.StringArray:
    if not changed:
        return lines
    texts = pa.array([*(text for _, text in changed), *(text for _, text in added)])
    source = np.arange(len(lines))
    for place, (row, _) in enumerate(changed):
        source[row] = len(lines) + place
    order = np.concatenate([np.arange(len(lines), dtype=float), [place + 0.5 for place, _ in added]])
    source = np.concatenate([source, len(lines) + len(changed) + np.arange(len(added))])
    return pa.concat_arrays([lines, texts]).take(pa.array(source[np.argsort(order, kind="stable")]))


def _set(fields: list[str], scene: Scene, title: str, value: str) -> list[list[str]]:
    fields[scene.place(title)] = value
    return [fields]


def _ragged(fields: list[str], scene: Scene) -> list[list[str]]:
    return [[*fields, "余分"]] if scene.turn % 2 == 0 else [fields[:-1]]


def _name(fault: str, turn: int) -> str:
    """Name the form of a fault: a number without its leading zero is a fault of its own to a reader."""
    return "spreadsheet_number" if fault == "bad_number" and turn % 2 == 0 else fault


def _bad_number(fields: list[str], scene: Scene) -> list[list[str]]:
    number = fields[scene.place(_NUMBER)]
    return _set(fields, scene, _NUMBER, number[1:] if scene.turn % 2 == 0 else number[:-1] + "O")


def _bad_date(fields: list[str], scene: Scene) -> list[list[str]]:
    return _set(fields, scene, scene.choose(_DATE_COLUMNS[scene.file]), scene.choose(_BAD_DATES))


def _unknown_code(fields: list[str], scene: Scene) -> list[list[str]]:
    title, value = scene.choose(_UNKNOWN_CODES[scene.file])
    return _set(fields, scene, title, value)


def _missing(fields: list[str], scene: Scene) -> list[list[str]]:
    return _set(fields, scene, scene.choose(_REQUIRED[scene.file]), "")


def _number_in_text(fields: list[str], scene: Scene) -> list[list[str]]:
    number = scene.my_numbers(scene.row)
    grouped = f"{number[:4]}-{number[4:8]}-{number[8:]}"
    wide = number.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    remark = f"窓口で個人番号 {number} を確認"
    written = scene.choose((number, remark, grouped, wide, grouped.replace("-", " ")))
    if written is remark:
        return _set(fields, scene, _REMARKS, remark)
    return _set(fields, scene, _BUILDING, f"個人番号{written}")


def _conflicting(fields: list[str], scene: Scene) -> list[list[str]]:
    other = list(fields)
    other[scene.place("住所")] += "の2"
    return [fields, other]


def _duplicate(fields: list[str], _scene: Scene) -> list[list[str]]:
    return [fields, list(fields)]


def _wrong_check(fields: list[str], scene: Scene) -> list[list[str]]:
    number = fields[scene.place(_MY_NUMBER)]
    return _set(fields, scene, _MY_NUMBER, number[:-1] + str((int(number[-1]) + 1 + scene.turn % 9) % 10))


def _gaiji(fields: list[str], scene: Scene) -> list[list[str]]:
    title = scene.choose(_GAIJI_COLUMNS[scene.file])
    text = fields[scene.place(title)]
    return _set(fields, scene, title, chr(ord(_PRIVATE_USE) + scene.turn % 90) + text[1:])


def _no_resident(fields: list[str], scene: Scene) -> list[list[str]]:
    number, my_number = scene.strangers.pop()
    fields[scene.place(_NUMBER)] = number
    if scene.file == layout.DOSES:
        fields[scene.place(_MY_NUMBER)] = my_number
    return [fields]


def _bad_period(fields: list[str], scene: Scene) -> list[list[str]]:
    fields[scene.place("開始日")] = day_of(scene.today - 30).isoformat()
    return _set(fields, scene, "終了日", day_of(scene.today - 31 - scene.turn).isoformat())


def _before_birth(fields: list[str], scene: Scene) -> list[list[str]]:
    return _set(fields, scene, _GIVEN_ON, day_of(scene.births(scene.row) - 1 - 30 * scene.turn % 365).isoformat())


def _future(fields: list[str], scene: Scene) -> list[list[str]]:
    return _set(fields, scene, _GIVEN_ON, day_of(scene.today + 1 + scene.turn % 400).isoformat())


_SPOILERS: dict[str, Callable[[list[str], Scene], list[list[str]]]] = {
    "ragged_row": _ragged,
    "bad_number": _bad_number,
    "bad_date": _bad_date,
    "unknown_code": _unknown_code,
    "missing_value": _missing,
    "mynumber_in_text": _number_in_text,
    "conflicting_rows": _conflicting,
    "duplicate_row": _duplicate,
    "mynumber_check": _wrong_check,
    "mynumber_missing": lambda fields, scene: _set(fields, scene, _MY_NUMBER, ""),
    "gaiji": _gaiji,
    "no_resident": _no_resident,
    "unknown_vaccine": lambda fields, scene: _set(
        fields, scene, "接種種類コード", scene.choose(("10099", "20098", "99999"))
    ),
    "bad_period": _bad_period,
    "before_birth": _before_birth,
    "future_date": _future,
}
