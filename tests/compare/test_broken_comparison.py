"""A comparison whose files are broken ends in one line that names them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_data.errors import DataError
from fer_data.util.arrays import write_arrays
from fer_model.comparison.protocol import Protocol
from fer_model.comparison.reading import read_results
from fer_model.reporting.summary import Summary
from tests.helpers.made_comparison import make_comparison


@pytest.mark.parametrize("wrong", [{"margin": 1.5}, {"margin": "a"}, {"shots": [5]}, {"shots": 3}])
def test_a_margin_or_shots_that_are_none_break_a_comparison(
    tmp_path: Path, wrong: dict[str, Any]
) -> None:
    out = make_comparison(tmp_path / "out", num=30, seeds=(0,), arms=("none", "oversample"))
    about = json.loads((out / "comparison.json").read_text("utf-8"))
    (out / "comparison.json").write_text(json.dumps({**about, **wrong}), "utf-8")
    with pytest.raises(DataError, match=r"comparison\.json: broken"):
        Protocol.read(out)


def _arrays(name: str, change: Any) -> Any:
    """Return what changes a file of arrays: `change` gives others, by name."""

    def broken(out: Path) -> None:
        path = out / name
        with np.load(path) as file:
            arrays = dict(file)
        kept = {**arrays, **change(arrays)}
        write_arrays(path, {key: array for key, array in kept.items() if array is not None})

    return broken


def _json(name: str, **values: Any) -> Any:
    def broken(out: Path) -> None:
        path = out / name
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return broken


RUN = "runs/none/seed-0"


@pytest.mark.parametrize(
    "broken",
    [
        _json("comparison.json", seeds=[]),
        _json("comparison.json", seeds=[0, 0, 0]),
        _json("comparison.json", arms=[]),
        _json("comparison.json", arms=["none", "none"]),
        _json("comparison.json", data={"path": "/data/pets"}),
        _json("comparison.json", data={"path": "/data/pets", "class_names": ["cat"]}),
        _json("comparison.json", data=None),
        _json("comparison.json", train_counts=[1, 2]),
        _json("comparison.json", train_counts="many"),
        _json(f"{RUN}/metrics.json", training={}),
        _arrays("samples.npz", lambda arrays: {"leaked": None}),
        _arrays("samples.npz", lambda arrays: {"label": arrays["label"] + 9}),
        _arrays("samples.npz", lambda arrays: {"leaked": np.full(60, "no")}),
        _arrays("samples.npz", lambda arrays: {"group": arrays["group"][1:]}),
        _arrays("samples.npz", lambda arrays: {key: arrays[key][:0] for key in arrays}),
        _arrays(f"{RUN}/predictions.npz", lambda arrays: {"split": None}),
        _arrays(
            f"{RUN}/predictions.npz",
            lambda arrays: {"probabilities": arrays["probabilities"][:, 1:].copy()},
        ),
        _arrays(
            f"{RUN}/predictions.npz",
            lambda arrays: {"class_names": np.array(["cat", "dog", "rare", "cow"])},
        ),
        _arrays(f"{RUN}/predictions.npz", lambda arrays: {"sample": arrays["sample"][::-1]}),
        _arrays(f"{RUN}/predictions.npz", lambda arrays: {"label": 0 * arrays["label"]}),
    ],
)
def test_a_broken_comparison_ends_in_one_line(tmp_path: Path, broken: Any) -> None:
    out = make_comparison(tmp_path / "out", num=60)
    Summary(read_results(out)).to_dict()
    broken(out)
    with pytest.raises(DataError) as error:
        Summary(read_results(out)).to_dict()
    assert str(error.value).startswith(str(out))
