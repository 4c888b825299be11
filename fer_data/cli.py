"""``fer-data``: what to do with data before a training. A command is a thin call of the library."""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fer_data import cli_support
from fer_data.cli_support import (
    Contempt,
    Exclude,
    Ferplus,
    Fold,
    KeepUnusable,
    Splits,
    print_json,
    say,
    selection_of,
)
from fer_data.errors import DataError, UsageError
from fer_data.schedule import parse_epoch_size
from fer_data.strategy import FORMS

if TYPE_CHECKING:
    from fer_data.writers import Conversion

app = cli_support.new_app(
    "See what imbalanced image classes hold, and bring them into shape. "
    "A data set is a folder of class folders (below train/, test/ or not), a FER2013 csv, or what "
    "convert writes: .npz, parquet, TFRecord files."
)

DataPath = Annotated[
    Path,
    typer.Argument(  # the library says in one line what cannot be read
        metavar="PATH",
        readable=False,
        help="Folder of class folders, FER2013 csv, .npz, parquet or TFRecord.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Cache = Annotated[
    Path | None, typer.Option(help="Where decoded pictures are kept.", envvar="FER_DATA_CACHE")
]
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
    fail_drift: Annotated[
        float | None,
        typer.Option(
            metavar="V", help="Exit 1 if any split's classes differ from train's by more (0 to 1)."
        ),
    ] = None,
    test_apart: Apart = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave bad csv rows out instead of stopping.")
    ] = False,
    exclude: Exclude = None,
    splits: Splits = None,
    fold: Fold = None,
    ferplus: Ferplus = None,
    contempt: Contempt = False,
    keep_unusable: KeepUnusable = False,
) -> None:
    """Count the samples of each class and split, and show the imbalance.

    The imbalance ratio is the largest class over the smallest; the effective number of classes
    is the exponential of the entropy of their shares. Cramér's V says how far the classes of
    another split are from train's: below 0.1 negligible, from 0.3 medium, from 0.5 large. Pictures
    are counted, not decoded.

    **Examples**

      fer-data stats train/

      fer-data stats fer2013.csv --json

      fer-data stats dataset/ --fail-over 10 --fail-drift 0.1

      fer-data stats fer2013.csv --exclude audit.csv --splits folds.csv --fold 1

      fer-data stats fer2013.csv --ferplus fer2013new.csv
    """
    from fer_data import readers, render
    from fer_data.manifest import printable
    from fer_data.stats import compute_stats

    if as_json and as_csv:
        raise UsageError("choose one of --json and --csv")
    if fail_over is not None and not fail_over >= 1:
        raise UsageError(f"--fail-over is {fail_over:g}; a ratio is a number, 1 or more")
    if fail_drift is not None and not 0 <= fail_drift <= 1:
        raise UsageError(f"--fail-drift is {fail_drift:g}; Cramér's V is a number from 0 to 1")
    selection = selection_of(locals())
    manifest = readers.read(path, merge_test=not test_apart, skip_bad=skip_bad)
    found = compute_stats(manifest, selection=selection)
    if as_json:
        print_json(found.to_dict())
    elif as_csv:
        sys.stdout.write(render.counts_csv(found))
        for line in found.notes:
            say(line)
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
        if found.drift:
            console.print(render.drift_table(found.drift))
        if found.agreement and found.agreement.num_samples:
            console.print(render.agreement_table(found.agreement))
        for line in (*found.notes, *found.left_out):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    if fail_over is not None and math.isnan(found.imbalance_ratio):
        raise DataError(f"{path}: no sample has a label, so there is no ratio to check")
    if fail_drift is not None and not found.drift:
        raise DataError(f"{path}: no two splits with labels, train and another, to compare")
    failed = []
    if fail_over is not None and found.imbalance_ratio > fail_over:
        ratio = render.number(found.imbalance_ratio, 2)
        failed.append(f"imbalance ratio {ratio} is over {fail_over:g}")
    for one in found.drift:
        if fail_drift is not None and one.cramers_v > fail_drift:
            v = render.number(one.cramers_v, 3)
            failed.append(f"Cramér's V of train and {one.split}, {v}, is over {fail_drift:g}")
    for check in failed:
        say(f"fer-data: {check}")
    if failed:
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
    cache: Cache = None,
    skip_bad: SkipBad = False,
    exclude: Exclude = None,
    splits: Splits = None,
    fold: Fold = None,
    ferplus: Ferplus = None,
    contempt: Contempt = False,
    keep_unusable: KeepUnusable = False,
) -> None:
    """Draw a labelled grid of random samples, classes as rows.

    **Examples**

      fer-data samples train/ grid.png

      fer-data samples fer2013.csv grid.pdf --split test --columns 12
    """
    from fer_data.decode import PixelFormat
    from fer_data.sample_grid import draw_samples
    from fer_data.store import open_store

    selection = selection_of(locals())
    form = PixelFormat(size, size, color)  # type: ignore[arg-type]  # checked there
    store = open_store(path, form=form, cache=cache, skip_bad=skip_bad, selection=selection)
    draw_samples(store, out, split=split, columns=columns, seed=seed)
    for note in store.manifest.notes:
        say(note)
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
    exclude: Exclude = None,
    splits: Splits = None,
    fold: Fold = None,
    ferplus: Ferplus = None,
    contempt: Contempt = False,
    keep_unusable: KeepUnusable = False,
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

    manifest = readers.read(path, skip_bad=skip_bad, selection=selection_of(locals()))
    if "train" not in manifest.splits or not manifest.counts("train").any():
        raise DataError(f"{path}: no labelled training split to plan")
    if missing := manifest.without_samples("train"):
        say(f"no training samples of {', '.join(missing)}")
    for note in manifest.notes:
        say(note)
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


