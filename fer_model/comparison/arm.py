"""What is compared: an arm is a strategy with a loss and a mix, or a new head on trained ones."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from fer_data.errors import UsageError
from fer_data.sampling.strategy import FORMS as STRATEGIES
from fer_data.sampling.strategy import Strategy
from fer_data.transforms.mixing import FORMS as MIXES
from fer_data.transforms.mixing import Mixing
from fer_model.heads.choice import FORMS as HEADS
from fer_model.heads.choice import HeadChoice
from fer_model.losses.choice import FORMS as LOSS_FORMS
from fer_model.losses.choice import LOSSES, LossChoice
from fer_model.training.recipe import Recipe

FORMS = (*STRATEGIES, *LOSS_FORMS[1:], *MIXES[1:], *HEADS)
"""All parts of an arm."""


@dataclass(frozen=True)
class Arm:
    """One arm of a comparison.

    Attributes
    ----------
    balance, loss, mix : str
        As in `fer_model.training.recipe.Recipe`.
    head : HeadChoice, optional
        What becomes of the last layer once the rest is trained; None leaves it as it is.
    """

    balance: str = "none"
    loss: str = "cross-entropy"
    mix: str = "none"
    head: HeadChoice | None = None

    @classmethod
    def parse(cls, text: str) -> Arm:
        """Parse an arm: parts of `FORMS` with a plus between them.

        ``oversample``, ``focal:2``, ``deferred:8+ldam:0.5``, ``oversample+mixup:0.2``, ``crt``.

        Raises
        ------
        UsageError
            If a part is none, or two are of one kind.
        """
        parts: dict[str, str] = {}
        for word in text.strip().split("+"):
            kind = _kind(word, text)
            if kind == "balance" and kind in parts and word.startswith("class-weights"):
                parts[kind] += f"+{word}"  # by its name: a correction of a correction
            elif kind in parts:
                raise UsageError(f"arm {text!r}: {parts[kind]} and {word} are two of a kind")
            else:
                parts[kind] = word
        return cls(
            str(Strategy.parse(parts.get("balance", "none"))),
            str(LossChoice.parse(parts.get("loss", "cross-entropy"))),
            str(Mixing.parse(parts.get("mix", "none")) or "none"),
            HeadChoice.parse(parts["head"]) if "head" in parts else None,
        )

    def __str__(self) -> str:
        parts = [
            self.balance if self.balance != "none" else "",
            self.loss if self.loss != "cross-entropy" else "",
            self.mix if self.mix != "none" else "",
            str(self.head or ""),
        ]
        return "+".join(filter(None, parts)) or "none"

    @property
    def trained(self) -> Arm:
        """The arm whose training this one begins with: itself, but for its head."""
        return dataclasses.replace(self, head=None)

    @property
    def corrections(self) -> tuple[str, ...]:
        """The parts that each correct for the classes' frequencies; two may overshoot.

        A new head that is trained (crt) or scaled (tau-norm) starts from the features, and
        corrects nothing twice.
        """
        loss = LossChoice.parse(self.loss)
        parts = [] if self.balance in ("none", "power:1.0") else self.balance.split("+")
        if LOSSES[loss.name].balances and loss.parameters != (0.0,):
            parts.append(self.loss)
        if self.mix.startswith("remix"):
            parts.append(self.mix)
        if self.head and self.head.name == "post-hoc" and self.head.tau:
            parts.append(str(self.head))
        return tuple(parts)

    def recipe(self, common: Recipe) -> Recipe:
        """Return what trains the arm, given what all arms have in common."""
        return dataclasses.replace(common, balance=self.balance, loss=self.loss, mix=self.mix)


def parse_arms(texts: Sequence[str]) -> tuple[Arm, ...]:
    """Parse arms, the first of which is the baseline.

    Raises
    ------
    UsageError
        If there are not two, or two are the same.
    """
    arms = tuple(map(Arm.parse, texts))
    if len(arms) < 2 or len(set(arms)) < len(arms):
        named = ", ".join(map(str, arms)) or "missing"
        raise UsageError(f"arms are {named}; name two or more, each once, the baseline first")
    return arms


def _kind(word: str, text: str) -> str:
    name = word.partition(":")[0]
    for kind, forms in (
        ("loss", LOSS_FORMS),
        ("mix", MIXES[1:]),
        ("head", HEADS),
        ("balance", (*STRATEGIES, "natural")),
    ):
        if name in {form.partition(":")[0] for form in forms}:
            return kind
    close = difflib.get_close_matches(name, [form.partition(":")[0] for form in FORMS], 1)
    meant = f"do you mean {close[0]}? It " if close else "it "
    raise UsageError(f"arm {text!r}: {word!r} is no part of one; {meant}is of {', '.join(FORMS)}")
