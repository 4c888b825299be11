"""The report of a comparison, as a reader and as a browser see it."""

from __future__ import annotations

import base64
import csv
import dataclasses
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fer_data.errors import DataError
from fer_data.util.arrays import write_arrays
from fer_model.comparison.announcement import before_training
from fer_model.comparison.protocol import Protocol
from fer_model.comparison.reading import read_results
from fer_model.reporting.markdown import as_markdown
from fer_model.reporting.page import write_comparison
from fer_model.reporting.summary import Summary
from tests.browser import CHROMIUM, NEEDED, show
from tests.made_comparison import make_comparison

HOSTILE = ("<script>alert(1)</script>", "$x_1$ & |co", "'\"><img src=x>")


def paged(out: Path, page: Path) -> str:
    write_comparison(Summary(read_results(out)), page)
    return page.read_text()


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_comparison(tmp_path_factory.mktemp("made") / "out")


def test_the_verdict_stands_first_and_follows_from_the_numbers(out: Path, tmp_path: Path) -> None:
    summary = Summary(read_results(out))
    assert [one.word for one in summary.main] == ["helps", "helps"]
    html = paged(out, tmp_path / "page.html")
    assert html.index("helps</b> <strong>oversample</strong>") < html.index("<h2>")
    same = make_comparison(tmp_path / "same", other_bias=-1.5)
    words = {one.word for one in Summary(read_results(same)).main}
    assert words == {"can't tell"}
    worse = make_comparison(tmp_path / "worse", base_bias=0.3, other_bias=-1.5)
    assert {one.word for one in Summary(read_results(worse)).main} == {"hurts"}


def test_every_plot_has_words_and_its_numbers_as_csv(out: Path, tmp_path: Path) -> None:
    html = paged(out, tmp_path / "page.html")
    plots = re.findall(r'<figure role="img" aria-label="([^"]+)"><svg', html)
    assert len(plots) == 5
    assert all(len(words) > 30 for words in plots)
    found = dict(re.findall(r'download="([\w-]+)\.csv" href="data:text/csv;base64,([^"]+)"', html))
    names = ["differences", "recalls", "calibration", "confusions", "curves", "runs"]
    assert sorted(found) == sorted(names)
    tables = {
        name: list(csv.DictReader(io.StringIO(base64.b64decode(text).decode())))
        for name, text in found.items()
    }
    assert len(tables["runs"]) == 9
    assert len(tables["differences"]) == 2 * 4
    assert {row["arm"] for row in tables["curves"]} == {"none", "oversample"}
    (row,) = [
        row
        for row in tables["differences"]
        if (row["arm"], row["figure"]) == ("oversample", "balanced_accuracy")
    ]
    difference = read_results(out).differences.of("oversample", "balanced_accuracy")
    assert float(row["low"]) == pytest.approx(difference.low, rel=1e-5)


def test_class_names_are_text_in_page_and_markdown(tmp_path: Path) -> None:
    out = make_comparison(tmp_path / "out", class_names=HOSTILE, path="/data/<b>bold</b>")
    html = paged(out, tmp_path / "page.html")
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "<b>bold" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    text = as_markdown(Summary(read_results(out)))
    assert "<script" not in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1


def test_the_rarest_class_is_that_of_training_whatever_the_test_split_holds(
    tmp_path: Path,
) -> None:
    out = make_comparison(tmp_path / "out", train_counts=(20, 200, 300))
    found = read_results(out)
    assert found.test_counts.argmin() == 2
    summary = Summary(found)
    assert summary.to_dict()["rarest"] == "cat"
    assert "recall of cat" in summary.smallest
    assert "recall of rare" not in summary.smallest
    assert "recall of cat" in before_training(Protocol.read(out), out)[-1]
    texts = as_markdown(summary), summary.cost_of("oversample")
    assert all("recall of cat" in text and "recall of rare" not in text for text in texts)
    assert "of cat, the rarest" in paged(out, tmp_path / "page.html")


