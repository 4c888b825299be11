"""How large is an installation, and how long does it take? One fresh environment for each call.

    python tools/measure_install.py
    python tools/measure_install.py --extras torch,parquet --json torch.json

Makes a virtual environment in a temporary folder, installs the project from this checkout as `pip
install '.[EXTRAS]'` does, and prints the size of all files in the environment (pip and compiled
Python among them), the seconds that pip took, and the largest packages. The time is that of pip's
downloads, too, unless its cache has them; `--no-cache` downloads everything.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import asdict, dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

ROOT = Path(__file__).parents[1]
MB = 1e6


@dataclass(frozen=True)
class Installed:
    """What an installation takes.

    Attributes
    ----------
    extras : str
        With commas between them; empty for the base.
    python : str
        Its version.
    bytes : int
        Of all files in the environment.
    seconds : float
        That pip took.
    packages : dict
        Name and version of each package to the bytes of its files, the largest first.
    """

    extras: str
    python: str
    bytes: int
    seconds: float
    packages: dict[str, int]


def measure(folder: Path, extras: str, *, use_cache: bool = True) -> Installed:
    """Install the project into a new environment in a folder, and return what it takes.

    Raises
    ------
    subprocess.CalledProcessError
        If pip fails.
    """
    venv.create(folder, with_pip=True)
    project = f"{ROOT}[{extras}]" if extras else str(ROOT)
    options = ["--quiet", "--disable-pip-version-check", *([] if use_cache else ["--no-cache-dir"])]
    began = time.perf_counter()
    subprocess.run(
        [folder / "bin" / "python", "-m", "pip", "install", *options, project],
        check=True,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    seconds = time.perf_counter() - began
    site = next(folder.glob("lib/python*/site-packages"))
    sizes = {
        f"{package.metadata['Name']} {package.version}": _bytes_of(package)
        for package in distributions(path=[str(site)])
    }
    largest_first = dict(sorted(sizes.items(), key=lambda item: -item[1]))
    total = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
    return Installed(extras, platform.python_version(), total, seconds, largest_first)


def _bytes_of(package: Distribution) -> int:
    files = [Path(str(package.locate_file(file))) for file in package.files or ()]
    return sum(path.lstat().st_size for path in files if path.is_file())


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--extras", default="", help="with commas between them; none is the base")
    parser.add_argument("--no-cache", action="store_true", help="let pip download everything")
    parser.add_argument("--json", type=Path, help="write the figures, too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            installed = measure(Path(folder), arguments.extras, use_cache=not arguments.no_cache)
        except subprocess.CalledProcessError as error:
            sys.exit(f"pip failed (exit code {error.returncode})")
    if arguments.json:
        arguments.json.write_text(json.dumps(asdict(installed), indent=2) + "\n", "utf-8")
    title = f"fer-data[{installed.extras}]" if installed.extras else "fer-data"
    table = Table(title=Text(title), title_justify="left")  # no markup
    table.add_column("package")
    table.add_column("MB", justify="right")
    for name, size in list(installed.packages.items())[:10]:
        table.add_row(name, f"{size / MB:.1f}")
    console = Console()
    console.print(table)
    console.print(
        f"{installed.bytes / MB:.0f} MB in {len(installed.packages)} packages, installed in "
        f"{installed.seconds:.0f} s (Python {installed.python})",
        highlight=False,
    )


if __name__ == "__main__":
    main()
