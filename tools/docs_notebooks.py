"""Notebooks as pages of the documentation site: their cells, and the outputs kept in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_BADGE = re.compile(r"\[!\[[^\]]*\]\([^)]*\)\]\(([^)]*)\)")


def notebook_page(path: Path) -> str:
    """Return a notebook as Markdown. Links to other notebooks lead to their pages.

    The badge, which is an image of another host, becomes a plain link, as no page of the site asks
    another host for anything.
    """
    cells = json.loads(path.read_text("utf-8"))["cells"]
    parts = [part for cell in cells for part in _parts(cell)]
    links = rf"[Open in Colab](\1) · [Download]({path.name})"
    return _BADGE.sub(links, "\n\n".join(parts)) + "\n"


def _parts(cell: dict[str, Any]) -> Iterator[str]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield re.sub(r"(\]\([\w-]+)\.ipynb\)", r"\1.md)", source)
        return
    yield f"```python\n{source}\n```"
    for output in cell["outputs"]:
        yield _shown(output)


def _shown(output: dict[str, Any]) -> str:
    """Return what a cell printed or showed, of several forms the richest."""
    data = {kind: "".join(value) for kind, value in output.get("data", {}).items()}
    if "image/png" in data:
        image = data["image/png"].replace("\n", "")
        return f'<div class="output"><img alt="Plot" src="data:image/png;base64,{image}"></div>'
    if "text/html" in data:
        return f'<div class="output">{_plain(data["text/html"])}</div>'
    if "text/markdown" in data:
        return data["text/markdown"]
    text = data.get("text/plain", "".join(output.get("text", "")))
    return f"```{{.text .output}}\n{text.rstrip()}\n```"


def _plain(html: str) -> str:
    """Return html without the style that pandas brings: the site has its own for tables."""
    html = re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL)
    return re.sub(r'<table border="1" class="dataframe">', "<table>", html)
