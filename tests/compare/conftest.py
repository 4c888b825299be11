"""Fixtures that several test modules of this folder use."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def leaky(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic faces, two of whose test images are in training, too."""
    root = tmp_path_factory.mktemp("leaky") / "faces"
    shutil.copytree(faces, root)
    for number, image in enumerate(sorted((root / "test" / "happy").iterdir())[:2]):
        shutil.copy(image, root / "train" / "happy" / f"again-{number}.png")
    return root
