"""Options of a command line from the fields of a frozen dataclass of the library.

Names, types and defaults are defined only in the dataclass. Here an option is None unless it is on
the command line, so that a command passes on exactly what was given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, make_dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from cyclopts import Group, Parameter

from fer_data.errors import UsageError

DATA = Group("Data", sort_key=3)
TRAINING = Group("Training", sort_key=2)
OUTPUT = Group("Output", sort_key=4)
MACHINE = Group("Machine", sort_key=5)


@Parameter(name="*")
@dataclass(frozen=True)
class Given:
    """Options of a command, flattened into it; None for each that was not given."""

    def given(self) -> dict[str, Any]:
        """Return the options that are on the command line, by the names of the fields."""
        return {name: value for name, value in vars(self).items() if value is not None}


G = TypeVar("G", bound=Given)


def fields_of(
    source: type,
    words: Mapping[str, Parameter],
    *,
    group: Group,
    only: Collection[str] = (),
    without: Collection[str] = (),
    shown: object = None,
) -> Callable[[type[G]], type[G]]:
    """Return a decorator that gives a class the fields of a dataclass, as options.

    Parameters
    ----------
    source : type
        A dataclass whose docstring has its fields under ``Attributes``.
    words : mapping of str to Parameter
        What the command line adds to a field: its help, its placeholder, its type. The help of
        other fields is the first sentence of their documentation.
    group : Group
        Heading under which the help shows them.
    only, without : collection of str
        Names of the fields to include; of those to exclude.
    shown : object, optional
        An instance whose values the help shows as defaults, where they are not the dataclass's.
    """

    def decorate(cls: type[G]) -> type[G]:
        types = get_type_hints(source)
        options = [
            _option(
                field.name,
                types[field.name],
                _default(field) if shown is None else getattr(shown, field.name),
                source,
                words.get(field.name),
                group,
            )
            for field in fields(source)
            if (not only or field.name in only) and field.name not in without
        ]
        made = make_dataclass(cls.__name__, options, bases=(cls,), frozen=True)
        made.__module__, made.__doc__ = cls.__module__, cls.__doc__
        return made

    return decorate


def refuse_others(why: str, *options: Given, but: Collection[str] = ()) -> None:
    """Refuse options that were given but would have no effect.

    Parameters
    ----------
    why : str
        Why they have no effect.
    *options : Given
    but : collection of str
        Names of the fields that have an effect.

    Raises
    ------
    UsageError
        If there is one.
    """
    others = [name for group in options for name in group.given() if name not in but]
    if others:
        raise UsageError(f"{', '.join(map(flag, others))} cannot be given here: {why}")


def flag(name: str) -> str:
    """Return the option of a field."""
    return f"--{name.replace('_', '-')}"


def _option(
    name: str, hint: Any, default: Any, source: type, words: Parameter | None, group: Group
) -> tuple[str, Any, Any]:
    """Return a field of a class of options: its name, its annotated type, and None."""
    kind, read = _kind(hint)
    of_field = Parameter(
        group=group,
        help=_documentation(source, name),
        show_default=False if default is None or default is False else str(_shown(default)),
        converter=read,
        n_tokens=None if read is None else 1,
        negative=f"--no-{flag(name)[2:]}" if default is True else (),
    )
    return name, Annotated[kind | None, of_field, *([words] if words else [])], field(default=None)


def _default(field: Any) -> Any:
    return field.default_factory() if field.default is MISSING else field.default


def _shown(default: Any) -> Any:
    """Return a default as a user types it: sizes as 48 or 48x64."""
    if isinstance(default, tuple):
        return "x".join(map(str, dict.fromkeys(default)))
    return default


def _kind(hint: Any) -> tuple[Any, Callable[[Any, Sequence[Any]], Any] | None]:
    """Return the type of an option's text, and its parser where cyclopts has none.

    Names are comma-separated, pairs are ``old=new,other=new``, sizes are one number or
    HEIGHTxWIDTH. Everything else is text, which the library checks.
    """
    arms = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    arms = tuple(arm for arm in arms if arm is not type(None))
    if Path in arms:
        return Path, None
    for arm in arms:
        origin = get_origin(arm) or arm
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return str, _pairs
        if origin is tuple and get_args(arm) == (int, int):
            return str, read_size
        if isinstance(origin, type) and issubclass(origin, Collection) and origin is not str:
            return str, _names
    if len(arms) == 1 and (arms[0] in (bool, int, float) or get_origin(arms[0]) is Literal):
        return arms[0], None
    return str, None


def _names(kind: Any, tokens: Sequence[Any]) -> tuple[str, ...]:
    return tuple(
        name.strip() for token in tokens for name in token.value.split(",") if name.strip()
    )


def _pairs(kind: Any, tokens: Sequence[Any]) -> dict[str, str]:
    pairs = [name.partition("=") for name in _names(kind, tokens)]
    if bad := [old for old, equals, _ in pairs if not equals]:
        raise ValueError(f"expected OLD=NEW, got {bad[0]}")
    return {old: new for old, _, new in pairs}


def read_size(kind: Any, tokens: Sequence[Any]) -> tuple[int, int]:
    """Read a size: one number, or HEIGHTxWIDTH."""
    (token,) = tokens
    match = re.fullmatch(r"([0-9]{1,9})(?:x([0-9]{1,9}))?", token.value)
    if match is None:
        raise ValueError(f"expected a number of pixels or HEIGHTxWIDTH, got {token.value}")
    return int(match[1]), int(match[2] or match[1])


def _documentation(source: type, name: str) -> str:
    """Return the first sentence about a field in its class's docstring."""
    entry = re.search(
        rf"^ *(?:\w+, )*{name}(?:, \w+)* : .*\n((?:(?: {{8,}}.*)?\n)+)", source.__doc__ or "", re.M
    )
    text = " ".join(entry[1].split()) if entry else ""
    return re.split(r"(?<=[.:;]) ", text)[0]
