"""On which addresses processes listen, by what Linux says of them."""

from __future__ import annotations

import glob
import os
from pathlib import Path


def listening() -> set[str]:
    """Return the addresses on which this process and those of Ray that it started listen."""
    sockets: dict[str, str] = {}
    for file in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(file).read_text().splitlines()[1:]:
            _, address, _, state, *rest = line.split()
            if state == "0A":
                last = bytes.fromhex(address.split(":")[0][-8:])[::-1]
                sockets[f"socket:[{rest[5]}]"] = ".".join(map(str, last))
    found = set()
    for process in family():
        for descriptor in glob.glob(f"/proc/{process}/fd/*"):
            try:
                found.add(sockets[os.readlink(descriptor)])
            except (OSError, KeyError):
                continue
    return found


def family() -> set[int]:
    """Return this process and all below it."""
    parents = {}
    for file in glob.glob("/proc/[0-9]*/stat"):
        try:
            text = Path(file).read_text()
        except OSError:
            continue
        parents[int(file.split("/")[2])] = int(text.rpartition(")")[2].split()[1])
    found = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found
