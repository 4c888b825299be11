"""Arms side by side, with statistics."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fer_data.commands.options import (
    AsJson,
    Cache,
    Contempt,
    Exclude,
    Ferplus,
    Fold,
    KeepUnusable,
    Layout,
    SkipBad,
    Soft,
    Splits,
    load_options,
)
from fer_data.data.reading import load
from fer_data.errors import UsageError
from fer_data.extras import require
from fer_data.terminal import cli_support
from fer_data.terminal.cli_support import print_json, print_table, say
from fer_data.util.entry import INTERRUPTED
from fer_data.util.files import refuse_special, write_json, write_text
from fer_model.commands.options import (
    Augment,
    AugmentRare,
    Average,
    Batch,
    Clip,
    Color,
    DataOnDevice,
    Decay,
    Epochs,
    EpochSize,
    Factor,
    Fraction,
    Keep,
    MinRate,
    Named,
    Net,
    Optimizer,
    Patience,
    Precision,
    Rate,
    Rescale,
    Schedule,
    Seed,
    Size,
    Smoothing,
    Steps,
    Subset,
    TestTime,
    is_given,
    make_recipe,
    refuse_others,
)
from fer_model.commands.session import data_name, import_keras
from fer_model.comparison.arm import FORMS
from fer_model.comparison.protocol import FILE
from fer_model.environment import set_data_on_device

if TYPE_CHECKING:
    from fer_model.comparison.results import Results


def compare(
    context: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH | FOLDER | RUN...",
            help="A data set, with --arms; a comparison's folder, alone or with more --arms or "
            "--seeds; or finished runs.",
        ),
    ],
    arms: Annotated[
        str | None,
        typer.Option(
            help="Train and compare these on PATH, the baseline first; an arm is one of "
            f"{', '.join(FORMS)}, or some with a plus between them."
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Runs of each arm, each a seed.")] = 3,
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Steps of a run in all, to whole epochs, in place of --epochs."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the comparison; what is there is not made anew.")
    ] = None,
    figure: Annotated[
        str,
        typer.Option(
            help="What the verdict goes by: accuracy, balanced_accuracy, macro_f1, geometric_mean."
        ),
    ] = "balanced_accuracy",
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Train on a Ray cluster: local starts Ray here, auto finds one, else host:port or "
            "ray://host:port; nodes need the data at the same path.",
        ),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the verdict as markdown, too.")
    ] = None,
    as_json: AsJson = False,
    recipe: Named = None,
    net: Net = "documented",
    augment: Augment = "flip",
    augment_rare: AugmentRare = None,
    epoch_size: EpochSize = "own",
    batch_size: Batch = 64,
    epochs: Epochs = 100,
    steps_per_epoch: Steps = None,
    optimizer: Optimizer = "adam",
    weight_decay: Decay = 0.0,
    clip_norm: Clip = None,
    label_smoothing: Smoothing = 0.0,
    average: Average = 0.0,
    precision: Precision = "float32",
    learning_rate: Rate = 3.5e-4,
    schedule: Schedule = "cosine",
    plateau_factor: Factor = 0.1,
    plateau_patience: Patience = 2,
    min_learning_rate: MinRate = 1e-5,
    keep: Keep = "last",
    validation_fraction: Fraction = 0.1,
    subset: Subset = 1.0,
    seed: Seed = 0,
    image_size: Size = None,
    color: Color = None,
    rescale: Rescale = 1.0,
    test_time: TestTime = "none",
    data_on_device: DataOnDevice = None,
    cache: Cache = None,
    skip_bad: SkipBad = False,
    layout: Layout = None,
    exclude: Exclude = None,
    splits: Splits = None,
    fold: Fold = None,
    ferplus: Ferplus = None,
    soft: Soft = False,
    contempt: Contempt = False,
    keep_unusable: KeepUnusable = False,
) -> None:
    """Train arms with several seeds and say which one helps, with intervals.

    An arm is a strategy (none, oversample, class-weights, ...), a loss (focal:2, balanced-softmax,
    ldam-drw:0.5, logit-adjusted:1, ...), a mix (mixup:0.2, ...), a new head on the trained net
    (post-hoc:1, tau-norm, crt), or some of these with a plus between them. All get the same number
    of steps, the same first weights and the same seeds; the last epoch's model counts, and the
    test split is scored once a run. Given again, the command goes on where it was stopped, and
    with more arms or seeds it trains those that are missing.

    **Examples**

      fer-model compare fer2013/ --arms none,oversample,focal:2 --seeds 6 --out comparison

      fer-model compare comparison --arms crt --seeds 8

      fer-model compare comparison --markdown verdict.md

      fer-model compare runs/none runs/oversample
    """
    set_data_on_device(data_on_device)
    if markdown is not None:
        refuse_special(markdown)  # before the trainings
    is_folder = len(paths) == 1 and (paths[0] / FILE).exists()
    more_seeds = is_given(context, "seeds")
    if is_folder and (arms is not None or more_seeds):
        known = {"paths", "arms", "seeds", "seed", "as_json", "markdown"}
        known |= {"ray", "cache", "data_on_device"}  # where it trains, not what
        refuse_others(context, known, f"{paths[0]} goes on with the settings that it has")
        from fer_model.comparison import compare as comparison

        results = _unless_stopped(
            comparison.extend(
                paths[0],
                split_arms(arms or ""),
                range(seed, seed + seeds) if more_seeds else (),
                ray=_checked(ray),
                cache=cache,
            )
        )
    elif arms is not None:
        if len(paths) != 1:
            raise UsageError("--arms wants one data PATH")
        if steps is not None and is_given(context, "epochs"):
            raise UsageError("--steps and --epochs both say how long a run is; give one")
        options = locals()
        made = make_recipe(context, options)
        data = load(paths[0], **load_options(options))
        ray = _checked(ray)
        from fer_model.comparison import compare as comparison

        results = _unless_stopped(
            comparison.compare(
                made,
                data,
                split_arms(arms),
                range(seed, seed + seeds),
                out or Path("runs") / f"{data_name(paths[0])}-{made.net}",
                figure=figure,
                num_steps=steps,
                ray=ray,
                cache=cache,
            )
        )
    elif is_folder:
        known = {"paths", "as_json", "markdown"}
        refuse_others(context, known, "the comparison is read as it is; with --arms it goes on")
        from fer_model.comparison.results import read_results

        results = read_results(paths[0])
    elif len(paths) == 1:
        raise UsageError(
            f"{paths[0]}: no comparison is there; name two runs, or --arms to train on a data set"
        )
    else:
        refuse_others(context, {"paths", "as_json"}, "finished runs are only compared")
        _side_by_side(paths, as_json=as_json)
        return
    _show(results, markdown, as_json=as_json)


def _checked(ray: str | None) -> str | None:
    """Refuse a cluster without Ray; import keras quietly, which Ray's module wants."""
    if ray is not None:
        require("--ray", "ray")
        import_keras()
    return ray


