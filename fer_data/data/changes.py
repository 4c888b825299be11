"""What bringing images to one form changed: how many of them, and what they were before."""

from __future__ import annotations

from dataclasses import dataclass

from fer_data.data.decode import Decoded, PixelFormat, has_16_bits
from fer_data.util.words import counted

Size = tuple[int, int]


@dataclass(frozen=True)
class Changes:
    """What was changed of some images; `+` is what was changed of all.

    Attributes
    ----------
    num_resized, num_converted : int
        Images that had another size, and another colour mode.
    smallest, largest : (int, int) or None
        Height and width of those that were resized, by area.
    colors : tuple of str
        Of those that were converted: grey, rgb, or Pillow's mode where it is neither.
    """

    num_resized: int = 0
    num_converted: int = 0
    smallest: Size | None = None
    largest: Size | None = None
    colors: tuple[str, ...] = ()

    @classmethod
    def of(cls, image: Decoded) -> Changes:
        """Return what was changed of one image."""
        height, width, color = image.before
        size = (height, width) if image.resized else None
        colors = (color,) if image.converted else ()
        return cls(int(image.resized), int(image.converted), size, size, colors)

    def __add__(self, other: Changes) -> Changes:
        ends = (self.smallest, self.largest, other.smallest, other.largest)
        sizes = sorted((size for size in ends if size), key=_by_area)
        return Changes(
            self.num_resized + other.num_resized,
            self.num_converted + other.num_converted,
            sizes[0] if sizes else None,
            sizes[-1] if sizes else None,
            tuple(sorted({*self.colors, *other.colors})),
        )

    def line(self, num_images: int, form: PixelFormat, done: str = "read") -> str:
        """Return a line on what images were and what they became; "" where none was changed.

        Sizes are width x height.
        """
        changes = []
        if self.smallest and self.largest:
            ends = (self.smallest, self.largest)
            sizes = dict.fromkeys(f"{width}x{height}" for height, width in ends)
            changes.append(f"{self.num_resized:,} resized (before: {' to '.join(sizes)})")
        if self.num_converted:
            colors = ", ".join(self.colors)
            changes.append(f"{self.num_converted:,} converted in colour (before: {colors})")
        if form.bits and any(map(has_16_bits, self.colors)):
            most = (1 << form.bits) - 1
            changes.append(
                f"{form.bits} of their 16 bits are in use: 0 to {most:,} became 0 to 255"
            )
        if not changes:
            return ""
        images = counted(num_images, "image")
        return f"{images} {done} as {form.width}x{form.height} {form.color}: {', '.join(changes)}"


def _by_area(size: Size) -> tuple[int, Size]:
    return size[0] * size[1], size