@app.command(no_args_is_help=True)
def audit(
    path: DataPath,
    fail_on: Annotated[
        str | None,
        typer.Option(
            metavar="KIND,...",
            help="Exit 1 where there is such a finding; also error, warning or note.",
        ),
    ] = None,
    exclusions: Annotated[
        Path | None,
        typer.Option(
            "--write-exclusions",
            metavar="FILE",
            help="List what training is better without, for --exclude of other commands.",
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with pictures of it, too.")
    ] = None,
    as_json: AsJson = False,
    test_apart: Apart = False,
    cache: Cache = None,
    exclude: Exclude = None,
    splits: Splits = None,
    fold: Fold = None,
    ferplus: Ferplus = None,
    contempt: Contempt = False,
    keep_unusable: KeepUnusable = False,
) -> None:
    """Look for what makes scores untrue: leaks, copies, torn labels, bad pictures, odd classes.

    Copies are found to the bit, and as versions of one photograph: flipped, shifted by a few
    pixels, brightened, resized, encoded anew. Nothing is ever deleted: --write-exclusions lists
    training samples to leave out. Kinds of findings: conflicting-labels, leaked-copies,
    leaked-near-copies, exact-duplicates, near-duplicates, oversampled-on-disk, missing-class,
    few-samples, similar-names, unreadable, odd-size, odd-color, flat, almost-flat, dark, bright,
    blurred.

    **Examples**

      fer-data audit fer2013/

      fer-data audit fer2013.csv --write-exclusions exclusions.csv

      fer-data audit dataset/ --fail-on leaked-copies,conflicting-labels --json
    """
    from fer_data import audit as room
    from fer_data.audit import tables
    from fer_data.manifest import printable

    selection = selection_of(locals())
    kinds = room.parse_kinds(fail_on) if fail_on is not None else ()
    found = room.audit_data(path, cache=cache, merge_test=not test_apart, selection=selection)
    if as_json:
        print_json(found.to_dict())
    else:
        manifest = found.manifest
        console = cli_support.out()
        console.print(
            f"{printable(str(manifest.root))}: {manifest.layout}, "
            f"{len(manifest) - manifest.num_excluded:,} pictures",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        console.print(tables.photographs_table(found))
        if found.findings:
            console.print(tables.findings_table(found))
        else:
            console.print("Nothing was found.")
        for line in (*manifest.notes, *manifest.left_out_summary()):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    if html is not None:
        from fer_data.report import write_audit_page

        write_audit_page(found, html)
        say(f"The findings with their pictures are in {html}")
    if exclusions is not None:
        number = room.write_exclusions(found.findings, found.manifest, exclusions)
        say(f"{number:,} samples are better left out of training; they are listed in {exclusions}")
        for line in room.nearly_emptied(found):
            say(line)
    if failed := found.of_kinds(kinds):
        say(f"fer-data: found {', '.join(dict.fromkeys(one.kind for one in failed))}")
        raise typer.Exit(cli_support.FAILED_CHECK)


@app.command(no_args_is_help=True)
def report(
    path: DataPath,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write index.html to.")],
    test_apart: Apart = False,
    cache: Cache = None,
    exclude: Exclude = None,
    splits: Splits = None,
    fold: Fold = None,
    ferplus: Ferplus = None,
    contempt: Contempt = False,
    keep_unusable: KeepUnusable = False,
) -> None:
    """Write a page of html on a data set: what it holds, and all that the audit finds.

    Counts by class and split, samples, the mean picture of each class, findings with their
    pictures, what each --balance would draw. The page needs nothing beside it: send it, print it.

    **Examples**

      fer-data report fer2013/ --out report/

      fer-data report fer2013.csv --out report/ --exclude exclusions.csv --splits splits.csv
    """
    from fer_data.report import write_report

    selection = selection_of(locals())
    page = write_report(path, out, cache=cache, merge_test=not test_apart, selection=selection)
    say(f"The report is {page}")


@app.command(no_args_is_help=True)
def split(
    path: DataPath,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The csv to write; by default splits.csv or folds.csv."),
    ] = None,
    validation: Annotated[
        float | None, typer.Option(metavar="SHARE", help="Share that validates; by default 0.1.")
    ] = None,
    test: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", help="Share that tests; by default 0.1, where no test split stays."
        ),
    ] = None,
    folds: Annotated[
        int | None, typer.Option(metavar="K", help="Divide into K folds instead.")
    ] = None,
    pool: Annotated[
        bool, typer.Option("--pool", help="Pool all splits and divide anew, test splits too.")
    ] = False,
    min_per_class: Annotated[
        int, typer.Option(min=0, metavar="N", help="Samples of each class on every side.")
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives another division.")] = 0,
    as_folders: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write DIR/SPLIT/CLASS/PICTURE too (hard links)."),
    ] = None,
    test_apart: Apart = False,
    exclude: Exclude = None,
    ferplus: Ferplus = None,
    contempt: Contempt = False,
    keep_unusable: KeepUnusable = False,
    as_json: AsJson = False,
    cache: Cache = None,
    skip_bad: SkipBad = False,
) -> None:
    """Divide a data set: stratified, reproducible, copies of a picture on one side.

    Without --pool a test split that the data brings stays as it is, and the rest is divided into
    train and validation. What is written is a small csv that all commands take by --splits; with
    --folds, --fold says which fold validates. Copies of a photograph, flipped, shifted, brightened,
    resized or encoded anew, are never divided.

    **Examples**

      fer-data split fer2013.csv --validation 0.1 --out splits.csv

      fer-data split fer2013/ --folds 5 --seed 1 --out folds.csv

      fer-model train fer2013/ --splits folds.csv --fold 1

      fer-data split faces/ --pool --as-folders divided/
    """
    from fer_data import render
    from fer_data.division import split_samples
    from fer_data.photographs import photograph_groups
    from fer_data.split_folders import write_split_folders
    from fer_data.store import open_store

    if folds and as_folders:
        raise UsageError("--folds and --as-folders: every fold would be in each of the folders")
    store = open_store(
        path,
        cache=cache,
        merge_test=not test_apart,
        skip_bad=skip_bad,
        selection=selection_of(locals()),
    )
    division = split_samples(
        store.manifest,
        photograph_groups(store.pixels),
        validation=validation,
        test=test,
        folds=folds,
        pool=pool,
        seed=seed,
        min_per_class=min_per_class,
    )
    if as_folders is not None:
        write_split_folders(division, store, as_folders)
    out = out or Path("folds.csv" if folds else "splits.csv")
    division.write(out)
    if as_json:
        print_json({**division.to_dict(), "out": str(out), "seed": seed})
    else:
        cli_support.out().print(render.division_table(division))
    for note in store.manifest.notes:
        say(note)
    if division.num_across:
        kept = ", ".join(division.names[-division.num_kept :])
        say(
            f"{division.num_across:,} photographs of what was divided have a version in {kept}, "
            "too; --pool would keep them together"
        )
    say(f"written to {out}; use it by --splits {out}" + (" --fold 1" if folds else ""))


