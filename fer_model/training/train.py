"""``train(recipe, data) -> Run``: one training of one recipe, from a path to a run folder."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import keras

from fer_data.data.reading import DatasetLike
from fer_data.data.store import open_store
from fer_data.errors import DataError
from fer_data.transforms.choice import Augment
from fer_data.util.files import write_json
from fer_model.environment import versions
from fer_model.interrupt import ctrl_c_asks
from fer_model.losses.choice import LossChoice
from fer_model.training import devices, models, nets, plots
from fer_model.training.evaluate import finish
from fer_model.training.feed import Epochs, feed
from fer_model.training.live import shown, standard_error, stopped, tell_begun
from fer_model.training.logs import opened_logs, parse_logs
from fer_model.training.on_device import OnDevice, table_rows
from fer_model.training.optimizing import optimizer as built_optimizer
from fer_model.training.own_code import code_of
from fer_model.training.own_nets import build_own
from fer_model.training.parts import Parts, about_data, divide, parts_of
from fer_model.training.recipe import Recipe
from fer_model.training.recipes import as_recipe, changed, given_again, split_options
from fer_model.training.recorder import (
    Averaging,
    Plateau,
    Progress,
    Recorder,
    Stopped,
    random_states,
    write_history,
)
from fer_model.training.runs import Run, is_run
from fer_model.training.sharpness import learn_sharply

Build = Callable[[tuple[int, int, int], int], keras.Model]
"""A net of the user's own: input shape and number of classes to a model."""


def train(
    recipe: str | Recipe,
    data: DatasetLike,
    out: str | Path,
    *,
    net: str | Build | None = None,
    optimizer: str | keras.optimizers.Optimizer | Callable[..., Any] | None = None,
    schedule: str | Callable[..., Any] | None = None,
    augment: Augment | None = None,
    cache: str | Path | None = None,
    data_on_device: bool | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    log_to: str | Sequence[str] = (),
    verbose: int = 1,
    **options: Any,
) -> Run:
    """Train a recipe on a data set and leave a run folder.

    The test split is touched only after the training, to score its model (but see the recipe's
    protocol ``notebook``). Ctrl-C stops after the step under way, with a checkpoint, from which
    `resume` goes on.

    Parameters
    ----------
    recipe : str or Recipe
        A recipe, or a name in `RECIPES`.
    data : path or Dataset
        What `fer_data.load` takes.
    out : path
        A folder that does not exist or is empty, or that of the same training (recipe and data),
        which goes on where it was stopped; a finished one is returned.
    net : callable or str, optional
        A net of your own, ``build(input_shape, num_classes) -> keras.Model``, in place of the
        recipe's. Images are [B, H, W, C], 0 to 255; the outputs are probabilities.
    optimizer, schedule, augment : optional
        In place of the recipe's, names or objects; see `Recipe`.
    cache : path, optional
        As in `fer_data.open_store`.
    data_on_device : bool, optional
        Whether pixels are kept on the device, where images are then made; by default where
        there is an accelerator that they fit on. It changes the speed, and the result by no more
        than how a compiler rounds.
    callbacks : sequence of keras.callbacks.Callback
        More callbacks, to show the training.
    log_to : str or sequence of str
        Where else to log parameters, epochs and scores: ``tensorboard``, ``mlflow``, ``wandb``. The
        first and the last write into the run folder, MLflow where its own settings say.
    verbose : int
        0 for silence; else standard error shows it: live in a terminal, a line an epoch elsewhere.
        A notebook shows one line that is updated.
    **options
        Settings of the recipe to change, as ``epochs=5``; else as in `fer_data.load`, for a path.

    Returns
    -------
    Run

    Raises
    ------
    DataError, UsageError
        If the data cannot be read, the recipe does not fit it, or `out` holds something.
    KeyboardInterrupt
        If Ctrl-C stopped it; its text says how to go on.

    Examples
    --------
    >>> import fer_data, fer_model
    >>> fer_data.write_synthetic("faces", num_images=210)
    >>> recipe = fer_model.Recipe(net="small", epochs=1, batch_size=32, keep="last")
    >>> run = fer_model.train(recipe, "faces", "run")
    >>> run.is_finished
    True
    """
    own, options = split_options(options, train)
    logs = parse_logs(log_to)
    settings = {"net": net, "optimizer": optimizer, "schedule": schedule, "augment": augment}
    recipe = changed(as_recipe(recipe), {**own, **settings})
    store = open_store(data, form=recipe.requested, cache=cache, **options)
    recipe = recipe.with_form(store.form)
    parts = divide(recipe, store)
    about, out = about_data(store, parts), Path(out).absolute()
    if is_run(out) and (run := Run.open(out)).is_of(recipe, about):
        if verbose:
            tell_begun(run)
    else:
        run = Run.create(out, recipe, about, versions())
    return _rest(run, recipe, parts, callbacks, data_on_device, verbose, logs)


