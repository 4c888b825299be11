"""What holds for every command of both programs; which there are is taken from the programs."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import pytest
from cyclopts import App, Group, Parameter

import fer_data
from fer_data.commands.fields import Given, fields_of, flag, refuse_others
from fer_data.commands.options import WORDS as DATA_WORDS
from fer_data.commands.program import new_app, versions
from fer_data.data.options import LoadOptions
from fer_data.errors import DataError, UsageError
from fer_model.commands.options import COMPARED, WORDS, RecipeOptions, make_recipe
from fer_model.training.recipe import Recipe
from fer_model.training.recipes import RECIPES
from tests.conftest import MakeFolder
from tests.helpers.programs import DATA, MODEL, call, commands, flags_of

EVERY = [(app, name) for app in (DATA, MODEL) for name in commands(app)]
IDS = [f"{app.name[0]} {name}" for app, name in EVERY]

LEFT_AWAY = {
    "split": {"splits", "fold"},
    "ferplus": {"splits", "fold", "relabel"},
    "label-issues": {"splits", "fold"},
    "train": {"test_apart"},
    "compare": {"test_apart"},
}
"""Fields that make no sense for a command."""


def fields_of_data(app: App, command: str) -> set[str]:
    """Return the fields of `LoadOptions` that a command takes by an option."""
    return {
        field.name for field in fields(LoadOptions) if flag(field.name) in flags_of(app, command)
    }


def test_every_command_that_reads_a_data_set_takes_every_option_of_reading() -> None:
    reading = [
        (app, name)
        for app, name in EVERY
        if {"PATH", "SRC"} & flags_of(app, name) or name == "compare"
    ]
    assert len(reading) >= 10
    for app, name in reading:
        expected = {field.name for field in fields(LoadOptions)} - LEFT_AWAY.get(name, set())
        expected -= {"from_float"}  # of arrays in memory
        if name not in ("train", "compare"):
            expected -= {"soft"}
        assert fields_of_data(app, name) == expected, name


def test_every_field_of_a_recipe_is_an_option_of_train() -> None:
    expected = {flag(field.name) for field in fields(Recipe)} - {"--protocol"}
    assert expected <= flags_of(MODEL, "train")
    assert expected - {"--balance", "--loss", "--mix"} <= flags_of(MODEL, "compare")


@pytest.mark.parametrize(("app", "name"), EVERY, ids=IDS)
def test_help_fits_80_columns_and_has_examples_before_all_but_the_summary(
    app: App, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for option in ("-h", "--help"):
        shown = call(app, name, option)
        assert shown.code == 0
        lines = shown.out.splitlines()
        assert max(map(len, lines)) <= 80
        assert not set("╭│╰") & set(shown.out)
        paragraphs = shown.out.split("\n\n")
        assert paragraphs[0].startswith(f"Usage: {app.name[0]} {name}")
        assert paragraphs[2] == "Examples:"
        for line in paragraphs[3].splitlines():
            program, command, *words = shlex.split(line)
            other = {"fer-data": DATA, "fer-model": MODEL}[program]
            assert {word for word in words if word.startswith("--")} <= flags_of(other, command)


def test_the_library_names_no_option() -> None:
    root = Path(fer_data.__file__).parents[1]
    files = [*(root / "fer_data").rglob("*.py"), *(root / "fer_model").rglob("*.py")]
    library = [file for file in files if not {"commands", "terminal"} & set(file.parts)]
    assert len(library) > 100
    for file in library:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.search(r"(?<![\w-])--[a-z]", node.value), (file, node.value)


@pytest.mark.parametrize(("app", "name"), EVERY, ids=IDS)
def test_every_option_has_a_line_of_help(app: App, name: str) -> None:
    for argument in app[name].assemble_argument_collection():
        if not argument.children:
            assert argument.parameter.help, argument.name


@pytest.mark.parametrize("app", [DATA, MODEL], ids=["fer-data", "fer-model"])
def test_a_missing_argument_is_one_line_with_an_example_and_exit_code_2(app: App) -> None:
    shown = call(app)
    assert (shown.code, shown.err) == (2, "")
    for name in commands(app):
        assert name in shown.out
        alone = call(app, name)
        assert (alone.code, alone.out, alone.err.count("\n")) == (2, "", 1)
        if "missing" in alone.err:
            assert f"as in: {app.name[0]} {name} " in alone.err
            assert "--help for all options" in alone.err
        else:
            assert (name, "PATH" in alone.err) == ("train", True)  # or --resume


def test_an_unknown_option_is_one_line_with_the_nearest_one() -> None:
    ended = call(DATA, "stats", "data", "--label-colum", "dx")
    assert (ended.code, ended.out) == (2, "")
    assert "--label-colum." in ended.err
    assert "--label-column?" in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("app", [DATA, MODEL], ids=["fer-data", "fer-model"])
def test_versions_are_a_line_each(app: App) -> None:
    ended = call(app, "--version")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines == versions(app.name[0]).splitlines()
    assert [line.split()[0] for line in lines[:3]] == [app.name[0], "Python", "numpy"]


def test_an_error_names_the_option_that_settles_the_matter(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    data = make_folder({"train/cat": 2, "train/dog": 1})
    (data / "train/cat/0000.png").write_bytes(b"no image")
    ended = call(DATA, "convert", data, tmp_path / "out.npz")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "(--skip-bad)" in ended.err
    assert "skip_bad" not in ended.err


def test_an_error_spells_its_arguments_as_python_does_in_the_library() -> None:
    error = DataError("no", fix={"skip_bad": ["true"], "fold": ["1"], "csv": [], "to": ["a", "b"]})
    assert str(error) == "no (skip_bad=True, fold=1, csv=, to='a' or 'b')"
    assert error.plain == "no"
    many = DataError("no", fix={"to": [f"{number}x" for number in range(9)]})
    assert str(many).endswith("'5x' or 3 others)")


@dataclass(frozen=True)
class Known:
    """Options of something.

    Attributes
    ----------
    names : tuple of str
        Names of it. They are known.
    renamed, size : mapping of str to str, (int, int)
        Both of these; more of it.
    folder : path, optional
        Where it is.
    """

    names: tuple[str, ...] = ()
    renamed: Mapping[str, str] | None = None
    size: tuple[int, int] = (48, 64)
    folder: str | Path | None = None
    count: int | None = None


@fields_of(Known, {"count": Parameter(help="How many.")}, group=Group("Things"))
class KnownOptions(Given):
    """Those of `Known`."""


seen: list[dict[str, object]] = []


def show(known: KnownOptions = KnownOptions()) -> None:  # noqa: B008
    """Keep what is given.

    Examples::

        program show
    """
    seen.append(known.given())


def test_options_are_the_fields_of_a_dataclass_with_its_defaults_and_its_documentation() -> None:
    app = new_app("program", "About.", {"show": f"{__name__}:show"})
    assert call(app, "show", "--names", "a, b", "--renamed", "x=1,y=2=3", "--size", "8").code == 0
    assert seen.pop() == {"names": ("a", "b"), "renamed": {"x": "1", "y": "2=3"}, "size": (8, 8)}
    assert call(app, "show", "--folder", "f", "--size", "8x9", "--count", "0").code == 0
    assert seen.pop() == {"folder": Path("f"), "size": (8, 9), "count": 0}
    shown = call(app, "show", "--help").out
    for text in ("Names of it.", "Both of these;", "[default: 48x64]", "Where it is.", "How many."):
        assert text in shown
    assert "OLD=NEW" in call(app, "show", "--renamed", "x").err
    assert "pixels" in call(app, "show", "--size", "x").err


def test_words_are_of_fields_that_there_are() -> None:
    assert set(DATA_WORDS) <= {field.name for field in fields(LoadOptions)}
    assert set(WORDS) <= {field.name for field in fields(Recipe)}


def test_a_named_recipe_is_changed_by_what_stands_on_the_command_line_alone() -> None:
    assert make_recipe(None, RecipeOptions()) == Recipe()
    assert make_recipe(None, RecipeOptions(), COMPARED) == COMPARED
    changes = RecipeOptions(epochs=100, epoch_size="70")  # type: ignore[call-arg]
    made = make_recipe("quick", changes)
    assert (made.epochs, made.epoch_size) == (100, 70)
    assert made.learning_rate == RECIPES["quick"].learning_rate


def test_what_would_do_nothing_is_refused() -> None:
    changes = RecipeOptions(seed=0, epochs=3)  # type: ignore[call-arg]
    with pytest.raises(UsageError, match=r"^--epochs cannot be given here: why$"):
        refuse_others("why", changes, but=("seed",))


def test_stats_takes_a_table_of_labels(make_folder: MakeFolder, tmp_path: Path) -> None:
    images = make_folder({"images": 4})
    table = tmp_path / "labels.csv"
    rows = [f"{number:04d}.png,{'ab'[number % 2]},{number}" for number in range(4)]
    table.write_text("\n".join(["id,dx,other", *rows]))
    words = ["--labels", table, "--label-column", "dx", "--image-column", "id"]
    ended = call(DATA, "stats", images / "images", *words, "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["splits"]["train"]["counts"] == {"a": 2, "b": 2}
