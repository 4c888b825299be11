"""What one of two processes trains, in several frameworks; written as JSON.

Run as ``python -m tests.helpers.two_ranks FRAMEWORK FOLDER``, with the variables of torchrun.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

import fer_data
from fer_data import BalancedBatchSampler, BalancedDistributedSampler, BalancedSampler

LABELS = np.repeat([0, 1, 2], [30, 7, 3])
OPTIONS: dict[str, Any] = {"seed": 1, "balance": "batch"}


class Numbers(Dataset[Any]):
    """A dataset of one's own: the index itself, and its label."""

    def __len__(self) -> int:
        return len(LABELS)

    def __getitem__(self, index: int) -> dict[str, int]:
        return {"x": index, "labels": int(LABELS[index])}


class Model(torch.nn.Module):
    """Notes the samples that it is trained on."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen: list[list[int]] = []

    def forward(self, x: Any, labels: Any) -> Any:
        self.seen.append(x.tolist())
        return {"loss": (self.weight * labels.sum()).sum()}


def own(batch_size: int, **options: Any) -> Any:
    """Return a loader of this process's part."""
    workers = options.pop("num_workers", 0)
    sampler = BalancedDistributedSampler(LABELS, batch_size=batch_size, **OPTIONS, **options)
    return DataLoader(Numbers(), batch_size=batch_size, sampler=sampler, num_workers=workers)


def whole(batch_size: int, **options: Any) -> Any:
    """Return a loader of all batches."""
    sampler = BalancedBatchSampler(LABELS, batch_size=batch_size, **OPTIONS, **options)
    return DataLoader(Numbers(), batch_sampler=sampler)


def single(batch_size: int, **options: Any) -> Any:
    """Return a loader that makes the batches itself."""
    return DataLoader(
        Numbers(), batch_size=batch_size, sampler=BalancedSampler(LABELS, **OPTIONS, **options)
    )


def trained(loader: Any) -> list[list[int]]:
    """Return what two epochs train."""
    return [batch["x"].tolist() for _ in range(2) for batch in loader]


def ddp(folder: Path) -> dict[str, Callable[[], Any]]:
    """Plain PyTorch."""
    torch.distributed.init_process_group("gloo")

    def resumed() -> Any:
        loader: Any = own(3, drop_last=True)
        state = BalancedBatchSampler(LABELS, batch_size=2, drop_last=True, **OPTIONS).state_dict(9)
        loader.sampler.load_state_dict(state)
        return trained(loader)

    def warned() -> Any:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            next(iter(whole(6)))
        return [str(warning.message) for warning in found]

    return {
        "own": lambda: trained(own(3, drop_last=True)),
        "own, workers": lambda: trained(own(3, drop_last=True, num_workers=2)),
        "own, last smaller": lambda: trained(own(3)),
        "own, resumed": resumed,
        "whole": warned,
    }


def accelerate(folder: Path) -> dict[str, Callable[[], Any]]:
    """What `prepare` makes of each sampler, by ``split_batches``."""
    from accelerate import Accelerator
    from accelerate.utils import DataLoaderConfiguration

    found: dict[str, Callable[[], Any]] = {"own, unprepared": lambda: trained(own(3))}
    for split in (False, True):
        config = DataLoaderConfiguration(split_batches=split)
        accelerator = Accelerator(cpu=True, dataloader_config=config)
        loaders = {
            "own": own(4, drop_last=True),
            "whole": whole(6),
            "whole, even": whole(6, epoch_size=48),
            "whole, drop_last": whole(6, drop_last=True),
            "single": single(6),
            "single, even": single(6, epoch_size=48),
        }
        for name, loader in loaders.items():
            found[f"{name}, {split}"] = lambda a=accelerator, x=loader: trained(a.prepare(x))
    return found


def hugging_face(folder: Path) -> dict[str, Callable[[], Any]]:
    """The `Trainer`."""
    from transformers import Trainer, TrainingArguments

    def run(loader: Any, name: str) -> Any:
        class Balanced(Trainer):
            def _get_train_sampler(self, *args: Any) -> Any:
                return loader.sampler

        arguments = TrainingArguments(
            str(folder / name),
            per_device_train_batch_size=3,
            num_train_epochs=2,
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
            save_strategy="no",
            logging_strategy="no",
        )
        model = Model()
        Balanced(model, arguments, train_dataset=Numbers()).train()
        return model.seen

    return {
        "even": lambda: run(single(3, epoch_size=48), "even"),
        "odd": lambda: run(single(3), "odd"),
        "own": lambda: run(own(3, drop_last=True), "own"),
    }


def main() -> None:
    """Write what each case trains, or its error."""
    framework, folder = sys.argv[1], Path(sys.argv[2])
    cases = {"ddp": ddp, "accelerate": accelerate, "hugging_face": hugging_face}[framework](folder)
    found = {}
    for name, case in cases.items():
        try:
            found[name] = case()
        except fer_data.UsageError as error:
            found[name] = str(error)
    (folder / f"{framework}-{os.environ['RANK']}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
