from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import fer_data
from fer_data.data.chosen import UNLABELLED
from fer_data.data.dataset import Dataset
from fer_data.errors import DataError
from fer_data.fer2013 import csv_blocks, csv_rows
from fer_data.fer2013.emotions import EMOTIONS, EMOTIONS_BY_CODE
from tests.conftest import MakeFolder
from tests.helpers.csv_files import FLAT, cell, noise, write_csv
from tests.helpers.keys import fingerprint

NOT_ROOT = pytest.mark.skipif(os.geteuid() == 0, reason="root reads and writes everywhere")


def classes_of(dataset: Dataset) -> list[str]:
    return [dataset.class_names[label] for label in dataset.labels]


def splits_of(dataset: Dataset) -> list[str]:
    return [dataset.splits[code] for code in dataset.split_codes]


def skipped(dataset: Dataset) -> dict[str, str]:
    return {item.name: item.reason for item in dataset.skipped}


# Folders


@pytest.mark.parametrize("name", ["val", "valid", "validation", "Val"])
def test_split_folders_are_read_under_any_of_their_names(
    make_folder: MakeFolder, name: str
) -> None:
    root = make_folder({"test/cat": 2, f"{name}/cat": 3, "train/cat": 4, "train/dog": 5})
    dataset = fer_data.load(root)
    assert dataset.splits == ("train", "validation", "test")
    assert dataset.class_names == ("cat", "dog")
    assert dataset.class_counts("train").tolist() == [4, 5]
    assert dataset.class_counts("validation").tolist() == [3, 0]
    assert dataset.class_counts("test").tolist() == [2, 0]


@pytest.mark.parametrize(
    ("name", "split"),
    [("train", "train"), ("test", "test"), ("valid", "validation"), ("anything", "train")],
)
def test_a_folder_of_class_folders_is_the_split_of_its_name_or_train(
    make_folder: MakeFolder, name: str, split: str
) -> None:
    dataset = fer_data.load(make_folder({"cat": 1, "dog": 2}, name=name))
    assert dataset.splits == (split,)
    assert dataset.class_counts(split).tolist() == [1, 2]


def test_labels_follow_the_alphabet_whatever_order_folders_were_made_in(
    make_folder: MakeFolder,
) -> None:
    names = ["zebra", "Ärger", "a b", "幸せ", "Zoo", "😀", "10", "9"]
    dataset = fer_data.load(make_folder(dict.fromkeys(names, 1)))
    assert dataset.class_names == tuple(sorted(names))
    assert classes_of(dataset) == [location.split("/")[0] for location in dataset.locations]


def test_a_class_name_that_is_no_utf8_is_read_and_shown_escaped(make_folder: MakeFolder) -> None:
    dataset = fer_data.load(make_folder({os.fsdecode(b"caf\xe9"): 1, "zoo": 0}))
    assert dataset.class_names == ("caf\udce9", "zoo")
    assert dataset.sample_ids() == ["caf\\udce9/0000.png"]


def test_strangers_are_skipped_counted_and_named(make_folder: MakeFolder) -> None:
    root = make_folder({"train/cat": 1, "test/cat": 1, ".git/cat": 1, "train/zoo": 0})
    for name in (
        "train/cat/Thumbs.db",
        "train/cat/notes.txt",
        "train/cat/.DS_Store",
        "train/cat/.hidden.png",
        "train/readme.md",
        "train/.DS_Store",
        "licence.txt",
    ):
        (root / name).write_bytes(b"x")
    (root / "other").mkdir()
    dataset = fer_data.load(root)
    assert len(dataset) == 2
    assert skipped(dataset) == {
        "train/cat/Thumbs.db": "not an image file",
        "train/cat/notes.txt": "not an image file",
        "train/cat/.DS_Store": "hidden",
        "train/cat/.hidden.png": "hidden",
        "train/readme.md": "not a class folder",
        "train/.DS_Store": "hidden",
        "licence.txt": "next to the split folders",
        "other": "next to the split folders",
        ".git": "hidden",
    }
    assert "2 skipped, not an image file: train/cat/Thumbs.db, train/cat/notes.txt" in (
        dataset.skipped_summary()
    )


