"""Batches stay as they are: a training that began with this version goes on with the next one.

Who changes a digest here changes what every training sees. That needs a reason, and CHANGELOG.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

import fer_data

GOLDEN = {
    ("none", "none", "none"): "6ace8a231178bb64",
    ("batch", "flip", "none"): "52c96ccf08a0e899",
    ("oversample", "standard", "none"): "809af3401a7326ff",
    ("power:0.5", "strong", "mixup:0.4"): "c74c0bbe05d0bd67",
    ("repeat-factor:0.5", "color", "none"): "89751d85697ad003",
    ("counts:0=7,1=9", "shift:0.1,rotate:15", "remix:0.4"): "af392c52e572c889",
}


def digest_of(balance: str, augment: str, mix: str) -> str:
    """Return a digest of the images and labels of three epochs."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [30, 9, 3])
    images = rng.integers(0, 256, (len(labels), 12, 10, 3), np.uint8)
    loader = fer_data.open_loader(
        (images, labels), balance=balance, augment=augment, mix=mix, batch_size=8, seed=5
    )
    digest = hashlib.blake2b(digest_size=8)
    for step in range(3 * loader.num_steps):
        for array in loader.arrays(step):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("kernel", ["compiled", "numpy"])
@pytest.mark.parametrize(("balance", "augment", "mix"), GOLDEN)
def test_batches_are_those_of_earlier_versions(
    balance: str, augment: str, mix: str, kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_DATA_KERNEL", kernel)
    assert digest_of(balance, augment, mix) == GOLDEN[balance, augment, mix]
