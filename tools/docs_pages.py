"""The pages of the documentation site that no file in docs/ holds, made when `make docs` builds it.

Start is README. Notebooks stand with the outputs that are kept in them. The reference has every
public name of both packages by its docstring, and every command by what its ``--help`` prints:
nothing of it is kept, so nothing of it grows old.
"""

from __future__ import annotations

import io
import posixpath
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import griffe
from cyclopts import App
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from rich.console import Console

from tools.docs_math import as_mathml
from tools.docs_notebooks import notebook_page

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("fer_data", "fer_model")
PROGRAMS = {"fer-data": "fer_data.cli", "fer-model": "fer_model.cli"}

FROM_ROOT = {
    "index.md": "README.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "records.md": "records/README.md",
}
"""Pages of the site that are files elsewhere in the repository."""

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?![a-z]+:|#)([^)\s#]+)(#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add what is made here to the navigation."""
    config.mdx_configs["toc"]["slugify"] = anchor
    made = pages_of_packages()
    config.extra["made"] = made | {f"cli/{program}.md": help_page(program) for program in PROGRAMS}
    api = [
        {package: [path for path in made if path.startswith(f"reference/{package}/")]}
        for package in PACKAGES
    ]
    config.nav = [
        {"Start": "index.md"},
        *(config.nav or []),
        {"Reference": ["reference/index.md", *api]},
        {"Commands": [{name: f"cli/{name}.md"} for name in PROGRAMS]},
        {"Project": [{"Records": "records.md"}, "changelog.md", "contributing.md"]},
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages themselves."""
    made = config.extra.pop("made")
    made |= {
        f"notebooks/{path.stem}.md": notebook_page(path)
        for path in sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
    }
    made |= {page: (ROOT / file).read_text("utf-8") for page, file in FROM_ROOT.items()}
    for path, text in made.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links lead where their files are on the site; what is not on it stays as plain text."""
    path = page.file.src_uri
    source = FROM_ROOT.get(path, f"docs/{path}")
    pages = {file: page for page, file in FROM_ROOT.items()}

    def on_site(target: str) -> str | None:
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if not (ROOT / file).exists():
            return target  # dead: the build says so
        target_page = re.sub(r"\.ipynb$", ".md", pages.get(file, file.removeprefix("docs/")))
        if files.get_file_from_path(target_page) is None:
            return None
        return posixpath.relpath(target_page, posixpath.dirname(path) or ".")

    def link(match: re.Match[str]) -> str:
        text, target, fragment = match.groups()
        link = on_site(target)
        return text if link is None else f"[{text}]({link}{fragment or ''})"

    if path not in FROM_ROOT and not (ROOT / source).exists():
        return markdown
    markdown = re.sub(r"(!\[[^\]]*\]\()docs/", r"\1", markdown)
    return _LINK.sub(link, markdown)


def anchor(text: str, separator: str) -> str:
    """Return the anchor of a heading as GitHub makes it, so that links hold in both places."""
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", separator)


def public_names(package: str) -> Iterator[str]:
    """Yield the dotted name of everything public in a package, its public modules' names after."""
    module = import_module(package)
    own = [f"{package}.{name}" for name in sorted(module.__all__) if not name.startswith("_")]
    inner = [name for name in own if (ROOT / name.replace(".", "/")).is_dir()]
    yield from (name for name in own if name not in inner)
    for name in inner:
        yield from public_names(name)


def pages_of_packages() -> dict[str, str]:
    """Return the pages of the reference by their paths: one for each package within a package."""
    texts: dict[str, list[str]] = {"reference/index.md": ["# Reference\n"]}
    for package in PACKAGES:
        loaded = griffe.load(package, search_paths=[ROOT])
        pages: dict[str, list[Any]] = {}
        seen = set()
        for name in public_names(package):
            value = loaded[name.removeprefix(f"{package}.")]
            home = value.canonical_path
            if home not in seen:
                seen.add(home)
                pages.setdefault(home.split(".")[1], []).append((name, _summary(value)))
        texts["reference/index.md"] += [f"## {package}\n", _summary(loaded)]
        for part, names in sorted(pages.items()):
            title = "FER2013" if part == "fer2013" else part.capitalize()
            texts[f"reference/{package}/{part}.md"] = [
                f"# {title}\n",
                f"{_summary(loaded[part])}\n",
                *(f"::: {name}\n" for name, _ in names),
            ]
            rows = [
                f"| [`{name.removeprefix(f'{package}.')}`][{name}] | {about} |"
                for name, about in names
            ]
            head = [f"\n### [{title}]({package}/{part}.md)\n", "| name | what it is |", "|---|---|"]
            texts["reference/index.md"] += [*head, *rows]
    return {path: "\n".join(lines) for path, lines in texts.items()}


def _summary(value: Any) -> str:
    """Return the first paragraph of a docstring, in one line."""
    text = value.docstring.value if value.docstring else ""
    return (
        " ".join(as_mathml(text.strip().partition("\n\n")[0]).split())
        .replace("``", "`")
        .replace("|", r"\|")
    )


def help_page(program: str) -> str:
    """Return a page with the help of a program and of each of its commands."""
    app = import_module(PROGRAMS[program]).app
    commands = [name for name in app.resolved_commands() if not name.startswith("-")]
    parts = [f"# {program}\n", _help(app)]
    parts += [f"## {program} {name}\n\n{_help(app, name)}" for name in commands]
    return "\n".join(parts)


def _help(app: App, *words: str) -> str:
    """Return what ``--help`` prints in a terminal of 80 columns, as a block of text."""
    out = io.StringIO()
    app.help_print(list(words), console=Console(file=out, width=80, color_system=None))
    return f"```text\n{out.getvalue().strip()}\n```\n"
