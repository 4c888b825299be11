"""Arms and heads: what they are called, and what a head does to a net's answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_data.errors import UsageError
from fer_data.registry import Choice
from fer_data.sampling.strategy import Strategy
from fer_data.transforms.mixing import MIXES, Mixing
from fer_model.comparison.arm import Arm, parse_arms
from fer_model.heads.choice import Head, HeadChoice, Known
from fer_model.heads.posthoc import adjust_logits, apply_head
from fer_model.losses.choice import LossChoice
from fer_model.training.recipe import Recipe
from tests.registered import every

KINDS: dict[str, type[Choice]] = {
    "balance": Strategy,
    "loss": LossChoice,
    "mix": Mixing,
    "head": HeadChoice,
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
    recipe = arm.recipe(Recipe(net="small", epochs=7))
    assert (recipe.epochs, recipe.balance, recipe.loss) == (7, str(arm.balance), str(arm.loss))
    assert arm.trained.head is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("smote", "arm: expected one of none, oversample, .*, crt, .*got 'smote'"),
        ("none+focl:2", "got 'focl:2'. Did you mean focal"),
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
    for texts in ([], ["none"], ["focal:1", "focal:1.0"]):
        with pytest.raises(UsageError, match="name two or more, each once"):
            parse_arms(texts)


def test_corrections_of_the_frequencies_are_told() -> None:
    arm = Arm.parse("oversample+class-weights+logit-adjusted:1+remix:1+post-hoc:1")
    assert arm.corrections == tuple(str(arm).split("+"))
    assert Arm.parse("power:1+logit-adjusted:0+mixup:1+crt").corrections == ()


def test_a_name_of_two_kinds_is_no_part_of_an_arm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MIXES._entries, "focal", MIXES._entries["none"])
    with pytest.raises(UsageError, match="'focal' is registered as loss and as mix"):
        Arm.parse("focal:2")


def known(seed: int = 0, size: int = 600, shape: tuple[int, int] = (5, 3)) -> Known:
    """A head that is good at common classes, with features that tell all of them."""
    random = np.random.default_rng(seed)
    labels = random.choice(shape[1], size, p=[0.8, 0.15, 0.05])
    centres = 1.5 * random.normal(size=shape[::-1])
    features = centres[labels] + random.normal(size=(size, shape[0]))
    kernel = random.normal(size=shape) * [2.0, 0.5, 0.1]
    counts = np.bincount(labels, minlength=shape[1])
    half = size // 2
    return Known(
        Head(kernel, random.normal(size=shape[1])),
        counts,
        lambda: (features[:half], labels[:half]),
        lambda: (features[half:], labels[half:]),
    )


def recalls(head: Head, features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    right = apply_head(features, head.kernel, head.bias).argmax(axis=1) == labels
    return np.array([right[labels == label].mean() for label in np.unique(labels)])


@pytest.mark.parametrize("tau", [0.0, 0.7, 1.0, 3.0])
def test_post_hoc_is_the_adjustment_of_the_probabilities(tau: float) -> None:
    given_ = known()
    features, _ = given_.validation()
    head, chosen = HeadChoice("post-hoc", tau).build(given_)
    before = apply_head(features, given_.head.kernel, given_.head.bias)
    np.testing.assert_allclose(
        apply_head(features, head.kernel, head.bias), adjust_logits(before, given_.counts, tau)
    )
    assert chosen == {"tau": tau}


def test_tau_norm_makes_lengths_alike_and_drops_the_bias() -> None:
    head, _ = HeadChoice("tau-norm", 1.0).build(known())
    np.testing.assert_allclose(np.linalg.norm(head.kernel, axis=0), 1)
    assert not head.bias.any()


def test_tau_norm_chooses_by_validation_samples_alone() -> None:
    given_ = known()

    def training() -> tuple[np.ndarray, np.ndarray]:
        raise AssertionError("training samples were looked at")

    head, chosen = HeadChoice("tau-norm").build(given_._replace(train=training))
    best = recalls(head, *given_.validation()).mean()
    for tau in (0.0, 0.5, 1.0, 1.5, 2.0):
        other, _ = HeadChoice("tau-norm", tau).build(given_)
        assert best >= recalls(other, *given_.validation()).mean()
    assert 0 <= chosen["tau"] <= 2


def test_crt_finds_rare_classes_and_is_the_same_each_time() -> None:
    given_ = known()
    first, second = (HeadChoice("crt").build(given_)[0] for _ in range(2))
    np.testing.assert_array_equal(first.kernel, second.kernel)
    found = recalls(first, *given_.validation())
    assert found.min() > 0.6
    assert found.mean() > recalls(given_.head, *given_.validation()).mean()


@pytest.mark.parametrize("present", [[0, 2], [1]])
def test_crt_never_answers_a_class_without_training_samples(present: list[int]) -> None:
    given_ = known()
    features, labels = given_.train()
    kept = np.isin(labels, present)
    if len(present) == 1:
        with pytest.raises(UsageError, match="training samples of one class alone"):
            HeadChoice("crt").build(given_._replace(train=lambda: (features[kept], labels[kept])))
        return
    head, _ = HeadChoice("crt").build(given_._replace(train=lambda: (features[kept], labels[kept])))
    answers = apply_head(features, head.kernel, head.bias).argmax(axis=1)
    assert set(answers.tolist()) == set(present)
    assert (answers[kept] == labels[kept]).mean() > 0.8


@pytest.mark.parametrize("choice", every(HeadChoice, most=2), ids=str)
def test_a_head_is_finite_and_as_large_as_the_one_before(choice: HeadChoice) -> None:
    given_ = known()
    head, _ = choice.build(given_)
    assert [part.shape for part in head] == [part.shape for part in given_.head]
    assert all(np.isfinite(part).all() for part in head)
