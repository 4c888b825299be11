"""The snippets of docs/frameworks.md and the README's own-dataset one, and what they train."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fer_data
from tests.conftest import MakeFolder

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "frameworks.md").read_text("utf-8")
LABELS = np.repeat([0, 1, 2], [30, 7, 3])

pytestmark = pytest.mark.filterwarnings("ignore")  # what frameworks warn of


class Stop(Exception):
    """What ends a training."""


class Numbers:
    """A dataset of one's own: the index itself, and its label."""

    def __len__(self) -> int:
        return len(LABELS)

    def __getitem__(self, index: int) -> dict[str, int]:
        return {"x": index, "labels": int(LABELS[index])}


def snippets(heading: str) -> list[str]:
    """Return the Python of a section."""
    section = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


def run(snippet: str, seen: list[Any], *, stop: int | None = None, **names: Any) -> dict[str, Any]:
    """Run a snippet until it has trained `stop` batches more, or to its end; return its names."""
    from torch.utils.data import DataLoader

    left = iter(range(stop) if stop is not None else iter(int, 1))

    def train(batch: Any) -> None:
        if next(left, None) is None:
            raise Stop
        seen.append(
            batch["x"].tolist() if isinstance(batch, dict) else [item["x"] for item in batch]
        )

    known = {"fer_data": fer_data, "DataLoader": DataLoader, "labels": LABELS, "dataset": Numbers()}
    found = {**known, "train": train, "state": None, **names}
    try:
        exec(compile(snippet, "<docs/frameworks.md>", "exec"), found)
    except Stop:
        assert stop is not None
    return found


def batches(num: int, **options: Any) -> list[list[int]]:
    sampler = fer_data.BalancedBatchSampler(LABELS, "batch", batch_size=6, **options)
    return [sampler[step] for step in range(num)]


@pytest.mark.extra("torch")
def test_pytorch() -> None:
    first, second = snippets("PyTorch")
    seen: list[Any] = []
    state = fer_data.BalancedBatchSampler(LABELS, "batch", batch_size=6).state_dict()
    for stop in (3, 9, None):
        state = run(first, seen, stop=stop, state=state)["state"]
    assert seen == batches(21)
    seen.clear()
    run(second, seen)
    sampler = fer_data.BalancedBatchSampler(LABELS, "batch", batch_size=3, drop_last=True)
    assert seen == list(sampler)


@pytest.mark.extra("torch", "torchdata")
def test_torchdata() -> None:
    (snippet,) = snippets("torchdata")
    seen: list[Any] = []
    state = None
    for stop in (2, 3, None):
        state = run(snippet, seen, stop=stop, state=state)["state"]
    assert seen == batches(7)


@pytest.mark.extra("torch", "lightning")
def test_lightning(tmp_path: Path) -> None:
    import lightning
    import torch

    seen: list[Any] = []

    class Module(lightning.LightningModule):  # type: ignore[name-defined,misc]
        def __init__(self, stop: int | None) -> None:
            super().__init__()
            self.weight, self.left = torch.nn.Parameter(torch.zeros(1)), stop

        def training_step(self, batch: Any, number: int) -> Any:
            seen.append(batch["x"].tolist())
            return (self.weight * batch["labels"].sum()).sum()

        def on_train_batch_end(self, *args: Any) -> None:
            self.left = self.left and self.left - 1
            if self.left == 0:
                self.trainer.save_checkpoint(tmp_path / "at.ckpt")
                raise Stop

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), 0.01)

    options = {
        "accelerator": "cpu",
        "devices": 1,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    checkpoint = None
    for stop in (3, 9, None):
        run(
            *snippets("Lightning"),
            seen,
            stop=stop,
            module=Module(stop),
            options=options,
            checkpoint=checkpoint,
        )
        checkpoint = tmp_path / "at.ckpt"
    assert seen == batches(21)


@pytest.mark.extra("torch", "torchdata", "lightning")
@pytest.mark.parametrize("num_workers", [0, 2])
def test_lightning_keeps_the_state_of_torchdata_s_loader(tmp_path: Path, num_workers: int) -> None:
    import lightning
    import torch
    from lightning.pytorch.callbacks import ModelCheckpoint
    from torchdata.stateful_dataloader import StatefulDataLoader

    class Module(lightning.LightningModule):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            super().__init__()
            self.weight, self.seen = torch.nn.Parameter(torch.zeros(1)), []  # type: ignore[var-annotated]

        def training_step(self, batch: Any, number: int) -> Any:
            self.seen.append(batch["x"].tolist())
            return (self.weight * batch["labels"].sum()).sum()

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), 0.01)

    def fitted(checkpoint: Path | None) -> Any:
        sampler = fer_data.BalancedDistributedSampler(LABELS, "batch", batch_size=6)
        loader = StatefulDataLoader(
            Numbers(), batch_size=6, sampler=sampler, num_workers=num_workers
        )
        module = Module()
        lightning.Trainer(
            max_epochs=3,
            accelerator="cpu",
            devices=1,
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[ModelCheckpoint(tmp_path / "kept", every_n_train_steps=5, save_top_k=-1)],
        ).fit(module, loader, ckpt_path=checkpoint, weights_only=False)
        return module.seen

    assert fitted(None) == batches(21)
    kept = sorted((tmp_path / "kept").iterdir())
    assert len(kept) == 4
    for step, checkpoint in zip((5, 10, 15, 20), kept, strict=True):
        assert fitted(checkpoint) == batches(21)[step:]


