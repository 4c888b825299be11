from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fer_data
from fer_data.analysis.ledger import plan_ledger
from tests.conftest import Ended, MakeFolder, Run
from tests.helpers.csv_files import FLAT, write_csv, write_noise_csv
from tests.helpers.programs import DATA, commands


def in_a_process(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "fer_data.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


def one_line(ended: Ended) -> str:
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("fer-data: ")
    assert ended.err.count("\n") == 1
    return ended.err


# stats


def test_stats_shows_counts_fractions_ratio_and_what_was_skipped(
    run: Run, make_folder: MakeFolder
) -> None:
    root = make_folder({"train/cat": 6, "train/dog": 2, "test/cat": 1, "test/dog": 1})
    (root / "notes.txt").write_text("x")
    ended = run("stats", root)
    assert ended.code == 0
    assert ended.err == ""
    for text in ("cat", "dog", "75.0%", "25.0%", "imbalance ratio", "3.00", "undersample"):
        assert text in ended.out
    assert f"{root}: split folders with class folders" in ended.out
    assert "1 left out, beside the split folders: notes.txt" in ended.out


def test_stats_as_json_and_csv_are_machine_readable(run: Run, make_folder: MakeFolder) -> None:
    root = make_folder({"train/cat": 6, "train/dog": 2, "test/dog": 1})
    found = json.loads(run("stats", root, "--json").out)
    assert found["splits"]["train"]["counts"] == {"cat": 6, "dog": 2}
    assert found["splits"]["test"]["imbalance_ratio"] is None
    rows = list(csv.DictReader(io.StringIO(run("stats", root, "--csv").out)))
    assert [(row["split"], row["class"], row["count"]) for row in rows] == [
        ("train", "cat", "6"),
        ("train", "dog", "2"),
        ("test", "cat", "0"),
        ("test", "dog", "1"),
    ]
    assert "choose one of --json and --csv" in one_line(run("stats", root, "--json", "--csv"))


def test_stats_keeps_the_test_splits_apart_where_asked(run: Run, tmp_path: Path) -> None:
    write_noise_csv(tmp_path / "fer.csv", [0, 1, 2], ["Training", "PublicTest", "PrivateTest"])
    path = tmp_path / "fer.csv"
    assert list(json.loads(run("stats", path, "--json").out)["splits"]) == ["train", "test"]
    apart = json.loads(run("stats", path, "--json", "--test-apart").out)["splits"]
    assert list(apart) == ["train", "public_test", "private_test"]


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]])
def test_fail_over_exits_with_1_above_the_ratio_only(
    run: Run, make_folder: MakeFolder, form: list[str]
) -> None:
    root = make_folder({"train/cat": 6, "train/dog": 2, "test/cat": 9, "test/dog": 1})
    below = run("stats", root, "--fail-over", "2.9", *form)
    assert below.code == 1
    assert below.err == "fer-data: imbalance ratio 3.00 is over 2.9\n"
    assert "cat" in below.out
    assert run("stats", root, "--fail-over", "3", *form)[::2] == (0, "")


def test_fail_over_fails_for_an_empty_class_and_refuses_data_without_labels(
    run: Run, make_folder: MakeFolder, tmp_path: Path
) -> None:
    ended = run("stats", make_folder({"cat": 2, "dog": 0}), "--fail-over", "1000000")
    assert (ended.code, ended.err) == (1, "fer-data: imbalance ratio ∞ is over 1e+06\n")
    path = write_csv(tmp_path / "test.csv", [FLAT], header="pixels")
    assert run("stats", path).code == 0
    ended = run("stats", path, "--fail-over", "2")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "no sample has a label" in ended.err


NASTY = ["[red]x[", "[bold]", "<b>x<", "a,b", "$x^2$", ":smile:", "a\nb", "\x1b[31mred", "幸"]


def test_a_blank_at_the_end_of_a_class_name_is_seen(run: Run, make_folder: MakeFolder) -> None:
    root = make_folder({"train/happy": 3, "train/happy ": 2, "train/ sad": 2})
    shown = run("stats", root).out
    for name in ("│ happy ", "│ 'happy ' ", "│ ' sad' "):
        assert name in shown
    counts = json.loads(run("stats", root, "--json").out)["splits"]["train"]["counts"]
    assert counts == {" sad": 2, "happy": 3, "happy ": 2}


@pytest.mark.parametrize("ratio", ["nan", "0.99", "-3", "0", "-inf"])
def test_fail_over_refuses_what_no_ratio_can_be(
    run: Run, make_folder: MakeFolder, ratio: str
) -> None:
    root = make_folder({"train/cat": 6, "train/dog": 2})
    line = one_line(run("stats", root, f"--fail-over={ratio}"))
    assert f"--fail-over is {ratio}; a ratio is a number, 1 or more" in line


