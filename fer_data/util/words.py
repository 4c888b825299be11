"""Numbers and names as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with what it counts: ``1 image``, ``1,234 images``.

    Parameters
    ----------
    number : int
    one : str
        What follows a 1.
    many : str, optional
        What follows any other number; by default `one` with an s.
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def meant(name: str, known: Iterable[str]) -> str:
    """Return a question for the name that was meant, the nearest of the known ones, or ``""``.

    Examples
    --------
    >>> from fer_data.util.words import meant
    >>> meant("batchsize", ["balance", "batch_size"]), meant("x", ["balance"])
    ('. Did you mean batch_size?', '')
    """
    plain = {other.lower().replace("-", "_"): other for other in known}
    near = get_close_matches(name.lower().replace("-", "_"), plain, 1)
    return f". Did you mean {plain[near[0]]}?" if near else ""


def printable(name: str) -> str:
    """Return a file name with what no terminal can show (newlines, broken bytes) escaped."""
    if name.isprintable():
        return name
    return name.encode("unicode_escape").decode("ascii")


def sized(num_bytes: int) -> str:
    """Return a number of bytes for people: ``1.3 GB``."""
    for power, unit in ((9, "GB"), (6, "MB"), (3, "kB")):
        if num_bytes >= 10**power:
            return f"{num_bytes / 10**power:,.1f} {unit}"
    return f"{num_bytes} B"


def shown_class(name: str) -> str:
    """Return a printable class name, quoted where it begins or ends with a blank.

    Without quotes it looks like another class; in files and JSON it is as it is.
    """
    return printable(name) if name == name.strip() else f"'{printable(name)}'"


def named_class(name: str) -> str:
    """Return a class name as it stands in a sentence: a number in quotes, else as `shown_class`."""
    return f"'{name}'" if name.strip().isdecimal() else shown_class(name)