def test_training_counts_of_the_runs_serve_where_the_protocol_has_none(tmp_path: Path) -> None:
    out = make_comparison(tmp_path / "out", train_counts=(), counts_of_runs=(200, 20, 300))
    assert Summary(read_results(out)).rarest == "dog"


@pytest.mark.parametrize("train_counts", [(), (100, 100, 100)])
def test_no_class_is_called_the_rarest_where_none_is_known_to_be(
    tmp_path: Path, train_counts: tuple[int, ...]
) -> None:
    out = make_comparison(tmp_path / "out", train_counts=train_counts)
    summary = Summary(read_results(out))
    assert summary.to_dict()["rarest"] is None
    lines = [*before_training(Protocol.read(out), out), as_markdown(summary)]
    assert not any("recall of" in line for line in lines)
    assert "the rarest" not in paged(out, tmp_path / "page.html")


def test_one_seed_and_two_arms_are_reported_too(tmp_path: Path) -> None:
    out = make_comparison(tmp_path / "out", arms=("none", "focal:1"), seeds=(4,))
    html = paged(out, tmp_path / "page.html")
    assert "another training may differ" in html
    json.dumps(Summary(read_results(out)).to_dict(), allow_nan=False)


def test_many_classes_have_no_confusion_matrices(tmp_path: Path) -> None:
    names = tuple(f"class {number:02}" for number in range(45))
    out = make_comparison(
        tmp_path / "out", class_names=names, num=900, train_counts=tuple(range(145, 100, -1))
    )
    html = paged(out, tmp_path / "page.html")
    assert "Confusions" not in html
    assert "up to 40 classes" in html
    assert "class 43" in html
    (words,) = re.findall(r'aria-label="(Recall[^"]+)"', html)
    assert "40 of 45 classes" in words
    text = re.findall(r'download="recalls\.csv" href="data:text/csv;base64,([^"]+)"', html)[0]
    drawn = {row["class"] for row in csv.DictReader(io.StringIO(base64.b64decode(text).decode()))}
    tested = [
        name for name, count in zip(names, read_results(out).test_counts, strict=True) if count
    ]
    assert len(tested) > 40
    assert drawn == set(tested[-40:])  # those with the fewest training samples


def test_what_a_design_can_find_is_said_before_any_training(out: Path) -> None:
    steps, line = before_training(Protocol.read(out), out)
    assert steps == "every run: 3 epochs of 10 steps of 64 samples, 30 steps in all"
    assert line.startswith("3 arms, 3 seeds each: if two trainings disagree on a fifth of the ")
    assert "in the recall of rare will be found four times in five; one picture of" in line


def test_trainings_that_no_arm_is_and_double_corrections_are_announced(tmp_path: Path) -> None:
    arms = ("none", "oversample+crt", "oversample+balanced-softmax", "class-weights+post-hoc:1.0")
    out = make_comparison(tmp_path / "out", arms=arms)
    lines = before_training(Protocol.read(out), out)
    told = "trained besides, as new heads are made for it: oversample, class-weights"
    assert lines[1] == told
    doubled = [line.split(" ")[1] for line in lines if "more than once" in line]
    assert doubled == list(arms[2:])
    assert [note for note in Summary(read_results(out)).notes() if "more than once" in note] == (
        lines[2:4]
    )


def test_what_was_measured_says_what_would_be_found(out: Path) -> None:
    smallest = Summary(read_results(out)).smallest
    assert set(smallest) >= {"accuracy", "balanced_accuracy", "recall of rare"}
    assert 0 < smallest["accuracy"] < smallest["recall of rare"] < 1


def _arrays(name: str, change: Any) -> Any:
    """Return what changes a file of arrays: `change` takes them by name, and gives some anew."""

    def broken(out: Path) -> None:
        path = out / name
        with np.load(path) as file:
            arrays = dict(file)
        kept = {**arrays, **change(arrays)}
        write_arrays(path, {key: array for key, array in kept.items() if array is not None})

    return broken


