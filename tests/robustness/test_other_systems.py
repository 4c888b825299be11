"""What can be seen here of Windows and macOS: names, encodings, locks, calls that they lack."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import fer_data
from fer_data.data import decoded, fill
from fer_data.data.store import open_store
from fer_data.errors import DataError
from fer_data.fer2013 import csv_blocks
from fer_data.util import folders, locks
from fer_data.util.folders import atomic_folder
from fer_data.writers import convert, file_names, target
from tests.conftest import MakeFolder

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 48, 48), np.uint8)

LACKING = ("O_NOFOLLOW", "O_NONBLOCK", "posix_fallocate", "pread", "sched_getaffinity", "sync")


class WindowsOs:
    """The module `os` as Windows has it: less is there, and its calls refuse more."""

    def __getattr__(self, name: str) -> Any:
        if name in LACKING:
            raise AttributeError(name)
        return getattr(os, name)

    def open(self, path: str | Path, *arguments: int) -> int:
        if os.path.isdir(path):
            raise PermissionError(13, "Permission denied")
        return os.open(path, *arguments)

    def replace(self, source: str | Path, target: str | Path) -> None:
        if os.path.isdir(target):
            raise PermissionError(5, "Access is denied")
        os.replace(source, target)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (csv_blocks, decoded, fill, folders, target):
        monkeypatch.setattr(module, "os", WindowsOs(), raising=False)
    for module in (folders, file_names):
        monkeypatch.setattr(module, "_WINDOWS", True)
    monkeypatch.setattr(file_names, "_FOLDS_CASE", True)


@pytest.mark.usefixtures("windows")
def test_a_folder_appears_in_place_of_an_empty_one_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with atomic_folder(tmp_path / "out") as temporary:
        (temporary / "file").write_bytes(b"first")
    with pytest.raises(OSError), atomic_folder(tmp_path / "out") as temporary:  # noqa: PT011
        (temporary / "file").write_bytes(b"second")
    assert (tmp_path / "out" / "file").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.usefixtures("windows")
def test_what_was_left_is_taken_away_unless_its_lock_is_held(tmp_path: Path) -> None:
    left, held = (tmp_path / f".{name}.01234567.building" for name in ("left", "held"))
    left.mkdir()
    held.mkdir()
    lock = locks.opened(held.with_suffix(".lock"))
    assert not locks.is_taken(lock)
    with atomic_folder(tmp_path / "out"):
        assert (left.exists(), held.exists()) == (False, True)
    os.close(lock)  # as the system does when the process ends
    with atomic_folder(tmp_path / "new"):
        assert not held.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "out"]


@pytest.mark.usefixtures("windows")
def test_a_store_and_a_conversion_have_the_same_content(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    data = make_folder({"train/cat": 3, "train/dog": 3})
    (tmp_path / "out").mkdir()
    convert(data, tmp_path / "out")
    expected = [decode(data / name) for name in fer_data.load(data).sample_ids()]
    for path in (data, tmp_path / "out"):
        assert np.array_equal(open_store(path, cache=tmp_path / "cache").pixels, expected)
        assert np.array_equal(open_store(path, cache=False).pixels[:], expected)
    assert len(list((tmp_path / "cache").glob("*/pixels.npy"))) == 2


def decode(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)[:, :, None]


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize(
    "name",
    ["con", "Aux.png", "nul ", "COM1", "lpt\u00b2.x", "a.", "a ", "a:b", "a\\b", "a?", "\x07"],
)
def test_class_names_that_windows_changes_or_reads_otherwise_are_refused(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(DataError) as refused:
        convert((PIXELS, [name, "cat", "cat", "cat"]), tmp_path / "out")
    assert repr(name) in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_class_names_that_are_one_folder_are_refused_where_they_are(tmp_path: Path) -> None:
    data = (PIXELS, ["Cat", "cat", "cat", "cat"])
    convert(data, tmp_path / "out")
    assert fer_data.load(tmp_path / "out").class_names == ("Cat", "cat")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_names, "_FOLDS_CASE", True)
        with pytest.raises(DataError) as refused:
            convert(data, tmp_path / "folded")
    assert "'cat'" in str(refused.value)
    assert "'Cat'" in str(refused.value)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_a_name_that_is_taken_on_windows_is_one_part_of_a_path_and_stays_as_it_is(
    name: str,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_names, "_WINDOWS", True)
        taken = file_names._is_plain(name)
    path = PureWindowsPath("c:/out", name)
    if taken:
        assert path.parts == ("c:\\", "out", name)
        assert name == name.rstrip(". ")
        assert not set(name) & set('<>:"|?*')


def calls(package: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call in a package, with its place."""
    root = Path(import_module(package).__file__ or "").parent
    for file in root.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield f"{file.relative_to(root.parent)}:{node.lineno}", node


