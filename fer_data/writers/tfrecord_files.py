"""TFRecord files; the only format whose writing imports TensorFlow."""

from __future__ import annotations

from fer_data.data.dataset import Dataset
from fer_data.writers.file_names import check_labelled
from fer_data.writers.one_form import OneForm
from fer_data.writers.tfrecords import check_class_names, write_shards


def _check(dataset: Dataset) -> None:
    check_labelled(dataset, "TFRecord files, one a class,")
    check_class_names(dataset)


WRITER = OneForm(
    "TFRecord files hold pictures of one size and colour here", None, _check, write_shards
)