@app.command(no_args_is_help=True)
def doubts(
    path: DataPath,
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Run folders, one a fold: `train --splits --fold`."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the doubted samples as csv, as for --exclude."),
    ] = None,
    most: Annotated[int, typer.Option(min=0, help="How many to show.")] = 20,
    ferplus: Ferplus = None,
    exclude: Exclude = None,
    test_apart: Apart = False,
    skip_bad: SkipBad = False,
    as_json: AsJson = False,
) -> None:
    """Rank samples whose label a model doubts that was not trained on them.

    By confident learning (arXiv:1911.00068). Train on folds first: each run's validation samples
    are those that it has not seen. With --ferplus the doubts are checked against FER+'s labels,
    which the runs must not have been trained on.

    **Examples**

      fer-data split fer2013.csv --folds 5 --out folds.csv

      fer-model train fer2013.csv --splits folds.csv --fold 1 --out runs/fold-1    # and so on

      fer-data doubts fer2013.csv runs/fold-* --out doubts.csv
    """
    from fer_data import readers, render
    from fer_data.doubts import check_doubts, find_doubts, read_predictions
    from fer_data.selection import Selection

    selection = Selection(exclude=exclude)
    manifest = readers.read(path, merge_test=not test_apart, skip_bad=skip_bad, selection=selection)
    found = find_doubts(manifest, *read_predictions(runs, manifest))
    check = None
    if ferplus is not None:
        other = Selection(exclude=exclude, ferplus=ferplus)
        check = check_doubts(
            found, readers.read(path, merge_test=not test_apart, skip_bad=skip_bad, selection=other)
        )
    listed = found.to_dicts()
    if out is not None:
        found.write(out)
    if as_json:
        print_json(
            {
                "num_predicted": len(found.rows),
                "check": vars(check) if check else None,
                "doubted": listed,
            }
        )
    else:
        console = cli_support.out()
        console.print(render.doubts_table(listed[:most], len(listed), len(found.rows)))
        if check:
            console.print(render.check_table(check))
    if out is not None:
        say(f"{len(listed):,} doubted samples are listed in {out}")


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
    from fer_data.writers import convert_csv

    began = time.monotonic()
    done = convert_csv(csv, out, merge_test=not test_apart, skip_bad=skip_bad, force=force)
    _show_conversion(done, began, as_json=as_json)


