"""The samplers of indices inside frameworks, proven by counting the samples that are trained."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fer_data import BalancedBatchSampler, BalancedSampler, Shard
from fer_data.errors import UsageError

pytestmark = pytest.mark.extra("torch")

LABELS = np.repeat([0, 1, 2], [30, 7, 3])


class Numbers:
    """A dataset of one's own: the index itself, and its label."""

    def __len__(self) -> int:
        return len(LABELS)

    def __getitem__(self, index: int) -> tuple[int, int]:
        return index, int(LABELS[index])


def made(**options: Any) -> BalancedBatchSampler:
    return BalancedBatchSampler(LABELS, "batch", **{"batch_size": 6, "seed": 1} | options)


def trained(loader: Any, epochs: int = 1) -> list[list[int]]:
    return [indices.tolist() for _ in range(epochs) for indices, _ in loader]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("persistent", [False, True])
def test_a_data_loader_trains_the_sampler_s_batches(workers: int, persistent: bool) -> None:
    from torch.utils.data import DataLoader

    sampler = made()
    loader = DataLoader(
        Numbers(),
        batch_sampler=sampler,
        num_workers=workers,
        persistent_workers=persistent and workers > 0,
    )
    assert len(loader) == len(sampler) == 7
    found = trained(loader, 3)
    assert found == [made()[step] for step in range(21)]
    for batch in found:
        assert max(np.bincount(LABELS[batch], minlength=3)) <= 2


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_of_batches_are_refused(workers: int) -> None:
    from torch.utils.data import BatchSampler, DataLoader

    loader: Any = DataLoader(Numbers(), sampler=made(), batch_size=70, num_workers=workers)  # type: ignore[arg-type]
    for batches in (loader, BatchSampler(made(), 70, drop_last=True)):  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="give it as batch_sampler="):
            next(iter(batches))
    single = BalancedSampler(LABELS, "batch", seed=1)
    loader = DataLoader(Numbers(), sampler=single, batch_size=6, num_workers=workers)  # type: ignore[arg-type]
    assert trained(loader) == [made()[step] for step in range(7)]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_dataset_of_other_samples_than_the_labels_is_refused(workers: int) -> None:
    from torch.utils.data import DataLoader, Subset

    train = np.arange(0, 40, 2)
    options: dict[str, Any] = {"batch_size": 6, "seed": 1}
    words = "labels of 20 samples, and the dataset of the DataLoader has 40"
    batches = BalancedBatchSampler(LABELS[train], "batch", **options)
    single = BalancedSampler(LABELS[train], "batch")
    dataset: Any = Numbers()
    for wrong in (
        DataLoader(dataset, batch_sampler=batches, num_workers=workers),
        DataLoader(dataset, sampler=single, batch_size=6, num_workers=workers),
    ):
        with pytest.raises(UsageError, match=words):
            next(iter(wrong))
    of_train = Subset(dataset, train.tolist())
    found = trained(DataLoader(of_train, batch_sampler=batches, num_workers=workers))
    assert set(np.concatenate(found)) <= set(train)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_data_loader_goes_on_after_what_was_trained(workers: int) -> None:
    from torch.utils.data import DataLoader

    sampler = made()
    iteration = iter(DataLoader(Numbers(), batch_sampler=sampler, num_workers=workers))
    first = [next(iteration)[0].tolist() for _ in range(3)]
    state = sampler.state_dict() if workers == 0 else sampler.state_dict(3)
    resumed = made()
    resumed.load_state_dict(state)
    rest = trained(DataLoader(Numbers(), batch_sampler=resumed, num_workers=workers), 2)
    assert first + rest == [made()[step] for step in range(14)]


@pytest.mark.filterwarnings("ignore:.*set_vital")
@pytest.mark.parametrize("workers", [0, 2])
def test_torchdata_goes_on_where_its_state_was_taken(workers: int) -> None:
    stateful = pytest.importorskip("torchdata.stateful_dataloader").StatefulDataLoader

    def loader() -> Any:
        return stateful(Numbers(), batch_sampler=made(), num_workers=workers)

    running = loader()
    iteration = iter(running)
    first = [next(iteration)[0].tolist() for _ in range(4)]
    again = loader()
    again.load_state_dict(running.state_dict())
    assert first + trained(again) == [made()[step] for step in range(7)]


def test_single_indices_of_shards_make_the_batches_of_two_processes() -> None:
    from torch.utils.data import DataLoader

    whole = made(drop_last=True)
    shards = [
        trained(
            DataLoader(
                Numbers(),
                sampler=BalancedSampler(LABELS, "batch", seed=1, shard=Shard(rank, 2)),
                batch_size=3,
                drop_last=True,
            )
        )
        for rank in range(2)
    ]
    for step, parts in enumerate(zip(*shards, strict=True)):
        assert sorted(parts[0] + parts[1]) == sorted(whole[step])


def test_a_tensor_of_labels_is_taken_and_a_sampler_is_not() -> None:
    import torch
    from torch.utils.data import DistributedSampler, RandomSampler

    assert (
        BalancedBatchSampler(torch.from_numpy(LABELS), "batch", batch_size=6, seed=1)[3]
        == (made()[3])
    )
    for stranger in (
        RandomSampler(Numbers()),  # type: ignore[arg-type]
        DistributedSampler(Numbers(), num_replicas=2, rank=0),  # type: ignore[arg-type]
    ):
        with pytest.raises(UsageError, match="framework"):
            BalancedBatchSampler(stranger, batch_size=4, drop_last=False)


@pytest.mark.filterwarnings("ignore")
def test_lightning_trains_the_sampler_s_batches(tmp_path: Any) -> None:
    lightning = pytest.importorskip("lightning")
    import torch
    from torch.utils.data import DataLoader

    seen: list[list[int]] = []

    class Net(lightning.LightningModule):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def training_step(self, batch: Any, number: int) -> Any:
            seen.append(batch[0].tolist())
            return (self.weight * batch[1].sum()).sum()

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), 0.01)

    trainer = lightning.Trainer(
        max_epochs=2,
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    trainer.fit(Net(), DataLoader(Numbers(), batch_sampler=made()))
    assert seen == [made()[step] for step in range(14)]
