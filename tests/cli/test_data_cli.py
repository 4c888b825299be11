"""`fer-data`: bad input, help, conversions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import fer_data
from tests.conftest import MakeFolder, Run
from tests.helpers.csv_files import FLAT, write_csv, write_noise_csv
from tests.helpers.messages import one_line
from tests.helpers.programs import DATA, commands, in_a_process

# bad input


def test_bad_input_ends_in_one_line_and_exit_code_2(
    run: Run, make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder({"train/cat": 1, "train/zoo": 0})
    broken = make_folder({"new\nline": 1, "zoo": 0}, name="broken")
    (broken / "new\nline" / "0000.png").write_bytes(b"x")
    table = write_csv(tmp_path / "fer.csv", [f"9,{FLAT},Training"])
    out = tmp_path / "out"
    assert "nowhere: there is no such file or folder" in one_line(
        run("stats", tmp_path / "nowhere")
    )
    assert "two\\nlines: there is no such" in one_line(run("stats", "two\nlines"))
    assert ":smile: [red]: there is no such" in one_line(run("stats", ":smile: [red]"))
    assert "no class folders here" in one_line(run("stats", root / "train" / "cat"))
    assert "row 0 (line 2), column emotion" in one_line(run("stats", table))
    assert "row 0 (line 2), column emotion" in one_line(run("convert-csv", table, out))
    assert "name the folder" in one_line(run("convert-csv", root / "train/cat/0000.png", out))
    assert "is a device" in one_line(run("stats", "/dev/null"))
    assert "new\\nline/0000.png" in one_line(run("samples", broken, tmp_path / "grid.png"))
    assert "no test split" in one_line(run("samples", root, "grid.png", "--split", "test"))
    assert "color is 'blue'" in one_line(run("samples", root, "grid.png", "--color", "blue"))
    assert "image size" in one_line(run("samples", root, "grid.png", "--size", "9999"))
    assert "cannot be written" in one_line(run("samples", root, tmp_path / "grid.xyz"))
    assert "cannot be written" in one_line(run("samples", root, table / "grid.png"))
    assert "is there already" in one_line(run("synthetic", root))
    assert "48x48" in one_line(run("synthetic", tmp_path / "a.csv", "--size", "64"))
    assert not (tmp_path / "grid.png").exists()


def test_a_folder_as_convert_csv_s_csv_is_one_line(run: Run, make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 1, "zoo": 0})
    assert "data: is a folder; name a csv" in one_line(run("convert-csv", root, "out"))


def test_what_the_system_refuses_ends_in_one_line(tmp_path: Path) -> None:
    ended = in_a_process("synthetic", tmp_path / ("long" * 99), "--num-images", "21")
    assert ended.returncode == 2
    assert ended.stderr.decode().startswith("fer-data: ")
    assert b"File name too long" in ended.stderr
    assert ended.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    "arguments", [["stats", "--nonsense"], ["nonsense"], ["samples", "x"], ["stats", "x", "y"]]
)
def test_bad_usage_is_exit_code_2(run: Run, arguments: list[str]) -> None:
    ended = run(*arguments)
    assert arguments[-1] in one_line(ended) or "OUT" in one_line(ended)


@pytest.mark.parametrize("command", commands(DATA))
def test_help_has_an_example_on_a_line_of_its_own(run: Run, command: str) -> None:
    for option in ("--help", "-h"):
        ended = run(command, option)
        assert ended.code == 0
        lines = [line.strip() for line in ended.out.splitlines()]
        assert "Examples:" in lines
        examples = [line for line in lines if line.startswith(f"fer-data {command} ")]
        assert examples


def test_help_names_every_command(run: Run) -> None:
    shown = run("--help").out
    for command in commands(DATA):
        assert command in shown


# convert-csv


def test_convert_csv_writes_the_folder_and_says_so(run: Run, tmp_path: Path) -> None:
    write_noise_csv(tmp_path / "fer.csv", [3, 3, 6], ["Training", "Training", "PublicTest"])
    ended = run("convert-csv", tmp_path / "fer.csv", tmp_path / "out")
    assert ended.code == 0
    assert f"3 images in {tmp_path / 'out'}" in ended.err
    assert "happy" in ended.out
    assert fer_data.load(tmp_path / "out").class_counts("train").tolist() == [0, 0, 0, 2, 0, 0, 0]
    again = run("convert-csv", tmp_path / "fer.csv", tmp_path / "out")
    assert (again.code, again.err.count("\n")) == (2, 1)
    assert "holds files already" in one_line(
        run("convert-csv", tmp_path / "fer.csv", tmp_path / "out", "--test-apart")
    )


def test_convert_csv_reports_skipped_rows(run: Run, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer.csv", [f"3,{FLAT},Training", f"9,{FLAT},Training"])
    ended = run("convert-csv", path, tmp_path / "a", "--skip-bad")
    assert f"1 bad row, see {tmp_path / 'a' / 'rejects.csv'}" in ended.err
    printed = json.loads(run("convert-csv", path, tmp_path / "b", "--skip-bad", "--json").out)
    assert printed["out"] == str(tmp_path / "b")
    assert printed["counts"]["train"]["happy"] == 1
    assert [(reject["row"], reject["column"]) for reject in printed["rejects"]] == [(1, "emotion")]


# convert


def test_convert_writes_any_format_and_says_what_it_did(
    run: Run, make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder({"train/[red] 😀": 2, "test/cat": 1}, side=9)
    layout = ("--layout", "class-folders")  # as training has one class only
    ended = run("convert", root, tmp_path / "hub", "--to", "parquet", *layout)
    assert (ended.code, "[red] 😀" in ended.out) == (0, True)
    assert f"3 images in {tmp_path / 'hub'}" in ended.err
    ended = run("convert", tmp_path / "hub", tmp_path / "x.npz", "--size", "6", "--color", "rgb")
    assert "3 images read as 6x6 rgb: 3 resized (before: 9x9), 3 converted" in ended.err
    with np.load(tmp_path / "x.npz") as arrays:
        assert arrays["pixels"].shape == (3, 6, 6, 3)
    printed = json.loads(run("convert", tmp_path / "x.npz", tmp_path / "back", "--json").out)
    assert printed == {
        "out": str(tmp_path / "back"),
        "counts": {"train": {"[red] 😀": 2, "cat": 0}, "test": {"[red] 😀": 0, "cat": 1}},
        "unlabelled": {},
        "rejects": [],
        "changes": [],
    }


@pytest.mark.parametrize("ending", ["npz", "parquet"])
def test_every_command_takes_what_convert_writes(
    run: Run, make_folder: MakeFolder, tmp_path: Path, ending: str
) -> None:
    source = tmp_path / f"x.{ending}"
    run("convert", make_folder({"a": 3, "b": 2}), source)
    assert "train,a,3,0.600000" in run("stats", source, "--csv").out
    assert run("plan", source, "--balance", "oversample").code == 0
    assert run("samples", source, tmp_path / "grid.png").code == 0
    assert (tmp_path / "grid.png").exists()


def test_what_convert_skips_is_said(run: Run, make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder({"cat": 2, "zoo": 0})
    (root / "cat" / "0001.png").write_text("no image")
    assert "skip bad items (--skip-bad)" in one_line(run("convert", root, tmp_path / "x.npz"))
    ended = run("convert", root, tmp_path / "x.npz", "--skip-bad")
    assert "; 1 skipped: cat/0001.png (cannot be decoded)\n" in ended.err
    ended = run("convert", root, tmp_path / "out", "--skip-bad")
    assert f"; 1 skipped, see {tmp_path / 'out' / 'rejects.csv'}\n" in ended.err
    assert "to is 'tar'" in one_line(run("convert", root, tmp_path / "y", "--to", "tar"))
    assert "color is 'blue'" in one_line(run("convert", root, tmp_path / "y", "--color", "blue"))


def test_faces_that_are_drawn_already_stay_as_they_are(tmp_path: Path) -> None:
    out = tmp_path / "faces"
    settings = {"num_images": 30, "size": 16}
    fer_data.write_synthetic(out, **settings)
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    fer_data.write_synthetic(out, **settings)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.png")} == times
    for changed in ({"seed": 1}, {"size": 20}, {"num_images": 31}):
        with pytest.raises(fer_data.DataError, match="is there already"):
            fer_data.write_synthetic(out, **(settings | changed))
    (out / "mine.txt").write_text("precious")
    with pytest.raises(fer_data.DataError, match="is there already"):
        fer_data.write_synthetic(out, **settings)
