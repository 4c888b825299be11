"""Lightning, Accelerate and torchdata train the loader's steps, every one in order, or refuse.

Which steps were trained is seen from the bytes of their images.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from fer_data.errors import UsageError
from fer_data.loading.loader import Loader
from fer_data.loading.opening import open_loader
from fer_data.sampling.shard import Shard
from tests.conftest import MakeFolder

torch = pytest.importorskip("torch", reason="the extra torch is not installed")
pytestmark = [
    pytest.mark.extra("torch"),
    pytest.mark.filterwarnings("ignore"),  # what others warn of as they are imported
]

REASON = "the extra frameworks is not installed"


@pytest.fixture
def data(make_folder: MakeFolder) -> Path:
    return make_folder({"train/a": 14, "train/b": 7, "train/c": 2}, side=12)


def opened(data: Path, **options: Any) -> Loader:
    return open_loader(
        data,
        **{"balance": "batch", "batch_size": 4, "augment": "strong", "image_size": 12, **options},
    )


def torch_loader(loader: Loader, **options: Any) -> Any:
    import fer_data

    return fer_data.torch_loader(loader, **options)


def key(images: Any) -> str:
    return hashlib.md5(images.tobytes()).hexdigest()


def steps_of(loader: Loader, batches: Iterable[Any]) -> list[int]:
    """Return which steps of a loader some batches of tensors are."""
    known = {key(loader.batch(step).images): step for step in range(8 * loader.num_steps)}
    assert len(known) == 8 * loader.num_steps
    return [known[key(images.numpy())] for images, _ in batches]


def test_a_data_loader_that_is_resumed_has_no_gap_and_keeps_its_epochs(data: Path) -> None:
    for drop_remainder in (False, True):
        loader = opened(data, drop_remainder=drop_remainder)
        num = loader.num_steps
        for first in (1, num - 1, 2 * num + 3):
            batches = torch_loader(loader.at(first))
            found = []
            for _ in range(3):
                assert len(batches) == num
                found.append(steps_of(loader, batches))
            end = (first // num + 1) * num
            starts = (first, end, end + num, end + 2 * num)
            assert found == [list(range(*pair)) for pair in itertools.pairwise(starts)]


def test_an_iteration_that_is_left_is_followed_by_the_next_one(data: Path) -> None:
    loader = opened(data)
    batches = torch_loader(loader.at(2))
    next(iter(batches))
    assert steps_of(loader, [next(iter(batches))]) == [loader.num_steps]


@pytest.mark.parametrize("num_workers", [0, 2])
def test_another_sampler_is_refused(data: Path, num_workers: int) -> None:
    from torch.utils.data import DataLoader, DistributedSampler

    batches = torch_loader(opened(data))
    own = {"batch_size": 1, "collate_fn": batches.collate_fn, "num_workers": num_workers}
    every_other = [*batches.sampler][::2]
    reverse = [*batches.sampler][::-1]
    for sampler in (every_other, reverse, [3, 4, 5]):
        with pytest.raises(UsageError, match="another order"):
            list(DataLoader(batches.dataset, sampler=sampler, **own))
    with pytest.raises(UsageError, match="another order"):
        list(DataLoader(batches.dataset, shuffle=True, **own))
    with pytest.raises(UsageError, match="another order"):
        DistributedSampler(batches.dataset, num_replicas=2, rank=0)


@pytest.mark.parametrize("name", ["shuffle", "sampler", "batch_size", "collate_fn", "drop_last"])
def test_arguments_that_decide_the_batches_are_refused(data: Path, name: str) -> None:
    with pytest.raises(UsageError, match=name):
        torch_loader(opened(data), dataloader={name: True})


def test_processes_that_each_get_whole_batches_are_warned(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 1)
    with pytest.warns(UserWarning, match="give each process its part"):
        next(iter(torch_loader(opened(data))))
    with warnings.catch_warnings(action="error"):
        next(iter(torch_loader(opened(data, drop_remainder=True, shard=Shard(1, 2)))))


def lightning_model() -> Any:
    """Return a model that notes the batches it is trained on."""
    lightning = pytest.importorskip("lightning", reason=REASON)

    class Model(lightning.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.dense = torch.nn.Linear(144, 3)
            self.seen: list[Any] = []

        def training_step(self, batch: Any, index: int) -> Any:
            self.seen.append(batch)
            images, labels = batch
            return torch.nn.functional.cross_entropy(self.dense(images.flatten(1) / 255), labels)

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), 1e-3)

    return Model()


def lightning_trainer(folder: Path, **options: Any) -> Any:
    lightning = pytest.importorskip("lightning", reason=REASON)
    return lightning.Trainer(
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
        **{"enable_checkpointing": False, **options},
    )


def test_lightning_trains_every_step_from_where_a_state_stands(data: Path, tmp_path: Path) -> None:
    loader = opened(data)
    for first in (0, 2, loader.num_steps - 1):
        model = lightning_model()
        resumed = loader.from_state(loader.state(first))
        lightning_trainer(tmp_path, max_epochs=3).fit(model, torch_loader(resumed))
        expected = list(range(first, 3 * loader.num_steps))  # the first epoch is its rest
        assert steps_of(loader, model.seen) == expected


def test_lightning_goes_on_from_its_own_checkpoint_of_an_epoch(data: Path, tmp_path: Path) -> None:
    loader = opened(data)
    for begun in (loader, loader.at(2)):
        first = lightning_trainer(tmp_path, max_epochs=2)
        first.fit(lightning_model(), torch_loader(begun))
        checkpoint = tmp_path / "epoch.ckpt"
        first.save_checkpoint(checkpoint)
        at = 2 * loader.num_steps
        for resumed in (loader, loader.at(at)) if begun is loader else (loader.at(at),):
            model = lightning_model()
            trainer = lightning_trainer(tmp_path, max_epochs=4)
            trainer.fit(model, torch_loader(resumed), ckpt_path=checkpoint, weights_only=False)
            expected = list(range(at, at + 2 * loader.num_steps))
            assert steps_of(loader, model.seen) == expected


def test_lightnings_wrapper_of_a_sampler_is_refused(data: Path) -> None:
    pytest.importorskip("lightning", reason=REASON)
    from lightning.fabric.utilities.distributed import DistributedSamplerWrapper
    from torch.utils.data import DataLoader

    batches = torch_loader(opened(data))
    for rank in range(2):
        sampler = DistributedSamplerWrapper(batches.sampler, num_replicas=2, rank=rank)
        with pytest.raises(UsageError, match="another order"):
            list(DataLoader(batches.dataset, sampler=sampler, batch_size=None))


DDP = """
import hashlib, json, os, sys
import torch
import lightning
import fer_data

