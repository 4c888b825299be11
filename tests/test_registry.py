"""One registry: every choice prints as it parses, and plug-ins are taken wherever others are."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fer_data
from fer_data import plugins
from fer_data.errors import UsageError
from fer_data.parameters import ClassCounts, Integer, Number
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
from tests.registered import every

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


@pytest.mark.parametrize("kind", KINDS)
@given(st.text() | st.tuples(st.integers(0, 99), st.text()))
def test_any_other_text_is_a_usage_error(kind: type[Choice], text: str | tuple[int, str]) -> None:
    if not isinstance(text, str):
        names = kind.registry.names()
        text = f"{names[text[0] % len(names)]}:{text[1]}"
    try:
        parsed = kind.parse(text)
    except UsageError:
        return
    assert kind.parse(str(parsed)) == parsed


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


def test_help_and_arms_list_what_is_registered() -> None:
    assert {"none", "counts:NAME=N,...", "class-weights:x-root", "tau-norm", "tau-norm:TAU"} <= {
        *forms()
    }
    assert "x-focal:GAMMA  " in repr(LossChoice.registry)


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
    for place, on_path in ((str(path), ""), ("my_plugin", str(tmp_path))):
        env = {**os.environ, plugins.VARIABLE: place}
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [on_path, *sys.path]))
        command = [sys.executable, "-m", "fer_data.cli", "plan", str(data), "--json", "--balance"]
        for balance, code in (("mine:0.5", 0), ("mine:2", 2)):
            ended = subprocess.run([*command, balance], env=env, capture_output=True, text=True)
            assert ended.returncode == code, ended.stderr
            assert ('"balance": "mine:0.5"' in ended.stdout) == (code == 0)
        ended = subprocess.run([*command[:4], "--help"], env=env, capture_output=True, text=True)
        assert "mine:X" in ended.stdout
    env[plugins.VARIABLE] = "no_such_module"
    ended = subprocess.run([*command, "none"], env=env, capture_output=True, text=True)
    assert ended.returncode == 2
    assert "FER_DATA_PLUGINS: no_such_module cannot be imported" in ended.stderr


def test_a_choice_brings_its_module_to_another_process() -> None:
    pickled = pickle.dumps(Strategy("x-capped", 3)).hex()
    code = f"import pickle; print(pickle.loads(bytes.fromhex('{pickled}')))"
    with plugins.handed_on([]):
        os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.stdout.strip() == "x-capped:3", ended.stderr


def test_training_processes_are_told_of_plug_ins() -> None:
    before = dict(os.environ)
    recipe = Recipe(net="x-linear:4", loss="x-focal:2")
    with plugins.handed_on(choice.entry.module for choice in recipe.choices):
        assert os.environ[plugins.VARIABLE].split(os.pathsep)[-1] == "tests.registered"
        code = (
            "from fer_model.losses.choice import LossChoice; print(LossChoice.parse('x-focal:2'))"
        )
        ended = subprocess.run(
            [sys.executable, "-P", "-c", code], cwd="/", capture_output=True, text=True
        )
        assert ended.stdout.strip() == "x-focal:2.0", ended.stderr
    assert dict(os.environ) == before
    with (
        pytest.raises(UsageError, match="register it in a module"),
        plugins.handed_on(["__main__"]),
    ):
        pass
