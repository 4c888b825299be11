"""FER+: ten votes on each image in place of its label, joined by the order of rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fer_data.data.dataset import Dataset
from fer_data.data.reading import load
from fer_data.data.sources.table import build
from fer_data.errors import DataError
from fer_data.fer2013.emotions import EMOTIONS, USAGES
from fer_data.fer2013.ferplus import ferplus_labels
from fer_data.fer2013.votes import COLUMNS, read_votes
from fer_data.writers import convert
from tests.conftest import Run
from tests.helpers.csv_files import write_noise_csv

ROWS: list[tuple[str, str, dict[str, int]]] = [
    ("Training", "angry", {"anger": 6, "disgust": 4}),
    ("Training", "fear", {"sadness": 7, "fear": 3}),
    ("Training", "happy", {"happiness": 4, "neutral": 4, "surprise": 2}),  # a tie with its own
    ("Training", "sad", {"happiness": 5, "neutral": 5}),  # a tie without
    ("Training", "sad", {"NF": 9, "sadness": 1}),
    ("Training", "surprise", {"unknown": 5, "NF": 5}),
    ("Training", "neutral", {"contempt": 8, "neutral": 2}),
    ("PublicTest", "neutral", {"neutral": 5, "unknown": 3, "contempt": 2}),
    ("PrivateTest", "disgust", {"disgust": 5, "unknown": 5}),  # a tie with its own
    ("PrivateTest", "disgust", {}),
]
"""Usage, own class and votes of each row."""


def write_votes(path: Path, rows: list[tuple[str, str, dict[str, int]]] = ROWS) -> Path:
    lines = [f"Usage,Image name,{','.join(COLUMNS)}"]
    lines += [
        f"{usage},any,{','.join(str(votes.get(name, 0)) for name in COLUMNS)}"
        for usage, _, votes in rows
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def dataset_of(rows: list[tuple[str, str, dict[str, int]]] = ROWS, *, apart: bool = False) -> Any:
    splits = {"PublicTest": "public_test", "PrivateTest": "private_test"} if apart else {}
    return build(
        Path("/fer.csv"),
        "a made-up csv",
        EMOTIONS,
        [
            (splits.get(usage, "train" if usage == "Training" else "test"), name, row)
            for row, (usage, name, _) in enumerate(rows)
        ],
    )


@pytest.fixture
def votes(tmp_path: Path) -> Path:
    return write_votes(tmp_path / "votes.csv")


def overlay(data: Dataset, votes: Path, *, soft: bool = False, **options: bool) -> Dataset:
    """Return a dataset under FER+'s labels, by way of the csv that has them."""
    out = votes.with_name("labels.csv")
    ferplus_labels(data, votes, out, **options)
    return load(data, relabel=out, soft=soft)


def names(dataset: Dataset) -> list[str | None]:
    found: list[str | None] = [None] * len(dataset.origin)
    for row, label in zip(dataset.rows.tolist(), dataset.labels.tolist(), strict=True):
        found[row] = dataset.class_names[label]
    return found


def test_the_most_votes_decide_and_what_nobody_knows_is_excluded(votes: Path) -> None:
    overlaid = overlay(dataset_of(), votes)
    assert names(overlaid) == [
        *("angry", "sad", "happy", None, None, None, None),
        *("neutral", "disgust", None),
    ]
    assert overlaid.notes[:4] == (
        "5 labels by labels.csv, 1 of them changed, 1 tie decided by its column label",
        "3 excluded by labels.csv: most votes for unknown or no face",
        "1 excluded by labels.csv: tied at the top",
        "1 excluded by labels.csv: contempt",
    )
    assert overlaid.num_excluded == 5
    assert overlaid.soft_labels is None


def test_contempt_is_an_eighth_class_where_asked_for(votes: Path) -> None:
    overlaid = overlay(dataset_of(), votes, contempt=True)
    assert overlaid.class_names == tuple(sorted((*EMOTIONS, "contempt")))
    assert names(overlaid)[6] == "contempt"
    assert names(overlaid)[0] == "angry"
    assert names(overlaid)[7] == "neutral"
    assert "1 new class by labels.csv: contempt" in overlaid.notes


def test_what_is_no_face_is_kept_under_its_own_label_where_asked_for(votes: Path) -> None:
    overlaid = overlay(dataset_of(), votes, keep_unusable=True, soft=True, contempt=True)
    assert [names(overlaid)[row] for row in (4, 5, 9)] == ["sad", "surprise", "disgust"]
    assert names(overlaid)[3] is None
    assert overlaid.soft_labels is not None
    for row in (4, 5, 9):
        (index,) = np.flatnonzero(overlaid.rows == row)
        assert overlaid.soft_labels[index].tolist() == np.eye(8)[overlaid.labels[index]].tolist()
    assert not any("unknown or no face" in note for note in overlaid.notes)


