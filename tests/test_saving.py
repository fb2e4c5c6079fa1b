"""A notebook that holds a My Number's shape is refused before it is written: in runs, and in JupyterLab."""

import asyncio
import base64
import json
import struct

import nbformat
import pytest
from tornado.web import HTTPError

from tests.tables import rows
from tests.test_runs import home, run_trial  # noqa: F401 - a fixture
from workbench.errors import RunError
from workbench.lab.saving import CheckedFiles
from workbench.runs.saving import CheckedFile, check, find_number

NUMBER = "983205673214"  # the published example of 総務省令85号

SHAPES = rows("""
    what                                   | text                                  | refused
    alone                                  | 983205673214                          | yes
    in a sentence                          | 個人番号983205673214です              | yes
    in a table of HTML                     | <td>983205673214</td>                 | yes
    in a list                              | [1, 983205673214, 2]                  | yes
    in a line of CSV                       | 1,983205673214,2026-11-01             | yes
    as a float                             | 983205673214.0                        | yes
    full width                             | ９８３２０５６７３２１４              | yes
    as entities of HTML                    | &#57;83205673214                      | yes
    grouped by spaces                      | No. 9832 0567 3214.                   | yes
    grouped by hyphens                     | 9832-0567-3214                        | yes
    grouped by full-width hyphens          | ９８３２－０５６７－３２１４          | yes
    grouped behind a number                | 1 9832-0567-3214                      | yes
    with unseen characters                 | 9832\u200b0567\u200b3214              | yes
    with unseen entities                   | 9832&ZeroWidthSpace;0567&shy;3214     | yes
    in rings                               | ⑨⑧③②⓪⑤⑥⑦③②①④                          | yes
    in kanji                               | 九八三二〇五六七三二一四              | yes
    as a sum of money                      | 983,205,673,214                       | yes
    behind a kanji digit                   | 一983205673214                        | yes
    a longer sum                           | 1,983,205,673,214                     |
    coloured by a terminal                 | \x1b[31m983205673214\x1b[0m           | yes
    with a wrong check digit               | 983205673215                          |
    a part of a longer number              | 1983205673214                         |
    a pseudonym                            | p9832056732140000                     |
    a hexadecimal word                     | 983205673214ab00                      |
    the end of a UUID                      | 01234567-89ab-4def-8123-983205673214  |
    a fraction                             | 0.983205673214                        |
    with a fraction                        | 983205673214.25                       |
    a moment that passes the check         | 202611010909                          |
    a birth date in milliseconds           | [631324800000, 631411200000]          |
    a row of years that passes the check   | 2015 2016 2017                        |
    years among years                      | 2014 2015 2016 2017                   |
    a telephone number and a date          | 0999-38-4871 2026-11-01               |
""")


def _notebook(output=None, source=""):
    cell = nbformat.v4.new_code_cell(source, outputs=[output] if output else [])
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# 題"), cell])


def _stream(text):
    return nbformat.v4.new_output("stream", text=text)


def _display(kind, data):
    return nbformat.v4.new_output("display_data", data={kind: data})


def test_the_harmless_shapes_would_be_refused_by_the_check_digit_alone():
    from workbench import mynumber  # noqa: PLC0415

    assert all(map(mynumber.is_valid, [NUMBER, "202611010909", "201520162017", "631324800000"]))


@pytest.mark.parametrize("case", SHAPES, ids=lambda case: case["what"])
def test_shape_decides_before_the_check_digit(case):
    text = case["text"].replace("\\x1b", "\x1b").replace("\\u200b", "\u200b")

    assert find_number(_notebook(_stream(text))) == (2 if case["refused"] else None)


def _packed(kind, *numbers):
    return {"dtype": kind, "bdata": base64.b64encode(struct.pack(f"<{len(numbers)}{kind[0]}", *numbers)).decode()}


PLACES = {
    "a table": _display("text/html", f"<table><td>{NUMBER}</td></table>"),
    "JSON": _display("application/json", {"rows": [{"value": int(NUMBER)}]}),
    "a key of JSON": _display("application/json", {NUMBER: 1}),
    "a figure": _display("application/vnd.plotly.v1+json", {"data": [{"text": ["a", NUMBER]}]}),
    "a packed array of a figure": _display(
        "application/vnd.plotly.v1+json",
        {"data": [{"x": {"dtype": "f8", "bdata": _packed("d", 1.5, 983205673214)["bdata"]}}]},
    ),
    "an error": nbformat.v4.new_output("error", ename="KeyError", evalue=NUMBER, traceback=[]),
    "lines": _stream([f"{NUMBER}\n", "ok\n"]),
}


