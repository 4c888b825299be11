"""Killed anywhere, a command leaves nothing or all; run again, it leaves all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import MakeFolder
from tests.helpers.children import in_children
from tests.helpers.csv_files import write_noise_csv
from tests.helpers.file_trees import tree


@pytest.mark.parametrize(
    ("to", "every"),
    [
        *((to, 53) for to in ("npz", "csv", "folder", "parquet", "csv to folder")),
        *(
            pytest.param(to, every, marks=pytest.mark.slow)
            for to, every in (
                ("npz", 9),
                ("csv", 9),
                ("folder", 7),
                ("csv to folder", 2),
                ("parquet", 9),
                ("tfrecord", 23),
            )
        ),
    ],
)
def test_convert_killed_at_any_call(
    make_folder: MakeFolder, tmp_path: Path, to: str, every: int
) -> None:
    if to == "csv to folder":
        data, name = tmp_path / "fer.csv", "x"
        write_noise_csv(data, [3, 4, 9, 3], ["Training", "PublicTest", "Training", "PrivateTest"])
        command: tuple[str, ...] = ("convert-csv", "--skip-bad")
    else:
        data, name = make_folder({"train/happy": 2, "train/sad": 1}), f"x.{to}"
        (data / "train" / "happy" / "0001.png").write_bytes(b"no image")
        name = f"x.{to}" if to in ("npz", "csv") else "x"
        command = ("convert", "--to", to, "--skip-bad")
    (ends,) = in_children(
        {"arguments": [*command, data, tmp_path / "{}" / name], "every": every},
        warm_up=((*command, data, tmp_path / "warm" / name),),
    )
    assert len(ends) > 30 / every
    # Killed after all was written, it is there, and said to be
    for end in ends:
        assert end.code == 0 or "is there already" in end.line or "holds files already" in end.line
    codes = [end.code for end in ends[:-1]]
    assert codes == sorted(codes)
    assert codes[0] == ends[-1].code == 0
    whole = tree(tmp_path / "warm")
    for number, end in enumerate(ends):
        found = tree(tmp_path / str(1 + every * number))
        left = [path for path in found if ".building" in path]
        assert not left or end.code == 2  # the command that would take it away was refused
        assert {path: data for path, data in found.items() if path not in left} == whole


@pytest.mark.parametrize(
    ("kind", "every"),
    [
        ("folder", 29),
        pytest.param("folder", 2, marks=pytest.mark.slow),
        pytest.param("csv", 2, marks=pytest.mark.slow),
    ],
)
def test_a_store_killed_at_any_call_of_its_building(
    make_folder: MakeFolder, tmp_path: Path, kind: str, every: int
) -> None:
    if kind == "folder":
        data = make_folder({"train/a": 2, "train/b": 1}, side=8)
        (data / "train" / "a" / "0000.png").write_bytes(b"no image")
    else:
        data = tmp_path / "fer.csv"
        write_noise_csv(data, [3, 9, 4], ["Training"] * 3)
    (ends,) = in_children(
        {"arguments": ["open-store", data, tmp_path / "{}"], "every": every},
        warm_up=(("open-store", data, tmp_path / "warm"),),
    )
    assert len(ends) > 30 / every
    assert {end.code for end in ends} == {0}, ends
    found = [tree(tmp_path / str(1 + every * number)) for number in range(len(ends))]
    names = ["pixels.npy", "store.json", "times", "verified"]
    for files in found:
        for name in [
            file for file in files if file.startswith("sizes")
        ]:  # what images were looked at
            del files[name]
        assert sorted(Path(name).name for name in files)[-4:] == names
        assert len(files) == 5, sorted(files)  # and their folder
        del files[next(name for name in files if name.endswith("verified"))]  # tells the inode
    assert all(files == found[0] for files in found)
