"""Which columns of a table are labels, splits and names of images."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_data.data.sources.labels_table import match_table
from fer_data.errors import DataError
from tests.helpers.label_tables import Columns, refusal, table_of

# Columns


def test_a_usual_name_wins_and_the_other_candidates_are_noted() -> None:
    files = [f"{number}.png" for number in range(20)]
    columns = {"file": files, "label": list("abcd") * 5, "photographer": ["Ann", "Bo"] * 10}
    match = match_table(table_of(columns), files)
    assert match.labels == columns["label"]
    assert any("photographer" in note for note in match.notes)
    columns["category"] = ["x"] * 9 + ["y"] * 11
    assert set(refusal(columns, files).fix["label_column"]) == {"label", "category", "photographer"}


def test_codes_and_names_of_one_partition_are_one_reading() -> None:
    files = [f"{number}.png" for number in range(20)]
    codes = [number % 4 for number in range(20)]
    columns: Columns = {
        "file": files,
        "class_id": codes,
        "class_name": ["abcd"[code] for code in codes],
    }
    match = match_table(table_of(columns), files)
    assert match.columns["label"] == ("class_name",)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("patient_id", ["p1", "p2"] * 10),
        ("age", ["30", "45"] * 10),
        ("valence", ["0.25", "0.5"] * 10),
        ("comment", [f"remark {number}" for number in range(20)]),
        ("kind", ["only"] * 20),
        ("part", ["train", "test"] * 10),
        ("taken", ["2019-01-02", "2019-05-06"] * 10),
        ("said", ["a sentence that is much too long to be the name of any class", "no"] * 10),
    ],
)
def test_what_is_no_label(name: str, values: list[str]) -> None:
    files = [f"{number}.png" for number in range(20)]
    match = match_table(table_of({"f": files, name: values, "grade": ["a", "b"] * 10}), files)
    assert match.columns["label"] == ("grade",)
    error = refusal({"f": files, name: values}, files)
    assert name in str(error)


def test_a_column_in_hand_is_taken_whatever_it_holds() -> None:
    files = [f"{number}.png" for number in range(20)]
    columns = {"f": files, "code": ["3.0", "17.0"] * 10}
    assert refusal(columns, files).fix == {"label_column": ("code",)}
    match = match_table(table_of(columns), files, label_column="code")
    assert match.labels == ["3", "17"] * 10


def test_empty_and_minus_one_are_no_label() -> None:
    files = [f"{number}.png" for number in range(20)]
    columns = {"f": files, "label": ["0", "1", "", "-1"] * 5}
    assert match_table(table_of(columns), files).labels == ["0", "1", None, None] * 5


@pytest.mark.parametrize(
    ("values", "splits"),
    [
        (["train", "val", "test", "Training"] * 5, ["train", "validation", "test", "train"] * 5),
        (["0", "1", "2", "3"] * 5, None),
        (["train", "test", "", "train"] * 5, None),
    ],
)
def test_a_split_column_is_used_where_all_of_it_is_splits(
    values: list[str], splits: list[str] | None
) -> None:
    files = [f"{number}.png" for number in range(20)]
    columns = {"f": files, "label": ["a", "b"] * 10, "fold": values}
    match = match_table(table_of(columns), files)
    assert match.splits == splits
    assert (splits is None) == any("not the split" in note for note in match.notes)
    if splits is None:
        with pytest.raises(DataError, match="expected train"):
            match_table(table_of(columns), files, split_column="fold")


@pytest.mark.parametrize("argument", ["image_column", "label_column", "split_column"])
def test_a_column_that_is_not_there(argument: str) -> None:
    error = refusal({"f": ["a.png"], "label": ["x"]}, ["a.png"], **{argument: "nope"})
    assert argument in error.fix


# Names of images


@pytest.mark.parametrize(
    "name",
    ["/data/0.png", "C:\\data\\0.png", "../0.png", "a/../0.png", "https://example.org/0.png"],
)
def test_names_that_are_no_relative_path_are_refused(name: str) -> None:
    files = [f"{number}.png" for number in range(30)]
    columns = {"f": [name, *files[1:]], "label": ["a", "b"] * 15}
    assert "row 2" in str(refusal(columns, files))
    assert "row 2" in str(refusal(columns, files, image_column="f"))
    absolute = {"f": [f"/data/{file}" for file in files], "label": ["a", "b"] * 15}
    assert "absolute" in str(refusal(absolute, files))


@pytest.mark.parametrize(
    "name", ["a\\b\\C1.jpg", "./a/b/C1.jpg", "b/C1.jpg", "C1", "a/b/c1.JPG", "b/C1.tif", "r/a/b/C1"]
)
def test_how_a_name_may_be_written(name: str) -> None:
    files = ["a/b/C1.jpg", "a/b/C2.jpg"]
    columns = {"image": [name, "a/b/C2.jpg"], "label": ["x", "y"]}
    assert match_table(table_of(columns), files).rows.tolist() == [0, 1]


def test_a_name_that_several_files_have_is_refused_with_both() -> None:
    files = ["part_1/a.jpg", "part_2/a.jpg", "part_2/b.jpg"]
    error = str(refusal({"image": ["a.jpg", "b.jpg"], "label": ["x", "y"]}, files))
    assert "part_1/a.jpg" in error
    assert "part_2/a.jpg" in error


def test_too_few_files_are_refused_unless_the_column_is_named() -> None:
    names = [f"i{number:03d}.png" for number in range(100)]
    columns = {"f": names, "label": ["a", "b"] * 50}
    assert refusal(columns, names[:90]).fix == {"image_column": ("f",)}
    match = match_table(table_of(columns), names[:90], image_column="f")
    assert match.missing == tuple(
        (f"labels.csv: row {row}", names[row - 2]) for row in range(92, 102)
    )
    assert len(match.rows) == 90
    nearly = match_table(table_of(columns), names[:96])
    assert [name for _, name in nearly.missing] == names[96:]


def test_two_columns_that_name_different_files_are_refused() -> None:
    files = [f"{number}.png" for number in range(10)]
    columns = {"left": files, "right": files[::-1], "label": ["a", "b"] * 5}
    assert refusal(columns, files).fix == {"image_column": ("left", "right")}
    assert match_table(table_of(columns), files, image_column="right").rows[0] == 9


def test_codes_are_not_taken_for_file_names() -> None:
    files = [f"{number}.png" for number in range(30)]
    columns = {"": range(30), "file": files[::-1], "label": [number % 3 for number in range(30)]}
    match = match_table(table_of(columns), files)
    assert match.columns["image"] == ("file",)
    assert match.rows.tolist() == list(range(30))[::-1]


def test_a_file_in_several_rows() -> None:
    files = [f"{number}.png" for number in range(10)]
    columns = {"f": [*files, "3.png"], "label": [*"ababababab", "b"]}
    match = match_table(table_of(columns), files)
    assert match.rows.tolist() == list(range(10))
    columns["label"][-1] = "a"
    match = match_table(table_of(columns), files)
    assert match.rows.tolist() == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    (disputed,) = match.disputed
    assert (disputed.name, disputed.reason) == ("3.png", "has two labels")
    assert "row 5 and 12: multi-label: " in disputed.error
    one_file = {"f": ["x/0.png", "y/0.png"], "label": ["a", "b"]}
    assert "one file" in str(refusal(one_file, ["0.png"]))


def test_a_csv_without_a_header_of_ids_is_noticed() -> None:
    files = [f"i{number}.png" for number in range(9)]
    columns = {"i0": [f"i{number}" for number in range(1, 9)], "x": ["a", "b"] * 4}
    assert "row 1" in str(refusal(columns, files))


@settings(max_examples=60)
@given(st.data())
def test_a_table_made_from_a_listing_is_matched_back(data: st.DataObject) -> None:
    stems = data.draw(
        st.lists(st.text("ab1_-é. ", min_size=1, max_size=6), min_size=1, max_size=30, unique=True)
    )
    stems = [f"i{n}{stem.strip()}x" for n, stem in enumerate(stems)]
    folders = st.sampled_from(["", "part_1/", "part_2/", "x/y/"])
    files = [
        f"{data.draw(folders)}{stem}.{data.draw(st.sampled_from(['png', 'JPG']))}" for stem in stems
    ]
    order = data.draw(st.permutations(range(len(files))))
    ways: list[Callable[[str], str]] = [
        str,
        lambda path: path.rpartition(".")[0],
        lambda path: path.rpartition("/")[2],
        lambda path: path.rpartition("/")[2].rpartition(".")[0],
        lambda path: f"./{path}".replace("/", "\\"),
        lambda path: f"root/{path}",
        str.upper,
    ]
    write = data.draw(st.sampled_from(ways))
    labels = data.draw(st.lists(st.sampled_from("abc"), min_size=len(files), max_size=len(files)))
    columns = {"name": [write(files[place]) for place in order], "label": labels}
    match = match_table(table_of(columns), files, label_column="label")
    assert match.rows.tolist() == list(order)
    assert match.labels == labels
    assert match.missing == ()
