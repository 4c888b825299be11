"""A disk that fills up: one line, exit code 2, and no half file anywhere.

A limit on a file's size (RLIMIT_FSIZE) stands for the full disk in most: a write fails alike. A
file system of a few kilobytes is the real thing, where one may be mounted.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import MakeFolder
from tests.helpers.children import in_children
from tests.helpers.csv_files import write_noise_csv
from tests.helpers.file_trees import tree


def test_no_command_leaves_a_part_of_a_file_on_a_full_disk(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    data = make_folder({"train/a": 5, "train/b": 2})
    table = tmp_path / "fer.csv"
    write_noise_csv(table, [3, 4, 5], ["Training"] * 3)
    warm, out = tmp_path / "warm", tmp_path / "out"
    out.mkdir()
    cache = tmp_path / "cache"
    warm_up = (
        ("convert-csv", table, warm / "converted"),
        ("samples", data, warm / "grid.png", "--cache", cache),
        ("samples", table, warm / "grid.png", "--cache", cache),
        ("plan", data, "--plot", warm / "plan.png"),
        ("synthetic", warm / "faces", "--num-images", "21"),
        ("synthetic", warm / "faces.csv", "--num-images", "21"),
    )
    cases = [
        (["convert-csv", table, out / "converted"], 1000),
        (["samples", data, out / "new.png", "--cache", out / "cache"], 10_000),  # pixels.npy
        (
            ["samples", data, out / "new.png", "--cache", out / "cache2", "--size", "4"],
            300,
        ),  # store.json
        (["samples", table, out / "new.png", "--cache", out / "cache3"], 5000),
        (["samples", data, out / "grid.png", "--cache", cache], 5000),
        (["plan", data, "--plot", out / "plan.png"], 5000),
        (["synthetic", out / "faces", "--num-images", "21"], 300),
        (["synthetic", out / "faces.csv", "--num-images", "21"], 60_000),
    ]
    limited = [{"arguments": arguments, "fsize": size} for arguments, size in cases]
    before = {name: tree(place) for name, place in (("cache", cache), ("data", data))}
    results = in_children(*limited, warm_up=warm_up)
    for (arguments, _), ended in zip(cases, results, strict=True):
        assert "cannot be written" in ended.line, arguments
        assert "File too large" in ended.line, arguments
    files = [path for path in out.rglob("*") if path.is_file() and path.parent.name != "sizes"]
    assert files == []
    assert tree(data) == before["data"]


@pytest.mark.parametrize(
    "to", ["npz", "csv", "folder", "parquet", pytest.param("tfrecord", marks=pytest.mark.slow)]
)
def test_a_conversion_on_a_full_disk_names_its_target_and_leaves_nothing(
    make_folder: MakeFolder, tmp_path: Path, to: str
) -> None:
    data = make_folder({"train/happy": 6, "train/surprise": 0})
    name = f"x.{to}" if to in ("npz", "csv") else "x"
    warm = ("convert", data, tmp_path / "warm" / name, "--to", to)
    out = tmp_path / "out" / name
    arguments = ["convert", data, out, "--to", to]
    sizes = (1000,) if to in ("folder", "parquet") else (1000, 14_000)  # a store has 13,952 bytes
    results = in_children(
        *({"arguments": arguments, "fsize": size} for size in sizes),
        {"arguments": arguments},
        warm_up=(warm,),
    )
    for ended in results[:-1]:
        assert ended.line.startswith(f"fer-data: {out}: cannot be written (")
        assert "File too large" in ended.line
        assert "--cache" not in ended.line
    assert results[-1].code == 0
    assert tree(out.parent) == tree(tmp_path / "warm")


def mounted(folder: Path, size: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.mark.slow
def test_a_disk_that_is_full_indeed(make_folder: MakeFolder, tmp_path: Path) -> None:
    data = make_folder({"train/a": 60, "train/b": 60})
    table = tmp_path / "fer.csv"
    write_noise_csv(table, [3] * 60, ["Training"] * 60)
    small = tmp_path / "small"
    small.mkdir()
    if not shutil.which("mount") or not mounted(small, "64k"):
        pytest.skip("no file system may be mounted here")
    try:
        results = in_children(
            {"arguments": ["open-store", data, small / "cache"]},
            {"arguments": ["samples", data, tmp_path / "g.png", "--cache", small / "cache"]},
            {"arguments": ["synthetic", small / "faces", "--num-images", "100"]},
            {"arguments": ["synthetic", small / "faces.csv", "--num-images", "100"]},
            {"arguments": ["convert-csv", table, small / "out"]},
            warm_up=(("open-store", data, tmp_path / "cache"),),
        )
        assert results[0].code == 0  # images of 8x8 fit
        for ended in results[1:]:
            assert "No space left on device" in ended.line
        files = [
            path.name for path in small.rglob("*") if path.is_file() and path.parent.name != "sizes"
        ]
        assert sorted(files) == ["pixels.npy", "store.json", "times", "verified"]
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.slow
def test_a_training_on_a_full_disk_ends_in_one_line(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    data = make_folder({"train/a": 12, "train/b": 6, "test/a": 2, "test/b": 2}, side=8)
    code = (
        "import resource, sys\nfrom fer_model.cli import main\n"
        "size = int(sys.argv.pop(1))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))\nmain()\n"
    )
    options = ["--net", "small", "--epochs", "1", "--image-size", "8", "--batch-size", "4"]
    for size in (200, 20_000):
        out = tmp_path / f"run{size}"
        cache = tmp_path / "cache"
        command = [sys.executable, "-c", code, str(size), "train", str(data), "--out", str(out)]
        ended = subprocess.run(
            [*command, *options, "--cache", str(cache)], capture_output=True, text=True, check=False
        )
        assert ended.returncode == 2, ended
        assert "Traceback" not in ended.stderr
        assert "fer-model: " in ended.stderr.splitlines()[-1]
        assert "too large" in ended.stderr.splitlines()[-1].lower()
        assert not [path for path in out.rglob("*") if path.name.startswith(".")]
