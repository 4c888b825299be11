"""One registry for every name with parameters: strategies, mixes, losses, heads, nets.

Entries are functions. The text of one is ``name``, ``name:1.5`` or ``name:0.9:2.0``; parsing,
printing, help and errors with a suggestion are implemented only here. Functions of a user are
registered by the same decorator, and are then accepted everywhere.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, ClassVar, Self, TypeVar

from fer_data import plugins
from fer_data.errors import UsageError
from fer_data.parameters import REQUIRED, Parameter
from fer_data.util.words import meant

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class Entry:
    """A registered function with its parameters, traits and module."""

    name: str
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    traits: Mapping[str, Any]
    module: str

    def forms(self, *, explained: bool = False) -> tuple[str, ...]:
        """Return its texts, parameters by their names: several where some have a default."""
        least = sum(parameter.default is REQUIRED for parameter in self.parameters)
        shown = [self.parameters[:number] for number in range(least, len(self.parameters) + 1)]
        names = [":".join([self.name, *(p.name for p in some)]) for some in shown]
        abouts = [", ".join(f"{p.name} {p.expected}" for p in some) for some in shown]
        return tuple(
            f"{name} ({about})" if about and explained else name
            for name, about in zip(names, abouts, strict=True)
        )

    def read(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return values of all parameters; a ValueError where one is missing or is none."""
        values += tuple(parameter.default for parameter in self.parameters[len(values) :])
        if any(value is REQUIRED for value in values):
            raise ValueError(values)
        return tuple(
            value if value is parameter.default else parameter.read(value)
            for parameter, value in zip(self.parameters, values, strict=True)
        )


class Registry:
    """Functions by their names, each with its parameters.

    Parameters
    ----------
    kind : str
        Name of the argument that chooses from it: ``loss``.
    aliases : mapping of str to str
        Other names of some.
    **traits
        What else is known of each, with the value where `register` is given none.

    Examples
    --------
    >>> import fer_data
    >>> cakes = fer_data.Registry("cake")
    >>> @cakes.register("layered", fer_data.Integer("LAYERS", 1, 9))
    ... def layered(layers):
    ...     "Put layers on one another."
    >>> cakes
    layered:LAYERS  Put layers on one another.
    """

    def __init__(
        self, kind: str, *, aliases: Mapping[str, str] | None = None, **traits: Any
    ) -> None:
        self.kind = kind
        self._aliases = dict(aliases or {})
        self._traits = traits
        self._entries: dict[str, Entry] = {}

    def register(self, name: str, *parameters: Parameter, **traits: Any) -> Callable[[F], F]:
        """Return a decorator that registers a function, and leaves it as it is.

        Parameters
        ----------
        name : str
        *parameters : Parameter
            What the function is given after its other arguments; those with a default last.
        **traits
            What else is known of it: those that the registry has.

        Raises
        ------
        UsageError
            If the name is taken or has other characters than letters, digits, ``- . _``, or there
            is no such trait.
        """
        if name in {*self._entries, *self._aliases}:
            raise UsageError(f"{self.kind} {name!r} is registered already")
        if not re.fullmatch("[A-Za-z][A-Za-z0-9._-]*", name):
            raise UsageError(
                f"{self.kind}: expected a name of letters, digits, - . _, got {name!r}"
            )
        if others := sorted(traits.keys() - self._traits.keys()):
            raise UsageError(f"{self.kind} {name}: no trait is called {', '.join(others)}")
        module = sys._getframe(1).f_globals.get("__name__", "")

        def decorate(function: F) -> F:
            self._entries[name] = Entry(name, function, parameters, self._traits | traits, module)
            return function

        return decorate

    def __repr__(self) -> str:
        lines = []
        for entry in map(self._entries.__getitem__, self.names()):
            about, *_ = (entry.function.__doc__ or "").split("\n")
            lines.append(f"{', '.join(entry.forms())}  {about}")
        return "\n".join(lines)

    def get(self, name: str) -> Entry | None:
        """Return what has a name, or None."""
        name = self._aliases.get(name, name)
        if name not in self._entries:
            plugins.load()
        return self._entries.get(name)

    def names(self) -> tuple[str, ...]:
        """Return all names."""
        plugins.load()
        return tuple(self._entries)

    def forms(self, *, explained: bool = False) -> tuple[str, ...]:
        """Return all texts, parameters by their names, and explained where that is asked for."""
        every = [self._entries[name].forms(explained=explained) for name in self.names()]
        return tuple(form for forms in every for form in forms)