@app.command(no_args_is_help=True)
def convert(
    src: Annotated[
        Path,
        typer.Argument(metavar="SRC", help="Folder, csv, .npz, parquet or TFRecord data set."),
    ],
    dst: Annotated[Path, typer.Argument(metavar="DST", help="File or folder to make.")],
    to: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            help="folder, csv, npz, parquet or tfrecord; by default as DST ends, else folder.",
        ),
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=1, help="Side to bring every picture to.", show_default="own")
    ] = None,
    color: Annotated[
        str | None,
        typer.Option(help="grey or rgb, to bring every picture to.", show_default="own"),
    ] = None,
    test_apart: Apart = False,
    skip_bad: SkipBad = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace DST, or write into it though it holds other files."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a data set in another format: class folders, FER2013 csv, npz, parquet or TFRecord.

    Pixels, labels, splits and names stay as they are where the format holds them, and the bytes of
    image files between folders and parquet. --size and --color bring all pictures to one form; of
    the two, the one that is not given is 48, or grey. DST appears when all is written; a command
    that was interrupted before goes on where it was when given again.

    **Examples**

      fer-data convert dataset/ hub/ --to parquet

      fer-data convert photos/ photos.npz --size 64 --color rgb

      fer-data convert fer2013.csv records/ --to tfrecord

      fer-data convert hub/ fer2013.csv --size 48 --color grey
    """
    from fer_data import writers
    from fer_data.decode import PixelFormat

    began = time.monotonic()
    form = None
    if size is not None or color is not None:
        form = PixelFormat(size or 48, size or 48, color or "grey")  # type: ignore[arg-type]
    done = writers.convert(
        src,
        dst,
        to=to,  # type: ignore[arg-type]  # checked there
        form=form,
        merge_test=not test_apart,
        skip_bad=skip_bad,
        force=force,
    )
    _show_conversion(done, began, as_json=as_json)


def _show_conversion(done: Conversion, began: float, *, as_json: bool) -> None:
    from fer_data import render
    from fer_data.stats import SplitStats, Stats

    if as_json:
        print_json(done.to_dict())
        return
    splits = {
        split: SplitStats(tuple(row.values()), done.unlabelled.get(split, 0))
        for split, row in done.counts.items()
    }
    names = tuple(next(iter(done.counts.values())))
    cli_support.out().print(render.counts_table(Stats(str(done.out), "", names, splits, (), ())))
    say(
        f"{done.num_written:,} pictures in {done.out}, {time.monotonic() - began:.1f} s"
        + (f"; {done.num_reused:,} were there already" if done.num_reused else "")
        + "".join(f"; {change}" for change in done.changes)
        + (f"; {done.rejects_text()}" if done.rejects else "")
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
