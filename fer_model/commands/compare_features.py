"""Compare heads, losses and strategies on features of a frozen net."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter
from cyclopts.validators import Number
from numpy.typing import NDArray

from fer_data.errors import DataError
from fer_data.util.files import refuse_no_file
from fer_data.util.words import printable
from fer_model.commands.compared import SEEDS, ComparisonOutput, VerdictFigure, show_results
from fer_model.comparison.arm import split_arms
from fer_model.comparison.prediction_tables import listed

_NEEDED = ("features", "labels")
_OPTIONAL = ("splits", "groups", "leaked", "class_names")


def compare_features(
    file: Annotated[Path, Parameter(help="An npz file with the arrays features and labels.")],
    /,
    *,
    arms: Annotated[
        str,
        Parameter(
            metavar="ARM,...",
            help="What is compared, the baseline first; arms as in `fer-model compare --help`, "
            "but no mixes and no augmentation.",
        ),
    ],
    seeds: Annotated[
        int, Parameter(metavar="N", help="Runs of each arm.", validator=Number(gte=1, lte=1000))
    ] = SEEDS,
    epochs: Annotated[
        int | None,
        Parameter(
            metavar="N",
            help="Of every run; by default 30, or as many as make 1,000 steps.",
            validator=Number(gte=1),
        ),
    ] = None,
    figure: VerdictFigure = "balanced_accuracy",
    output: ComparisonOutput = ComparisonOutput(),
) -> None:
    """Compare strategies, losses and heads on frozen features, in seconds.

    Examples::

        fer-model compare-features clip.npz --arms none,oversample,crt,lws
        fer-model compare-features clip.npz --arms none,crt --seeds 10 --out heads

    Every run trains a linear head. FILE has the arrays

        features     float [N, D], of CLIP, DINO or a net of your own
        labels       int or str [N]
        splits       str [N], train, validation or test (without it, a tenth each)
        groups       int or str [N], of samples that belong together (not needed)
        leaked       bool [N], test samples that training knows (not needed)
        class_names  str [C], of integer labels (not needed)

    as `numpy.savez(FILE, features=features, labels=labels)` writes them.
    --out keeps the results and writes the page.
    """
    from fer_model.comparison.features import compare_features

    output.check()
    arrays = _arrays(file)
    results = compare_features(
        arrays["features"],
        arrays["labels"],
        split_arms(arms),
        seeds,
        splits=arrays.get("splits"),
        groups=arrays.get("groups"),
        leaked=arrays.get("leaked"),
        class_names=arrays["class_names"].tolist() if "class_names" in arrays else (),
        figure=figure,
        epochs=epochs,
        out=output.out,
        **output.judged_by(),
    )
    show_results(results, output)


def _arrays(file: Path) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of a file."""
    refuse_no_file(file)
    try:
        with np.load(file) as content:
            if not isinstance(content, np.lib.npyio.NpzFile):
                raise DataError(f"{file}: one array; expected an npz file with {listed(_NEEDED)}")
            found = {name: content[name] for name in content.files}
    except (ValueError, EOFError, zipfile.BadZipFile):
        raise DataError(f"{file}: is no npz file, or has arrays of Python objects") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror or error})") from None
    unknown = [name for name in found if name not in (*_NEEDED, *_OPTIONAL)]
    if lacking := [name for name in _NEEDED if name not in found]:
        raise DataError(f"{file}: no array {listed(lacking)}; found {listed(found)}")
    if unknown:
        raise DataError(
            f"{file}: array {printable(unknown[0])} is not known; expected "
            f"{listed(_NEEDED)}, and perhaps {listed(_OPTIONAL)}"
        )
    return found
