"""What commands that train have in common: keras imported quietly, names of runs, Ctrl-C."""

from __future__ import annotations

import itertools
import logging
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_data.extras import require_keras
from fer_data.terminal import cli_support
from fer_data.terminal.cli_support import say
from fer_data.util.entry import INTERRUPTED
from fer_data.util.quiet import with_tensorflow
from fer_data.util.words import counted
from fer_model.training.own_settings import shown

if TYPE_CHECKING:
    from fer_model.training.recipe import Recipe
    from fer_model.training.runs import Run


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


def stop_if_interrupted(run: Run) -> None:
    """End with a line that says how to go on, where a run is not finished."""
    if not run.is_finished:
        has_best = run.recipe.keep == "best" and run.model_path.exists()
        best = f" The best model so far: {run.model_path}." if has_best else ""
        say(
            f"Stopped; {counted(len(run.history), 'epoch is', 'epochs are')} finished.{best} "
            f"Continue with: fer-model train --resume {shlex.quote(str(run.path))}"
        )
        sys.exit(INTERRUPTED)
