"""Window envelopes: where on a folded sheet an address may stand, derived from sizes kept as data.

Sizes are records (`templates/envelope_*.toml`), because every city buys its own envelopes.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from workbench.errors import LetterError
from workbench.settings import Text

Length = Annotated[float, Field(gt=0, lt=500)]
Offset = Annotated[float, Field(ge=-3, le=3)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Size(_Strict):
    width_mm: Length
    height_mm: Length


class _Window(_Size):
    left_mm: Length
    top_mm: Length


class _Text(_Strict):
    margin_mm: Annotated[float, Field(ge=0, le=10)]
    sizes_pt: list[Annotated[float, Field(ge=5, le=14)]]
    fold_marks: bool


class _Calibration(_Strict):
    right_mm: Offset
    down_mm: Offset


class Envelope(_Strict):
    """A window envelope and the sheet folded into it, as `templates/envelope_*.toml` records them."""

    title: Text
    envelope: _Size
    window: _Window
    folded: _Size
    text: _Text
    calibration: _Calibration


@dataclass(frozen=True)
class AddressArea:
    """Where on the sheet the address goes, and what must stay clear of anything else (mm from the upper left).

    The folded sheet slides in its envelope: `left` … `top + height` show through the window wherever it
    lies, and nothing beyond `clear_right` and `clear_bottom` ever shows.
    """

    left: float
    top: float
    width: float
    height: float
    clear_right: float
    clear_bottom: float


@cache
def envelope(name: str = "naga3") -> Envelope:
    """Return the record of a window envelope."""
    file = files("workbench.outputs") / "templates" / f"envelope_{name}.toml"
    return Envelope.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))


def address_area(record: Envelope) -> AddressArea:
    """Derive the address area from window, envelope and folded sheet.

    Raises:
        LetterError: the sizes leave no area that shows wherever the sheet slides.
    """
    play_x = record.envelope.width_mm - record.folded.width_mm
    play_y = record.envelope.height_mm - record.folded.height_mm
    window, margin = record.window, record.text.margin_mm
    width = window.width_mm - play_x - 2 * margin
    height = window.height_mm - play_y - 2 * margin
    if min(play_x, play_y) < 0 or min(width, height) <= 0:
        msg = f"封筒の寸法（{record.title}）に矛盾があり、宛名の位置を決められません。何も作成していません。"
        raise LetterError(msg)
    return AddressArea(
        left=window.left_mm + margin + record.calibration.right_mm,
        top=window.top_mm + margin + record.calibration.down_mm,
        width=width,
        height=height,
        clear_right=window.left_mm + window.width_mm,
        clear_bottom=window.top_mm + window.height_mm,
    )
