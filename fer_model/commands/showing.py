"""What a comparison found, on the terminal and in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fer_data.terminal import cli_support
from fer_data.terminal.cli_support import print_json, print_table, say
from fer_data.util.files import write_json, write_text

if TYPE_CHECKING:
    from fer_model.comparison.results import Results


def show_results(results: Results, markdown: Path | None, *, as_json: bool) -> None:
    """Print a comparison; write its page, its figures and, where asked for, markdown.

    Page and figures go to its folder, where it has one.
    """
    from fer_model import render
    from fer_model.reporting.markdown import as_markdown
    from fer_model.reporting.page import write_comparison
    from fer_model.reporting.summary import Summary

    summary = Summary(results)
    if results.out is not None:
        write_json(results.out / "results.json", summary.to_dict())
        write_comparison(summary, results.out / "index.html")
    if markdown is not None:
        write_text(markdown, as_markdown(summary))
    if as_json:
        print_json(summary.to_dict())
        return
    print_table([render.arms_table(results)])
    print_table([render.differences_table(results)])
    console = cli_support.out()
    for one in summary.main:
        beside = f"Beside it: {summary.cost_of(one.difference.arm)}."
        console.print(f"{one.text} {beside}", markup=False, highlight=False, soft_wrap=True)
    for note in summary.notes():
        say(note)
    if results.out is not None:
        say(f"The report is {results.out / 'index.html'}")
