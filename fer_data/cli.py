"""``fer-data``: what to do with data before a training. A command is a thin call of the library."""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from fer_data import cli_support
from fer_data.cli_support import print_json, say
from fer_data.errors import DataError, UsageError
from fer_data.schedule import parse_epoch_size
from fer_data.strategy import FORMS

app = cli_support.new_app(
    "See what imbalanced image classes hold, and bring them into shape. "
    "A data set is a folder of class folders (below train/, test/ or not) or a FER2013 csv."
)

DataPath = Annotated[
    Path,
    typer.Argument(  # the library says in one line what cannot be read
        metavar="PATH", readable=False, help="Folder of class folders, or a FER2013 csv."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave bad rows and pictures out instead of stopping.")
]
Apart = Annotated[
    bool,
    typer.Option(
        "--test-apart",
        help="Keep a csv's PublicTest and PrivateTest apart, as public_test and private_test.",
    ),
]


@app.command(no_args_is_help=True)
def stats(
    path: DataPath,
    as_json: AsJson = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print csv: split,class,count,share.")
    ] = False,
    fail_over: Annotated[
        float | None,
        typer.Option(
            metavar="RATIO", help="Exit 1 if the imbalance ratio of the training split is greater."
        ),
    ] = None,
    test_apart: Apart = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave bad csv rows out instead of stopping.")
    ] = False,
) -> None:
    """Count the samples of each class and split, and show the imbalance.

    The imbalance ratio is the largest class over the smallest; the effective number of classes
    is the exponential of the entropy of their shares. Pictures are counted, not decoded.

    **Examples**

      fer-data stats train/

      fer-data stats fer2013.csv --json

      fer-data stats dataset/ --fail-over 10
    """
    from fer_data import readers, render
    from fer_data.manifest import printable
    from fer_data.stats import compute_stats

    if as_json and as_csv:
        raise UsageError("choose one of --json and --csv")
    if fail_over is not None and not fail_over >= 1:
        raise UsageError(f"--fail-over is {fail_over:g}; a ratio is a number, 1 or more")
    found = compute_stats(readers.read(path, merge_test=not test_apart, skip_bad=skip_bad))
    if as_json:
        print_json(found.to_dict())
    elif as_csv:
        sys.stdout.write(render.counts_csv(found))
    else:
        console = cli_support.out()
        console.print(
            f"{printable(found.path)}: {found.layout}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        console.print(render.counts_table(found))
        if found.balances:
            console.print(render.balance_table(found))
        for line in found.left_out:
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    if fail_over is not None and math.isnan(found.imbalance_ratio):
        raise DataError(f"{path}: no sample has a label, so there is no ratio to check")
    if fail_over is not None and found.imbalance_ratio > fail_over:
        ratio = render.number(found.imbalance_ratio, 2)
        say(f"fer-data: imbalance ratio {ratio} is over {fail_over:g}")
        raise typer.Exit(cli_support.FAILED_CHECK)


@app.command(no_args_is_help=True)
def samples(
    path: DataPath,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Picture to write, as grid.png.")],
    split: Annotated[str, typer.Option(help="Which split.")] = "train",
    columns: Annotated[int, typer.Option(min=1, max=50, help="Samples of each class.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Another seed shows other samples.")] = 0,
    color: Annotated[str, typer.Option(help="grey or rgb.")] = "grey",
    size: Annotated[int, typer.Option(min=1, help="Side of a sample, in pixels.")] = 48,
    cache: Annotated[
        Path | None, typer.Option(help="Where decoded pictures are kept.", envvar="FER_DATA_CACHE")
    ] = None,
    skip_bad: SkipBad = False,
) -> None:
    """Draw a labelled grid of random samples, classes as rows.

    **Examples**

      fer-data samples train/ grid.png

      fer-data samples fer2013.csv grid.pdf --split test --columns 12
    """
    from fer_data.decode import PixelFormat
    from fer_data.sample_grid import draw_samples
    from fer_data.store import open_store

    form = PixelFormat(size, size, color)  # type: ignore[arg-type]  # checked there
    store = open_store(path, form=form, cache=cache, skip_bad=skip_bad)
    draw_samples(store, out, split=split, columns=columns, seed=seed)
    say(f"{store.report} read; a grid of some of them written to {out}")


@app.command(no_args_is_help=True)
def plan(
    path: DataPath,
    balance: Annotated[
        str, typer.Option(metavar="STRATEGY", help=f"How an epoch is drawn: {', '.join(FORMS)}.")
    ] = "none",
    epochs: Annotated[int, typer.Option(min=1, help="How many epochs.")] = 1,
    batch_size: Annotated[int, typer.Option(min=1, help="Samples of a step.")] = 64,
    epoch_size: Annotated[
        str, typer.Option(help="Samples of an epoch: own (the strategy's), natural or a number.")
    ] = "own",
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it too, as plan.png.")
    ] = None,
    as_json: AsJson = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave bad csv rows out instead of stopping.")
    ] = False,
) -> None:
    """Say what a training will use, before any training: the ledger of the training split.

    For each class its draws, how often its samples are used (two samples of a class differ by one
    at most), and the share of them that is never seen; beside it, what as many draws with
    replacement would be expected to miss. A training writes the same to its run's ledger.json.

    **Examples**

      fer-data plan fer2013/ --balance oversample --epochs 10

      fer-data plan fer2013.csv --balance progressive:20 --epochs 30 --plot plan.png

      fer-data plan train/ --balance counts:disgust=2000,happy=4000 --json
    """
    from fer_data import readers, render
    from fer_data.ledger import plan_ledger

    manifest = readers.read(path, skip_bad=skip_bad)
    if "train" not in manifest.splits or not manifest.counts("train").any():
        raise DataError(f"{path}: no labelled training split to plan")
    if missing := manifest.without_samples("train"):
        say(f"no training samples of {', '.join(missing)}")
    ledger = plan_ledger(
        manifest.counts("train"),
        manifest.class_names,
        balance,
        epochs=epochs,
        batch_size=batch_size,
        epoch_size=parse_epoch_size(epoch_size),
    )
    if plot is not None:
        from fer_data.ledger_plot import draw_ledger

        draw_ledger(ledger, plot)
    if as_json:
        print_json(ledger.to_dict())
    else:
        cli_support.out().print(render.ledger_table(ledger))


