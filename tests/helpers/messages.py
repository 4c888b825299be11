"""Messages of commands."""

from __future__ import annotations

from tests.conftest import Ended


def one_line(ended: Ended) -> str:
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("fer-data: ")
    assert ended.err.count("\n") == 1
    return ended.err
