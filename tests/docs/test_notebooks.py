"""The notebooks: they run, their badges lead to them, what is kept in them is small."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
NEEDED = {
    "audit": (),
    "fer2013": ("tensorflow",),
    "own-images-pytorch": ("torch",),
    "which-balancing-helps": ("tensorflow",),
}
"""What a notebook needs besides what runs notebooks."""

MOST_BYTES = 400_000

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path: Path, kind: str | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["cells"]
    return [cell for cell in found if kind in (None, cell["cell_type"])]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def test_there_is_a_notebook_for_each_task() -> None:
    assert {path.stem for path in NOTEBOOKS} == NEEDED.keys()


@pytest.mark.slow
@pytest.mark.extra("nbclient", "ipykernel")
@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=pytest.mark.extra(*NEEDED[path.stem])) for path in NOTEBOOKS],
    ids=lambda path: path.stem,
)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_DATA_CACHE", "")  # set again by what runs it
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    tool = import_module("tools.run_notebooks")
    shown = tool.small(tool.run(path, tmp_path), tmp_path)
    assert str(tmp_path) not in json.dumps(shown)
    outputs = [output for cell in shown.cells for output in cell.get("outputs", [])]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 1
    lines = [line for output in outputs for line in output.get("text", "").splitlines()]
    assert max(map(len, lines), default=0) <= 120


@each
def test_the_badge_opens_this_notebook_of_the_one_repository(path: Path) -> None:
    (address,) = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
        "urls"
    ].values()
    repository = address.removeprefix("https://github.com/")
    (badge,) = re.findall(
        r"\]\((https://colab\.research\.google\.com/github/[^)]+)\)",
        source(cells(path, "markdown")[0]),
    )
    assert badge == (
        f"https://colab.research.google.com/github/{repository}/blob/main/"
        f"{path.relative_to(ROOT).as_posix()}"
    )
    (installed,) = re.findall(r"git\+(https://\S+?)\"", source(cells(path, "code")[0]))
    assert installed == address


@each
def test_what_is_kept_of_a_run_is_small_whole_and_of_no_machine(path: Path) -> None:
    assert path.stat().st_size <= MOST_BYTES
    outputs = [output for cell in cells(path, "code") for output in cell["outputs"]]
    assert outputs
    for output in outputs:
        assert output["output_type"] != "error"
        assert output.get("name") != "stderr"
        assert not re.search(r"/(tmp|home|root|work)/", json.dumps(output))


@each
def test_cells_are_short_and_names_and_links_are_there(path: Path) -> None:
    for cell in cells(path, "code"):
        assert len(cell["source"]) <= 45
        for package, name in re.findall(r"\b(fer_data|fer_model)\.(\w+)", source(cell)):
            assert name in import_module(package).__all__, name
    for cell in cells(path, "markdown"):
        for link in re.findall(r"\]\(([^)\s#]+)[^)]*\)", source(cell)):
            assert re.match(r"[a-z]+:", link) or (path.parent / link).exists(), link


@each
def test_a_notebook_is_a_page_of_the_site_that_asks_no_other_host(path: Path) -> None:
    page = import_module("tools.docs_notebooks").notebook_page(path)
    assert "](https://colab" in page
    assert f"[Download]({path.name})" in page
    assert not re.search(r"!\[[^\]]*\]\(http|src=\"http", page)
    for link in re.findall(r"\]\(([\w-]+\.\w+)\)", page):
        assert link == path.name or (path.parent / link).with_suffix(".ipynb").exists(), link
    assert page.count("```python") == len(cells(path, "code"))
