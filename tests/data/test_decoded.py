"""Images that are decoded in every epoch are those that a store would have kept."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

import fer_data
from fer_data.errors import DataError, UsageError
from tests.conftest import MakeFolder


@pytest.fixture
def data(make_folder: MakeFolder) -> Path:
    return make_folder({"train/a": 20, "train/b": 6, "test/a": 3, "test/b": 2}, side=20)


def test_batches_are_those_of_a_store(data: Path, tmp_path: Path) -> None:
    options = {"balance": "oversample", "batch_size": 12, "augment": "strong", "color": "rgb"}
    kept = fer_data.open_loader(data, **options)
    decoded = pickle.loads(
        pickle.dumps(fer_data.open_loader(data, cache=False, **options))  # as another process
    )
    assert decoded.num_steps == kept.num_steps
    for step in range(2 * kept.num_steps):
        assert np.array_equal(decoded.batch(step).images, kept.batch(step).images)


def test_no_image_is_kept(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_DATA_CACHE", str(tmp_path / "cache"))
    loader = fer_data.open_loader(data, cache=False, batch_size=5)
    images = loader.store.pixels
    assert np.array_equal(images[3], images[[3]][0])
    assert images[2:5, 0].shape == (3, 20, 1)
    assert not list((tmp_path / "cache").glob("**/pixels*"))
    state = loader.state(2)
    fer_data.open_loader(data, cache=False, batch_size=5, state=state)


def test_a_bad_image_is_named_when_it_is_taken(data: Path) -> None:
    bad = next((data / "train" / "b").iterdir())
    bad.write_bytes(bad.read_bytes()[:60])
    loader = fer_data.open_loader(data, cache=False, batch_size=26)
    with pytest.raises(DataError, match=bad.name):
        loader.batch(0)
    with pytest.raises(UsageError, match="cache=False no image can be skipped"):
        fer_data.open_loader(data, cache=False, skip_bad=True)


def test_rows_of_a_table_are_kept(tmp_path: Path) -> None:
    table = tmp_path / "train.csv"
    rows = [f"{label},{' '.join(['7'] * 2304)}" for label in (0, 3, 3)]
    table.write_text("\n".join(["emotion,pixels", *rows]) + "\n")
    with pytest.raises(UsageError, match="rows of a table"):
        fer_data.open_loader(table, cache=False)
