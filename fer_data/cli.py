"""``fer-data``: what to do with data before a training."""

from __future__ import annotations

from fer_data.commands.audit import audit
from fer_data.commands.convert import convert, convert_csv
from fer_data.commands.doubts import doubts
from fer_data.commands.plan import plan
from fer_data.commands.report import report
from fer_data.commands.samples import samples
from fer_data.commands.split import split
from fer_data.commands.stats import stats
from fer_data.commands.synthetic import synthetic
from fer_data.terminal import cli_support

app = cli_support.new_app(
    "See what imbalanced image classes hold, and bring them into shape. "
    "A data set is a folder of class folders (below train/, test/ or not), a FER2013 csv, or what "
    "convert writes: .npz, parquet, TFRecord files."
)
for command in (
    stats,
    samples,
    plan,
    audit,
    report,
    split,
    doubts,
    convert_csv,
    convert,
    synthetic,
):
    app.command(no_args_is_help=True)(command)


def main() -> None:
    """Run the command line."""
    cli_support.run(app, "fer-data")


if __name__ == "__main__":
    main()
