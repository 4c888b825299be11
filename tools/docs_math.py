"""Formulas of docstrings as MathML, which browsers draw without a script or another host."""

from __future__ import annotations

import re
from typing import Any

import griffe
from latex2mathml.converter import convert

_BLOCK = re.compile(r"^( *)\.\. math:: *((?:.*\n?)(?:(?:\1 +.*|[ ]*)(?:\n|$))*)", re.MULTILINE)
_INLINE = re.compile(r":math:`([^`]+)`")


class Formulas(griffe.Extension):
    """Replaces ``.. math::`` and ``:math:`` of every docstring of a package."""

    def on_package(self, *, pkg: griffe.Module, **others: Any) -> None:
        """Go through all that a package has."""
        _replace(pkg)


def _replace(value: Any) -> None:
    if value.docstring:
        value.docstring.value = as_mathml(value.docstring.value)
    for member in value.members.values():
        if not member.is_alias:
            _replace(member)


def as_mathml(text: str) -> str:
    """Return a docstring with its formulas as MathML."""

    def block(match: re.Match[str]) -> str:
        formula = " ".join(match[2].split())
        return f"{match[1]}{convert(formula, display='block')}\n\n"

    text = _BLOCK.sub(block, text)
    return _INLINE.sub(lambda match: convert(" ".join(match[1].split())), text)
