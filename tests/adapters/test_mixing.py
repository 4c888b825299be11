"""mixup and remix: mixtures, soft labels, and their weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.helpers.registered  # noqa: F401  x-uniform is registered there
from fer_data.errors import UsageError
from fer_data.loading.opening import open_loader
from fer_data.transforms.mixing import Mixing
from tests.conftest import MakeFolder


@pytest.fixture
def data(make_folder: MakeFolder) -> Path:
    return make_folder({"train/a": 12, "train/b": 6, "train/c": 3}, side=12)


def test_a_mixture_is_what_its_record_says(data: Path) -> None:
    options = {"batch_size": 7, "image_size": 12, "rescale": 0.5}
    plain = open_loader(data, **options)  # type: ignore[arg-type]
    loader = open_loader(data, **options, mix="mixup:0.5")  # type: ignore[arg-type]
    for step in range(3):  # an epoch, in which each sample comes once
        expected, batch = plain.batch(step), loader.batch(step)
        assert batch.mixed is not None
        assert sorted(batch.mixed.samples) == sorted(expected.samples)
        places = {sample: place for place, sample in enumerate(expected.samples.tolist())}
        partners = expected.images[[places[sample] for sample in batch.mixed.samples.tolist()]]
        (fraction,) = set(batch.mixed.lam.tolist())
        fraction = np.float32(fraction)
        assert np.array_equal(batch.images, expected.images * fraction + partners * (1 - fraction))


@pytest.mark.parametrize("mix", ["mixup:0.5", "x-uniform:0.5"])
@pytest.mark.parametrize("balance", ["batch", "oversample", "none"])
def test_mixup_keeps_the_balance_of_a_batch(data: Path, balance: str, mix: str) -> None:
    loader = open_loader(data, balance=balance, batch_size=9, image_size=12, mix=mix)
    for step in range(20):
        batch = loader.batch(step)
        targets = batch.targets(3)
        assert targets.dtype == np.float32
        np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
        np.testing.assert_allclose(
            targets.sum(axis=0), np.bincount(batch.labels, minlength=3), atol=1e-5
        )


def test_soft_labels_are_weighted_by_their_fractions(data: Path) -> None:
    loader = open_loader(
        data, balance="class-weights", batch_size=9, image_size=12, mix="remix:0.7"
    )
    for step in range(10):
        batch = loader.batch(step)
        expected = batch.targets(3) @ loader.class_weights
        np.testing.assert_allclose(batch.weights, expected, rtol=1e-5)


@given(st.floats(0, 1, width=32), st.integers(1, 100), st.integers(1, 100))
def test_remix_gives_the_label_to_the_rarer_class_as_its_paper_says(
    fraction: float, first: int, second: int
) -> None:
    found = Mixing("remix", 1.0).label_lam(
        np.array([fraction], np.float32), np.array([first, second]), np.array([0]), np.array([1])
    )
    expected = fraction
    if first / second >= 3 and fraction < 0.5:
        expected = 0
    elif first / second <= 1 / 3 and 1 - np.float32(fraction) < 0.5:
        expected = 1
    assert found.tolist() == [np.float32(expected)]


def test_fractions_follow_the_beta_distribution() -> None:
    fractions = np.array([Mixing("mixup", 0.2).draw(0, [step], [4])[1][0] for step in range(4000)])
    assert fractions.mean() == pytest.approx(0.5, abs=0.03)
    assert fractions.var() == pytest.approx(1 / (4 * (2 * 0.2 + 1)), abs=0.01)


def test_soft_labels_are_no_integers(data: Path) -> None:
    from fer_data.adapters.tfdata import tf_dataset

    with pytest.raises(UsageError, match="int labels cannot hold them"):
        tf_dataset(data, mix="mixup:0.2", label_mode="int")
