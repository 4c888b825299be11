from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from fer_data.analysis.stats import SplitStats, Stats
from fer_data.terminal.cli_support import print_table
from fer_data.terminal.fit import fitted
from fer_data.terminal.render import counts_tables
from tests.conftest import MakeFolder, Run
from tests.helpers.csv_files import write_noise_csv

Terminal = Callable[[int], None]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return a function that makes of what is printed to a terminal of so many columns."""

    def make(columns: int) -> None:
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)

    return make


def plain(printed: str) -> list[str]:
    return re.sub("\x1b\\[[0-9;]*m", "", printed).splitlines()


def counted(**splits: tuple[int, ...]) -> Stats:
    names = tuple(f"class {n}" for n in range(3))
    found = {name: SplitStats(counts) for name, counts in splits.items()}
    return Stats("data", "", names, found)


THREE = counted(
    train=(10_000, 9_000, 1_234), validation=(1_000, 900, 123), test=(2_345, 1_900, 321)
)


@pytest.mark.parametrize(
    ("columns", "bar"),
    [(132, 16), (131, 8), (108, 8), (107, 4), (96, 4), (95, 0), (75, 0)],
)
def test_bars_give_way_before_anything_else(columns: int, bar: int) -> None:
    table, width = fitted(counts_tables(THREE), columns)
    assert width <= columns
    bars = [column.width for column in table.columns if column.no_wrap]
    assert bars == [bar] * (3 if bar else 0)


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 100, 120])
def test_numbers_are_whole_however_narrow_the_terminal_is(
    columns: int, terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal(columns)
    print_table(counts_tables(THREE))
    printed = capsys.readouterr().out
    assert "…" not in printed
    for number in ("10,000", "9,000", "1,234", "1,000", "900", "123", "2,345", "8.10"):
        assert number in printed
    assert max(map(len, plain(printed))) <= max(columns, 67)


def test_what_is_piped_is_as_wide_as_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    six = counted(**{f"split number {n}": (10_000, 9_000, 1_234) for n in range(6)})
    print_table(counts_tables(six))
    printed = capsys.readouterr().out
    assert "…" not in printed
    assert all(f" split number {n} " in printed for n in range(6))
    assert "█" * 16 in printed


def test_text_wraps_and_a_long_word_is_folded() -> None:
    table = Table()
    table.add_column("class")
    table.add_column("samples", justify="right")
    table.add_row("a" * 50, "1,234")
    table.add_row("some words that are long", "1,234,567")
    table, width = fitted([table], 40)
    assert width == 40
    console = Console(width=width)
    with console.capture() as shown:
        console.print(table)
    assert shown.get().split("some")[0].count("a") == 50 + "class samples".count("a")
    assert "1,234,567" in shown.get()


def test_a_title_is_not_padded(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(title="Findings", title_justify="left")
    table.add_column("what is wider than its title")
    print_table([table])
    assert capsys.readouterr().out.splitlines()[0] == "Findings"


@pytest.mark.parametrize("command", ["stats", "audit", "split"])
@pytest.mark.parametrize("columns", [50, 80])
def test_no_command_cuts_what_it_says(
    command: str,
    columns: int,
    run: Run,
    terminal: Terminal,
    make_folder: MakeFolder,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    counts = {"surprised": 31, "angry": 12, "none of them": 25}
    root = make_folder(
        {f"{split}/{name}": n for split in ("train", "val") for name, n in counts.items()}
    )
    terminal(columns)
    ended = run(command, root, *(["--folds", "5", "--pool"] if command == "split" else []))
    assert ended.code == 0, ended.err
    assert "…" not in ended.out
    for number in ("31", "12", "25") if command != "split" else ("surprised", "27"):
        assert number in ended.out


def test_findings_stand_in_two_columns_on_a_phone(
    run: Run, terminal: Terminal, tmp_path: Path
) -> None:
    path = tmp_path / "fer.csv"
    write_noise_csv(path, [0, 1, 2], ["Training", "PublicTest", "PrivateTest"])
    terminal(50)
    lines = plain(run("audit", path).out)
    found = lines[lines.index("Findings") :]
    assert max(len(line) for line in found if line[:1] in "┏┃┡│├└") <= 50
    assert any("samples: " in line for line in found)
    terminal(100)
    lines = plain(run("audit", path).out)
    assert "where" in lines[lines.index("Findings") + 2]


def test_fractions_of_a_division_give_way_before_counts(
    run: Run,
    terminal: Terminal,
    make_folder: MakeFolder,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    root = make_folder({"a": 30, "b": 20})
    assert "%" in run("split", root, "--folds", "8", "--pool").out
    terminal(100)
    shown = run("split", root, "--folds", "8", "--pool").out
    assert "fold 8" in shown
    assert "%" not in shown
