"""What the base install does and what it says of the rest: a script that prints it as JSON.

``python base_install.py ABOUT`` in a folder with the data; see `About`. It imports nothing of the
tests, so any environment that has the base can run it.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec
from typing import Any, TypedDict


class About(TypedDict):
    """What is to be tried.

    Attributes
    ----------
    absent : list of str
        Top-level modules that are not there, or are made as if they were not.
    hide : bool
        Whether they are hidden; else they must be missing by themselves.
    commands : list of list of str
        The words of each, the program's name first.
    library : bool
        Whether `use_library` is called.
    """

    absent: list[str]
    hide: bool
    commands: list[list[str]]
    library: bool


def hide(names: list[str]) -> None:
    """Let no module of these names be found, as if it were not installed."""
    find = PathFinder.find_spec

    def find_others(name: str, path: Any = None, target: Any = None) -> Any:
        return None if name.partition(".")[0] in names else find(name, path, target)

    PathFinder.find_spec = find_others  # type: ignore[method-assign]


def run(words: list[str]) -> tuple[int, str, str]:
    """Run a command; return its exit code, output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    sys.argv = words
    code: Any = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            importlib.import_module(f"{words[0].replace('-', '_')}.cli").main()
        except SystemExit as end:
            code = end.code
    return code or 0, out.getvalue(), err.getvalue()


def missing_names() -> dict[str, list[str | None]]:
    """Return each public name that cannot be had: the module it misses, and what is said."""
    missing = {}
    for package in map(importlib.import_module, ("fer_data", "fer_model")):
        for name in package.__all__:
            try:
                getattr(package, name)
            except ModuleNotFoundError as error:
                missing[name] = [error.name, str(error)]
    return missing


def use_library() -> None:
    """Balance, plan and judge, on the folders ``data`` and ``comparison``."""
    import numpy as np

    import fer_data
    import fer_model

    data = fer_data.load("data")
    loader = fer_data.open_loader(data, balance="batch", batch_size=14, augment="standard")
    batch = loader.batch(3)
    assert batch.images.shape == (14, 48, 48, 1)
    assert np.bincount(batch.labels).tolist() == [2] * 7
    plan = fer_data.plan_epoch(np.array([0, 0, 0, 1]), "oversample", seed=0, epoch=0)
    assert len(plan.samples) == 6
    assert fer_data.class_weights([10, 30]).tolist() == [2.0, 2 / 3]
    results = fer_model.read_results("comparison")
    assert fer_model.verdicts(fer_model.paired_differences(results.predicted))
    design = fer_model.Design(num_arms=2, num_seeds=3)
    assert fer_model.smallest_difference([90, 10], design)


def main() -> None:
    """Try all that is asked for, and print what came of it."""
    about: About = json.loads(sys.argv[1])
    if about["hide"]:
        hide(about["absent"])
    commands = [run(words) for words in about["commands"]]
    if about["library"]:
        use_library()
    found = [name for name in about["absent"] if find_spec(name) or name in sys.modules]
    print(json.dumps({"commands": commands, "missing": missing_names(), "found": found}))


if __name__ == "__main__":
    main()
