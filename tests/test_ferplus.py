"""FER+: ten votes on each picture in place of its label, joined by the order of rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_data.analysis.agreement import Agreement, label_agreement
from fer_data.analysis.stats import compute_stats
from fer_data.data.dataset import Dataset, build
from fer_data.data.ferplus import COLUMNS, Votes, overlay, read_votes
from fer_data.data.labels import EMOTIONS, USAGES
from fer_data.data.options import LoadOptions
from fer_data.data.reading import load
from fer_data.data.selection import selected
from fer_data.errors import DataError, UsageError
from fer_data.loading.opening import open_loader
from fer_data.writers import convert
from tests.conftest import Run
from tests.csv_files import write_noise_csv

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
def votes(tmp_path: Path) -> Votes:
    return read_votes(write_votes(tmp_path / "votes.csv"))


def names(dataset: Dataset) -> list[str | None]:
    found: list[str | None] = [None] * len(dataset.origin)
    for row, label in zip(dataset.rows.tolist(), dataset.labels.tolist(), strict=True):
        found[row] = dataset.class_names[label]
    return found


def test_the_most_votes_decide_and_what_nobody_knows_is_excluded(votes: Votes) -> None:
    found = overlay(dataset_of(), votes)
    assert names(found) == [
        *("angry", "sad", "happy", None, None, None, None),
        *("neutral", "disgust", None),
    ]
    assert found.notes == (
        "5 labels by FER+ (votes.csv), 2 of them tied at the top and decided by the data's own "
        "label",
        "3 excluded, most votes for unknown or no face in FER+ (votes.csv)",
        "1 excluded, tied at the top in FER+ (votes.csv)",
        "1 excluded, contempt in FER+ (votes.csv)",
    )
    assert found.num_excluded == 5
    assert found.soft_labels is None


def test_contempt_is_an_eighth_class_where_asked_for(votes: Votes) -> None:
    found = overlay(dataset_of(), votes, contempt=True)
    assert found.class_names == tuple(sorted((*EMOTIONS, "contempt")))
    assert names(found)[6] == "contempt"
    assert names(found)[0] == "angry"
    assert names(found)[7] == "neutral"
    assert len(found.notes) == 3


def test_what_is_no_face_is_kept_under_its_own_label_where_asked_for(votes: Votes) -> None:
    found = overlay(dataset_of(), votes, keep_unusable=True, soft=True, contempt=True)
    assert [names(found)[row] for row in (4, 5, 9)] == ["sad", "surprise", "disgust"]
    assert names(found)[3] is None
    assert found.soft_labels is not None
    for row in (4, 5, 9):
        (index,) = np.flatnonzero(found.rows == row)
        assert found.soft_labels[index].tolist() == np.eye(8)[found.labels[index]].tolist()
    assert "3 kept under their own label, most votes" in found.notes[1]


def test_soft_labels_are_the_shares_of_the_votes_for_the_classes(votes: Votes) -> None:
    found = overlay(dataset_of(), votes, soft=True)
    soft = found.soft_labels
    assert soft is not None
    assert soft.dtype == np.float32
    shares = dict(zip(EMOTIONS, soft[0].tolist(), strict=True))
    assert shares["angry"] == pytest.approx(0.6)
    assert shares["disgust"] == pytest.approx(0.4)
    (index,) = np.flatnonzero(found.rows == 7)
    assert soft[index].tolist() == np.eye(7)[EMOTIONS.index("neutral")].tolist()
    eight = overlay(dataset_of(), votes, soft=True, contempt=True)
    assert eight.soft_labels is not None
    shares = dict(
        zip(
            eight.class_names,
            eight.soft_labels[np.flatnonzero(eight.rows == 7)[0]].tolist(),
            strict=True,
        )
    )
    assert shares["neutral"] == pytest.approx(5 / 7)
    assert shares["contempt"] == pytest.approx(2 / 7)
    assert "training is on soft labels" in found.notes[-1]


ROW = st.tuples(
    st.sampled_from(list(USAGES)),
    st.sampled_from(EMOTIONS),
    st.dictionaries(st.sampled_from(COLUMNS), st.integers(0, 10), max_size=6),
)


@given(st.lists(ROW, min_size=1, max_size=8), st.booleans(), st.booleans())
@settings(deadline=None, max_examples=60)
def test_every_sample_has_a_label_of_most_votes_or_is_excluded_and_counted(
    rows: list[tuple[str, str, dict[str, int]]], contempt: bool, keep: bool
) -> None:
    counts = np.array([[votes.get(name, 0) for name in COLUMNS] for _, _, votes in rows])
    votes = Votes(Path("votes.csv"), tuple(usage for usage, _, _ in rows), counts)
    own = dataset_of(rows)
    try:
        found = overlay(own, votes, soft=True, contempt=contempt, keep_unusable=keep)
    except DataError:  # every sample is excluded
        return
    column = {"happy": "happiness", "sad": "sadness", "angry": "anger"}
    for (_, own_name, row), name in zip(rows, names(found), strict=True):
        most = max(row.values(), default=0)
        top = {one for one, number in row.items() if number == most and most}
        if not top - {"unknown", "NF"}:
            assert name == (own_name if keep else None)
        elif name is not None:
            assert column.get(name, name) in top
            assert len(top) == 1 or name == own_name
        else:
            assert len(top) > 1 or (top == {"contempt"} and not contempt)
    assert sum(int(note.split()[0]) for note in found.notes if " excluded, " in note) == (
        found.num_excluded
    )
    assert found.soft_labels is not None
    np.testing.assert_allclose(found.soft_labels.sum(axis=1), 1, rtol=1e-6)
    assert found.origin is own.origin


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
def test_the_number_at_the_end_of_a_file_s_name_is_its_row(votes: Votes, files: list[str]) -> None:
    found = overlay(folder(Path("/data"), files), votes)
    by_file = dict(zip(found.locations.tolist(), names(found), strict=True))
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
    votes: Votes, files: list[str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        overlay(folder(Path("/data"), files), votes)


def test_other_classes_are_refused(votes: Votes) -> None:
    data = build(Path("/d"), "x", ["cat", "dog"], [("train", "cat", 0), ("train", "dog", 1)])
    with pytest.raises(DataError, match=r"FER\+ is of the classes .*; here they are cat, dog"):
        overlay(data, votes)


@pytest.mark.parametrize("apart", [False, True])
def test_the_test_splits_are_joined_merged_or_apart(votes: Votes, apart: bool) -> None:
    assert names(overlay(dataset_of(apart=apart), votes))[7:9] == ["neutral", "disgust"]


def test_excluded_samples_need_no_number(tmp_path: Path) -> None:
    root = Path("/data")
    data = folder(root, ["train/angry/Training_0.png", "train/angry/face.png"])
    listed = tmp_path / "x.csv"
    listed.write_text("sample\ntrain/angry/face.png\n")
    options = LoadOptions(exclude=listed, ferplus=write_votes(tmp_path / "votes.csv"))
    assert names(selected(data, options)) == ["angry", None]


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


@pytest.mark.parametrize("name", ["soft", "contempt", "keep_unusable"])
def test_options_of_ferplus_want_its_file(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} without FER"):
        LoadOptions(**{name: True})


# from end to end


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A csv of the rows, beside the votes."""
    codes = {"angry": 0, "disgust": 1, "fear": 2, "happy": 3, "sad": 4, "surprise": 5, "neutral": 6}
    write_noise_csv(
        tmp_path / "fer.csv", [codes[name] for _, name, _ in ROWS], [usage for usage, _, _ in ROWS]
    )
    write_votes(tmp_path / "votes.csv")
    return tmp_path / "fer.csv"