def test_soft_labels_are_the_fractions_of_the_votes_for_the_classes(votes: Path) -> None:
    overlaid = overlay(dataset_of(), votes, soft=True)
    soft = overlaid.soft_labels
    assert soft is not None
    assert soft.dtype == np.float32
    fractions = dict(zip(EMOTIONS, soft[0].tolist(), strict=True))
    assert fractions["angry"] == pytest.approx(0.6)
    assert fractions["disgust"] == pytest.approx(0.4)
    (index,) = np.flatnonzero(overlaid.rows == 7)
    assert soft[index].tolist() == np.eye(7)[EMOTIONS.index("neutral")].tolist()
    eight = overlay(dataset_of(), votes, soft=True, contempt=True)
    assert eight.soft_labels is not None
    fractions = dict(
        zip(
            eight.class_names,
            eight.soft_labels[np.flatnonzero(eight.rows == 7)[0]].tolist(),
            strict=True,
        )
    )
    assert fractions["neutral"] == pytest.approx(5 / 7)
    assert fractions["contempt"] == pytest.approx(2 / 7)
    assert any("training is on soft labels" in note for note in overlaid.notes)


ROW = st.tuples(
    st.sampled_from(list(USAGES)),
    st.sampled_from(EMOTIONS),
    st.dictionaries(st.sampled_from(COLUMNS), st.integers(0, 10), max_size=6),
)


@given(st.lists(ROW, min_size=1, max_size=8), st.booleans(), st.booleans())
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_sample_has_a_label_of_most_votes_or_is_excluded_and_counted(
    tmp_path: Path, rows: list[tuple[str, str, dict[str, int]]], contempt: bool, keep: bool
) -> None:
    own = dataset_of(rows)
    file, out = write_votes(tmp_path / "any.csv", rows), tmp_path / "labels.csv"
    counts = ferplus_labels(own, file, out, contempt=contempt, keep_unusable=keep)
    try:
        data = load(own, relabel=out, soft=True)
    except DataError:  # every sample is excluded
        assert counts.num_labels == 0
        return
    column = {"happy": "happiness", "sad": "sadness", "angry": "anger"}
    for (_, own_name, row), name in zip(rows, names(data), strict=True):
        most = max(row.values(), default=0)
        top = {one for one, number in row.items() if number == most and most}
        if not top - {"unknown", "NF"}:
            assert name == (own_name if keep else None)
        elif name is not None:
            assert column.get(name, name) in top
            assert len(top) == 1 or name == own_name
        else:
            assert len(top) > 1 or (top == {"contempt"} and not contempt)
    excluded = counts.num_undecided + counts.num_contempt + counts.num_unusable * (not keep)
    assert excluded == data.num_excluded
    assert counts.num_labels + counts.num_unusable * keep == len(data)
    assert data.soft_labels is not None
    np.testing.assert_allclose(data.soft_labels.sum(axis=1), 1, rtol=1e-6)
    assert data.origin is own.origin


# joining


def folder(root: Path, files: list[str]) -> Dataset:
    samples = [(file.split("/")[0], file.split("/")[1], file) for file in sorted(files)]
    return build(root, "class folders", EMOTIONS, samples)


