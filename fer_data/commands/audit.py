"""The audit of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fer_data.commands.fields import OUTPUT
from fer_data.commands.options import AsJson, AuditedData, Cache, DataPath
from fer_data.commands.outputs import check_output, written
from fer_data.commands.program import FAILED_CHECK
from fer_data.errors import UsageError
from fer_data.terminal.cli_support import print_json, print_line, print_table, say
from fer_data.util.words import counted


def audit(
    path: DataPath,
    /,
    *,
    fail_on: Annotated[
        str | None,
        Parameter(
            metavar="KIND,...",
            help="Exit 1 where there is such a finding; also error, warning or note.",
        ),
    ] = None,
    exclusions: Annotated[
        Path | None,
        Parameter(
            name="--write-exclusions",
            metavar="FILE",
            help="Write the samples to exclude from training, for --exclude of other commands.",
            group=OUTPUT,
        ),
    ] = None,
    html: Annotated[
        Path | None,
        Parameter(
            metavar="FILE",
            help="Write an html page with the findings and their images.",
            group=OUTPUT,
        ),
    ] = None,
    as_json: AsJson = False,
    cache: Cache = None,
    data: AuditedData = AuditedData(),
) -> int:
    """Look for what makes scores wrong: leaks, duplicates, conflicting labels, bad images.

    Examples::

        fer-data audit fer2013/
        fer-data audit fer2013.csv --write-exclusions exclusions.csv
        fer-data audit faces/ --fail-on leaked-duplicates,conflicting-labels --json

    Near-duplicates are found, too: images flipped, shifted by a few pixels, brightened, resized
    or encoded again. Nothing is ever deleted: --write-exclusions lists the training samples to
    exclude. Kinds of findings: conflicting-labels, leaked-duplicates, leaked-near-duplicates,
    leaked-groups, exact-duplicates, near-duplicates, similar-images, oversampled-on-disk,
    missing-class, few-samples, similar-class-names, unreadable, odd-size, odd-color,
    image-drift, flat, low-contrast, dark, bright, blurred.
    """
    from fer_data import auditing
    from fer_data.terminal import audit_tables
    from fer_data.util.words import printable

    check_output(exclusions, [path], data)
    check_output(html, [path], data)
    kinds = auditing.parse_kinds(fail_on) if fail_on is not None else ()
    result = auditing.audit(path, cache=cache, **data.given())
    if "leaked-groups" in kinds and result.dataset.groups is None:
        raise UsageError(
            "--fail-on leaked-groups: the data has no groups; name their column",
            fix={"group_column": []},
        )
    if len(result.dataset.splits) < 2 and (leaks := [k for k in kinds if k.startswith("leaked")]):
        raise UsageError(
            f"--fail-on {leaks[0]}: the data has one split, {result.dataset.splits[0]}, in which "
            "nothing can leak; give the splits",
            fix={"splits": []},
        )
    if as_json:
        print_json(result.to_dict())
    else:
        dataset = result.dataset
        images = counted(len(dataset), "image")
        print_line(f"{printable(str(dataset.root))}: {dataset.layout}, {images}")
        print_table([audit_tables.counts_table(result)])
        if result.findings:
            print_table(audit_tables.findings_tables(result))
        else:
            print_line("Nothing was found.")
        for line in (*dataset.notes, *dataset.skipped_summary()):
            print_line(line)
    if html is not None:
        from fer_data.reporting import write_audit_page

        write_audit_page(result, html)
        say(f"The findings with their images are in {html}")
    if exclusions is not None:
        with written(exclusions):
            number = auditing.write_exclusions(result.findings, result.dataset, exclusions)
        better = counted(number, "sample is", "samples are")
        say(f"{better} to be excluded from training, as listed in {exclusions}")
        for line in auditing.nearly_emptied(result):
            say(line)
    if failed := result.of_kinds(kinds):
        say(f"fer-data: found {', '.join(dict.fromkeys(finding.kind for finding in failed))}")
        return FAILED_CHECK
    return 0
