"""``compare(data, arms, seeds) -> Results``: a comparison from data to a verdict."""

from __future__ import annotations

import base64
import dataclasses
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle
from rich.console import Console

from fer_data import plugins
from fer_data.data.reading import DatasetLike, is_reloadable, load
from fer_data.errors import DataError, Interrupted, UsageError
from fer_data.extras import require, require_keras
from fer_data.transforms.choice import Augment
from fer_data.util import locks
from fer_data.util.lazy import LazyFunction
from fer_model.comparison import grid
from fer_model.comparison.announcement import before_training, num_finished
from fer_model.comparison.arm import Arm, parse_arms, split_arms
from fer_model.comparison.display import ComparisonDisplay
from fer_model.comparison.kept import check_place
from fer_model.comparison.own_data import OWN_DATA, OWN_SPLITS, kept_in
from fer_model.comparison.protocol import FILE, Protocol, check_seeds, discard_unfinished
from fer_model.comparison.reading import check_runs, read_results
from fer_model.comparison.results import Results
from fer_model.comparison.runner import LocalStarter, Starter, train_missing
from fer_model.comparison.sample_table import SAMPLES
from fer_model.environment import versions
from fer_model.statistics.verdict import check_question
from fer_model.status_line import print_note
from fer_model.training.own_code import OwnCode, code_of, own_code
from fer_model.training.own_settings import OWN
from fer_model.training.own_training import Fit
from fer_model.training.recipe import Recipe
from fer_model.training.recipes import (
    COMPARED,
    as_it_began,
    as_recipe,
    changed,
    given_again,
    split_options,
)

if TYPE_CHECKING:
    import keras

    from fer_model.training.train import Build

_write_report = LazyFunction("fer_model.reporting.page", "write_report")