def names_no_encoding(call: ast.Call) -> bool:
    """Whether a call reads or writes text in whatever encoding the system prefers."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    is_method = isinstance(call.func, ast.Attribute)
    words = {word.arg: word.value for word in call.keywords}
    if words.keys() & {"encoding", "force_zip64"}:
        return False
    modes = [*call.args[: 1 if is_method else 2], *call.args[1:2], words.get("mode")]
    mode = next(
        (
            str(mode.value)
            for mode in modes
            if isinstance(mode, ast.Constant) and set(str(mode.value)) <= set("rwaxbt+")
        ),
        "",
    )
    if name in ("open", "fdopen"):
        if not is_method:
            return "b" not in mode
        return (bool(mode) or not call.args) and "b" not in mode
    if name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile"):
        return bool(mode) and "b" not in mode
    if name in ("run", "Popen", "check_output"):
        return any(word in words for word in ("text", "universal_newlines", "errors"))
    if name == "read_text":
        return is_method and not call.args
    if name == "write_text":
        return is_method and len(call.args) < 2
    return name == "TextIOWrapper"


@pytest.mark.parametrize(
    ("code", "names_none"),
    [
        ("open(p)", True),
        ("open(p, 'w')", True),
        ("open(p, 'rb')", False),
        ("open(p, encoding='utf-8')", False),
        ("p.open()", True),
        ("p.open('w')", True),
        ("os.fdopen(1, 'w')", True),
        ("archive.open(member)", False),
        ("p.read_text()", True),
        ("p.read_text('utf-8')", False),
        ("p.write_text(t)", True),
        ("write_text(p, t)", False),
        ("tempfile.TemporaryFile('w+')", True),
        ("subprocess.run(c, text=True)", True),
        ("subprocess.run(c, text=True, encoding='utf-8')", False),
    ],
)
def test_a_call_without_an_encoding_is_known(code: str, names_none: bool) -> None:
    call = ast.parse(code, mode="eval").body
    assert isinstance(call, ast.Call)
    assert names_no_encoding(call) == names_none


@pytest.mark.parametrize("package", ["fer_data", "fer_model"])
def test_text_is_read_and_written_in_an_encoding_that_is_named(package: str) -> None:
    assert [place for place, call in calls(package) if names_no_encoding(call)] == []


def test_a_command_prints_what_a_console_of_windows_cannot_show(
    make_folder: MakeFolder,
) -> None:
    """And opens no text file in the system's encoding, of which Python then warns."""
    data = make_folder({"train/émoi": 3, "train/猫": 3, "test/émoi": 3, "test/猫": 3})
    environment = {"PYTHONIOENCODING": "cp1252", "PYTHONWARNDEFAULTENCODING": "1"}
    ended = subprocess.run(
        [sys.executable, "-m", "fer_data.cli", "stats", str(data)],
        capture_output=True,
        env=os.environ | environment,
    )
    out, err = ended.stdout.decode("cp1252"), ended.stderr.decode("cp1252")
    assert ended.returncode == 0, err
    assert "émoi" in out
    assert "\\u732b" in out
    assert not [line for line in err.splitlines() if "fer_data" in line and "Encoding" in line]


@pytest.mark.parametrize("package", ["fer_data", "fer_model"])
def test_what_lazy_loader_reads_in_the_system_s_encoding_is_ascii(package: str) -> None:
    root = Path(import_module(package).__file__ or "").parent
    assert all(file.read_bytes().isascii() for file in root.rglob("*.pyi"))
