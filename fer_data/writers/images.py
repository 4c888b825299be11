"""Images as image files: their bytes as they are where that can be, else PNG."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fer_data.data.decode import Raw, as_png, check, decode, image_info
from fer_data.data.image_format import FormatRequest
from fer_data.util.png import MAX_STORED, encode_grey


def as_file(raw: Raw, form: FormatRequest | None, name: str) -> Path | bytes:
    """Return an image file, or its bytes: PNG where pixels are given or a form is asked for.

    Raises
    ------
    DataError
        If the image cannot be decoded.
    """
    if form is not None:
        return encode(decode(raw, form.of_image(image_info(raw, name)), name).pixels)
    if isinstance(raw, np.ndarray):
        return encode(raw)
    check(raw, name)
    return raw


def as_png_or_jpeg(raw: Raw, form: FormatRequest | None, name: str) -> bytes:
    """Return a PNG or JPEG file, as `as_file` does; a file of another kind becomes PNG.

    Raises
    ------
    DataError
        If the image cannot be decoded.
    """
    data = as_file(raw, form, name)
    data = data.read_bytes() if isinstance(data, Path) else data
    return data if ending(data) in (".png", ".jpg") else as_png(data, name)


def encode(pixels: NDArray[np.uint8]) -> bytes:
    """Return a PNG file of pixels [H, W], [H, W, 1] or [H, W, 3]."""
    if pixels.shape[2:] == (1,):
        pixels = pixels[:, :, 0]
    if pixels.ndim == 2 and pixels.shape[0] * (pixels.shape[1] + 1) <= MAX_STORED:
        return encode_grey(pixels)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def ending(data: Path | bytes) -> str:
    """Return the ending of a file's name that its content asks for."""
    if isinstance(data, Path):
        return data.suffix.lower()
    return next((ending for magic, ending in _ENDINGS if data.startswith(magic)), ".webp")


_ENDINGS = (
    (b"\x89PNG", ".png"),
    (b"\xff\xd8", ".jpg"),
    (b"GIF8", ".gif"),
    (b"BM", ".bmp"),
    (b"II", ".tif"),
    (b"MM", ".tif"),
)


def write(data: Path | bytes, path: str, *, links: bool = False) -> None:
    """Write an image file, and the folder that it is in where there is none.

    Plain system calls: `open` asks for four more of a file than a new one needs, and they took
    three times as long.
    """
    if isinstance(data, Path):
        put = _link if links else shutil.copyfile
        try:
            put(data, path)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            put(data, path)
        return
    try:
        file = os.open(path, _NEW, 0o666)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        file = os.open(path, _NEW, 0o666)
    try:
        written = os.write(file, data)
        while written < len(data):  # the disk is full, which the next call tells
            written += os.write(file, data[written:])
    finally:
        os.close(file)


def _link(source: Path, target: str) -> None:
    """Link a file, or copy it where that cannot be."""
    try:
        os.link(source.resolve(), target)  # a link to a link would lead elsewhere
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copy2(source, target)


_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)  # as Windows has it
