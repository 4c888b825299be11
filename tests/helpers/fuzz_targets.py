"""What `tools/fuzz.py` calls with bytes of its making, and the tests with those it found before.

A target returns where the bytes are taken or refused as they should be. Anything but a `DataError`
or `UsageError`, and anything taken that a plain slow reading would not, comes out of it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from fer_data.data import store
from fer_data.data.reading import load
from fer_data.loading.loader import Loader
from fer_data.loading.opening import make_loader
from fer_data.sampling.schedule import Schedule
from fer_data.sampling.strategy import Strategy
from tests.helpers.fuzz_csv import CSV_SEEDS, PIXEL_SEEDS, try_csv, try_pixels
from tests.helpers.fuzz_files import REFUSED, scratch
from tests.helpers.fuzz_images import image_seeds, small_store, store_seeds, try_image, try_store
from tests.helpers.fuzz_tables import npz_seeds, parquet_seeds, try_npz, try_parquet

# Strategies


def try_strategy(data: bytes) -> None:
    """Parse a strategy, print it, parse that, and draw by it."""
    text = data.decode("utf-8", "surrogateescape")
    counts = np.array([40, 7, 1, 0])
    with contextlib.suppress(*REFUSED):
        strategy = Strategy.parse(text)
        assert Strategy.parse(str(strategy)) == strategy
        quotas = strategy.quotas(counts, epoch=3, class_names="abcd")
        assert np.isfinite(quotas).all()
        assert (quotas >= 0).all()
        if strategy.settles < 1000:  # else it takes long
            schedule = Schedule(strategy, counts, class_names="abcd")
            assert schedule.draws(2).sum() == schedule.size


STRATEGY_SEEDS = [
    text.encode()
    for text in (
        "none",
        "natural",
        "oversample",
        "undersample",
        "batch",
        "power:0.5",
        "power:1e-3",
        "effective:0.999",
        "repeat-factor:0.1",
        "progressive:20",
        "deferred:3",
        "counts:a=2000,b=0",
        "counts:a%2C=2",
        "class-weights",
        "class-weights:effective:0.9",
        "class-weights:power:0.5",
        "oversample+class-weights",
        "batch+class-weights:power:0.25",
        "power:nan",
        "power:-0",
        "counts:c=999999999999999",
    )
]


# Loaders' states


@cache
def loader() -> Loader:
    folder = small_store()
    small = store._map(folder, load(scratch() / "data", layout="class-folders"))
    return make_loader(small, small.dataset.indices("train"), "batch", batch_size=2)


def try_state(data: bytes) -> None:
    """Go on from a state, which is JSON; ``$`` in it stands for the right fingerprint."""
    one = loader()
    try:
        text = data.decode("utf-8")
        state = json.loads(text.replace('"$"', json.dumps(one.state()["fingerprint"])))
    except (ValueError, RecursionError):
        return
    with contextlib.suppress(*REFUSED):
        resumed = one.from_state(state)
        assert resumed.state() == one.state(resumed.step)
        assert len(next(iter(resumed)).labels)


STATE_SEEDS = [
    b'{"epoch": 0, "step": 0, "fingerprint": "$"}',
    b'{"epoch": 3, "step": 1, "fingerprint": "$"}',
    b'{"epoch": 1000000, "step": 2, "fingerprint": "$"}',
    b'{"epoch": -1, "step": 99, "fingerprint": "$"}',
    b'{"epoch": 1, "step": 1, "fingerprint": "data 7 | balance batch | seed 0"}',
    b'{"epoch": true, "step": 1.5, "fingerprint": null}',
    b"[]",
    b"null",
    b'"epoch"',
    b'{"epoch": 10000000000, "step": 0, "fingerprint": "$"}',
]


@dataclass(frozen=True)
class Target:
    """What is tried, what to begin with, and the longest input that is worth trying."""

    try_one: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    max_len: int


TARGETS = {
    "csv": Target(try_csv, lambda: CSV_SEEDS, 400),
    "pixels": Target(try_pixels, lambda: PIXEL_SEEDS, 120),
    "image": Target(try_image, image_seeds, 2000),
    "store": Target(try_store, store_seeds, 3000),
    "npz": Target(try_npz, npz_seeds, 2000),
    "parquet": Target(try_parquet, parquet_seeds, 3000),
    "strategy": Target(try_strategy, lambda: STRATEGY_SEEDS, 80),
    "state": Target(try_state, lambda: STATE_SEEDS, 200),
}
