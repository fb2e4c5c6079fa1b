"""Writing a made-up city with a progress bar, for `synth` and the demonstration."""

from datetime import date
from pathlib import Path

from workbench.cli import screen
from workbench.errors import StorageError
from workbench.synth import EXTRACTED_ON, CityError, CitySummary, make_city


def write_city(
    out: Path, residents: int, *, seed: int = 1, encoding: str = "utf-8", extracted_on: date = EXTRACTED_ON
) -> CitySummary:
    """Write the extracts of a made-up city to `out`.

    Raises:
        StorageError: `out` holds something else, or cannot be written.
    """
    try:
        with screen.row_progress() as progress:
            return make_city(
                residents, seed=seed, out=out, encoding=encoding, extracted_on=extracted_on, progress=progress
            )
    except CityError as error:
        refusal = str(error)
    raise StorageError(refusal)
