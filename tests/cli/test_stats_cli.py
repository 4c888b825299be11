"""`fer-data stats`."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import MakeFolder, Run
from tests.helpers.csv_files import FLAT, write_csv, write_noise_csv
from tests.helpers.messages import one_line
from tests.helpers.programs import NASTY, in_a_process

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
    assert "1 skipped, next to the split folders: notes.txt" in ended.out


def test_stats_as_json_and_csv_are_machine_readable(run: Run, make_folder: MakeFolder) -> None:
    root = make_folder({"train/cat": 6, "train/dog": 2, "test/dog": 1})
    printed = json.loads(run("stats", root, "--json").out)
    assert printed["splits"]["train"]["counts"] == {"cat": 6, "dog": 2}
    assert printed["splits"]["test"]["imbalance_ratio"] is None
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
