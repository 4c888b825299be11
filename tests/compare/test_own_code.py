"""The user's own functions: how they are named, and when they count as the same."""

from __future__ import annotations

import functools
import importlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fer_data.errors import UsageError
from fer_model.training.own_code import OwnCode, code_of, keep, own_code
from fer_model.training.recipe import Recipe
from fer_model.training.recipes import as_it_began, given_again

MODULE = """
from .blocks import block
WIDTH = 8
class Layer:
    def call(self): return 1
def helper(x): return [helper(one) for one in x] + [WIDTH]
def build(shape, num): return Layer(), helper([]), block()
def other(): return 3
"""
BLOCKS = "def block(): return 2\n"


@pytest.fixture
def digest_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return a function that gives the digest of a module's ``build``, with its source changed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "own_package").mkdir()

    def digest(before: str = "", after: str = "") -> str:
        for name, source in (("__init__", ""), ("blocks", BLOCKS), ("nets", MODULE)):
            (tmp_path / f"own_package/{name}.py").write_text(source.replace(before, after))
        for name in [name for name in sys.modules if name.startswith("own_package")]:
            del sys.modules[name]
        importlib.invalidate_caches()
        found = own_code("net", "own_package.nets:build")
        assert found.name == "own_package.nets:build"
        assert own_code("net", found.function) == found
        return found.digest

    return digest


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("WIDTH = 8", "WIDTH = 16"),
        ("return 1", "return 11"),
        ("[WIDTH]", "[-WIDTH]"),
        ("return 2", "return 22"),
        ("Layer(), h", "Layer(),  h"),
    ],
)
def test_other_code_that_a_net_uses_is_another_net(
    digest_of: Callable[..., str], before: str, after: str
) -> None:
    assert digest_of() == digest_of()
    assert digest_of() != digest_of(before, after)


def test_code_that_a_net_does_not_use_changes_nothing(digest_of: Callable[..., str]) -> None:
    assert digest_of() == digest_of("return 3", "return 33")


def test_a_function_of_a_script_is_the_same_where_it_is_imported() -> None:
    def build(shape: Any, num: int) -> None:
        raise AssertionError

    code = own_code("net", build)
    script, module = (OwnCode(f"{name}:build", code.digest, build) for name in ("__main__", "own"))
    other = OwnCode("own:build", "0" * 32, build)
    began = Recipe(net=keep(script))
    assert as_it_began(began, Recipe(net=keep(module))) == began
    assert code_of("net", began.net).function is build
    assert as_it_began(began, Recipe(net=keep(other))).net == other.key
    assert given_again("run", began, {"net": module}) == began


def test_what_a_function_is_given_beforehand_counts() -> None:
    def build(shape: Any, num: int, width: int) -> int:
        return width

    first, same, other = (own_code("net", functools.partial(build, width=w)) for w in (1, 1, 2))
    assert first.digest == same.digest != other.digest
    assert first.name.endswith(":test_what_a_function_is_given_beforehand_counts.<locals>.build")

    def closed(width: int) -> OwnCode:
        return own_code("net", lambda shape, num: width)

    assert closed(1).digest == closed(1).digest != closed(2).digest


def test_lambdas_of_one_line_are_distinguished() -> None:
    functions = [lambda step: 0.1, lambda image, rng: image, lambda step: 0.1]
    first, second, third = (own_code("schedule", function) for function in functions)
    assert first.key == third.key != second.key


def test_functions_without_a_source_are_distinguished() -> None:
    def typed(text: str) -> str:
        names: dict[str, Any] = {"__name__": "__main__"}
        exec(text, names)
        return own_code("net", names["build"]).digest

    one = "def build(shape, num): return (lambda: 1)()"
    assert typed(one) == typed(one)
    assert len({typed(one), typed(one.replace("1", "2")), typed(one.replace("1", "num"))}) == 3


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("nosuch_module:build", "no module nosuch_module"),
        ("json.nosuch:build", "no module json.nosuch"),
        ("json:nosuch", "json has no nosuch"),
        ("json:__doc__", "expected a function"),
        ("json", "expected package.module:function"),
        ("json:dumps()", "expected package.module:function"),
        (3, "expected a function, got 3"),
        (len, "expected a function of input_shape and num_classes"),
    ],
)
def test_what_is_no_function_is_refused(given: Any, says: str) -> None:
    with pytest.raises(UsageError, match=r"^net: ") as error:
        own_code("net", given)
    assert says in str(error.value)


def test_the_working_directory_is_searched_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "json.py").write_text("raise AssertionError")
    assert own_code("fit", "json:dumps").function is json.dumps
    assert sys.path[-1] == os.getcwd()
