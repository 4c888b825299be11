from __future__ import annotations

import pytest

from fer_data.util.words import counted


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 pictures"), (1, "1 picture"), (2, "2 pictures"), (12345, "12,345 pictures")],
)
def test_one_is_no_plural(number: int, words: str) -> None:
    assert counted(number, "picture") == words


def test_what_has_no_s_is_spelled_out() -> None:
    assert [counted(n, "copy is", "copies are") for n in (1, 2)] == ["1 copy is", "2 copies are"]
