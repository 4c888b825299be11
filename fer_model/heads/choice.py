"""New last layers for trained nets: what each is made of, and their registry.

A head is the kernel [D, C] and bias [C] of the last dense layer, before its softmax. The rest of
the net stays, so that a new head costs no second training, and balancing must beat it to be worth
one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_data.registry import Choice, Registry
from fer_model.heads.posthoc import apply_head


class Head(NamedTuple):
    """A last layer: kernel float64 [D, C], bias float64 [C].

    Examples
    --------
    >>> import numpy as np
    >>> from fer_model.heads import Head
    >>> Head(np.eye(2), np.zeros(2)).probabilities([[0.0, 0.0]]).tolist()
    [[0.5, 0.5]]
    """

    kernel: NDArray[np.float64]
    bias: NDArray[np.float64]

    def probabilities(self, features: ArrayLike) -> NDArray[np.float64]:
        """Return the probabilities of features, float [N, D], as float64 [N, C]."""
        return apply_head(features, self.kernel, self.bias)


class HeadInputs(NamedTuple):
    """What a new head can be made of.

    Attributes
    ----------
    head : Head
        As it was trained.
    counts : ndarray of int64, shape [C]
        Training samples of each class.
    train, validation : callable
        Features float [N, D] and labels int [N] of the training and the validation samples, as
        they are: not augmented.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_model.heads import Head, HeadChoice, HeadInputs
    >>> features, labels = np.array([[0.0, 1.0], [0.1, 0.9], [1.0, 0.0]]), np.array([0, 0, 1])
    >>> inputs = HeadInputs(
    ...     Head(np.eye(2), np.zeros(2)),
    ...     np.array([2, 1]),
    ...     train=lambda: (features, labels),
    ...     validation=lambda: (features, labels),
    ... )
    >>> head, chosen = HeadChoice.parse("post-hoc:1").build(inputs)
    >>> head.bias.round(2).tolist()
    [0.41, 1.1]
    """

    head: Head
    counts: NDArray[np.int64]
    train: Callable[[], tuple[NDArray[Any], NDArray[Any]]]
    validation: Callable[[], tuple[NDArray[Any], NDArray[Any]]]


HEADS = Registry("head", balances=False, retrains=False)
"""Heads: functions from `HeadInputs` and parameters to a `Head`, and a dict of what
was chosen on the way.

Traits: ``balances``, as of a loss; ``retrains``, where the layer is trained to its optimum, which
is a gain of its own over a net that was not (`retrained` is the control).

Examples
--------
>>> import fer_model
>>> fer_model.HEADS.names()[:4]
('post-hoc', 'tau-norm', 'lws', 'crt')
"""


class HeadChoice(Choice):
    """Which new head is made: a name in `HEADS` with its parameters.

    Examples
    --------
    >>> from fer_model.heads import HeadChoice
    >>> HeadChoice.parse("tau-norm:1").parameters
    (1.0,)
    """

    registry = HEADS

    def build(self, inputs: HeadInputs) -> tuple[Head, dict[str, float]]:
        """Make the head; return it with what was chosen on the way."""
        head, chosen = self.entry.function(inputs, *self.parameters)
        return head, chosen
