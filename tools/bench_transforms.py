"""Augmented images per CPU second: ours and what people use, in turn, in one run.

    python tools/bench_transforms.py --json tools/records/bench_transforms.json

Each contender does what `standard` does (flip, shift, rotate, scale, brightness, contrast) to
batches of 64 random uint8 images; what is not installed is skipped. A round takes a second of CPU
time at least; what counts is the median of the rounds.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import numpy as np

import fer_data
from fer_data.transforms.kernel import kernel_in_use

BATCH = 64
Step = Callable[[], Any]
CONTENDERS: dict[str, Callable[[np.ndarray], Step]] = {}


def contender(name: str) -> Callable[[Any], Any]:
    """Register a function from images to one that makes a batch."""

    def register(make: Any) -> Any:
        CONTENDERS[name] = make
        return make

    return register


def ours(augment: str, **options: Any) -> Callable[[np.ndarray], Step]:
    """Return what draws batches of a loader."""

    def make(images: np.ndarray) -> Step:
        labels = np.arange(len(images)) % 7
        loader = fer_data.open_loader(
            (images, labels), augment=augment, batch_size=BATCH, balance="batch", **options
        )
        batches = iter(())

        def step() -> Any:
            nonlocal batches
            try:
                return next(batches)
            except StopIteration:
                batches = iter(loader)
                return next(batches)

        return step

    return make


contender("fer_data, standard")(ours("standard"))
contender("fer_data, standard, uint8")(ours("standard", dtype="uint8"))
contender("fer_data, flip")(ours("flip"))
contender("fer_data, flip, uint8")(ours("flip", dtype="uint8"))


@contender("plain copy to float32")
def copy(images: np.ndarray) -> Step:
    """Gather and convert, and nothing else."""
    rng = np.random.default_rng(0)
    out = np.empty((BATCH, *images.shape[1:]), np.float32)

    def step() -> Any:
        out[:] = images[rng.integers(0, len(images), BATCH)]
        return out

    return step


@contender("OpenCV, warpAffine and a table")
def opencv(images: np.ndarray) -> Step:
    """One affine warp, then brightness and contrast by a look-up table."""
    cv2 = importlib.import_module("cv2")
    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    height, width = images.shape[1:3]
    values = np.arange(256, dtype=np.float32)

    def step() -> Any:
        transformed = np.empty((BATCH, *images.shape[1:]), np.float32)
        for place, row in enumerate(rng.integers(0, len(images), BATCH)):
            image = images[row]
            angle, scale, down, across, contrast, brightness = rng.uniform(-1, 1, 6)
            matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 10 * angle, 1 + 0.1 * scale)
            matrix[:, 2] += 0.08 * width * across, 0.08 * height * down
            if rng.random() < 0.5:
                matrix[0] = -matrix[0]
                matrix[0, 2] += width - 1
            warped = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
            mean = image.mean()
            table = (values - mean) * (1 + 0.15 * contrast) + mean + 25.5 * brightness
            table = np.clip(table, 0, 255).astype(np.uint8)
            transformed[place] = cv2.LUT(warped, table).reshape(image.shape)
        return transformed

    return step


@contender("albumentations")
def albumentations(images: np.ndarray) -> Step:
    """Its Compose of a flip, an affine transform, brightness and contrast."""
    album = importlib.import_module("albumentations")
    importlib.import_module("cv2").setNumThreads(1)
    compose = album.Compose(
        [
            album.HorizontalFlip(p=0.5),
            album.Affine(
                scale=(0.9, 1.1),
                translate_percent=(-0.08, 0.08),
                rotate=(-10, 10),
                border_mode=1,
                p=1,
            ),
            album.RandomBrightnessContrast(0.1, 0.15, p=1),
        ]
    )
    rng = np.random.default_rng(0)

    def step() -> Any:
        rows = rng.integers(0, len(images), BATCH)
        return np.stack([compose(image=images[row])["image"] for row in rows]).astype(np.float32)

    return step


@contender("PyTorch, grid_sample")
def grid_sample(images: np.ndarray) -> Step:
    """A batch at a time: affine_grid, grid_sample, brightness and contrast."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    source = torch.from_numpy(np.ascontiguousarray(np.moveaxis(images, -1, 1)))

    def step() -> Any:
        batch = source[torch.randint(len(source), (BATCH,))].float()
        angle, scale = (torch.rand(BATCH) - 0.5) * 0.349, 1 + (torch.rand(BATCH) - 0.5) * 0.2
        flips = torch.where(torch.rand(BATCH) < 0.5, -1.0, 1.0)
        cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
        shift = (torch.rand(2, BATCH) - 0.5) * 0.32
        rows = [flips * cos, -flips * sin, shift[0], sin, cos, shift[1]]
        theta = torch.stack(rows, 1).reshape(-1, 2, 3)
        grid = torch.nn.functional.affine_grid(theta, batch.shape, align_corners=False)
        moved = torch.nn.functional.grid_sample(
            batch, grid, padding_mode="border", align_corners=False
        )
        mean = moved.mean((1, 2, 3), keepdim=True)
        contrast = 1 + (torch.rand(BATCH, 1, 1, 1) - 0.5) * 0.3
        brightness = (torch.rand(BATCH, 1, 1, 1) - 0.5) * 51
        return ((moved - mean) * contrast + mean + brightness).clamp(0, 255)

    return step


