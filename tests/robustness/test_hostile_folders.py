"""Folders with images that are broken, or no images, or not to be read, or made to do harm."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import fer_data
from fer_data.data.decode import PixelFormat, read_image
from fer_data.errors import DataError
from tests.conftest import MakeFolder
from tests.helpers.children import in_children
from tests.helpers.csv_files import FLAT, write_csv

GREY = Image.linear_gradient("L").resize((48, 48))
SIDE = 50_000


def encoded(kind: str, *, frames: int = 1) -> bytearray:
    file = io.BytesIO()
    more = [Image.new("RGB", (48, 48), 9)] * (frames - 1)
    options = {"save_all": True, "append_images": more} if more else {}
    GREY.convert("RGB").save(file, kind, **options)
    return bytearray(file.getvalue())


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_sides_of(side: int) -> dict[str, bytes]:
    """Return a file of each format whose header claims so many pixels a side."""
    png = encoded("PNG")
    png[8:33] = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    gif, frame = encoded("GIF"), encoded("GIF")
    gif[6:10] = struct.pack("<HH", side, side)
    place = frame.rindex(b"\x2c\0\0\0\0\x30\0\x30\0")
    frame[place + 5 : place + 9] = struct.pack("<HH", side, side)
    bmp = encoded("BMP")
    bmp[18:26] = struct.pack("<ii", side, side)
    jpeg = encoded("JPEG")
    place = jpeg.index(b"\xff\xc0")
    jpeg[place + 5 : place + 9] = struct.pack(">HH", side, side)
    tiff = encoded("TIFF")
    first = struct.unpack("<I", tiff[4:8])[0] + 2
    for place in range(first, first + 24, 12):  # the two sides come first
        tiff[place + 8 : place + 12] = struct.pack("<I", side)
    webp = encoded("WEBP", frames=2)
    place = webp.index(b"VP8X") + 12
    webp[place : place + 6] = (side - 1).to_bytes(3, "little") * 2
    found = {"png": png, "gif": gif, "frame.gif": frame, "bmp": bmp}
    found |= {"jpg": jpeg, "tif": tiff, "webp": webp}
    return {f"{name}": bytes(data) for name, data in found.items()}


def png_bombs() -> dict[str, bytes]:
    """Return small PNG files parts of which become 40 MiB or more when they are inflated."""
    png = bytes(encoded("PNG"))
    data, zeros = (zlib.compress(byte * (40 << 20)) for byte in (b"a", b"\0"))
    mebibyte = zlib.compress(b"a" * ((1 << 20) - 100))
    parts = {
        "text": chunk(b"zTXt", b"k\0\0" + data),
        "unicode text": chunk(b"iTXt", b"k\0\1\0\0\0" + data),
        "profile": chunk(b"iCCP", b"k\0\0" + data),
        "texts": b"".join(chunk(b"zTXt", b"%d\0\0" % i + mebibyte) for i in range(99)),
    }
    found = {name: png[:33] + part + png[33:] for name, part in parts.items()}
    return found | {"pixels": png[:33] + chunk(b"IDAT", zeros) + chunk(b"IEND", b"")}


READ_ALL = """
import json, resource, sys
from fer_data.data.decode import PixelFormat, read_image
from fer_data.errors import DataError

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10

found = {}
read_image(sys.argv[1], PixelFormat(48, 48, "grey"))  # imports what decoding needs
for path in sys.argv[2:]:
    before = peak()
    try:
        read_image(path, PixelFormat(48, 48, "grey"))
        refusal = ""
    except DataError as error:
        refusal = str(error)
    found[path] = refusal, peak() - before
