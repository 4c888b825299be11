"""Every figure that docs/comparison.md gives of the larger net is read from its record."""

from __future__ import annotations

import re
from pathlib import Path

from fer_model.words import points
from tools.record_table import Record, table

ROOT = Path(__file__).resolve().parents[2]
FAST, SMALL = (Record(ROOT / "records" / name) for name in ("fer2013-fast", "fer2013-small"))
PAGE = (ROOT / "docs" / "comparison.md").read_text("utf-8")
SECTION = PAGE.split("### With a larger net", 1)[1].split("\n## ", 1)[0]
TABLE = "\n".join(table(FAST, SMALL))
NUMBERS = ("no", "one", "two", "three", "four", "five", "six")


def sentences() -> list[str]:
    """Return the parts of sentences that have figures."""
    leaked = FAST.row("oversample", with_leaked=False)
    assert leaked is not None
    found = f"recall of {FAST.results['rarest']}"
    ece = {arm: FAST.about(arm)["calibration"]["error"] for arm in ("lws", "los-crt")}
    return [
        f"reaches {FAST.mean('none', 'accuracy'):.1f} % accuracy, the small one "
        f"{SMALL.mean('none', 'accuracy'):.1f} %",
        f"{NUMBERS[len(FAST.results['seeds'])]} of six declared seeds are complete",
        f"{FAST.difference('oversample')} points of balanced accuracy",
        f"{FAST.mean('oversample', found):.1f} % of the *disgust* images, of which `none` finds "
        f"{FAST.mean('none', found):.1f} %",
        f"its accuracy changes by {FAST.difference('oversample', 'accuracy')}",
        f"`lws` gains {FAST.points('lws')}",
        f"ECE of {ece['lws']:.3f}",
        f"its ECE is {ece['los-crt']:.3f}",
        f"gains here**: {points(leaked['difference'])} without leaked images",
    ]


def test_the_table_is_the_record_s() -> None:
    assert TABLE in SECTION


def test_every_figure_of_the_text_is_the_record_s() -> None:
    text = " ".join(SECTION.replace(TABLE, "").split())
    for sentence in sentences():
        assert sentence in text
        text = text.replace(sentence, "")
    assert not re.findall(r"\d+\.\d+", text)


def test_arms_that_help_are_those_of_the_record() -> None:
    names = SECTION.split("Shown to help: ", 1)[1].split(".", 1)[0]
    assert re.findall(r"`([^`]+)`", names) == [
        arm for arm in FAST.ordered() if FAST.verdict(arm) == "helps"
    ]


def test_the_best_calibrated_arm_is_the_one_that_is_named() -> None:
    assert min(FAST.arms, key=lambda arm: float(FAST.about(arm)["calibration"]["error"])) == "lws"


def test_the_figure_shows_every_arm_of_the_record() -> None:
    drawn = (ROOT / "docs" / "balancing.svg").read_text("utf-8")
    assert all(f">{text}<" in drawn for text in [*FAST.arms[1:], FAST.title, SMALL.title])
