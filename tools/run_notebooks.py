"""Run the notebooks of the documentation, and keep small outputs in them.

    python tools/run_notebooks.py                # all of them
    python tools/run_notebooks.py audit          # one
    python tools/run_notebooks.py --check        # run them, and write nothing

Needs the extra ``notebooks``. Each runs in an empty folder, on faces that it draws. What is kept is
what a reader needs: no remarks of a framework on the machine, no path of it, images of at most 64
colours.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import re
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

NOTEBOOKS = Path(__file__).resolve().parents[1] / "docs" / "notebooks"

SECONDS = 900
"""Until a cell is given up."""


def run(path: Path, folder: Path) -> nbformat.NotebookNode:
    """Run a notebook in a folder, and return it with its outputs.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    """
    os.environ["FER_DATA_CACHE"] = str(folder / "cache")
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    notebook = nbformat.read(path, as_version=4)
    work = folder / "work"
    work.mkdir()
    client = NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(work)}})
    client.execute()
    return notebook


def small(notebook: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    """Return a notebook with outputs as they are kept."""
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type != "code":
            continue
        cell.execution_count = None
        cell.outputs = [
            output
            for output in cell.outputs
            if output.get("name") != "stderr" or output.output_type == "error"
        ]
        for output in cell.outputs:
            if "text" in output:
                output.text = _without(folder, output.text)
            if "data" not in output:
                continue
            output.metadata = {}
            if output.output_type == "execute_result":
                output.execution_count = None
            for kind, value in output.data.items():
                output.data[kind] = (
                    _with_few_colours(value) if kind == "image/png" else _without(folder, value)
                )
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def _without(folder: Path, text: str) -> str:
    """Return text without the folder that a notebook ran in."""
    return re.sub(rf"{re.escape(str(folder))}(/work)?/?", "", text)


def _with_few_colours(png: str) -> str:
    image = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    file = io.BytesIO()
    image.quantize(64, dither=Image.Dither.NONE).save(file, "png", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="by default all")
    parser.add_argument("--check", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if arguments.names and path.stem not in arguments.names:
            continue
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch).resolve()
            notebook = small(run(path, folder), folder)
        if not arguments.check:
            nbformat.write(notebook, path)
        print(f"{path.name}: {time.monotonic() - began:.0f} s, {len(str(notebook)) / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