print(json.dumps(found))
"""


def read_in_a_process(folder: Path, files: dict[str, bytes]) -> dict[str, tuple[str, int]]:
    """Read images in a process of their own; return refusals, and how many MiB each took."""
    GREY.save(folder / "good.png")
    for name, data in files.items():
        assert len(data) < 1 << 20
        (folder / name).write_bytes(data)
    paths = [str(folder / name) for name in files]
    command = [sys.executable, "-c", READ_ALL, str(folder / "good.png"), *paths]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert ended.stderr == ""
    return {Path(path).name: tuple(found) for path, found in json.loads(ended.stdout).items()}


def test_a_header_of_50000_by_50000_is_refused_in_little_memory(tmp_path: Path) -> None:
    files = {f"a.{name}": data for name, data in with_sides_of(SIDE).items()}
    found = read_in_a_process(tmp_path, files)
    assert len(found) == 7
    for name, (refusal, mebibytes) in found.items():
        assert "more than the 67,108,864 pixels that are decoded" in refusal, name
        assert mebibytes < 64, name


def test_the_files_above_are_images_but_for_their_size(tmp_path: Path) -> None:
    for name, data in with_sides_of(48).items():
        (tmp_path / f"a.{name}").write_bytes(data)
        assert not read_image(tmp_path / f"a.{name}", PixelFormat(48, 48, "grey")).resized, name


def test_what_inflates_within_a_png_stays_small(tmp_path: Path) -> None:
    found = read_in_a_process(tmp_path, png_bombs())
    assert found.pop("pixels")[0] == ""  # only as many as the header says are looked at
    for name, (refusal, _) in found.items():
        assert "cannot be decoded" in refusal, name
    assert max(mebibytes for _, mebibytes in found.values()) < 128


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF"])
@pytest.mark.parametrize("frames", [1, 2])
def test_a_file_cut_anywhere_is_an_image_or_a_data_error(
    tmp_path: Path, kind: str, frames: int, capfd: pytest.CaptureFixture[str]
) -> None:
    if frames > 1 and kind in ("JPEG", "BMP"):
        pytest.skip("has one frame only")
    data = bytes(encoded(kind, frames=frames))
    refused = 0
    for length in [*range(64), *range(64, len(data), max(1, len(data) // 100))]:
        (tmp_path / "cut").write_bytes(data[:length])
        try:
            image = read_image(tmp_path / "cut", PixelFormat(48, 48, "grey"))
            assert image.pixels.shape == (48, 48, 1)
        except DataError:
            refused += 1
    assert refused > 60
    capfd.readouterr()  # libtiff complains of every broken file on standard error


# What is no image


def test_no_pipe_socket_or_device_is_waited_for(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_folder({"train/cat": 2, "train/zoo": 0})
    cat = root / "train" / "cat"
    os.mkfifo(cat / "pipe.png")
    (cat / "link.png").symlink_to("pipe.png")
    (cat / "zero.png").symlink_to("/dev/zero")
    monkeypatch.chdir(cat)  # a socket's path is 107 bytes at most
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.png")
    expected = {"link.png", "pipe.png", "socket.png", "zero.png"}
    try:
        os.mknod(cat / "device.png", 0o20666, os.makedev(1, 5))  # another /dev/zero
        expected.add("device.png")
    except PermissionError:
        pass
    dataset = fer_data.load(root)
    assert len(dataset) == 2
    reasons = {item.name.removeprefix("train/cat/"): item.reason for item in dataset.skipped}
    assert {name for name, why in reasons.items() if why == "not a regular file"} == expected
    assert len(fer_data.open_store(root).pixels) == 2


NAMES = [
    b" ",
    b"a b  c",
    b"new\nline",
    b"tab\there\r",
    "\N{GRINNING FACE}".encode(),
    b"\xff\xfe",
    b"caf\xe9",
    b"a..b",
    b"back\\slash",
    b"'quote\"",
    b"%s{}$HOME",
    b"-rf",
    b"[red]x",
    b"\x1b[31m",
    b"a" * 251,
    "é".encode() * 125,
]


def test_images_and_classes_of_any_name_are_read_stored_and_shown(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path / "data")
    for name in NAMES:
        os.makedirs(root + b"/train/" + name)
        for other in (name, b"x"):
            GREY.save(tmp_path / "one.png")
            shutil.copy(
                os.fsencode(tmp_path / "one.png"), root + b"/train/%b/%b.png" % (name, other)
            )
    dataset = fer_data.load(tmp_path / "data")
    assert sorted(map(os.fsencode, dataset.class_names)) == sorted(NAMES)
    assert dataset.class_counts("train").tolist() == [2] * len(NAMES)
    assert all(name.isprintable() for name in dataset.sample_ids())
    assert len(set(dataset.sample_ids())) == len(dataset)
    for _ in range(2):  # built, then mapped
        store = fer_data.open_store(tmp_path / "data")
        assert store.dataset.locations.tolist() == dataset.locations.tolist()
        assert store.dataset.class_names == dataset.class_names
    ended = in_children({"arguments": ["stats", tmp_path / "data"]})[0]
    assert ended.code == 0
    assert "\x1b" not in ended.out


def test_class_folders_that_differ_in_case_are_two_classes(make_folder: MakeFolder) -> None:
    dataset = fer_data.load(make_folder({"train/Cat": 1, "train/cat": 2, "test/cat": 1}))
    assert dataset.class_names == ("Cat", "cat")
    assert dataset.class_counts("train").tolist() == [1, 2]


def test_split_folders_that_differ_in_case_are_refused(make_folder: MakeFolder) -> None:
    with pytest.raises(DataError, match="Train and train both stand for the train split"):
        fer_data.load(make_folder({"Train/cat": 1, "train/cat": 1}))


def test_an_empty_folder_and_empty_images_are_one_line_each(make_folder: MakeFolder) -> None:
    root = make_folder({"train/cat": 2, "train/zoo": 0})
    (root / "train" / "cat" / "empty.png").touch()
    with pytest.raises(DataError, match=r"empty\.png: not an image that can be decoded"):
        fer_data.open_store(root)
    (root / "nothing").mkdir()
    with pytest.raises(DataError, match="no class folders here"):
        fer_data.load(root / "nothing")


def test_folders_deeper_than_python_s_calls_are_read(tmp_path: Path) -> None:
    root = tmp_path / "deep"
    root.mkdir()
    other = root / "train" / "dog"
    folders = [root / "train" / "cat"]
    folders += [Path(f"{folders[0]}{'/d' * depth}") for depth in range(1, 1301)]
    try:
        folders[0].parent.mkdir()
        for folder in (other, *folders):
            folder.mkdir()
        GREY.save(folders[-1] / "x.png")
        GREY.save(folders[0] / "e.png")
        dataset = fer_data.load(root)
        assert len(dataset) == 2
        assert fer_data.open_store(root).dataset.locations[1] == "train/cat/e.png"
    finally:  # here, as what clears `tmp_path` goes down by calls
        for folder in (*reversed(folders), other):
            for file in folder.glob("*.png"):
                file.unlink()
            folder.rmdir()


@pytest.mark.slow
def test_two_hundred_thousand_files_are_counted_in_little_memory(tmp_path: Path) -> None:
    """Two million, tried by hand, took 8 s of one core and 589 MiB, but 78 s to make."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tmp_path
    with tempfile.TemporaryDirectory(dir=where) as name:
        for label in range(10):
            folder = Path(name) / "train" / f"class{label}"
            folder.mkdir(parents=True)
            for number in range(20_000):
                os.close(os.open(f"{folder}/{number}.png", os.O_CREAT | os.O_WRONLY))
        code = (
            "import sys\nfrom fer_data import cli\nsys.argv = ['', *sys.argv[1:]]\n"
            "try:\n    cli.main()\nfinally:\n"  # getrusage would tell of the parent before exec
            "    peak = open('/proc/self/status').read().partition('VmHWM:')[2].split()[0]\n"
            "    print(int(peak) >> 10, file=sys.stderr)\n"
        )
        command = [sys.executable, "-c", code, "stats", name, "--json"]
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout)["num_samples"] == 200_000
    assert int(ended.stderr) < 400


