from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Below a background job Ctrl-C is ignored, and would be by all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("no clock", deadline=None)  # no test may fail for a busy machine
settings.load_profile("no clock")

MakeFolder = Callable[..., Path]


class Ended(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ended]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked ``extra("torch")`` where torch is not installed."""
    packages = [name for mark in item.iter_markers("extra") for name in mark.args]
    if missing := [name for name in packages if find_spec(name) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name bytes by their argument: gzip packs the time, so that two workers would disagree."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep stores of decoded images out of the user's cache, and apart from other tests'."""
    monkeypatch.setenv("FER_DATA_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Return a function that writes images of noise: make_folder({"train/cat": 3, ...})."""

    def make(counts: dict[str, int], *, name: str = "data", side: int = 48, seed: int = 0) -> Path:
        return write_noise(tmp_path / name, counts, side=side, seed=seed)

    return make


def write_noise(root: Path, counts: dict[str, int], *, side: int = 48, seed: int = 0) -> Path:
    """Write class folders with images of noise."""
    random = np.random.default_rng(seed)
    for folder, number in counts.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for place in range(number):
            pixels = random.integers(0, 256, (side, side), np.uint8)
            Image.fromarray(pixels).save(root / folder / f"{place:04d}.png")
    return root


@contextmanager
def without_plots() -> Iterator[None]:
    """Let trainings draw no plots, which take a quarter of the time of a small one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fer_model.training.plots.save", lambda figure, path: None)
        yield


@pytest.fixture
def no_plots() -> Iterator[None]:
    """Let the trainings of a test draw no plots; those of its module's fixtures still do."""
    with without_plots():
        yield


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small synthetic data set with train/ and test/, for tests that only read it."""
    from fer_data.fer2013.synthetic import write_synthetic

    folder = tmp_path_factory.mktemp("synthetic") / "faces"
    write_synthetic(folder, num_images=420, seed=1)
    return folder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs ``fer-data`` in this process."""
    from fer_data import cli

    def run(*arguments: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["fer-data", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        code = end.value.code
        assert code is None or isinstance(code, int)
        return Ended(code or 0, *capsys.readouterr())

    return run
