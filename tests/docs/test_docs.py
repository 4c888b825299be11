"""README and docs: snippets that run, links that lead somewhere, figures as they are recorded."""

from __future__ import annotations

import csv
import json
import re
import shlex
import statistics
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers.imports import module_imports
from tests.helpers.programs import commands, flags_of

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
README_SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "records/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
COMMAND = re.compile(
    r"^ {4}(?:\$ )?(?:[A-Z_]+=\S+ )*(fer-data|fer-model) (.*)$|`(fer-data|fer-model) ([^`]+)`",
    re.MULTILINE,
)


def test_the_readme_is_short() -> None:
    assert len(README.split()) <= 700
    (image,) = re.findall(r"!\[[^]]+\]\((\S+\.png)\)", README)
    assert (ROOT / image).stat().st_size < 100_000


def test_the_python_of_the_readme_runs(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "faces").symlink_to(faces)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for snippet in README_SNIPPETS:
        if "torch" not in snippet:
            exec(compile(snippet, "README.md", "exec"), names)
    images, labels = next(iter(names["train_data"]))
    assert images.shape == (70, 48, 48, 1)
    np.testing.assert_array_equal(labels.numpy().sum(axis=0), np.full(7, 10))
    parts = sum(len(names[part]) for part in ("train", "validation", "test"))
    assert parts == len(names["data"]) - len(names["audit"].exclude_rows)


@pytest.mark.extra("torch")
def test_an_own_dataset_trains_balanced_batches() -> None:
    (snippet,) = (snippet for snippet in README_SNIPPETS if "torch" in snippet)
    labels = np.repeat(np.arange(7), [60, 9, 31, 50, 40, 20, 25])
    seen: list[list[int]] = []
    names: dict[str, Any] = {
        "labels": labels,
        "dataset": [(number, int(label)) for number, label in enumerate(labels)],
        "train": lambda images, targets: seen.append(targets.tolist()),
    }
    exec(compile(snippet, "README.md", "exec"), names)
    assert len(seen) == len(names["sampler"]) == -(-len(labels) // 35)
    assert all(np.bincount(batch).tolist() == [5] * 7 for batch in seen[:-1])


def options_of(program: str) -> dict[str, set[str]]:
    """Return the options of each command of a program."""
    app = import_module(f"{program.replace('-', '_')}.cli").app
    return {name: {*flags_of(app, name), "--help", "-h"} for name in commands(app)} | {
        "--version": set(),
        "--help": set(),
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_is_shown_exists_with_its_options(page: Path) -> None:
    text = page.read_text("utf-8").replace("\\\n", " ")
    shown = COMMAND.findall(text)
    assert shown or "README" not in page.name
    for found in shown:
        program, line = filter(None, found)
        command, *words = shlex.split(line, comments=True)
        options = options_of(program)
        assert command in options, line
        for word in words:
            assert not word.startswith("--") or word in options[command], (line, word)


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_heading_that_are_there(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_name_of_the_packages_is_there(page: Path) -> None:
    for package, name in re.findall(r"\b(fer_data|fer_model)\.(\w+)", page.read_text("utf-8")):
        public = import_module(package).__all__
        assert name in [*public, "__all__"] or find_spec(f"{package}.{name}"), f"{package}.{name}"


def test_every_page_of_docs_is_linked_from_the_readme() -> None:
    linked = set(re.findall(r"\]\((docs/[^)#\s]+\.md)", README))
    assert {str(page.relative_to(ROOT)) for page in (ROOT / "docs").glob("*.md")} == linked


def recorded(recipe: str, split: str) -> dict[str, Any]:
    """Return the figures of a recipe in percent, as records/ has them, means over its seeds."""
    folder = ROOT / "records" / "recipes"
    if split == "private":
        with (folder / "acceptance.csv").open(encoding="utf-8", newline="") as file:
            (row,) = (
                row
                for row in csv.DictReader(file)
                if (row["recipe"], row["split"]) == (recipe, "private_test")
            )
        return {
            "accuracy": float(row["accuracy"]),
            "without leaked images": float(row["accuracy_without_leaks"]),
            "balanced accuracy": float(row["balanced_accuracy"]),
            "seeds": 1,
            "seconds": float(row["wall_s_two_cores"]),
        }
    runs = json.loads((folder / f"{recipe}.json").read_text("utf-8"))

    def percent(values: list[float]) -> float:
        return 100 * statistics.fmean(values)

    return {
        "accuracy": percent([run["accuracy"] for run in runs]),
        "without leaked images": percent([run["without_leaks"]["accuracy"] for run in runs])
        if all("without_leaks" in run for run in runs)
        else None,
        "balanced accuracy": percent([run["balanced_accuracy"] for run in runs]),
        "seeds": len(runs),
        "seconds": statistics.fmean(run["wall_seconds"] for run in runs),
    }


def measured() -> list[dict[str, str]]:
    """Return the rows of the README's table of what was measured."""
    section = README.split("## Measured", 1)[1].split("\n## ", 1)[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:1] == "|"]
    head, _, *rows = lines
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.mark.parametrize("row", measured(), ids=lambda row: f"{row['recipe']} {row['test split']}")
def test_the_measured_figures_are_the_recorded_ones(row: dict[str, str]) -> None:
    found = recorded(row["recipe"].strip("`"), row["test split"])
    for name in ("accuracy", "without leaked images", "balanced accuracy"):
        if found[name] is None:
            assert row[name] == "not measured"
            continue
        figure = row[name].removesuffix(" %")
        decimals = len(figure.partition(".")[2])
        assert float(figure) == pytest.approx(found[name], abs=0.5 * 0.1**decimals + 1e-9), name
    assert int(row["seeds"]) == found["seeds"]
    minutes = row["training time"].split(" min")[0]
    half_a_step = 0.5 * 0.1 ** len(minutes.partition(".")[2])
    assert float(minutes) == pytest.approx(found["seconds"] / 60, abs=half_a_step + 0.01)


@pytest.mark.parametrize("package", ["fer_data", "fer_model"])
def test_contributing_has_the_packages_in_the_order_of_their_imports(package: str) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    table = text.split(f"| package of `{package}`, the lowest first", 1)[1].split("\n\n", 1)[0]
    order = [name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row)]
    imports = module_imports(package)
    root = Path(import_module(package).__file__ or "").parent
    assert set(order) == {folder.parent.name for folder in root.glob("*/__init__.py")}

    def reached(module: str, seen: set[str]) -> set[str]:
        """What a package imports, by way of single modules, too."""
        for other in imports.get(module, set()) - seen:
            seen.add(other)
            if other not in order:
                reached(other, seen)
        return seen

    for place, module in enumerate(order):
        higher = reached(module, set()) & set(order[place + 1 :])
        assert not higher, f"{module} imports {higher}, which are above it"
