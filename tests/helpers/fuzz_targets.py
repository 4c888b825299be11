"""What `tools/fuzz.py` calls with bytes of its making, and the tests with those it found before.

A target returns where the bytes are taken or refused as they should be. Anything but a `DataError`
or `UsageError`, and anything taken that a plain slow reading would not, comes out of it.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from fer_data.data import decode, store
from fer_data.data.decode import PixelFormat, read_image
from fer_data.data.options import LoadOptions
from fer_data.data.reading import load
from fer_data.data.sources import SOURCES
from fer_data.data.sources.source import check_bad_rows
from fer_data.errors import DataError, UsageError
from fer_data.fer2013 import csv_blocks, csv_rows
from fer_data.fer2013.csv_columns import Columns
from fer_data.fer2013.emotions import EMOTIONS, EMOTIONS_BY_CODE, split_of_usage
from fer_data.fer2013.pixel_text import NUM_PIXELS, parse_pixels
from fer_data.loading.loader import Loader
from fer_data.loading.opening import make_loader
from fer_data.sampling.schedule import Schedule
from fer_data.sampling.strategy import Strategy

REFUSED = (DataError, UsageError)


@cache
def scratch() -> Path:
    """Return a folder of this process, in memory where that is possible."""
    shared = Path("/dev/shm")
    folder = tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None)
    scratch.folder = folder  # type: ignore[attr-defined]  # lives as long as the process
    return Path(folder.name)


def saved(data: bytes, name: str) -> Path:
    path = scratch() / name
    path.write_bytes(data)
    return path


def unpacked(data: bytes) -> bytes:
    """Write out what stands for many bytes: ``@`` for a good cell, ``~`` for all but one value."""
    return data.replace(b"@", b"7 " * (NUM_PIXELS - 1) + b"9").replace(
        b"~", b" 12" * (NUM_PIXELS - 1)
    )


# csv files


def try_csv(data: bytes) -> None:
    """Read a csv: the first byte says whether it is zipped, and how long a block is."""
    how, text = (data[0] if data else 0), unpacked(data[1:])
    raw = gzip.compress(text, 1) if how & 1 else text
    path = saved(raw, "any.csv")
    found, refusal, num_bad = [], "", 0
    try:
        with (
            patch.object(csv_blocks, "BLOCK_BYTES", 777 if how & 2 else 1 << 20),
            csv_blocks.open_csv(path) as (columns, blocks),
        ):
            for block in blocks:
                part = csv_rows.parse(block, columns, merge_test=bool(how & 4), with_pixels=True)
                num_bad += len(part.rejects)
                check_bad_rows(path, num_bad)
                alone = csv_rows.parse(block, columns, merge_test=bool(how & 4), with_pixels=False)
                assert {*part.rows} <= {*alone.rows}
                assert {bad.row for bad in alone.rejects} <= {bad.row for bad in part.rejects}
                assert not {*part.rows} & {bad.row for bad in part.rejects}
                pixels = (image.tobytes() for image in part.pixels)
                found += list(zip(part.rows, part.labels, part.splits, pixels, strict=True))
    except DataError as error:
        refusal = str(error)
    if refusal:
        assert refusal.startswith(str(path))
        assert "\n" not in refusal
        return
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    assert found == list(slow_rows(raw, columns, merge_test=bool(how & 4)))


def slow_rows(
    raw: bytes, columns: Columns, *, merge_test: bool
) -> Iterator[tuple[int, int, str, bytes]]:
    """Read a csv as simply as can be: all at once, by Python's csv module, value by value."""
    head, *lines = raw.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    text = head.decode("utf-8", "replace").strip()
    names = [name.strip(' \t"').lower() for name in text.split(",")]
    assert [name.lower() for name in columns.names] == names
    for row, line in enumerate(lines):
        try:
            (cells,) = csv.reader([line.decode("latin-1").removesuffix("\r")], strict=True)
        except (csv.Error, ValueError):
            continue
        if len(cells) != len(names):
            continue
        label, split = -1, "test" if columns.emotion is None else "train"
        if columns.emotion is not None:
            code = cells[columns.emotion].strip(BLANKS).lower()
            if re.fullmatch(r"[0-6](\.0*)?", code):
                label = EMOTIONS.index(EMOTIONS_BY_CODE[int(float(code))])
            elif code in EMOTIONS:
                label = EMOTIONS.index(code)
            else:
                continue
        if columns.usage is not None:
            usage = split_of_usage(cells[columns.usage].strip(BLANKS), merge_test=merge_test)
            if usage is None:
                continue
            split = usage
        values = slow_values(cells[columns.pixels])
        if values is not None:
            yield row, label, split, values


BLANKS = " \t\n\r\x0b\x0c"


