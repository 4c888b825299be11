"""Search for bytes that break the readers, guided by the code that they reach (atheris).

    pip install 'fer-data[fuzz]'
    python tools/fuzz.py csv --seconds 120 --corpus /tmp/corpus/csv

`tests/helpers/fuzz_targets.py` defines what goes into each target and what may come out. An empty
corpus begins with seeds from there. The search ends at the first finding, which is kept next to the
corpus as `crash-…`, `timeout-…` or `oom-…`. Inputs of mended findings go to
`tests/robustness/cases/TARGET/`, where the tests run them again without atheris.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1]))

with atheris.instrument_imports(include=["fer_data", "PIL", "numpy.lib", "zipfile"]):
    from tests.helpers.fuzz_targets import TARGETS


def main() -> None:
    """Run one target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60, help="how long (default: 60)")
    parser.add_argument("--corpus", type=Path, required=True, help="folder of inputs; made, grows")
    parser.add_argument("--mebibytes", type=int, default=1024, help="most memory (default: 1024)")
    options = parser.parse_args()
    target = TARGETS[options.target]
    corpus: Path = options.corpus
    corpus.mkdir(parents=True, exist_ok=True)
    if not any(corpus.iterdir()):
        for place, seed in enumerate(target.seeds()):
            (corpus / f"seed-{place:02d}").write_bytes(seed)
    arguments = [
        sys.argv[0],
        f"-max_total_time={options.seconds}",
        f"-max_len={target.max_len}",
        f"-rss_limit_mb={options.mebibytes}",
        "-timeout=20",
        "-print_final_stats=1",
        f"-artifact_prefix={corpus.absolute()}-",
        str(corpus),
    ]
    atheris.Setup(arguments, target.try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
