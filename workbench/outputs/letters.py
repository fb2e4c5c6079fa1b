"""Typesetting of letters: what fits the window, what the font can print, and one encrypted PDF of all.

Names go to typst as JSON over a pipe and come back as a PDF over a pipe: they are never markup, and no
clear file exists at any moment (decision 0008). typst runs in child processes of `CHUNK` letters, because
its memory grows with the document.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache
from io import BytesIO
from pathlib import Path

from fontTools.ttLib import TTFont
from noto_cjk_sans_jp_regular import FONT_PATH
from pypdf import PdfReader, PdfWriter

from workbench.errors import LetterError
from workbench.outputs.envelopes import address_area, envelope
from workbench.settings import Office

CHUNK = 500  # letters a document; 500 take about 0.2 GB
CHILDREN = 2  # at a time
TIMEOUT_SECONDS = 300  # for one chunk, which takes seconds
TYPESETTER = Path(__file__).with_name("typesetter.py")

LONG_WORD = re.compile(r"[!-~\u00a1-\u1fff\uff61-\uff9f]{15,}")
ZERO_WIDTH_SPACE = "\u200b"
FAILED = (
    "通知の組版に失敗しました。文面と封筒の設定（workbench/outputs/templates/）を確認して、"
    "もう一度実行してください。開示は台帳に記録済みで、通知と名簿は作成していません。"
)

Progress = Callable[[int, int], None]  # letters done, letters in all


@dataclass(frozen=True)
class Letter:
    """One letter's own data; everything else is words of its slot."""

    number: str
    slot: str
    deadline: str
    name: str
    postcode: str
    address: str
    building: str
    addressee: str
    to_guardian: bool
    moved_in: bool
    address_size: float | None = None  # points, once fitted
    name_size: float | None = None

    @property
    def register_text(self) -> str:
        """All that is printed from the register."""
        return self.name + self.postcode + self.address + self.building + self.addressee


@dataclass(frozen=True)
class Batch:
    """What all letters of a batch share."""

    office: Office
    words: dict[str, object]  # of `wording.letter_words`
    ledger_head: str  # as `Head.text` prints it


def can_print(text: str) -> bool:
    """Say whether the font has a glyph for every character, variation sequences included."""
    characters, sequences = _glyphs()
    return all(
        (before, character) in sequences if _is_selector(character) else ord(character) in characters
        for before, character in zip(" " + text, text, strict=False)
    )


def _is_selector(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


@cache
def _glyphs() -> tuple[frozenset[int], frozenset[tuple[str, str]]]:
    with TTFont(str(FONT_PATH), lazy=True) as font:
        characters = frozenset(font.getBestCmap())
        variations = [table.uvsDict for table in font["cmap"].tables if table.format == 14]  # noqa: PLR2004 - the cmap format of variation sequences
    sequences = {
        (chr(base), chr(selector))
        for table in variations
        for selector, bases in table.items()
        for base, _glyph in bases
    }
    return characters, frozenset(sequences)


def fitted(letters: Sequence[Letter], batch: Batch) -> list[Letter | None]:
    """Return each letter with the largest sizes at which address and name fit their areas; None where none does."""
    sizes = [pair for chunk in _chunks(letters) for pair in json.loads(_run("sizes", chunk, batch))]
    return [
        replace(letter, address_size=pair["address"], name_size=pair["name"]) if all(pair.values()) else None
        for letter, pair in zip(letters, sizes, strict=True)
    ]


def make_pdf(letters: Sequence[Letter], batch: Batch, *, password: str, progress: Progress | None = None) -> bytes:
    """Return one PDF of n >= 1 fitted letters in order, one page each, opened by `password` (AES-256).

    Raises:
        LetterError: typst failed, or a letter is not exactly one page.
    """
    writer = PdfWriter()
    done = 0
    chunks = _chunks(letters)
    with ThreadPoolExecutor(CHILDREN) as pool:
        for chunk, pdf in zip(chunks, pool.map(lambda chunk: _run("pdf", chunk, batch), chunks), strict=True):
            pages = PdfReader(BytesIO(pdf))
            if len(pages.pages) != len(chunk):  # each letter begins a page, so more pages mean a letter of two
                raise LetterError(FAILED)
            writer.append(pages, import_outline=False)
            done += len(chunk)
            if progress:
                progress(done, len(letters))
    writer.encrypt(password, algorithm="AES-256")
    encrypted = BytesIO()
    writer.write(encrypted)
    return encrypted.getvalue()


def letter_data(job: str, letters: Sequence[Letter], batch: Batch, *, trace: bool = False) -> dict[str, object]:
    """Return the datum the template reads.

    Args:
        job: "pdf" or "sizes".
        trace: mark where address and body begin and end, for tests.
    """
    record = envelope()
    area = address_area(record)
    return {
        "job": job,
        "trace": trace,
        "letters": [_printed(letter) for letter in letters],
        "words": batch.words,
        "office": batch.office.model_dump(),
        "ledger_head": batch.ledger_head,
        "address_area": {
            **{side: getattr(area, side) for side in ("left", "top", "width", "height")},
            "sizes": sorted(record.text.sizes_pt, reverse=True),
        },
        "clear_right": area.clear_right,
        "clear_bottom": area.clear_bottom,
        "folds": [record.folded.height_mm * fold for fold in (1, 2)] if record.text.fold_marks else [],
    }


def _printed(letter: Letter) -> dict[str, object]:
    fields = asdict(letter)
    return fields | {name: _breakable(fields[name]) for name in ("name", "address", "building", "addressee")}


def _breakable(text: str) -> str:
    """Let a Latin word as long as a line be broken anywhere; Japanese needs no help."""
    return LONG_WORD.sub(lambda word: ZERO_WIDTH_SPACE.join(word[0]), text)


def _chunks(letters: Sequence[Letter]) -> list[Sequence[Letter]]:
    return [letters[start : start + CHUNK] for start in range(0, len(letters), CHUNK)]


def _run(job: str, letters: Sequence[Letter], batch: Batch) -> bytes:
    data = json.dumps(letter_data(job, letters, batch), ensure_ascii=False).encode()
    command = [sys.executable, "-P", str(TYPESETTER), job]
    try:
        done = subprocess.run(  # noqa: S603 - our own file, run by our own Python
            command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        done = None
    if done is None or done.returncode:
        raise LetterError(FAILED)
    return done.stdout
