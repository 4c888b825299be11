"""Functions that are named by text: imported when they are first called."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

from fer_data.util.lazy import LazyFunction

SOURCE = "def double(number):\n    return 2 * number\n"


@pytest.fixture
def doubling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LazyFunction:
    (tmp_path / "lazily_doubled.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "lazily_doubled", raising=False)
    return LazyFunction("lazily_doubled", "double")


def test_its_module_is_imported_when_it_is_called_and_not_before(doubling: LazyFunction) -> None:
    assert "lazily_doubled" not in sys.modules
    assert doubling(21) == 42
    assert "lazily_doubled" in sys.modules


def test_it_calls_what_the_module_has_by_then(
    doubling: LazyFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert doubling(2) == 4
    monkeypatch.setattr("lazily_doubled.double", lambda number: -number)
    assert doubling(2) == -2


def test_a_pickle_is_its_two_names_and_imports_nothing(doubling: LazyFunction) -> None:
    again = pickle.loads(pickle.dumps(doubling))
    assert "lazily_doubled" not in sys.modules
    assert (again, again(3)) == (doubling, 6)


@pytest.mark.parametrize(
    ("module", "name", "error"),
    [("no_such_module_of_ours", "read", ModuleNotFoundError), ("math", "no_such", AttributeError)],
)
def test_a_name_that_leads_nowhere_is_named(module: str, name: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="no_such"):
        LazyFunction(module, name)()
