"""JupyterLab as the analyst meets it: Japanese, on the notebooks, on loopback with a token, offline.

`configuration.json` is the whole configuration, by the file of Jupyter's configuration folder it becomes; what an
account has configured for itself does not apply. Kernels talk over sockets of the file system, not TCP, where every
account of the machine could listen. Widget state is never saved, and nothing asks for news, updates or extensions.
"""

import hashlib
import json
import os
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from workbench.errors import RunError, StorageError
from workbench.runs import NOTEBOOKS
from workbench.runs.supervise import MAX_SOCKET_FOLDER, environment
from workbench.settings import SETTINGS_FILE, Home, make_folder, own_folder

DEFAULT_PORT = 8888
_FOR_A_BROWSER = ("DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "BROWSER", "DBUS_SESSION_BUS_ADDRESS")


class LabCommand(NamedTuple):
    """How to start the server: the words of the command, and its whole environment."""

    arguments: list[str]
    environment: dict[str, str]


def command(home: Home, *, port: int = DEFAULT_PORT, browser: bool = True, notebooks: Path | None = None) -> LabCommand:
    """Prepare the folders of JupyterLab in the account's folder of `home.lab` and return the command that starts it.

    Jupyter makes a new token at every start and prints the address with it.

    Args:
        port: tried first; Jupyter takes the next free one.
        browser: whether Jupyter opens a browser.

    Raises:
        RunError: there is no folder of notebooks.
        StorageError: the folders cannot be made, or do not belong to this account.
    """
    root = notebooks or NOTEBOOKS
    if not root.is_dir():
        msg = f"ノートブックのフォルダー {root} がありません。リポジトリの notebooks を確認してください。"
        raise RunError(msg)
    lab = own_folder(home.lab)
    _write_configuration(lab / "config")
    arguments = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={root.resolve()}",
        f"--ServerApp.port={port}",
        f"--ServerApp.open_browser={browser}",
        f"--ServerApp.allow_root={os.geteuid() == 0}",
        f"--FileCheckpoints.checkpoint_dir={make_folder(lab / 'checkpoints')}",
    ]
    return LabCommand(arguments, _environment(home, lab))


def _write_configuration(folder: Path) -> None:
    """Write the shipped configuration anew, so that an older version's does not stay."""
    settings = json.loads(files(__package__).joinpath("configuration.json").read_text(encoding="utf-8"))
    for name, content in settings.items():
        path = folder / f"{name}.json"
        make_folder(path.parent)
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _environment(home: Home, lab: Path) -> dict[str, str]:
    """Return an environment without secrets, in which Jupyter writes only below `lab` and the folder of sockets."""
    settings = Path(os.environ.get("WORKBENCH_SETTINGS") or SETTINGS_FILE)
    return (
        {name: os.environ[name] for name in _FOR_A_BROWSER if name in os.environ}
        | environment(_socket_folder(lab))
        | ({"WORKBENCH_SETTINGS": str(settings.resolve())} if settings.exists() else {})
        | {
            "WORKBENCH_HOME": str(home.root),
            "JUPYTER_CONFIG_DIR": str(lab / "config"),
            "JUPYTER_DATA_DIR": str(make_folder(lab / "data")),
            "JUPYTERLAB_SETTINGS_DIR": str(make_folder(lab / "settings")),
            "JUPYTERLAB_WORKSPACES_DIR": str(make_folder(lab / "workspaces")),
            "IPYTHONDIR": str(make_folder(lab / "ipython")),
        }
    )


def _socket_folder(lab: Path) -> Path:
    """Return a folder only this account may enter, with a name short enough for sockets; it may stay behind.

    Raises:
        StorageError: it exists already and belongs to another account, or others may enter it.
    """
    beside = lab / "runtime"
    digest = hashlib.sha256(str(lab).encode()).hexdigest()[:8]
    short = len(str(beside)) <= MAX_SOCKET_FOLDER
    folder = make_folder(beside if short else Path(tempfile.gettempdir()) / f"wb-lab-{os.geteuid()}-{digest}")
    state = folder.lstat()
    if state.st_uid != os.geteuid() or state.st_mode & 0o077:
        msg = f"フォルダー {folder} がほかの利用者のものか、ほかの利用者にも開いています。確認して削除してください。"
        raise StorageError(msg)
    return folder
