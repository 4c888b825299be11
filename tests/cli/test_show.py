"""What objects show of themselves: a line, html, a figure, a DataFrame."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image

import fer_data
import fer_model
from fer_data.util import notebook
from fer_data.util.words import shown_class
from tests.helpers.made_comparison import make_comparison

TAGS = {"div", "p", "b", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "img"}
TAGS |= {"details", "summary"}
NAMES = ["<b>cat</b>", "dog\x1b[31m", "$x$"]


class Page(HTMLParser):
    """Checks that html is closed where it was opened, and collects its tags and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.sources: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def pets(num: int = 60) -> fer_data.Dataset:
    """Return three classes whose names are no html, in two splits, of which some images leak."""
    images = np.random.default_rng(0).integers(0, 256, (num, 48, 48), np.uint8)
    labels = [NAMES[k] for k in np.arange(num) % 7 // 3]
    return fer_data.load({"train": (images, labels), "test": (images[:9], labels[1:10])})


def results() -> fer_model.Results:
    labels = np.arange(60) % 7 // 3
    rng = np.random.default_rng(1)
    runs = [np.where(rng.random(60) < 0.7, labels, rng.integers(0, 3, 60)) for _ in range(4)]
    return fer_model.compare_predictions(
        labels, {"none": runs[:2], "<i>own": runs[2:]}, class_names=NAMES
    )


def finished_run(path: Path) -> fer_model.Run:
    data = {"path": "pets", "class_names": NAMES}
    run = fer_model.Run.create(path, fer_model.Recipe(net="small", epochs=2), data, {})
    (path / "history.csv").write_text(
        "epoch,accuracy,loss,val_accuracy,val_loss,learning_rate,seconds,steps\n"
        "1,0.4,1.2,0.4,1.3,0.01,3,5\n2,0.5,1.0,0.4,1.2,0.001,3,5\n"
    )
    of_class = {name: {"support": 3, "recall": 0.5} for name in NAMES[:2]}
    of_class[NAMES[2]] = {"support": 0, "recall": None}  # type: ignore[dict-item]
    names = ("accuracy", "balanced_accuracy", "macro_f1", "geometric_mean")
    scores = dict.fromkeys(names, 0.625) | {"num_samples": 6, "per_class": of_class}
    metrics = {"training": {"steps": 10, "seconds": 6.0}, "test": scores}
    (path / "metrics.json").write_text(json.dumps(metrics))
    return run


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    data = pets()
    loader = fer_data.open_loader(data, balance="batch", batch_size=6)
    return {
        "Dataset": data,
        "Stats": fer_data.stats(data),
        "Audit": fer_data.audit(data),
        "Ledger": fer_data.record_ledger(loader, 5),
        "Split": fer_data.split(data["train"], validation=0.2),
        "Loader": loader,
        "Batch": loader.batch(0),
        "Run": finished_run(tmp_path_factory.mktemp("runs") / "run"),
        "Results": results(),
        "Recipe": fer_model.Recipe(balance="oversample", augment="shift:0.1"),
    }


def test_objects_show_themselves_in_a_line_and_in_html_that_is_escaped(
    shown: dict[str, Any],
) -> None:
    for name, value in shown.items():
        line = repr(value)
        assert line.startswith(f"{name}(")
        assert line.isprintable()
        assert len(line) < 500
        html = value._repr_html_()
        page = Page(html)
        assert page.seen <= TAGS
        assert all(source.startswith("data:image/png;base64,") for source in page.sources)
        assert len(html) < 100_000
        assert "\x1b" not in html
        if name in ("Dataset", "Stats", "Ledger", "Split", "Loader", "Run"):
            assert NAMES[0] in page.text


def test_skipped_items_are_counted_in_the_line_and_the_html(tmp_path: Path) -> None:
    for name in "abc":
        Image.new("L", (32, 32)).save(tmp_path / f"{name}.png")
    table = tmp_path / "labels.csv"
    table.write_text("image,label\na.png,cat\nb.png,dog\nc.png,dog\nd.png,cat\n")
    data = fer_data.load(tmp_path, labels=table, image_column="image", skip_bad=True)
    assert repr(data).endswith("train 3, 2 classes, 1 skipped)")
    assert "1 skipped, has no file: d.png" in Page(data._repr_html_()).text


def test_results_open_with_their_verdict_in_html(shown: dict[str, Any]) -> None:
    found = shown["Results"]
    text = Page(found._repr_html_()).text
    assert text.index(found.headline) < text.index("baseline")


def test_a_notebook_shows_the_user_s_own_calls_of_an_error_alone() -> None:
    def users_own() -> None:
        fer_data.Strategy("power", 2)

    with pytest.raises(fer_data.UsageError) as caught:
        users_own()
    *calls, text = caught.value._render_traceback_()
    assert text == f"UsageError: {caught.value}"
    assert 'fer_data.Strategy("power", 2)' in calls[-1]
    assert all(__file__ in call for call in calls)


def test_plots_are_figures_that_notebooks_show_and_pyplot_does_not_keep(
    shown: dict[str, Any],
) -> None:
    for name in ("Stats", "Audit", "Ledger", "Run", "Results"):
        figure = shown[name].plot()
        assert isinstance(figure, Figure)
        image = Image.open(io.BytesIO(figure._repr_png_()))
        assert min(image.size) > 50
    if "matplotlib.pyplot" in sys.modules:
        assert not sys.modules["matplotlib.pyplot"].get_fignums()


def test_results_draw_differences_and_the_recall_of_each_class_with_one_arm(
    shown: dict[str, Any],
) -> None:
    found = shown["Results"]
    *differences, recalls = found.plot(found.arms[1]).axes
    assert len(differences) == 4
    named = [label.get_text() for label in recalls.get_yticklabels()]
    assert named == [found.predicted.class_names[label] for label in found.by_frequency]
    drawn = {tuple(line.get_xdata()) for line in recalls.get_lines()}
    assert drawn == {tuple(100 * values) for values in found.recalls.values}
    with pytest.raises(fer_data.UsageError, match="arm"):
        found.plot(found.arms[0])


def test_an_audit_shows_pairs_across_splits_and_says_when_it_has_none(
    shown: dict[str, Any],
) -> None:
    axes = shown["Audit"].plot().axes[0]
    assert axes.get_title(loc="left").startswith("error: conflicting-labels")
    words = [label.get_text().split("\n")[1] for label in axes.get_xticklabels()]
    assert set(words) == {"train", "test"}
    (text,) = replace(shown["Audit"], findings=()).plot().texts
    assert text.get_text() == "No finding has pairs of images."


def test_tables_have_frames(shown: dict[str, Any]) -> None:
    data, audit = shown["Dataset"], shown["Audit"]
    stats = shown["Stats"].to_frame()
    assert stats.groupby("split")["count"].sum().to_dict() == {"train": 60, "test": 9}
    np.testing.assert_allclose(stats.groupby("split")["fraction"].sum(), 1)
    assert audit.to_frame()["kind"].tolist() == [finding.kind for finding in audit.findings]
    ledger = fer_data.plan_ledger([90, 10], ["a", "b"], "undersample", epochs=3)
    assert ledger.to_frame()["draws"].tolist() == [30, 30]
    assert ledger.to_frame()["never"].tolist() == pytest.approx(
        [of_class.never for of_class in ledger.classes]
    )
    differences = shown["Results"].differences
    assert len(differences.to_frame()) == len(differences.rows)
    other = data.relabel({data.sample_ids()[0]: NAMES[1]})
    agreement = fer_data.label_agreement(data, other)
    assert agreement.to_frame()["samples"].sum() == agreement.num_samples == len(data)
    label_issues = fer_data.find_label_issues(
        data, np.arange(9), np.eye(3, dtype=np.float32)[np.arange(9) % 3]
    )
    assert label_issues.to_frame().to_dict("records") == label_issues.to_dicts()


def test_a_recipe_shows_what_differs_and_can_be_typed() -> None:
    recipe = fer_model.Recipe(net="small", epochs=5)
    assert repr(recipe) == "Recipe(net='small', epochs=5)"
    assert recipe == eval(repr(recipe), {"Recipe": fer_model.Recipe})


def test_a_run_that_is_unfinished_or_broken_shows_itself_too(tmp_path: Path) -> None:
    run = finished_run(tmp_path / "run")
    assert "test accuracy 62.5%" in repr(run)
    (tmp_path / "run" / "metrics.json").unlink()
    assert repr(run).endswith("not finished)")
    Page(run._repr_html_())
    (tmp_path / "run" / "recipe.json").write_text("no json")
    assert repr(run).endswith("broken)")
    Page(run._repr_html_())


def test_samples_keep_their_aspect_and_a_class_without_enough_leaves_places_empty(
    tmp_path: Path,
) -> None:
    for name, number, color, size in (("red", 3, (200, 0, 0), (90, 40)), ("black", 1, 0, (20, 30))):
        (tmp_path / name).mkdir()
        for k in range(number):
            image = Image.new("L" if color == 0 else "RGB", size, color)
            image.save(tmp_path / name / f"{k}.png")
    figure = fer_data.show_samples(tmp_path, per_class=2)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["black\n1", "red\n3"]
    canvas = axes.images[0].get_array()
    assert canvas is not None
    red = (canvas == (200, 0, 0)).all(axis=2)
    assert red.sum() == 2 * 40 * 90
    assert (canvas == 0).all(axis=2).sum() == 30 * 20
    again = fer_data.show_samples(tmp_path, per_class=2)
    np.testing.assert_array_equal(again.axes[0].images[0].get_array(), canvas)


def test_samples_are_drawn_of_the_training_split_and_of_labelled_ones_alone() -> None:
    data = pets()
    assert fer_data.show_samples(data).get_suptitle() == "train: 60 samples"
    assert "test: 9" in fer_data.show_samples(data["test"]).get_suptitle()
    for wrong in (0, -1, 2.5, True):
        with pytest.raises(fer_data.UsageError):
            fer_data.show_samples(data, per_class=wrong)  # type: ignore[arg-type]


def batches() -> dict[str, Any]:
    """Return one batch of three red images of label 0 and one black one of label 2, as many do."""
    images = np.zeros((4, 8, 6, 3), np.uint8)
    images[[0, 1, 3], ..., 0] = 255
    labels = np.array([0, 0, 2, 0])
    mean = images.reshape(-1, 3).mean(axis=0)
    return {
        "uint8": (images, labels),
        "float 0 to 255": (images.astype(np.float32), labels),
        "float 0 to 1, with weights": (images / 255, labels, np.ones(4)),
        "channels first, one-hot": (np.moveaxis(images, 3, 1) / 255, np.eye(3)[labels]),
        "standardised": ((images - mean) / 50, labels.tolist()),
        "own": SimpleNamespace(images=images, labels=labels, soft=None),
    }


@pytest.mark.parametrize("kind", batches())
def test_a_batch_is_drawn_by_class_whatever_its_form(kind: str) -> None:
    figure = fer_data.show_batch(batches()[kind], ["red", "green", "black"], per_class=2)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["red\n3", "black\n1"]
    canvas = np.asarray(axes.images[0].get_array())
    assert canvas.ndim == 3
    assert (canvas[:8, :6, 0] == 255).all()
    assert (canvas[:8, :6, 1] < 255).all()
    assert figure.get_suptitle() == "batch of 4 images"


@pytest.mark.parametrize("name", ["cat", "actinic keratosis and more", "W" * 60, "word" * 99])
@pytest.mark.parametrize(("count", "columns"), [(2, 1), (7, 5), (300, 1)])
def test_no_name_is_cut_off_at_the_border(name: str, count: int, columns: int) -> None:
    names = [name, *map(str, range(1, count))]
    images = np.zeros((count * columns, 8, 8), np.uint8)
    figure = fer_data.show_batch((images, np.arange(len(images)) % count), names)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    width, height = figure.get_size_inches() * figure.dpi
    first, *_ = texts = axes.get_yticklabels()
    assert first.get_text()[:3] == name[:3]
    assert first.get_text().split()[-1] == str(columns)
    for box in (text.get_window_extent() for text in (*texts, *figure.texts)):
        assert 0 <= box.x0 < box.x1 <= width
        assert 0 <= box.y0 < box.y1 <= height
    assert axes.get_window_extent().width / figure.dpi > 0.85 * columns * min(1, 120 / count)


@pytest.mark.parametrize(
    "batch",
    [None, np.zeros((4, 8, 8)), (np.zeros((4, 8)), [0] * 4), (np.zeros((4, 8, 8)), [0] * 3), ()],
)
def test_what_is_no_batch_is_refused(batch: Any) -> None:
    with pytest.raises(fer_data.UsageError, match="batch: expected"):
        fer_data.show_batch(batch)
    with pytest.raises(fer_data.UsageError, match=r"got 2$"):
        fer_data.show_batch((np.zeros((3, 4, 4)), [0, 1, 2]), ["a", "b"])


def test_a_dataset_stands_for_its_labels(shown: dict[str, Any]) -> None:
    data = shown["Dataset"]["test"]
    own = fer_model.plot_confusion(data, data.labels).axes[0]
    named = [text.get_text() for text in own.get_yticklabels()]
    assert named == [shown_class(name) for name in data.class_names]
    assert fer_model.plot_recalls(data, data.labels).axes[0].patches
    other = 1 - data.labels % 2
    results = fer_model.compare_predictions(data, {"none": [other], "own": [data.labels]})
    assert results.class_names == data.class_names
    np.testing.assert_array_equal(results.labels, data.labels)


def test_history_takes_frames_dicts_and_what_keras_returns() -> None:
    import pandas as pd

    history = {"accuracy": [0.4, 0.5, 0.6], "loss": [3, 2, 1], "val_loss": [3.5, 3, 3.2]}
    for value in (
        history,
        pd.DataFrame(history),
        SimpleNamespace(history=history, epoch=[0, 1, 2]),
    ):
        loss, accuracy = fer_model.plot_history(value).axes
        assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("loss", "accuracy")
        curves = [np.asarray(line.get_ydata()).tolist() for line in loss.lines]
        assert curves == [[3, 2, 1], [3.5, 3, 3.2]]


@pytest.mark.parametrize(
    "history", [{}, {"loss": []}, {"epoch": [1]}, {"loss": [1, 2], "val_loss": [1]}, 3, {"loss": 3}]
)
def test_history_refuses_what_is_none(history: Any) -> None:
    with pytest.raises(fer_data.UsageError):
        fer_model.plot_history(history)


@given(st.text(), st.lists(st.tuples(st.text(), st.integers(), st.floats(), st.text()), max_size=9))
def test_html_holds_any_text_and_no_markup_of_it(title: str, rows: list[Any]) -> None:
    html = notebook.page(
        title, title, notebook.table(("a", "b", "c", "d"), rows, most=5), notebook.notes([title])
    )
    page = Page(html)
    assert page.seen <= TAGS
    assert page.text.count("… ") >= (len(rows) > 5)
    assert len(notebook.shortened(title, 20)) <= 20


def test_showing_as_html_imports_no_matplotlib_and_no_pandas() -> None:
    code = (
        "import sys, numpy as np, fer_data\n"
        "data = fer_data.load((np.zeros((4, 8, 8), np.uint8), list('abab')))\n"
        "fer_data.stats(data)._repr_html_(), data._repr_html_()\n"
        "fer_data.plan_ledger([2, 2], 'ab')._repr_html_()\n"
        "loader = fer_data.open_loader(data)\n"
        "loader._repr_html_(), loader.batch(0)._repr_html_()\n"
        "assert not {'matplotlib', 'pandas', 'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_confusion_of_a_run_is_that_of_its_test_predictions(tmp_path: Path) -> None:
    out = make_comparison(tmp_path / "out", arms=("none", "oversample"), seeds=(0,), num=30)
    run = fer_model.Run(out / "runs" / "none" / "seed-0")
    axes = run.plot_confusion().axes[0]
    assert sum(int(text.get_text().split()[0]) for text in axes.texts) == 30
    assert [text.get_text() for text in axes.get_yticklabels()] == ["cat", "dog", "rare"]
    with pytest.raises(fer_data.UsageError, match="expected one of test, got 'validation'"):
        run.plot_confusion("validation")
