"""FER2013's csv files: layouts, bad rows, any bytes."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import fer_data
from fer_data.data.chosen import UNLABELLED
from fer_data.errors import DataError
from fer_data.fer2013 import csv_blocks
from fer_data.fer2013.emotions import EMOTIONS, EMOTIONS_BY_CODE
from tests.helpers.csv_files import FLAT, LINES, PLAIN, cell, noise, parse_all, write_csv
from tests.helpers.dataset_parts import classes_of, splits_of
from tests.helpers.keys import fingerprint

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


@pytest.mark.parametrize("data", [b"label\n1\n", b"\n", b"\xe9\xe8\n" * 99])
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
    ids=["no gzip", "no header", "wrong sum", "garbage behind"],
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
        parsed = parse_all(path)
        assert parsed.rows == list(range(9))
        np.testing.assert_array_equal(parsed.pixels, images)


def test_what_goes_wrong_while_a_csv_is_open_is_not_blamed_on_it(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer.csv", LINES)
    with pytest.raises(OSError, match="disk full"), csv_blocks.open_csv(path):
        raise OSError("disk full")


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
    parsed = parse_all(path, merge_test=not test_apart)
    bad = {reject.row for reject in parsed.rejects}
    assert sorted(bad.union(parsed.rows)) == sorted(bad.union(dataset.locations.tolist()))
    assert len(parsed.pixels) == len(parsed.rows) == len(parsed.labels) == len(parsed.splits)


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
    parsed = parse_all(path, merge_test=False)
    names = {"Training": "train", "PublicTest": "public_test", "PrivateTest": "private_test"}
    assert classes_of(dataset) == [EMOTIONS_BY_CODE[code] for code, _ in rows]
    assert splits_of(dataset) == parsed.splits == [names[usage] for _, usage in rows]
    assert dataset.labels.tolist() == parsed.labels
    np.testing.assert_array_equal(parsed.pixels, images)


def test_a_manifest_becomes_a_data_frame(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer.csv", LINES)
    assert fer_data.load(path).to_frame().to_dict("list") == {
        "sample": ["row 0", "row 1"],
        "split": ["train", "test"],
        "class_name": ["happy", "neutral"],
    }


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
