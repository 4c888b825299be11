"""Tests of what only an extra installs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from fer_data.extras import EXTRA_OF


def marked(names: Iterable[str]) -> list[Any]:
    """Return parameters; one that is called as a package of an extra needs that package."""
    return [
        pytest.param(name, marks=pytest.mark.extra(name)) if name in EXTRA_OF else name
        for name in names
    ]
