"""The compiled kernel, which is optional: without a compiler the same is done in NumPy.

``FER_DATA_KERNEL=numpy`` makes a wheel without it, which installs anywhere.
"""

import os

from setuptools import Extension, setup

KERNEL = Extension(
    "fer_data.transforms._kernel",
    ["fer_data/transforms/_kernel.c"],
    # -O3 vectorises; without contraction results are those of NumPy to the bit.
    extra_compile_args=["-std=c99", "-O3", "-ffp-contract=off"],
    py_limited_api=True,
    optional=True,
)

WANTED = [] if os.environ.get("FER_DATA_KERNEL") == "numpy" else [KERNEL]

setup(ext_modules=WANTED, options={"bdist_wheel": {"py_limited_api": "cp311"}})
