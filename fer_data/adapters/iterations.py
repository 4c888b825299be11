"""Where the iterations of a dataset begin: each continues after the previous one."""

from __future__ import annotations


class Iterations:
    """Steps of iterations of one length.

    Attributes
    ----------
    num_steps : int
        Batches of each.
    step : int
        Where the next one begins, counted from 0 through all epochs. It may be set.
    fingerprint : str
        The settings that decide the batches.
    """

    def __init__(self, num_steps: int, step: int, fingerprint: str) -> None:
        self.num_steps, self.step, self.fingerprint = num_steps, step, fingerprint

    def __str__(self) -> str:
        return (
            f"{self.num_steps} batches per iteration; the next one begins at step {self.step}: "
            "iterate or fit again to continue there"
        )

    def begin(self) -> int:
        """Return where an iteration begins that goes on to its end."""
        step = self.step
        self.step += self.num_steps
        return step
