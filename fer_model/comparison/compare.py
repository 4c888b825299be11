"""``compare(recipe, data, arms, seeds, out) -> Results``: a comparison from a path to a verdict."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from fer_data import plugins
from fer_data.data.reading import DatasetLike, is_reloadable, load
from fer_data.errors import DataError, UsageError
from fer_data.extras import require, require_keras
from fer_data.util import locks
from fer_data.util.words import printable
from fer_model.comparison import grid, in_children
from fer_model.comparison.announcement import before_training
from fer_model.comparison.arm import Arm, parse_arms
from fer_model.comparison.display import GridDisplay
from fer_model.comparison.own_data import OWN_DATA, kept_in
from fer_model.comparison.protocol import FILE, Protocol, check_seeds
from fer_model.comparison.results import Results, check_runs, read_results
from fer_model.comparison.sample_table import SAMPLES
from fer_model.statistics.scores import SUMMARIES
from fer_model.training.recipe import Recipe


def compare(
    recipe: Recipe,
    data: DatasetLike,
    arms: Sequence[str],
    seeds: Sequence[int],
    out: str | Path,
    *,
    figure: str = "balanced_accuracy",
    num_steps: int | None = None,
    ray: str | None = None,
    cache: str | Path | None = None,
    **options: Any,
) -> Results | None:
    """Train what is missing of a comparison, and read all of it; tell of it on standard error.

    Parameters
    ----------
    recipe : Recipe
        What all arms have in common; its balance, loss, mix and seed do not count. Fair are the
        schedule ``cosine`` and the last epoch's model.
    data : path or Dataset
        What `fer_data.load` takes, with a test split. What no path gives (arrays, a selection made
        by hand) is written to `out`, from where the runs read it.
    arms : sequence of str
        What `fer_model.comparison.arm.Arm.parse` takes, the baseline first.
    seeds : sequence of int
    out : path
        Folder of the comparison. One that is there goes on; arms and seeds are added to it.
    figure : str
        What the verdict goes by: one of `fer_model.statistics.scores.SUMMARIES`.
    num_steps : int, optional
        Steps of a run in all, in place of the recipe's epochs.
    ray : str, optional
        Address of a Ray cluster to train on; see `fer_model.comparison.on_ray`.
    cache : path, optional
        As in `fer_data.open_store`.
    **options
        As in `fer_data.load`, for a path.

    Returns
    -------
    Results or None
        None where Ctrl-C stopped it; the same call goes on with it.

    Raises
    ------
    DataError, UsageError
        If the data cannot be read or has no test split, an argument cannot be meant, Keras, its
        backend or Ray is not installed, or `out` holds a comparison of another recipe or other
        data.
    """
    if figure not in SUMMARIES:
        raise UsageError(f"figure is {figure!r}; choose one of {', '.join(SUMMARIES)}")
    check_seeds(seeds)
    if ray is not None:
        require("a cluster", "ray")
    require_keras()
    out = Path(out).absolute()
    dataset = load(data, **options)
    _check_place(out, dataset.root)
    if not isinstance(data, str | os.PathLike) and not is_reloadable(dataset):
        with _alone(out):
            dataset = kept_in(out, dataset, recipe.requested)
    protocol, parts = grid.declare(
        recipe,
        dataset,
        parse_arms(arms),
        seeds,
        figure=figure,
        num_steps=num_steps,
        cache=cache,
    )
    with _alone(out) as lock:
        protocol = protocol.joined(out)
        check_runs(protocol, out)
        if not (out / FILE).exists() or not (out / SAMPLES).exists():
            grid.write_samples(parts, out, cache)
        protocol.write(out)
        display = GridDisplay(Console(stderr=True, emoji=False), figure)
        try:
            for line in before_training(protocol, out):
                print(line, file=sys.stderr, flush=True)
            with plugins.handed_on(protocol.modules):
                if ray is None:
                    stopped = in_children.train_missing(protocol, out, display, lock, cache=cache)
                else:
                    from fer_model.comparison import on_ray

                    stopped = on_ray.train_missing(protocol, out, display, address=ray, cache=cache)
        except KeyboardInterrupt:  # between two runs
            return None
        finally:
            display.close()
        return None if stopped else read_results(out)


def extend(
    out: str | Path,
    arms: Sequence[str] = (),
    seeds: Sequence[int] = (),
    *,
    ray: str | None = None,
    cache: str | Path | None = None,
) -> Results | None:
    """Go on with a comparison as it was declared, with more arms or seeds if there are any.

    Parameters
    ----------
    out : path
        Folder of the comparison.
    arms, seeds : sequence of str, sequence of int
        What is added; those that are there already stay.
    ray, cache
        As in `compare`.

    Raises
    ------
    DataError, UsageError
        As `compare` does, or if there is no comparison.
    """
    before = Protocol.read(Path(out).absolute())
    added = [str(Arm.parse(arm)) for arm in arms]
    return compare(
        before.recipe,
        before.data["path"],
        list(dict.fromkeys([*map(str, before.arms), *added])),
        sorted({*before.seeds, *seeds}),
        out,
        figure=before.figure,
        ray=ray,
        cache=cache,
        **before.data["options"],
    )


def _check_place(out: Path, data: Path) -> None:
    """Refuse a folder that holds something else, or that the data would take for its own.

    Raises
    ------
    UsageError
        If it is one.
    """
    if data.is_dir() and out.resolve().is_relative_to(data.resolve()):
        raise UsageError(
            f"{out}: lies in the data set, which it would change; choose another folder",
            fix={"out": []},
        )
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is no folder; choose another", fix={"out": []})
    if out.exists() and not (out / FILE).exists():
        others = (one.name for one in out.iterdir() if not one.name.startswith("."))
        other = next((name for name in others if name not in (SAMPLES, OWN_DATA)), None)
        if other is not None:
            raise UsageError(
                f"{out}: holds something already ({printable(other)}), and no comparison; "
                "choose another folder",
                fix={"out": []},
            )


@contextmanager
def _alone(out: Path) -> Iterator[int]:
    """Wait until no other command is at work in a folder; give the lock's descriptor.

    Processes that are started with it hold the lock, too, so it is there until the last one of a
    command that was killed has ended.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = locks.opened(out / ".lock")
    except OSError as error:
        raise DataError(f"{out}: cannot be written ({error.strerror})") from None
    try:
        try:
            if locks.is_taken(lock):
                print(f"another command is at work in {out}; waiting for its end", file=sys.stderr)
                locks.is_taken(lock, wait=True)
        except OSError:
            pass  # a file system without locks
        yield lock
    finally:
        os.close(lock)