def test_only_training_is_on_soft_labels(table: Path, tmp_path: Path) -> None:
    data = load(table, ferplus=tmp_path / "votes.csv", soft=True)
    train = open_loader(data, batch_size=3, balance="class-weights")
    test = open_loader(data, batch_size=2, split="test")
    assert train.soft
    batch = train.batch(0)
    dataset = train.store.dataset
    assert dataset.soft_labels is not None
    assert np.array_equal(batch.targets(7), dataset.soft_labels[batch.samples])
    assert not test.soft
    assert set(test.batch(0).targets(7).ravel().tolist()) == {0.0, 1.0}
    assert data.options.to_dict()["soft"] is True
    assert LoadOptions(**json.loads(json.dumps(data.options.to_dict()))) == data.options


def test_commands_take_ferplus_and_show_the_agreement(
    run: Run, table: Path, tmp_path: Path
) -> None:
    options = ("--ferplus", tmp_path / "votes.csv")
    shown = run("stats", table, *options)
    assert shown.code == 0, shown.err
    assert "Own labels (rows), FER+ (columns): 80.0% agree, kappa 0.762" in shown.out
    assert "1 excluded, contempt in FER+" in shown.out
    found = json.loads(run("stats", table, *options, "--json", "--keep-unusable").out)
    assert found["num_excluded"] == 2
    assert found["agreement"]["num_samples"] == 5
    assert found["agreement"]["share"] == pytest.approx(0.8)
    assert found["agreement"]["confusion"]["fear"]["sad"] == 1
    planned = json.loads(run("plan", table, *options, "--contempt", "--json").out)
    assert planned["classes"]["contempt"]["samples"] == 1
    split = ("--min-per-class", "0", "--out", tmp_path / "s.csv", "--json")
    divided = json.loads(run("split", table, *options, *split).out)
    assert divided["num_excluded"] == 5
    refused = run("stats", table, "--contempt")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert json.loads(run("stats", table, "--json").out)["agreement"] is None


