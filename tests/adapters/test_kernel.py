"""The compiled kernel and NumPy give the same bits, and no argument ends the process."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fer_data.transforms import kernel
from fer_data.transforms.parameters import Parameters
from fer_data.transforms.pixels import apply

compiled = pytest.mark.skipif(kernel._kernel is None, reason="no compiled kernel here")

SOURCE = Path(kernel.__file__).with_name("_kernel.c")
LEVELS = {
    "default": [],
    "x86-64-v3": ["-march=x86-64-v3"],
    "haswell with FMA": ["-march=haswell"],
    "x86-64-v4": ["-march=x86-64-v4"],
    "unoptimised": ["-O0"],
}

sides = st.integers(1, 9) | st.sampled_from([16, 24, 33, 70])


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, Parameters, str, float]:
    shape = (draw(sides), draw(sides), draw(st.sampled_from([1, 2, 3, 3, 4, 5])))
    batch = draw(st.integers(0, 12))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    store = random.integers(0, 256, (draw(st.integers(1, 5)), *shape), np.uint8)
    if draw(st.booleans()):
        store[random.random(store.shape) < 0.9] = draw(st.sampled_from([0, 255]))
    spread = draw(st.sampled_from([0.1, 1.0, 30.0]))

    def floats(*of: int) -> np.ndarray:
        return random.normal(0, spread, (batch, *of)).astype(np.float32)

    made = {
        "flipped": random.random(batch) < 0.5,
        "matrix": np.eye(2, 3, dtype=np.float32) + floats(2, 3) * np.float32([1, 1, shape[1]]),
        "color": np.eye(3, dtype=np.float32) + floats(3, 3),
        "shade": np.float32([1, 0]) + floats(2) * np.float32([1, 50]),
        "box": random.integers(-2, max(shape) + 3, (batch, 4), np.int32),
    }
    used = {name: value for name, value in made.items() if draw(st.booleans())}
    if shape[2] != 3:
        used.pop("color", None)
    dtype = draw(st.sampled_from(["float32", "uint8"]))
    scale = draw(st.sampled_from([1.0, 1 / 255, -2.5])) if dtype == "float32" else 1.0
    return store, random.integers(0, len(store), batch), Parameters(**used), dtype, scale


def assert_equal_to_numpy(transform_rows: Any, case: Any) -> None:
    store, rows, parameters, dtype, scale = case
    expected = apply(np, store[rows], parameters, scale=scale, dtype=dtype)
    found = np.full(expected.shape, 7, dtype)
    transform_rows(store, rows, found, scale, *parameters)
    assert expected.dtype == dtype
    np.testing.assert_array_equal(found, expected)


@compiled
@given(cases())
@settings(max_examples=200)
def test_the_kernel_gives_what_numpy_gives(case: Any) -> None:
    assert_equal_to_numpy(kernel._kernel.transform_rows, case)


@given(cases())
@example((np.zeros((1, 1, 1, 1), np.uint8), np.zeros(0, np.int64), Parameters(), "uint8", 1.0))
def test_numpy_gives_the_same_in_any_batch(case: Any) -> None:
    store, rows, parameters, dtype, scale = case
    out = np.empty((len(rows), *store.shape[1:]), dtype)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_DATA_KERNEL", "numpy")
        kernel.transform_rows(store, rows, parameters, out, scale)
    np.testing.assert_array_equal(out, apply(np, store[rows], parameters, scale=scale, dtype=dtype))


def variant(folder: Path, flags: list[str]) -> Any:
    """Return the kernel's module, compiled for one level of the processor alone."""
    path = folder / "_kernel.so"
    command = [
        "cc",
        "-std=c99",
        "-O3",
        "-DLEVELS=",
        *flags,
        "-ffp-contract=off",
        "-shared",
        "-fPIC",
    ]
    include = f"-I{sysconfig.get_path('include')}"
    try:
        subprocess.run([*command, include, SOURCE, "-o", path], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no compiler for this here")
    loader = ExtensionFileLoader("_kernel", str(path))
    module = module_from_spec(spec_from_loader("_kernel", loader))
    loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_every_level_of_the_processor_gives_the_same(level: str, tmp_path: Path) -> None:
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    needed = {"x86-64-v4": "avx512vl", "x86-64-v3": "avx2", "haswell with FMA": "avx2"}
    if needed.get(level, "") not in flags:
        pytest.skip(f"this processor is below {level}")
    module = variant(tmp_path, LEVELS[level])

    @given(cases())
    @settings(max_examples=200)
    def check(case: Any) -> None:
        assert_equal_to_numpy(module.transform_rows, case)

    check()


def arguments(**others: Any) -> list[Any]:
    plain = {
        "store": np.zeros((3, 4, 5, 3), np.uint8),
        "rows": np.array([0, 2]),
        "out": np.zeros((2, 4, 5, 3), np.float32),
        "scale": 1.0,
        "flipped": np.zeros(2, np.bool_),
        "matrix": np.zeros((2, 2, 3), np.float32),
        "color": np.zeros((2, 3, 3), np.float32),
        "shade": np.zeros((2, 2), np.float32),
        "box": np.zeros((2, 4), np.int32),
    }
    return list((plain | others).values())


BAD: list[dict[str, Any]] = [
    {"rows": np.array([0, 3])},
    {"rows": np.array([-1, 0])},
    {"rows": np.array([0, 2**62])},
    {"rows": np.array([0, 2], np.int32)},
    {"rows": np.array([[0, 2]])},
    {"rows": np.array([0])},
    {"rows": np.array([0.0, 2.0])},
    {"rows": [0, 2]},
    {"rows": np.array([0, 1, 2, 3])[::2]},
    {"store": np.zeros((3, 4, 5, 3), np.int8)},
    {"store": np.zeros((3, 4, 5), np.uint8)},
    {"store": np.zeros((3, 4, 5, 1), np.uint8)},
    {"store": np.zeros((0, 4, 5, 3), np.uint8)},
    {"store": np.zeros((3, 4, 0, 3), np.uint8), "out": np.zeros((2, 4, 0, 3), np.float32)},
    {"store": np.zeros((3, 4, 5, 6), np.uint8)[..., ::2]},
    {"store": None},
    {"store": b"bytes"},
    {"out": np.zeros((2, 4, 5, 3))},
    {"out": np.zeros((2, 5, 4, 3), np.float32)},
    {"out": np.zeros((1, 4, 5, 3), np.float32)},
    {"out": np.zeros((2, 4, 5, 3), np.uint8), "scale": 0.5},
    {"out": np.frombuffer(bytes(480), np.float32).reshape(2, 4, 5, 3)},
    {"scale": "1"},
    {"flipped": np.zeros(2, np.uint8)},
    {"flipped": np.zeros(1, np.bool_)},
    {"matrix": np.zeros((2, 2, 3))},
    {"matrix": np.zeros((2, 3, 2), np.float32)},
    {"matrix": np.zeros((2, 2, 3), ">f4")},
    {"color": np.zeros((2, 3), np.float32)},
    {"shade": np.zeros((2, 3), np.float32)},
    {"box": np.zeros((2, 4), np.int64)},
    {"box": np.zeros((3, 4), np.int32)},
]


@compiled
@pytest.mark.parametrize("bad", BAD)
def test_what_does_not_fit_raises(bad: dict[str, Any]) -> None:
    with pytest.raises((IndexError, TypeError, ValueError, BufferError)):
        kernel._kernel.transform_rows(*arguments(**bad))


@compiled
def test_wild_numbers_end_no_process() -> None:
    wild = np.float32([np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-45])
    for seed in range(300):
        random = np.random.default_rng(seed)
        kernel._kernel.transform_rows(
            *arguments(
                matrix=random.choice(wild, (2, 2, 3)),
                color=random.choice(wild, (2, 3, 3)),
                shade=random.choice(wild, (2, 2)),
                box=random.choice(np.int32([-(2**31), 2**31 - 1, 0, 3]), (2, 4)),
                out=np.zeros((2, 4, 5, 3), random.choice(["float32", "uint8"])),
            )
        )


@pytest.mark.parametrize("asked", ["numpy", ""])
def test_the_version_tells_the_kernel(asked: str) -> None:
    code = "from fer_data.transforms.kernel import kernel_in_use; print(kernel_in_use())"
    environment = {**os.environ, "FER_DATA_KERNEL": asked}
    shown = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
    assert shown.startswith("NumPy" if asked or kernel._kernel is None else "compiled")
