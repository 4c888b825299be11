"""The loaders that `bench_loader.py` puts side by side: ours, and those that people use.

To add one, write a function (data, variant) that returns an endless stream of batches of images,
and put `@contender` on it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

SIZE = 48


@dataclass
class Data:
    """What every contender is given."""

    path: Path
    batch_size: int

    @property
    def folder(self) -> Path:
        """Folder of the training split's class folders."""
        folder = self.path / "train" if (self.path / "train").is_dir() else self.path
        if not folder.is_dir():
            raise FileNotFoundError("it reads class folders, and this is none")
        return folder

    @property
    def class_names(self) -> list[str]:
        """Names of the class folders, in the order of the labels."""
        return sorted(entry.name for entry in self.folder.iterdir() if entry.is_dir())

    @cached_property
    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Images uint8 [N, 48, 48, 1], in memory, and labels int64 [N]."""
        import fer_data

        loader = fer_data.open_loader(self.path)
        return loader.store.pixels[loader.rows], loader.labels.astype(np.int64)


Stream = Iterator[Any]
"""Endless batches; `len` of one is its number of images."""


@dataclass(frozen=True)
class Contender:
    """A loader, and what it does.

    `variants` are ways to set it up of which nobody knows the fastest in advance: each is tried for
    a moment, and the best one is measured and named. `settle` is how many images it must have
    given until its caches are full.
    """

    name: str
    title: str
    imports: tuple[str, ...]
    flips: str
    balances: str
    start: Callable[[Data, Any], Stream]
    variants: tuple[Any, ...] = (None,)
    settle: int = 10_000


CONTENDERS: dict[str, Contender] = {}


def contender(name: str, title: str, **about: Any) -> Callable[[Any], Any]:
    """Register a function (data, variant) -> stream."""

    def register(start: Callable[[Data, Any], Stream]) -> Callable[[Data, Any], Stream]:
        CONTENDERS[name] = Contender(name, title, start=start, **about)
        return start

    return register


def forever(dataset: Iterable[Any]) -> Stream:
    """Yield the images of (images, labels, ...), one epoch after the other."""
    while True:
        for batch in dataset:
            yield batch[0]


# Ours ---------------------------------------------------------------------------------------------

_TF = ("tensorflow", "fer_data.adapters.tfdata")
_NUMPY = ("fer_data.loading.opening",)


def ours(name: str, title: str, balance: str, balances: str, **options: Any) -> None:
    """Register our tf.data and NumPy loaders under a balance, and other options of both."""
    about: dict[str, Any] = {"flips": "yes", "balances": balances}

    def tf_stream(data: Data, _: Any) -> Stream:
        import fer_data

        options_ = {"balance": balance, "batch_size": data.batch_size, **options}
        # Endless, as the idiom is: starting an iteration takes TensorFlow time.
        return forever(fer_data.tf_dataset(data.path, **options_).repeat())

    def numpy_stream(data: Data, _: Any) -> Stream:
        import fer_data

        options_ = {"balance": balance, "batch_size": data.batch_size, **options}
        loader = fer_data.open_loader(data.path, **options_)
        return (batch.images for epoch in itertools.count() for batch in loader.epoch(epoch))

    suffix = f"-{name}" if name else ""
    contender(f"ours-tf{suffix}", f"fer_data, tf.data, {title}", imports=_TF, **about)(tf_stream)
    contender(f"ours-numpy{suffix}", f"fer_data, NumPy, {title}", imports=_NUMPY, **about)(
        numpy_stream
    )


ours("", "batch", "batch", "each batch, exactly")
ours("uint8", "batch, uint8", "batch", "each batch, exactly", dtype="uint8")
ours("natural", "natural", "natural", "no")
ours("mixup", "batch, mixup", "batch", "each batch, exactly", mix="mixup:0.2")
ours("standard", "batch, --augment standard", "batch", "each batch, exactly", augment="standard")


@contender(
    "ours-tf-epochs",
    "fer_data, tf.data, batch, an iteration an epoch",
    imports=_TF,
    flips="yes",
    balances="each batch, exactly",
)
def ours_tf_epochs(data: Data, _: Any) -> Stream:
    """As `fit` iterates without a number of steps."""
    import fer_data

    return forever(fer_data.tf_dataset(data.path, balance="batch", batch_size=data.batch_size))


@contender(
    "ours-keras",
    "fer_data, Keras PyDataset, batch",
    imports=("keras", "fer_data.adapters.keras_dataset"),
    flips="yes",
    balances="each batch, exactly",
)
def ours_keras(data: Data, _: Any) -> Stream:
    """Batches one after the other, without the threads that `fit` would start."""
    import fer_data

    dataset = fer_data.keras_dataset(data.path, balance="batch", batch_size=data.batch_size)
    while True:
        dataset.on_epoch_begin()
        yield from (dataset[index][0] for index in range(len(dataset)))
        dataset.on_epoch_end()


@contender(
    "ours-torch",
    "fer_data, PyTorch, batch",
    imports=("torch", "fer_data.adapters.torch_loader"),
    flips="yes",
    balances="each batch, exactly",
)
def ours_torch(data: Data, _: Any) -> Stream:
    """In this process, without workers."""
    import fer_data

    return forever(fer_data.torch_loader(data.path, balance="batch", batch_size=data.batch_size))


# Others -------------------------------------------------------------------------------------------


@contender(
    "keras-generator",
    "Keras ImageDataGenerator",
    imports=("tensorflow", "keras.src.legacy.preprocessing.image", "scipy.ndimage"),
    flips="yes",
    balances="no",
    settle=1_000,
)
def keras_generator(data: Data, _: Any) -> Stream:
    """The notebook's: images are read and decoded each time."""
    import scipy.ndimage  # noqa: F401  (it needs it, and says so late)
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    for file in data.folder.rglob("*.png"):
        file.read_bytes()  # into the page cache
    return forever(
        ImageDataGenerator(horizontal_flip=True).flow_from_directory(
            str(data.folder),
            target_size=(SIZE, SIZE),
            color_mode="grayscale",
            batch_size=data.batch_size,
            class_mode="categorical",
            shuffle=True,
            seed=0,
        )
    )


