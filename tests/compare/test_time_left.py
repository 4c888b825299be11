"""The time that is left of a comparison: of what trainings take, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_model.comparison.arm import Arm
from fer_model.comparison.protocol import Cell
from fer_model.comparison.time_left import TimeLeft

STEPS = 1000
CELLS = [Cell(Arm.parse("none"), seed, Path()) for seed in range(6)]


def clock(num: int = 6, num_at_once: int = 1, steps: int = STEPS) -> TimeLeft:
    return TimeLeft(dict.fromkeys(CELLS[:num], steps), num_at_once)


def test_nothing_is_said_before_steps_were_measured_for_a_while() -> None:
    left = clock()
    assert left.seconds is None
    left.begin(CELLS[0], 100)
    left.step(CELLS[0], 1, 130)  # libraries took half a minute to start
    assert left.seconds is None
    left.step(CELLS[0], 40, 133.9)
    assert left.seconds is None
    left.step(CELLS[0], 201, 150)
    assert left.seconds == pytest.approx(0.1 * (799 + 5 * STEPS) + 5 * 30)


def test_what_an_earlier_command_did_is_no_part_of_the_measure() -> None:
    left = clock(num=1)
    left.begin(CELLS[0], 0)
    left.step(CELLS[0], 600, 8)
    left.step(CELLS[0], 701, 18.1)
    assert left.seconds == pytest.approx(0.1 * 299)


def test_a_finished_training_says_what_one_takes_besides_its_steps() -> None:
    left = clock(num=2, steps=10)
    left.begin(CELLS[0], 0)
    left.step(CELLS[0], 1, 5)
    left.step(CELLS[0], 10, 6)
    left.end(CELLS[0], 8)
    assert left.seconds == pytest.approx(10 / 9 + 5 + 2)
    left.begin(CELLS[1], 9)
    left.end(CELLS[1], 17)
    assert left.seconds == 0


def test_new_heads_are_neither_measured_nor_counted() -> None:
    left = clock(num=2, steps=10)
    head = Cell(Arm.parse("crt"), 0, Path())
    left.begin(head, 0)
    left.end(head, 500)
    assert left.seconds is None
    left.begin(CELLS[0], 500)
    left.step(CELLS[0], 1, 500)
    left.step(CELLS[0], 10, 509)
    left.end(CELLS[0], 509)
    assert left.seconds == pytest.approx(10)


def test_trainings_at_a_time_share_what_is_left_but_none_is_split() -> None:
    left = clock(num_at_once=4)
    for cell in CELLS[:4]:
        left.begin(cell, 0)
        left.step(cell, 1, 0)
        left.step(cell, 501, 50)
    assert left.seconds == pytest.approx(0.1 * (4 * 499 + 2 * STEPS) / 4)
    for cell in CELLS[:5]:
        left.begin(cell, 50)
        left.end(cell, 150)
    assert left.seconds == pytest.approx(100, rel=0.1)


def test_a_training_of_fewer_but_dearer_steps_counts_as_a_whole_one() -> None:
    left = TimeLeft({CELLS[0]: 1000, CELLS[1]: 500})
    left.begin(CELLS[0], 0)
    left.step(CELLS[0], 1, 0)
    left.step(CELLS[0], 1000, 999)
    left.end(CELLS[0], 999)
    assert left.seconds == pytest.approx(1000, rel=0.01)


def test_trainings_of_ones_own_and_on_other_machines_are_measured_as_a_whole() -> None:
    left = clock(num=3)
    left.begin(CELLS[0], 1e6)  # clocks of machines differ
    left.end(CELLS[0], 1e6 + 60)
    assert left.seconds == pytest.approx(120)
    left.begin(CELLS[1], 3)
    left.end(CELLS[1], 63)
    assert left.seconds == pytest.approx(60)


def test_a_training_that_is_tried_again_counts_once() -> None:
    left = clock(num=1, steps=100)
    left.begin(CELLS[0], 0)
    left.step(CELLS[0], 1, 0)
    left.step(CELLS[0], 81, 80)
    left.begin(CELLS[0], 100)
    left.step(CELLS[0], 51, 105)
    left.step(CELLS[0], 71, 125)
    assert left.seconds == pytest.approx(29)


def test_a_training_that_is_given_up_is_not_waited_for() -> None:
    left = clock(num=2)
    left.begin(CELLS[0], 0)
    left.step(CELLS[0], 1, 5)
    left.step(CELLS[0], 501, 55)
    left.begin(CELLS[0], 60)  # again, after it failed
    left.give_up(CELLS[0])
    assert left.seconds == pytest.approx(0.1 * STEPS + 5)
    left.step(CELLS[0], 502, 61)
    assert left.seconds == pytest.approx(0.1 * STEPS + 5)
