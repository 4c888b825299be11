"""Images that are brought to another size or colour: it is said, and the page shows their own."""

from __future__ import annotations

import base64
import io
import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fer_data.data.changes import Changes
from fer_data.data.decode import PixelFormat, decode
from fer_data.data.store import open_store
from fer_data.reporting import report
from tests.conftest import MakeFolder, Run
from tests.helpers.browser import Elements
from tests.helpers.drawn_images import drawn_images
from tests.helpers.programs import DATA, call

GREY = PixelFormat(48, 48, "grey")
WIDE, TALL = (90, 30), (40, 80)


def colour(root: Path, sizes: dict[str, tuple[int, int]], number: int = 3) -> Path:
    """Write images of one colour a class, of the (width, height) of each."""
    for place, (folder, size) in enumerate(sizes.items()):
        (root / folder).mkdir(parents=True)
        for value in range(number):
            image = Image.new("RGB", size, (200, 60 * place, 40 + value))
            image.save(root / folder / f"{value}.png")
    return root


def sizes_in(page: Path, name: str) -> set[tuple[str, int, int]]:
    """Return mode, width and height of the images whose words begin with a sample's name."""
    found = set()
    for tag, attributes in Elements(page.read_text("utf-8")).tags:
        if tag == "img" and (attributes["alt"] or "").startswith(name):
            _, text = (attributes["src"] or "").split(",")
            with Image.open(io.BytesIO(base64.b64decode(text))) as image:
                found.add((image.mode, *image.size))
    return found


def test_the_library_logs_in_one_line_what_images_were_and_became(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = colour(tmp_path / "data", {"train/wide": WIDE, "train/tall": TALL})
    open_store(root, form=GREY)
    open_store(root, form=GREY)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("fer_data", logging.WARNING)
    for part in ("6 images", "48x48 grey", "90x30", "40x80", "6 resized", "rgb"):
        assert part in record.getMessage()
    assert "\n" not in record.getMessage()
    open_store(root, form=PixelFormat(30, 30, "rgb"))
    assert "30x30 rgb" in caplog.records[-1].getMessage()
    assert "converted" not in caplog.records[-1].getMessage()


def test_where_nothing_is_changed_nothing_is_said(
    make_folder: MakeFolder, caplog: pytest.LogCaptureFixture
) -> None:
    open_store(make_folder({"train/a": 2, "train/b": 2}))
    assert not caplog.records


def test_a_store_that_is_there_already_says_the_same(tmp_path: Path) -> None:
    root = colour(tmp_path / "data", {"train/wide": WIDE, "train/tall": TALL})
    first, second = (open_store(root, form=GREY).report for _ in range(2))
    assert first == second
    assert first.changes.line(6, GREY) == second.changes.line(6, GREY)


@pytest.mark.parametrize("command", ["audit", "report"])
def test_commands_print_it_once(tmp_path: Path, run: Run, command: str) -> None:
    root = colour(tmp_path / "data", {"train/wide": WIDE, "train/tall": TALL})
    ended = run(command, root, *(["--out", tmp_path / "out"] if command == "report" else []))
    assert ended.code == 0
    assert ended.err.count("48x48 grey") == 1
    assert ended.err.count("90x30") == 1


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from(["L", "RGB", "LA"])))
)
def test_changes_add_up_in_any_order(images: list[tuple[int, int, str]]) -> None:
    form, found = PixelFormat(4, 4, "grey"), []
    for width, height, mode in images:
        file = io.BytesIO()
        Image.new(mode, (width, height)).save(file, "PNG")
        found.append(Changes.of(decode(file.getvalue(), form, "x")))
    forwards, backwards = sum(found, Changes()), sum(found[::-1], Changes())
    assert forwards == backwards
    resized = [(height, width) for width, height, _ in images if (width, height) != (4, 4)]
    assert forwards.num_resized == len(resized)
    assert forwards.num_converted == sum(mode != "L" for *_, mode in images)
    if resized:
        areas = [height * width for height, width in resized]
        assert forwards.smallest
        assert forwards.largest
        assert np.prod(forwards.smallest) == min(areas)
        assert np.prod(forwards.largest) == max(areas)
    assert bool(forwards.line(len(images), form)) == (forwards != Changes())


def test_the_report_shows_images_in_their_colour_and_aspect_ratio(tmp_path: Path) -> None:
    root = colour(tmp_path / "data", {"train/tall": TALL, "train/wide": WIDE})
    (root / "train/huge").mkdir()
    Image.new("RGB", (800, 200), (9, 99, 200)).save(root / "train/huge/0.jpg")
    Image.fromarray(drawn_images(1)[0]).save(root / "train/huge/grey.png")
    page = report(root, tmp_path / "out")
    assert sizes_in(page, "train/wide/0.png") == {("RGB", *WIDE)}
    assert sizes_in(page, "train/tall/0.png") == {("RGB", *TALL)}
    assert sizes_in(page, "train/huge/grey.png") == {("L", 48, 48)}
    ((mode, width, height),) = sizes_in(page, "train/huge/0.jpg")
    assert (mode, width / height) == ("RGB", 4)
    assert width < 800
    assert "48x48 grey" in Elements(page.read_text("utf-8")).text


@pytest.mark.parametrize("name", ["data.npz", "parquet", "tfrecord"])
def test_the_report_of_a_table_shows_its_own_images_too(tmp_path: Path, name: str) -> None:
    pytest.importorskip("tensorflow" if name == "tfrecord" else "numpy")
    root = colour(tmp_path / "data", {"train/a": WIDE, "train/b": WIDE})
    done = call(DATA, "convert", root, tmp_path / name)
    assert done.code == 0, done.err
    page = report(tmp_path / name, tmp_path / "out")
    assert sizes_in(page, "") == {("RGB", *WIDE), ("L", 48, 48)}  # samples, and mean images
