"""What is compared: a strategy, a loss, a mix, a new head, changes of the recipe, or several."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fer_data.errors import UsageError
from fer_data.registry import Choice, unknown
from fer_data.sampling.strategy import Strategy
from fer_data.transforms.mixing import Mixing
from fer_model.comparison.changes import ChangeChoice
from fer_model.heads.choice import HeadChoice
from fer_model.losses.choice import LossChoice
from fer_model.training.recipe import Recipe

_KINDS: dict[str, type[Choice]] = {
    "balance": Strategy,
    "loss": LossChoice,
    "mix": Mixing,
    "head": HeadChoice,
    "changes": ChangeChoice,
}

NATURAL = Strategy()
CROSS_ENTROPY = LossChoice("cross-entropy")
UNMIXED = Mixing("none")


def forms() -> tuple[str, ...]:
    """Return all parts of an arm."""
    return tuple(dict.fromkeys(form for kind in _KINDS.values() for form in kind.forms()))


@dataclass(frozen=True)
class Arm:
    """One arm of a comparison.

    Attributes
    ----------
    balance : Strategy
    loss : LossChoice
    mix : Mixing
    head : HeadChoice, optional
        What becomes of the last layer once the rest is trained; None leaves it as it is.
    changes : tuple of ChangeChoice
        What else differs from the recipe that all arms have in common, by name.

    Examples
    --------
    >>> import fer_model
    >>> arm = fer_model.Arm.parse("oversample+focal:2")
    >>> str(arm.balance), str(arm.loss)
    ('oversample', 'focal:2.0')
    """

    balance: Strategy = NATURAL
    loss: LossChoice = CROSS_ENTROPY
    mix: Mixing = UNMIXED
    head: HeadChoice | None = None
    changes: tuple[ChangeChoice, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Arm:
        """Parse an arm: some of `forms` with a plus between them.

        ``oversample``, ``focal:2``, ``deferred:8+ldam:0.5``, ``oversample+mixup:0.2``, ``crt``.

        Raises
        ------
        UsageError
            If a part is none, or two are of one kind.
        """
        parts: dict[str, str] = {}
        changes: dict[str, ChangeChoice] = {}
        for word in text.strip().split("+"):
            kind = _kind(word)
            if kind == "changes":
                change = ChangeChoice.parse(word)
                if change.name in changes:
                    raise UsageError(f"arm {text!r}: {change.name} is named twice")
                changes[change.name] = change
            elif kind == "balance" and kind in parts and word.startswith("class-weights"):
                parts[kind] += f"+{word}"  # by its name: a correction of a correction
            elif kind in parts:
                raise UsageError(f"arm {text!r}: {parts[kind]} and {word} are two of a kind")
            else:
                parts[kind] = word
        chosen: dict[str, Any] = {kind: _KINDS[kind].parse(part) for kind, part in parts.items()}
        return cls(**chosen, changes=tuple(changes[name] for name in sorted(changes)))

    def __str__(self) -> str:
        every = (self.balance, self.loss, self.mix, self.head)
        shown = zip(every, (NATURAL, CROSS_ENTROPY, UNMIXED, None), strict=True)
        parts = [part for part, usual in shown if part != usual]
        return "+".join(map(str, (*parts, *self.changes))) or "none"

    @property
    def choices(self) -> tuple[Choice, ...]:
        """Its parts."""
        heads = [self.head] if self.head else []
        return (self.balance, self.loss, self.mix, *heads, *self.changes)

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
        text = str(self.balance)
        parts = [] if text in ("none", "power:1.0") else text.split("+")
        for choice in self.choices[1:]:
            if choice.trait("balances") and choice.parameters != (0.0,):
                parts.append(str(choice))
        return tuple(parts)

    @property
    def control(self) -> Arm | None:
        """The arm with the same training whose last layer is retrained without balancing.

        None where its own last layer is not retrained.
        """
        if self.head is None or not self.head.trait("retrains"):
            return None
        return dataclasses.replace(self, head=HeadChoice("retrained"))

    def recipe(self, common: Recipe) -> Recipe:
        """Return what trains the arm, given what all arms have in common.

        Raises
        ------
        UsageError
            If a change is none, or two are of the same field.
        """
        fields: dict[str, Any] = {}
        for change in self.changes:
            new = change.fields(common)
            if both := sorted(fields.keys() & new.keys()):
                raise UsageError(f"arm {self}: two of its parts change {both[0]}")
            fields |= new
        fields |= {"balance": str(self.balance), "loss": str(self.loss), "mix": str(self.mix)}
        return dataclasses.replace(common, **fields)


def split_arms(arms: str) -> list[str]:
    """Split arms at their commas, but not at those between the numbers of counts.

    Examples
    --------
    >>> from fer_model.comparison.arm import split_arms
    >>> split_arms("none, counts:cat=1,dog=2, crt")
    ['none', 'counts:cat=1,dog=2', 'crt']
    """
    return [arm.strip() for arm in re.split(r",(?![^,:]+=[0-9]+)", arms) if arm.strip()]


def parse_arms(texts: str | Sequence[str]) -> tuple[Arm, ...]:
    """Parse arms, the first of which is the baseline; a string has commas between them.

    Raises
    ------
    UsageError
        If there are not two, or two are the same.
    """
    arms = tuple(map(Arm.parse, split_arms(texts) if isinstance(texts, str) else texts))
    if len(arms) < 2 or len(set(arms)) < len(arms):
        named = ", ".join(map(str, arms)) or "missing"
        raise UsageError(f"arms are {named}; name two or more, each once, the baseline first")
    return arms


def _kind(word: str) -> str:
    """Return what a word is of: the first kind that has its name."""
    name = word.partition(":")[0]
    if name == "class-weights":
        return "balance"
    kinds = [kind for kind, of in _KINDS.items() if of.registry.get(name)]
    if not kinds:
        raise unknown("arm", word, forms())
    if len(kinds) > 1 and name != "none":
        raise UsageError(f"arm: {name!r} is registered as {' and as '.join(kinds)}")
    return kinds[0]
