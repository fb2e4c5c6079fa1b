"""What a notebook may not keep: anything shaped like a My Number whose check digit is right. Asked before every save.

A run asks here before it writes the executed notebook or its page, and JupyterLab before it saves. One random
twelve-digit number in ten passes the check digit, so shape decides first (decision 0021): twelve digits that stand
alone, or 4-4-4 with one separator; no part of a longer word, a decimal fraction, a UUID, a moment or a row of years.
"""

import base64
import binascii
import html
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from nbformat.v4.rwbase import rejoin_lines

from workbench import mynumber
from workbench.errors import RunError

_ALONE = re.compile(r"(?<![0-9A-Za-z])(?<![0-9]\.)([0-9]{12})(?:\.0+)?(?![0-9A-Za-z])(?!\.[0-9])")
_GROUPED = re.compile(  # three groups of four between one separator, and no more groups than three
    "|".join(
        rf"(?<![0-9A-Za-z])(?<![0-9][{sign}.])[0-9]{{4}}(?:{sign}[0-9]{{4}}){{2}}(?![0-9A-Za-z])(?!{sign}[0-9])"
        for sign in " -"
    )
)
_SUM = re.compile(r"(?<![0-9A-Za-z.,])[0-9]{3}(?:,[0-9]{3}){3}(?![0-9A-Za-z,])")
_MOMENT = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-3])[0-5][0-9]")
_HOUR_MS = 3_600_000
_YEARS = re.compile(r"(?:(?:18|19|20)[0-9]{2}){3}")
_NOISE = re.compile(r"\x1b\[[0-9;]*m|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")  # colours, UUIDs
_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2012\u2013\u2014\u2015\u2212\u30fc", "-"))
_PICTURES = ("image/png", "image/jpeg", "image/gif", "application/pdf")  # base64: no text of ours


def find_number(notebook: Mapping[str, Any]) -> int | None:
    """Return the place (1 is the first) of a cell that holds such a number; 0 where only the notebook's own data do.

    None where there is none. Widget state is not looked at: it is never written.
    """
    read = rejoin_lines(nbformat.from_dict(notebook))
    for place, cell in enumerate(read.cells, 1):
        if _holds_number(cell):
            return place
    own = {key: part for key, part in read.get("metadata", {}).items() if key != "widgets"}
    return 0 if _holds_number(own) else None


def check(notebook: Mapping[str, Any]) -> None:
    """Refuse a notebook that must not be written.

    Raises:
        RunError: it holds such a number; the message names the cell, never the number.
    """
    place = find_number(notebook)
    if place is not None:
        where = f"上から{place}番目のセルかその出力" if place else "ノートブックの付帯情報（メタデータ）"
        msg = (
            f"{where}に、個人番号の形で検査数字も合う12桁の番号があります。"
            "その番号を出さないように直してください。このノートブックは保存していません。"
        )
        raise RunError(msg)


class CheckedFile:
    """Where papermill saves a notebook while it runs: nothing is written that `check` refuses, nor widget state."""

    @staticmethod
    def pretty_path(path: str) -> str:
        """Return the path as papermill may show it."""
        return path

    @staticmethod
    def write(text: str, path: str) -> None:
        """Write the notebook `text` to `path`, or refuse."""
        notebook = json.loads(text)
        check(notebook)
        notebook["metadata"].pop("widgets", None)
        Path(path).write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _holds_number(value: object) -> bool:
    return any(_is_shaped(text) for text in _texts(value))


def _is_shaped(text: str) -> bool:
    plain = unicodedata.normalize("NFKC", html.unescape(_NOISE.sub(" ", text))).translate(_HYPHENS)
    folded = mynumber.plain(plain)  # a kanji digit beside a number must not hide it: both are read
    return any(_is_shaped_plainly(reading) for reading in {plain, folded})


def _is_shaped_plainly(plain: str) -> bool:
    plain = _SUM.sub(lambda match: match[0].replace(",", ""), plain)
    alone = (match[1] for match in _ALONE.finditer(plain))
    grouped = (re.sub("[ -]", "", match[0]) for match in _GROUPED.finditer(plain))
    return any(mynumber.is_valid(number) and not _is_moment(number) for number in alone) or any(
        mynumber.is_valid(number) and not _YEARS.fullmatch(number) for number in grouped
    )


def _is_moment(number: str) -> bool:
    """Say whether the digits are a moment as they stand, or a full hour before 2001 in milliseconds since 1970."""
    return bool(_MOMENT.fullmatch(number)) or int(number) % _HOUR_MS == 0


def _texts(value: object) -> Iterator[str]:
    """Yield every text and number of a JSON value."""
    if isinstance(value, Mapping):
        yield from _array(value)
        value = [*value, *(part for key, part in value.items() if key not in _PICTURES)]
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, float) and value.is_integer():
        yield str(int(value))
    else:
        yield str(value)


def _array(value: Mapping[str, Any]) -> Iterator[str]:
    """Yield the numbers of an array as plotly packs it, where they have twelve digits."""
    try:
        numbers = np.frombuffer(base64.b64decode(value["bdata"], validate=True), dtype=value["dtype"])
    except (KeyError, TypeError, ValueError, binascii.Error):
        return
    if numbers.dtype.kind in "iuf":
        whole = numbers[(numbers >= 10**11) & (numbers < 10**12)]
        yield from (str(int(number)) for number in whole[whole == np.floor(whole)].tolist())