def resume(
    path: str | Path,
    data: DatasetLike | None = None,
    *,
    cache: str | Path | None = None,
    data_on_device: bool | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    log_to: str | Sequence[str] = (),
    verbose: int = 1,
    **own: Any,
) -> Run:
    """Go on with a run that was interrupted, to the same result as if it had not been.

    The arguments are those of `train`; how the run began does not bind them.

    Parameters
    ----------
    path : path
        The run's folder.
    data : optional
        What the run was trained on, as `fer_data.load` takes it; by default what its path and its
        options give. Data in memory must be given again.
    cache, data_on_device, callbacks, log_to, verbose
        As in `train`.
    **own
        ``net``, ``optimizer``, ``schedule``, ``augment`` and ``augment_rare``, where they are code
        of your own, or their import names: no folder's word is taken for what code to run.

    Raises
    ------
    DataError
        If there is no run, or its data, or what is selected of it, has changed.
    UsageError
        If code of your own that it trains by is not given, or other code is.
    KeyboardInterrupt
        As in `train`.

    Examples
    --------
    >>> import signal, keras, fer_data, fer_model
    >>> fer_data.write_synthetic("faces", num_images=210)
    >>> recipe = fer_model.Recipe(net="small", epochs=1, batch_size=32, keep="last")
    >>> class Stop(keras.callbacks.Callback):
    ...     def on_train_batch_end(self, batch, logs=None):
    ...         signal.raise_signal(signal.SIGINT)
    >>> try:
    ...     fer_model.train(recipe, "faces", "run", callbacks=[Stop()])
    ... except KeyboardInterrupt as stopped:
    ...     print(str(stopped)[:8])
    Stopped;
    >>> fer_model.resume("run").is_finished
    True
    """
    logs = parse_logs(log_to)
    run = Run.open(path)
    if run.is_finished:
        return run
    recipe = given_again(str(run.path), run.recipe, own)
    parts = parts_of(run, data, cache=cache)
    return _rest(run, recipe, parts, callbacks, data_on_device, verbose, logs)


def _at_checkpoint(run: Run, recipe: Recipe, parts: Parts) -> tuple[keras.Model, Progress]:
    """Return the model and the progress where a run stands.

    Raises
    ------
    DataError
        If the checkpoint is broken, or of another net.
    """
    path = run.checkpoint_path
    model, _ = models.load(path, with_optimizer=True)
    training = models.load_training(path)
    try:
        before = model.optimizer.variables
        _compile(model, built_optimizer(recipe, model, _num_steps(recipe, parts)), recipe, parts)
        model.optimizer.build(model.trainable_variables)  # a loaded one decays all weights
        for variable, value in zip(model.optimizer.variables, before, strict=True):
            variable.assign(value)
        progress = Progress(**training)
        for state, value in zip(random_states(model), progress.random, strict=True):
            state.assign(value)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}: broken ({models.first_line(error)}); delete it to start the run again"
        ) from None
    return model, progress


def fresh_model(recipe: Recipe, parts: Parts) -> keras.Model:
    """Return a recipe's net with its first weights, compiled for a training on the parts."""
    keras.utils.set_random_seed(recipe.seed)
    form = recipe.form.shape, parts.train.num_classes
    if "net" in recipe.own:
        model = build_own(code_of("net", recipe.net), *form, precision=recipe.precision)
    else:
        model = nets.build(recipe.net, *form, rescale=recipe.rescale, precision=recipe.precision)
    _compile(model, built_optimizer(recipe, model, _num_steps(recipe, parts)), recipe, parts)
    return model


def _num_steps(recipe: Recipe, parts: Parts) -> int:
    return recipe.epochs * (recipe.steps_per_epoch or parts.train.num_steps)


