from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_data.auditing import audit_store
from fer_data.data.store import open_store
from fer_data.duplicates.duplicate_groups import COMPARED
from fer_data.reporting import report, write_page
from fer_data.reporting.thumbnails import of_groups
from tests.helpers.audited_folders import EVERY, WITHOUT_GROUPS, everything, group_across, write
from tests.helpers.browser import CHROMIUM, NEEDED, Elements, show
from tests.helpers.drawn_images import drawn_images
from tests.helpers.programs import DATA, call

ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "\"'><svg onload=alert(1)>{{ 7 * 7 }}$x^2$",
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a data set that has every kind of finding."""
    folder = tmp_path_factory.mktemp("report")
    root = everything(folder / "data")
    return report(group_across(root), folder / "out", cache=folder / "cache")


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a data set whose classes are called as no class should be."""
    folder = tmp_path_factory.mktemp("attacked")
    root = everything(folder / "data")
    store = open_store(root, form=COMPARED, cache=folder / "cache", skip_bad=True)
    dataset = replace(store.dataset, class_names=(*ATTACKS, *store.dataset.class_names[3:]))
    write_page(audit_store(replace(store, dataset=dataset)), folder / "index.html")
    return folder / "index.html"


def test_the_page_tells_every_finding_with_its_images(page: Path) -> None:
    found = Elements(page.read_text("utf-8"))
    for kind in EVERY:
        assert kind in found.text
    images = [attributes for tag, attributes in found.tags if tag == "img"]
    assert len(images) > 50
    assert all(attributes["alt"] for attributes in images)
    assert any("train/common/003.png" in (attributes["alt"] or "") for attributes in images)


def test_plots_are_drawn_in_the_page_and_have_words(page: Path) -> None:
    found = Elements(page.read_text("utf-8"))
    plots = [attributes for tag, attributes in found.tags if attributes.get("role") == "img"]
    assert len(plots) == 5
    assert all(attributes["aria-label"] for attributes in plots)
    assert sum(tag == "svg" for tag, _ in found.tags) == 5


def test_nothing_in_the_page_comes_from_elsewhere(page: Path) -> None:
    for tag, attributes in Elements(page.read_text("utf-8")).tags:
        assert tag not in ("script", "iframe", "object", "embed")
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:"))


def test_the_same_data_gives_the_same_page(page: Path, tmp_path: Path) -> None:
    data = group_across(page.parent.parent / "data")
    again = report(data, tmp_path, cache=tmp_path / "cache")
    assert again.read_bytes() == page.read_bytes()


def test_a_class_name_is_text_whatever_is_in_it(attacked: Path) -> None:
    html = attacked.read_text("utf-8")
    found = Elements(html)
    assert not [tag for tag, _ in found.tags if tag == "script"]
    assert not [a for _, attributes in found.tags for a in attributes if a.startswith("on")]
    for name in ATTACKS:
        assert name in found.text
    assert "49" not in [part.strip() for part in found.text.split(">")]


@pytest.mark.skipif(not CHROMIUM, reason=NEEDED)
def test_the_browser_tells_what_a_bad_page_does(tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<img src='http://example.com/x.png'><script>console.error('a'); nowhere()</script>"
    )
    shown = show(bad, tmp_path)
    assert shown.requests == ["http://example.com/x.png"]
    assert len(shown.console) == 2


