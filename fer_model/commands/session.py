"""What commands that train have in common: keras imported quietly, names of runs, Ctrl-C."""

from __future__ import annotations

import itertools
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_data.extras import require_keras
from fer_data.terminal import cli_support
from fer_data.util.quiet import with_tensorflow
from fer_model.training.own_settings import shown

if TYPE_CHECKING:
    from fer_model.training.recipe import Recipe


def import_keras() -> None:
    """Import keras while its backend's remarks on the machine stay off the terminal.

    Raises
    ------
    UsageError
        If it or its backend is not installed.
    """
    require_keras()
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with_tensorflow("keras")


def print_scores(scores: dict[str, Any], title: str) -> None:
    """Print the scores of each class, and those of all together."""
    from fer_model.render import overall_line, scores_table

    cli_support.print_table([scores_table(scores, title)])
    cli_support.out().print(overall_line(scores), soft_wrap=True)


def free_name(path: Path, recipe: Recipe) -> Path:
    """Return a run folder's name that is not taken."""
    name = f"{data_name(path)}-{net_name(recipe)}-{recipe.balance}"
    name = name.replace(":", "-") if sys.platform == "win32" else name
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return next(folder for name in names if not (folder := Path("runs") / name).exists())


def net_name(recipe: Recipe) -> str:
    """Return a net's name without its module, as a folder's name can hold it."""
    return str(shown(recipe.net)).rpartition(":")[2]


def data_name(path: Path) -> str:
    """Return a data set's name without its ending."""
    return path.absolute().name.split(".")[0] or "data"
