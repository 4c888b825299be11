"""What there is to say of arms by what they are, under the names that they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from fer_model.comparison.arm import Arm

AS_COMPARED: Mapping[str, str] = MappingProxyType({})
"""Names of arms that nobody renamed."""


def twice_corrected(arms: Sequence[Arm], names: Mapping[str, str] = AS_COMPARED) -> list[str]:
    """Return a line for each arm that makes up for the classes' frequencies more than once.

    Parameters
    ----------
    arms : sequence of Arm
    names : mapping of str to str
        What arms are called, by how they are spelled; others are called as they are spelled.
    """
    return [
        f"arm {called(arm, names)} makes up for the classes' frequencies more than once "
        f"({', '.join(arm.corrections)}), so it favours rare classes"
        for arm in arms
        if len(arm.corrections) > 1
    ]


def without_control(arms: Sequence[Arm], names: Mapping[str, str] = AS_COMPARED) -> list[str]:
    """Return a line on arms whose last layer is retrained, where their control is no arm."""
    lacking = {arm: arm.control for arm in arms if arm.control not in (None, *arms)}
    if not lacking:
        return []
    controls = dict.fromkeys(map(str, lacking.values()))
    return [
        f"part of the gain of {', '.join(called(arm, names) for arm in lacking)} may come from "
        f"training the last layer to convergence: the arm {', '.join(controls)} does that without "
        "balancing"
    ]


def called(arm: Arm, names: Mapping[str, str]) -> str:
    """Return an arm's name."""
    return names.get(str(arm), str(arm))