def test_class_names_are_shown_as_they_are_called(run: Run, make_folder: MakeFolder) -> None:
    root = make_folder(dict.fromkeys(NASTY, 1))
    shown = run("stats", root).out
    for name in NASTY:
        assert name.replace("\n", "\\n").replace("\x1b", "\\x1b") in shown
    assert "\x1b" not in shown
    assert list(json.loads(run("stats", root, "--json").out)["splits"]["train"]["counts"]) == (
        sorted(NASTY)
    )
    rows = csv.DictReader(io.StringIO(run("stats", root, "--csv").out, newline=""))
    assert [row["class"] for row in rows] == sorted(NASTY)


def test_a_backslash_before_a_bracket_is_shown(run: Run, make_folder: MakeFolder) -> None:
    assert "a\\[b" in run("stats", make_folder({"a\\[b": 1, "zoo": 0})).out


def test_closing_markup_in_a_folder_s_name_is_shown_as_it_is(
    run: Run, make_folder: MakeFolder
) -> None:
    root = make_folder({"cat": 1, "zoo": 0}, name="[red]x[") / ".." / "[red]x["
    (root / "[").mkdir()
    Image.new("L", (8, 8)).save(root / "[" / "red].png")
    (root / "cat" / "[bold]note[").write_text("x")
    ended = run("stats", root)
    assert "[red]x[" in ended.out
    assert "[bold]note[" in ended.out


def test_bytes_and_signs_that_a_terminal_cannot_show_are_escaped(make_folder: MakeFolder) -> None:
    root = make_folder({os.fsdecode(b"caf\xe9"): 1, "sad": 1})
    for encoding in ("utf-8:strict", "ascii:strict"):
        for form in ([], ["--json"], ["--csv"]):
            environment = {**os.environ, "PYTHONIOENCODING": encoding}
            ended = in_a_process("stats", root, *form, env=environment)
            assert (ended.returncode, ended.stderr) == (0, b"")
            assert b"caf\\udce9" in ended.stdout
            if form == ["--json"]:
                assert "caf\udce9" in json.loads(ended.stdout)["class_names"]


