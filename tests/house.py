"""The house read from its own source text: rooms, arrows, and what no module may do.

Every finder takes modules and returns one sentence per finding, so that the architecture test can be tried
on a house with planted faults as well as on the real one.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = "workbench"
FRONT_DESK = "__init__"
WIDEST_MODULE = 350
WIDEST_CELL = 12
WIDEST_QUERY = 60
CLOCK_ATTRIBUTES = frozenset({"now", "today", "utcnow"})
CLOCK_FUNCTIONS = frozenset({"time", "time_ns", "localtime", "gmtime", "ctime", "asctime"})  # of the module `time`
CLOCK_LIBRARIES = frozenset({"datetime", "time", "pandas", "numpy", "arrow", "dateutil"})
CLOCK_IN_DATA = re.compile(r"current_date|current_time|now\(|today\(|getdate\(", re.IGNORECASE)
EMPTY_WORDS = frozenset({"utils", "util", "helpers", "helper", "common", "manager", "nextgen", "misc"})


@dataclass(frozen=True)
class Module:
    """One file of the package, parsed."""

    name: str  # workbench.sources.faults; a package's __init__ carries the package's name
    tree: ast.Module
    lines: int
    is_package: bool = False

    @property
    def room(self) -> str:
        """The room it stands in; the package's own __init__ is the front desk."""
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 else FRONT_DESK


def read_house(package: Path) -> dict[str, Module]:
    """Parse every module under `package`, by full name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = (package.name, *path.relative_to(package).with_suffix("").parts)
        name = ".".join(parts[:-1] if parts[-1] == FRONT_DESK else parts)
        text = path.read_text(encoding="utf-8")
        found[name] = Module(name, ast.parse(text), text.count("\n"), is_package=parts[-1] == FRONT_DESK)
    return found


def read_block(document: Path, title: str) -> list[list[str]]:
    """Return the words of each line of the fenced block ```title in a document."""
    found = re.search(rf"^```{title}\n(.*?)^```", document.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    if not found:
        msg = f"{document.name} has no block ```{title}"
        raise ValueError(msg)
    return [line.split() for line in found[1].splitlines() if line.strip()]


def imports_of(module: Module, house: dict[str, Module]) -> set[str]:
    """Return the modules of the house that a module imports, wherever in it the import stands."""
    return {place for name in _wanted(module) if (place := _place(name, house))}


def outside_imports_of(tree: ast.Module) -> set[str]:
    """Return the top-level names of everything a piece of source imports."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or ".")
    return names


def wrong_arrows(house: dict[str, Module], order: list[str]) -> list[str]:
    """Find imports of a room that stands below the importing one, and rooms the order does not name."""
    missing = [f"room {room} is not in the order" for room in sorted({m.room for m in house.values()} - set(order))]
    height = {room: place for place, room in enumerate(order)}
    arrows = (
        f"{importer.name} imports {imported.name}, which stands below it"
        for importer, imported in _arrows(house)
        if height.get(imported.room, -1) > height.get(importer.room, len(order))
    )
    return missing + sorted(arrows)


def cycles(house: dict[str, Module]) -> list[str]:
    """Find modules that import each other round about."""
    ahead = {name: imports_of(module, house) - {name} for name, module in house.items()}
    while loose := [name for name, wanted in ahead.items() if not wanted & ahead.keys()]:
        for name in loose:
            del ahead[name]
    return [f"{name} is on, or leads into, an import cycle" for name in sorted(ahead)]


def trespassers(house: dict[str, Module], admitted: dict[str, set[str]]) -> list[str]:
    """Find imports of a guarded room by anyone but the rooms (or `room.module`s) admitted to it."""
    return sorted(
        f"{importer.name} may not import {imported.name}"
        for importer, imported in _arrows(house)
        if imported.room in admitted and importer.room != imported.room
        if not {importer.room, importer.name.removeprefix(f"{PACKAGE}.")} & admitted[imported.room]
    )


def reached_from(start: str, house: dict[str, Module]) -> set[str]:
    """Return every module that importing `start` executes, packages on the way included."""
    reached: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name in reached:
            continue
        reached.add(name)
        parents = (name.rsplit(".", count)[0] for count in range(1, name.count(".")))
        ahead.extend(parent for parent in parents if parent in house)
        ahead.extend(imports_of(house[name], house))
    return reached


def clock_readers(house: dict[str, Module], *, admitted: str) -> list[str]:
    """Find modules outside the room `admitted` that ask for today's date or the time of day."""
    found = []
    for module in house.values():
        if module.room != admitted:
            found += [f"{module.name} line {node.lineno} reads the clock" for node in _clock_nodes(module.tree)]
    return sorted(found)