@pytest.mark.parametrize(
    "files",
    [
        ["train/angry/Training_00000.png", "test/neutral/PublicTest_7.png"],
        ["train/angry/train_00000.png", "test/neutral/test_00007.png"],
        ["train/angry/fer0000000.png", "test/neutral/0007.png"],
        ["validation/angry/train_00000.png", "train/neutral/public_test_00007.png"],
        ["train/angry/train-angry-Training_0.png", "train/neutral/test-neutral-test_07.PNG"],
    ],
)
def test_the_number_at_the_end_of_a_file_s_name_is_its_row(votes: Path, files: list[str]) -> None:
    overlaid = overlay(folder(Path("/data"), files), votes)
    by_file = dict(zip(overlaid.locations.tolist(), names(overlaid), strict=True))
    assert by_file == {files[0]: "angry", files[1]: "neutral"}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["train/angry/face.png"], r"train/angry/face\.png: no number at the end of its name"),
        (["train/angry/train_00000 (1).png"], "no number at the end"),
        (["train/angry/Training_10118481.png"], r"is row 10,118,481 by its number, .* has 10"),
        (["train/angry/" + "9" * 40 + ".png"], "no number at the end"),
        (["train/angry/1.png", "train/sad/01.png"], "are both row 1 by their numbers"),
        (["train/angry/Training_00007.png"], "is of train, and row 7 of .* of PublicTest"),
        (["test/angry/00002.png"], "is of test, and row 2 of .* of Training"),
        (["test/angry/public_test_8.png"], "is of public_test, and row 8 of .* of PrivateTest"),
    ],
)
def test_samples_that_cannot_be_joined_are_refused(
    votes: Path, files: list[str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        overlay(folder(Path("/data"), files), votes)


def test_other_classes_are_refused(votes: Path) -> None:
    data = build(Path("/d"), "x", ["cat", "dog"], [("train", "cat", 0), ("train", "dog", 1)])
    with pytest.raises(DataError, match=r"FER\+ has the classes .*; the data has cat, dog"):
        overlay(data, votes)


@pytest.mark.parametrize("apart", [False, True])
def test_the_test_splits_are_joined_merged_or_apart(votes: Path, apart: bool) -> None:
    assert names(overlay(dataset_of(apart=apart), votes))[7:9] == ["neutral", "disgust"]


def test_excluded_samples_need_no_number(votes: Path, tmp_path: Path) -> None:
    data = folder(Path("/data"), ["train/angry/Training_0.png", "train/angry/face.png"])
    (tmp_path / "x.csv").write_text("sample\ntrain/angry/face.png\n")
    kept = load(data, exclude=tmp_path / "x.csv")
    assert names(overlay(kept, votes)) == ["angry", None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not the votes of FER"),
        ("a,b\n1,2\n", "not the votes of FER"),
        (f"Usage,Image name,{','.join(COLUMNS)}\nTraining,x,1,2\n", "line 2: no row of votes"),
        (f"Usage,Image name,{','.join(COLUMNS)}\nx\n", "line 2: no row of votes"),
        (
            f"Usage,Image name,{','.join(COLUMNS)}\nTrain,x,1,2,3,4,5,6,7,8,9,10\n",
            "line 2: no row of votes",
        ),
        (
            f"Usage,Image name,{','.join(COLUMNS)}\nTraining,x,1,2,3,4,x,6,7,8,9,10\n",
            "line 2: no row of votes",
        ),
        (
            f"Usage,Image name,{','.join(COLUMNS)}\nTraining,x,1,2,3,4,-1,6,7,8,9,10\n",
            "line 2: a negative count",
        ),
    ],
)
def test_a_file_that_holds_no_votes_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "votes.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_votes(tmp_path / "votes.csv")
    with pytest.raises(DataError, match="cannot be read"):
        read_votes(tmp_path / "nowhere.csv")


# from end to end


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A csv of the rows, next to the votes."""
    codes = {"angry": 0, "disgust": 1, "fear": 2, "happy": 3, "sad": 4, "surprise": 5, "neutral": 6}
    write_noise_csv(
        tmp_path / "fer.csv", [codes[name] for _, name, _ in ROWS], [usage for usage, _, _ in ROWS]
    )
    write_votes(tmp_path / "votes.csv")
    return tmp_path / "fer.csv"


def test_commands_take_ferplus_labels_and_show_the_agreement(
    run: Run, table: Path, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.csv"
    votes = tmp_path / "votes.csv"
    made = run("ferplus", table, votes, "--out", labels)
    assert made.code == 0, made.err
    assert "1 excluded: contempt" in made.err
    shown = run("stats", table, "--relabel", labels)
    assert shown.code == 0, shown.err
    assert "Own labels (rows), new ones (columns): 80.0% agree, kappa 0.762" in shown.out
    assert "1 excluded by labels.csv: contempt" in shown.out
    split = ("--min-per-class", "0", "--out", tmp_path / "s.csv", "--json")
    divided = json.loads(run("split", table, "--relabel", labels, *split).out)
    assert divided["num_excluded"] == 5
    kept = run("ferplus", table, votes, "--out", labels, "--keep-unusable", "--json")
    assert json.loads(kept.out)["num_unusable"] == 3
    printed = json.loads(run("stats", table, "--relabel", labels, "--json").out)
    assert printed["num_excluded"] == 2
    assert printed["agreement"]["num_samples"] == 5
    assert printed["agreement"]["proportion"] == pytest.approx(0.8)
    assert printed["agreement"]["confusion"]["fear"]["sad"] == 1
    run("ferplus", table, votes, "--out", labels, "--contempt")
    planned = json.loads(run("plan", table, "--relabel", labels, "--json").out)
    assert planned["classes"]["contempt"]["samples"] == 1
    assert json.loads(run("stats", table, "--json").out)["agreement"] is None
    refused = run("ferplus", table, votes, "--out", votes)
    assert (refused.code, refused.err.count("\n")) == (2, 1)


@pytest.mark.parametrize("form", ["npz", "parquet"])
def test_formats_that_do_not_keep_the_rows_of_fer2013_are_refused(
    tmp_path: Path, form: str
) -> None:
    write_noise_csv(tmp_path / "fer.csv", [3, 4], ["Training"] * 2)
    write_votes(tmp_path / "votes.csv", ROWS[:2])
    made = tmp_path / f"made.{form}"
    convert(tmp_path / "fer.csv", made)
    with pytest.raises(DataError, match="does not tell FER2013's rows"):
        ferplus_labels(made, tmp_path / "votes.csv", tmp_path / "labels.csv")
