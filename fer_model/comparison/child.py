"""The process of a training and of the heads that are put on it; see `fer_model.comparison.runner`.

``python -m fer_model.comparison.child OUT`` reads one line of JSON on standard input, writes lines
of JSON to standard output, and ends when the other end of its standard input is closed.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from fer_data.data.dataset import Dataset
from fer_data.data.reading import load
from fer_data.data.store import open_store
from fer_data.errors import DataError, UsageError
from fer_model.comparison.protocol import Cell, Protocol, is_finished
from fer_model.comparison.user_errors import described
from fer_model.environment import versions
from fer_model.training.own_code import OwnCode, keep
from fer_model.training.own_training import Fit, train_own


def make_runs(
    protocol: Protocol,
    cells: Sequence[Cell],
    out: Path,
    tell: Callable[..., None],
    *,
    fit: Fit | None = None,
    cache: str | None = None,
) -> None:
    """Make runs in turn; one that fails costs no other, but those that build on it.

    Parameters
    ----------
    protocol : Protocol
    cells : sequence of Cell
    out : Path
    tell : callable
        Takes the name of an event and what belongs to it: ``begin``, ``step``, ``epoch``, ``end``
        and ``failed`` of a cell, by its place, ``at`` so many seconds of this process's clock.
    fit : callable, optional
        The user's own training.
    cache : str, optional

    Raises
    ------
    DataError
        If the data cannot be read, or is other data.
    KeyboardInterrupt
        If Ctrl-C stopped a training.
    """
    data = _load(protocol, cache)

    def stamped(event: str, **about: Any) -> None:
        tell(event, at=time.monotonic(), **about)

    for place, cell in enumerate(cells):
        if cell.arm.head is not None and not is_finished(protocol.base(cell, out)):
            continue
        stamped("begin", cell=place)
        began = time.monotonic()
        try:
            if fit is not None:
                recipe = protocol.recipe_of(cell)
                train_own(fit, recipe, data, cell.folder, cache=cache)
            else:
                from fer_model.comparison.making import StepEvents, make

                epochs = protocol.recipe_of(cell).epochs
                steps = protocol.steps_of(cell) // epochs
                events = StepEvents(partial(stamped, cell=place), epochs, steps)
                make(protocol, cell, out, data, cache=cache, callbacks=[events])
        except DataError as error:  # which would be the same for every run
            raise DataError(f"{cell}: {error}") from None
        except Exception as error:  # whatever a backend, or the user's code, may raise
            is_final = isinstance(error, UsageError)  # which another try would raise again
            stamped("failed", cell=place, error=described(error), is_final=is_final)
            continue
        stamped("end", cell=place, seconds=time.monotonic() - began)


def _load(protocol: Protocol, cache: str | None) -> Dataset:
    about = protocol.data
    data = load(about["path"], **about["options"])
    store = open_store(data, form=protocol.recipe.requested, cache=cache)
    if store.fingerprint != about["fingerprint"] or data.digest() != about["selected"]:
        raise DataError(f"{about['path']}: other data than what the comparison began with")
    return data


def _refuse_other_versions(there: dict[str, str], *, own_training: bool) -> None:
    here = versions(own_training=own_training)
    others = [
        f"{name} {here.get(name)}, not {value}"
        for name, value in there.items()
        if here.get(name) != value
    ]
    if others:
        raise DataError(f"{'; '.join(others)} as where the command runs; install the same")


def _end_with_the_parent() -> None:
    """Take standard input, and end this process when who holds its other end is gone."""
    pipe = os.dup(0)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)

    def watch() -> None:
        while os.read(pipe, 1):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Read what to do, and do it."""
    logging.getLogger("fer_data").setLevel(logging.ERROR)  # who started this has said it
    if sys.platform == "win32":  # where Ctrl-C cannot be sent to one process, but Ctrl-Break
        signal.signal(signal.SIGBREAK, lambda *_: signal.raise_signal(signal.SIGINT))
    events = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)  # what a backend prints is no event
    with open(0, "rb", buffering=0, closefd=False) as pipe:
        request = json.loads(pipe.readline())
    _end_with_the_parent()

    def tell(event: str, **about: Any) -> None:
        events.write(json.dumps({"event": event, **about}) + "\n")

    try:
        out = Path(sys.argv[1])
        protocol = Protocol.read(out)
        if request["versions"] is not None:
            is_own = protocol.has_own_training
            _refuse_other_versions(request["versions"], own_training=is_own)
        sys.path += [path for path in request["path"] if path not in sys.path]
        own = {
            argument: OwnCode(name, digest, pickle.loads(base64.b64decode(function)))
            for argument, (name, digest, function) in request["code"].items()
        }  # of who started this process, not of a file
        fit = own.pop("fit").function if "fit" in own else None
        for code in own.values():
            keep(code)
        places = {(str(cell.arm), cell.seed): cell for cell in protocol.needed(out)}
        cells = [places[arm, seed] for arm, seed in request["cells"]]
        make_runs(protocol, cells, out, tell, fit=fit, cache=request["cache"])
    except KeyboardInterrupt:
        tell("stopped")
    except (DataError, UsageError) as error:
        tell("refused", error=str(error))


if __name__ == "__main__":
    main()
