"""The contract across processes: together they give the whole."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from tests.conftest import write_noise
from tests.helpers.adapters import COUNTS

WORKER = """
import sys, json, hashlib
import fer_data

def batches(path, index, count, engine):
    loader = fer_data.open_loader(
        path, balance="batch", batch_size=12, drop_remainder=True, augment="strong", image_size=12,
        seed=9, shard=fer_data.Shard(index, count),
    )
    dataset = fer_data.tf_dataset(loader) if engine == "tf.data" else loader
    for _ in range(2):
        for batch in dataset:
            if engine == "tf.data":
                images, labels = batch[0].numpy(), batch[1].numpy().argmax(1)
            else:
                images, labels = batch.images, batch.labels
            digests = [hashlib.md5(image.tobytes()).hexdigest() for image in images]
            yield labels.tolist(), digests

path, index, *counts = sys.argv[1:]
print(json.dumps({
    engine: {count: list(batches(path, int(index), int(count), engine)) for count in counts}
    for engine in ("numpy", "tf.data")
}))
"""


@pytest.fixture(scope="module")
def in_processes(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, dict[int, list[Any]]]:
    """Engine to number of processes to the shards that each of them gives; one gives the whole."""
    data = write_noise(tmp_path_factory.mktemp("shards") / "data", COUNTS, side=12)
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(data), str(index), *counts],
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "PYTHONHASHSEED": str(index),
                "FER_DATA_CACHE": str(tmp_path_factory.mktemp("cache")),
            },
        )
        for index, counts in enumerate([["1", "2", "3"], ["2", "3"], ["3"]])
    ]
    texts = [worker.communicate()[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 3
    found = [json.loads(text.splitlines()[-1]) for text in texts]
    return {
        engine: {count: [of[engine][str(count)] for of in found[:count]] for count in (1, 2, 3)}
        for engine in ("numpy", "tf.data")
    }


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["numpy", "tf.data"])
@pytest.mark.parametrize("count", [2, 3])
def test_processes_with_a_pipeline_each_give_the_whole_in_parts(
    in_processes: dict[str, dict[int, list[Any]]], count: int, engine: str
) -> None:
    (whole,), shards = in_processes["numpy"][1], in_processes[engine][count]
    assert len(whole) == 2
    joined = [
        [
            list(itertools.chain(*(part[0] for part in parts))),
            list(itertools.chain(*(part[1] for part in parts))),
        ]
        for parts in zip(*shards, strict=True)
    ]
    assert joined == whole
    for labels, _ in itertools.chain(*shards):
        often = np.bincount(labels, minlength=4)
        assert often.max() - often.min() <= 1
