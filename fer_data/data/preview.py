"""A dataset as notebooks show it: a DataFrame; counts of each class and split, and a few images."""

from __future__ import annotations

import base64
import io
from functools import cache, partial
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_data.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_CLASSES = 20
_IMAGES = 8
_SIDE = 64


def dataset_html(data: Any) -> str:
    """Return a table of counts of a `Dataset`, its imbalance ratio, and a few of its images."""
    splits = data.splits
    head = "".join(f"<th>{escape(name)}</th>" for name in ("class", *splits))
    counts = [data.class_counts(split) for split in splits]
    rows = [
        f"<tr><td>{escape(name)}</td>"
        + "".join(f"<td>{column[label]:,}</td>" for column in counts)
        + "</tr>"
        for label, name in enumerate(data.class_names[:_CLASSES])
    ]
    if len(data.class_names) > _CLASSES:
        rows.append(f"<tr><td>… {len(data.class_names) - _CLASSES:,} more classes</td></tr>")
    ratio = ""
    if counts and counts[0].min(initial=1):
        ratio = f"; imbalance ratio of {splits[0]} {counts[0].max() / counts[0].min():.2f}"
    notes = "".join(f"<li>{escape(note)}</li>" for note in data.notes)
    return (
        f"<p><b>{escape(str(data.root))}</b>: {escape(data.layout)}, {len(data):,} samples in "
        f"{len(data.class_names):,} classes{ratio}</p><table><tr>{head}</tr>{''.join(rows)}</table>"
        f"<p>{_images(data)}</p>" + (f"<ul>{notes}</ul>" if notes else "")
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


def _images(data: Any) -> str:
    from PIL import Image

    from fer_data.data.decode import as_it_is
    from fer_data.data.looks import bits_in_use

    few = data.take(np.unique(np.linspace(0, len(data) - 1, _IMAGES).astype(np.int64)))
    bits = cache(partial(bits_in_use, few))
    shown = []
    for piece in few.pieces().pieces:
        for found in piece.pictures():
            try:
                image = Image.fromarray(as_it_is(found.raw, found.name, bits))
            except DataError:
                continue
            image.thumbnail((_SIDE, _SIDE))
            file = io.BytesIO()
            image.save(file, "png")
            text = base64.b64encode(file.getvalue()).decode("ascii")
            shown.append(f'<img alt="" src="data:image/png;base64,{text}">')
    return " ".join(shown)
