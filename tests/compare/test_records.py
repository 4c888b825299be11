"""Records: comparisons without weights and without folders of a machine."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from fer_model.comparison.reading import read_results
from tests.helpers.made_comparison import make_comparison
from tools.collect_record import collect


def test_a_record_has_the_results_of_the_comparison_and_no_folder_of_the_machine(
    tmp_path: Path,
) -> None:
    comparison = make_comparison(tmp_path / "comparison", path="/home/someone/data/pets")
    record = tmp_path / "record"
    assert collect(comparison, record) == 9
    with zipfile.ZipFile(record / "runs.zip") as archive:
        archive.extractall(record)
    expected, found = read_results(comparison), read_results(record)
    assert found.to_frame().equals(expected.to_frame())
    assert json.loads((record / "comparison.json").read_text("utf-8"))["data"]["path"] == "pets"
    for path in record.rglob("*.json"):
        assert "someone" not in path.read_text("utf-8")
    assert {path.name for path in record.rglob("seed-0/*")} <= {
        "recipe.json",
        "metrics.json",
        "history.csv",
        "predictions.npz",
    }
