"""Plots of predictions: the confusion matrix, and the recall of each class."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fer_data
import fer_model


def test_confusion_takes_indices_names_and_probabilities_alike() -> None:
    names = ["cat", "dog"]
    true, predicted = [0, 0, 1, 1], [0, 1, 1, 1]
    for y_true, y_pred, given_names in (
        (true, predicted, names),
        ([names[k] for k in true], [names[k] for k in predicted], None),
        (np.eye(2)[true], 0.8 * np.eye(2)[predicted], names),
        (true, [names[k] for k in predicted], names),
    ):
        axes = fer_model.plot_confusion(y_true, y_pred, given_names).axes[0]
        cells = [text.get_text() for text in axes.texts]
        assert cells == ["1\n50 %", "1\n50 %", "0\n0 %", "2\n100 %"]
        assert [text.get_text() for text in axes.get_yticklabels()] == names
        assert axes.get_title() == "accuracy 75.0 %, balanced accuracy 75.0 %"


@pytest.mark.parametrize(
    ("y_true", "y_pred", "names"),
    [
        ([], [], None),
        ([0, 1], [0], None),
        ([0, -1], [0, 1], None),
        ([0, 2], [0, 1], ["cat", "dog"]),
        (["cat"], ["bird"], ["cat", "dog"]),
        (["cat"], [0], None),
        ([0.5], [0.0], None),
        (np.zeros((2, 2, 2)), [0, 1], None),
        ([0, 1], [[0.5, 0.5], [np.nan, np.nan]], None),
        ([0, np.nan], [0, 1], None),
        ([0, 2], np.eye(2), None),
        ([0, 1], np.eye(2), ["cat", "dog", "eel"]),
        ([0, 1], np.eye(3)[:2], ["cat", "dog"]),
        (["cat", "dog"], np.eye(3)[:2], ["cat", "dog"]),
    ],
)
def test_confusion_refuses_what_are_no_predictions(y_true: Any, y_pred: Any, names: Any) -> None:
    for plot in (fer_model.plot_confusion, fer_model.plot_recalls):
        with pytest.raises(fer_data.UsageError):
            plot(y_true, y_pred, names)


def test_probabilities_of_more_classes_than_occur_are_all_drawn() -> None:
    axes = fer_model.plot_confusion([0, 1], np.eye(3)[:2]).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["0", "1", "2"]


def test_recalls_are_drawn_of_the_classes_that_occur_the_largest_on_top() -> None:
    names = ["cat", "dog", "eel"]
    axes = fer_model.plot_recalls([1, 1, 1, 0], [1, 1, 2, 0], names).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["dog (3)", "cat (1)"]
    assert [bar.get_width() for bar in axes.patches] == [66.7, 100.0]


def test_recalls_of_several_models_are_bars_of_their_own() -> None:
    axes = fer_model.plot_recalls([0, 0, 1], {"plain": [0, 1, 0], "balanced": [0, 0, 1]}).axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["plain", "balanced"]
    assert [bar.get_width() for bar in axes.patches] == [50.0, 0.0, 100.0, 100.0]
    with pytest.raises(fer_data.UsageError, match="one model or more"):
        fer_model.plot_recalls([0, 1], {})
