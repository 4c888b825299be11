"""What each of two processes of Lightning's trains, written as JSON.

Run as ``python -m tests.helpers.two_ranks_lightning STRATEGY FOLDER``; Lightning starts the
other process.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import lightning
import torch

import fer_data
from tests.helpers.two_ranks import Model, own, single, whole


class Module(lightning.LightningModule):  # type: ignore[misc]
    """Writes the samples that it was trained on."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self.model, self.file = Model(), file

    def training_step(self, batch: Any, number: int) -> Any:
        return self.model(**batch)["loss"]

    def on_train_end(self) -> None:
        Path(f"{self.file}-{self.global_rank}.json").write_text(json.dumps(self.model.seen))

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), 0.01)


def fit(loader: Any, file: str, strategy: str) -> None:
    trainer = lightning.Trainer(
        max_epochs=2,
        accelerator="cpu",
        devices=2,
        strategy=strategy,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Module(file), loader)


def main() -> None:
    """Fit with the sampler that Lightning leaves alone, then with others."""
    strategy, folder = sys.argv[1], sys.argv[2]
    fit(own(3, drop_last=True), f"{folder}/own", strategy)
    if strategy == "ddp":
        for name, loader in (("whole", whole(6)), ("single", single(6))):
            try:
                fit(loader, f"{folder}/{name}", strategy)
            except fer_data.UsageError as error:
                rank = os.environ.get("LOCAL_RANK", "0")
                Path(folder, f"{name}-{rank}.json").write_text(json.dumps(str(error)))


if __name__ == "__main__":
    main()
