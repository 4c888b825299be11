"""No command writes in place of what it reads."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import MakeFolder, Run
from tests.csv_files import FLAT, write_csv


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
def test_a_picture_of_the_data_is_not_replaced(
    run: Run, data: Path, command: tuple[str, ...]
) -> None:
    picture = data / "train" / "a" / "0003.png"
    before = picture.read_bytes()
    assert "lies in" in called(run, command, data, picture)
    assert "lies in" in called(run, command, data, data / "train" / "a" / "new.png")
    assert picture.read_bytes() == before
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
        assert "is what is read" in called(run, command, table, out)
    assert table.read_bytes() == before


def test_a_list_that_is_read_is_not_replaced(run: Run, data: Path, tmp_path: Path) -> None:
    listed = tmp_path / "listed.csv"
    listed.write_text("sample\ntrain/a/0000.png\n")
    for option in ("--write-exclusions", "--html"):
        ended = run("audit", data, "--exclude", listed, option, listed)
        assert (ended.code, "is what is read" in ended.err) == (2, True)
    assert listed.read_text() == "sample\ntrain/a/0000.png\n"


def test_a_page_is_not_put_among_the_pictures(run: Run, data: Path) -> None:
    ended = run("report", data, "--out", data / "train")
    assert (ended.code, "lies in" in ended.err) == (2, True)
    assert not (data / "train" / "index.html").exists()


def test_a_list_beside_the_splits_may_be_written_again(run: Run, data: Path) -> None:
    for _ in range(2):
        assert run("audit", data, "--write-exclusions", data / "exclusions.csv").code == 0
    shutil.copy(data / "train" / "a" / "0000.png", data / "mine.png")
    ended = run("plan", data, "--plot", data / "mine.png")
    assert (ended.code, "lies in" in ended.err) == (2, True)


def test_where_a_file_cannot_be_written_it_is_named(run: Run, data: Path) -> None:
    for command in (COMMANDS[0], COMMANDS[2], COMMANDS[3], COMMANDS[4]):
        named = {"PATH": data, "OUT": Path("/proc/none/out.png")}
        ended = run(*(named.get(word, word) for word in command))
        assert ended.code == 2
        message = "/proc/none/out.png: cannot be written (No such file or directory)"
        assert message in ended.err.splitlines()[-1]
