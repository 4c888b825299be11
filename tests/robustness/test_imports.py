from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

from fer_data.data.sources import SOURCES
from fer_data.util.lazy import LazyFunction
from tests.helpers.csv_files import FLAT, write_csv
from tests.helpers.imports import (
    FRAMEWORKS,
    imported,
    module_imports,
    modules_of,
    named_imports,
    part_of,
    texts_of,
)

HEAVY = ["tensorflow", "keras", "sklearn", "imblearn", "torch", "matplotlib", "scipy", "pandas"]

BY_TEXT = {
    ("fer_data.data.sources", "fer_data.fer2013.fer_csv"),
    ("fer_data.writers", "fer_data.fer2013.csv_file"),
    ("fer_data.writers", "fer_data.fer2013.csv_to_folder"),
    ("fer_data.util.entry", "fer_data.cli"),
    ("fer_model.comparison.compare", "fer_model.reporting.page"),
}
"""Modules of a higher package that a lower one names by text, see CONTRIBUTING.md."""

RUN = """
import sys
sys.argv = ["fer-data", *sys.argv[1:]]
from fer_data import cli
try:
    cli.main()
except SystemExit as end:
    assert not end.code, end.code
"""


def test_the_package_alone_imports_nothing_heavy() -> None:
    modules = imported("import fer_data\nassert fer_data.__version__")
    assert "fer_data" in modules
    assert not modules & {*HEAVY, "numpy", "PIL", "joblib"}


@pytest.mark.parametrize("command", ["stats", "convert-csv", "convert", "--help"])
def test_light_commands_import_nothing_heavy(tmp_path: Path, command: str) -> None:
    table = write_csv(tmp_path / "fer.csv", [f"3,{FLAT},Training", f"6,{FLAT},PublicTest"])
    arguments = {
        "stats": ["stats", table],
        "convert-csv": ["convert-csv", table, tmp_path / "out"],
        "convert": ["convert", table, tmp_path / "out.npz"],
        "--help": ["--help"],
    }[command]
    modules = imported(RUN, *arguments)
    assert "cyclopts" in modules
    assert not modules & {*HEAVY, "pyarrow", *(["PIL", "joblib"] if command == "stats" else [])}
    assert (tmp_path / "out").exists() == (command == "convert-csv")
    assert (tmp_path / "out.npz").exists() == (command == "convert")


@pytest.mark.extra("jax")
def test_what_trains_and_predicts_on_jax_does_not_import_tensorflow() -> None:
    modules = imported(
        "import os\nos.environ['KERAS_BACKEND'] = 'jax'\n"
        "import fer_model.training.train, fer_model.inference.predict, fer_model.heads.new_head"
    )
    assert {"jax", "keras"} <= modules
    assert "tensorflow" not in modules


@pytest.mark.parametrize("command", ["audit", "split"])
def test_commands_that_compare_images_import_no_framework(tmp_path: Path, command: str) -> None:
    table = write_csv(tmp_path / "fer.csv", [f"3,{FLAT},Training", f"6,{FLAT},PublicTest"])
    more = ["--pool", "--min-per-class", "0", "--out", tmp_path / "s.csv"]
    modules = imported(
        RUN, command, table, "--cache", tmp_path / "cache", *(more if command == "split" else [])
    )
    assert "faiss" in modules
    assert not modules & set(FRAMEWORKS)


def test_a_comparison_is_read_without_a_framework() -> None:
    code = "import fer_model.commands.compare\nfrom fer_model.reporting import summary, table"
    assert not imported(code) & {"tensorflow", "keras", "torch", "jax"}


def test_a_comparison_is_judged_without_a_framework() -> None:
    code = (
        "import fer_model\nfer_model.read_results, fer_model.paired_differences, fer_model.Recipe"
    )
    heavy = {"tensorflow", "keras", "torch", "jax", "matplotlib", "pandas", "pyarrow"}
    assert not imported(code) & heavy


@pytest.mark.parametrize("package", ["fer_data", "fer_model"])
def test_there_are_no_import_circles(package: str) -> None:
    imports = module_imports(package)
    assert len(imports) > 8
    for name, other in named_imports(package) - BY_TEXT:
        imports.setdefault(part_of(name), set()).update({part_of(other)} - {part_of(name)})
    TopologicalSorter(imports).prepare()  # raises for a circle, and names it


def test_what_is_allowed_to_be_named_by_text_is_so_named() -> None:
    assert named_imports("fer_data") | named_imports("fer_model") >= BY_TEXT


def test_modules_that_are_named_by_text_are_seen() -> None:
    named = named_imports("fer_data")
    assert ("fer_data.cli", "fer_data.commands.stats") in named  # f"{_COMMANDS}.stats:stats"
    assert ("fer_data.data.sources", "fer_data.data.sources.npz") in named
    assert ("fer_data.data.sources.parquet", "fer_data.data.sources.parquet_table") in named


@pytest.mark.parametrize("package", ["fer_data", "fer_model"])
def test_no_file_imports_one_that_imports_it(package: str) -> None:
    modules = modules_of(package)
    graph = {
        name: {
            imported
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            for imported in (f"{node.module}.{alias.name}", node.module)
            if imported in modules and imported != name
        }
        for name, tree in modules.items()
    }
    for imports in graph.values():  # a module imported from its package is no import of that
        imports -= {module.rpartition(".")[0] for module in imports}
    TopologicalSorter(graph).prepare()  # raises for a circle, and names it


def test_what_sources_name_by_text_is_there() -> None:
    for source in SOURCES.values():
        for part in (source.recognises, source.read, source.state, source.chunks, source.names):
            assert isinstance(part, LazyFunction)
            assert callable(getattr(import_module(part.module), part.name)), part


def top_modules_of(file: Path) -> set[str]:
    """Return the top-level modules that a file imports, at its head or within a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
        elif isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
    return {name.partition(".")[0] for name in found}


def test_no_test_module_imports_another() -> None:
    for file in Path(__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests"):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                assert not [name for name in names if ".test_" in name], file


def test_the_data_knows_nothing_of_the_model_and_imports_frameworks_in_few_places() -> None:
    root = Path(import_module("fer_data").__file__ or "").parent
    texts = {text for tree in modules_of("fer_data").values() for text in texts_of(tree)}
    above = modules_of("fer_model").keys() - {"fer_model"}
    assert not above & {text.partition(":")[0] for text in texts}
    seen = set()
    for file in root.rglob("*.py"):
        modules = top_modules_of(file)
        assert "fer_model" not in modules, file
        if modules & {"tensorflow", "keras", "torch", "jax"}:
            below = file.relative_to(root)
            seen.add("adapters" if below.parts[0] == "adapters" else str(below))
    assert seen == {
        "adapters",
        "data/sources/tfrecord_parsing.py",
        "writers/tfrecord_files.py",
    }


def test_statistics_and_reports_of_models_import_no_framework() -> None:
    root = Path(import_module("fer_model").__file__ or "").parent
    for file in [*(root / "statistics").rglob("*.py"), *(root / "reporting").rglob("*.py")]:
        assert not top_modules_of(file) & {"tensorflow", "keras", "torch", "jax"}, file