def test_a_folder_that_is_no_regular_file_by_a_images_name_is_skipped(
    make_folder: MakeFolder,
) -> None:
    root = make_folder({"cat": 1, "zoo": 0})
    os.mkfifo(root / "cat" / "pipe.png")
    assert skipped(fer_data.load(root)) == {"cat/pipe.png": "not a regular file"}


def test_links_to_files_and_folders_are_followed_but_in_a_circle(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder({"train/cat": 1, "train/dog": 1})
    outside = make_folder({"cat": 1, "zoo": 0}, name="outside")
    cat = root / "train" / "cat"
    (cat / "inside.png").symlink_to("../dog/0000.png")
    (cat / "out.png").symlink_to(outside / "cat" / "0000.png")
    (cat / "broken.png").symlink_to("nowhere.png")
    (cat / "loop.png").symlink_to("loop.png")
    (cat / "up").symlink_to("../..")
    (root / "train" / "linked").symlink_to(outside / "cat")
    (root / "test").symlink_to(outside)
    dataset = fer_data.load(root)
    assert dataset.locations.tolist() == [
        "test/cat/0000.png",
        "train/cat/0000.png",
        "train/cat/inside.png",
        "train/cat/out.png",
        "train/dog/0000.png",
        "train/linked/0000.png",
    ]
    assert skipped(dataset).keys() == {
        "train/cat/broken.png",
        "train/cat/loop.png",
        "train/cat/up",
    }
    before = fingerprint(root)
    (outside / "cat" / "0000.png").write_bytes(b"another")
    assert fingerprint(root) != before


def test_a_data_set_can_be_reached_over_a_link(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder({"cat": 2, "zoo": 0})
    (tmp_path / "link").symlink_to(root)
    assert len(fer_data.load(tmp_path / "link")) == 2


def test_an_empty_class_is_kept_with_no_samples(make_folder: MakeFolder) -> None:
    dataset = fer_data.load(make_folder({"cat": 2, "dog": 0}))
    assert dataset.class_names == ("cat", "dog")
    assert dataset.class_counts("train").tolist() == [2, 0]


def test_folders_inside_a_class_belong_to_it(make_folder: MakeFolder) -> None:
    dataset = fer_data.load(make_folder({"cat/old/grey": 2, "cat": 1, "dog/train": 0, "dog": 1}))
    assert dataset.class_names == ("cat", "dog")
    assert dataset.class_counts("train").tolist() == [3, 1]


def test_two_folders_for_one_split_are_refused(make_folder: MakeFolder) -> None:
    root = make_folder({"val/cat": 1, "valid/cat": 1})
    with pytest.raises(DataError, match="val and valid both stand for the validation split"):
        fer_data.load(root)


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere: there is no such file or folder"):
        fer_data.load(tmp_path / "nowhere")
    with pytest.raises(DataError, match="nowhere: there is no such file or folder"):
        fingerprint(tmp_path / "nowhere")


def test_a_path_that_cannot_be_looked_at_is_named(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "loop", tmp_path / "file" / "below", tmp_path / ("long" * 100)):
        with pytest.raises(DataError, match="cannot be read"):
            fer_data.load(path)


def test_what_is_neither_file_nor_folder_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="pipe: is a FIFO"):
        fer_data.load(tmp_path / "pipe")


@NOT_ROOT
def test_an_unreadable_folder_and_file_are_named(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder({"cat": 1, "zoo": 0})
    table = write_csv(tmp_path / "fer.csv", [f"0,{FLAT},Training"])
    for path in (root / "cat", table):
        path.chmod(0)
        try:
            with pytest.raises(DataError, match=f"{path}: cannot be read"):
                fer_data.load(root if path.is_dir() else path)
        finally:
            path.chmod(0o700)


def test_a_folder_without_class_folders_says_what_is_expected(make_folder: MakeFolder) -> None:
    root = make_folder({".": 2})
    with pytest.raises(
        DataError, match=r"no class folders here, but 2 images;.* data/<class>/<image>"
    ):
        fer_data.load(root)


def test_class_folders_without_images_say_what_was_found(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 0, "zoo": 0})
    (root / "cat" / "notes.txt").write_text("x")
    with pytest.raises(DataError, match=r"no image in it .* 1 \.txt"):
        fer_data.load(root)


def test_a_split_that_is_not_there_is_named(make_folder: MakeFolder) -> None:
    dataset = fer_data.load(make_folder({"cat": 1, "zoo": 0}))
    with pytest.raises(DataError, match="there is no test split here, only train"):
        dataset.class_counts("test")


def test_a_folder_s_fingerprint_changes_with_its_files(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 2, "zoo": 0})
    seen = [fingerprint(root)]
    assert fingerprint(root) == seen[0]
    shutil.copy2(root / "cat" / "0000.png", root / "cat" / "copy.png")
    seen.append(fingerprint(root))
    shutil.copy2(root / "cat" / "0001.png", root / "cat" / "copy.png")
    seen.append(fingerprint(root))
    (root / "cat" / "copy.png").rename(root / "cat" / "other.png")
    seen.append(fingerprint(root))
    assert len(set(seen)) == 4


