"""The documentation site: every page and public name is in it, and every example runs."""

from __future__ import annotations

import ast
import doctest
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import fer_model
from fer_data.data.sources import SOURCES

ROOT = Path(__file__).resolve().parents[2]

NEEDS = {
    **dict.fromkeys(("BalancedDistributedSampler", "torch_loader"), "torch"),
    **dict.fromkeys(
        (
            *("KerasDataset", "ResumeData", "keras_dataset", "tf_dataset", "tf_indices"),
            *("compare", "compare_features", "evaluate_run", "export_run", "predict_paths"),
            *("resume", "train", "Exported", "Predictions", *fer_model.losses.__all__),
        ),
        "tensorflow",
    ),
}
"""Names whose examples run with a package of an extra alone."""

TRAINING = {
    *("compare", "evaluate_run", "export_run", "model_card", "predict_paths", "resume", "train"),
}
"""Names whose examples train a net."""


def public_names(package: str) -> Iterator[str]:
    """Yield the dotted names of what is public in a package and in its public modules."""
    for name in import_module(package).__all__:
        if (ROOT / package.replace(".", "/") / name / "__init__.py").exists():
            yield from public_names(f"{package}.{name}")
        else:
            yield f"{package}.{name}"


TWICE = {"fer_data.__version__", "fer_model.heads.HEADS", "fer_model.losses.LOSSES"}
NAMES = sorted({*public_names("fer_data"), *public_names("fer_model")} - TWICE)


def docstring_of(name: str) -> str:
    """Return the docstring of a public name; that of a value stands below it."""
    package, _, last = name.rpartition(".")
    value: Any = getattr(import_module(package), last)
    if inspect.isclass(value) or inspect.isfunction(value):
        return inspect.cleandoc(value.__doc__ or "")
    for file in (ROOT / package.partition(".")[0]).rglob("*.py"):
        body = ast.parse(file.read_text("utf-8")).body
        for node, below in pairwise(body):
            match node, below:
                case (
                    (
                        ast.Assign(targets=[ast.Name(id=found)])
                        | ast.AnnAssign(target=ast.Name(id=found))
                    ),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ) if found == last:
                    return inspect.cleandoc(text)
    return ""


def marks_of(name: str) -> list[pytest.MarkDecorator]:
    """Return what an example needs: a package, or time."""
    last = name.rpartition(".")[2]
    needs = [pytest.mark.extra(NEEDS[last])] if last in NEEDS else []
    return [*needs, pytest.mark.slow] if last in TRAINING else needs


@pytest.fixture
def own_sources() -> Iterator[None]:
    """Forget the sources that a test registers."""
    before = dict(SOURCES)
    yield
    SOURCES.clear()
    SOURCES.update(before)


@pytest.mark.usefixtures("own_sources")
@pytest.mark.parametrize("name", [pytest.param(one, marks=marks_of(one)) for one in NAMES])
def test_every_public_name_has_an_example_that_runs_by_itself(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    test = doctest.DocTestParser().get_doctest(docstring_of(name), {}, name, None, 0)
    assert any(doctest.SKIP not in example.options for example in test.examples), name
    assert doctest.DocTestRunner().run(test).failed == 0


def test_the_navigation_has_every_page_of_docs() -> None:
    pages = re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    docs = ROOT / "docs"
    notebooks = [f"notebooks/{path.stem}.md" for path in docs.glob("notebooks/*.ipynb")]
    assert sorted(pages) == sorted([*(page.name for page in docs.glob("*.md")), *notebooks])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        check=True,
        timeout=300,
    )
    return folder


@pytest.mark.extra("mkdocs", "material", "mkdocstrings")
def test_the_site_has_every_name_and_command_and_asks_no_other_host(site: Path) -> None:
    from tests.helpers.programs import DATA, MODEL, commands

    pages = {page: page.read_text("utf-8") for page in site.rglob("*.html")}
    text = "\n".join(pages.values())
    for name in NAMES:
        assert f'id="{name}"' in text, name
    for app in (DATA, MODEL):
        for command in commands(app):
            assert f"Usage: {app.name[0]} {command}" in text
    for page, html in pages.items():
        assert not re.findall(r'<(?:script|img|iframe)[^>]*src="?(?:https?:)?//', html), page
        assert not re.findall(r":math:|\.\. math", html), page
        assert not re.findall(r"<link[^>]*(?:stylesheet|preconnect)[^>]*//", html), page
