from __future__ import annotations

import pytest

from fer_data.util.words import counted


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 images"), (1, "1 image"), (2, "2 images"), (12345, "12,345 images")],
)
def test_one_is_no_plural(number: int, words: str) -> None:
    assert counted(number, "image") == words


def test_what_has_no_s_is_spelled_out() -> None:
    assert [counted(n, "copy is", "copies are") for n in (1, 2)] == ["1 copy is", "2 copies are"]