def compare(
    data: DatasetLike,
    arms: str | Sequence[str],
    seeds: int | Sequence[int] = 3,
    *,
    out: str | Path = "comparison",
    recipe: str | Recipe = COMPARED,
    net: str | Build | None = None,
    optimizer: str | keras.optimizers.Optimizer | Callable[..., Any] | None = None,
    schedule: str | Callable[..., Any] | None = None,
    augment: Augment | None = None,
    fit: str | Fit | None = None,
    figure: str = "balanced_accuracy",
    margin: float | None = None,
    shots: tuple[int, int] | None = None,
    num_steps: int | None = None,
    num_at_once: int = 1,
    ray: str | None = None,
    cache: str | Path | None = None,
    verbose: int = 1,
    report: bool = True,
    **options: Any,
) -> Results:
    """Train what is missing of a comparison, and read all of it; tell of it on standard error.

    Parameters
    ----------
    data : path or Dataset
        What `fer_data.load` takes, with a test split. What no path gives (arrays, a selection made
        by hand) is written to `out`, from where the runs map it.
    arms : sequence of str, or str
        What `fer_model.comparison.arm.Arm.parse` takes, the baseline first; in a string with commas
        between them.
    seeds : int or sequence of int
        So many, from the recipe's seed on, or these.
    out : path
        Folder of the comparison. One that is there goes on; arms and seeds are added to it.
    recipe : str or Recipe
        What all arms have in common, or a name in `RECIPES`; its balance, loss and mix do not
        count. Fair are the schedule ``cosine`` and the last epoch's model.
    net : callable or str, optional
        A net of your own, ``build(input_shape, num_classes) -> keras.Model``, or its import name,
        as in `Recipe`. Images are float32 [B, H, W, C]; its outputs are probabilities.
    optimizer, schedule, augment : optional
        In place of the recipe's, names or objects, as in `Recipe`; the same for every arm.
    fit : callable or str, optional
        A training of your own on any framework, ``fit(train, test, seed) -> probabilities``, or its
        import name: the arm's balanced `fer_data.Loader`, one of the test samples, in order, and a
        seed, to float [N, C], a row for each test sample. With a parameter ``validation`` it is
        given a loader of the validation samples, too. Arms are then strategies, mixes and
        augmentations.
    figure : str
        What the verdict goes by: one of `fer_model.statistics.scores.JUDGED`.
    margin, shots : float, tuple of int, optional
        As in `compare_predictions`; kept with the comparison.
    num_steps : int, optional
        Steps of a run in all, in place of the recipe's epochs.
    num_at_once : int
        How many runs are trained at a time on this machine.
    ray : str, optional
        Address of a Ray cluster to train on; see `fer_model.comparison.on_ray`.
    cache : path, optional
        As in `fer_data.open_store`.
    verbose : int
        0 for silence.
    report : bool
        Whether ``index.html`` and ``results.json`` are written to `out`, too.
    **options
        Settings of the recipe to change, as ``epochs=5``; else as in `fer_data.load`, for a path.

    Returns
    -------
    Results

    Raises
    ------
    KeyboardInterrupt
        If Ctrl-C stopped it; the same call goes on with it.
    DataError, UsageError, TrainingError
        If the data cannot be read or has no test split, an argument is out of range, Keras, its
        backend or Ray is not installed, `out` holds a comparison of another recipe, other data or
        other code, or the runs fail; the first failure is named.

    Notes
    -----
    Functions of a module that Python finds are imported by the processes that train; those of a
    notebook or a script are sent to them (by cloudpickle). The folder keeps their name and a digest
    of their source, never the code, and goes on with the same code only.

    Examples
    --------
    >>> import fer_data, fer_model
    >>> fer_data.write_synthetic("faces", num_images=210)
    >>> recipe = fer_model.Recipe(net="small", epochs=1, schedule="cosine", keep="last")
    >>> arms = ["none", "oversample"]
    >>> fer_model.compare("faces", arms, seeds=1, recipe=recipe, out="compared").arms
    ('none', 'oversample')
    """
    own, options = split_options(options, compare)
    check_question(figure, margin, shots)
    recipe = changed(as_recipe(recipe), own)
    numbers = range(recipe.seed, recipe.seed + seeds) if isinstance(seeds, int) else seeds
    check_seeds(numbers)
    if num_at_once < 1:
        raise UsageError(f"num_at_once: expected 1 or more, got {num_at_once}")
    parsed = parse_arms(arms)
    if ray is not None:
        require("a cluster", "ray")
    if fit is None:
        require_keras()
    settings = {"net": net, "optimizer": optimizer, "schedule": schedule, "augment": augment}
    own_training = None if fit is None else _own_training(recipe, fit, settings, parsed)
    recipe = changed(recipe, settings)
    out = Path(out).absolute()
    if (out / FILE).exists():
        began = Protocol.read(out)
        recipe = as_it_began(began.recipe, recipe)
        if own_training is not None and own_training.digest == began.code.get("digest"):
            own_training = dataclasses.replace(own_training, name=began.code["name"])
    with _interrupted_in(out):
        dataset = load(data, **options)
        if dataset.root.is_dir() and out.resolve().is_relative_to(dataset.root.resolve()):
            raise UsageError(
                f"{out}: lies in the data set, which it would change; choose another folder",
                fix={"out": []},
            )
        grid.check_test_split(dataset)
        check_place(out, FILE, (SAMPLES, OWN_DATA, OWN_SPLITS))
        shown_as = {"name": str(dataset.root)}  # what is kept in the folder has another path
        if not isinstance(data, str | os.PathLike) and not is_reloadable(dataset):
            with _alone(out):
                dataset = kept_in(out, dataset, recipe.requested)
        protocol, parts = grid.declare(
            recipe, dataset, parsed, numbers, figure=figure, num_steps=num_steps, cache=cache
        )
        about_data = shown_as | protocol.data
        protocol = dataclasses.replace(protocol, data=about_data, margin=margin, shots=shots)
        codes = {name: code_of(name, key) for name, key in recipe.own.items()}
        if own_training is not None:
            codes["fit"] = own_training
            about = {"argument": "fit", "name": own_training.name, "digest": own_training.digest}
            protocol = dataclasses.replace(protocol, code=about)
        request = {
            "cache": None if cache is None else str(Path(cache).absolute()),
            "code": {
                name: (code.name, code.digest, _packed(code.function))
                for name, code in codes.items()
            },
            "path": [os.path.abspath(path) for path in sys.path],
            "versions": versions(own_training=fit is not None) if ray else None,
        }
        with _alone(out) as lock, ExitStack() as stack:
            discard_unfinished(out, protocol)
            protocol = protocol.joined(out)
            check_runs(protocol, out)
            grid.check_figure(protocol, parts)
            if not (out / FILE).exists() or not (out / SAMPLES).exists():
                grid.write_samples(parts, out, cache)
            protocol.write(out)
            console = Console(stderr=True, emoji=False, quiet=not verbose)
            display = ComparisonDisplay(console, figure)
            stack.callback(display.close)
            for line in before_training(protocol, out, asked=num_steps):
                print_note(console, line)
            stack.enter_context(plugins.handed_on(protocol.modules))
            starter: Starter = LocalStarter(out, request, num_at_once=num_at_once, lock=lock)
            if ray is not None:
                from fer_model.comparison.on_ray import OnRay, connected

                starter = OnRay(protocol, out, request, stack.enter_context(connected(ray)))
            train_missing(protocol, out, display, starter)
            results = read_results(out)
            if report:
                page = _write_report(results)
                print_note(console, f"The report is {page}")
            return results


