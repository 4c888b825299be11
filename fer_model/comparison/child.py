"""A process that trains some runs of a comparison and tells of it, line by line, in JSON.

``python -m fer_model.comparison.child OUT SEED [CACHE]``, with the arms on standard input; see
`fer_model.comparison.in_children`.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fer_data.errors import FerError
from fer_model.comparison.protocol import Cell, Protocol
from fer_model.training.runs import Run


class Teller:
    """A display that tells another process. Where that one is gone, this one ends."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._cells = list(cells)
        self._out = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # what a backend prints is no event

    def tell(self, event: str, **about: Any) -> None:
        """Write an event."""
        self._out.write(json.dumps({"event": event, **about}) + "\n")
        self._out.flush()

    def begin(self, cells: Sequence[Cell], num_steps: int, *, num_at_once: int = 1) -> None:
        """Nothing: who started this process knows."""

    def training(self, cell: Cell) -> None:
        """Tell that a run begins, or goes on."""
        self.tell("training", cell=self._cells.index(cell))

    def step(self, number: int) -> None:
        """Tell of steps."""
        self.tell("step", number=number)

    def end(self, cell: Cell, run: Run, seconds: float) -> None:
        """Tell that a run is finished."""
        self.tell("end", cell=self._cells.index(cell), seconds=seconds)

    def failed(self, cell: Cell, error: str) -> None:
        """Tell that a run failed."""
        self.tell("failed", cell=self._cells.index(cell), error=error)


def main() -> None:
    """Train the runs."""
    logging.getLogger("fer_data").setLevel(logging.ERROR)  # who started this has said it
    out, seed, *rest = sys.argv[1:]
    wanted = {(arm, number) for arm, number in json.load(sys.stdin)}
    folder = Path(out)
    protocol = Protocol.read(folder)
    cells = [
        cell
        for cell in protocol.needed(folder)
        if cell.seed == int(seed) and (str(cell.arm), cell.seed) in wanted
    ]
    teller = Teller(cells)
    try:
        from fer_model.comparison.in_turn import train_in_turn

        stopped, failures = train_in_turn(
            protocol, cells, folder, teller, cache=rest[0] if rest else None
        )
    except KeyboardInterrupt:
        teller.tell("stopped")
    except FerError as error:
        teller.tell("refused", error=str(error))
    else:
        teller.tell("stopped") if stopped else teller.tell("result", failures=failures)


if __name__ == "__main__":
    main()