def test_a_reader_that_leaves_early_is_no_error(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 1, "zoo": 0})
    for unbuffered in ("", "1"):
        read_end, write_end = os.pipe()
        os.close(read_end)
        ended = subprocess.run(
            [sys.executable, "-m", "fer_data.cli", "stats", str(root)],
            stdout=write_end,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            check=False,
        )
        os.close(write_end)
        assert (ended.returncode, ended.stderr) == (0, b"")


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
    found = json.loads(run("convert-csv", path, tmp_path / "b", "--skip-bad", "--json").out)
    assert found["out"] == str(tmp_path / "b")
    assert found["counts"]["train"]["happy"] == 1
    assert [(reject["row"], reject["column"]) for reject in found["rejects"]] == [(1, "emotion")]


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
    found = json.loads(run("convert", tmp_path / "x.npz", tmp_path / "back", "--json").out)
    assert found == {
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
    assert "skip what is bad (--skip-bad)" in one_line(run("convert", root, tmp_path / "x.npz"))
    ended = run("convert", root, tmp_path / "x.npz", "--skip-bad")
    assert "; 1 skipped: cat/0001.png (cannot be decoded)\n" in ended.err
    ended = run("convert", root, tmp_path / "out", "--skip-bad")
    assert f"; 1 skipped, see {tmp_path / 'out' / 'rejects.csv'}\n" in ended.err
    assert "to is 'tar'" in one_line(run("convert", root, tmp_path / "y", "--to", "tar"))
    assert "color is 'blue'" in one_line(run("convert", root, tmp_path / "y", "--color", "blue"))


# samples


def grid(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_samples_draws_a_grid_that_opens(run: Run, faces: Path, tmp_path: Path) -> None:
    ended = run("samples", faces, tmp_path / "new" / "grid.png", "--columns", "3")
    assert ended.code == 0
    assert "420 images read; a grid of random ones is in" in ended.err
    drawn = grid(tmp_path / "new" / "grid.png")
    assert drawn.min() < 100 < 250 < drawn.max()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["grid.png"]


def test_a_grid_of_hundreds_of_classes_stays_small_enough_to_open(
    run: Run, make_folder: MakeFolder, tmp_path: Path
) -> None:
    data = make_folder({f"train/{number}": 1 for number in range(300)})
    assert run("samples", data, tmp_path / "grid.png").code == 0
    assert 10_000 < len(grid(tmp_path / "grid.png")) < 20_000


def test_samples_follow_the_seed(run: Run, faces: Path, tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        run("samples", faces, tmp_path / f"{name}.png", "--columns", "2", "--seed", seed)
    drawn = {name: grid(tmp_path / f"{name}.png").tobytes() for name in "abc"}
    assert drawn["a"] == drawn["b"] != drawn["c"]


@pytest.mark.parametrize("color", ["grey", "rgb"])
@pytest.mark.parametrize("size", ["1", "9"])
def test_samples_of_any_size_and_colour_and_class_name(
    run: Run, make_folder: MakeFolder, tmp_path: Path, color: str, size: str
) -> None:
    root = make_folder({**dict.fromkeys(NASTY, 1), "$": 2, "a$b$_{": 1, "empty": 0})
    out = tmp_path / "grid.png"
    ended = run("samples", root, out, "--color", color, "--size", size, "--columns", "1")
    assert ended.code == 0
    assert ended.err.count("\n") == 2  # what the images became, and where the grid is
    assert grid(out).size


def test_samples_of_unlabelled_data_are_refused(run: Run, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "test.csv", [FLAT], header="pixels")
    assert "has no labels" in one_line(run("samples", path, "grid.png", "--split", "test"))


def test_samples_keep_decoded_images_where_asked(
    run: Run, make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder({"cat": 1, "zoo": 0})
    run("samples", root, tmp_path / "grid.png", "--cache", tmp_path / "mine")
    assert len(list((tmp_path / "mine").glob("*/pixels.npy"))) == 1


# synthetic


def test_synthetic_draws_a_folder_and_a_csv_of_the_same_counts(run: Run, tmp_path: Path) -> None:
    for name in ("faces", "faces.csv"):
        ended = run("synthetic", tmp_path / name, "--num-images", "70", "--seed", "5")
        assert ended == (0, "", f"70 drawn faces in {tmp_path / name}\n")
    folder = json.loads(run("stats", tmp_path / "faces", "--json").out)
    table = json.loads(run("stats", tmp_path / "faces.csv", "--json").out)
    assert folder["num_samples"] == table["num_samples"] == 70
    assert folder["splits"] == table["splits"]
    counts = folder["splits"]["train"]["counts"]
    assert max(counts, key=counts.get) == "happy"
    assert min(counts, key=counts.get) == "disgust"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["faces", "faces.csv"]


def test_a_plan_is_printed_without_decoding_a_image(run: Run, make_folder: MakeFolder) -> None:
    data = make_folder({"train/a": 11, "train/b": 5, "train/c": 2, "train/d": 1})
    for image in data.rglob("*.png"):
        image.write_bytes(b"no image")
    options = ("--balance", "counts:d=4,a=3", "--epochs", "2", "--epoch-size", "own")
    done = run("plan", str(data), *options, "--json", "--plot", str(data / "plan.svg"))
    assert done.code == 0, done.err
    ledger = plan_ledger([11, 5, 2, 1], "abcd", "counts:d=4,a=3", epochs=2)
    assert json.loads(done.out) == ledger.to_dict()
    assert (data / "plan.svg").exists()
    table = run("plan", str(data), *options).out
    assert "2 epochs, 2 steps of 64" in table
    assert "│ d     │       1 │     8 │" in table


def test_a_plan_names_classes_that_have_no_training_sample(
    run: Run, make_folder: MakeFolder
) -> None:
    data = make_folder({"train/a": 2, "train/b": 1, "test/c": 1})
    assert "no training samples of c\n" in run("plan", str(data)).err


def test_a_plan_shows_dashes_for_a_class_without_samples_and_counts_one_in_the_singular(
    run: Run, make_folder: MakeFolder
) -> None:
    data = make_folder({"train/a": 2, "train/b": 1, "test/c": 1})
    shown = run("plan", str(data)).out
    assert "none: 1 epoch, 1 step of 64" in shown
    (row,) = (line for line in shown.splitlines() if line.startswith("│ c "))
    assert [cell.strip() for cell in row.split("│")[2:-1]] == ["0", "0", "0.0%", *"–––––"]
    assert "2 epochs, 4 steps of 2" in run("plan", str(data), "--epochs=2", "--batch-size=2").out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--epochs", "100000000000000000000"), "epochs is 100000000000000000000; it must be 1 to"),
        (("--epoch-size", "99999999999999"), "an epoch of 99,999,999,999,999 samples is more than"),
        (("--balance", "counts:a=999999999999999"), "an epoch of 1,000,000,000,000,002 samples is"),
        (("--balance", "smote"), "balance: expected one of"),
        (("--balance", "counts:z=4"), "there are no samples of 'z', only of a, b, c, d"),
        (("--epoch-size", "huge"), "epoch_size is 'huge'; choose own, natural or a number"),
        (("--plot", "plan.doc"), "plan.doc: cannot be written"),
    ],
)
def test_a_plan_that_is_invalid_is_refused(
    run: Run, make_folder: MakeFolder, options: tuple[str, ...], message: str
) -> None:
    data = make_folder({"train/a": 2, "train/b": 1, "train/c": 1, "train/d": 1})
    done = run("plan", str(data), *options)
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1