@contender("Kornia")
def kornia(images: np.ndarray) -> Step:
    """Its augmentation modules, a batch at a time."""
    torch, nn = importlib.import_module("torch"), importlib.import_module("kornia.augmentation")
    torch.set_num_threads(1)
    module = nn.AugmentationSequential(
        nn.RandomHorizontalFlip(),
        nn.RandomAffine(10, (0.08, 0.08), (0.9, 1.1), padding_mode="border", p=1),
        nn.RandomBrightness((0.9, 1.1), p=1),
        nn.RandomContrast((0.85, 1.15), p=1),
    )
    source = torch.from_numpy(np.ascontiguousarray(np.moveaxis(images, -1, 1)))

    def step() -> Any:
        return module(source[torch.randint(len(source), (BATCH,))].float() / 255)

    return step


@contender("TensorFlow, ImageProjectiveTransformV3")
def tensorflow(images: np.ndarray) -> Step:
    """A batch at a time in a graph."""
    tf = importlib.import_module("tensorflow")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    source = tf.constant(images)
    height, width = images.shape[1:3]

    @tf.function
    def make() -> Any:
        rows = tf.random.uniform((BATCH,), 0, len(images), tf.int32)
        batch = tf.image.random_flip_left_right(tf.cast(tf.gather(source, rows), tf.float32))
        angle = tf.random.uniform((BATCH,), -0.1745, 0.1745)
        scale = tf.random.uniform((BATCH,), 0.9, 1.1)
        cos, sin = tf.cos(angle) / scale, tf.sin(angle) / scale
        across = tf.random.uniform((BATCH,), -0.08, 0.08) * width
        down = tf.random.uniform((BATCH,), -0.08, 0.08) * height
        middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
        zero = tf.zeros_like(cos)
        transforms = tf.stack(
            [
                *(cos, -sin, middle_x - cos * middle_x + sin * middle_y + across),
                *(sin, cos, middle_y - sin * middle_x - cos * middle_y + down),
                *(zero, zero),
            ],
            axis=1,
        )
        moved = tf.raw_ops.ImageProjectiveTransformV3(
            images=batch,
            transforms=transforms,
            output_shape=(height, width),
            fill_value=0.0,
            interpolation="BILINEAR",
            fill_mode="NEAREST",
        )
        mean = tf.reduce_mean(moved, axis=(1, 2, 3), keepdims=True)
        contrast = tf.random.uniform((BATCH, 1, 1, 1), 0.85, 1.15)
        brightness = tf.random.uniform((BATCH, 1, 1, 1), -25.5, 25.5)
        return tf.clip_by_value((moved - mean) * contrast + mean + brightness, 0, 255)

    return make


def rate(step: Step, seconds: float) -> float:
    """Return images per second of CPU time."""
    step()
    begin, number = time.process_time(), 0
    while (spent := time.process_time() - begin) < seconds:
        step()
        number += BATCH
    return number / spent


def main() -> None:
    """Measure, and print a table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=1.0, help="of CPU time, of a round")
    options.add_argument("--json", type=Path)
    given = options.parse_args()
    result: dict[str, Any] = {
        "kernel": kernel_in_use(),
        "batch": BATCH,
        "images_per_cpu_second": {},
    }
    rng = np.random.default_rng(0)
    for shape, number in (((48, 48, 1), 4096), ((224, 224, 3), 256)):
        images = rng.integers(0, 256, (number, *shape), np.uint8)
        steps = {}
        for name, make in CONTENDERS.items():
            try:
                steps[name] = make(images)
            except ImportError:
                print(f"{name}: not installed")
        rates: dict[str, list[float]] = {name: [] for name in steps}
        for _ in range(given.rounds):
            for name, step in steps.items():
                rates[name].append(rate(step, given.seconds))
        title = "x".join(map(str, shape))
        print(f"\n{title}, kernel: {result['kernel']}")
        first = statistics.median(rates["fer_data, standard"])
        for name, rounds in sorted(rates.items(), key=lambda item: -statistics.median(item[1])):
            middle = statistics.median(rounds)
            print(
                f"{name:42} {middle:11,.0f} ({min(rounds):,.0f} to {max(rounds):,.0f})"
                f"  {middle / first:6.2f}"
            )
        result["images_per_cpu_second"][title] = rates
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
