"""Fixtures that several test modules of this folder use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import MakeFolder
from tests.helpers.adapters import COUNTS


@pytest.fixture
def data(make_folder: MakeFolder) -> Path:
    return make_folder(COUNTS, side=12)
