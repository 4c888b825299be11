"""Files that cannot be decoded, and images of several sizes or colour modes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fer_data.auditing.finding import Finding
from fer_data.auditing.subject import Subject
from fer_data.util.words import counted

KINDS = {
    "unreadable": "files and rows that cannot be decoded",
    "odd-size": "images that are not all of one size",
    "odd-color": "images that are not all of one colour mode",
}


def find(subject: Subject) -> Iterator[Finding]:
    """Find what is wrong with the files."""
    bad = tuple(
        item.name
        for item in subject.dataset.skipped
        if item.reason.startswith(("cannot be decoded", "bad "))
    )
    if bad:
        yield Finding(
            "unreadable",
            "error",
            "",
            f"{len(bad):,} cannot be decoded, and are not part of any other finding",
            "mend them, exclude them by name, or skip them in training",
            names=bad,
            num_unlisted=len(bad),
        )
    for kind, values, what, unit in (
        ("odd-size", [f"{width}x{height}" for height, width, _ in subject.looks], "size", "pixels"),
        (
            "odd-color",
            [color for _, _, color in subject.looks],
            "colour mode",
            "in colour or Pillow's mode",
        ),
    ):
        found = Counter(values)
        if len(found) < 2:
            continue
        (usual, number), *others = found.most_common()
        if 2 * number > found.total():
            rows = [row for row, value in enumerate(values) if value != usual]
            images = counted(number, "image is", "images are")
            not_so = counted(len(rows), "is not", "are not")
            summary = f"{images} {usual}, {not_so}: {_listed(others)} ({unit})"
        else:
            rows = list(range(len(values)))
            every = _listed(found.most_common())
            summary = f"{counted(len(found), what)} among {len(rows):,} images: {every} ({unit})"
        yield Finding(
            kind,
            "note",
            "",
            summary,
            "know that they are brought to one form; look whether a class has them all",
            groups=tuple((row,) for row in rows),
        )


def _listed(found: list[tuple[str, int]]) -> str:
    shown = ", ".join(f"{value} ({number:,})" for value, number in found[:5])
    return shown + (f" and {len(found) - 5:,} more" if len(found) > 5 else "")