# Without rights


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can enter; pytest's own are for their owner alone."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def may_drop_rights() -> bool:
    if os.geteuid() != 0:
        return True  # has none to drop
    command = [
        sys.executable,
        "-c",
        "import os; os.setgroups([]); os.setgid(65534); os.setuid(65534)",
    ]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


needs_no_rights = pytest.mark.skipif(
    not may_drop_rights(), reason="root reads everything, and cannot become nobody here"
)


@needs_no_rights
def test_what_may_not_be_read_or_written_is_named(open_folder: Path) -> None:
    good, bad, closed = (open_folder / name for name in ("good", "bad", "closed"))
    for root in (good, bad, closed):
        (root / "train" / "cat").mkdir(parents=True)
        (root / "train" / "dog").mkdir()
        for number in range(2):
            GREY.save(root / "train" / "cat" / f"{number}.png")
    table = write_csv(open_folder / "fer.csv", [f"3,{FLAT},Training"])
    closed_table = write_csv(open_folder / "closed.csv", [f"3,{FLAT},Training"])
    cache = open_folder / "cache"
    everybody = open_folder / "everybody"
    everybody.mkdir(mode=0o777)
    everybody.chmod(0o777)
    warm_up = (
        ("stats", good),
        ("stats", table),
        ("open-store", good, cache),
        ("open-store", good, cache),  # maps it
        ("open-store", table, open_folder / "other"),
        ("convert-csv", table, open_folder / "converted"),
        ("samples", good, open_folder / "grid.png", "--cache", open_folder / "other"),
    )
    cache.mkdir()
    shut = [bad / "train" / "cat" / "1.png", closed / "train" / "cat", closed_table]
    for path in shut:
        path.chmod(0)
    cases = [
        ["stats", bad],  # names and sizes alone are read
        ["stats", closed],
        ["stats", closed_table],
        ["convert-csv", closed_table, everybody / "out"],
        ["convert-csv", table, open_folder / "out"],
        ["samples", bad, everybody / "grid.png", "--cache", everybody],
        ["samples", bad, everybody / "grid.png", "--cache", everybody, "--skip-bad"],
        ["samples", good, open_folder / "new.png", "--cache", everybody],
        ["open-store", table, cache],
        ["open-store", good, cache],
    ]
    cache.chmod(0o755)
    try:
        found = (
            in_children(*({"arguments": case, "nobody": True} for case in cases), warm_up=warm_up)
            if os.geteuid() == 0
            else None
        )
        if found is None:  # the owner has closed the cache after it was filled
            in_children(warm_up=warm_up)
            for path in (cache, open_folder):
                path.chmod(0o555)
            found = in_children(*({"arguments": case} for case in cases))
    finally:
        for path in (open_folder, cache, *shut):
            path.chmod(0o755)
    assert found[0].code == 0
    assert f"{closed}/train/cat: cannot be read (Permission denied)" in found[1].line
    assert "closed.csv: cannot be read (Permission denied)" in found[2].line
    assert "closed.csv: cannot be read (Permission denied)" in found[3].line
    assert f"{open_folder}/out: cannot be written (Permission denied)" in found[4].line
    assert "cat/1.png: cannot be read (Permission denied)" in found[5].line
    assert found[6].code == 0
    assert "1 skipped, cannot be decoded: " in found[6].err
    assert f"{open_folder}/new.png: cannot be written" in found[7].line
    assert f"{cache}: the store of decoded images cannot be written (Permission" in found[8].line
    assert found[9] == (0, "", "")  # it is there already, and only mapped
    assert {path.name for path in everybody.iterdir() if path.is_file()} == {"grid.png"}
