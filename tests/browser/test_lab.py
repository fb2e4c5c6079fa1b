"""JupyterLab as `workbench lab` starts it: on loopback with a token, Japanese, and it runs a notebook offline."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import sync_playwright

from tests.browser.test_report_offline import FLAGS
from workbench.lab import command
from workbench.runs import NOTEBOOKS
from workbench.settings import Home

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@dataclass
class Server:
    """A running JupyterLab and what it wrote about itself."""

    address: str
    token: str
    environment: dict[str, str]
    notebooks: Path


@pytest.fixture(scope="module")
def server(demo_home, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    notebooks = folder / "notebooks"
    shutil.copytree(NOTEBOOKS, notebooks, ignore=shutil.ignore_patterns(".*"))
    (folder / "var").mkdir()
    (folder / "var" / "snapshots").symlink_to(demo_home / "snapshots")
    lab = command(Home(folder / "var"), port=18888, browser=False, notebooks=notebooks)
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(lab.arguments, env=lab.environment, stderr=log) as process,  # noqa: S603 - our own command
    ):
        try:
            yield _wait_for(process, lab.environment, notebooks)
        finally:
            process.terminate()


def _wait_for(process, environment, notebooks):
    state = Path(environment["JUPYTER_RUNTIME_DIR"]) / f"jpserver-{process.pid}.json"
    for _ in range(300):
        if state.exists() and state.read_text():
            info = json.loads(state.read_text())
            server = Server(info["url"], info["token"], environment, notebooks)
            if _answers(server):
                return server
        time.sleep(0.2)
    pytest.fail("JupyterLab did not start")


def _answers(server):
    try:
        return _fetch(f"{server.address}api/status?token={server.token}").status == 200
    except OSError:
        return False


def _fetch(address):
    return urllib.request.urlopen(address, timeout=10)  # noqa: S310 - our own server on loopback


def test_it_listens_on_loopback_and_asks_for_its_token(server):
    assert server.address.startswith("http://127.0.0.1:")
    assert len(server.token) >= 32
    with pytest.raises(urllib.error.HTTPError, match="403"):
        _fetch(f"{server.address}api/status")


def test_its_environment_holds_no_passphrase(server):
    assert not [name for name in server.environment if "PASS" in name]


def _save(server, text):
    """Ask the running server to save a notebook with `text` as its output, as the browser would."""
    cell = nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("stream", text=text)])
    content = json.loads(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])))
    model = json.dumps({"type": "notebook", "format": "json", "content": content}).encode()
    address = f"{server.address}api/contents/saved.ipynb?token={server.token}"
    return urllib.request.urlopen(urllib.request.Request(address, model, method="PUT"), timeout=10)  # noqa: S310


def test_it_saves_a_notebook_and_refuses_one_that_shows_a_my_number(server):
    _save(server, "ok")
    before = (server.notebooks / "saved.ipynb").read_bytes()

    with pytest.raises(urllib.error.HTTPError, match="400") as caught:
        _save(server, "983205673214")

    assert "上から1番目のセル" in json.loads(caught.value.read())["message"]
    assert (server.notebooks / "saved.ipynb").read_bytes() == before


def run_all_cells(page):
    """Run the notebook until its last cell has a number and a figure stands.

    JupyterLab may change to another kernel just after it has opened a notebook, and then drops what was asked before.
    """
    before = page.locator(".jp-InputPrompt").last.inner_text()
    for _ in range(4):
        page.get_by_text("実行", exact=True).first.click()
        page.get_by_text("すべてのセルを実行", exact=True).first.click()
        for _ in range(60):
            page.wait_for_timeout(250)
            now = page.locator(".jp-InputPrompt").last.inner_text()
            if now not in {before, "[*]:", "[ ]:", ""}:
                page.wait_for_selector(".js-plotly-plot .main-svg", timeout=30_000)
                return
    pytest.fail(f"the last cell still shows {now}")


def test_it_speaks_japanese_and_runs_a_notebook_without_a_request_outside(server, chromium):
    requests, complaints = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        # on a busy machine it asks which kernel to take
        page.add_locator_handler(page.locator(".jp-Dialog .jp-mod-accept"), lambda accept: accept.click(timeout=5_000))
        page.goto(f"{server.address}lab/tree/10_coverage.ipynb?token={server.token}")
        page.wait_for_selector(".jp-Notebook", timeout=60_000)
        menus = page.locator(".lm-MenuBar-itemLabel").all_inner_texts()
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=60_000)
        for _ in range(2):  # an analyst changes a parameter and runs all again in the same kernel
            run_all_cells(page)
        errors = page.locator("[data-mime-type='application/vnd.jupyter.stderr']").all_inner_texts()
        browser.close()

    assert errors == []
    assert menus[:5] == ["ファイル", "編集", "表示", "実行", "カーネル"]
    assert [url for url in requests if not url.startswith((server.address, "data:", "blob:"))] == []
    assert complaints == []


def test_its_kernels_use_sockets_of_the_file_system(server):
    runtime = Path(server.environment["JUPYTER_RUNTIME_DIR"])
    kernels = [json.loads(path.read_text()) for path in runtime.glob("kernel-*.json")]

    assert kernels
    assert {kernel["transport"] for kernel in kernels} == {"ipc"}
