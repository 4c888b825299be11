"""No command writes in place of what it reads, or of what is no regular file, or waits for one."""

from __future__ import annotations

import os
import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fer_data.errors import DataError
from fer_data.util import files
from fer_data.writers import convert
from tests.conftest import MakeFolder, Run
from tests.helpers.csv_files import FLAT, write_csv


@pytest.fixture
def data(make_folder: MakeFolder) -> Path:
    return make_folder({"train/a": 12, "train/b": 12, "test/a": 3, "test/b": 3})


COMMANDS = [
    ("audit", "PATH", "--write-exclusions", "OUT"),
    ("audit", "PATH", "--html", "OUT"),
    ("split", "PATH", "--out", "OUT"),
    ("samples", "PATH", "OUT"),
    ("plan", "PATH", "--plot", "OUT"),
]


def called(run: Run, command: tuple[str, ...], path: Path, out: Path) -> str:
    named = {"PATH": path, "OUT": out}
    ended = run(*(named.get(word, word) for word in command))
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    return ended.err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_image_of_the_data_is_not_replaced(
    run: Run, data: Path, command: tuple[str, ...]
) -> None:
    image = data / "train" / "a" / "0003.png"
    before = image.read_bytes()
    assert "is in" in called(run, command, data, image)
    assert "is in" in called(run, command, data, data / "train" / "a" / "new.png")
    assert image.read_bytes() == before
    assert not (data / "train" / "a" / "new.png").exists()
    assert "is a folder; name a file" in called(run, command, data, data / "train")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_csv_that_is_read_is_not_replaced(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    table = write_csv(tmp_path / "fer.csv", [f"3,{FLAT},Training", f"4,{FLAT},PublicTest"])
    before = table.read_bytes()
    (tmp_path / "linked.csv").symlink_to(table)
    for out in (table, tmp_path / "linked.csv"):
        assert "is the input" in called(run, command, table, out)
    assert table.read_bytes() == before


def test_a_list_that_is_read_is_not_replaced(run: Run, data: Path, tmp_path: Path) -> None:
    listed = tmp_path / "listed.csv"
    listed.write_text("sample\ntrain/a/0000.png\n")
    for option in ("--write-exclusions", "--html"):
        ended = run("audit", data, "--exclude", listed, option, listed)
        assert (ended.code, "is the input" in ended.err) == (2, True)
    assert listed.read_text() == "sample\ntrain/a/0000.png\n"


def test_a_page_is_not_put_among_the_images(run: Run, data: Path) -> None:
    ended = run("report", data, "--out", data / "train")
    assert (ended.code, "is in" in ended.err) == (2, True)
    assert not (data / "train" / "index.html").exists()


def test_a_list_next_to_the_splits_may_be_written_again(run: Run, data: Path) -> None:
    for _ in range(2):
        assert run("audit", data, "--write-exclusions", data / "exclusions.csv").code == 0
    shutil.copy(data / "train" / "a" / "0000.png", data / "mine.png")
    ended = run("plan", data, "--plot", data / "mine.png")
    assert (ended.code, "is in" in ended.err) == (2, True)


def test_where_a_file_cannot_be_written_it_is_named(run: Run, data: Path) -> None:
    for command in (COMMANDS[0], COMMANDS[2], COMMANDS[3], COMMANDS[4]):
        named = {"PATH": data, "OUT": Path("/proc/none/out.png")}
        ended = run(*(named.get(word, word) for word in command))
        assert ended.code == 2
        message = "/proc/none/out.png: cannot be written (No such file or directory)"
        assert message in ended.err.splitlines()[-1]


# What is no regular file


def link(path: Path) -> None:
    (path.parent / "target").write_text("kept")
    path.symlink_to(path.parent / "target")


def dangling_link(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))  # as /dev/null
    except PermissionError:
        pytest.skip("only root can make a device")


SPECIAL = [link, dangling_link, os.mkfifo, unix_socket, device]

Make = Callable[[Path], None]


@contextmanager
def special_stays(make: Make, path: Path) -> Iterator[None]:
    make(path)
    before = path.lstat()
    yield
    after = path.lstat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert not (path.parent / "nowhere").exists()
    if make is link:
        assert (path.parent / "target").read_text() == "kept"


@pytest.fixture
def close(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short path: a socket's has at most 108 letters."""
    return tmp_path_factory.mktemp("x")


@pytest.mark.parametrize("make", SPECIAL)
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_regular_file_is_not_replaced(
    run: Run, data: Path, close: Path, command: tuple[str, ...], make: Make
) -> None:
    out = close / ("out.png" if command[0] in ("samples", "plan") else "out.csv")
    with special_stays(make, out):
        assert str(out) in called(run, command, data, out)


@pytest.mark.parametrize("make", SPECIAL)
def test_a_report_replaces_no_special_file(run: Run, data: Path, close: Path, make: Make) -> None:
    with special_stays(make, close / "index.html"):
        ended = run("report", data, "--out", close)
        assert (ended.code, ended.err.count("\n")) == (2, 1)


@pytest.mark.parametrize("make", SPECIAL)
@pytest.mark.parametrize("ending", ["", ".npz", ".parquet", ".csv"])
def test_a_conversion_replaces_no_special_file(
    tmp_path: Path, close: Path, ending: str, make: Make
) -> None:
    table = write_csv(tmp_path / "fer.csv", [f"3,{FLAT},Training", f"4,{FLAT},PublicTest"])
    with (
        special_stays(make, close / f"out{ending}"),
        pytest.raises(DataError, match="out"),
    ):
        convert(table, close / f"out{ending}")
    assert not any(name.startswith(".") for name in os.listdir(close))


def test_what_comes_as_a_file_is_written_is_not_replaced(tmp_path: Path) -> None:
    def write() -> None:
        with files.atomic_file(tmp_path / "out") as temporary:
            temporary.write_text("new")
            os.mkfifo(tmp_path / "out")

    with pytest.raises(DataError, match="FIFO"):
        write()
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize(
    "command",
    [
        ("stats", "IT"),
        ("audit", "IT"),
        ("convert", "IT", "out.npz"),
        ("convert-csv", "IT", "out"),
        ("audit", "PATH", "--exclude", "IT"),
        ("audit", "PATH", "--relabel", "IT"),
        ("ferplus", "PATH", "IT", "--out", "OUT"),
        ("plan", "PATH", "--exclude", "IT"),
        ("label-issues", "PATH", "IT"),
    ],
)
@pytest.mark.parametrize("make", [os.mkfifo, unix_socket, device])
def test_what_is_no_file_or_folder_is_refused_as_input_at_once(
    run: Run, data: Path, close: Path, command: tuple[str, ...], make: Make
) -> None:
    make(close / "it")
    named = {"PATH": data, "IT": close / "it", "OUT": close / "out"}
    ended = run(*(named.get(word, word) for word in command))
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert str(close / "it") in ended.err