# csv files


def test_the_four_layouts_are_recognised(tmp_path: Path) -> None:
    path = tmp_path / "fer.csv"
    write_csv(path, [f"3,{FLAT},PublicTest"])
    assert fer_data.load(path).layout == "FER2013 csv (emotion,pixels,Usage)"
    write_csv(path, [f"3,PublicTest,{FLAT}"], header="emotion, Usage, pixels")
    dataset = fer_data.load(path)
    assert dataset.layout == "FER2013 csv (emotion,Usage,pixels)"
    assert (classes_of(dataset), splits_of(dataset)) == (["happy"], ["test"])
    write_csv(path, [f"3,{FLAT}"], header="emotion,pixels")
    dataset = fer_data.load(path)
    assert dataset.layout == "Kaggle's train.csv (no Usage column)"
    assert (classes_of(dataset), splits_of(dataset)) == (["happy"], ["train"])
    write_csv(path, [FLAT], header="pixels")
    dataset = fer_data.load(path)
    assert dataset.layout == "Kaggle's test.csv (no emotion column)"
    assert (dataset.labels.tolist(), splits_of(dataset)) == ([UNLABELLED], ["test"])
    assert dataset.num_unlabelled("test") == 1


def test_codes_are_mapped_by_name_not_by_number(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer.csv", [f"{code},{FLAT},Training" for code in range(7)])
    dataset = fer_data.load(path)
    assert dataset.class_names == EMOTIONS == tuple(sorted(EMOTIONS_BY_CODE))
    assert classes_of(dataset) == list(EMOTIONS_BY_CODE)
    assert dataset.labels.tolist() == [0, 1, 2, 3, 5, 6, 4]


def test_the_two_test_splits_are_merged_or_kept_apart(tmp_path: Path) -> None:
    usages = ["PrivateTest", "Training", "PublicTest", "PublicTest"]
    path = write_csv(tmp_path / "fer.csv", [f"0,{FLAT},{usage}" for usage in usages])
    merged = fer_data.load(path)
    assert merged.splits == ("train", "test")
    assert splits_of(merged) == ["test", "train", "test", "test"]
    apart = fer_data.load(path, test_apart=True)
    assert apart.splits == ("train", "public_test", "private_test")
    assert splits_of(apart) == ["private_test", "train", "public_test", "public_test"]


LINES = [f"3,{FLAT},Training", f"6,{FLAT},PublicTest"]
PLAIN = "\n".join(["emotion,pixels,Usage", *LINES, ""]).encode()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(PLAIN, id="plain"),
        pytest.param(gzip.compress(PLAIN), id="gzip"),
        pytest.param(b"\xef\xbb\xbf" + PLAIN, id="byte-order mark"),
        pytest.param(PLAIN.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(PLAIN.rstrip(b"\n"), id="no final newline"),
        pytest.param(PLAIN + b"\n\n \r\n", id="blank lines at the end"),
        pytest.param(PLAIN.replace(FLAT.encode(), b'"%s"' % FLAT.encode()), id="quoted pixels"),
        pytest.param(
            b'"emotion","pixels","Usage"\r\n"3","%s","Training"\r\n"6","%s","PublicTest"'
            % (FLAT.encode(), FLAT.encode()),
            id="all quoted",
        ),
        pytest.param(PLAIN.replace(b"emotion,", b"EMOTION ,"), id="header in capitals"),
    ],
)
def test_a_csv_is_read_however_it_was_saved(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "fer.csv"
    path.write_bytes(data)
    dataset = fer_data.load(path)
    assert classes_of(dataset) == ["happy", "neutral"]
    assert splits_of(dataset) == ["train", "test"]
    assert dataset.locations.tolist() == [0, 1]
    assert parse_all(path).pixels.tolist() == np.full((2, 48, 48), 7).tolist()


def test_blank_lines_between_rows_leave_line_numbers_right(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer.csv", [LINES[0], "", "  ", f"9,{FLAT},Training"])
    with pytest.raises(DataError, match=r"row 3 \(line 5\), column emotion"):
        fer_data.load(path)


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (f"7,{FLAT},Training", r"column emotion: '7' is none of 0 angry, 1 disgust"),
        (f"joy,{FLAT},Training", r"column emotion: 'joy' is none of"),
        (f",{FLAT},Training", r"column emotion: '' is none of"),
        (f"3,{FLAT},other", r"column Usage: 'other' is none of Training, PublicTest"),
        (f"3,{FLAT},../../x", r"column Usage: '../../x' is none of"),
        (f"3,{FLAT}", r"column \(all\): 2 fields where the header has 3"),
        (f"3,{FLAT},Training,", r"column \(all\): 4 fields where the header has 3"),
        (f'3,"{FLAT},Training', r"column \(all\): 0 fields where the header has 3"),
    ],
)
def test_a_bad_row_is_named_with_row_line_column_and_cause(
    tmp_path: Path, line: str, cause: str
) -> None:
    path = write_csv(tmp_path / "fer.csv", [LINES[0], line, LINES[1]])
    with pytest.raises(DataError, match=rf"fer.csv: row 1 \(line 3\), {cause}"):
        fer_data.load(path)
    dataset = fer_data.load(path, skip_bad=True)
    assert dataset.locations.tolist() == [0, 2]
    assert classes_of(dataset) == ["happy", "neutral"]
    assert [item.name for item in dataset.skipped] == ["row 1 (line 3)"]


