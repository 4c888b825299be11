"""Markdown as GitHub and the Hugging Face Hub read it: tables, escaped text, YAML front matter."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fer_data.errors import DataError
from fer_data.util.words import printable

_PLAIN = re.compile(r"[A-Za-z][\w./-]*")
_RESERVED = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def escaped(text: str) -> str:
    """Return text in which Markdown finds nothing to interpret."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>|#&~" else c for c in printable(text))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the first column stands on the left, the others on the right."""
    lines = [f"| {' | '.join(map(escaped, row))} |" for row in (head, *rows)]
    return "\n".join([lines[0], "|---" + "|---:" * (len(head) - 1) + "|", *lines[1:]]) + "\n"


def front_matter(values: Mapping[str, Any], remarks: Mapping[str, str] | None = None) -> str:
    """Return YAML between two lines of dashes.

    Parameters
    ----------
    values : mapping
        Of text, numbers, None, and mappings and lists of them.
    remarks : mapping of str, optional
        A comment behind the value of a name.
    """
    lines: list[str] = []
    for name, value in values.items():
        lines += _yaml({name: value})
        if remarks and name in remarks:
            lines[-1] += f" # {remarks[name]}"
    return "\n".join(["---", *lines, "---"]) + "\n"


def refuse_card(path: Path) -> None:
    """Refuse to write a card in place of a file, which may be one that was filled in.

    Raises
    ------
    DataError
        If there is a file.
    """
    if path.exists() or path.is_symlink():
        raise DataError(
            f"{path}: is there already, and a card would replace it; choose another folder, or "
            "move it away",
            fix={"out": []},
        )


def _yaml(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(inner, Mapping | list) and inner:
                yield f"{_scalar(name)}:"
                yield from (f"  {line}" for line in _yaml(inner))
            else:
                yield f"{_scalar(name)}: {_scalar(inner)}"
    elif isinstance(value, list):
        for item in value:
            first, *others = _yaml(item)
            yield f"- {first}"
            yield from (f"  {line}" for line in others)
    else:
        yield _scalar(value)


def _scalar(value: Any) -> str:
    """Return a value as YAML holds it; JSON's strings are YAML's, too."""
    if isinstance(value, str):
        is_plain = value.isascii() and _PLAIN.fullmatch(value)
        if is_plain and value.lower() not in _RESERVED:
            return value
        value = printable(value)
    return json.dumps(value, ensure_ascii=False)
