"""What makes a data set's scores untrue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fer_data.commands.options import (
    Apart,
    AsJson,
    Cache,
    Contempt,
    DataPath,
    Exclude,
    Ferplus,
    Fold,
    KeepUnusable,
    Layout,
    Splits,
    load_options,
)
from fer_data.commands.outputs import check_output, written
from fer_data.terminal import cli_support
from fer_data.terminal.cli_support import print_json, print_table, say
from fer_data.util.words import counted


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
    layout: Layout = None,
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
    from fer_data import auditing
    from fer_data.terminal import audit_tables
    from fer_data.util.words import printable

    check_output(exclusions, locals())
    check_output(html, locals())
    options = load_options(locals())
    kinds = auditing.parse_kinds(fail_on) if fail_on is not None else ()
    found = auditing.audit_data(path, cache=cache, **options)
    if as_json:
        print_json(found.to_dict())
    else:
        dataset = found.dataset
        console = cli_support.out()
        console.print(
            f"{printable(str(dataset.root))}: {dataset.layout}, {counted(len(dataset), 'picture')}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        print_table([audit_tables.photographs_table(found)])
        if found.findings:
            print_table(audit_tables.findings_tables(found))
        else:
            console.print("Nothing was found.")
        for line in (*dataset.notes, *dataset.left_out_summary()):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    if html is not None:
        from fer_data.reporting import write_audit_page

        write_audit_page(found, html)
        say(f"The findings with their pictures are in {html}")
    if exclusions is not None:
        with written(exclusions):
            number = auditing.write_exclusions(found.findings, found.dataset, exclusions)
        better = counted(number, "sample is", "samples are")
        say(f"{better} better left out of training, as listed in {exclusions}")
        for line in auditing.nearly_emptied(found):
            say(line)
    if failed := found.of_kinds(kinds):
        say(f"fer-data: found {', '.join(dict.fromkeys(one.kind for one in failed))}")
        raise typer.Exit(cli_support.FAILED_CHECK)
