"""A dataset as notebooks show it: a DataFrame; counts of each class and split, and a few images."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_data.errors import DataError
from fer_data.util import notebook
from fer_data.util.words import shown_class

if TYPE_CHECKING:
    import pandas as pd

_IMAGES = 8
_SIDE = 64


def dataset_html(data: Any) -> str:
    """Return a table of counts of a `Dataset`, its imbalance ratio, and a few of its images."""
    splits = data.splits
    counts = [data.class_counts(split).tolist() for split in splits]
    order = sorted(range(len(data.class_names)), key=lambda label: -sum(n[label] for n in counts))
    shown = sorted(order[: notebook.MOST_ROWS])  # the largest, in label order
    rows = [(shown_class(data.class_names[k]), *(n[k] for n in counts)) for k in shown]
    about = f"{data.layout}, {len(data):,} samples in {len(data.class_names):,} classes"
    if counts and min(counts[0] or [0]):
        about += f", imbalance ratio of {splits[0]} {max(counts[0]) / min(counts[0]):.2f}"
    return notebook.page(
        str(data.root),
        about,
        notebook.table(("class", *splits), rows),
        notebook.note(f"… {len(order) - len(shown):,} smaller classes")
        if order[len(shown) :]
        else "",
        _images(data),
        notebook.notes((*data.notes, *data.skipped_summary())),
    )


def dataset_frame(data: Any) -> pd.DataFrame:
    """Return the DataFrame of a `Dataset`, see `Dataset.to_frame`."""
    import pandas as pd  # 0.7 s to import, and this is its only use here

    columns = {
        "sample": data.sample_ids(),
        "split": pd.Categorical.from_codes(data.split_codes, data.splits),
        "class_name": pd.Categorical.from_codes(data.labels, data.class_names),
    }
    if data.groups is not None:
        columns["group"] = data.group_names[data.groups]
    return pd.DataFrame(columns)


def thumbnails(data: Any, side: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the samples of a `Dataset` whose image can be decoded, made smaller where it is large.

    Parameters
    ----------
    data : Dataset
    side : int
        Height and width at the most, in pixels.

    Yields
    ------
    index : int
    image : ndarray of uint8, shape [H, W] or [H, W, 3]
    """
    from PIL import Image

    from fer_data.data.decode import as_it_is
    from fer_data.data.image_infos import bits_in_use

    bits = cache(partial(bits_in_use, data))
    for chunk in data.source_chunks().chunks:
        for raw_image in chunk.raw_images():
            try:
                image = Image.fromarray(as_it_is(raw_image.raw, raw_image.name, bits))
            except DataError:
                continue
            image.thumbnail((side, side))
            yield raw_image.row, np.asarray(image)


def image_tags(images: Iterable[NDArray[np.uint8]]) -> str:
    """Return images, uint8 [H, W] or [H, W, 3], as html that holds them."""
    from PIL import Image

    shown = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "png")
        text = base64.b64encode(file.getvalue()).decode("ascii")
        shown.append(
            '<img alt="" style="display:inline-block;margin:1px" '
            f'src="data:image/png;base64,{text}">'
        )
    return f"<div>{' '.join(shown)}</div>"


def _images(data: Any) -> str:
    if not len(data):
        return ""
    few = data.take(np.unique(np.linspace(0, len(data) - 1, _IMAGES).astype(np.int64)))
    return image_tags(image for _, image in thumbnails(few, _SIDE))
