"""Errors of the user's own code say where they were raised."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_data.errors import UsageError
from fer_model.comparison import grid
from fer_model.comparison.arm import parse_arms
from fer_model.comparison.child import make_runs
from fer_model.comparison.user_errors import described
from tests.helpers.made_comparison import RECIPE


def divides(train: Any, test: Any, seed: int) -> Any:
    return 1 // seed


def raises_within_a_library(train: Any, test: Any, seed: int) -> Any:
    return np.reshape([1.0], (2, 3))


def refuses(train: Any, test: Any, seed: int) -> Any:
    raise UsageError("no such seed")


@pytest.mark.parametrize(
    ("fit", "error", "is_final"),
    [
        (divides, "ZeroDivisionError: ", False),
        (raises_within_a_library, "ValueError: ", False),
        (refuses, "UsageError: no such seed", True),
    ],
)
def test_a_failed_run_names_the_line_of_the_users_code(
    faces: Path, tmp_path: Path, fit: Any, error: str, is_final: bool
) -> None:
    protocol, _ = grid.declare(RECIPE, faces, parse_arms(["none", "oversample"]), [0])
    events: list[dict[str, Any]] = []
    make_runs(
        protocol,
        protocol.needed(tmp_path)[:1],
        tmp_path,
        lambda event, **about: events.append({"event": event, **about}),
        fit=fit,
    )
    assert [event["event"] for event in events] == ["begin", "failed"]
    assert events[-1]["is_final"] == is_final
    assert events[-1]["error"].startswith(error)
    line = inspect.getsourcelines(fit)[1] + 1
    assert events[-1]["error"].endswith(f" (test_user_errors.py, line {line}, in {fit.__name__})")


def test_an_error_of_a_library_alone_has_no_line_of_the_user() -> None:
    with pytest.raises(UsageError) as caught:
        parse_arms(["none"])
    error = caught.value
    assert error.__traceback__ is not None
    error = error.with_traceback(error.__traceback__.tb_next)  # without this test's own line
    assert described(error).startswith("UsageError: arms are none")
    assert not described(error).endswith(")")