def _compile(
    model: keras.Model,
    by: keras.optimizers.Optimizer,
    recipe: Recipe,
    parts: Parts,
    *,
    late: bool = False,
) -> None:
    model.compile(
        optimizer=by,
        loss=LossChoice.parse(recipe.loss).build(parts.train.counts, late=late),
        metrics=["accuracy"],
        jit_compile=devices.jit_compile(),
    )


def _rest(
    run: Run,
    recipe: Recipe,
    parts: Parts,
    callbacks: Sequence[keras.callbacks.Callback],
    data_on_device: bool | None,
    verbose: int,
    log_to: Sequence[str],
) -> Run:
    """Train what is left of a run, finish it, and log both.

    Raises
    ------
    Interrupted
        If Ctrl-C stopped it.
    """
    if run.is_finished:
        return run
    model, progress = fresh_model(recipe, parts), Progress()
    if run.checkpoint_path.exists():
        model, progress = _at_checkpoint(run, recipe, parts)
    with ExitStack() as stack:
        if verbose:
            live = stack.enter_context(shown(standard_error(), run.path, recipe.epochs))
            callbacks = [*live, *callbacks]
        logs = stack.enter_context(opened_logs(log_to, run))
        if _fit(run, recipe, parts, model, progress, [*callbacks, *logs], data_on_device):
            finish(run, parts, progress)
    if not run.is_finished:
        raise stopped(run, f"fer_model.resume({str(run.path)!r})")
    return run


def _fit(
    run: Run,
    recipe: Recipe,
    parts: Parts,
    model: keras.Model,
    progress: Progress,
    callbacks: Sequence[keras.callbacks.Callback],
    data_on_device: bool | None,
) -> bool:
    """Train what is left of a run; whether it came to its end."""
    metadata = models.ModelMetadata(parts.train.store.dataset.class_names, parts.train.store.form)
    steps = recipe.steps_per_epoch or parts.train.num_steps
    write_history(run, progress)  # a kill may have left epochs that are to be trained again
    architecture = json.loads(model.to_json())
    architecture.pop("compile_config", None)  # the weights come without the optimizer's
    write_json(run.path / "model.json", architecture)
    plots.architecture(model, run.path / "plots" / "architecture.png")
    averaging = Averaging()
    recorder = Recorder(
        run, metadata, progress, averaging, epochs=recipe.epochs, steps=steps, keep=recipe.keep
    )
    always = [averaging, recorder]
    if recipe.schedule == "plateau":
        plateau = Plateau(
            progress,
            factor=recipe.plateau_factor,
            patience=recipe.plateau_patience,
            min_lr=recipe.min_learning_rate,
        )
        always.insert(0, plateau)  # the recorder notes its count
    late_epoch = LossChoice.parse(recipe.loss).late_epoch(recipe.epochs)
    learner, on_device = model, None
    rows = table_rows(parts.train, parts.validation)
    if data_on_device is None and {"augment", "augment_rare"} & recipe.own.keys():
        data_on_device = False  # it may be Python, which runs on no device
    if devices.takes_data(data_on_device, len(rows) * math.prod(recipe.form.shape)):
        learner = OnDevice(model, parts.train.store.pixels[rows])
        _compile(learner, model.optimizer, recipe, parts)
        on_device = rows
    if recipe.sam_radius:
        learn_sharply(learner, recipe.sam_radius)
    try:
        with ctrl_c_asks(recorder.ask_to_stop):
            while progress.epoch < recipe.epochs:
                is_late = progress.epoch >= late_epoch
                for net in {model, learner} if is_late else ():
                    _compile(net, model.optimizer, recipe, parts, late=True)
                until = recipe.epochs if is_late else late_epoch
                training = feed(
                    parts.train.at(progress.epoch * steps + progress.step),
                    rows=on_device,
                    steps_per_epoch=steps - progress.step,  # what an interrupted epoch still lacks
                    label_smoothing=recipe.label_smoothing,
                )
                validation = feed(
                    parts.validation.at(progress.epoch * parts.validation.num_steps),
                    rows=on_device,
                )
                learner.fit(
                    training,
                    initial_epoch=progress.epoch,
                    epochs=progress.epoch + 1 if progress.step else until,
                    validation_data=validation,
                    callbacks=[Epochs(training, validation), *always, *callbacks],
                    shuffle=False,
                    verbose=0,
                )
    except Stopped:
        return False
    return True
