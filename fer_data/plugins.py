"""Modules that register something, which commands and the processes that train import, too.

``FER_DATA_PLUGINS`` in the environment names modules or Python files, separated as in ``PATH``.
They are imported when a registry is asked for its names, or for one that it does not know.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from fer_data.errors import UsageError

VARIABLE = "FER_DATA_PLUGINS"

_loaded: set[str] = set()


def load() -> None:
    """Import what the environment names, each once; a UsageError where one cannot be."""
    for place in filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)):
        if place not in _loaded:
            _loaded.add(place)
            if place.endswith(".py"):
                sys.path.append(str(Path(place).absolute().parent))
            try:
                import_module(Path(place).stem if place.endswith(".py") else place)
            except Exception as error:
                raise UsageError(f"{VARIABLE}: {place} cannot be imported: {error}") from error


@contextmanager
def handed_on(modules: Iterable[str]) -> Iterator[None]:
    """Let processes that are started meanwhile load modules, found as they are here.

    Raises
    ------
    UsageError
        If one is the script or notebook itself, which no other process can import.
    """
    names = {name for name in modules if name.partition(".")[0] not in ("fer_data", "fer_model")}
    if "__main__" in names:
        raise UsageError(
            "what is registered in the script itself is unknown to the processes that train; "
            "register it in a module that the script imports"
        )
    before = dict(os.environ)
    if names:
        places = [*filter(None, [before.get(VARIABLE)]), *sorted(names)]
        os.environ[VARIABLE] = os.pathsep.join(places)
        os.environ["PYTHONPATH"] = os.pathsep.join(path or os.getcwd() for path in sys.path)
    try:
        yield
    finally:
        for name in (VARIABLE, "PYTHONPATH"):
            os.environ.pop(name, None)
        os.environ.update(
            {name: before[name] for name in (VARIABLE, "PYTHONPATH") if name in before}
        )
