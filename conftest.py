"""One installation for the whole session: the committed city, loaded once through the command line.

It stands at the root because notebooks (nbval) and tests share it. Nothing here touches `var/`: the
installation lies in a temporary folder outside the repository, and the folder goes when the session ends.
"""

import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from tests.installation import Installation

STARTED = pytest.StashKey[Installation]()


def pytest_configure(config: pytest.Config) -> None:
    """Point this process, and every kernel it starts, at an installation of its own."""
    installation = Installation(Path(tempfile.mkdtemp(prefix="workbench-tests-")))
    config.stash[STARTED] = installation
    os.environ |= installation.environment()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell starts what runs in its background deaf to Ctrl-C
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.option.nbval_current_env = True  # this interpreter, whatever kernel the account has installed


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the installation; read-only snapshots included."""
    if STARTED in config.stash:
        shutil.rmtree(config.stash[STARTED].base, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A notebook asks the snapshot as soon as its kernel is up, so the city must be loaded before."""
    if item.path.suffix == ".ipynb":
        item.config.stash[STARTED].load()


@pytest.fixture(scope="session")
def installation(pytestconfig: pytest.Config) -> Installation:
    """The loaded installation: keys, vault, ledger and one snapshot of `data/synthetic`. Read it, do not change it."""
    return pytestconfig.stash[STARTED].load()


@pytest.fixture(scope="session")
def demo_home(installation: Installation) -> Path:
    """The folder of the loaded installation, to which WORKBENCH_HOME points for the whole session."""
    return installation.home