# agreement


def by_hand(own: list[int], other: list[int]) -> Agreement:
    def dataset(labels: list[int]) -> Dataset:
        samples = [("train", "abc"[label], row) for row, label in enumerate(labels)]
        return build(Path("/d"), "x", "abc", samples)

    return label_agreement(dataset(own), dataset(other))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
@settings(deadline=None, max_examples=30)
def test_kappa_is_scikit_learn_s(pairs: list[tuple[int, int]]) -> None:
    from sklearn.metrics import cohen_kappa_score, confusion_matrix

    own, other = ([pair[side] for pair in pairs] for side in (0, 1))
    found = by_hand(own, other)
    assert np.array_equal(found.confusion, confusion_matrix(own, other, labels=[0, 1, 2]))
    assert found.share == pytest.approx(np.mean(np.array(own) == np.array(other)))
    if len({*own, *other}) > 1:
        assert found.kappa == pytest.approx(cohen_kappa_score(own, other))
    else:
        assert np.isnan(found.kappa)
        assert found.to_dict()["kappa"] is None


def test_no_sample_in_common_is_no_agreement() -> None:
    nothing = build(Path("/d"), "x", ["a"], [("test", None, 0)])
    found = label_agreement(nothing, nothing)
    assert found.num_samples == 0
    assert found.to_dict()["share"] is None


def test_stats_of_a_selection_are_those_of_its_manifest(table: Path, tmp_path: Path) -> None:
    votes = tmp_path / "votes.csv"
    found = compute_stats(table, ferplus=votes)
    assert found.splits == compute_stats(load(table, ferplus=votes)).splits
    assert found.agreement is not None


@pytest.mark.parametrize("form", ["npz", "parquet"])
def test_formats_that_do_not_keep_the_rows_of_fer2013_are_refused(
    tmp_path: Path, form: str
) -> None:
    write_noise_csv(tmp_path / "fer.csv", [3, 4], ["Training"] * 2)
    write_votes(tmp_path / "votes.csv", ROWS[:2])
    made = tmp_path / f"made.{form}"
    convert(tmp_path / "fer.csv", made)
    with pytest.raises(DataError, match="does not tell FER2013's rows"):
        load(made, ferplus=tmp_path / "votes.csv")
