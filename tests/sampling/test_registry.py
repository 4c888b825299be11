"""One registry: every choice prints as it parses, and plug-ins are taken wherever others are."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import fer_data
from fer_data import plugins
from fer_data.errors import UsageError
from fer_data.parameters import REQUIRED, ClassCounts, Integer, Number
from fer_data.registry import Choice, Registry
from fer_data.sampling.strategy import Strategy
from fer_data.sampling.weights import Scheme
from fer_data.transforms.mixing import Mixing
from fer_model.comparison.arm import forms
from fer_model.heads.choice import HeadChoice
from fer_model.losses.choice import LossChoice
from fer_model.training.nets import NetChoice
from fer_model.training.optimizers import OptimizerChoice
from fer_model.training.recipe import Recipe
from tests.conftest import MakeFolder
from tests.helpers.registered import every

KINDS = (Strategy, Scheme, Mixing, LossChoice, HeadChoice, NetChoice, OptimizerChoice)
CHOICES = [choice for kind in KINDS for choice in every(kind, class_names=("a:+b", "c,=%"))]


@pytest.mark.parametrize("choice", CHOICES, ids=repr)
def test_a_choice_is_a_value_that_reads_back(choice: Choice) -> None:
    for again in (
        type(choice).parse(str(choice)),
        type(choice)(choice.name, *choice.parameters),
        type(choice)(*str(choice).split(":", len(choice.parameters))),
        pickle.loads(pickle.dumps(choice)),
    ):
        assert again == choice
        assert hash(again) == hash(choice)
        assert str(again) == str(choice)


@pytest.mark.parametrize("choice", CHOICES, ids=repr)
def test_what_is_no_value_is_refused_with_what_is(choice: Choice) -> None:
    form, parameters = choice.entry.forms(explained=True)[-1], choice.entry.parameters
    least = sum(parameter.default is REQUIRED for parameter in parameters)
    for words in (["x"] * len(parameters), [""] * (least - 1), ["1"] * (len(parameters) + 1)):
        text = ":".join([choice.name, *words])
        if text != choice.name or least:
            with pytest.raises(UsageError) as raised:
                type(choice).parse(text)
            assert form in str(raised.value)
            assert repr(text) in str(raised.value)


@pytest.mark.parametrize("kind", KINDS)
@given(st.text())
def test_any_other_text_is_refused_with_all_forms(kind: type[Choice], text: str) -> None:
    assume(kind.registry.get(text.partition(":")[0]) is None)
    with pytest.raises(UsageError) as raised:
        kind.parse(text)
    assert str(raised.value).startswith(f"{kind.registry.kind}: got ")
    assert all(form in str(raised.value) for form in kind.forms())


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        (Number("X", 0, 1), [0, 1.0, "0.5", "1e-3"], [-1, 1.5, True, None, "x", "nan", "inf"]),
        (Number("X", 0, excluding=0), [1e-9, 1e9], [0, "0", float("inf")]),
        (Number("X"), [-5], [10**400]),
        (Integer("N", 1, 5), [1, "5"], [0, 6, 2.0, True, "1.0", "", " 1", "9" * 5000]),
        (ClassCounts(), [{"a": 1}, [("a", 0)], "a=1,b=2"], [{}, "", "a", "a=1,", "=1", {"a": -1}]),
    ],
)
def test_a_parameter_reads_what_it_can_mean(parameter: Any, good: Any, bad: Any) -> None:
    for value in good:
        read = parameter.read(value)
        assert parameter.read(read) == parameter.read(parameter.print(read)) == read
    for value in bad:
        with pytest.raises((TypeError, ValueError, OverflowError)):
            parameter.read(value)


def test_a_name_is_registered_once_and_can_be_typed() -> None:
    registry = Registry("cake", aliases={"pie": "tart"}, sweet=True)
    registry.register("tart", sweet=False)(len)
    for name in ("tart", "pie", "a:b", "a+b", "a,b", "", "1"):
        with pytest.raises(UsageError, match="cake"):
            registry.register(name)
    with pytest.raises(UsageError, match="no trait is called salty"):
        registry.register("bread", salty=True)
    found = registry.get("pie")
    assert found is not None
    assert (found.name, found.traits["sweet"]) == ("tart", False)


def test_what_is_registered_is_listed_and_suggested() -> None:
    assert {"none", "counts:NAME=N,...", "class-weights:x-root", "tau-norm:TAU"} <= {*forms()}
    assert "x-focal:GAMMA  " in repr(LossChoice.registry)
    with pytest.raises(UsageError, match="got 'oversampel:1'. Did you mean oversample"):  # noqa: RUF043
        Strategy.parse("oversampel:1")


def test_a_strategy_of_wrong_shape_or_draws_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Strategy.registry, "_entries", dict(Strategy.registry._entries))
    for name, function in {
        "short": lambda counts: counts[:1],
        "negative": lambda counts: -counts,
        "unknown": lambda counts: counts * float("nan"),
        "made-up": lambda counts: counts + 1,
    }.items():
        fer_data.STRATEGIES.register(name)(function)
        with pytest.raises(UsageError, match=f"balance {name}: expected a number of draws"):
            fer_data.plan_ledger([3, 0], ["a", "b"], name)


PLUGIN = """
import fer_data
import fer_model

@fer_data.STRATEGIES.register("mine", fer_data.Number("X", 0, 1))
def mine(counts, x):
    return counts * x

@fer_model.LOSSES.register("plain")
def plain(counts):
    return "categorical_crossentropy"
"""


def test_commands_and_their_processes_know_plug_ins(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    path = tmp_path / "my_plugin.py"
    path.write_text(PLUGIN)
    data = make_folder({"train/a": 6, "train/b": 2}, side=12)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(tmp_path)])}

    def run(place: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "fer_data.cli", "plan", *map(str, words)]
        variables = {**env, plugins.VARIABLE: place}
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)

    planned = run(str(path), data, "--balance", "mine:0.5", "--json")
    assert json.loads(planned.stdout)["balance"] == "mine:0.5", planned.stderr
    assert "mine:X" in run("my_plugin", "--help").stdout
    missing = run("no_such_module", data)
    assert missing.returncode == 2
    assert "FER_DATA_PLUGINS: no_such_module cannot be imported" in missing.stderr


def test_training_processes_know_of_plug_ins() -> None:
    before = dict(os.environ)
    recipe = Recipe(net="x-linear:4", loss="x-focal:2")
    with plugins.handed_on(choice.entry.module for choice in recipe.choices):
        assert os.environ[plugins.VARIABLE].split(os.pathsep)[-1] == "tests.helpers.registered"
        code = f"import pickle; print(pickle.loads({pickle.dumps(LossChoice('x-focal', 2))!r}))"
        ended = subprocess.run(
            [sys.executable, "-P", "-c", code], cwd="/", capture_output=True, text=True, check=False
        )
        assert ended.stdout.strip() == "x-focal:2.0", ended.stderr
    assert dict(os.environ) == before
    with (
        pytest.raises(UsageError, match="register it in a module"),
        plugins.handed_on(["__main__"]),
    ):
        pass
