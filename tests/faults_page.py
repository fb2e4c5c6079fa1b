"""docs/faults.md, made from the code: every fault of a row (faults.toml), and every refusal of a file or a delivery.

Write it anew with `python -m tests.faults_page`; test_the_page_of_faults_is_what_the_code_says keeps it in step.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from workbench.sources.faults import OUTCOME_TITLES, load_faults

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "faults.md"
REFUSING = ("workbench/sources", "workbench/pseudonymize.py", "workbench/ingest")
_INTRODUCTION = """\
# What can be wrong with an extract

Made from the code by `python -m tests.faults_page`; do not edit. The operator reads these texts on the screen and in
the quarantine report (`registers/quarantine/<id>.csv`: file, line, column, code, text; never a value). Always: read =
kept + duplicates + quarantined, or the whole delivery is refused and nothing is published.

## Rows

保留 (quarantined): the row is left out and listed. 重複 (duplicate): an equal row is kept, this one is not. 注意
(noted): the row is kept and listed.

"""
_REFUSALS = """
## Refusals

One line on the screen, exit code 1, nothing published. `…` stands for a file, line, column or number of rows; never
for a value.

"""


def page() -> str:
    """Return the page as it must stand in docs/."""
    rows = [
        f"| `{fault.code}` | {OUTCOME_TITLES[fault.outcome]} | {fault.title} | {fault.message} | {fault.remedy} |"
        for fault in load_faults().values()
    ]
    head = ["| code | 扱い | 題名 | 何が見つかったか | 担当者がすること |", "|---|---|---|---|---|"]
    refusals = ["| room | メッセージ |", "|---|---|", *(f"| `{room}` | {text} |" for room, text in refusal_texts())]
    return _INTRODUCTION + "\n".join([*head, *rows]) + "\n" + _REFUSALS + "\n".join(refusals) + "\n"


def refusal_texts() -> Iterator[tuple[str, str]]:
    """Yield room and message of everything that stops an ingest, in the order of the source text."""
    seen = set()
    for place in REFUSING:
        paths = sorted((ROOT / place).rglob("*.py")) if (ROOT / place).is_dir() else [ROOT / place]
        for path in paths:
            for text in _messages(ast.parse(path.read_text(encoding="utf-8"))):
                if text not in seen and "。" in text:
                    seen.add(text)
                    yield path.relative_to(ROOT / "workbench").parts[0].removesuffix(".py"), text


def _messages(tree: ast.Module) -> Iterator[str]:
    """Yield every whole Japanese sentence that a module may raise or return as a reason."""
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id in {"msg", "problem"}:
                yield _text(node.value, constants)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refusal":
            yield f"…: …行目から先を読めません（{_text(node.args[0], constants)}）。"
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.JoinedStr):
            text = _text(node.value, constants)
            if text.endswith("。"):
                yield text


def _text(node: ast.expr, constants: dict[str, str]) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, constants) for part in node.values)
    if isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Name):
        return constants.get(node.value.id, "…")
    if isinstance(node, ast.BinOp):
        return _text(node.left, constants) + _text(node.right, constants)
    return "…"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
