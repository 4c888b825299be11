"""Print the table of docs/comparison.md from recorded comparisons; its tests read it from here.

python tools/record_table.py records/fer2013-fast records/fer2013-small
python tools/record_table.py records/cifar10-lt-features
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from fer_model.words import interval, points

FIGURE = "balanced_accuracy"


@dataclass(frozen=True)
class Record:
    """A comparison's results in records/.

    Attributes
    ----------
    path : Path
    """

    path: Path

    @cached_property
    def results(self) -> dict[str, Any]:
        """The content of ``results.json``."""
        return dict(json.loads((self.path / "results.json").read_text("utf-8")))

    @property
    def arms(self) -> list[str]:
        """Names of the arms, the baseline first, and post-hoc:1.0 as people type it."""
        return [arm["arm"].removesuffix(".0") for arm in self.results["arms"]]

    @property
    def title(self) -> str:
        """The data, the net and the seeds, for a legend."""
        recipe, seeds = self.results["recipe"], len(self.results["seeds"])
        return f"{Path(self.results['path']).name}, {recipe['net']} net, {seeds} seeds"

    def ordered(self) -> list[str]:
        """Return the arms but the baseline, by their gain in `FIGURE`, the largest first."""

        def gain(arm: str) -> float:
            row = self.row(arm)
            return -float("inf") if row is None else float(row["difference"])

        return sorted(self.arms[1:], key=gain, reverse=True)

    def row(
        self, arm: str, figure: str = FIGURE, *, with_leaked: bool = True
    ) -> dict[str, Any] | None:
        """Return a difference from the baseline, on all test samples or without leaked ones."""
        rows = self.results["differences" if with_leaked else "differences_without_leaked"]
        matching = [
            row for row in rows if (row["arm"].removesuffix(".0"), row["figure"]) == (arm, figure)
        ]
        return matching[0] if matching else None

    def difference(self, arm: str, figure: str = FIGURE, *, with_leaked: bool = True) -> str:
        """Return a difference with its interval, in points."""
        row = self.row(arm, figure, with_leaked=with_leaked)
        return "" if row is None else interval(row["difference"], row["low"], row["high"])

    def points(self, arm: str, figure: str = FIGURE) -> str:
        """Return a difference in points without its interval."""
        row = self.row(arm, figure)
        assert row is not None, (arm, figure)
        return points(row["difference"])

    def mean(self, arm: str, figure: str) -> float:
        """Return a figure's mean over the seeds, in percent."""
        values = self.about(arm)["figures"][figure]
        return 100 * sum(values) / len(values)

    def about(self, arm: str) -> dict[str, Any]:
        """Return what ``results.json`` says of an arm."""
        return dict(self.results["arms"][self.arms.index(arm)])

    def gain(self, arm: str) -> str:
        """Return the difference in `FIGURE`, bold where the verdict is that it helps or hurts."""
        gained = self.difference(arm)
        if self.verdict(arm) in ("helps", "hurts"):
            gained = "**{}** {}".format(*gained.split(" ", 1))
        return gained

    def verdict(self, arm: str) -> str:
        """Return the verdict: helps, hurts, no practical difference, can't tell."""
        return next(
            str(verdict["verdict"])
            for verdict in self.results["verdicts"]
            if verdict["arm"].removesuffix(".0") == arm
        )


def table(record: Record, other: Record) -> list[str]:
    """Return the lines of a Markdown table: a record's arms, and another record's differences."""
    baseline = record.arms[0]
    rarest = f"recall of {record.results['rarest']}"
    lines = [
        f"| arm | accuracy | balanced accuracy | without leaks | {rarest} | ECE | "
        f"balanced accuracy, `{other.results['recipe']['net']}` net |",
        "|---|---|---|---|---|---|---|",
        f"| `{baseline}` | {record.mean(baseline, 'accuracy'):.1f} % | "
        f"{record.mean(baseline, FIGURE):.1f} % | | {record.mean(baseline, rarest):.1f} % | "
        f"{record.about(baseline)['calibration']['error']:.3f} | "
        f"{other.mean(baseline, FIGURE):.1f} % |",
    ]
    for arm in record.ordered():
        lines.append(
            f"| `{arm}` | {record.difference(arm, 'accuracy')} | {record.gain(arm)} | "
            f"{record.difference(arm, with_leaked=False)} | {record.mean(arm, rarest):.1f} % | "
            f"{record.about(arm)['calibration']['error']:.3f} | "
            f"{other.difference(arm) if arm in other.arms else ''} |"
        )
    return lines


def shots_table(record: Record) -> list[str]:
    """Return the lines of a Markdown table of a record whose test split is balanced.

    Accuracy is the mean recall of all classes there; with it stand those of groups of classes.
    """
    groups = [name for name in record.about(record.arms[0])["figures"] if "_shot_" in name]
    titles = ["arm", "accuracy", *(name.split("_")[0] + "-shot" for name in groups), "ECE"]
    baseline = record.arms[0]
    means = [f"{record.mean(baseline, name):.1f} %" for name in (FIGURE, *groups)]
    error = record.about(baseline)["calibration"]["error"]
    lines = [
        f"| {' | '.join(titles)} |",
        "|---" * len(titles) + "|",
        f"| `{baseline}` | {' | '.join(means)} | {error:.3f} |",
    ]
    for arm in record.ordered():
        cells = [record.gain(arm), *(record.difference(arm, name) for name in groups)]
        error = record.about(arm)["calibration"]["error"]
        lines.append(f"| `{arm}` | {' | '.join(cells)} | {error:.3f} |")
    return lines


def trained_on_less_table(record: Record, other: Record) -> list[str]:
    """Return the lines of a Markdown table: a record's arms, and those of one with all samples."""
    rarest = f"recall of {record.results['rarest']}"
    lines = [
        f"| arm | accuracy | balanced accuracy | {rarest} | ECE | balanced accuracy, all samples |",
        "|---|---|---|---|---|---|",
    ]
    for arm in record.arms:
        if arm == record.arms[0]:
            cells = [f"{record.mean(arm, name):.1f} %" for name in ("accuracy", FIGURE)]
            whole = f"{other.mean(arm, FIGURE):.1f} %"
        else:
            cells = [record.difference(arm, "accuracy"), record.gain(arm)]
            whole = other.difference(arm) if arm in other.arms else ""
        cells.append(f"{record.mean(arm, rarest):.1f} %")
        error = record.about(arm)["calibration"]["error"]
        lines.append(f"| `{arm}` | {' | '.join(cells)} | {error:.3f} | {whole} |")
    return lines


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("record", type=Path)
    parser.add_argument("other", type=Path, nargs="?")
    given = parser.parse_args()
    record = Record(given.record)
    lines = shots_table(record) if given.other is None else table(record, Record(given.other))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
