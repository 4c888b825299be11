"""One run of a comparison on a node of a cluster: JSON in, the files of the run out.

A worker imports this module before it knows its settings, so nothing heavy stands at its top.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import time
from typing import TYPE_CHECKING, Any

from fer_data.errors import DataError, UsageError

if TYPE_CHECKING:
    from fer_data.data.store import PixelStore


def run_here(text: str) -> dict[str, Any]:
    """Train a run in a folder of this node, and take the folder away again.

    Parameters
    ----------
    text : str
        JSON: ``recipe`` and ``data`` as a run has them, ``content``, ``versions``, ``cache``.

    Returns
    -------
    dict
        ``files`` and ``seconds``; or ``refused``, where no second try would help, or ``failed``:
        why. Exceptions do not travel, as not all of them can be pickled.
    """
    if not os.environ.get("OMP_NUM_THREADS"):
        os.environ.pop("OMP_NUM_THREADS", None)  # empty, it kept Ray from setting it
    began = time.monotonic()
    try:
        files = _trained(json.loads(text))
    except (DataError, UsageError) as error:
        return {"refused": f"node {_name()}: {error}"}
    except Exception as error:  # whatever a backend may raise
        return {"failed": f"node {_name()}: {type(error).__name__}: {error}"}
    return {"files": files, "seconds": time.monotonic() - began}


def content(store: PixelStore) -> str:
    """Return a key of what is trained on, wherever it lies: pixels, names, splits and labels.

    The fingerprint of a data set would not do: a copy's files may be encoded otherwise.
    """
    key = hashlib.blake2b(digest_size=16)
    for part in (store.digest, store.dataset.digest(), *store.dataset.sample_ids()):
        key.update(part.encode("utf-8", "surrogateescape") + b"\0")
    return key.hexdigest()


def _trained(job: dict[str, Any]) -> dict[str, bytes]:
    from fer_data.data.cache import cache_folder
    from fer_data.data.reading import load
    from fer_data.data.store import open_store
    from fer_data.util.folders import built_whole
    from fer_model.comparison.packing import pack
    from fer_model.training.recipe import Recipe
    from fer_model.training.train import train, versions

    here, there = versions(), job["versions"]
    others = [
        f"{name} {here[name]}, not {there[name]}" for name in here if here[name] != there[name]
    ]
    if others:
        raise DataError(f"has {'; '.join(others)} as where the command runs; install the same")
    recipe, data, cache = Recipe.from_dict(job["recipe"]), job["data"], job["cache"]
    dataset = load(data["path"], **data["options"])
    store = open_store(dataset, form=recipe.requested, cache=cache)
    if content(store) != job["content"]:
        raise DataError(f"{data['path']}: other data than where the command runs; copy it anew")
    with built_whole(cache_folder(cache) / "on-ray" / "run") as beside:
        run = train(recipe, dataset, beside, cache=cache)
        if not run.is_finished:
            raise RuntimeError("the training was stopped")
        files = pack(beside)
        shutil.rmtree(beside)
    return files


def _name() -> str:
    import ray

    return f"{socket.gethostname()} ({ray.util.get_node_ip_address()})"
