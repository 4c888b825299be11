"""What a comparison found, on the terminal and in its folder."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from fer_data.terminal import cli_support
from fer_data.terminal.cli_support import print_json, print_table, say
from fer_data.util.files import write_json, write_text
from fer_model.commands.compared import ComparisonOutput

if TYPE_CHECKING:
    from fer_model.comparison.results import Results


def show_results(results: Results, output: ComparisonOutput) -> None:
    """Print a comparison; write its page, its figures and what else is asked for.

    Page and figures go to its folder, where it has one.
    """
    from fer_model import render
    from fer_model.reporting.markdown import as_markdown
    from fer_model.reporting.page import write_comparison, write_figures
    from fer_model.reporting.summary import Summary
    from fer_model.reporting.table import as_latex

    results = dataclasses.replace(results, **output.judged_by())
    summary = Summary(results, auroc=bool(output.auroc))
    if results.out is not None:
        write_json(results.out / "results.json", summary.to_dict())
        write_comparison(summary, results.out / "index.html")
    if output.markdown is not None:
        write_text(output.markdown, as_markdown(summary))
    if output.latex is not None:
        write_text(output.latex, as_latex(summary))
    if output.figures is not None:
        write_figures(summary, output.figures)
    if output.as_json:
        print_json(summary.to_dict())
        return
    print_table([render.arms_table(summary)])
    print_table([render.differences_table(summary)])
    console = cli_support.out()
    console.print(f"{summary.headline}.", markup=False, highlight=False, soft_wrap=True)
    for one in summary.main:
        cost = f"Also: {summary.cost_of(one.difference.arm)}."
        console.print(f"{one.text} {cost}", markup=False, highlight=False, soft_wrap=True)
    for note in summary.notes():
        say(note)
    if results.out is not None:
        say(f"The report is {results.out / 'index.html'}")
