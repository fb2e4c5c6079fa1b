"""Make the city part by part and write its extracts; memory holds one part at a time."""

import errno
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from workbench.synth import days, numbers
from workbench.synth.layout import CLINICS, COLUMNS, DISTRICTS
from workbench.synth.parts import Plan, make_part
from workbench.synth.records import Clinics
from workbench.synth.register import Addresses, Scribe
from workbench.synth.tables import load
from workbench.synth.writing import UNFINISHED, ExtractFolder, line

ENCODINGS = ("utf-8", "cp932")
FEWEST, MOST = 2_000, 4_000_000
EXTRACTED_ON = date(2026, 11, 1)
_PART = 10_000  # residents made at a time
_RESIDENTS_PER_CLINIC, _FEWEST_CLINICS, _MOST_CLINICS = 1_500, 16, 3_000
_EXTRACT, _FAULTS, _README = "extract.toml", "faults.json", "README.md"


class CityError(ValueError):
    """The city cannot be made as asked; the message is one line of Japanese."""


@dataclass(frozen=True)
class CitySummary:
    """What was written."""

    folder: Path
    residents: int
    rows: dict[str, int]  # data rows by CSV file
    bytes: int  # of the CSV files


def make_city(  # noqa: PLR0913 (the six choices of the command)
    residents: int,
    *,
    seed: int,
    out: Path,
    encoding: str = "utf-8",
    extracted_on: date = EXTRACTED_ON,
    progress: Callable[[str, int], None] | None = None,
) -> CitySummary:
    """Write the extracts of a made-up city into `out`: CSV files, `extract.toml`, and `faults.json` (what was planted).

    The same residents, seed, encoding and day give the same bytes. An earlier made-up city in `out` is replaced,
    and only when the new one is complete.

    Args:
        residents: living residents, 2,000 to 4,000,000; people who left or died come on top.
        progress: called with a file name and the rows written to it so far.

    Raises:
        CityError: an argument is out of range, `out` holds something else, or it cannot be written.
    """
    _check(residents, seed, out, encoding)
    numbering = numbers.Numbering.draw(np.random.default_rng([seed]))
    scribe = Scribe(numbering, Addresses(), days.texts(), encoding, days.number(extracted_on))
    tell = progress or (lambda _file, _rows: None)
    try:
        with ExtractFolder(out, encoding=encoding) as folder:
            planted, awkward = _write(folder, scribe, residents, seed, tell)
            found = {
                file: {"rows": written.rows, "faults": dict(sorted(planted[file].items()))}
                for file, written in folder.files.items()
            }
            about = {"residents": residents, "seed": seed, "encoding": encoding, "files": found, "awkward": awkward}
            text = json.dumps(about, ensure_ascii=False, indent=2) + "\n"
            folder.publish({_FAULTS: text, _EXTRACT: _description(extracted_on)})
    except OSError as error:
        reason = "空き容量が足りません" if error.errno == errno.ENOSPC else "書き込めません"
        msg = f"フォルダー {out} に{reason}。空き容量と権限を確認してください。書きかけのファイルは消しました。"
    else:
        rows = {file: written.rows for file, written in folder.files.items()}
        return CitySummary(out, residents, rows, sum(written.size for written in folder.files.values()))
    raise CityError(msg)


def _write(
    folder: ExtractFolder, scribe: Scribe, residents: int, seed: int, tell: Callable[[str, int], None]
) -> tuple[dict[str, Counter[str]], dict[str, int]]:
    """Write every file; return the faults planted by file, and the awkward cases."""
    planted = {file: Counter() for file in COLUMNS}
    awkward: Counter[str] = Counter()
    for file in COLUMNS:
        folder.open(file, COLUMNS[file])
    clinics = _clinics(residents)
    folder.files[CLINICS].write(_lines(zip(clinics.codes.to_pylist(), clinics.names, strict=True)))
    folder.files[DISTRICTS].write(_lines((place["code"], place["name"]) for place in load("places")["district"]))
    parts = -(-residents // _PART)
    for number in range(parts):
        part = make_part(Plan(residents, seed, number, parts), scribe, clinics)
        for file, lines in part.lines.items():
            folder.files[file].write(lines)
            planted[file].update(part.faults[file])
            tell(file, folder.files[file].rows)
        awkward.update(part.awkward)
    return planted, dict(sorted(awkward.items()))


def _clinics(residents: int) -> Clinics:
    """Return the clinics of a city of that size; the first is the city's health centre."""
    count = min(_MOST_CLINICS, max(_FEWEST_CLINICS, residents // _RESIDENTS_PER_CLINIC))
    heads, tails = load("places")["clinic_heads"], load("places")["clinic_tails"]
    names = ["桜浜市保健センター"]
    for number in range(count):
        around = number // (len(heads) * len(tails))
        name = heads[number % len(heads)] + tails[number // len(heads) % len(tails)]
        names.append(name + (f"第{around + 1}" if around else ""))
    return Clinics(pa.array([numbers.clinic_code(number) for number in range(count + 1)]), tuple(names))


def _lines(rows: object) -> pa.StringArray:
    return pa.array([line(fields) for fields in rows])


def _description(extracted_on: date) -> str:
    places = load("places")
    return (
        'layout = "standard"\n'
        f'municipality_code = "{places["municipality_code"]}"\n'
        f'municipality_name = "{places["city"]}"\n'
        f"extracted_on = {extracted_on.isoformat()}\n"
    )


def _check(residents: int, seed: int, out: Path, encoding: str) -> None:
    msg = None
    if not FEWEST <= residents <= MOST:
        msg = f"住民数は {FEWEST:,} 人から {MOST:,} 人の間で指定してください。"
    elif seed < 0:
        msg = "シードは 0 以上の整数で指定してください。"
    elif encoding not in ENCODINGS:
        msg = f"文字コードは {' か '.join(ENCODINGS)} を指定してください。"
    elif out.exists() and not _is_replaceable(out):
        msg = f"{out} には架空の市のデータではないものがあります。空のフォルダーを指定してください。"
    if msg:
        raise CityError(msg + "何も変更していません。")


def _is_replaceable(out: Path) -> bool:
    """Tell whether `out` is an empty folder or holds a made-up city, be it unfinished; never a real extract."""
    if not out.is_dir():
        return False
    names = {path.name for path in out.iterdir()}
    finished = {name for name in names if not name.endswith(UNFINISHED)}
    ours = {*COLUMNS, _FAULTS, _EXTRACT, _README}
    is_ours = {name.removesuffix(UNFINISHED) for name in names} <= ours
    return is_ours and (finished <= {_README} or _FAULTS in finished)
