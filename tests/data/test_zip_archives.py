"""A zip archive is read in place, as the folder that it would be unpacked to."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fer_data
from fer_data.data import sources
from fer_data.data.sources import archive
from fer_data.errors import DataError, UsageError
from tests.conftest import MakeFolder, Run

CLASSES = {"cat": 3, "dog": 2}
LINK = 0o120777 << 16


def image(number: int) -> bytes:
    """Return a PNG file of an image of its own."""
    file = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 256, (8, 8), np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def write_zip(path: Path, members: Mapping[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", kind) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def classes(*folders: str) -> dict[str, bytes]:
    """Return the members of two classes below each of some folders."""
    names = [
        f"{folder}{name}/{number}.png"
        for folder in folders
        for name, size in CLASSES.items()
        for number in range(size)
    ]
    return {name: image(number) for number, name in enumerate(names)}


def unpacked(path: Path) -> Path:
    with zipfile.ZipFile(path) as file:
        file.extractall(path.with_suffix(""))
    return path.with_suffix("")


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(
    "members",
    [
        classes(""),
        classes("train/", "test/"),
        classes("archive/images/train/", "archive/images/val/"),
        classes("train/") | {f"test/{number}.png": image(number) for number in range(3)},
        classes("a/") | {"a/.DS_Store": b"x", "__MACOSX/a/cat/._0.png": b"x", "a/readme.txt": b"x"},
    ],
    ids=["classes", "splits", "wrapped", "flat test", "macOS"],
)
def test_an_archive_reads_as_the_folder_that_it_holds(
    tmp_path: Path, members: dict[str, bytes], kind: int
) -> None:
    path = write_zip(tmp_path / "x.zip", members, kind)
    folder = unpacked(path)
    packed, plain = fer_data.load(path), fer_data.load(folder)
    assert packed.counts == plain.counts
    assert packed.locations.tolist() == plain.locations.tolist()
    assert packed.notes == plain.notes
    assert packed.skipped == plain.skipped
    assert sources.names(packed) == sources.names(plain)
    of_packed, of_plain = fer_data.open_store(packed), fer_data.open_store(plain)
    np.testing.assert_array_equal(of_packed.pixels, of_plain.pixels)


def test_an_archive_is_known_by_its_content_whatever_its_name(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "data.bin", classes("train/"))
    assert fer_data.load(path).counts == {"train": CLASSES}
    before = fer_data.load(path).origin.state().key()
    write_zip(path, classes("train/", "test/"))
    assert fer_data.load(path).origin.state().key() != before


def test_every_command_takes_an_archive(run: Run, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", classes("train/", "test/"))
    folder = unpacked(path)
    for command in ("stats", "audit"):
        assert run(command, path).code == run(command, folder).code
    assert run("convert", path, tmp_path / "out").code == 0
    for file in folder.glob("*/*/*.png"):
        out = tmp_path / "out" / file.relative_to(folder)
        assert file.read_bytes() == out.read_bytes()
    options = ("--min-per-class", "0", "--pool", "--out", tmp_path / "splits.csv")
    done = run("split", path, *options, "--as-folders", tmp_path / "divided")
    assert done.code == 0, done.err
    assert len(list((tmp_path / "divided").glob("*/*/*.png"))) == 10


# Tables of labels


def test_a_table_is_read_in_the_archive_or_next_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = {f"set/images/{number}.png": image(number) for number in range(4)}
    table = "file,kind\n" + "".join(f"{number}.png,{'ab'[number % 2]}\n" for number in range(4))
    path = write_zip(tmp_path / "x.zip", members | {"set/labels.csv": table.encode()})
    (tmp_path / "outside.csv").write_text(table)
    monkeypatch.chdir(tmp_path)
    for labels in ("set/labels.csv", path / "set/labels.csv", "outside.csv", "labels.csv"):
        dataset = fer_data.load(path, labels=labels)
        assert dataset.counts == {"train": {"a": 2, "b": 2}}
        assert len(fer_data.open_store(dataset).pixels) == 4
    assert fer_data.load(tmp_path / "outside.csv", images=path).counts == dataset.counts
    assert fer_data.load(path, label_from=r"([0-9])\.png$").class_names == tuple("0123")
    with pytest.raises(DataError) as refused:
        fer_data.load(path)
    assert refused.value.fix["labels"] == (str(path / "set/labels.csv"),)
    with pytest.raises(DataError):
        fer_data.load(path, labels="set/none.csv")


def test_tables_of_every_kind_are_read_in_an_archive(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"file_name": [f"{n}.png" for n in range(4)], "label": list("abab")})
    tables = {
        "t.parquet": frame.to_parquet(),
        "t.csv.gz": gzip.compress(frame.to_csv(index=False).encode()),
        "t.jsonl": frame.to_json(orient="records", lines=True).encode(),
        "t.json": frame.to_json(orient="records").encode(),
        "t.txt": b"".join(f"{n}.png {'ab'[n % 2]}\n".encode() for n in range(4)),
    }
    path = write_zip(tmp_path / "x.zip", {f"{n}.png": image(n) for n in range(4)} | tables)
    for name in tables:
        assert fer_data.load(path, labels=path / name).counts == {"train": {"a": 2, "b": 2}}, name


# What is refused


def renamed(path: Path, new: str) -> None:
    """Write an archive one member of which has a name that `zipfile` would not write."""
    with zipfile.ZipFile(path, "w") as file:
        for name, data in classes("").items():
            file.writestr(name, data)
        info = zipfile.ZipInfo("x")
        info.filename = new
        file.writestr(info, image(99))


def encrypted(path: Path) -> None:
    data = bytearray(write_zip(path, classes("")).read_bytes())
    at = -1
    while (at := data.find(b"PK\1\2", at + 1)) >= 0:
        data[at + 8] |= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(write_zip(path, classes("")).read_bytes()[:-40])


def linked_class(path: Path) -> None:
    write_zip(path, classes(""))
    with zipfile.ZipFile(path, "a") as file:
        info = zipfile.ZipInfo("fox")
        info.external_attr = LINK
        file.writestr(info, b"/etc")


def office(path: Path) -> None:
    write_zip(path, {"[Content_Types].xml": b"x", "xl/workbook.xml": b"x"})


REFUSED: dict[str, tuple[str, Callable[[Path], object]]] = {
    "upwards": ("leads out", lambda path: renamed(path, "../cat/9.png")),
    "inside": ("leads out", lambda path: renamed(path, "cat/../../9.png")),
    "absolute": ("absolute", lambda path: renamed(path, "/etc/9.png")),
    "drive": ("absolute", lambda path: renamed(path, "C:/cat/9.png")),
    "backslashes": ("leads out", lambda path: renamed(path, "..\\9.png")),
    "twice": ("twice", lambda path: renamed(path, "cat/0.png")),
    "no name": ("without a name", lambda path: renamed(path, "\0x")),
    "twice otherwise": ("twice", lambda path: renamed(path, "./cat//0.png")),
    "file and folder": ("a file and a folder", lambda path: renamed(path, "cat")),
    "deep": ("deep", lambda path: renamed(path, "a/" * 99 + "9.png")),
    "encrypted": ("encrypted", encrypted),
    "cut": ("broken", cut),
    "lzma": ("packed", lambda path: write_zip(path, classes(""), zipfile.ZIP_LZMA)),
    "linked class": ("link", linked_class),
    "Excel": ("csv", office),
    "no image": ("no image", lambda path: write_zip(path, {"a/readme.md": b"x"})),
    "one class": ("one class", lambda path: write_zip(path, {"a/b/0.png": image(0)})),
    "inner": ("cats.zip", lambda path: write_zip(path, {"cats.zip": b"PK\3\4"})),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", REFUSED)
def test_an_archive_that_is_not_read_is_refused_in_one_line(
    run: Run, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "data.zip"
    word, make = REFUSED[kind]
    make(path)
    for command in (["stats", path], ["convert", path, tmp_path / "out"]):
        ended = run(*command)
        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
        assert word in ended.err
    assert not (tmp_path / "out").exists()


def test_too_many_members_and_too_large_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_zip(tmp_path / "x.zip", classes("") | {"cat/9.png": bytes(1 << 20)})
    monkeypatch.setattr(archive, "MAX_MEMBERS", 5)
    with pytest.raises(DataError, match="more than 5 files"):
        fer_data.load(path)
    monkeypatch.setattr(archive, "MAX_MEMBERS", 100)
    monkeypatch.setattr(archive, "MAX_MEMBER_BYTES", 1 << 16)
    dataset = fer_data.load(path, skip_bad=True)
    raw = [found.raw for chunk in dataset.source_chunks().chunks for found in chunk.raw_images()]
    assert sum(isinstance(image, DataError) for image in raw) == 1


def test_links_in_an_archive_are_not_followed(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", classes(""))
    with zipfile.ZipFile(path, "a") as file:
        info = zipfile.ZipInfo("cat/9.png")
        info.external_attr = LINK
        file.writestr(info, os.fsencode(tmp_path / "x.png"))
    (tmp_path / "x.png").write_bytes(image(0))
    dataset = fer_data.load(path)
    assert dataset.counts == {"train": CLASSES}
    assert any("link" in item.reason for item in dataset.skipped)


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_member_is_a_bad_image(tmp_path: Path, kind: int) -> None:
    path = write_zip(tmp_path / "x.zip", classes(""), kind)
    with zipfile.ZipFile(path) as file:
        info = file.getinfo("cat/1.png")
    data = bytearray(path.read_bytes())
    data[info.header_offset + 30 + len("cat/1.png") + info.compress_size // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"x\.zip/cat/1\.png"):
        fer_data.open_store(path)
    store = fer_data.open_store(path, skip_bad=True)
    assert store.dataset.counts == {"train": {"cat": 2, "dog": 2}}


def test_a_member_s_size_is_not_trusted(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", classes("") | {"cat/9.png": bytes(1 << 24)})
    data = bytearray(path.read_bytes())
    at = data.find(b"cat/9.png", data.find(b"PK\1\2")) - 46
    data[at + 24 : at + 28] = (100).to_bytes(4, "little")
    path.write_bytes(data)
    dataset = fer_data.load(path, skip_bad=True)
    raw = [found.raw for chunk in dataset.source_chunks().chunks for found in chunk.raw_images()]
    assert sum(isinstance(image, DataError) for image in raw) == 1


def test_an_npz_stays_one_whatever_its_name(make_folder: MakeFolder, tmp_path: Path) -> None:
    pixels = np.zeros((3, 8, 8), np.uint8)
    np.savez(tmp_path / "x.npz", pixels=pixels, labels=[0, 1, 1], class_names=["a", "b"])
    (tmp_path / "x.npz").rename(tmp_path / "x.zip")
    assert fer_data.load(tmp_path / "x.zip").kind == "npz"
    with pytest.raises(UsageError):
        fer_data.load(tmp_path / "x.zip", layout="class-folders")
