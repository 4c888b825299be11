"""What code and packages import."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

FRAMEWORKS = ["tensorflow", "keras", "torch", "matplotlib"]


def imported(code: str, *arguments: str | Path) -> set[str]:
    """Return the top-level modules that are there after some code ran in a new process."""
    show = "\nprint('\\n' + ' '.join({name.partition('.')[0] for name in sys.modules}))"
    command = [sys.executable, "-c", "import sys\n" + code + show, *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(ended.stdout.splitlines()[-1].split())


def module_imports(package: str) -> dict[str, set[str]]:
    """Return what each folder or top module of a package imports of the others."""
    root, found = Path(import_module(package).__file__ or "").parent, {}
    for file in root.rglob("*.py"):
        module = file.relative_to(root).with_suffix("").parts[0]
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package:
                _, *parts = (node.module or "").split(".")
                others = set(parts[:1] or [alias.name for alias in node.names])
                found.setdefault(module, set()).update(others - {module})
    return found