def test_nothing_but_bad_rows_is_an_error_though_they_are_skipped(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer.csv", [f"9,{FLAT},Training"])
    with pytest.raises(DataError, match="no usable row"):
        fer_data.load(path, skip_bad=True)


@pytest.mark.parametrize("data", [b"", b"\n", b"\xff\xfe\x00" * 99])
def test_a_file_without_a_pixels_column_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "fer.csv"
    path.write_bytes(data)
    with pytest.raises(DataError, match="no column pixels; the header is"):
        fer_data.load(path)


def test_a_csv_with_a_header_alone_has_no_usable_row(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no usable row"):
        fer_data.load(write_csv(tmp_path / "fer.csv", []))


@pytest.mark.parametrize("cut", [2, 5, 15, 40, -1, -9])
def test_a_truncated_gzip_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "fer.csv.gz"
    path.write_bytes(gzip.compress(PLAIN)[:cut])
    with pytest.raises(DataError, match="broken gzip"):
        fer_data.load(path)


@pytest.mark.parametrize(
    "data",
    [
        b"\x1f\x8b" + b"garbage" * 99,
        b"\x1f\x8b\x08\x00" + b"\xff" * 99,
        gzip.compress(PLAIN)[:-8] + b"\0" * 8,
        gzip.compress(PLAIN) + b"garbage",
    ],
    ids=["no gzip", "no header", "wrong sum", "garbage behind"],  # gzip has the time in its bytes
)
def test_a_gzip_that_holds_garbage_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "fer.csv.gz"
    path.write_bytes(data)
    with pytest.raises(DataError, match="broken gzip"):
        fer_data.load(path)


def test_a_line_of_more_than_a_mebibyte_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer.csv", [LINES[0], "3" * (6 << 20)])
    with pytest.raises(DataError, match="line 3 is longer than 1,048,576 bytes"):
        fer_data.load(path)


def test_rows_that_span_blocks_are_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = noise(9)
    lines = [f"{i % 7},{cell(image)},Training" for i, image in enumerate(images)]
    path = write_csv(tmp_path / "fer.csv", lines)
    for size in (1 << 20, 20_000, 5_000, 777):
        monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", size)
        found = parse_all(path)
        assert found.rows == list(range(9))
        np.testing.assert_array_equal(found.pixels, images)


def test_what_goes_wrong_while_a_csv_is_open_is_not_blamed_on_it(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer.csv", LINES)
    with pytest.raises(OSError, match="disk full"), csv_blocks.open_csv(path):
        raise OSError("disk full")


# Any csv


def parse_all(path: Path, *, merge_test: bool = True) -> csv_rows.Rows:
    """Parse a whole csv with its pixels."""
    whole = csv_rows.Rows()
    with csv_blocks.open_csv(path) as (columns, blocks):
        for block in blocks:
            part = csv_rows.parse(block, columns, merge_test=merge_test, with_pixels=True)
            whole.rows += part.rows
            whole.labels += part.labels
            whole.splits += part.splits
            whole.rejects += part.rejects
            whole.pixels = np.concatenate([whole.pixels, part.pixels])
    return whole


headers = st.sampled_from(
    ["emotion,pixels,Usage", "emotion, Usage, pixels", "emotion,pixels", "pixels", "pixels,pixels"]
)
fields = st.one_of(
    st.sampled_from(
        ["0", "6", "7", "Training", "PublicTest", FLAT, FLAT + " 1", f'"{FLAT}"', '"', "", " 3 "]
    ),
    st.text(max_size=20),
)
texts = st.builds(
    lambda header, rows, end: (header + end + end.join(",".join(row) for row in rows)).encode(
        "utf-8", "surrogatepass"
    ),
    headers,
    st.lists(st.lists(fields, max_size=4), max_size=6),
    st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
)
any_bytes = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda header, data: header.encode() + b"\n" + data, headers, st.binary(max_size=99)),
    texts,
    texts.map(gzip.compress),
    st.binary(max_size=99).map(lambda data: b"\x1f\x8b" + data),
)


@settings(deadline=None, max_examples=300)
@given(any_bytes, st.booleans(), st.booleans())
@example(b'pixels\n"\x00', False, False)
@example(b'pixels\n"a"\r"b"', False, False)
@example(b'pixels\n"' + b"1" * 140_000 + b'"', False, False)
def test_any_bytes_are_a_manifest_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, test_apart: bool, skip_bad: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(data)
    dataset, refusal = None, ""
    try:
        dataset = fer_data.load(path, test_apart=test_apart, skip_bad=skip_bad)
    except DataError as error:
        refusal = str(error)
    if dataset is None:
        assert refusal.startswith(str(path))
        assert "\n" not in refusal
        return
    assert len(dataset)
    assert fingerprint(path, skip_bad=True)
    found = parse_all(path, merge_test=not test_apart)
    bad = {reject.row for reject in found.rejects}
    assert sorted(bad.union(found.rows)) == sorted(bad.union(dataset.locations.tolist()))
    assert len(found.pixels) == len(found.rows) == len(found.labels) == len(found.splits)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.sampled_from(["Training", "PublicTest", "PrivateTest"])),
        min_size=1,
        max_size=40,
    ),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(0, 2**32 - 1),
)
def test_what_was_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, str]],
    usage_first: bool,
    end: str,
    seed: int,
) -> None:
    path = tmp_path_factory.getbasetemp() / "trip.csv"
    images = noise(len(rows), seed=seed)
    lines = [
        f"{code},{usage},{cell(image)}" if usage_first else f"{code},{cell(image)},{usage}"
        for (code, usage), image in zip(rows, images, strict=True)
    ]
    header = "emotion, Usage, pixels" if usage_first else "emotion,pixels,Usage"
    write_csv(path, lines, header=header, end=end)
    dataset = fer_data.load(path, test_apart=True)
    found = parse_all(path, merge_test=False)
    names = {"Training": "train", "PublicTest": "public_test", "PrivateTest": "private_test"}
    assert classes_of(dataset) == [EMOTIONS_BY_CODE[code] for code, _ in rows]
    assert splits_of(dataset) == found.splits == [names[usage] for _, usage in rows]
    assert dataset.labels.tolist() == found.labels
    np.testing.assert_array_equal(found.pixels, images)