@lru_cache(100)  # slow indeed
def slow_values(cell: str) -> bytes | None:
    tokens = [token for token in re.split(f"[{BLANKS}]+", cell) if token]
    if len(tokens) != NUM_PIXELS or not all(re.fullmatch("[0-9]{1,3}", one) for one in tokens):
        return None
    values = [int(token) for token in tokens]
    return bytes(values) if max(values) <= 255 else None


CSV_SEEDS = [
    how + text
    for how in (b"\0", b"\1", b"\2", b"\7")
    for text in (
        b"emotion,pixels,Usage\n3,@,Training\n6,~ 4,PublicTest\n0,1 ~,PrivateTest",
        b"emotion, Usage, pixels\r\n 3 ,Training,@\r\n9,Training,@\r\n\r\n1,PublicTest,~ 256\r\n",
        b'\xef\xbb\xbf"emotion","pixels"\n"3","@"\n"4","~ 1"\n5,"@\n',
        b"pixels\n@\n~  001\n\n1 2 3\n~ x\n",
        b"emotion,pixels,Usage\n3,@,Training,\n3,@\n3,@,training\n,@,Training\n",
        b"id,label,pixels,split\n0,3.0,@,VAL\n1,Happy,@,test\n2,6.,@,x\n3,7,@,train\n",
        b"\xff\xfee\0m\0o\0",
        b"emotion,pixels\r3,@\r",
    )
] + [b"\0" + gzip.compress(b"pixels\n" + b"1 " * 2304, 9, mtime=0)]


# Pixels


def try_pixels(data: bytes) -> None:
    """Parse cells, which a newline ends."""
    cells = unpacked(data).split(b"\n")
    pixels, causes = parse_pixels(cells)
    assert pixels.shape == (len(cells), NUM_PIXELS)
    for place, cell in enumerate(cells):
        expected = slow_values(cell.decode("latin-1"))
        assert (place in causes) == (expected is None), place
        if expected is not None:
            assert pixels[place].tobytes() == expected


PIXEL_SEEDS = [
    b"@",
    b"~ 255\n@\n1~\n@\n@\n~ 256",
    b" @ \n\t~\t4",
    b"~ 0004",
    b"~ -1\n~ 1.5\n~ +3\n~ \xd9\xa3\n~ nan",
    b"",
    b"\n",
    b"@ @",
]


# Images


def try_image(data: bytes) -> None:
    """Decode an image in the form that the first byte says."""
    how, data = (data[0] if data else 0), data[1:]
    form = PixelFormat(9, 7, "rgb" if how & 1 else "grey")
    path = saved(data, "image")
    image, refusal = None, ""
    try:
        with patch.object(decode, "MAX_PIXELS", 1 << 20):  # what is larger only takes longer
            image = read_image(path, form)
    except DataError as error:
        refusal = str(error)
    if image is None:
        assert refusal.startswith(str(path))
        return
    assert image.pixels.shape == form.shape
    assert image.pixels.dtype == np.uint8


