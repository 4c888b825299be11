"""A user's own function, as a run records it: by an import name, and by a digest of its source.

Functions that were given are kept for the process, so that a recipe names them in text.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

from fer_data.errors import UsageError

_IMPORT_NAME = re.compile(r"[A-Za-z_][\w.]*:[\w.<>]+(#[0-9a-f]{12})?")

_GIVEN: dict[str, OwnCode] = {}
"""By key, what this process was given."""


@dataclass(frozen=True)
class OwnCode:
    """A function of the user's.

    Attributes
    ----------
    name : str
        ``package.module:function``; of a notebook or a script, ``__main__:function``.
    digest : str
        Of its source, and of the source of what it names in its own package.
    function : callable
    """

    name: str
    digest: str
    function: Callable[..., Any]

    @property
    def key(self) -> str:
        """Its name and the beginning of its digest: ``package.module:function#0123456789ab``."""
        is_of_keras = self.name.startswith("keras.applications:")
        return self.name if is_of_keras else f"{self.name}#{self.digest[:12]}"


def is_import_name(text: str) -> bool:
    """Whether a text has the form ``package.module:function``, with or without a digest."""
    return _IMPORT_NAME.fullmatch(text) is not None


def keep(code: OwnCode) -> str:
    """Keep a function for this process, and return its key, by which `code_of` finds it."""
    _GIVEN[code.key] = code
    return code.key


def code_of(argument: str, key: str) -> OwnCode:
    """Return the function that was given with a key; `argument` is what it is given as.

    Raises
    ------
    UsageError
        If this process was not given it: no file's word is taken for what code to run.
    """
    if key not in _GIVEN:
        raise UsageError(f"{argument}: {key} must be given again", fix={argument: []})
    return _GIVEN[key]


def is_same_code(one: str, other: str) -> bool:
    """Whether two keys are of one function: a script's is ``__main__``, imported it has a name."""
    ends = one.partition(":")[2], other.partition(":")[2]
    return "#" in one and ends[0] == ends[1]


def own_code(argument: str, given: str | Callable[..., Any] | OwnCode) -> OwnCode:
    """Return a function that is given as such, or by its import name.

    Modules are found where Python finds them, and last in the working directory.

    Parameters
    ----------
    argument : str
        What the function is given as, for errors.
    given : str or callable

    Raises
    ------
    UsageError
        If there is no such module or function, or it cannot be called.
    """
    if isinstance(given, OwnCode):
        return given
    name = given if isinstance(given, str) else _name(given, is_net=argument == "net")
    function = _imported(argument, given) if isinstance(given, str) else given
    if not callable(function) and not argument.startswith("augment"):  # a transform is an object
        raise UsageError(f"{argument}: expected a function, got {function!r:.80}")
    if argument == "net" and not _takes_two(function):
        raise UsageError(
            "net: expected a function of input_shape and num_classes that returns a model, got "
            f"{function!r:.80}"
        )
    key = hashlib.blake2b(digest_size=16)
    for part in _sources(function, _package(function), set()):
        key.update(part.encode("utf-8", "surrogateescape") + b"\0")
    return OwnCode(name, key.hexdigest(), function)


def _takes_two(function: Any) -> bool:
    """Whether a net's function can be called with a shape and a number, as far as can be known."""
    if isinstance(getattr(function, "layers", None), list):  # a model, which may be called, too
        return False
    try:
        inspect.signature(function).bind((48, 48, 1), 7)
    except TypeError:
        return False
    except ValueError:  # a function without a signature
        pass
    return True


def _imported(argument: str, name: str) -> Any:
    if not is_import_name(name):
        raise UsageError(f"{argument}: expected package.module:function, got {name!r}")
    module, _, qualified = name.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # last: no file there takes the place of an installed module
    try:
        imported = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise  # the module is there, and lacks another one
        raise UsageError(f"{argument}: {name}: there is no module {error.name}") from None
    try:
        return functools.reduce(getattr, qualified.split("."), imported)
    except AttributeError:
        raise UsageError(f"{argument}: {name}: {module} has no {qualified}") from None


def _name(function: Callable[..., Any], *, is_net: bool) -> str:
    named = function.func if isinstance(function, functools.partial) else function
    if not hasattr(named, "__qualname__"):
        named = type(named)
    if is_net and _package(named) == "keras":
        return f"keras.applications:{named.__name__}"
    return f"{named.__module__}:{named.__qualname__}"


def _package(code: Any) -> str:
    return (getattr(code, "__module__", None) or type(code).__module__).partition(".")[0]


def _sources(code: Any, package: str, seen: set[int]) -> Iterator[str]:
    """Yield the source of a function or class, and of what it names of the same package."""
    if id(code) in seen or package == "keras":
        return
    seen.add(id(code))
    if isinstance(code, functools.partial):
        yield repr((code.args, sorted(code.keywords.items())))
        yield from _sources(code.func, package, seen)
        return
    if not isinstance(code, FunctionType | type):
        yield repr(sorted(vars(code).items())) if hasattr(code, "__dict__") else repr(code)
        for value in vars(code).values() if hasattr(code, "__dict__") else ():
            for part in value if isinstance(value, tuple) else ():  # operations of a transform
                yield from _sources(type(part), _package(part), seen)
        yield from _sources(type(code), package, seen)
        return
    try:
        yield inspect.getsource(code)
        is_known = code.__name__ != "<lambda>"  # of whose line there may be several
    except (OSError, TypeError):  # typed at a prompt
        yield code.__qualname__
        is_known = False
    methods = vars(code).values() if isinstance(code, type) else [code]
    for method in (member for member in methods if isinstance(member, FunctionType)):
        if not is_known:
            yield _compiled(method.__code__)
        cells = zip(method.__code__.co_freevars, method.__closure__ or (), strict=True)
        known = {**method.__globals__, **{name: cell.cell_contents for name, cell in cells}}
        for name in sorted(_names(method.__code__)):
            value = known.get(name)
            if isinstance(value, FunctionType | type | functools.partial):
                if _package(value) == package:
                    yield from _sources(value, package, seen)
            elif isinstance(value, str | bytes | int | float | tuple):
                yield f"{name} = {value!r}"
            elif isinstance(value, ModuleType) and value.__name__.partition(".")[0] == package:
                yield from _of_module(value)


def _of_module(module: ModuleType) -> Iterator[str]:
    try:
        yield inspect.getsource(module)
    except (OSError, TypeError):
        yield module.__name__


def _compiled(code: CodeType) -> str:
    parts = [
        _compiled(constant) if isinstance(constant, CodeType) else repr(constant)
        for constant in code.co_consts
    ]
    return " ".join([code.co_code.hex(), *code.co_names, *parts])


def _names(code: CodeType) -> set[str]:
    """Return the names that a function uses, and the functions within it."""
    inner = (_names(constant) for constant in code.co_consts if isinstance(constant, CodeType))
    return {*code.co_names, *code.co_freevars}.union(*inner)