def test_a_manifest_becomes_a_data_frame(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer.csv", LINES)
    assert fer_data.load(path).to_frame().to_dict("list") == {
        "sample": ["row 0", "row 1"],
        "split": ["train", "test"],
        "class_name": ["happy", "neutral"],
    }


def test_splits_of_bare_images_are_not_taken_for_classes(make_folder: MakeFolder) -> None:
    with pytest.raises(DataError, match="no class folders in test, train"):
        fer_data.load(make_folder({"train": 2, "test": 2}))


def test_a_class_may_be_called_train(make_folder: MakeFolder) -> None:
    assert fer_data.load(make_folder({"train": 2, "car": 2})).class_names == ("car", "train")


def test_an_empty_class_that_comes_or_goes_changes_the_fingerprint(make_folder: MakeFolder) -> None:
    root = make_folder({"train/b": 2, "train/zoo": 0})
    before = fingerprint(root)
    (root / "train" / "a").mkdir()
    assert fingerprint(root) != before


CK = "anger,disgust,fear,happiness,sadness,surprise,neutral,contempt"


def test_a_csv_of_more_codes_is_read_by_class_names(tmp_path: Path) -> None:
    codes = [0, 1, 2, 3, 4, 5, 6, 7, 7, 0]
    path = write_csv(tmp_path / "ck.csv", [f"{code},{FLAT},Training" for code in codes])
    with pytest.raises(DataError, match="7"):
        fer_data.load(path)
    for names in (CK, CK.split(","), dict(zip("01234567", CK.split(","), strict=True))):
        data = fer_data.load(path, class_names=names)
        assert data.counts["train"]["contempt"] == 2
        assert data.counts["train"]["anger"] == 2
        assert len(fer_data.open_store(data).pixels) == 10
    assert fer_data.load(path, class_names=CK).class_names == tuple(CK.split(","))
    with pytest.raises(DataError, match="'8' is none of 0 to 7"):
        fer_data.load(write_csv(tmp_path / "x.csv", [f"8,{FLAT},Training"]), class_names=CK)
    own = write_csv(tmp_path / "own.csv", [f"{code},{FLAT},Training" for code in range(7)])
    renamed = fer_data.load(own, class_names={"happy": "joy"})
    assert "joy" in renamed.class_names