@dataclass(frozen=True, init=False, repr=False)
class Choice:
    """A name of a registry with values of its parameters; `str` is a text that `parse` reads.

    Subclasses name their registry, and do what it is for.

    Parameters
    ----------
    name : str
    *parameters
        Values, or their texts; trailing ones with a default may be omitted.

    Raises
    ------
    UsageError
        If there is none of that name, or a parameter is missing, needless or out of range.

    Examples
    --------
    >>> import fer_data
    >>> strategy = fer_data.Strategy.parse("power:0.5")
    >>> str(strategy), strategy.parameters
    ('power:0.5', (0.5,))
    """

    registry: ClassVar[Registry]
    name: str
    parameters: tuple[Any, ...]

    def __init__(self, name: str, *parameters: Any) -> None:
        kind, entry = self.registry.kind, self.registry.get(name)
        got = ":".join([name, *map(str, parameters)])
        if entry is None:
            raise unknown(kind, got, self.forms())
        try:
            values = entry.read(parameters)
        except (TypeError, ValueError, OverflowError):
            forms = " or ".join(entry.forms(explained=True))
            raise UsageError(f"{kind}: expected {forms}, got {got!r}") from None
        object.__setattr__(self, "name", entry.name)
        object.__setattr__(self, "parameters", values)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse one of `forms`; a UsageError where it is none."""
        entry = cls.registry.get(text.partition(":")[0])
        return cls(*text.split(":", max(1, len(entry.parameters)) if entry else -1))

    @classmethod
    def forms(cls, *, explained: bool = False) -> tuple[str, ...]:
        """Return all that `parse` reads, parameters by their names."""
        return cls.registry.forms(explained=explained)

    @property
    def entry(self) -> Entry:
        """What is registered by this name."""
        entry = self.registry.get(self.name)
        assert entry is not None
        return entry

    def trait(self, name: str) -> Any:
        """Return what else is known of it."""
        return self.entry.traits[name]

    def __str__(self) -> str:
        kinds, values = self.entry.parameters, list(self.parameters)
        while values and values[-1] == kinds[len(values) - 1].default:
            values.pop()
        words = [kind.print(value) for kind, value in zip(kinds, values, strict=False)]
        return ":".join([self.name, *words])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> Any:
        return _restored, (type(self), str(self), self.entry.module)


def _restored(cls: type[Choice], text: str, module: str) -> Choice:
    """Return a choice in another process, which may not have imported its module yet."""
    if cls.registry.get(text.partition(":")[0]) is None:
        __import__(module)
    return cls.parse(text)


def unknown(kind: str, got: str, forms: Iterable[str]) -> UsageError:
    """Return the error for a text whose name is none of some forms', with the nearest of them."""
    forms = tuple(forms)
    names = [form.split(":")[0] for form in forms]
    name = got.partition(":")[0]
    known = {word: [other for other in of if other in names] for word, of in _SYNONYMS.items()}
    near = get_close_matches(name.lower(), [*filter(known.get, known), *names], 1)
    others = known.get(near[0]) if near else None
    hint = f". Did you mean {' or '.join(others)}?" if others else meant(name, names)
    return UsageError(f"{kind}: got {got!r}{hint or '.'} Expected one of {', '.join(forms)}")


_SYNONYMS = {
    **dict.fromkeys(("balance", "balanced"), ("batch", "oversample", "class-weights")),
    **dict.fromkeys(("weighted", "weight", "weights"), ("class-weights",)),
    **dict.fromkeys(("over", "upsample", "oversampling", "smote", "ros"), ("oversample",)),
    **dict.fromkeys(("under", "downsample", "undersampling", "rus"), ("undersample",)),
}
"""What others call it, or what comes nearest to it."""
