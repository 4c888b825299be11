from __future__ import annotations

import contextlib
import csv
import gzip
import io
import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

import fer_data
from fer_data.errors import DataError
from fer_data.fer2013 import csv_blocks, csv_to_folder
from fer_data.fer2013.csv_to_folder import convert_csv
from fer_data.fer2013.emotions import EMOTIONS_BY_CODE
from fer_data.util import parallel
from fer_data.util.png import encode_grey
from tests.helpers.csv_files import FLAT, cell, noise, write_csv, write_noise_csv
from tests.helpers.file_trees import tree

CODES = [0, 1, 2, 3, 4, 5, 6, 3, 3, 6]
USAGES = ["Training"] * 7 + ["PublicTest", "PrivateTest", "PublicTest"]


def images_in(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*.png"))


def bad_csv(path: Path) -> Path:
    return write_csv(
        path, [f"3,{FLAT},Training", f"9,{FLAT},Training", "3,1 2,Training", f"6,{FLAT},PublicTest"]
    )


@pytest.mark.parametrize("zipped", [False, True])
def test_every_row_becomes_the_file_of_its_split_class_and_number(
    tmp_path: Path, zipped: bool
) -> None:
    path = tmp_path / "fer.csv"
    images = write_noise_csv(path, CODES, USAGES)
    if zipped:
        path.write_bytes(gzip.compress(path.read_bytes()))
    done = convert_csv(path, tmp_path / "out")
    expected = []
    for row, (code, usage) in enumerate(zip(CODES, USAGES, strict=True)):
        split = "train" if usage == "Training" else "test"
        expected.append(f"{split}/{EMOTIONS_BY_CODE[code]}/{split}_{row:05d}.png")
        with Image.open(tmp_path / "out" / expected[-1]) as image:
            assert image.mode == "L"
            np.testing.assert_array_equal(np.asarray(image), images[row])
    assert images_in(tmp_path / "out") == sorted(expected)
    assert done.num_written == 10
    assert done.counts["train"] == dict.fromkeys(sorted(EMOTIONS_BY_CODE), 1)
    assert {name: count for name, count in done.counts["test"].items() if count} == {
        "happy": 2,
        "neutral": 1,
    }


def test_the_test_splits_are_kept_apart_where_asked(tmp_path: Path) -> None:
    write_noise_csv(tmp_path / "fer.csv", CODES, USAGES)
    done = convert_csv(tmp_path / "fer.csv", tmp_path / "out", test_apart=True)
    assert [path for path in images_in(tmp_path / "out") if not path.startswith("train/")] == [
        "private_test/happy/private_test_00008.png",
        "public_test/happy/public_test_00007.png",
        "public_test/neutral/public_test_00009.png",
    ]
    assert list(done.counts) == ["train", "public_test", "private_test"]


def test_a_class_without_rows_is_an_empty_folder(tmp_path: Path) -> None:
    write_noise_csv(tmp_path / "fer.csv", [3, 4], ["Training", "PublicTest"])
    convert_csv(tmp_path / "fer.csv", tmp_path / "out")
    for split in ("train", "test"):
        names = sorted(folder.name for folder in (tmp_path / "out" / split).iterdir())
        assert names == sorted(EMOTIONS_BY_CODE)


def test_a_bad_row_stops_the_conversion_before_anything_appears(tmp_path: Path) -> None:
    path = bad_csv(tmp_path / "fer.csv")
    with pytest.raises(DataError, match=r"row 1 \(line 3\), column emotion: '9'"):
        convert_csv(path, tmp_path / "out")
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (f"pixels\n{FLAT}\n".encode(), "no emotion column"),
        (b"emotion,Usage\n3,Training\n", "no column pixels"),
        (b"emotion,pixels,Usage\n", "no usable row"),
        (gzip.compress(f"emotion,pixels\n3,{FLAT}\n".encode() * 9)[:-9], "broken gzip"),
        (b"emotion,pixels\n" + b"3" * (2 << 20), "longer than"),
    ],
)
def test_a_csv_that_cannot_be_converted_leaves_nothing_behind(
    tmp_path: Path, data: bytes, cause: str
) -> None:
    path = tmp_path / "fer.csv"
    path.write_bytes(data)
    with pytest.raises(DataError, match=cause):
        convert_csv(path, tmp_path / "out")
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("fault", ["bad row", "broken gzip"])
def test_workers_leave_nothing_behind_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(parallel, "_FEW", 0)
    monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", 64 << 10)
    lines = [f"3,{FLAT},Training"] * 400
    lines[200] = f"9,{FLAT},Training" if fault == "bad row" else lines[200]
    path = write_csv(tmp_path / "fer.csv", lines)
    if fault == "broken gzip":
        data = gzip.compress(path.read_bytes())
        path.write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match=r"row 200 \(line 202\)|broken gzip"):
        convert_csv(path, tmp_path / "out")
    assert sorted(tmp_path.iterdir()) == [path]


