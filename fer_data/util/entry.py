"""Where ``fer-data`` starts: what can be stopped by Ctrl-C before the command line is imported.

Importing it takes half a second, in which Ctrl-C would be a traceback. So this module imports
nothing before it is ready to be stopped.
"""

import sys
from importlib import import_module

INTERRUPTED = 130
"""Exit code after Ctrl-C."""


def start(name: str, module: str) -> None:
    """Import the module of a command line and run its ``main``."""
    try:
        import_module(module).main()
    except KeyboardInterrupt:
        sys.stderr.write(f"{name}: stopped\n")
        sys.exit(INTERRUPTED)


def main() -> None:
    """Run ``fer-data``."""
    start("fer-data", "fer_data.cli")
