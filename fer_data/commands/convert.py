"""Conversions between formats."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from fer_data.commands.fields import DATA, OUTPUT, Given, fields_of
from fer_data.commands.options import WORDS, AsJson, DataOptions
from fer_data.data.options import LoadOptions
from fer_data.terminal.cli_support import print_json, print_table, say
from fer_data.util.words import counted

if TYPE_CHECKING:
    from fer_data.writers import Conversion


@fields_of(LoadOptions, WORDS, group=DATA, only=("skip_bad", "test_apart"))
class CsvOptions(Given):
    """How a FER2013 csv is read by what writes it as folders."""


def convert_csv(
    csv: Annotated[Path, Parameter(help="A FER2013 csv, gzipped or not.")],
    out: Annotated[Path, Parameter(help="Folder to make.")],
    /,
    *,
    as_json: AsJson = False,
    data: CsvOptions = CsvOptions(),
) -> None:
    """Write a FER2013 csv as class folders of PNG files: OUT/SPLIT/CLASS/SPLIT_ROW.png.

    Examples::

        fer-data convert-csv fer2013.csv fer2013/
        fer-data convert-csv icml_face_data.csv.gz faces/ --test-apart --skip-bad

    Pixels stay exactly those of the csv. OUT is a new or an empty folder, and appears when all is
    written.
    """
    from fer_data.fer2013.csv_to_folder import convert_csv

    began = time.monotonic()
    done = convert_csv(csv, out, **data.given())
    _show_conversion(done, began, as_json=as_json)


def convert(
    src: Annotated[Path, Parameter(help="Folder, csv, .npz, parquet or TFRecord data set.")],
    dst: Annotated[Path, Parameter(help="File or folder to make.")],
    /,
    *,
    to: Annotated[
        str | None,
        Parameter(
            metavar="FORMAT",
            help="folder, csv, npz, parquet or tfrecord; by default as DST ends, else folder.",
            group=OUTPUT,
        ),
    ] = None,
    size: Annotated[
        int | None,
        Parameter(
            metavar="PIXELS",
            help="Resize every image to this side; by default its own.",
            validator=Number(gte=1),
            group=OUTPUT,
        ),
    ] = None,
    color: Annotated[
        str | None,
        Parameter(
            metavar="COLOR",
            help="Convert every image to grey or rgb; by default its own.",
            group=OUTPUT,
        ),
    ] = None,
    as_json: AsJson = False,
    data: DataOptions = DataOptions(),
) -> None:
    """Write a data set in another format: class folders, FER2013 csv, npz, parquet or TFRecord.

    Examples::

        fer-data convert dataset/ hub/ --to parquet
        fer-data convert photos/ photos.npz --size 64 --color rgb
        fer-data convert fer2013.csv records/ --to tfrecord
        fer-data convert hub/ fer2013.csv --size 48 --color grey

    Pixels, labels, splits and names stay as they are where the format holds them, and the bytes of
    image files between folders and parquet. --size and --color change what they say, and nothing
    else. DST is new, or an empty folder, and appears when all is written.
    """
    from fer_data import writers
    from fer_data.data.image_format import FormatRequest, sides_of

    began = time.monotonic()
    form = None
    if size is not None or color is not None:
        form = FormatRequest(sides_of(size), color)  # type: ignore[arg-type]  # checked later
    done = writers.convert(
        src,
        dst,
        to=to,  # type: ignore[arg-type]  # checked there
        form=form,
        **data.given(),
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
    print_table(render.counts_tables(Stats(str(done.out), "", names, splits)))
    say(
        f"{counted(done.num_written, 'image')} in {done.out}, {time.monotonic() - began:.1f} s"
        + "".join(f"; {change}" for change in done.changes)
        + (f"; {done.rejects_text()}" if done.rejects else "")
    )