class Model(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.dense, self.seen = torch.nn.Linear(144, 3), []
    def training_step(self, batch, index):
        self.seen.append(hashlib.md5(batch[0].numpy().tobytes()).hexdigest())
        return torch.nn.functional.cross_entropy(self.dense(batch[0].flatten(1) / 255), batch[1])
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 1e-3)

if __name__ == "__main__":
    data, out = sys.argv[1:]
    rank = int(os.environ.get("LOCAL_RANK", "0"))
    trainer = lightning.Trainer(
        max_epochs=2, accelerator="cpu", devices=2, strategy="ddp", logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )
    loader = fer_data.open_loader(
        data, balance="batch", batch_size=4, augment="strong", image_size=12, drop_remainder=True,
        shard=fer_data.Shard(rank, 2),
    ).at(3)
    model = Model()
    trainer.fit(model, fer_data.torch_loader(loader))
    with open(f"{out}/{rank}.json", "w") as file:
        json.dump(model.seen, file)
"""


@pytest.mark.slow
def test_lightnings_ddp_trains_each_shards_steps_as_it_is_by_default(
    data: Path, tmp_path: Path
) -> None:
    pytest.importorskip("lightning", reason=REASON)
    (tmp_path / "ddp.py").write_text(DDP)
    loaders = [opened(data, drop_remainder=True, shard=Shard(rank, 2)) for rank in range(2)]
    done = subprocess.run(
        [sys.executable, str(tmp_path / "ddp.py"), str(data), str(tmp_path)],
        env={**os.environ, "MASTER_ADDR": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    for rank, loader in enumerate(loaders):
        steps = range(3, 2 * loader.num_steps)
        seen = json.loads((tmp_path / f"{rank}.json").read_text())
        assert seen == [key(loader.batch(step).images) for step in steps]


def test_accelerate_on_one_process_trains_every_step(data: Path) -> None:
    accelerate = pytest.importorskip("accelerate", reason=REASON)
    loader = opened(data)
    prepared = accelerate.Accelerator(cpu=True).prepare(torch_loader(loader.at(2)))
    assert len(prepared) == loader.num_steps
    steps = steps_of(loader, itertools.chain(prepared, prepared))
    assert steps == list(range(2, 2 * loader.num_steps))


def test_accelerate_may_skip_the_first_batches(data: Path) -> None:
    accelerate = pytest.importorskip("accelerate", reason=REASON)
    loader = opened(data)
    skipped = accelerate.skip_first_batches(torch_loader(loader), 2)
    assert steps_of(loader, skipped) == list(range(2, loader.num_steps))


@pytest.mark.parametrize("rank", [0, 1])
def test_accelerate_on_several_processes_is_refused(data: Path, rank: int) -> None:
    pytest.importorskip("accelerate", reason=REASON)
    from accelerate.data_loader import prepare_data_loader

    prepared = prepare_data_loader(torch_loader(opened(data)), num_processes=2, process_index=rank)
    seen = []
    with pytest.raises(UsageError, match=r"Accelerator\.prepare"):
        seen.extend(prepared)


def stateful(batches: Any, *, is_batched: bool, **options: Any) -> Any:
    torchdata = pytest.importorskip("torchdata.stateful_dataloader", reason=REASON)
    one = (
        {"batch_size": 1, "collate_fn": batches.collate_fn} if is_batched else {"batch_size": None}
    )
    return torchdata.StatefulDataLoader(batches.dataset, sampler=batches.sampler, **one, **options)


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("is_batched", [False, True])
def test_torchdata_goes_on_where_its_state_was_taken(
    data: Path, is_batched: bool, num_workers: int
) -> None:
    loader = opened(data)
    num = loader.num_steps
    options = {"is_batched": is_batched, "num_workers": num_workers}
    for num_taken in (0, 3, num - 1, num):
        begun = stateful(torch_loader(loader.at(1)), **options)
        list(begun)
        iterator = iter(begun)
        for _ in range(num_taken):
            next(iterator)
        state = begun.state_dict()
        resumed = stateful(torch_loader(loader.at(0)), **options)
        resumed.load_state_dict(state)
        found = [steps_of(loader, resumed) for _ in range(2)]
        at = num  # where the epoch after that of step 1 begins
        assert found == [
            list(range(at + num_taken, at + num)),
            list(range(at + num, at + 2 * num)),
        ]


def test_torchdata_goes_on_from_the_end_of_an_epoch(data: Path) -> None:
    loader = opened(data)
    begun = stateful(torch_loader(loader), is_batched=False)
    list(begun)
    resumed = stateful(torch_loader(loader), is_batched=False)
    resumed.load_state_dict(begun.state_dict())
    num = loader.num_steps
    assert steps_of(loader, resumed) == list(range(num, 2 * num))


def test_a_state_of_torchdata_of_other_settings_is_refused(data: Path) -> None:
    begun = stateful(torch_loader(opened(data)), is_batched=False)
    next(iter(begun))
    resumed = stateful(torch_loader(opened(data, seed=6)), is_batched=False)
    resumed.load_state_dict(begun.state_dict())
    with pytest.raises(UsageError, match="seed was 0, is 6"):
        next(iter(resumed))
