"""What the runs of a comparison predict, and what follows from that: no keras."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import UsageError
from fer_data.util.words import counted, meant, printable
from fer_model.comparison.arm import Arm, parse_arms
from fer_model.comparison.arm_notes import twice_corrected, without_control
from fer_model.comparison.given_runs import unequal_runs
from fer_model.comparison.protocol import Cell, Protocol
from fer_model.comparison.results_html import results_html
from fer_model.comparison.sample_table import SampleTable
from fer_model.statistics.differences import Differences, paired_differences
from fer_model.statistics.headline import headline
from fer_model.statistics.recalls import Recalls
from fer_model.statistics.scores import SHOTS, SUMMARIES, Predicted, check_judged, shot_groups
from fer_model.statistics.verdict import MARGIN, Verdict, leading, verdicts
from fer_model.training.runs import Run
from fer_model.words import figure_name

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NO_LEAKED = "_without_leaked"
"""After the name of a figure: of the test samples that are not leaked."""

_ARMS = 6
"""Arms that a `repr` names at the most."""


@dataclass(frozen=True, eq=False)
class Training:
    """How the runs of a comparison were trained, where this package trained them.

    Attributes
    ----------
    protocol : Protocol
        Of the arms that are compared.
    runs : tuple of tuple of Run, [A][S]
    missing : tuple of Cell
        Runs that are not finished.
    skipped : tuple of str
        Arms with fewer than half of the baseline's seeds, which are in nothing else here.
    failures : dict
        Runs that failed, with the last error.
    """

    protocol: Protocol
    runs: tuple[tuple[Run, ...], ...]
    missing: tuple[Cell, ...]
    skipped: tuple[str, ...]
    failures: dict[str, Any]


@dataclass(frozen=True, eq=False, kw_only=True)
class Results:
    """What the runs of a comparison predict.

    Attributes
    ----------
    arms : tuple of str, length A
        The baseline first.
    seeds : tuple of int, length S
        Those with which every arm is finished.
    class_names : tuple of str, length C
        In the order of labels.
    figure : str
        What the verdict goes by.
    predicted_labels : ndarray of int32, shape [A, S, N]
        The class that each run predicts for the test samples.
    confidences : ndarray of float32, shape [A, S, N]
        The probability that it gives that class; NaN where a run has labels alone.
    scaled_confidences : ndarray of float32, shape [A, S, N]
        The same after temperature scaling, each run's temperature fitted on its validation
        predictions; NaN where it has none.
    ensemble_labels : ndarray of int32, shape [A, N]
        The class with the highest mean probability over an arm's seeds (deep ensembles,
        Lakshminarayanan et al. 2017, arXiv:1612.01474); -1 where a run has labels alone.
    aurocs : ndarray of float64, shape [A, S]
        Areas under the ROC curve, see `macro_auroc`; NaN where a run has labels alone.
    samples : SampleTable
        The test samples.
    train_counts : tuple of int, length C, or empty
        Training samples of each class; empty where they are unknown.
    seconds : ndarray of float64, shape [A, S]
        Of each training; NaN where it is unknown.
    source : str
        Path of the data; "" where none is known.
    remarks : tuple of str
        What else the reader must know of the runs.
    training : Training, optional
        How they were trained; None of predictions that were given.
    out : Path, optional
        The comparison's folder.
    shots : tuple of int
        Where few-shot classes end and many-shot classes begin, as `shot_groups` takes them.
    margin : float
        The largest difference of no practical importance, in fractions, as `verdicts` takes it.
    specs : tuple of str, length A, or empty
        The arms as they were compared, where they were renamed since.
    of_features : bool
        Whether every run is a head on frozen features.
    num_given : tuple of int, length A, or empty
        Runs of each arm that were given, where they differ: no more are compared than all have.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> labels = np.repeat([0, 1], [90, 10])
    >>> good = [np.where(np.arange(100) % 9 == seed, 1 - labels, labels) for seed in range(3)]
    >>> results = fer_model.compare_predictions(labels, {"none": [0 * labels] * 3, "own": good})
    >>> results.arms, results.seeds, results.class_names
    (('none', 'own'), (0, 1, 2), ('0', '1'))
    """

    arms: tuple[str, ...]
    seeds: tuple[int, ...]
    class_names: tuple[str, ...]
    figure: str
    predicted_labels: NDArray[np.int32]
    confidences: NDArray[np.float32]
    scaled_confidences: NDArray[np.float32]
    ensemble_labels: NDArray[np.int32]
    aurocs: NDArray[np.float64]
    samples: SampleTable
    train_counts: tuple[int, ...]
    seconds: NDArray[np.float64]
    source: str = ""
    remarks: tuple[str, ...] = ()
    training: Training | None = None
    out: Path | None = None
    shots: tuple[int, int] = SHOTS
    margin: float = MARGIN
    specs: tuple[str, ...] = ()
    of_features: bool = False
    num_given: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        groups = shot_groups(self.train_counts, self.test_counts, self.shots)
        check_judged(self.figure, groups, self.shots)

    def __repr__(self) -> str:
        means = self.predicted.scores[..., self.predicted.figures.index(self.figure)].mean(axis=1)
        shown = [
            f"{printable(arm)} {100 * mean:.1f} %"
            for arm, mean in zip(self.arms[:_ARMS], means, strict=False)
        ]
        more = [f"and {len(self.arms) - _ARMS} more"] if len(self.arms) > _ARMS else []
        return f"Results({self.size}: {figure_name(self.figure)} {', '.join(shown + more)})"

    def _repr_html_(self) -> str:
        return results_html(self)

    @property
    def size(self) -> str:
        """How many arms, seeds and test samples there are, in words."""
        arms, seeds = counted(len(self.arms), "arm"), counted(len(self.seeds), "seed")
        return f"{arms}, {seeds}, {counted(len(self.labels), 'test sample')}"

    def plot(self, arm: str | None = None) -> Figure:
        """Draw every arm's differences to the baseline, and the recall of each class.

        Parameters
        ----------
        arm : str, optional
            Whose recalls stand next to the baseline's; by default the arm of the headline.

        Returns
        -------
        matplotlib.figure.Figure
            Which notebooks show; ``savefig`` writes it.

        Raises
        ------
        UsageError
            If there is no such arm besides the baseline.
        """
        from fer_model.plotting.differences import draw_overview  # matplotlib, for this alone

        arm = leading(self.verdicts).difference.arm if arm is None else arm
        if arm not in self.arms[1:]:
            raise UsageError(f"arm: expected one of {', '.join(self.arms[1:])}, got {arm!r}")
        return draw_overview(self.differences, self.compared, self.recalls, arm)

    @property
    def names(self) -> dict[str, str]:
        """Names of the arms by what they were compared as."""
        return dict(zip(self.specs or self.arms, self.arms, strict=True))

    @property
    def all_remarks(self) -> tuple[str, ...]:
        """The remarks, and those that name arms, by their names of today."""
        arms = parse_arms(list(self.names)) if self.of_features else ()
        given = dict(zip(self.arms, self.num_given, strict=False))
        return (
            *([unequal_runs(given)] if given else ()),
            *self.remarks,
            *twice_corrected(arms, self.names),
            *without_control(arms, self.names),
        )

    @property
    def test_counts(self) -> NDArray[np.int64]:
        """Test samples of each class, int64 [C]."""
        return np.bincount(self.labels, minlength=len(self.class_names)).astype(np.int64)

    @cached_property
    def by_frequency(self) -> list[int]:
        """Labels by their training samples, the most first; by the test's where unknown."""
        counts = np.array(self.train_counts or self.test_counts)
        order: list[int] = np.argsort(-counts, kind="stable").tolist()
        return order

    @cached_property
    def recalls(self) -> Recalls:
        """The recall of each class with each arm, the most frequent class first."""
        order = self.by_frequency
        return Recalls(
            self.arms,
            tuple(self.predicted.class_names[label] for label in order),
            self.predicted.scores[..., self.predicted.recalls].mean(axis=1)[:, order],
            np.array(self.train_counts or self.test_counts, np.int64)[order],
            bool(self.train_counts),
        )

    @property
    def rarest(self) -> int | None:
        """Label of the rarest class; see `rarest_class`."""
        return rarest_class(self.train_counts, self.test_counts)

    @property
    def labels(self) -> NDArray[np.int64]:
        """Of the test samples, int64 [N]."""
        return self.samples.labels

    @property
    def leaked(self) -> NDArray[np.bool_]:
        """Leaked test samples, of which training has a near-duplicate, bool [N]."""
        return self.samples.leaked

    @cached_property
    def predicted(self) -> Predicted:
        """What every run predicts for every test sample."""
        return self._of(np.ones(len(self.samples), np.bool_))

    @property
    def compared(self) -> tuple[str, ...]:
        """Figures whose differences are shown: the summaries, and those of groups of classes."""
        return (*SUMMARIES, *self.predicted.groups)

    @cached_property
    def ensemble_scores(self) -> NDArray[np.float64]:
        """Figures of each arm's ensemble, float64 [A, F]; NaN where a run has labels alone.

        It is one prediction of each arm, with no other to compare it with: no interval.
        """
        known = self.ensemble_labels.min(axis=1, keepdims=True) >= 0
        labels = np.where(known, self.ensemble_labels, 0)
        scores = dataclasses.replace(self.predicted, predicted=labels[:, None]).scores[:, 0]
        return np.where(known, scores, np.nan)

    @property
    def of_ensembles(self) -> NDArray[np.float64]:
        """The figure that the verdict goes by, of each arm's ensemble, float64 [A]."""
        return self.ensemble_scores[:, self.predicted.figures.index(self.figure)]

    @cached_property
    def differences(self) -> Differences:
        """Every arm against the baseline, on all test samples."""
        return paired_differences(self.predicted)

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts on the figure that was declared, an arm each."""
        return verdicts(self.differences, figure=self.figure, margin=self.margin)

    @property
    def headline(self) -> str:
        """The largest statement that holds for all arms at once, in a line.

        Before it stands that the baseline has not begun to learn, where that is so.
        """
        return headline(self.verdicts, self.differences, margin=self.margin)

    @cached_property
    def clean(self) -> Predicted | None:
        """The same without leaked samples; None where there is none, or nothing else."""
        kept = ~self.leaked
        return self._of(kept) if kept.any() and not kept.all() else None

    @cached_property
    def clean_differences(self) -> Differences | None:
        """Every arm against the baseline without leaked samples."""
        return None if self.clean is None else paired_differences(self.clean)

    @cached_property
    def clean_scores(self) -> NDArray[np.float64] | None:
        """Figures of each run without leaked samples, float64 [A, S, F], as `predicted` has them.

        NaN where no sample is left of a class, or of a group of classes; None as of `clean`.
        """
        if self.clean is None:
            return None
        scores = np.full_like(self.predicted.scores, np.nan)
        for place, figure in enumerate(self.predicted.figures):
            if figure in self.clean.figures:
                scores[..., place] = self.clean.scores[..., self.clean.figures.index(figure)]
        return scores

    @property
    def costs(self) -> NDArray[np.float64]:
        """Seconds of training, mean over seeds, float64 [A]."""
        costs: NDArray[np.float64] = self.seconds.mean(axis=1)
        return costs

    def rename(self, arms: Mapping[str, str]) -> Results:
        """Return the same results with other names of arms, for the figures and tables of a paper.

        Parameters
        ----------
        arms : mapping of str to str
            New names by old ones; others stay.

        Raises
        ------
        UsageError
            If there is no such arm, or two would have the same name.

        Examples
        --------
        >>> import numpy as np, fer_model
        >>> labels = np.repeat([0, 1], [90, 10])
        >>> runs = {"none": [0 * labels] * 2, "crt": [labels] * 2}
        >>> results = fer_model.compare_predictions(labels, runs)
        >>> results.rename({"crt": "Retrained head"}).arms
        ('none', 'Retrained head')
        """
        new = self.by_arm("arms", arms)
        names = tuple(new.get(arm, arm) for arm in self.arms)
        if len(set(names)) < len(names):
            raise UsageError(f"arms: expected different names, got {', '.join(names)}")
        return dataclasses.replace(self, arms=names, specs=self.specs or self.arms)

    def by_arm(self, argument: str, given: Mapping[str, str]) -> dict[str, str]:
        """Return what is given for some arms, by the arms as they are spelled here.

        Raises
        ------
        UsageError
            If there is no such arm; it names the argument.
        """
        found = {arm if arm in self.arms else _spelled(arm): text for arm, text in given.items()}
        if unknown := [arm for arm in found if arm not in self.arms]:
            raise UsageError(
                f"{argument}: expected some of {', '.join(self.arms)}, got {unknown[0]!r}"
                f"{meant(unknown[0], self.arms)}"
            )
        return found

    def control_of(self, arm: str) -> str:
        """Return the arm that is an arm's control, if it is one here; `arm` itself otherwise."""
        specs = self.specs or self.arms
        try:
            control = str(Arm.parse(specs[self.arms.index(arm)]).control)
        except UsageError:  # a name that somebody gave their predictions
            return arm
        return self.arms[specs.index(control)] if control in specs else arm

    def _of(self, kept: NDArray[np.bool_]) -> Predicted:
        return Predicted(
            self.arms,
            tuple(map(printable, self.class_names)),
            self.labels[kept],
            self.predicted_labels[:, :, kept],
            self.samples.groups[kept],
            shot_groups(
                self.train_counts,
                np.bincount(self.labels[kept], minlength=len(self.class_names)),
                self.shots,
            ),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each arm and seed: its figures, from 0 to 1, and its seconds.

        ``ensemble_`` and the figure that the verdict goes by is that of all of the arm's seeds.
        Where some test samples are leaked, each figure is there without them, too:
        ``accuracy_without_leaked``, ...
        """
        import pandas as pd

        scores, names = self.predicted.scores, list(self.predicted.figures)
        if self.clean_scores is not None:
            scores = np.concatenate([scores, self.clean_scores], axis=2)
            names += [figure + NO_LEAKED for figure in names]
        table = pd.DataFrame(scores.reshape(-1, scores.shape[2]), columns=names)
        table.insert(0, "arm", np.repeat(np.array(self.arms, object), len(self.seeds)))
        table.insert(1, "seed", np.tile(self.seeds, len(self.arms)))
        of_ensembles = np.repeat(self.of_ensembles, len(self.seeds))
        return table.assign(
            **{f"ensemble_{self.figure}": of_ensembles}, seconds=self.seconds.ravel()
        )


def _spelled(arm: str) -> str:
    """Return an arm as comparisons spell it, ``post-hoc:1.0`` of ``post-hoc:1``."""
    try:
        return str(Arm.parse(arm))
    except UsageError:
        return arm


def rarest_class(train_counts: Sequence[int], test_counts: NDArray[np.int64]) -> int | None:
    """Return the label of the class with the fewest training samples, but at least one.

    Of those that have test samples; of several with equally few, the one with the fewest of these.
    Test counts alone say nothing of what a model learnt from: a test split is often balanced.

    Parameters
    ----------
    train_counts : sequence of int, length C
        Empty where they are unknown.
    test_counts : ndarray of int64, shape [C]

    Returns
    -------
    int or None
        None where training counts are unknown, or the same for all classes that have both.
    """
    if not train_counts:
        return None
    both = [label for label in np.flatnonzero(test_counts).tolist() if train_counts[label]]
    if len({train_counts[label] for label in both}) < 2:
        return None
    return min(both, key=lambda label: (train_counts[label], test_counts[label]))
