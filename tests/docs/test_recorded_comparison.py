"""Every figure that docs/comparison.md gives of the answer is read from its record."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from fer_model.words import points
from tools.record_table import FIGURE, Record, shots_table, table, trained_on_less_table

ROOT = Path(__file__).resolve().parents[2]
FAST, SMALL = (Record(ROOT / "records" / name) for name in ("fer2013-fast", "fer2013-small"))
CLEAN, HELPING = Record(ROOT / "records" / "fer2013-clean"), ("oversample", "crt", "los-crt")
FEATURES = Record(ROOT / "records" / "cifar10-lt-features")
PAGE = (ROOT / "docs" / "comparison.md").read_text("utf-8")
SECTION = PAGE.split("## Which balancing should I use?", 1)[1].split("\n### ", 1)[0]
TABLE = "\n".join(table(FAST, SMALL))
NUMBERS = ("no", "one", "two", "three", "four", "five", "six")


def sentences() -> list[str]:
    """Return the parts of sentences that have figures."""
    leaked = FAST.row("oversample", with_leaked=False)
    assert leaked is not None
    found = f"recall of {FAST.results['rarest']}"
    ece = {arm: FAST.about(arm)["calibration"]["error"] for arm in ("lws", "los-crt")}

    def price(arm: str, record: Record = FAST) -> str:
        return record.points(arm, "accuracy").removeprefix("−")

    return [
        f"which reaches {FAST.mean('none', 'accuracy'):.1f} % accuracy",
        f"parameters, {SMALL.mean('none', 'accuracy'):.1f} % accuracy, six seeds",
        f"gains most with both nets**: {FAST.difference('oversample')} points of balanced accuracy",
        f"finds {FAST.mean('oversample', found):.1f} % of the *disgust* images, of which `none` "
        f"finds {FAST.mean('none', found):.1f} %",
        f"no price in accuracy is seen, {FAST.difference('oversample', 'accuracy')}; the small one "
        f"pays {price('oversample', SMALL)}",
        f"careful choice**: it gains {FAST.points('power:0.5')}, and changes accuracy by "
        f"{FAST.difference('power:0.5', 'accuracy')}",
        f"`lws` gains {FAST.points('lws')}, costs no accuracy that is seen "
        f"({FAST.difference('lws', 'accuracy')})",
        f"ECE of {ece['lws']:.3f}",
        f"`los-crt` gains {FAST.points('los-crt')}, but",
        f"its ECE is {ece['los-crt']:.3f}",
        f"`crt` gains {FAST.points('crt')} for {price('crt')} points of accuracy",
        "for rare classes alone changes balanced accuracy by {} and the recall of *disgust* by {}, "
        "for common classes alone by {} and {}, for all by {} and {}".format(
            *(
                FAST.difference(f"augment-{classes}", figure)
                for classes in ("rare", "common", "both")
                for figure in (FIGURE, found)
            )
        ),
        f"rare class**, {FAST.mean('balanced-softmax', found):.1f} % of *disgust*",
        f"without a training ({FAST.mean('post-hoc:1', found):.1f} %); they cost "
        f"{price('balanced-softmax')} and {price('post-hoc:1')} points of accuracy",
        f"does nothing** ({FAST.difference('tau-norm')})",
        f"the most common class, by {FAST.difference('oversample', 'recall of happy')}",
        f"oversampling gains {points(leaked['difference'])} on the test images that did not leak",
    ]


def test_what_is_said_of_features_is_the_record_s() -> None:
    section = PAGE.split("### Frozen features of CIFAR-10-LT", 1)[1].split("\n### ", 1)[0]
    lines = "\n".join(shots_table(FEATURES))
    assert lines in section
    text = " ".join(section.replace(lines, "").split())

    def few(arm: str) -> str:
        return FEATURES.difference(arm, "few_shot_accuracy")

    gains = {arm: FEATURES.points(arm) for arm in FEATURES.arms[1:]}
    sentences = [
        f"gains up to {gains['ncm'].removeprefix('+')} points",
        f"few-shot {few('ncm')} with `ncm`",
        f"as much here ({gains['ncm']} and {gains['tau-norm']})",
        f"without it, changes accuracy by {FEATURES.difference('retrained')}",
        f"`balanced-softmax` {gains['balanced-softmax']}, `post-hoc:1` {gains['post-hoc:1']}",
        f"`class-weights` {gains['class-weights']}, `oversample` {gains['oversample']}",
        f"{few('focal:2')} few-shot",
        f"`ldam:0.5` {few('ldam:0.5')}",
    ]
    for sentence in sentences:
        assert sentence in text
        text = text.replace(sentence, "")
    assert not re.findall(r"\d+\.\d+", text)
    assert FEATURES.ordered()[0] == "ncm"
    assert len(FEATURES.results["seeds"]) == 10
    for arm in ("retrained", "focal:2", "ldam:0.5"):
        assert FEATURES.verdict(arm) == "no practical difference"
    assert FEATURES.verdict("tau-norm") == "helps"


def test_what_is_said_of_training_without_leaks_is_the_record_s() -> None:
    section = PAGE.split("### Trained without leaks and duplicates", 1)[1].split("\n### ", 1)[0]
    lines = "\n".join(trained_on_less_table(CLEAN, FAST))
    assert lines in section
    text = " ".join(section.replace(lines, "").split())
    found = f"recall of {CLEAN.results['rarest']}"
    costs = [-100 * row["difference"] for arm in HELPING if (row := CLEAN.row(arm, "accuracy"))]
    both = [
        f"{CLEAN.mean(arm, found):.1f} % ({FAST.mean(arm, found):.1f} %"
        for arm in ("none", "oversample", "los-crt")
    ]
    sentences = [
        f"{CLEAN.results['train_counts']['disgust']} images of *disgust*",
        f"`oversample` gains {CLEAN.difference('oversample')}, `los-crt` "
        f"{CLEAN.difference('los-crt')}, `crt` {CLEAN.difference('crt')}",
        f"costs accuracy here, {min(costs):.1f} to {max(costs):.1f} points",
        f"`none` finds {both[0].replace(' (', ' of *disgust* (')}",
        f"`oversample` {both[1]}",
        f"with them, {both[2]}",
        f"changes balanced accuracy by {CLEAN.difference('retrained')}",
    ]
    for sentence in sentences:
        assert sentence in text
        text = text.replace(sentence, "")
    assert not re.findall(r"\d+\.\d+", text)
    assert CLEAN.results["seeds"] == FAST.results["seeds"]
    assert all(CLEAN.verdict(arm) == "helps" for arm in HELPING)
    assert CLEAN.verdict("retrained") == "can't tell"
    for arm in HELPING:
        cost = CLEAN.row(arm, "accuracy")
        assert cost is not None
        assert cost["high"] < 0


def test_the_number_of_seeds_is_given() -> None:
    assert f"{NUMBERS[len(FAST.results['seeds'])]} seeds)" in " ".join(SECTION.split())


def test_the_table_is_the_record_s() -> None:
    assert TABLE in SECTION


def test_every_figure_of_the_text_is_the_record_s() -> None:
    text = " ".join(SECTION.replace(TABLE, "").split())
    for sentence in sentences():
        assert sentence in text
        text = text.replace(sentence, "")
    assert not re.findall(r"\d+\.\d+", re.sub(r"`[^`]*`|arXiv:[\d.]+", "", text))


def test_arms_that_help_are_those_of_the_record() -> None:
    names = SECTION.split("Shown to help: ", 1)[1].split(". So", 1)[0]
    assert re.findall(r"`([^`]+)`", names) == [
        arm for arm in FAST.ordered() if FAST.verdict(arm) == "helps"
    ]


def test_what_is_said_of_arms_holds() -> None:
    arms = FAST.arms
    assert FAST.ordered()[0] == SMALL.ordered()[0] == "oversample"
    assert min(arms, key=lambda arm: float(FAST.about(arm)["calibration"]["error"])) == "lws"
    rare = f"recall of {FAST.results['rarest']}"
    assert max(arms, key=lambda arm: FAST.mean(arm, rare)) == "balanced-softmax"
    for arm in ("oversample", "power:0.5", "lws"):
        row = FAST.row(arm, "accuracy")
        assert row is not None
        assert row["high"] >= 0, f"{arm} costs accuracy"
    assert FAST.verdict("tau-norm") == "no practical difference"
    assert FAST.verdict("ncm") == "hurts"
    assert FAST.verdict("class-weights") == "can't tell"


def test_the_figure_shows_every_arm_of_the_record() -> None:
    drawn = (ROOT / "docs" / "balancing.svg").read_text("utf-8")
    assert all(f">{text}<" in drawn for text in [*FAST.arms[1:], FAST.title, SMALL.title])


def test_the_effects_that_the_readme_tells_are_the_record_s() -> None:
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    given = readme.split("On FER2013 (public test split,", 1)[1].split(" See ", 1)[0]
    gain, lws = FAST.row("oversample"), FAST.row("lws")
    assert gain is not None
    assert lws is not None

    def shown(row: dict[str, Any], *names: str) -> list[str]:
        return [f"{100 * row[name]:.1f}" for name in names]

    parts = [
        f"{NUMBERS[len(FAST.results['seeds'])]} seeds",
        "gains {} percentage points of balanced".format(*shown(gain, "difference")),
        "(95 % confidence interval {} to {})".format(*shown(gain, "low", "high")),
        f"accuracy changes by {FAST.difference('oversample', 'accuracy')}",
        "(LWS) gains {} ({} to {})".format(*shown(lws, "difference", "low", "high")),
    ]
    for part in parts:
        assert part in given
    assert FAST.verdict("oversample") == FAST.verdict("lws") == "helps"
