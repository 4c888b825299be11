"""Two real processes train exactly the sampler's batches together, or are refused."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_data import BalancedBatchSampler

pytestmark = [pytest.mark.slow, pytest.mark.extra("torch")]

LABELS = np.repeat([0, 1, 2], [30, 7, 3])


def batches(size: int, num: int, **options: Any) -> list[list[int]]:
    sampler = BalancedBatchSampler(LABELS, "batch", batch_size=size, seed=1, **options)
    return [sampler[step] for step in range(num)]


def run(
    script: str, framework: str, folder: Path, *, num_started: int, may_abort: bool = False
) -> None:
    """Run a script as two processes, or as one that starts the second itself.

    On a busy machine a process of Lightning's ddp_spawn was once aborted by PyTorch: the script is
    then run once more, if `may_abort`.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    ranks: list[dict[str, str]] = [
        {
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "WORLD_SIZE": "2",
            "LOCAL_WORLD_SIZE": "2",
            "MASTER_PORT": port,
            "ACCELERATE_USE_CPU": "true",
        }
        for rank in range(num_started)
    ]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", script, framework, str(folder)],
            env={**os.environ, "MASTER_ADDR": "127.0.0.1", **(rank if num_started > 1 else {})},
            cwd=Path(__file__).parents[2],
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in ranks
    ]
    errors = [process.communicate(timeout=900)[1] for process in processes]
    if may_abort and "SIGABRT" in errors[0]:
        run(script, framework, folder, num_started=num_started, may_abort=False)
    else:
        assert [process.returncode for process in processes] == [0] * num_started, errors


def both(framework: str, folder: Path) -> list[dict[str, Any]]:
    run("tests.helpers.two_ranks", framework, folder, num_started=2)
    return [json.loads((folder / f"{framework}-{rank}.json").read_text()) for rank in range(2)]


def parts(found: list[dict[str, Any]], name: str) -> list[list[int]]:
    """Return the steps of both processes together, where each has a part of a batch."""
    return [one + other for one, other in zip(found[0][name], found[1][name], strict=True)]


def turns(found: list[dict[str, Any]], name: str) -> list[list[int]]:
    """Return the steps of both processes, where they have whole batches in turn."""
    return [x for both in zip(found[0][name], found[1][name], strict=True) for x in both]


def test_ddp(tmp_path: Path) -> None:
    found = both("ddp", tmp_path)
    whole = batches(6, 15, drop_last=True)
    assert parts(found, "own") == parts(found, "own, workers") == whole[:12]
    assert parts(found, "own, last smaller") == batches(6, 14)
    assert parts(found, "own, resumed") == whole[3:12]
    for one in found:
        for batch in one["own"]:
            assert np.ptp(np.bincount(LABELS[batch], minlength=3)) == 0
        assert any("give each process its part" in text for text in one["whole"])


def test_accelerate(tmp_path: Path) -> None:
    pytest.importorskip("accelerate")
    found = both("accelerate", tmp_path)
    assert parts(found, "own, unprepared") == batches(6, 14)
    assert turns(found, "whole, even, False") == batches(6, 16, epoch_size=48)
    assert turns(found, "single, even, False") == batches(6, 16, epoch_size=48)
    assert turns(found, "whole, drop_last, False") == batches(6, 12, drop_last=True)
    assert parts(found, "whole, even, True") == batches(6, 16, epoch_size=48)
    assert parts(found, "single, even, True") == batches(6, 16, epoch_size=48)
    assert parts(found, "whole, drop_last, True") == batches(6, 12, drop_last=True)
    for one in found:
        for split in (False, True):
            assert "part already" in one[f"own, {split}"]
            for name in ("whole", "single"):
                assert "repeat or drop" in one[f"{name}, {split}"]


def test_hugging_face(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    found = both("hugging_face", tmp_path)
    assert turns(found, "even") == batches(3, 32, epoch_size=48)
    for one in found:
        assert "repeat or drop" in one["odd"]
        assert "part already" in one["own"]


@pytest.mark.parametrize("strategy", ["ddp", "ddp_spawn"])
def test_lightning_as_it_is_by_default(tmp_path: Path, strategy: str) -> None:
    pytest.importorskip("lightning")
    run("tests.helpers.two_ranks_lightning", strategy, tmp_path, num_started=1, may_abort=True)

    def read(name: str) -> list[Any]:
        return [json.loads((tmp_path / f"{name}-{rank}.json").read_text()) for rank in range(2)]

    together = [one + other for one, other in zip(*read("own"), strict=True)]
    assert together == batches(6, 12, drop_last=True)
    if strategy == "ddp":
        for name in ("whole", "single"):
            assert all("BalancedDistributedSampler" in text for text in read(name))
