"""What code and packages import."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

FRAMEWORKS = ["tensorflow", "keras", "torch", "matplotlib"]


def imported(code: str, *arguments: str | Path) -> set[str]:
    """Return the top-level modules that are there after some code ran in a new process."""
    show = "\nprint('\\n' + ' '.join({name.partition('.')[0] for name in sys.modules}))"
    command = [sys.executable, "-c", "import sys\n" + code + show, *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(ended.stdout.splitlines()[-1].split())


@cache
def modules_of(package: str) -> dict[str, ast.Module]:
    """Return the modules of a package by their dotted names, parsed."""
    root = Path(import_module(package).__file__ or "").parent
    found = {}
    for file in root.rglob("*.py"):
        name = ".".join((package, *file.relative_to(root).with_suffix("").parts))
        found[name.removesuffix(".__init__")] = ast.parse(file.read_text("utf-8"))
    return found


def module_imports(package: str) -> dict[str, set[str]]:
    """Return what each folder or top module of a package imports of the others."""
    found: dict[str, set[str]] = {}
    for name, tree in modules_of(package).items():
        module = part_of(name)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package:
                _, *parts = (node.module or "").split(".")
                others = set(parts[:1] or [alias.name for alias in node.names])
                found.setdefault(module, set()).update(others - {module})
    return found


def named_imports(package: str) -> set[tuple[str, str]]:
    """Return which modules of a package name which others by text, as a `LazyFunction` does."""
    modules = modules_of(package)
    return {
        (name, text.partition(":")[0])
        for name, tree in modules.items()
        for text in texts_of(tree)
        if text.partition(":")[0] in modules.keys() - {name, package}
    }


def texts_of(tree: ast.Module) -> Iterator[str]:
    """Yield every text in a module, with the module's own constants put into f-strings."""
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(_value(part, constants)) for part in node.values)


def _value(part: ast.expr, constants: dict[str, object]) -> object:
    if isinstance(part, ast.FormattedValue):
        part = part.value
    if isinstance(part, ast.Name):
        return constants.get(part.id, "")
    return part.value if isinstance(part, ast.Constant) else ""


def part_of(name: str) -> str:
    """Return the folder or top module of a package that a module is in or is."""
    return name.split(".")[1] if "." in name else "__init__"
