"""Files and rows that cannot be used, and images of several sizes or colour modes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fer_data.auditing.finding import Finding
from fer_data.auditing.subject import Subject
from fer_data.util.words import counted, printable

UNREADABLE = "unreadable"

KINDS = {
    UNREADABLE: "files and rows that cannot be decoded, are missing, or have no label or several",
    "odd-size": "images that are not all of one size",
    "odd-color": "images that are not all of one colour mode",
}


def find(subject: Subject) -> Iterator[Finding]:
    """Find what is wrong with the files."""
    bad = [item for item in subject.dataset.skipped if item.error]
    if bad:
        names: dict[str, list[str]] = {}
        for item in bad:
            names.setdefault(item.reason, []).append(printable(item.name))
        yield Finding(
            UNREADABLE,
            "error",
            "",
            f"{', '.join(_reason(reason, of) for reason, of in names.items())}; "
            "not checked any further",
            "repair or exclude them, or have them skipped elsewhere, too (skip_bad)",
            names=tuple(item.name for item in bad),
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
        counts = Counter(values)
        if len(counts) < 2:
            continue
        (usual, number), *others = counts.most_common()
        if 2 * number > counts.total():
            rows = [row for row, value in enumerate(values) if value != usual]
            images = counted(number, "image is", "images are")
            others_are = counted(len(rows), "is not", "are not")
            summary = f"{images} {usual}, {others_are}: {_listed(others)} ({unit})"
        else:
            rows = list(range(len(values)))
            values_found = _listed(counts.most_common())
            summary = (
                f"{counted(len(counts), what)} among {len(rows):,} images: {values_found} ({unit})"
            )
        yield Finding(
            kind,
            "note",
            "",
            summary,
            "loading converts all to one format; check whether only some classes have them",
            groups=tuple((row,) for row in rows),
        )


def _reason(reason: str, names: list[str]) -> str:
    words = reason.replace("has ", "have ", 1) if len(names) > 1 else reason
    return f"{len(names):,} {words} ({_first(names)})"


def _first(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")


def _listed(counts: list[tuple[str, int]]) -> str:
    shown = ", ".join(f"{value} ({number:,})" for value, number in counts[:5])
    return shown + (f" and {len(counts) - 5:,} more" if len(counts) > 5 else "")
