"""The forms that a model is exported in, and what each needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fer_data.errors import DataError, UsageError
from fer_data.extras import require
from fer_data.util.files import refuse_special

Form = Literal["onnx", "saved-model", "tflite"]

INPUT, OUTPUT = "pixels", "probabilities"
"""Names of what goes into an export, and comes out of it."""


@dataclass(frozen=True)
class Needs:
    """What a form needs.

    Attributes
    ----------
    default_name : str
        Of the export, in the run's folder.
    suffix : str
        How its file must end; empty for a folder.
    packages : tuple of str
        Besides keras.
    """

    default_name: str
    suffix: str
    packages: tuple[str, ...]


FORMS: dict[Form, Needs] = {
    "onnx": Needs("model.onnx", ".onnx", ("onnx", "onnxruntime", "tf2onnx", "tensorflow")),
    "saved-model": Needs("saved_model", "", ("tensorflow",)),
    "tflite": Needs("model.tflite", ".tflite", ("ai_edge_litert", "tensorflow")),
}


def export_path(run: Path, out: str | Path | None, form: Form) -> Path:
    """Return where an export goes: `out`, or by default a place in the run's folder.

    Raises
    ------
    UsageError
        If there is no such form, its packages are missing, or `out` does not end as its files do.
    DataError
        If a folder is to be made, and something is there.
    """
    if form not in FORMS:
        raise UsageError(f"form is {form!r}; choose one of {', '.join(FORMS)}")
    needs = FORMS[form]
    require(form, *needs.packages)
    path = run / needs.default_name if out is None else Path(out)
    if needs.suffix and path.suffix != needs.suffix:
        raise UsageError(f"{path}: a file in the form {form} ends in {needs.suffix}")
    if needs.suffix and path.is_dir():
        raise UsageError(f"{path}: is a folder; name a file")
    if not path.is_dir():
        refuse_special(path)
    if not needs.suffix and path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise DataError(f"{path}: there is something already; choose another path", fix={"out": []})
    return path
