"""``fer-model``: train, evaluate, predict, export, compare, compare predictions and features."""

from __future__ import annotations

from fer_data.commands.program import new_app, run

_COMMANDS = "fer_model.commands"

app = new_app(
    "fer-model",
    "Train image classifiers on imbalanced data, and compare ways to balance it.",
    {
        "train": f"{_COMMANDS}.train:train",
        "evaluate": f"{_COMMANDS}.evaluate:evaluate",
        "predict": f"{_COMMANDS}.predict:predict",
        "export": f"{_COMMANDS}.export:export",
        "compare": f"{_COMMANDS}.compare:compare",
        "compare-predictions": f"{_COMMANDS}.compare_predictions:compare_predictions",
        "compare-features": f"{_COMMANDS}.compare_features:compare_features",
        "compare-table": f"{_COMMANDS}.compare_table:compare_table",
    },
)


def main() -> None:
    """Run the command line."""
    run(app)


if __name__ == "__main__":
    main()