def image_seeds() -> list[bytes]:
    ramp = np.arange(144, dtype=np.uint8).reshape(12, 12)
    grey = Image.fromarray(ramp)
    wide = Image.fromarray(ramp.astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[0x0112] = 6
    many = [
        (grey, "PNG", {"exif": exif}),
        (grey.convert("RGBA"), "PNG", {"optimize": True}),
        (grey.convert("P"), "PNG", {"transparency": 3}),
        (wide, "PNG", {}),
        (grey.convert("1"), "PNG", {}),
        (grey, "JPEG", {"exif": exif}),
        (grey.convert("RGB"), "JPEG", {"progressive": True}),
        (grey.convert("CMYK"), "JPEG", {}),
        (grey, "BMP", {}),
        (grey.convert("1"), "BMP", {}),
        (grey.convert("RGBA"), "BMP", {}),
        (grey, "GIF", {}),
        (grey.convert("P"), "GIF", {"save_all": True, "append_images": [grey], "transparency": 1}),
        (grey.convert("RGB"), "WEBP", {"exif": exif}),
        (grey.convert("RGBA"), "WEBP", {"lossless": True}),
        (grey.convert("RGB"), "WEBP", {"save_all": True, "append_images": [wide.convert("RGB")]}),
        *(
            (grey, "TIFF", {"compression": kind})
            for kind in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits")
        ),
        (grey.convert("1"), "TIFF", {"compression": "group4"}),
        (grey.convert("RGB"), "TIFF", {"compression": "jpeg"}),
        (wide, "TIFF", {}),
        (Image.fromarray(ramp.astype(np.float32)), "TIFF", {}),
    ]
    seeds = []
    for place, (image, kind, options) in enumerate(many):
        file = io.BytesIO()
        image.save(file, kind, **options)
        seeds.append(bytes([place % 2]) + file.getvalue())
    return seeds


# Stores

NAMES = ("store.json", "pixels.npy")


@cache
def small_store() -> Path:
    """Build a store of a few images, and return its folder."""
    root = scratch() / "data"
    for split, name, number in (("train", "a", 3), ("train", "b", 2), ("test", "b", 1)):
        folder = root / split / name
        folder.mkdir(parents=True)
        for place in range(number):
            pixels = np.full((4, 4), 40 * place, np.uint8)
            Image.fromarray(pixels).save(folder / f"{place}.png")
    return store.open_store(root, form=PixelFormat(4, 4, "grey"), cache=scratch() / "cache").path


@cache
def whole_files() -> dict[str, bytes]:
    return {name: (small_store() / name).read_bytes() for name in NAMES}


def try_store(data: bytes) -> None:
    """Open a store one file of which, as the first byte says, is something else, and use it."""
    name, data = NAMES[(data[0] if data else 0) % 2], data[1:]
    whole = whole_files()
    broken = scratch() / "broken"
    broken.mkdir(exist_ok=True)
    for each in NAMES:
        (broken / each).write_bytes(data if each == name else whole[each])
    dataset = load(scratch() / "data", layout="class-folders")
    with contextlib.suppress(*REFUSED):
        found = store._map(broken, dataset)
        for split in found.dataset.splits:
            found.dataset.class_counts(split)
            found.dataset.num_unlabelled(split)
            found.dataset.without_samples(split)
        found.dataset.skipped_summary()
        assert len(found.dataset.sample_ids()) == len(found.pixels)
        assert str(found.report)
        with contextlib.suppress(*REFUSED):
            found.verify()
        batch = make_loader(found, found.dataset.indices("train"), batch_size=4).batch(1)
        assert batch.images.shape[1:] == found.form.shape


def store_seeds() -> list[bytes]:
    whole = whole_files()
    return [bytes([place]) + whole[name] for place, name in enumerate(NAMES)] + [
        b"\0" + whole["store.json"].replace(b"4", b"5"),
        b"\0{}",
    ]


# Npz and parquet files


def use(layout: str, path: Path) -> None:
    """Read a data set's dataset, names and images; a refusal is one line that names it."""
    reader = SOURCES[layout]
    refusal = f"{path}"
    try:
        dataset = reader.read(path, LoadOptions(skip_bad=True))
        assert len(reader.names(dataset)) == len(dataset)
        row = 0
        for chunk in reader.chunks(dataset.origin, dataset.rows).chunks:
            for found in chunk.raw_images():
                assert found.row == row
                row += 1
        assert row == len(dataset)
    except DataError as error:
        refusal = str(error)
    assert refusal.startswith(str(path))
    assert "\n" not in refusal


ARRAYS = ("pixels", "labels", "class_names", "splits", "split_codes", "samples")


@cache
def whole_arrays() -> dict[str, bytes]:
    """Return the members of a small npz."""
    file = io.BytesIO()
    np.savez(
        file,
        pixels=np.arange(18, dtype=np.uint8).reshape(2, 3, 3),
        labels=np.array([1, -1]),
        class_names=np.array(["b", "a"]),
        splits=np.array(["test", "train"]),
        split_codes=np.array([1, 0]),
        samples=np.array(["x.png", "y.png"]),
    )
    with zipfile.ZipFile(file) as members:
        return {name: members.read(f"{name}.npy") for name in ARRAYS}


def npz_of(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, data in members.items():
            zipped.writestr(zipfile.ZipInfo(f"{name}.npy"), data)
    return file.getvalue()


def try_npz(data: bytes) -> None:
    """Read an npz one member of which, as the first byte says, is something else, or all of it."""
    how, data = (data[0] if data else 0) % 7, data[1:]
    changed = {ARRAYS[how]: data} if how < 6 else {}
    use("npz", saved(npz_of(whole_arrays() | changed) if changed else data, "any.npz"))


def npz_seeds() -> list[bytes]:
    whole = whole_arrays()
    odd = ["<U0", "<U9", ">U1", "|O", "<i1", "<M8[s]", "|V4"]
    return [
        *(bytes([place]) + whole[name] for place, name in enumerate(ARRAYS)),
        *(bytes([place]) + whole[ARRAYS[place]].replace(b"(2,)", b"(9,)") for place in (1, 2, 5)),
        *(b"\2" + whole["class_names"].replace(b"<U1", kind.encode()) for kind in odd),
        b"\6" + npz_of(whole),
        b"\6" + npz_of({**whole, "splits": b""}),
    ]


IMAGES = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"


def parquet_of(labels: pa.Array, about: bytes, **options: object) -> bytes:
    images = [{"bytes": IMAGES, "path": "x.gif"}, {"bytes": None, "path": None}, None]
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    table = pa.table({"image": pa.array(images, kind), "label": labels})
    file = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({b"huggingface": about}), file, **options)
    return file.getvalue()


FEATURES = b'{"info": {"features": {"label": {"names": ["b", "a"], "_type": "ClassLabel"}}}}'


def try_parquet(data: bytes) -> None:
    """Read parquet as it is, or with metadata, or text labels that end in a line, of its bytes."""
    how, data = (data[0] if data else 0) % 3, data[1:]
    if how == 1:
        data = parquet_of(pa.array([0, 1, -1]), data)
    elif how == 2:
        lines = (data.split(b"\n") + [None] * 3)[:3]
        data = parquet_of(pa.array(lines, pa.binary()).view(pa.string()), b"")
    use("parquet", saved(data, "any.parquet"))


def parquet_seeds() -> list[bytes]:
    small = {"write_statistics": False, "store_schema": False, "compression": "none"}
    return [
        b"\0" + parquet_of(pa.array([0, 1, None]), FEATURES, **small, use_dictionary=False),
        b"\0" + parquet_of(pa.array(["a", "b", "a"]), b"", **small),
        b"\0" + parquet_of(pa.array(["a", "b", None]).dictionary_encode(), b"", compression="zstd"),
        b"\1" + FEATURES,
        b'\1{"info": {"features": {"image": {"_type": "Image"}, "label": 3}}}',
        b'\1{"info": []}',
        b"\2a\nb\na",
        b"\2\xff\n\xed\xa0\x80\n",
    ]


# Strategies


def try_strategy(data: bytes) -> None:
    """Parse a strategy, print it, parse that, and draw by it."""
    text = data.decode("utf-8", "surrogateescape")
    counts = np.array([40, 7, 1, 0])
    with contextlib.suppress(*REFUSED):
        strategy = Strategy.parse(text)
        assert Strategy.parse(str(strategy)) == strategy
        quotas = strategy.quotas(counts, epoch=3, class_names="abcd")
        assert np.isfinite(quotas).all()
        assert (quotas >= 0).all()
        if strategy.settles < 1000:  # else it takes long
            schedule = Schedule(strategy, counts, class_names="abcd")
            assert schedule.draws(2).sum() == schedule.size


STRATEGY_SEEDS = [
    text.encode()
    for text in (
        "none",
        "natural",
        "oversample",
        "undersample",
        "batch",
        "power:0.5",
        "power:1e-3",
        "effective:0.999",
        "repeat-factor:0.1",
        "progressive:20",
        "deferred:3",
        "counts:a=2000,b=0",
        "counts:a%2C=2",
        "class-weights",
        "class-weights:effective:0.9",
        "class-weights:power:0.5",
        "oversample+class-weights",
        "batch+class-weights:power:0.25",
        "power:nan",
        "power:-0",
        "counts:c=999999999999999",
    )
]


# Loaders' states


@cache
def loader() -> Loader:
    folder = small_store()
    small = store._map(folder, load(scratch() / "data", layout="class-folders"))
    return make_loader(small, small.dataset.indices("train"), "batch", batch_size=2)


def try_state(data: bytes) -> None:
    """Go on from a state, which is JSON; ``$`` in it stands for the right fingerprint."""
    one = loader()
    try:
        text = data.decode("utf-8")
        state = json.loads(text.replace('"$"', json.dumps(one.state()["fingerprint"])))
    except (ValueError, RecursionError):
        return
    with contextlib.suppress(*REFUSED):
        resumed = one.from_state(state)
        assert resumed.state() == one.state(resumed.step)
        assert len(next(iter(resumed)).labels)


STATE_SEEDS = [
    b'{"epoch": 0, "step": 0, "fingerprint": "$"}',
    b'{"epoch": 3, "step": 1, "fingerprint": "$"}',
    b'{"epoch": 1000000, "step": 2, "fingerprint": "$"}',
    b'{"epoch": -1, "step": 99, "fingerprint": "$"}',
    b'{"epoch": 1, "step": 1, "fingerprint": "data 7 | balance batch | seed 0"}',
    b'{"epoch": true, "step": 1.5, "fingerprint": null}',
    b"[]",
    b"null",
    b'"epoch"',
    b'{"epoch": 10000000000, "step": 0, "fingerprint": "$"}',
]


@dataclass(frozen=True)
class Target:
    """What is tried, what to begin with, and the longest input that is worth trying."""

    try_one: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    max_len: int


TARGETS = {
    "csv": Target(try_csv, lambda: CSV_SEEDS, 400),
    "pixels": Target(try_pixels, lambda: PIXEL_SEEDS, 120),
    "image": Target(try_image, image_seeds, 2000),
    "store": Target(try_store, store_seeds, 3000),
    "npz": Target(try_npz, npz_seeds, 2000),
    "parquet": Target(try_parquet, parquet_seeds, 3000),
    "strategy": Target(try_strategy, lambda: STRATEGY_SEEDS, 80),
    "state": Target(try_state, lambda: STATE_SEEDS, 200),
}
