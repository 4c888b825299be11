"""The paragraph on methods that a paper needs: how runs were trained, and how they were judged."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fer_data.util.words import counted
from fer_model.comparison.announcement import as_trained
from fer_model.comparison.results import Results
from fer_model.reporting.summary import Summary
from fer_model.statistics.differences import num_draws_of
from fer_model.words import figure_name

_SOURCES = {
    "bootstrap": "Efron, B. (1979). Bootstrap methods: another look at the jackknife. "
    "doi:10.1214/aos/1176344552",
    "few images": "Hesterberg, T. (2015). What teachers should know about the bootstrap. "
    "doi:10.1080/00031305.2015.1089789",
    "combined": "Cochran, W. G. (1964). Approximate significance levels of the Behrens-Fisher "
    "test. Biometrics 20, 191-195",
    "crossed": "Owen, A. B. (2007). The pigeonhole bootstrap. doi:10.1214/07-AOAS122",
    "degrees": "Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance "
    "components. doi:10.2307/3002019",
    "holm": "Holm, S. (1979). A simple sequentially rejective multiple test procedure. "
    "Scandinavian Journal of Statistics 6, 65-70",
    "equivalence": "Schuirmann, D. J. (1987). A comparison of the two one-sided tests procedure "
    "and the power approach for assessing the equivalence of average bioavailability. "
    "doi:10.1007/BF01068419",
    "calibration": "Guo, C. et al. (2017). On calibration of modern neural networks. "
    "arXiv:1706.04599",
    "shots": "Liu, Z. et al. (2019). Large-scale long-tailed recognition in an open world. "
    "arXiv:1904.05160",
}


@dataclass
class _Citations:
    """Sources by their numbers, in the order in which they are cited."""

    names: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> str:
        if name not in self.names:
            self.names.append(name)
        return f"[{self.names.index(name) + 1}]"


def methods_text(comparison: Results | Summary) -> str:
    """Return what a paper says of how runs were trained and judged: a paragraph, and its sources.

    Seeds, test samples, groups that are resampled together, draws, the number of comparisons, the
    margin and the shot groups are those of the results.

    Parameters
    ----------
    comparison : Results or Summary

    Returns
    -------
    str
        Plain text: a paragraph with numbers in brackets, then a line for each source. Sources of
        strategies, losses and heads are in docs/comparison.md.

    Examples
    --------
    >>> import numpy as np, fer_model
    >>> labels = np.repeat([0, 1], [90, 10])
    >>> runs = {"none": [0 * labels] * 3, "own": [labels] * 3}
    >>> results = fer_model.compare_predictions(labels, runs)
    >>> fer_model.methods_text(results).split(". ")[0]
    '2 arms were compared by 3 runs of each (seeds) on 100 test samples'
    """
    summary = Summary.of(comparison)
    results, cite = summary.results, _Citations()
    parts = [*_of_data(results), *_of_intervals(results, cite), *_of_verdicts(results, cite)]
    if results.predicted.groups:
        few, many = results.shots
        words = {
            "many": f"more than {many:,}",
            "medium": f"{few:,} to {many:,}",
            "few": f"fewer than {few:,}",
        }
        groups = [
            f"{name}-shot classes have {text} training samples"
            for name, text in words.items()
            if f"{name}_shot_accuracy" in results.predicted.groups
        ]
        parts.append(
            f"The accuracy of a group of classes is the mean of their recalls; "
            f"{', '.join(groups)} {cite('shots')}."
        )
    if any(summary.calibrations):
        parts.append(
            f"Calibration is the expected calibration error in 15 bins {cite('calibration')}."
        )
    sources = [f"[{place}] {_SOURCES[name]}" for place, name in enumerate(cite.names, 1)]
    return "\n".join([" ".join(parts), "", *sources])


def _of_data(results: Results) -> list[str]:
    samples = counted(len(results.labels), "test sample")
    runs = counted(len(results.seeds), "run")
    made = "trained with the same seeds" if results.training else "seeds"
    parts = [
        f"{counted(len(results.arms), 'arm')} were compared by {runs} of each ({made}) on "
        f"{samples}."
    ]
    if results.training is not None:
        first, *_ = as_trained(results.training, results.names)
        parts.append(f"{first[0].upper()}{first[1:]}.")
    leaked = int(results.leaked.sum())
    if leaked and results.clean is not None:
        parts.append(
            f"Results are also given without the {counted(leaked, 'test sample')} of which "
            "training has a duplicate or near-duplicate."
        )
    return parts


def _of_intervals(results: Results, cite: _Citations) -> list[str]:
    groups = len(np.unique(results.samples.groups))
    number = num_draws_of(len(results.arms) - 1)
    unit = "samples"
    if groups < len(results.labels):
        unit = f"groups of samples that belong together ({groups:,}, such as near-duplicates)"
    paired = "Differences from the baseline are means over the seeds, paired by seed and sample."
    if len(results.seeds) == 1:
        return [
            f"Differences from the baseline are paired by sample. Their 95 % confidence intervals "
            f"are for other test samples alone, not for other seeds: {unit} were resampled "
            f"{number:,} times (percentile bootstrap {cite('bootstrap')}, widened for few samples "
            f"{cite('few images')})."
        ]
    return [
        paired,
        f"Their 95 % confidence intervals allow for other test samples and other seeds: {unit} "
        f"were resampled {number:,} times (percentile bootstrap {cite('bootstrap')}, widened for "
        f"few samples {cite('few images')}), and the variance between seeds enters by Student's t "
        f"with {counted(len(results.seeds) - 1, 'degree')} of freedom; the two are combined as in "
        f"Cochran's solution of the Behrens-Fisher problem {cite('combined')}, because seeds and "
        f"samples are crossed {cite('crossed')}.",
        f"Degrees of freedom of a mean over the classes are Satterthwaite's {cite('degrees')}.",
    ]


def _of_verdicts(results: Results, cite: _Citations) -> list[str]:
    if len(results.seeds) == 1:
        return ["No arm is said to help or to hurt, as one seed shows no spread between trainings."]
    comparisons = len(results.arms) - 1
    adjusted = ""
    if comparisons > 1:
        adjusted = f", adjusted for {comparisons} comparisons by Holm's method {cite('holm')}"
    return [
        f"Verdicts are on {figure_name(results.figure)}: two-sided p-values come from the same "
        f"draws{adjusted}, and 0.05 is the level.",
        "An arm makes no practical difference where its "
        + ("simultaneous (Bonferroni) " if comparisons > 1 else "")
        + f"interval lies within ±{100 * results.margin:g} percentage points "
        f"{cite('equivalence')}.",
    ]