def test_bad_rows_are_skipped_and_listed_where_asked(tmp_path: Path) -> None:
    done = convert_csv(bad_csv(tmp_path / "fer.csv"), tmp_path / "out", skip_bad=True)
    assert images_in(tmp_path / "out") == [
        "test/neutral/test_00003.png",
        "train/happy/train_00000.png",
    ]
    assert [reject.row for reject in done.rejects] == [1, 2]
    with open(tmp_path / "out" / "rejects.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["row"], row["line"], row["column"]) for row in rows] == [
        ("1", "3", "emotion"),
        ("2", "4", "pixels"),
    ]
    assert rows[1]["cause"] == "2 values where 2,304 (48 x 48) are expected"


def test_what_a_folder_was_made_of_is_not_reported_as_skipped(tmp_path: Path) -> None:
    table = write_csv(tmp_path / "fer.csv", [f"3,{FLAT},Training", f"4,{FLAT},PublicTest"])
    convert_csv(table, tmp_path / "out")
    assert fer_data.load(tmp_path / "out").skipped == ()


def test_nothing_but_bad_rows_is_an_error_though_they_are_skipped(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer.csv", ["9,1,Training"])
    with pytest.raises(DataError, match="no usable row"):
        convert_csv(path, tmp_path / "out", skip_bad=True)
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("value", ["../../x", "/etc/x", "Training/../..", "..", "Training\0"])
@pytest.mark.parametrize("column", ["emotion", "Usage"])
def test_a_value_of_the_csv_never_becomes_a_path(tmp_path: Path, value: str, column: str) -> None:
    bad = f"{value},{FLAT},Training" if column == "emotion" else f"3,{FLAT},{value}"
    inside = tmp_path / "a" / "b" / "c"
    inside.mkdir(parents=True)
    path = write_csv(inside / "fer.csv", [f"3,{FLAT},Training", bad])
    with pytest.raises(DataError, match=f"row 1 .*, column {column}"):
        convert_csv(path, inside / "out")
    done = convert_csv(path, inside / "out", skip_bad=True)
    assert [(reject.row, reject.column) for reject in done.rejects] == [(1, column)]
    assert [path.name for path in tmp_path.rglob("*.png")] == ["train_00000.png"]
    assert sorted(path.name for path in inside.iterdir()) == ["fer.csv", "out"]


def test_a_folder_that_holds_something_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    write_noise_csv(tmp_path / "fer.csv", CODES, USAGES)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="holds files already"):
        convert_csv(tmp_path / "fer.csv", tmp_path / "out")
    assert tree(tmp_path / "out") == {"mine.txt": b"mine"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fer.csv", "out"]


def test_what_appears_at_the_target_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_noise_csv(tmp_path / "fer.csv", CODES, USAGES)
    write_all = csv_to_folder._write_all

    def after_another(*arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(csv_to_folder, "_write_all", write_all)
        convert_csv(tmp_path / "fer.csv", tmp_path / "out", test_apart=True)
        return write_all(*arguments, **options)

    monkeypatch.setattr(csv_to_folder, "_write_all", after_another)
    with pytest.raises(DataError, match="holds files already"):
        convert_csv(tmp_path / "fer.csv", tmp_path / "out")
    assert (tmp_path / "out" / "private_test").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fer.csv", "out"]


def test_an_empty_folder_and_a_link_to_one_are_filled(tmp_path: Path) -> None:
    write_noise_csv(tmp_path / "fer.csv", CODES, USAGES)
    (tmp_path / "empty").mkdir()
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    for name in ("empty", "link"):
        convert_csv(tmp_path / "fer.csv", tmp_path / name)
        assert len(images_in(tmp_path / name)) == 10
    assert (tmp_path / "link").is_symlink()


def test_a_file_or_an_impossible_name_as_target_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer.csv", [f"3,{FLAT},Training"])
    other = write_csv(tmp_path / "other.csv", [])
    with pytest.raises(DataError, match="lies in the source"):
        convert_csv(path, path)
    with pytest.raises(DataError, match="is there already"):
        convert_csv(path, other)
    for target in (other / "below", tmp_path / ("long" * 99)):
        with pytest.raises(DataError, match="cannot be written"):
            convert_csv(path, target)
    assert sorted(tmp_path.iterdir()) == [path, other]


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "fer_data.cli", "convert-csv", *map(str, arguments)]


def test_a_full_disk_is_not_blamed_on_the_csv(tmp_path: Path) -> None:
    write_noise_csv(tmp_path / "fer.csv", CODES, USAGES)
    ended = subprocess.run(
        command(tmp_path / "fer.csv", tmp_path / "out"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr == f"fer-data: {tmp_path}/out: cannot be written (File too large)\n"
    assert [path.name for path in tmp_path.iterdir()] == ["fer.csv"]


# Killed


@pytest.fixture(scope="module")
def long_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten blocks, enough bytes for the parallel path, all images different."""
    path = tmp_path_factory.mktemp("long") / "fer.csv"
    usages = ["Training"] * 8 + ["PublicTest", "PrivateTest"]
    rest = " ".join(["200"] * 2302)
    lines = [f"{row % 7},{row % 256} {row // 256} {rest},{usages[row % 10]}" for row in range(4000)]
    lines[7] = f"3,{cell(noise(1)[0])},Training"
    return write_csv(path, lines)


@pytest.fixture(scope="module")
def uninterrupted(long_csv: Path) -> dict[str, bytes]:
    out = long_csv.with_name("uninterrupted")
    assert convert_csv(long_csv, out).num_written == 4000
    return tree(out)


# Converts as the command does, and sends itself a signal when a number of images are encoded (in
# this process alone) or a number of blocks are reported (with workers): no clock decides.
SIGNALLED = """
import os, signal, sys
from fer_data.util import parallel
from fer_data.cli import main
from fer_data.fer2013 import csv_to_folder
from fer_data.writers import folder

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored below a background job
unit, number, signum = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
count = 0

def one_more():
    global count
    count += 1
    if count == number:
        os.kill(os.getpid(), signum)

encode, track = csv_to_folder.encode_grey, folder.track

def encode_and_count(pixels):
    one_more()
    return encode(pixels)

def track_and_count(*arguments, **options):
    for mark in track(*arguments, **options):
        one_more()
        yield mark

if unit == "images":
    parallel._FEW = 10**9
    csv_to_folder.encode_grey = encode_and_count
else:
    folder.track = track_and_count
sys.argv[1:] = ["convert-csv", *sys.argv[4:]]
main()
"""


def convert_until(
    unit: str, number: int, signum: signal.Signals, source: Path, out: Path
) -> tuple[int, str]:
    with subprocess.Popen(
        [sys.executable, "-c", SIGNALLED, unit, str(number), str(int(signum)), source, out],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        process.wait()
        with contextlib.suppress(ProcessLookupError):  # workers that outlived it
            os.killpg(process.pid, signal.SIGKILL)
        assert process.stderr
        return process.returncode, process.stderr.read()


ENDS = [("images", 1), ("images", 5), ("images", 1700), ("blocks", 1), ("blocks", 4)]


@pytest.mark.parametrize(("unit", "number"), ENDS)
def test_a_conversion_killed_and_run_again_ends_in_the_same_bytes(
    long_csv: Path, tmp_path: Path, uninterrupted: dict[str, bytes], unit: str, number: int
) -> None:
    out = tmp_path / "out"
    code, _ = convert_until(unit, number, signal.SIGKILL, long_csv, out)
    assert code == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert re.fullmatch(r"\.out\.[0-9a-f]{8}\.building", left.name)
    convert_csv(long_csv, out)
    assert tree(out) == uninterrupted
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(("unit", "number"), ENDS)
def test_a_conversion_stopped_by_ctrl_c_leaves_nothing(
    long_csv: Path, tmp_path: Path, unit: str, number: int
) -> None:
    code, complaint = convert_until(unit, number, signal.SIGINT, long_csv, tmp_path / "out")
    assert code == 130
    assert "Traceback" not in complaint
    assert list(tmp_path.iterdir()) == []


@given(arrays(np.uint8, st.tuples(st.integers(1, 64), st.integers(1, 64))))
def test_a_png_decodes_to_the_same_pixels(pixels: np.ndarray) -> None:
    with Image.open(io.BytesIO(encode_grey(pixels))) as image:
        image.load()
        assert image.mode == "L"
        assert np.array_equal(np.asarray(image), pixels)
    with Image.open(io.BytesIO(encode_grey(pixels))) as image:
        image.verify()


def test_a_image_too_large_for_one_block_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        encode_grey(np.zeros((256, 256), np.uint8))


def test_of_commands_started_at_once_one_converts_and_others_say_that_it_is_there(
    tmp_path: Path,
) -> None:
    write_noise_csv(tmp_path / "fer.csv", CODES, USAGES)
    line = command(tmp_path / "fer.csv", tmp_path / "out")
    running = [
        subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ended = [(*process.communicate(), process.returncode) for process in running]
    assert sorted(code for *_, code in ended) == [0, 2, 2]
    for _, complaint, code in ended:
        known = ("holds files already", "not empty", "is there already")
        assert code == 0 or any(text in complaint for text in known)
    assert len(images_in(tmp_path / "out")) == 10
    assert sorted(file.name for file in tmp_path.iterdir()) == ["fer.csv", "out"]
