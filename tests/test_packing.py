from __future__ import annotations

from pathlib import Path

import pytest

from fer_data.errors import DataError
from fer_model.comparison.packing import pack, unpack


def test_a_folder_comes_back_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "run" / "plots").mkdir(parents=True)
    (tmp_path / "run" / "recipe.json").write_bytes(b"{}")
    (tmp_path / "run" / "plots" / "curves.png").write_bytes(bytes(range(256)))
    (tmp_path / "run" / "link").symlink_to(tmp_path)
    (tmp_path / "run" / "linked.json").symlink_to(tmp_path / "run" / "recipe.json")
    packed = pack(tmp_path / "run")
    assert set(packed) == {"recipe.json", "plots/curves.png"}
    (tmp_path / "again").mkdir()
    unpack(packed, tmp_path / "again")
    assert pack(tmp_path / "again") == packed


@pytest.mark.parametrize(
    "name", ["../out", "a/../../out", "..", "/tmp/out", "//out", "", ".", "a\0b"]
)
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(DataError, match="nothing was unpacked"):
        unpack({"recipe.json": b"{}", name: b"out"}, tmp_path / "run")
    assert list(tmp_path.rglob("*")) == [tmp_path / "run"]
