"""Find words that this project replaced by the field's own, in code, docs, messages and help.

    python tools/check_words.py            every finding, one a line; exit code 1 if there is any
    python tools/check_words.py --count    findings by file, most first

`GONE` maps each pattern to what to write in its place; `LEGITIMATE` lists the files, with a
pattern each, in which such a word means something else. Names are split at underscores, so that
`left_out` is found, too. Not read: CHANGELOG.md, which names what was renamed, and records, which
stay as they were measured.
"""

import argparse
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUFFIXES = {".py", ".pyi", ".md", ".j2", ".c", ".toml", ".yml", ".css", ".js", ".ipynb", ".cff"}
NOT_READ = ("CHANGELOG.md", "records/", "tools/records/", "tools/check_words.py")

GONE = {
    r"pictures?": "image",
    r"photographs?": "image, or duplicate group",
    r"(other|another|several|different|all|ten|two) versions? of": "near-duplicate, or flip",
    r"versions? of (a|an|one|the|its|each|every|this|that) (image|sample)s?": "near-duplicate",
    r"known from training": "leaked",
    r"torn": "conflicting labels",
    r"doubts?|doubted": "label issue, or not certain",
    r"(the|a|an|its|their|this|that|whose|what|of|equal|each|by|in) shares?": "fraction",
    r"(as|same|lasting|squared) shares?": "fraction",
    r"shares? of": "fraction of",
    r"(left|leaves?|leaving) out": "exclude, or skip",
    r"not (a|an) images? by its name": "skipped file",
    r"doors?": "load, source or reader",
    r"stretch(es)? of": "batches, or steps",
    r"rooms?": "module",
    r"beside": "next to, besides, with, or and",
    r"average of (the )?weights": "exponential moving average (EMA) of weights",
    r"versions averaged": "test-time augmentation",
    r"longest gradient": "gradient clipping",
    r"less none": "difference from the baseline",
    r"told": "given, named, or reported",
    r"pieces?": "chunk",
    r"cannot be meant": "expected X, got Y",
    r"wants?": "expects, or needs",
    r"anew": "again",
}
LEGITIMATE = {
    "fer_data/data/split_names.py": r"pictures?",  # names of folders that people have
    "fer_data/data/sources/hugging_face.py": r"picture",  # names of columns
    "fer_data/data/sources/tfrecord_features.py": r"picture",  # names of features
    "fer_data/data/sources/tree.py": r"pictures?",  # names of folders that people have
    "tests/data/test_refused_layouts.py": r"pictures?",  # such names
}


def texts() -> Iterator[tuple[str, str]]:
    """Yield path and text of each tracked file that people read."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, encoding="utf-8"
    )
    for name in listed.stdout.split("\0"):
        path = ROOT / name
        if path.suffix in SUFFIXES and not name.startswith(NOT_READ) and path.is_file():
            yield name, path.read_text("utf-8")


def findings(name: str, text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, word and replacement of each word that is gone."""
    legitimate = LEGITIMATE.get(name)
    for number, line in enumerate(text.splitlines(), 1):
        words = re.sub(r'"image/png": "[^"]*"', "", line)  # of a notebook, in which words occur
        words = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", words)
        for pattern, instead in GONE.items():
            for match in re.finditer(rf"\b({pattern})\b", words, re.IGNORECASE):
                if legitimate is None or not re.fullmatch(legitimate, match[0], re.IGNORECASE):
                    yield number, match[0], instead


def main() -> None:
    """Print the findings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("places", nargs="*", help="only files that begin with one of these")
    parser.add_argument("--count", action="store_true", help="print findings by file")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    for name, text in texts():
        if options.places and not name.startswith(tuple(options.places)):
            continue
        for line, word, instead in findings(name, text):
            counts[name] += 1
            if not options.count:
                print(f"{name}:{line}: {word!r}: write {instead}")
    for name, number in counts.most_common() if options.count else ():
        print(f"{number:5} {name}")
    sys.exit(bool(counts))


if __name__ == "__main__":
    main()
