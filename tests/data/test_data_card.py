"""The data card: front matter that the Hub reads, counts, findings, escaped text."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fer_data
from fer_data.errors import DataError
from fer_data.util.markdown import escaped, front_matter, table
from tests.conftest import MakeFolder, Run

NASTY = [
    "a: b",
    "- c",
    "# d",
    "yes",
    "null",
    "12",
    '"e"',
    "{f}",
    "[g]",
    "*h",
    "&i",
    "j\nk",
    "é",
    "",
]


def card_of(*names: str) -> str:
    images = np.random.default_rng(0).integers(0, 256, (3 * len(names), 48, 48), np.uint8)
    return fer_data.data_card((images, [*names] * 3))


def test_the_card_has_counts_imbalance_and_findings(make_folder: MakeFolder) -> None:
    folder = make_folder({"train/cat": 30, "train/dog": 3, "test/cat": 5, "test/dog": 5})
    (folder / "test/cat/again.png").write_bytes((folder / "train/cat/0000.png").read_bytes())
    card = fer_data.data_card(folder)
    assert "pretty_name: data\n" in card
    assert '- "n<1K"\n' in card
    assert "| cat | 30 | 90.9% | 6 | 54.5% |" in card
    assert "| train | 33 | 0 | 10.00 |" in card
    assert "| leaked-duplicates | error | train, test |" in card
    assert str(folder) not in card


@pytest.mark.parametrize(
    ("num", "category"),
    [(1, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (35_887, "10K<n<100K"), (10**12, "100M<n<1B")],
)
def test_sizes_are_the_categories_of_the_hub(num: int, category: str) -> None:
    from fer_data.reporting.data_card import _size

    assert _size(num) == category


@pytest.mark.parametrize("text", NASTY)
def test_front_matter_is_yaml_whatever_the_text(text: str) -> None:
    yaml = pytest.importorskip("yaml")
    values = {"name": text, "all": [text, {"inner": text, "more": [1, 0.5, None]}]}
    read = next(iter(yaml.safe_load_all(io.StringIO(front_matter(values)))))
    shown = text.replace("\n", "\\n")
    assert read == {"name": shown, "all": [shown, {"inner": shown, "more": [1, 0.5, None]}]}


def test_names_of_classes_break_neither_tables_nor_markup() -> None:
    card = card_of("a|b", "<b>c</b>", "`d`")
    (row,) = [line for line in card.splitlines() if "a\\|b" in line and line.startswith("| a")]
    assert row.replace("\\|", "").count("|") == 4
    assert "<b>" not in card.replace("\\<b\\>", "")
    assert escaped("_x_") == "\\_x\\_"
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n|---|---:|\n| 1 | 2 |\n"


def test_the_command_writes_the_card_with_the_page_and_never_over_a_file(
    make_folder: MakeFolder, tmp_path: Path, run: Run
) -> None:
    folder, out = make_folder({"train/cat": 4, "train/dog": 4}), tmp_path / "out"
    assert run("report", folder, "--out", out).code == 0
    assert not (out / "README.md").exists()
    assert run("report", folder, "--out", out, "--card").code == 0
    card = (out / "README.md").read_text("utf-8")
    assert card == fer_data.data_card(folder)
    ended = run("report", folder, "--out", out, "--card")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    with pytest.raises(DataError):
        fer_data.report(folder, out, card=True)


@pytest.mark.extra("huggingface_hub")
def test_the_hub_s_own_reader_takes_the_card() -> None:
    from huggingface_hub import DatasetCard

    read: Any = DatasetCard(card_of("cat", "dog"))
    assert read.data.task_categories == ["image-classification"]
    assert read.data.size_categories == ["n<1K"]
    assert read.data.license == "unknown"
