"""NumPy's ``.npz``, as `fer_data.data.sources.npz` reads it: not deflated, without a time in it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.data import sources
from fer_data.data.dataset import Dataset
from fer_data.data.decode import PixelFormat
from fer_data.writers.uniform_format import Chunks, UniformFormat


def write_npz(dataset: Dataset, form: PixelFormat, chunks: Chunks, path: Path) -> None:
    """Write pixels ([N, H, W] if grey, else [N, H, W, 3]), labels, splits and names."""
    shape = (len(dataset), *(form.shape[:2] if form.color == "grey" else form.shape))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        with file.open(_member("pixels"), "w", force_zip64=True) as stream:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(stream, header)
            for pixels in chunks:
                stream.write(pixels.tobytes())
        arrays: dict[str, NDArray[Any]] = {
            "labels": dataset.labels,
            "class_names": np.array(dataset.class_names, np.str_),
            "splits": np.array(dataset.splits, np.str_),
            "split_codes": dataset.split_codes,
            "samples": np.array(sources.names(dataset), np.str_),
        }
        if dataset.groups is not None:
            arrays["groups"] = dataset.groups
        for name, array in arrays.items():
            with file.open(_member(name), "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)


def _member(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(f"{name}.npy")  # of 1980, whenever it is written


def _check(dataset: Dataset) -> None:
    """Refuse nothing: every class, split and missing label has its place."""


WRITER = UniformFormat("an npz holds images of one size and colour", None, _check, write_npz)
