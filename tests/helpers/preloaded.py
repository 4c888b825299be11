"""``fer-model`` in processes that are forked from one that has imported TensorFlow already.

Importing it takes most of the time of a short command. The server has computed nothing yet when it
forks; a test of how a command starts needs a process of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.helpers.preloaded", "fer_model.cli", "keras", "pandas"])


def fer_model(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    words = ["fer-model", *map(str, arguments)]
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("out", "err")]
        process = _SERVER.Process(target=_run, args=(words, cwd, files, dict(os.environ)))
        process.start()
        process.join()
        out, err = (file.read_text() for file in files)
    code = process.exitcode
    assert code is not None
    return subprocess.CompletedProcess(words, code, out, err)


def _run(words: list[str], cwd: Path, files: list[Path], environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    for number, file in enumerate(files, 1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
    sys.argv = words
    from fer_model import cli

    cli.main()
