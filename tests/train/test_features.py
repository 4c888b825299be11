"""`extract_features`: what a net's last layer is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer_data.data.reading import load
from fer_data.errors import UsageError
from fer_data.fer2013.synthetic import write_synthetic
from fer_model.inference.features import extract_features
from fer_model.inference.predict import predict_paths
from fer_model.training import models
from fer_model.training.recipe import Recipe
from tests.helpers.untrained import untrained_run


def test_the_last_layer_makes_of_features_what_the_net_predicts(tmp_path: Path) -> None:
    write_synthetic(tmp_path / "faces", num_images=70)
    run = untrained_run(tmp_path / "run", Recipe(net="small", test_time="none"))
    data = load(tmp_path / "faces")
    features = extract_features(run, data)
    kernel, bias = models.load(run.model_path)[0].layers[-1].get_weights()
    logits = features @ kernel + bias
    found = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    predicted = predict_paths(run.path, [tmp_path / "faces"])
    places = {sample: place for place, sample in enumerate(predicted.samples)}
    order = [places[sample] for sample in data.sample_ids()]
    np.testing.assert_allclose(found, predicted.probabilities[order], atol=1e-5)
    part = data.select(np.arange(len(data)) % 3 == 0)
    np.testing.assert_allclose(extract_features(run.path, part), features[::3], atol=1e-5)


def test_a_net_whose_last_layer_is_not_dense_is_refused() -> None:
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2), keras.layers.Softmax()])
    with pytest.raises(UsageError, match="last layer of this net is Softmax"):
        models.feature_model(model, "run")
