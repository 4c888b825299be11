"""A page as a real browser shows it: Chromium, headless, without a network."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

_BROWSER = "not an origin"
"""Who asked, in Chromium's log, where it was the browser for purposes of its own."""

NEEDED = "no chromium here (on Debian: apt-get install chromium)"


@dataclass(frozen=True)
class Shown:
    """What came of a page.

    Attributes
    ----------
    html : str
        The document after everything in it had run.
    console : list of str
        What it, or the browser about it, wrote to the console.
    requests : list of str
        Every address that was requested, without the page itself and data URIs.
    """

    html: str
    console: list[str]
    requests: list[str]


def show(page: Path, scratch: Path, *, width: int = 1100, image: Path | None = None) -> Shown:
    """Open a page, wait until it is quiet, and tell what happened; draw it where asked."""
    assert CHROMIUM
    log = scratch / "net.json"
    wanted = [f"--screenshot={image}"] if image else ["--dump-dom"]
    ended = subprocess.run(
        [
            CHROMIUM,
            *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
            *("--disable-sync", "--disable-default-apps", "--disable-extensions"),
            *("--enable-logging=stderr", "--virtual-time-budget=3000"),
            f"--window-size={width},2000",
            f"--user-data-dir={scratch / 'profile'}",
            f"--log-net-log={log}",
            *wanted,
            page.absolute().as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    console = [line for line in ended.stderr.splitlines() if "CONSOLE" in line]
    events = json.loads(log.read_text())["events"]
    asked = [event["params"] for event in events if "initiator" in event.get("params", {})]
    by_page = {request["url"] for request in asked if request["initiator"] != _BROWSER}
    own = page.absolute().as_uri()
    return Shown(
        ended.stdout,
        console,
        sorted(url for url in by_page if not url.startswith(("data:", own))),
    )


class Elements(HTMLParser):
    """The elements of a page: tags with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data
