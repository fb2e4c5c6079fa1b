"""What tests share beyond the installation (see the conftest.py at the root)."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.installation import Installation

CHROMIUM = Path("/usr/bin/chromium")

collect_ignore_glob = ["*.ipynb"]  # notebooks kept as fixtures are run by their tests, not by nbval

settings.register_profile("tests", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("soak", deadline=None, max_examples=5_000, suppress_health_check=list(HealthCheck))
settings.load_profile("tests")


@pytest.fixture(scope="session")
def used_installation(tmp_path_factory):
    """An installation of its own on which the whole main job was run: reports, list, letters."""
    used = Installation(tmp_path_factory.mktemp("used"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in used.environment().items():
            patch.setenv(name, value)
        return used.load().use_everything()


@pytest.fixture(scope="session")
def chromium():
    """Debian's chromium and what it needs to draw Japanese; .ci/run installs them."""
    if not CHROMIUM.exists():
        pytest.skip("no /usr/bin/chromium here: apt install chromium fonts-noto-cjk (.ci/run does)")
    return CHROMIUM


@pytest.fixture(scope="session")
def pdftoppm():
    """Draws a page of a PDF as an image; .ci/run installs it."""
    program = shutil.which("pdftoppm")
    if program is None:
        pytest.skip("no pdftoppm here: apt install poppler-utils (.ci/run does)")
    return Path(program)
