"""The files of JupyterLab: a notebook that holds a My Number's shape is refused before it is written.

Jupyter's own hook lets a notebook pass when the hook itself fails; this manager refuses instead (promise P5).
"""

import json
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError

from workbench.errors import RunError
from workbench.runs import saving

_UNREADABLE = "ノートブックとして読めないため、検査できません。ファイルは保存していません。"


class CheckedFiles(AsyncLargeFileManager):
    """Jupyter's manager of files, with the check before every save and without widget state."""

    def run_pre_save_hooks(self, model: dict[str, Any], path: str, **kwargs: Any) -> None:  # noqa: ANN401 - Jupyter's
        """Refuse a model that must not be written, in words that JupyterLab shows."""
        problem = _problem(model, path)
        if problem:
            raise HTTPError(400, log_message=problem)
        super().run_pre_save_hooks(model=model, path=path, **kwargs)


def _problem(model: dict[str, Any], path: str) -> str:
    """Return why the model may not be written; empty where it may."""
    is_notebook = model.get("type") == "notebook"
    if not is_notebook and not path.endswith(".ipynb"):
        return ""
    try:
        content = model["content"] if is_notebook else json.loads(model["content"])
        content["metadata"].pop("widgets", None)
        saving.check(content)
    except RunError as error:
        return str(error)
    except Exception:  # noqa: BLE001 - whatever it is, its words may quote the notebook
        return _UNREADABLE
    return ""
