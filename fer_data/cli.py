"""``fer-data``: what to do with data before a training."""

from __future__ import annotations

from fer_data.commands.program import new_app, run

_COMMANDS = "fer_data.commands"

app = new_app(
    "fer-data",
    "Inspect, check, split and convert imbalanced image data sets. "
    "A data set is a folder of class folders (below train/, test/ or not), a FER2013 csv, or what "
    "convert writes: .npz, parquet, TFRecord files.",
    {
        "stats": f"{_COMMANDS}.stats:stats",
        "samples": f"{_COMMANDS}.samples:samples",
        "plan": f"{_COMMANDS}.plan:plan",
        "audit": f"{_COMMANDS}.audit:audit",
        "report": f"{_COMMANDS}.report:report",
        "split": f"{_COMMANDS}.split:split",
        "label-issues": f"{_COMMANDS}.label_issues:label_issues",
        "ferplus": f"{_COMMANDS}.ferplus:ferplus",
        "convert-csv": f"{_COMMANDS}.convert:convert_csv",
        "convert": f"{_COMMANDS}.convert:convert",
        "cache": f"{_COMMANDS}.cache:cache",
        "synthetic": f"{_COMMANDS}.synthetic:synthetic",
    },
)


def main() -> None:
    """Run the command line."""
    run(app)


if __name__ == "__main__":
    main()
