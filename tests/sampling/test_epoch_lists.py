"""Lists of what each epoch draws, read back and counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fer_data
from fer_data.data.reading import load_unlabelled_too
from tests.conftest import MakeFolder, Run
from tests.helpers.registered import every_sampling


@pytest.mark.parametrize("balance", every_sampling(["a b", "c"]), ids=str)
def test_lists_are_the_sampler_s_draws(
    make_folder: MakeFolder, tmp_path: Path, balance: str
) -> None:
    root = make_folder({"train/a b": 9, "train/c": 3, "test/c": 2}, side=4)
    data = fer_data.load(root)
    files = fer_data.write_epoch_lists(
        data, tmp_path / "out", balance=balance, num_epochs=3, seed=4
    )
    assert sorted(files) == sorted((tmp_path / "out").iterdir())
    train = data["train"]
    sampler = fer_data.BalancedBatchSampler(train, balance, batch_size=2, seed=4)
    for epoch in range(3):
        drawn = [index for batch in sampler for index in batch]
        indices = np.load(tmp_path / "out" / f"epoch-{epoch:04d}.npy")
        assert indices.dtype == np.int64
        assert indices.tolist() == drawn
        lines = (tmp_path / "out" / f"epoch-{epoch:04d}.txt").read_text().splitlines()
        paths, labels = zip(*(line.rsplit(" ", 1) for line in lines), strict=True)
        assert [*map(int, labels)] == train.labels[drawn].tolist()
        assert list(paths) == train.locations[drawn].tolist()
        assert all((root / path).is_file() for path in paths)


def test_samples_that_are_no_files_have_indices_alone(tmp_path: Path) -> None:
    labels = np.array([0, -1, 1, 0, 0])
    data = load_unlabelled_too((np.zeros((5, 2, 2), np.uint8), labels))
    files = fer_data.write_epoch_lists(data, tmp_path / "out")
    assert [file.name for file in files] == ["epoch-0000.npy"]
    assert np.bincount(labels[np.load(files[0])]).tolist() == [3, 3]


def test_the_command_writes_lists(make_folder: MakeFolder, run: Run, tmp_path: Path) -> None:
    root = make_folder({"train/a": 9, "train/c": 3}, side=4)
    out = tmp_path / "lists"
    options = ("--balance", "oversample", "--epochs", "2", "--write-lists", out)
    assert run("plan", root, *options).code == 0
    assert len([*out.iterdir()]) == 4
    assert len(np.load(out / "epoch-0001.npy")) == 18
    assert "files already" in run("plan", root, *options).err
