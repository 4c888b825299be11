"""Arms side by side, with statistics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fer_data.commands.fields import refuse_others
from fer_data.errors import UsageError
from fer_data.extras import require
from fer_data.terminal import cli_support
from fer_data.terminal.cli_support import print_json, print_table
from fer_model.commands.compared import (
    SEEDS,
    SHOWN,
    Cluster,
    ComparisonOutput,
    Question,
    show_results,
)
from fer_model.commands.options import ComparedRecipeOptions, Named, TrainingData, make_recipe
from fer_model.commands.session import data_name, net_name
from fer_model.comparison.arm import split_arms
from fer_model.environment import set_data_on_device
from fer_model.training.own_settings import OWN
from fer_model.training.recipes import COMPARED


def compare(
    *paths: Annotated[
        Path,
        Parameter(
            required=True,
            help="A data set, with --arms; a comparison's folder, alone or with more --arms or "
            "--seeds; or finished runs.",
        ),
    ],
    question: Question = Question(),
    recipe: Named = None,
    changes: ComparedRecipeOptions = ComparedRecipeOptions(),
    data: TrainingData = TrainingData(),
    output: ComparisonOutput = ComparisonOutput(),
    machine: Cluster = Cluster(),
) -> None:
    """Train arms with several seeds and say which one helps, with intervals.

    Examples::

        fer-model compare fer2013/ --arms none,oversample --seeds 6 --out comparison
        fer-model compare comparison --arms crt --seeds 8
        fer-model compare comparison --markdown verdict.md
        fer-model compare runs/none runs/oversample

    An arm is a strategy (none, oversample, class-weights, ...), a loss (focal:2, balanced-softmax,
    ldam-drw:0.5, logit-adjusted:1, ...), a mix (mixup:0.2, ...), a new head on the trained net
    (post-hoc:1, tau-norm, crt), or some of these with a plus between them. All get the same number
    of steps, the same first weights and the same seeds; the last epoch's model counts, and the
    test split is scored once a run. Given again, the command goes on where it was stopped, and
    with more arms or seeds it trains those that are missing.
    """
    from fer_data.data.reading import load
    from fer_model.comparison.reading import is_comparison

    set_data_on_device(machine.data_on_device)
    output.check()
    is_folder = len(paths) == 1 and is_comparison(paths[0])
    trains = question.arms is not None or question.seeds is not None
    why, but = _refused(paths, is_folder=is_folder, trains=trains)
    if why and recipe is not None:
        raise UsageError(f"--recipe cannot be given here: {why}")
    if why:
        refuse_others(why, question, changes, data, output, machine, but=(*but, "as_json"))
    if not is_folder and question.arms is None:
        _side_by_side(paths, as_json=bool(output.as_json))
        return
    if not trains:
        from fer_model.comparison.reading import read_results

        show_results(read_results(paths[0], **output.judged_by()), output)
        return
    from fer_model.comparison import compare as comparison

    if machine.ray is not None:
        require("--ray", "ray")
    arms, given = split_arms(question.arms or ""), changes.given()
    where = {name: value for name, value in machine.given().items() if name != "data_on_device"}
    judged_by = output.judged_by()
    if is_folder:
        first = given.get("seed", 0)
        seeds = () if question.seeds is None else range(first, first + question.seeds)
        own = {name: given[name] for name in OWN if name in given}
        results = comparison.extend(
            paths[0], arms, seeds, report=False, **own, **judged_by, **where
        )
    else:
        if question.steps is not None and "epochs" in given:
            raise UsageError("--steps and --epochs both say how long a run is; give one")
        made = make_recipe(recipe, changes, COMPARED)
        results = comparison.compare(
            load(paths[0], **data.given()),
            arms,
            question.seeds or SEEDS,
            out=output.out or Path("runs") / f"{data_name(paths[0])}-{net_name(made)}",
            recipe=made,
            num_steps=question.steps,
            figure=question.figure or "balanced_accuracy",
            report=False,  # which follows, with the options of output
            **judged_by,
            **where,
        )
    show_results(results, output)


def _refused(
    paths: Sequence[Path], *, is_folder: bool, trains: bool
) -> tuple[str, tuple[str, ...]]:
    """Return why most options cannot be given, if so, and which can."""
    if is_folder and trains:
        where = ("ray", "num_at_once", "cache", "data_on_device")  # it trains, not what
        but = ("arms", "seeds", "seed", *OWN, *SHOWN, *where)
        return f"{paths[0]} continues with its own settings", but
    if is_folder:
        return "without --arms a comparison is only read", SHOWN
    if trains and len(paths) == 1:
        return "", ()
    if trains:
        raise UsageError("--arms: expected one data PATH")
    if len(paths) == 1:
        raise UsageError(
            f"{paths[0]}: not a comparison; name two runs, or --arms to train on a data set"
        )
    return "finished runs are only compared", ()


def _side_by_side(paths: Sequence[Path], *, as_json: bool) -> None:
    from fer_model.comparison.side_by_side import side_by_side
    from fer_model.render import side_by_side_table

    comparison = side_by_side(paths)
    if as_json:
        print_json(comparison.to_dict())
        return
    console = cli_support.out()
    print_table([side_by_side_table(comparison)])
    for warning in comparison.warnings:
        console.print(f"[yellow]Note:[/] {warning}.", highlight=False, soft_wrap=True)
