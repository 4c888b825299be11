"""A command reads the tree of its data once, and takes one fingerprint of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fer_data
from fer_data.data import sources
from fer_data.data.origin import Origin
from tests.conftest import MakeFolder

COUNTS = {"train/a": 12, "train/b": 8, "test/a": 4, "test/b": 4}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often data was read, and how often the state of its files was asked for."""
    found = {"read": 0, "state": 0}
    read, state = sources.read, Origin.state

    def counted_read(*arguments: Any) -> Any:
        found["read"] += 1
        return read(*arguments)

    def counted_state(origin: Origin) -> Any:
        found["state"] += 1
        return state(origin)

    monkeypatch.setattr(sources, "read", counted_read)
    monkeypatch.setattr(Origin, "state", counted_state)
    return found


def loader(root: Path, _: Path) -> object:
    return fer_data.open_loader(root, balance="batch", batch_size=4)


def train(root: Path, out: Path) -> object:
    import fer_model

    recipe = fer_model.Recipe(net="small", epochs=1, steps_per_epoch=2, batch_size=4)
    return fer_model.train(recipe, root, out / "run")


@pytest.mark.parametrize(
    ("use", "most"),
    [
        (lambda root, _: fer_data.stats(root), (1, 0)),
        (lambda root, _: fer_data.audit(root), (1, 1)),
        (lambda root, _: fer_data.split(root), (1, 1)),
        (loader, (1, 1)),
        (lambda root, out: fer_data.report(root, out / "report"), (1, 1)),
        (lambda root, out: fer_data.convert(root, out / "x.npz"), (1, 1)),
        (train, (1, 1)),
    ],
    ids=["stats", "audit", "split", "loader", "report", "convert", "train"],
)
def test_data_is_read_once(
    make_folder: MakeFolder,
    tmp_path: Path,
    calls: dict[str, int],
    use: Callable[[Path, Path], object],
    most: tuple[int, int],
) -> None:
    use(make_folder(COUNTS), tmp_path)
    assert calls["read"] == most[0]
    assert calls["state"] <= most[1]