def _unless_stopped(results: Results | None) -> Results:
    if results is None:
        say("Stopped. The same command goes on with it.")
        raise typer.Exit(INTERRUPTED)
    return results


def split_arms(arms: str) -> list[str]:
    """Split what ``--arms`` takes at its commas, but not those between the numbers of counts."""
    return [arm.strip() for arm in re.split(r",(?![^,:]+=[0-9]+)", arms) if arm.strip()]


def _show(results: Results, markdown: Path | None, *, as_json: bool) -> None:
    """Print a comparison, and write its page, its figures and, where asked for, markdown."""
    from fer_model import render
    from fer_model.reporting.markdown import as_markdown
    from fer_model.reporting.page import write_comparison
    from fer_model.reporting.summary import Summary

    summary = Summary(results)
    write_json(results.out / "results.json", summary.to_dict())
    page = results.out / "index.html"
    write_comparison(summary, page)
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
    say(f"The report is {page}")


def _side_by_side(paths: list[Path], *, as_json: bool) -> None:
    from fer_model.comparison.side_by_side import side_by_side
    from fer_model.render import side_by_side_table

    found = side_by_side(paths)
    if as_json:
        print_json(found.to_dict())
        return
    console = cli_support.out()
    print_table([side_by_side_table(found)])
    for warning in found.warnings:
        console.print(f"[yellow]Note:[/] {warning}.", highlight=False, soft_wrap=True)