def extend(
    out: str | Path,
    arms: str | Sequence[str] = (),
    seeds: Sequence[int] = (),
    *,
    fit: str | Fit | None = None,
    **options: Any,
) -> Results:
    """Go on with a comparison as it was declared, with more arms or seeds if there are any.

    Parameters
    ----------
    out : path
        Folder of the comparison.
    arms, seeds : sequence of str or str, sequence of int
        What is added; those that are there already stay.
    fit : callable or str, optional
        As it began: no folder's word is taken for what code to run.
    **options
        ``net``, ``optimizer``, ``schedule``, ``augment`` and ``augment_rare``, as it began, where
        they are code of your own; ``margin``, ``shots``, ``num_at_once``, ``ray``, ``cache``,
        ``verbose`` and ``report``, as in `compare`.

    Raises
    ------
    DataError, UsageError
        As `compare` does, or if there is no comparison.
    """
    before = Protocol.read(Path(out).absolute())
    if before.has_own_training and fit is None:
        raise UsageError(
            f"{out}: trains by {before.code['name']}, which must be given again",
            fix={"fit": [before.code["name"]]},
        )
    own = {name: options.pop(name) for name in OWN if name in options}
    added = map(str, map(Arm.parse, split_arms(arms) if isinstance(arms, str) else arms))
    return compare(
        before.data["path"],
        list(dict.fromkeys([*map(str, before.arms), *added])),
        sorted({*before.seeds, *seeds}),
        out=out,
        recipe=given_again(str(out), before.recipe, own),
        fit=fit,
        figure=before.figure,
        **options,
        **before.data["options"],
    )


def _own_training(
    recipe: Recipe, fit: str | Fit, settings: dict[str, Any], arms: Sequence[Arm]
) -> OwnCode:
    """Return the code of a training of the user's own; a UsageError where other settings clash."""
    if others := [name for name, value in settings.items() if value and name != "augment"]:
        raise UsageError(
            f"{others[0]} and fit are both given; a training of your own has its own {others[0]}"
        )
    if recipe.rescale != 1.0:
        raise UsageError(f"rescale is {recipe.rescale}: images are 0 to 255; rescale them in fit")
    for arm in arms:
        changes_training = any(not change.trait("of_images") for change in arm.changes)
        if arm.head is not None or str(arm.loss) != "cross-entropy" or changes_training:
            raise UsageError(
                f"arm {arm}: a training of your own (fit) has its own loss, head and optimizer"
            )
    return own_code("fit", fit)


def _packed(function: Any) -> str:
    """Return a function as text: of an importable module by its name, else with its code."""
    try:
        return base64.b64encode(cloudpickle.dumps(function)).decode()
    except Exception as error:  # whatever an object in it may raise
        raise UsageError(
            f"{function!r:.80}: cannot be sent to the processes that train ({error}); put it in a "
            "module"
        ) from None


@contextmanager
def _interrupted_in(out: Path) -> Iterator[None]:
    """Say of Ctrl-C what is finished and kept in a comparison's folder."""
    try:
        yield
    except KeyboardInterrupt:
        text = "Stopped before the first training."
        if (out / FILE).exists():
            text = f"Stopped; {num_finished(Protocol.read(out), out)}, and kept in {out}."
        raise Interrupted(f"{text} Run it again to continue.") from None


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
                print(f"another command is using {out}; waiting until it ends", file=sys.stderr)
                locks.is_taken(lock, wait=True)
        except OSError:
            pass  # a file system without locks
        yield lock
    finally:
        os.close(lock)