@contender(
    "tf-idiom",
    "tf.data idiom (sample_from_datasets)",
    imports=("tensorflow", "keras"),
    flips="yes",
    balances="each batch, in expectation",
    settle=60_000,  # until the largest class has been through its cache once
)
def tf_idiom(data: Data, _: Any) -> Stream:
    """One cached, shuffled, repeated dataset a class, drawn from with equal weights."""
    import keras
    import tensorflow as tf

    parts = []
    names = data.class_names
    for label, name in enumerate(names):
        folder = data.folder / name
        images = keras.utils.image_dataset_from_directory(
            str(folder),
            labels=None,
            color_mode="grayscale",
            image_size=(SIZE, SIZE),
            shuffle=False,
            batch_size=data.batch_size,
            verbose=False,
        ).unbatch()
        one_hot = tf.one_hot(label, len(names))
        parts.append(
            images.cache()
            .shuffle(sum(1 for _ in folder.iterdir()), seed=label)
            .repeat()
            .map(lambda image, one_hot=one_hot: (image, one_hot))
        )
    return forever(
        tf.data.Dataset.sample_from_datasets(parts, [1 / len(parts)] * len(parts), seed=0)
        .map(
            lambda image, target: (tf.image.random_flip_left_right(image), target),
            num_parallel_calls=tf.data.AUTOTUNE,
        )
        .batch(data.batch_size)
        .prefetch(tf.data.AUTOTUNE)
    )


@contender(
    "imblearn",
    "imbalanced-learn BalancedBatchGenerator",
    imports=("keras", "imblearn.keras", "imblearn.over_sampling"),
    flips="no",
    balances="each epoch, nearly",
    variants=("float32 rows", "uint8 rows, then astype"),
)
def imblearn_batches(data: Data, variant: str) -> Stream:
    """It takes flat rows only, flips nothing, and keeps its order from epoch to epoch."""
    from imblearn.keras import BalancedBatchGenerator
    from imblearn.over_sampling import RandomOverSampler

    pixels, labels = data.arrays
    rows = pixels.reshape(len(pixels), -1)
    if variant == "float32 rows":
        rows = rows.astype(np.float32)
    batches = BalancedBatchGenerator(
        rows,
        np.eye(labels.max() + 1, dtype=np.float32)[labels],
        sampler=RandomOverSampler(random_state=0),
        batch_size=data.batch_size,
        random_state=0,
    )
    for step in itertools.cycle(range(len(batches))):
        images, _ = batches[step]
        yield images.reshape(-1, *pixels.shape[1:]).astype(np.float32, copy=False)


