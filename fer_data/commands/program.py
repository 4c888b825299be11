"""A command line: commands, help, errors in one line, exit codes.

Exit codes: 0 success, 1 a requested check failed, 2 bad usage or bad input, 130 Ctrl-C.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Mapping, Sequence

from cyclopts import (
    App,
    CycloptsError,
    Group,
    MissingArgumentError,
    Parameter,
    UnusedCliTokensError,
)

from fer_data.commands.fields import flag
from fer_data.errors import FerError, Interrupted, shown_values
from fer_data.extras import explain
from fer_data.terminal.cli_support import logs_said, say
from fer_data.terminal.help_page import HelpPage
from fer_data.util.entry import INTERRUPTED

FAILED_CHECK, BAD_INPUT = 1, 2

_OTHERWISE = {
    "form": ("--size", "--color"),
    "image_size": ("--image-size", "--size"),
    "num_steps": ("--steps",),
}
"""Arguments of the library whose options have other names."""

_OPTIONS = Group("Options", sort_key=1)

_VERSIONS_OF = ("numpy", "keras", "tensorflow", "torch", "jax")
"""Packages whose version ``--version`` reports, where installed."""


def new_app(name: str, about: str, commands: Mapping[str, str]) -> App:
    """Return a command line.

    Parameters
    ----------
    name, about : str
    commands : mapping of str to str
        Each command's name, and ``module:function``, imported where it is called.
    """
    app = App(
        name=name,
        help=about,
        help_format="plaintext",
        help_formatter=HelpPage(),
        version=lambda: versions(name),
        version_flags=["--version"],
        default_parameter=Parameter(negative=()),
        group_parameters=_OPTIONS,
    )
    for flags in ("--help", "--version"):
        app[flags].group = (_OPTIONS,)
    for number, (command, function) in enumerate(commands.items()):
        app.command(function, name=command, sort_key=number, version_flags=[])
    return app


def versions(name: str) -> str:
    """Return the versions of the package, of Python and its libraries, and the kernel."""
    from importlib.metadata import PackageNotFoundError, version
    from platform import python_version

    from fer_data import __version__
    from fer_data.transforms.kernel import kernel_in_use

    lines = [f"{name} {__version__}", f"Python {python_version()}"]
    for package in _VERSIONS_OF:
        try:
            lines.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return "\n".join([*lines, f"kernel: {kernel_in_use()}"])


def options_of(app: App, command: str) -> dict[str, tuple[str, ...]]:
    """Return all names of each argument of a command, by its first name."""
    arguments = app[command].assemble_argument_collection()
    return {argument.name: argument.names for argument in arguments if argument.parse}


def run(app: App) -> None:
    """Run a command line on the words of ``sys.argv``, and end the process."""
    name, words = app.name[0], sys.argv[1:]
    if isinstance(sys.stdout, io.TextIOWrapper):  # file names and bars that it cannot encode
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with logs_said():
            code = _called(app, words)
        sys.stdout.flush()
    except CycloptsError as error:
        say(f"{name}: {_usage_error(app, error)}")
        code = BAD_INPUT
    except FerError as error:
        say(f"{name}: {_with_options(app, words, error)}")
        code = BAD_INPUT
    except ModuleNotFoundError as error:
        if (explained := explain(error)) is error:
            raise
        say(f"{name}: {explained}")
        code = BAD_INPUT
    except SystemExit as end:
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        code = 0  # rich would exit with 1
    except Interrupted as interrupted:
        say(str(interrupted))
        code = INTERRUPTED
    except KeyboardInterrupt:
        say(f"{name}: stopped")
        code = INTERRUPTED
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0 if isinstance(error, BrokenPipeError) else BAD_INPUT  # as `head` leaves
        if code:
            say(f"{name}: {error}")
    sys.exit(code)


def _called(app: App, words: Sequence[str]) -> int:
    """Call the named command, or show the help if there is none."""
    if not words or words[0] in app.help_flags:
        app.resolved_commands()  # else their summaries are not known
    if not words:
        app.help_print(words)
        return BAD_INPUT
    command, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False, verbose=False)
    return command(*bound.args, **bound.kwargs) or 0


def _usage_error(app: App, error: CycloptsError) -> str:
    """Return a usage error in one line."""
    command = " ".join(error.command_chain or ())
    if isinstance(error, MissingArgumentError) and error.argument and not error.argument.tokens:
        example = re.search(rf"^ *({app.name[0]} {command} .*)$", app[command].help, re.M)
        shown = f", as in: {example[1]}" if example else ""
        return f"{command}: {error.argument.name} is missing{shown} (--help for all options)"
    if isinstance(error, UnusedCliTokensError):
        return f"{command}: not expected: {' '.join(error.unused_tokens or ())}"
    text = " ".join(str(error).split())
    return text[:1].lower() + (text[1:] if text.endswith("...") else text[1:].removesuffix("."))


def _with_options(app: App, words: Sequence[str], error: FerError) -> str:
    """Return an error's text, with the options of the command that resolve it."""
    if not error.fix:
        return str(error)
    known = {name for names in options_of(app, words[0]).values() for name in names}

    def spell(argument: str, values: tuple[str, ...]) -> str:
        names = _OTHERWISE.get(argument, (flag(argument),))
        options = " ".join(option for option in names if option in known)
        takes_value = options and values not in ((), ("true",))
        return f"{options} {shown_values(values)}" if takes_value else options

    return error.spelled(spell)
