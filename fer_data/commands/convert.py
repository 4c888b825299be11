"""Conversions between formats."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fer_data.commands.options import Apart, AsJson, Layout, SkipBad, load_options
from fer_data.terminal.cli_support import print_json, print_table, say
from fer_data.util.words import counted

if TYPE_CHECKING:
    from fer_data.writers import Conversion


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
    done = convert_csv(csv, out, test_apart=test_apart, skip_bad=skip_bad, force=force)
    _show_conversion(done, began, as_json=as_json)


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
    layout: Layout = None,
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
    from fer_data.data.decode import PixelFormat

    began = time.monotonic()
    form = None
    if size is not None or color is not None:
        form = PixelFormat(size or 48, size or 48, color or "grey")  # type: ignore[arg-type]
    done = writers.convert(
        src,
        dst,
        to=to,  # type: ignore[arg-type]  # checked there
        form=form,
        force=force,
        **load_options(locals()),
    )
    _show_conversion(done, began, as_json=as_json)


def _show_conversion(done: Conversion, began: float, *, as_json: bool) -> None:
    from fer_data.analysis.stats import SplitStats, Stats
    from fer_data.terminal import render

    if as_json:
        print_json(done.to_dict())
        return
    splits = {
        split: SplitStats(tuple(row.values()), done.unlabelled.get(split, 0))
        for split, row in done.counts.items()
    }
    names = tuple(next(iter(done.counts.values())))
    print_table(render.counts_tables(Stats(str(done.out), "", names, splits, (), ())))
    say(
        f"{counted(done.num_written, 'picture')} in {done.out}, {time.monotonic() - began:.1f} s"
        + (f"; {counted(done.num_reused, 'was', 'were')} there already" if done.num_reused else "")
        + "".join(f"; {change}" for change in done.changes)
        + (f"; {done.rejects_text()}" if done.rejects else "")
    )
