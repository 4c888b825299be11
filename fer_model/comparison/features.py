"""``compare_features(features, labels, arms) -> Results``: arms on frozen features, in seconds."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rich.console import Console

from fer_data.data.split_names import TEST_SPLITS
from fer_data.errors import UsageError
from fer_data.extras import require_keras
from fer_data.loading.strata import class_codes
from fer_data.splitting.apportion import apportion
from fer_data.splitting.subsets import hold_out
from fer_data.util.checks import whole_number
from fer_data.util.quiet import with_tensorflow
from fer_model.comparison.arm import Arm, parse_arms
from fer_model.comparison.display import RunLines
from fer_model.comparison.given_columns import flags_of
from fer_model.comparison.kept import check_place, refuse_loss, save_kept
from fer_model.comparison.probabilities import Output, outputs_of
from fer_model.comparison.protocol import check_seeds
from fer_model.comparison.results import Results
from fer_model.comparison.sample_table import SampleTable
from fer_model.heads.choice import HeadInputs
from fer_model.heads.posthoc import apply_head
from fer_model.statistics.scores import SHOTS
from fer_model.statistics.verdict import MARGIN, check_question
from fer_model.training.recipe import Recipe

_HELD_OUT = 0.1
"""Fraction of training that serves as validation where no samples do."""

_FRACTIONS = {"train": 0.8, "validation": 0.1, "test": 0.1}
_OF_HEADS = {
    *("balance", "loss", "optimizer", "learning_rate", "weight_decay", "clip_norm"),
    *("label_smoothing", "epochs", "batch_size", "seed"),
}
"""What of a recipe the training of a last layer knows."""

_EPOCHS, _STEPS = 30, 1000


def compare_features(
    features: ArrayLike,
    labels: ArrayLike,
    arms: Sequence[str],
    seeds: int | Sequence[int] = 3,
    *,
    splits: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    leaked: ArrayLike | None = None,
    class_names: Sequence[str] = (),
    figure: str = "balanced_accuracy",
    margin: float = MARGIN,
    shots: tuple[int, int] = SHOTS,
    epochs: int | None = None,
    batch_size: int = 256,
    learning_rate: float = 0.01,
    out: str | Path | None = None,
    verbose: int = 1,
) -> Results:
    """Compare strategies, losses and heads on frozen features (CLIP, DINO, …) with a linear head.

    Every run trains a dense layer with softmax, in this process, on features that are standardised
    by its training samples, with Adam and a rate that falls by half a cosine.

    Parameters
    ----------
    features : array_like of float, shape [N, D]
    labels : array_like of int or str, shape [N]
        A class without training samples is one all the same, and a note names it.
    arms : sequence of str
        What `fer_model.comparison.arm.Arm.parse` takes, the baseline first; no mixes.
    seeds : int or sequence of int
        So many, from 0 on, or these. Each has its own first weights, order of samples and, where
        `splits` names no validation samples, validation part.
    splits : array_like of str, shape [N], optional
        ``train``, ``validation`` and ``test``. Heads are chosen and temperatures fitted on
        validation samples. Where none are named, every run holds out a tenth of each class of
        training for that, groups undivided, and does not train on it. By default a tenth of all
        samples each, stratified, groups undivided, for test and validation.
    groups : array_like of int or str, shape [N], optional
        The same for samples that belong together: they are drawn together for intervals, and test
        samples whose group is in training count as leaked.
    leaked : array_like of bool, shape [N], optional
        Test samples that training knows (duplicates, the same patient), besides those that `groups`
        tells of; flags of other samples say nothing. It needs `splits`. The differences without
        them are given, too.
    class_names : sequence of str, optional
        Of labels that are integers.
    figure : str
        What the verdict goes by: one of `fer_model.statistics.scores.JUDGED`.
    margin, shots : float, tuple of int
        As in `compare_predictions`.
    epochs : int, optional
        The same for every arm; an epoch has as many samples as a run trains on. By default 30, or
        as many as make 1,000 steps.
    batch_size, learning_rate : int, float
    out : path, optional
        A folder to keep the results in, where `read_results` finds them.
    verbose : int
        0 for silence; otherwise there is a line on standard error for every run that ends later
        than two seconds after the call.

    Returns
    -------
    Results
        Their `train_counts` are of the samples that are trained on, with the first of the seeds.

    Raises
    ------
    UsageError
        If arrays do not fit together, a split is missing, an arm needs images, or Keras is not
        installed.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> labels = np.repeat([0, 1], [180, 60])
    >>> features = np.random.default_rng(0).normal(size=(240, 4)) + labels[:, None]
    >>> arms = ["none", "oversample"]
    >>> fer_model.compare_features(features, labels, arms, seeds=1, epochs=2).arms
    ('none', 'oversample')
    """
    check_question(figure, margin, shots)
    numbers = tuple(range(seeds) if isinstance(seeds, int) else seeds)
    check_seeds(numbers)
    parsed = parse_arms(arms)
    if out is not None:
        check_place(Path(out).absolute())
        refuse_loss(Path(out).absolute(), list(map(str, parsed)), len(numbers))
    require_keras()
    if leaked is not None and splits is None:
        raise UsageError("leaked: needs splits, as it depends on them what training knows")
    data = _data(features, labels, splits, groups, class_names)
    flags = np.zeros(len(data.labels), np.bool_)
    if leaked is not None:
        flags = flags_of(leaked, len(data.labels))
    train, validation = _training_parts(data, numbers[0])
    num_train = int(train.sum())
    whole_number("batch_size", batch_size, 1)
    batch_size = max(1, min(batch_size, num_train))
    base = Recipe(
        epochs=epochs or max(_EPOCHS, -(-_STEPS * batch_size // max(1, num_train))),
        batch_size=batch_size,
        learning_rate=learning_rate,
        schedule="cosine",
        keep="last",
    )
    for arm in parsed:
        _check(arm, base)
    of_cells: dict[tuple[Arm, int], Output] = {}
    console = Console(stderr=True, emoji=False, quiet=not verbose)
    lines = RunLines(console, len(parsed) * len(numbers))
    seconds = np.empty((len(parsed), len(numbers)))
    for number, seed in enumerate(numbers):
        _run(
            data, parsed, dataclasses.replace(base, seed=seed), of_cells, seconds[:, number], lines
        )
    test = data.splits == "test"
    outputs = outputs_of(
        [[of_cells[arm, seed] for seed in numbers] for arm in parsed], data.labels[test]
    )
    results = Results(
        arms=tuple(map(str, parsed)),
        seeds=numbers,
        class_names=data.class_names,
        figure=figure,
        **outputs._asdict(),
        samples=SampleTable(
            np.flatnonzero(test).astype(np.str_),
            data.labels[test],
            data.groups[test],
            (np.isin(data.groups, data.groups[~test]) | flags)[test],
        ),
        train_counts=tuple(np.bincount(data.labels[train], minlength=data.num_classes).tolist()),
        seconds=seconds,
        remarks=(
            f"every run: a linear head on {data.features.shape[1]:,} standardised features; "
            f"{base.epochs} epochs in batches of {base.batch_size}, cosine schedule",
            _about_validation(data, int(validation.sum())),
        ),
        of_features=True,
        margin=margin,
        shots=shots,
    )
    return results if out is None else save_kept(results, Path(out).absolute())


class _Data(NamedTuple):
    """Features float32 [N, D], labels int64 [N], class names, splits str [N], groups int64 [N]."""

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    splits: NDArray[np.str_]
    groups: NDArray[np.int64]

    @property
    def num_classes(self) -> int:
        return len(self.class_names)


def _data(
    features: ArrayLike,
    labels: ArrayLike,
    splits: ArrayLike | None,
    groups: ArrayLike | None,
    class_names: Sequence[str],
) -> _Data:
    values = np.asarray(features)
    codes, names = class_codes(labels, class_names)
    if values.ndim != 2 or values.dtype.kind not in "iuf" or len(values) != len(codes):
        raise UsageError(
            f"features: expected float [{len(codes)}, D], a row for each label, got "
            f"{values.dtype} {list(values.shape)}"
        )
    if not np.isfinite(values).all():
        raise UsageError(f"features: a number in {list(values.shape)} is not finite")
    together = np.arange(len(codes))
    if groups is not None:
        together = np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.int64)
    if splits is None:
        fractions = list(_FRACTIONS.values())
        sides = apportion(
            codes, None if groups is None else together, fractions, seed=0, min_per_class=1
        )
        sides_named = np.array(list(_FRACTIONS))[sides]
    else:
        sides_named = np.asarray(splits).astype(np.str_)
        sides_named = np.where(np.isin(sides_named, TEST_SPLITS), "test", sides_named)
    if sides_named.shape != codes.shape or together.shape != codes.shape:
        raise UsageError(
            f"splits {list(sides_named.shape)} and groups {list(together.shape)}: expected "
            f"[{len(codes)}], one of each for a label"
        )
    others = set(sides_named.tolist()) - set(_FRACTIONS)
    if others or not {"train", "test"} <= set(sides_named.tolist()):
        raise UsageError(
            "splits: expected train, test and perhaps validation, got "
            f"{', '.join(sorted(set(sides_named.tolist()))[:6])}"
        )
    return _Data(values.astype(np.float32), codes, names, sides_named, together)


def _training_parts(data: _Data, seed: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return what a run trains on and what it chooses by, bool [N] each."""
    train, validation = data.splits == "train", data.splits == "validation"
    if validation.any():
        return train, validation
    rows = np.flatnonzero(train)
    held = hold_out(data.labels[rows], data.groups[rows], fraction=_HELD_OUT, seed=seed)
    validation[rows[held]] = True
    return train & ~validation, validation


