"""Arms: what they are called, and what they are made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_data.errors import UsageError
from fer_data.registry import Choice
from fer_data.sampling.strategy import Strategy
from fer_data.transforms.mixing import MIXES, Mixing
from fer_model.comparison.arm import Arm, parse_arms
from fer_model.comparison.arm_notes import without_control
from fer_model.comparison.changes import ChangeChoice
from fer_model.heads.choice import HeadChoice
from fer_model.losses.choice import LossChoice
from fer_model.training.recipe import Recipe
from tests.helpers.registered import every

KINDS: dict[str, type[Choice]] = {
    "balance": Strategy,
    "loss": LossChoice,
    "mix": Mixing,
    "head": HeadChoice,
    "changes": ChangeChoice,
}
PARTS = {
    kind: [*(text for text in map(str, every(of)) if text not in ("none", "cross-entropy"))]
    for kind, of in KINDS.items()
}
PARTS["balance"].append("class-weights")


@given(
    st.dictionaries(st.sampled_from(sorted(PARTS)), st.integers(0, 99)),
    st.randoms(use_true_random=False),
)
def test_arms_print_as_they_parse(chosen: dict[str, int], random: object) -> None:
    words = [PARTS[kind][place % len(PARTS[kind])] for kind, place in chosen.items()]
    random.shuffle(words)  # type: ignore[attr-defined]
    arm = Arm.parse("+".join(words) or "none")
    assert Arm.parse(str(arm)) == arm
    assert set(str(arm).split("+")) == set(words or ["none"])
    recipe = arm.recipe(Recipe(net="small", epochs=7, weight_decay=0.2, label_smoothing=0.2))
    assert (recipe.epochs, recipe.balance, recipe.loss) == (7, str(arm.balance), str(arm.loss))
    assert arm.trained.head is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "smote",
            "arm: got 'smote'. Did you mean oversample. Expected one of none, oversample, .*, crt",
        ),
        ("none+focl:2", "got 'focl:2'. Did you mean focal"),
        ("balanced", "Did you mean batch or oversample or class-weights. "),
        ("focal:1+ldam:1", "focal:1 and ldam:1 are two of a kind"),
        ("crt+tau-norm", "crt and tau-norm are two of a kind"),
        ("oversample+batch", "oversample and batch are two of a kind"),
    ],
)
def test_what_is_no_arm_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Arm.parse(text)


def test_a_correction_of_a_correction_is_an_arm_by_its_name() -> None:
    assert str(Arm.parse("oversample+class-weights").balance) == "oversample+class-weights"


def test_arms_are_two_or_more_each_once() -> None:
    assert [str(arm) for arm in parse_arms(["none", "focal:1"])] == ["none", "focal:1.0"]
    text = "none, counts:cat=1,dog=2,focal:1"
    assert [*map(str, parse_arms(text))] == ["none", "counts:cat=1,dog=2", "focal:1.0"]
    for texts in ([], ["none"], "none", ["focal:1", "focal:1.0"]):
        with pytest.raises(UsageError, match="name two or more, each once"):
            parse_arms(texts)


def test_corrections_of_the_frequencies_are_listed() -> None:
    arm = Arm.parse("oversample+class-weights+logit-adjusted:1+remix:1+post-hoc:1")
    assert arm.corrections == tuple(str(arm).split("+"))
    assert Arm.parse("power:1+logit-adjusted:0+mixup:1+crt").corrections == ()


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["none", "crt", "oversample"], ["crt", "the arm retrained does"]),
        (["none", "lws", "mislas"], ["lws, mislas", "the arm retrained does"]),
        (["none", "oversample+crt", "retrained"], ["oversample+crt", "oversample+retrained"]),
        (["none", "crt", "lws", "retrained"], []),
        (["none", "ncm", "tau-norm", "post-hoc:1"], []),
    ],
)
def test_what_retrains_the_last_layer_without_its_control_is_named(
    texts: list[str], expected: list[str]
) -> None:
    lines = without_control(parse_arms(texts))
    assert len(lines) == bool(expected)
    assert all(f" {words} " in line for line in lines for words in expected)


def test_a_name_of_two_kinds_is_no_part_of_an_arm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MIXES._entries, "focal", MIXES._entries["none"])
    with pytest.raises(UsageError, match="'focal' is registered as loss and as mix"):
        Arm.parse("focal:2")