def constructors(house: dict[str, Module], name: str) -> set[str]:
    """Return the modules that call `name`."""
    return {module.name for module in house.values() for node in ast.walk(module.tree) if _calls(node, name)}


def wide_modules(house: dict[str, Module]) -> list[str]:
    """Find modules longer than the house allows."""
    return [f"{m.name} has {m.lines} lines" for m in house.values() if m.lines > WIDEST_MODULE]


def empty_names(house: dict[str, Module]) -> list[str]:
    """Find modules, classes and functions whose name says nothing about what they are for."""
    names = {name.rsplit(".", 1)[-1]: name for name in house}
    for module in house.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                names[node.name] = f"{module.name}.{node.name}"
    return sorted(place for name, place in names.items() if _words(name) & EMPTY_WORDS)


def notebook_faults(path: Path) -> list[str]:
    """Find what a notebook may not have: foreign imports, long cells, stored output, `def` or SQL."""
    found = []
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for number, cell in enumerate((cell for cell in cells if cell["cell_type"] == "code"), 1):
        source = "".join(cell["source"])
        tree = ast.parse(source)
        foreign = outside_imports_of(tree) - {PACKAGE}
        faults = {
            f"imports {', '.join(sorted(foreign))}": bool(foreign),
            f"has {len(source.splitlines())} lines": len(source.splitlines()) > WIDEST_CELL,
            "keeps its output": bool(cell["outputs"]) or cell["execution_count"] is not None,
            "defines a function or class": any(isinstance(n, ast.FunctionDef | ast.ClassDef) for n in ast.walk(tree)),
            "speaks SQL": bool(re.search(r"\bselect\b.*\bfrom\b", source, re.IGNORECASE | re.DOTALL)),
        }
        found += [f"{path.name} code cell {number} {fault}" for fault, is_there in faults.items() if is_there]
    return found


def _arrows(house: dict[str, Module]) -> Iterator[tuple[Module, Module]]:
    for importer in house.values():
        for name in imports_of(importer, house):
            yield importer, house[name]


@cache
def _wanted(module: Module) -> frozenset[str]:
    return frozenset(name for node in ast.walk(module.tree) for name in _named(node, module))


def _named(node: ast.AST, module: Module) -> Iterable[str]:
    """Yield what one node imports, by absolute name."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        parts = module.name.split(".")
        base = parts[: len(parts) + module.is_package - node.level] if node.level else []
        start = ".".join([*base, *filter(None, [node.module])])
        return [f"{start}.{alias.name}" for alias in node.names]
    if _calls(node, "import_module") or _calls(node, "__import__"):
        return [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
    return []


def _place(name: str, house: dict[str, Module]) -> str | None:
    """Return the module that an imported name lives in: the longest start of it that is one."""
    while name and name not in house:
        name = name.rpartition(".")[0]
    return name or None


def _calls(node: ast.AST, name: str) -> bool:
    if not isinstance(node, ast.Call):
        return False
    target = node.func
    return (isinstance(target, ast.Name) and target.id == name) or (
        isinstance(target, ast.Attribute) and target.attr == name
    )


def _clock_nodes(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield what asks a library of dates for the present; an attribute of our own called `today` is none."""
    clocks = {
        alias.asname or alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if (getattr(node, "module", None) or alias.name).split(".")[0] in CLOCK_LIBRARIES
    }
    return (node for node in ast.walk(tree) if _reads_clock(node, clocks))


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _reads_clock(node: ast.AST, clocks: set[str]) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "time" and any(alias.name in CLOCK_FUNCTIONS for alias in node.names)
    if not isinstance(node, ast.Attribute) or _root(node) not in clocks:
        return False
    return node.attr in CLOCK_ATTRIBUTES or (node.attr in CLOCK_FUNCTIONS and _root(node) == "time")


def _words(name: str) -> set[str]:
    """Split snake_case and CamelCase into lower-case words."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}