@app.command("convert-csv", no_args_is_help=True)
def convert_csv(
    csv: Annotated[
        Path,
        typer.Argument(metavar="CSV", readable=False, help="A FER2013 csv, gzipped or not."),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to make.")],
    test_apart: Apart = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave bad rows out and list them in rejects.csv.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Write into OUT though it holds other files.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a FER2013 csv as class folders of PNG files: OUT/SPLIT/CLASS/SPLIT_ROW.png.

    Pixels stay exactly those of the csv. OUT appears when all is written; a command that was
    interrupted goes on where it was when given again.

    **Examples**

      fer-data convert-csv fer2013.csv fer2013/

      fer-data convert-csv icml_face_data.csv.gz faces/ --test-apart --skip-bad
    """
    from fer_data import convert, render
    from fer_data.stats import SplitStats, Stats

    began = time.monotonic()
    done = convert.convert_csv(csv, out, merge_test=not test_apart, skip_bad=skip_bad, force=force)
    if as_json:
        rejects = [vars(reject) for reject in done.rejects]
        print_json({"out": str(done.out), "counts": done.counts, "rejects": rejects})
        return
    splits = {split: SplitStats(tuple(row.values())) for split, row in done.counts.items()}
    names = tuple(next(iter(done.counts.values())))
    cli_support.out().print(render.counts_table(Stats(str(out), "", names, splits, (), ())))
    say(
        f"{done.num_written:,} pictures in {out}, {time.monotonic() - began:.1f} s"
        + (f"; {done.num_reused:,} were there already" if done.num_reused else "")
        + (f"; {len(done.rejects):,} bad rows, see {out / 'rejects.csv'}" if done.rejects else "")
    )


@app.command(no_args_is_help=True)
def synthetic(
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="Folder to make, or a name that ends in .csv.")
    ],
    num_images: Annotated[
        int, typer.Option(min=21, help="Pictures in all splits together.")
    ] = 35_887,
    size: Annotated[int, typer.Option(min=8, max=1024, help="Side of the pictures.")] = 48,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same bytes.")] = 0,
) -> None:
    """Draw a data set of cartoon faces with FER2013's classes, splits and imbalance.

    **Examples**

      fer-data synthetic faces/ --num-images 6000

      fer-data synthetic faces.csv --seed 7
    """
    from fer_data.synthetic_files import write_synthetic

    write_synthetic(out, num_images=num_images, size=size, seed=seed)
    say(f"{num_images:,} drawn faces in {out}")


def main() -> None:
    """Run the command line."""
    cli_support.run(app, "fer-data")


if __name__ == "__main__":
    main()