@pytest.mark.skipif(not CHROMIUM, reason=NEEDED)
@pytest.mark.parametrize("which", ["page", "attacked"])
def test_a_browser_shows_it_without_errors_or_requests(
    which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    shown = show(request.getfixturevalue(which), tmp_path)
    assert shown.console == []
    assert shown.requests == []
    found = Elements(shown.html)
    assert "<title>data: data set report</title>" in shown.html  # not "owned"
    assert not [tag for tag, _ in found.tags if tag == "script"]
    assert "Findings" in found.text


@pytest.mark.skipif(not CHROMIUM, reason=NEEDED)
@pytest.mark.parametrize("width", [500, 1400])
def test_it_fits_a_phone_and_a_wide_screen(page: Path, tmp_path: Path, width: int) -> None:
    image = tmp_path / "page.png"
    show(page, tmp_path, width=width, image=image)
    pixels = np.asarray(Image.open(image).convert("L")).astype(int)
    assert pixels.shape[1] == width
    margins = np.concatenate([pixels[:, :8], pixels[:, -8:]], axis=1)
    assert margins.min() == margins.max()  # nothing runs into the edges
    assert pixels.std() > 10


def test_the_command_says_where_the_page_is(tmp_path: Path) -> None:
    root = everything(tmp_path / "data")
    run = call(DATA, "report", root, "--out", tmp_path / "out")
    assert run.code == 0
    assert str(tmp_path / "out" / "index.html") in run.err


def test_the_audit_writes_a_page_of_its_findings(tmp_path: Path) -> None:
    root, out = everything(tmp_path / "data"), tmp_path / "findings.html"
    run = call(DATA, "audit", root, "--html", out)
    assert run.code == 0
    found = Elements(out.read_text("utf-8"))
    for kind in WITHOUT_GROUPS:
        assert kind in found.text
    assert "Mean image" not in found.text


def test_a_group_shows_each_split_and_label_and_says_what_it_hides(tmp_path: Path) -> None:
    image, other = drawn_images(2)
    names = ("angry", "fear", "happy", "sad", "surprise")
    root = write(
        tmp_path / "data",
        {
            **{f"train/{name}": [image] * 2 for name in names},
            "train/happy": [image, *[other] * 6],
            "test/happy": [other],
        },
    )
    store = open_store(root, form=COMPARED, cache=tmp_path / "cache")
    found = {finding.kind: finding for finding in audit_store(store).findings}
    (conflicting,) = of_groups(store, found["conflicting-labels"].groups, most=9, most_of_each=4)
    assert [image.class_name for image in conflicting.images] == list(names)
    assert (conflicting.words, conflicting.num_hidden) == (
        "angry / fear / happy / sad / surprise",
        4,
    )
    (leak,) = of_groups(store, found["leaked-duplicates"].groups, most=9, most_of_each=4)
    assert ["test, " in image.words for image in leak.images] == [False, False, False, True]
    assert (leak.words, leak.num_hidden) == ("train: happy; test: happy", 3)
    write_page(audit_store(store), tmp_path / "index.html")
    shown = Elements((tmp_path / "index.html").read_text("utf-8")).text
    assert "angry / fear / happy / sad / surprise, and 4 more" in shown


def test_of_a_group_of_many_classes_some_are_shown_and_named(tmp_path: Path) -> None:
    image = drawn_images(1)[0]
    root = write(tmp_path / "data", {f"train/{n:02d}": [image] for n in range(30)})
    store = open_store(root, form=COMPARED, cache=tmp_path / "cache")
    (group,) = of_groups(store, [tuple(range(30))], most=9, most_of_each=4)
    assert (len(group.images), group.num_hidden) == (12, 18)
    assert group.words.endswith("10 / 11 and 18 more classes")


def test_a_page_of_many_classes_says_which_it_shows(tmp_path: Path) -> None:
    every = drawn_images(64)
    root = write(tmp_path / "data", {f"train/{n:02d}": [every[n]] for n in range(64)})
    page = report(root, tmp_path / "out", cache=tmp_path / "cache")
    text = Elements(page.read_text("utf-8")).text
    assert text.count("60 of 64 classes") == 2  # of counts and of draws
    assert text.count("40 of 64 classes") == 2  # of samples and of means


def test_an_empty_class_is_named_and_a_blank_at_its_end_is_seen(tmp_path: Path) -> None:
    every = list(drawn_images(90))
    root = write(
        tmp_path / "data",
        {
            "train/happy": every[:40],
            "train/happy ": every[40:60],
            "test/happy": every[60:],
        },
    )
    page = report(root, tmp_path / "out", cache=tmp_path / "cache")
    text = Elements(page.read_text("utf-8")).text
    assert "train: the largest class has 2.0 times the samples of the smallest." in text
    assert "test: no sample of 'happy '." in text
    assert "any number" not in text
    assert "'happy', 'happy ' may be one class" in text


@pytest.mark.skipif(not CHROMIUM, reason=NEEDED)
def test_on_a_phone_the_longest_bar_is_seen_whole(page: Path, tmp_path: Path) -> None:
    image = tmp_path / "page.png"
    show(page, tmp_path, width=390, image=image)
    pixels = np.asarray(Image.open(image).convert("RGB")).astype(int)
    blue = (abs(pixels - (0x3B, 0x82, 0xC4)) < 8).all(axis=-1)  # bars of the first split
    assert 250 < np.flatnonzero(blue.any(axis=0)).max() < 365