@pytest.mark.extra("torch", "accelerate")
def test_accelerate() -> None:
    seen: list[Any] = []
    run(*snippets("Accelerate"), seen)
    assert seen == batches(6, drop_last=True)


@pytest.mark.extra("torch", "transformers")
@pytest.mark.parametrize("num_workers", [0, 2])
def test_hugging_face(tmp_path: Path, num_workers: int) -> None:
    import torch
    import transformers

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight, self.seen = torch.nn.Parameter(torch.zeros(1)), []  # type: ignore[var-annotated]

        def forward(self, x: Any, labels: Any) -> Any:
            self.seen.append(x.tolist())
            return {"loss": (self.weight * labels.sum()).sum()}

    arguments = transformers.TrainingArguments(
        str(tmp_path),
        per_device_train_batch_size=6,
        num_train_epochs=3,
        dataloader_num_workers=num_workers,
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
        save_steps=10,
        logging_strategy="no",
    )
    for first, checkpoint in ((0, None), (10, str(tmp_path / "checkpoint-10"))):
        model = Model()
        run(
            *snippets("Hugging Face Trainer"),
            [],
            model=model,
            arguments=arguments,
            checkpoint=checkpoint,
        )
        assert model.seen == batches(21)[first:]


@pytest.mark.extra("torch", "tensorflow")
def test_keras(make_folder: MakeFolder, tmp_path: Path) -> None:
    import keras

    first, second = snippets("Keras")
    for snippet, num_steps in ((first, 6), (second, 7)):
        model = keras.Sequential([keras.Input((12, 12, 1)), keras.layers.Flatten()])
        model.add(keras.layers.Dense(3, activation="softmax"))
        loss = "categorical_crossentropy" if snippet is first else "sparse_categorical_crossentropy"
        model.compile("sgd", loss)
        run(
            snippet,
            [],
            model=model,
            data=make_folder({"train/a": 14, "train/b": 7, "train/c": 2}, side=12),
            folder=tmp_path / "backup",
            images=np.zeros((len(LABELS), 12, 12, 1), np.float32),
        )
        assert int(model.optimizer.iterations) == 3 * num_steps


@pytest.mark.extra("torch", "grain")
def test_grain() -> None:
    (snippet,) = snippets("Grain")
    seen: list[Any] = []
    state = None
    for stop in (3, 9, None):
        state = run(snippet, seen, stop=stop, state=state)["state"]
    assert seen == batches(21)


@pytest.mark.extra("torch", "grain")
def test_grain_s_workers_keep_every_batch() -> None:
    import grain
    from absl import flags

    flags.FLAGS(["tests"])
    sampler = fer_data.BalancedBatchSampler(LABELS, "batch", batch_size=6)
    steps = grain.MapDataset.source(sampler.epochs(3)).map(list).to_iter_dataset()
    options = grain.MultiprocessingOptions(num_workers=2)
    assert [*map(list, steps.mp_prefetch(options))] == batches(21)