def _json(name: str, **values: Any) -> Any:
    def broken(out: Path) -> None:
        path = out / name
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return broken


RUN = "runs/none/seed-0"


@pytest.mark.parametrize(
    "broken",
    [
        _json("comparison.json", seeds=[]),
        _json("comparison.json", seeds=[0, 0, 0]),
        _json("comparison.json", arms=[]),
        _json("comparison.json", arms=["none", "none"]),
        _json("comparison.json", data={"path": "/data/pets"}),
        _json("comparison.json", data={"path": "/data/pets", "class_names": ["cat"]}),
        _json("comparison.json", data=None),
        _json("comparison.json", train_counts=[1, 2]),
        _json("comparison.json", train_counts="many"),
        _json(f"{RUN}/metrics.json", training={}),
        _arrays("samples.npz", lambda arrays: {"leaked": None}),
        _arrays("samples.npz", lambda arrays: {"label": arrays["label"] + 9}),
        _arrays("samples.npz", lambda arrays: {"leaked": np.full(60, "no")}),
        _arrays("samples.npz", lambda arrays: {"group": arrays["group"][1:]}),
        _arrays("samples.npz", lambda arrays: {key: arrays[key][:0] for key in arrays}),
        _arrays(f"{RUN}/predictions.npz", lambda arrays: {"split": None}),
        _arrays(
            f"{RUN}/predictions.npz",
            lambda arrays: {"probabilities": arrays["probabilities"][:, 1:].copy()},
        ),
        _arrays(
            f"{RUN}/predictions.npz",
            lambda arrays: {"class_names": np.array(["cat", "dog", "rare", "cow"])},
        ),
        _arrays(f"{RUN}/predictions.npz", lambda arrays: {"sample": arrays["sample"][::-1]}),
        _arrays(f"{RUN}/predictions.npz", lambda arrays: {"label": 0 * arrays["label"]}),
    ],
)
def test_a_broken_comparison_ends_in_one_line(tmp_path: Path, broken: Any) -> None:
    out = make_comparison(tmp_path / "out", num=60)
    Summary(read_results(out)).to_dict()
    broken(out)
    with pytest.raises(DataError) as told:
        Summary(read_results(out)).to_dict()
    assert str(told.value).startswith(str(out))


def test_settings_that_are_not_fair_are_named(tmp_path: Path) -> None:
    out = make_comparison(tmp_path / "out")
    protocol = Protocol.read(out)
    recipe = dataclasses.replace(protocol.recipe, schedule="plateau", keep="best")
    lines = before_training(dataclasses.replace(protocol, recipe=recipe), out)
    assert [line[:8] for line in lines].count("not fair") == 2
    assert not any(line.startswith("not fair") for line in before_training(protocol, out))


@pytest.mark.skipif(CHROMIUM is None, reason=NEEDED)
@pytest.mark.parametrize("hostile", [False, True])
def test_a_browser_shows_it_without_errors_or_requests(
    out: Path, tmp_path: Path, hostile: bool
) -> None:
    if hostile:
        out = make_comparison(tmp_path / "out", class_names=HOSTILE)
    paged(out, tmp_path / "page.html")
    shown = show(tmp_path / "page.html", tmp_path)
    assert shown.console == []
    assert shown.requests == []
    assert shown.html.count("<svg") == 5


@pytest.mark.skipif(CHROMIUM is None, reason=NEEDED)
@pytest.mark.parametrize("width", [500, 1400])
def test_it_fits_a_phone_and_a_wide_screen(out: Path, tmp_path: Path, width: int) -> None:
    paged(out, tmp_path / "page.html")
    picture = tmp_path / "page.png"
    show(tmp_path / "page.html", tmp_path, width=width, picture=picture)
    with Image.open(picture) as image:
        colors = image.convert("RGB").getcolors(1 << 24)
    assert colors is not None
    assert len(colors) > 50
