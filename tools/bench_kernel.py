"""What the compiled kernel takes an image, against the same in NumPy: CPU time, side by side.

Usage: python tools/bench_kernel.py [--numpy]
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np

from fer_data.transforms import PRESETS, Keys, Ops, Parameters
from fer_data.transforms.kernel import kernel_in_use, transform_rows

BATCH = 64
ROUNDS = 7


def cpu_seconds(store: np.ndarray, parameters: Parameters, dtype: str, batches: int) -> float:
    """Return the least CPU time an image took."""
    random = np.random.default_rng(0)
    out = np.empty((BATCH, *store.shape[1:]), dtype)
    scale = 1 / 255 if dtype == "float32" else 1.0
    times = []
    for _ in range(ROUNDS):
        chosen = random.integers(0, len(store), (batches, BATCH))
        begin = time.process_time()
        for rows in chosen:
            transform_rows(store, rows, parameters, out, scale)
        times.append((time.process_time() - begin) / (batches * BATCH))
    return min(times)


def main() -> None:
    """Print a table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--numpy", action="store_true", help="measure NumPy, too, and the ratio")
    with_numpy = options.parse_args().numpy
    print(f"kernel: {kernel_in_use()}; microseconds of CPU time an image, the least of {ROUNDS}")
    for shape, num in (((48, 48, 1), 20_000), ((224, 224, 3), 500)):
        store = np.random.default_rng(1).integers(0, 256, (num, *shape), np.uint8)
        batches = max(1, 400_000 // (store[0].size // 16))
        for preset, ops in PRESETS.items():
            if preset == "color" and shape[2] == 1:
                continue
            samples = np.arange(BATCH)
            parameters = Ops(ops).draw(Keys(0, samples, samples, samples), shape)
            for dtype in ("float32", "uint8"):
                os.environ["FER_DATA_KERNEL"] = ""
                compiled = cpu_seconds(store, parameters, dtype, batches)
                line = (
                    f"{'x'.join(map(str, shape)):>10} {preset:>9} {dtype:>8}{compiled * 1e6:9.2f}"
                )
                if with_numpy:
                    os.environ["FER_DATA_KERNEL"] = "numpy"
                    numpy = cpu_seconds(store, parameters, dtype, max(1, batches // 100))
                    line += f"   NumPy {numpy * 1e6:9.2f}   ratio {numpy / compiled:6.1f}"
                print(line, flush=True)


if __name__ == "__main__":
    main()