def _about_validation(data: _Data, num: int) -> str:
    """Return which samples choose heads and temperatures, in words."""
    used = "temperatures are fitted on them, and heads that choose a parameter choose it by them"
    if (data.splits == "validation").any():
        return f"validation samples: {num:,} of their own; {used}"
    return (
        f"validation samples: {num:,}, a tenth of each class of training, held out by each "
        f"run, which does not train on them, different ones with each seed; {used}"
    )


def _check(arm: Arm, base: Recipe) -> None:
    """Refuse an arm that needs images."""
    ours, theirs = base.to_dict(), arm.recipe(base).to_dict()
    for name, value in theirs.items():
        if value != ours[name] and name not in _OF_HEADS:
            raise UsageError(f"arm {arm}: {name} {value} needs images, and features have none")


def _run(
    data: _Data,
    arms: Sequence[Arm],
    base: Recipe,
    outputs: dict[tuple[Arm, int], Output],
    seconds: NDArray[np.float64],
    lines: RunLines,
) -> None:
    """Make every arm's probabilities with one seed; note and tell what each took."""
    train_head = with_tensorflow("fer_model.comparison.linear_head").train_head
    train, validation = _training_parts(data, base.seed)
    mean = data.features[train].mean(axis=0)
    scale = data.features[train].std(axis=0) + np.float32(1e-6)

    def part(of: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[Any]]:
        return (data.features[of] - mean) / scale, data.labels[of]

    of_train, of_validation = part(train), part(validation)
    of_test, _ = part(data.splits == "test")
    counts = np.bincount(of_train[1], minlength=data.num_classes)
    trained: dict[Arm, Any] = {}
    took: dict[Arm, float] = {}
    for place, arm in enumerate(arms):
        began = time.monotonic()
        if arm.trained not in trained:
            recipe = arm.trained.recipe(base)
            trained[arm.trained] = train_head(*of_train, data.class_names, recipe)
            took[arm.trained] = time.monotonic() - began
        head, began = trained[arm.trained], time.monotonic()
        if arm.head is not None:
            inputs = HeadInputs(head, counts, lambda: of_train, lambda: of_validation)
            head, _ = arm.head.build(inputs)
        of_held_out = apply_head(of_validation[0], *head), of_validation[1]
        outputs[arm, base.seed] = Output(apply_head(of_test, *head), of_held_out)
        seconds[place] = took[arm.trained] + time.monotonic() - began
        lines.show(f"{arm}, seed {base.seed}", seconds[place])
