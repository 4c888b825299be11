"""Files that cannot be decoded, or are of another size or colour than most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fer_data.audit.finding import Finding
from fer_data.audit.subject import Subject
from fer_data.manifest import NO_SPLIT

KINDS = {
    "unreadable": "files and rows that cannot be decoded",
    "odd-size": "pictures of another size than most",
    "odd-color": "pictures of another colour mode than most",
}


def find(subject: Subject) -> Iterator[Finding]:
    """Find what is wrong with the files."""
    bad = tuple(
        item.name
        for item in subject.manifest.left_out
        if item.reason.startswith(("cannot be decoded", "bad "))
    )
    if bad:
        yield Finding(
            "unreadable",
            "error",
            "",
            f"{len(bad):,} cannot be decoded, and are not part of any other finding",
            "mend them, exclude them by name, or train with --skip-bad",
            names=bad,
            num_unlisted=len(bad),
        )
    taken = (subject.manifest.split_codes != NO_SPLIT).tolist()
    for kind, values, words in (
        ("odd-size", [f"{width}x{height}" for height, width, _ in subject.looks], "pixels"),
        ("odd-color", [color for _, _, color in subject.looks], "in colour or Pillow's mode"),
    ):
        counted = Counter(value for value, is_taken in zip(values, taken, strict=True) if is_taken)
        if len(counted) < 2:
            continue
        (usual, number), *others = counted.most_common()
        rows = [row for row, value in enumerate(values) if taken[row] and value != usual]
        shown = ", ".join(f"{value} ({times:,})" for value, times in others[:5])
        more = f" and {len(others) - 5:,} more" if len(others) > 5 else ""
        yield Finding(
            kind,
            "note",
            "",
            f"{number:,} pictures are {usual}, {len(rows):,} are not: {shown}{more} ({words})",
            "know that they are brought to one form; look whether a class has them all",
            groups=tuple((row,) for row in rows),
        )
