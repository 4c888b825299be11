from __future__ import annotations

import pytest

from fer_data.errors import UsageError
from fer_model.training import nets
from tests.helpers.registered import every

EVERY = every(nets.NetChoice, most=1)

# As the reference notebook prints it: layer, output shape, parameters.
DOCUMENTED = """
Conv2D 48,48,64 640 | BatchNormalization 48,48,64 256 | Activation 48,48,64 0
MaxPooling2D 24,24,64 0 | Dropout 24,24,64 0
Conv2D 24,24,128 204928 | BatchNormalization 24,24,128 512 | Activation 24,24,128 0
MaxPooling2D 12,12,128 0 | Dropout 12,12,128 0
Conv2D 12,12,512 590336 | BatchNormalization 12,12,512 2048 | Activation 12,12,512 0
MaxPooling2D 6,6,512 0 | Dropout 6,6,512 0
Conv2D 6,6,512 2359808 | BatchNormalization 6,6,512 2048 | Activation 6,6,512 0
MaxPooling2D 3,3,512 0 | Dropout 3,3,512 0
Flatten 4608 0
Dense 256 1179904 | BatchNormalization 256 1024 | Activation 256 0 | Dropout 256 0
Dense 512 131584 | BatchNormalization 512 2048 | Activation 512 0 | Dropout 512 0
Dense 7 3591
"""


def test_the_documented_cnn_is_the_notebooks_layer_by_layer() -> None:
    model = nets.build("documented", (48, 48, 1), 7)
    found = [
        f"{type(layer).__name__} {','.join(map(str, layer.output.shape[1:]))} "
        f"{layer.count_params()}"
        for layer in model.layers
    ]
    assert found == [line.strip() for line in DOCUMENTED.replace("\n", "|").split("|") if line]
    assert model.count_params() == 4_478_727
    assert sum(variable.numpy().size for variable in model.trainable_variables) == 4_474_759
    dropouts = [layer.rate for layer in model.layers if type(layer).__name__ == "Dropout"]
    assert dropouts == [0.25] * 6
    activations = {
        layer.activation.__name__ for layer in model.layers if type(layer).__name__ == "Activation"
    }
    assert activations == {"relu"}


@pytest.mark.parametrize("net", list(map(str, EVERY)))
def test_every_net_takes_any_size_colour_and_number_of_classes(net: str) -> None:
    model = nets.build(net, (32, 40, 3), 11)
    assert model.input_shape == (None, 32, 40, 3)
    assert model.output_shape == (None, 11)


@pytest.mark.parametrize("net", list(map(str, EVERY)))
def test_images_that_a_net_pools_away_are_refused(net: str) -> None:
    side = nets.NetChoice.parse(net).trait("smallest_side")
    nets.build(net, (side, side, 1), 2)
    if side > 1:
        with pytest.raises(UsageError, match=f"at least {side}"):
            nets.build(net, (side - 1, 64, 1), 2)


def test_a_single_class_is_refused() -> None:
    with pytest.raises(UsageError, match="only one class"):
        nets.build("small", (48, 48, 1), 1)
