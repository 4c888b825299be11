"""On which devices a training runs, and whether its pixels fit there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import keras

from fer_data.errors import UsageError
from fer_model.environment import data_on_device

_SHARE = 4
"""Pixels may take up to one such part of an accelerator's memory."""


def has_accelerator() -> bool:
    """Whether something else than processors trains."""
    if keras.backend.backend() == "torch":
        return bool(import_module("torch").cuda.is_available())
    return any(not name.startswith("cpu") for name in keras.distribution.list_devices())


def takes_data(asked: bool | None, num_bytes: int) -> bool:
    """Whether pixels go to the device.

    Parameters
    ----------
    asked : bool, optional
        By default what the environment says (`fer_model.environment`), else whether several
        devices share batches, or the pixels fit in a quarter of an accelerator's memory.
    num_bytes : int
        Of the pixels.

    Raises
    ------
    UsageError
        If the environment says neither 1 nor 0, or several devices share batches of pixels that
        are not on them.
    """
    if asked is None:
        asked = data_on_device()
    are_several = isinstance(keras.distribution.distribution(), _Sharing)
    if are_several and asked is False:
        raise UsageError("several devices train with the data on each of them; let it go there")
    if asked is None:
        return are_several or num_bytes * _SHARE <= accelerator_memory()
    return asked


def accelerator_memory() -> int:
    """Return the bytes of the accelerator's memory; 0 where there is none, or it does not say."""
    backend = keras.backend.backend()
    if backend == "jax":
        stats = import_module("jax").local_devices()[0].memory_stats()  # None on processors
        return int((stats or {}).get("bytes_limit", 0))
    if backend == "torch":
        cuda = import_module("torch").cuda
        return int(cuda.mem_get_info()[1]) if cuda.is_available() else 0
    if not has_accelerator():
        return 0
    local = import_module("tensorflow.python.client.device_lib").list_local_devices()
    return max((int(one.memory_limit) for one in local if one.device_type == "GPU"), default=0)


@contextmanager
def sharing(num_devices: int, batch_size: int) -> Iterator[None]:
    """Let several devices share each batch of what is built and trained in a ``with`` block.

    It is as if one device had the whole batch: statistics of batch normalisation are taken over all
    of it, and pictures are mixed with any other. The net's pictures are to go through `shared`.

    Raises
    ------
    UsageError
        If the backend is not JAX, there are not so many devices, or they cannot share a batch
        evenly.
    """
    if num_devices == 1:
        yield
        return
    if keras.backend.backend() != "jax":
        raise UsageError(
            f"num_devices is {num_devices}, and the backend {keras.backend.backend()}: several "
            "devices train on JAX alone; set KERAS_BACKEND=jax"
        )
    names = keras.distribution.list_devices()
    if not 1 <= num_devices <= len(names):
        raise UsageError(f"num_devices is {num_devices}; there are {', '.join(names)}")
    if batch_size % num_devices:
        raise UsageError(
            f"batch_size is {batch_size}, which {num_devices} devices cannot share evenly; choose "
            f"a multiple of {num_devices}"
        )
    with _Sharing(devices=names[:num_devices]).scope():
        yield


def shared(batch: Any) -> Any:
    """Give each device of `sharing` its part of a tensor [B, ...], where B can be shared evenly."""
    sharing = keras.distribution.distribution()
    if not isinstance(sharing, _Sharing) or batch.shape[0] % sharing.num_model_replicas:
        return batch
    axes = [sharing.batch_dim_name, *(None for _ in batch.shape[1:])]
    layout = keras.distribution.TensorLayout(axes, sharing.device_mesh)
    return keras.distribution.distribute_tensor(batch, layout)


class _Sharing(keras.distribution.DataParallel):
    """Keras's data parallelism, where each device is fed the whole batch, and `shared` divides it.

    Keras divides all batches of an epoch as the first one, and the last may be smaller.
    """

    def get_data_layout(self, data_shape: tuple[int, ...]) -> Any:
        """Return the layout of what is fed: nothing is divided."""
        return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)
