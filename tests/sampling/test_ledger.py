"""The ledger: what is planned is what happens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer_data.analysis.ledger import Ledger, plan_ledger, record_ledger
from fer_data.errors import UsageError
from fer_data.loading.opening import open_loader
from fer_data.reporting.ledger_plot import draw_ledger
from tests.conftest import MakeFolder
from tests.helpers.registered import every_balance

COUNTS = {"train/a": 11, "train/b": 5, "train/c": 2, "train/d": 1}


@pytest.fixture
def data(make_folder: MakeFolder) -> Path:
    return make_folder(COUNTS, side=12)


def planned(balance: str, **options: object) -> Ledger:
    return plan_ledger([11, 5, 2, 1], "abcd", balance, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("epoch_size", [None, 7])
@pytest.mark.parametrize("balance", every_balance(class_names="bc"))
def test_what_is_planned_is_what_a_loader_gives(
    data: Path, balance: str, epoch_size: int | None
) -> None:
    loader = open_loader(data, balance=balance, batch_size=4, image_size=12, epoch_size=epoch_size)
    ledger = planned(balance, epochs=3, batch_size=4, epoch_size=epoch_size)
    drawn = [batch.samples for epoch in range(3) for batch in loader.epoch(epoch)]
    uses = np.bincount(np.concatenate(drawn), minlength=19)
    assert ledger.num_steps == len(drawn)
    for label, one in enumerate(ledger.classes):
        of_class = uses[loader.labels == label]
        assert one.samples == len(of_class)
        assert one.draws == of_class.sum()
        assert one.distinct == np.count_nonzero(of_class)
        assert (one.fewest, one.most) == (of_class.min(), of_class.max())
        assert one.mean == pytest.approx(of_class.mean())
        assert one.never == pytest.approx((of_class == 0).mean())
    assert record_ledger(loader, len(drawn)) == ledger


def test_a_run_that_ends_within_an_epoch_is_recorded_to_its_last_step(data: Path) -> None:
    loader = open_loader(data, balance="oversample", batch_size=4, image_size=12)
    steps = loader.num_steps + 2
    uses = np.bincount(
        np.concatenate([loader.batch(step).samples for step in range(steps)]), minlength=19
    )
    ledger = record_ledger(loader, steps)
    assert ledger.num_epochs == pytest.approx(1 + 8 / 44)
    assert [of_class.draws for of_class in ledger.classes] == [
        uses[loader.labels == label].sum() for label in range(4)
    ]
    assert record_ledger(loader, 0).num_draws == 0


def test_draws_with_replacement_miss_what_the_formula_says() -> None:
    one = planned("oversample").classes[0]
    assert one.never == 0
    assert one.never_at_random == pytest.approx((10 / 11) ** 11)


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_ledger_can_be_drawn(tmp_path: Path, ending: str) -> None:
    names = ("a $x$", "<b>", "ü", "d")
    ledger = plan_ledger([11, 5, 2, 1], names, "undersample")
    draw_ledger(ledger, tmp_path / f"plan.{ending}")
    content = (tmp_path / f"plan.{ending}").read_bytes()
    assert content.startswith(b"\x89PNG" if ending == "png" else b"<?xml")


def test_epochs_that_are_invalid_are_refused() -> None:
    with pytest.raises(UsageError, match="epochs is 0"):
        planned("none", epochs=0)