class TorchImages:
    """Images in memory as PyTorch would have them, uint8 [N, 1, 48, 48]: by one or by many."""

    def __init__(self, pixels: Any, labels: Any):
        self.pixels, self.labels = pixels, labels

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, place: Any) -> tuple[Any, Any]:
        import torch

        image = self.pixels[place].float()
        if isinstance(place, list):
            flipped = torch.rand(len(place)) < 0.5
            image[flipped] = image[flipped].flip(-1)
        elif torch.rand(1) < 0.5:  # as torchvision's RandomHorizontalFlip does it
            image = image.flip(-1)
        return image, self.labels[place]


@contender(
    "torch",
    "PyTorch DataLoader + WeightedRandomSampler",
    imports=("torch.utils.data",),
    flips="yes",
    balances="each batch, in expectation",
    variants=("whole batches", "images", "images, 1 worker", "images, 2 workers"),
)
def torch_batches(data: Data, variant: str) -> Stream:
    """Workers are spawned: this process has threads already. Torch's own are a hindrance here."""
    import torch
    from torch.utils.data import BatchSampler, DataLoader, WeightedRandomSampler

    torch.set_num_threads(1)
    pixels, labels = data.arrays
    images = TorchImages(
        torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy()), torch.from_numpy(labels)
    )
    weights = (1 / np.bincount(labels))[labels]
    sampler = WeightedRandomSampler(torch.from_numpy(weights), len(labels))
    if variant == "whole batches":
        batches = BatchSampler(sampler, data.batch_size, drop_last=False)
        return forever(DataLoader(images, sampler=batches, batch_size=None))
    workers = int(variant.split()[1]) if " " in variant else 0
    return forever(
        DataLoader(
            images,
            batch_size=data.batch_size,
            sampler=sampler,
            num_workers=workers,
            persistent_workers=workers > 0,
            multiprocessing_context="spawn" if workers else None,
        )
    )


def flip_by_generator(sample: tuple[Any, Any], rng: np.random.Generator) -> tuple[Any, Any]:
    """Convert an image, and flip it or not."""
    image, label = sample
    if rng.random() < 0.5:
        image = image[:, ::-1]
    return image.astype(np.float32), label


@contender(
    "grain",
    "Grain MapDataset.mix",
    imports=("grain",),
    flips="yes",
    balances="each batch, exactly",
    variants=("no threads", "default threads"),
)
def grain_batches(data: Data, variant: str) -> Stream:
    """One process. Its documentation recommends no threads where data is in memory."""
    import grain

    pixels, labels = data.arrays
    parts = [
        grain.MapDataset.source([(pixels[row], label) for row in np.flatnonzero(labels == label)])
        .seed(int(label))
        .shuffle()
        .repeat()
        for label in np.unique(labels)
    ]
    mixed = grain.MapDataset.mix(parts, weights=[1 / len(parts)] * len(parts)).seed(0)
    options = grain.ReadOptions(num_threads=0, prefetch_buffer_size=0)
    return forever(
        mixed.random_map(flip_by_generator)
        .batch(data.batch_size)
        .to_iter_dataset(options if variant == "no threads" else None)
    )


@contender(
    "tf-constant",
    "tf.data, the same batch again and again",
    imports=("tensorflow",),
    flips="no",
    balances="no",
)
def tf_constant(data: Data, _: Any) -> Stream:
    """No work at all: what handing a batch from tf.data to Python takes."""
    import tensorflow as tf

    batch = tf.zeros((data.batch_size, SIZE, SIZE, 1)), tf.zeros((data.batch_size, 7))
    return forever(tf.data.Dataset.from_tensors(batch).repeat())


@contender(
    "copy-into",
    "plain copy, into one array",
    imports=("fer_data.loading.opening",),
    flips="no",
    balances="no",
)
def copy_into(data: Data, _: Any) -> Stream:
    """A batch's float32 bytes, one batch after the other of all, into an array that is kept."""
    source = data.arrays[0].astype(np.float32)
    target = np.empty((data.batch_size, *source.shape[1:]), np.float32)
    for start in itertools.cycle(range(0, len(source) - data.batch_size + 1, data.batch_size)):
        np.copyto(target, source[start : start + data.batch_size])
        yield target


@contender(
    "copy-fresh",
    "plain copy, into a new array each",
    imports=("fer_data.loading.opening",),
    flips="no",
    balances="no",
)
def copy_fresh(data: Data, _: Any) -> Stream:
    """The same, where every batch is memory of its own."""
    source = data.arrays[0].astype(np.float32)
    for start in itertools.cycle(range(0, len(source) - data.batch_size + 1, data.batch_size)):
        yield source[start : start + data.batch_size].copy()
