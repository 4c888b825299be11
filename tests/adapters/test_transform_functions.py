"""Functions of an image as transforms: keyed, checked, named; and those that the docs show."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fer_data
from fer_data.errors import UsageError
from fer_data.transforms import PerImage, as_transform
from fer_data.transforms.transform import taken
from tests.helpers.image_functions import SHAPE, halved, jittered, keys_of, noise

DOCS = Path(__file__).resolve().parents[2] / "docs" / "transforms.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)


def test_a_function_may_return_another_shape_another_type_or_change_what_it_gets() -> None:
    keys, images = keys_of(range(4)), noise(4, (8, 8, 1))

    def changed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        image //= 2
        return image[..., 0]

    assert np.array_equal(PerImage(halved).apply(np, images, keys), images[:, ::2, ::2])
    assert np.array_equal(PerImage(changed).apply(np, images, keys), images // 2)
    with pytest.raises(UsageError, match="on a device"):
        PerImage(halved).apply(object(), images, keys)


@pytest.mark.extra("tensorflow", "keras")
@pytest.mark.parametrize("rare", [None, halved])
def test_images_of_another_shape_go_through_every_adapter(rare: Any) -> None:
    data, labels = noise(6, (8, 10, 3)), np.array([0] * 5 + [1])
    options: dict[str, Any] = {"batch_size": 3, "augment": halved, "augment_rare": rare}
    loader = fer_data.open_loader((data, labels), **options)
    dataset = fer_data.tf_dataset((data, labels), **options)
    assert dataset.element_spec[0].shape == (None, 4, 5, 3)
    for (images, *_), batch in zip(dataset.as_numpy_iterator(), loader, strict=True):
        assert np.array_equal(images, batch.images)
    assert fer_data.keras_dataset((data, labels), **options)[0][0].shape == (3, 4, 5, 3)


@pytest.mark.parametrize(
    "function",
    [
        lambda image, rng: None,
        lambda image, rng: image.astype(int),
        lambda image, rng: image[:, :, 0, 0],
        lambda image, rng: image[: rng.integers(1, 9)],
        lambda image, rng: 1 / 0,
    ],
)
def test_a_function_that_gives_no_image_is_reported_with_the_sample(function: Any) -> None:
    with pytest.raises((UsageError, IndexError, ZeroDivisionError)) as failed:
        PerImage(function).apply(np, noise(30, (9, 9, 1)), keys_of(np.arange(70, 100)))
    assert "of sample 7" in " ".join([str(failed.value), *getattr(failed.value, "__notes__", [])])


def test_rare_classes_can_have_a_function_if_its_images_are_of_the_same_shape() -> None:
    keys = keys_of(range(4), labels=[0, 1, 0, 1])
    is_rare, images = np.array([False, True]), noise(4)
    transform = as_transform("none", jittered, is_rare)
    found = transform.apply(np, images, transform.draw(keys, SHAPE))
    assert (found == images).all(axis=(1, 2, 3)).tolist() == [True, False, True, False]
    assert np.array_equal(
        found[[1, 3]], PerImage(jittered).apply(np, images[[1, 3]], taken(keys, np.array([1, 3])))
    )
    other = as_transform("none", halved, is_rare)
    with pytest.raises(UsageError, match="one shape for all classes"):
        other.apply(np, images, other.draw(keys, SHAPE))


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0, None),
        (1, "noisy"),
        pytest.param(2, "albumented", marks=pytest.mark.extra("albumentations")),
        pytest.param(3, "envisioned", marks=pytest.mark.extra("torchvision")),
    ],
)
def test_a_snippet_of_the_docs_runs_and_its_images_follow_from_their_keys(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, name: str | None
) -> None:
    (tmp_path / "faces").symlink_to(faces)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"fer_data": fer_data}
    exec(compile(SNIPPETS[number], str(DOCS), "exec"), names)
    if name is not None:
        transform, keys, images = PerImage(names[name]), keys_of(range(40)), noise(40, (32, 32, 1))
        whole = transform.apply(np, images, keys)
        backwards = np.arange(40)[::-1]
        assert np.array_equal(
            transform.apply(np, images[::-1], taken(keys, backwards)), whole[::-1]
        )
        assert len({image.tobytes() for image in transform.apply(np, images[[0] * 40], keys)}) > 20
    assert len(SNIPPETS) == 4
