"""``fer-data`` in children: on a full disk, without rights, killed at any call."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """What it complained of in its one line."""
        assert self.code == 2, self
        assert self.out == "", self
        assert self.err.count("\n") == 1, self
        assert self.err.startswith("fer-data: "), self
        return self.err


def in_children(
    *cases: dict[str, Any], warm_up: tuple[tuple[str | Path, ...], ...] = ()
) -> list[Any]:
    """Run the command of each case in a child of a process that first runs those of `warm_up`.

    A case has ``arguments``, and may have ``fsize`` (the largest file in bytes), ``nobody`` (run
    without rights), or ``every`` (kill it at each so-many-th call; its result is then a list).
    """
    todo = {
        "warm_up": [list(map(str, arguments)) for arguments in warm_up],
        "cases": [
            {**case, "arguments": list(map(str, case["arguments"]))}  # paths are no JSON
            for case in cases
        ],
    }
    ended = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("forker.py"))],
        input=json.dumps(todo),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    printed = json.loads(ended.stdout)
    return [
        [Ended(**each) for each in one] if isinstance(one, list) else Ended(**one)
        for one in printed
    ]