@pytest.mark.parametrize("place", PLACES)
def test_every_sort_of_output_is_read(place):
    assert find_number(_notebook(PLACES[place])) == 2


def test_what_an_analyst_typed_is_read_too():
    assert find_number(_notebook(source=f"x = {NUMBER}")) == 2


def test_the_data_beside_a_cell_and_of_the_notebook_are_read_too():
    tagged, attached, titled = (_notebook(source="x = 1") for _ in range(3))
    tagged["cells"][1]["metadata"] = {"tags": [NUMBER]}
    attached["cells"][1]["attachments"] = {"note.txt": {"text/plain": f"見本 {NUMBER}"}}
    titled["metadata"] = {"title": NUMBER, "widgets": {}}

    assert [find_number(one) for one in (tagged, attached, titled)] == [2, 2, 0]
    with pytest.raises(RunError, match="ノートブックの付帯情報（メタデータ）に、個人番号の形"):
        check(titled)


def test_a_picture_is_not_read_as_text():
    assert find_number(_notebook(_display("image/png", f"iVBORw0KGgo/{NUMBER}/"))) is None


# ---------------------------------------------------------------- runs


def test_a_run_that_shows_a_number_is_stopped_before_anything_of_it_is_written(home, tmp_path):  # noqa: F811
    with pytest.raises(RunError, match="上から4番目のセルかその出力に、個人番号の形") as caught:
        run_trial(home, tmp_path, "1", f"print({NUMBER[:6]!r} + {NUMBER[6:]!r})", "2", as_of="2026-10-31")

    (folder,) = (home.outputs / "reports" / "trial").iterdir()
    written = b"".join(path.read_bytes() for path in folder.iterdir())
    assert folder.name.endswith("-failed")
    assert {path.name for path in folder.iterdir()} == {"trial.ipynb", "run.json"}
    assert NUMBER.encode() not in written
    assert NUMBER not in str(caught.value)


def test_widget_state_is_not_written_even_while_a_run_goes_on(tmp_path):
    notebook = _notebook()
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}

    CheckedFile.write(nbformat.writes(notebook), str(tmp_path / "x.ipynb"))

    assert "widget" not in (tmp_path / "x.ipynb").read_text()


# ---------------------------------------------------------------- JupyterLab's files


def _save(folder, model, path="x.ipynb"):
    return asyncio.run(CheckedFiles(root_dir=str(folder)).save(model, path))


def _as_notebook(notebook):
    return {"type": "notebook", "format": "json", "content": json.loads(nbformat.writes(notebook))}


def _as_text(notebook):
    return {"type": "file", "format": "text", "content": nbformat.writes(notebook)}


@pytest.mark.parametrize("model", [_as_notebook, _as_text])
def test_jupyterlab_does_not_save_a_notebook_that_shows_a_number(model, tmp_path):
    _save(tmp_path, model(_notebook(_stream("ok"))))
    before = (tmp_path / "x.ipynb").read_bytes()

    with pytest.raises(HTTPError, match="上から2番目のセル") as caught:
        _save(tmp_path, model(_notebook(_stream(NUMBER))))

    assert (tmp_path / "x.ipynb").read_bytes() == before
    assert NUMBER not in str(caught.value)


def test_what_cannot_be_checked_is_not_saved(tmp_path):
    for model in (
        {"type": "file", "format": "text", "content": "no JSON"},
        {"type": "file", "format": "base64", "content": "e30=", "chunk": 1},
        {"type": "notebook", "format": "json", "content": {"cells": [{"outputs": 5, "source": {}}, 7], "metadata": {}}},
    ):
        with pytest.raises(HTTPError, match="検査できません"):
            _save(tmp_path, model)

    assert list(tmp_path.glob("*.ipynb")) == []


def test_jupyterlab_saves_no_widget_state(tmp_path):
    notebook = _notebook()
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}

    _save(tmp_path, _as_notebook(notebook))

    assert "widget" not in (tmp_path / "x.ipynb").read_text()


def test_other_files_are_saved_as_before(tmp_path):
    _save(tmp_path, {"type": "file", "format": "text", "content": "x"}, "x.txt")

    assert (tmp_path / "x.txt").read_text() == "x"
