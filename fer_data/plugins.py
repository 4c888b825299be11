"""Modules that register something: which are imported, here and in the processes that train.

``FER_DATA_PLUGINS`` in the environment names them, modules or paths of Python files, separated as
``PATH`` is. They are imported when a registry is first asked for its names, or for one that it does
not know, so commands and training processes know them, too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module, util
from pathlib import Path

from fer_data.errors import UsageError

VARIABLE = "FER_DATA_PLUGINS"

_loaded: set[str] = set()


def load() -> None:
    """Import what the environment names, each once.

    Raises
    ------
    UsageError
        If one cannot be imported.
    """
    for place in filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)):
        if place not in _loaded:
            _loaded.add(place)
            try:
                _import(place)
            except Exception as error:
                _loaded.discard(place)
                raise UsageError(f"{VARIABLE}: {place} cannot be imported: {error}") from error


def _import(place: str) -> None:
    spec = util.spec_from_file_location(Path(place).stem, place) if place.endswith(".py") else None
    if spec is None or spec.loader is None:
        import_module(place)
    elif spec.name not in sys.modules:
        sys.modules[spec.name] = module = util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[spec.name]
            raise


@contextmanager
def handed_on(modules: Iterable[str]) -> Iterator[None]:
    """Let processes that are started meanwhile load modules, which they find as this one does.

    Raises
    ------
    UsageError
        If one is the script or notebook itself, which no other process can import.
    """
    own = ("fer_data", "fer_model")
    others = [name for name in dict.fromkeys(modules) if name.partition(".")[0] not in own]
    if "__main__" in others:
        raise UsageError(
            "what is registered in the script itself is unknown to the processes that train; "
            "register it in a module that the script imports"
        )
    before = {name: os.environ.get(name) for name in (VARIABLE, "PYTHONPATH")}
    if others:
        os.environ[VARIABLE] = os.pathsep.join([*filter(None, [before[VARIABLE]]), *others])
        os.environ["PYTHONPATH"] = os.pathsep.join(path or os.getcwd() for path in sys.path)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
