"""Fixtures that several test modules of this folder use."""

from __future__ import annotations

import os

import pytest

from fer_data.data import store


@pytest.fixture(autouse=True)
def no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the tests a wait for all that others write to the disk."""
    monkeypatch.setattr(os, "sync", lambda: None)


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Gets an entry whenever images are decoded."""
    calls: list[int] = []
    decode = store.fill.fill

    def counted(*args: object, **kwargs: object) -> object:
        calls.append(1)
        return decode(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(store.fill, "fill", counted)
    return calls
