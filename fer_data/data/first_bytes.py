"""What a file is by its first bytes, and what to do about it: its name may say anything."""

from __future__ import annotations

HEAD_BYTES = 512
"""As many as `kind_of` needs: a tar archive says what it is from byte 257 on."""

ZIP_START = b"PK\x03\x04"

_STARTS = (
    (b"Rar!\x1a\x07", "a RAR archive; unpack it and name what it holds"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it and name what it holds"),
    (ZIP_START, "a zip archive; name it .zip, or unpack it and name what it holds"),
    (b"PK\x05\x06", "an empty zip archive; fetch it again"),
    (b"BZh", "a bzip2 file; unpack it and name what it holds"),
    (b"\xfd7zXZ\x00", "an xz file; unpack it and name what it holds"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file; unpack it and name what it holds"),
    (b"\x1f\x9d", "a file of Unix compress; unpack it and name what it holds"),
    (b"\x1f\x8b", "a gzip file; unpack it and name what it holds"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file; save its arrays as .npz or its images as class folders"),
    (b"\x93NUMPY", "a single NumPy array; save images and labels together as .npz"),
    (b"MATLAB 5.0", "a MATLAB file; save its arrays as .npz or its images as class folders"),
    (b"SQLite format 3\0", "an SQLite database; export it as csv or class folders"),
    (b"PAR1", "a parquet file"),
    (b"ARROW1", "an Arrow file; save it as parquet"),
    (b"%PDF-", "a PDF document, no data"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document; save the sheet as csv"),
    (b"{\\rtf", "an RTF document; save it as csv"),
    (b"\x7fELF", "a program, no data"),
    (b"MZ\x90", "a Windows program, no data"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image; name the folder that holds the class folders"),
    (b"\xff\xd8\xff", "a JPEG image; name the folder that holds the class folders"),
    (b"GIF8", "a GIF image; name the folder that holds the class folders"),
    (b"\0\5\x16\7", "what macOS keeps next to a file, not the file; fetch the file again"),
    (b"\xff\xfe", "UTF-16 text; save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text; save it as UTF-8"),
)

_OFFICE = b"[Content_Types].xml"
_MEMBER_NAME = 30
"""Where the name of a zip archive's first member stands."""

EMPTY = "an empty file; fetch or write it again"

BINARY = "a binary file of no known kind; fetch it again, or save a table as UTF-8 text"

_SHOWN = 60
_MOST_CONTROLS = 0.05

_LFS = b"version https://git-lfs.github.com/spec/"
_PAGE = (b"<!doctype html", b"<html", b"<head", b"<script", b"<body")
_PICKLE_PROTOCOLS = range(2, 6)


def kind_of(head: bytes) -> str | None:
    """Return what a file is and what to do, where it is something that is not read as text.

    Parameters
    ----------
    head : bytes
        The first `HEAD_BYTES` of it, or all of it.
    """
    if head.startswith(ZIP_START) and head.startswith(_OFFICE, _MEMBER_NAME):
        return "an Office document; save the sheet as csv"
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[257:262] == b"ustar" or _is_old_tar(head):
        return "a tar archive; unpack it (tar xf) and name what it holds"
    if len(head) > 1 and head[0] == 0x80 and head[1] in _PICKLE_PROTOCOLS:
        return "a Python pickle, which could run code and is never read; save the data as .npz"
    text = _text(head)
    if is_lfs_pointer(head):
        return "a Git LFS pointer, not the data; fetch the data with git lfs pull"
    if text.lower().startswith(_PAGE):
        return "an HTML page, probably a sign-in page; fetch the file in a browser or with its API"
    if text.startswith(b"<?xml"):
        return "an XML file, no table"
    return _text_kind(text, is_whole=len(head) < HEAD_BYTES)


def is_lfs_pointer(head: bytes) -> bool:
    """Whether a file is what Git LFS leaves in place of one that was not fetched."""
    return _text(head).startswith(_LFS)


def described(head: bytes) -> str:
    """Return what a file is and what to do: what `kind_of` says, or the text that it begins with.

    Parameters
    ----------
    head : bytes
        The first `HEAD_BYTES` of it, or all of it.
    """
    if not head:
        return EMPTY
    if kind := kind_of(head):
        return kind
    if is_binary(head):
        return BINARY
    line = _text(head).partition(b"\n")[0].decode("utf-8", "replace").strip()
    shown = line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
    return f"text that begins {shown!r}; fetch it again, or name it by what it is"


def is_binary(head: bytes) -> bool:
    """Whether a file has more control characters than any text; of NUL, reading tells the line."""
    controls = head.translate(None, _NO_CONTROLS)
    return len(controls) > _MOST_CONTROLS * len(head)


_NO_CONTROLS = bytes({*range(32, 256), *b"\0\t\n\r\f\x1b"} - {127})


def _text(head: bytes) -> bytes:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()


def _is_old_tar(head: bytes) -> bool:
    """Whether a header of V7's tar: a name, octal fields, and the sum of its own bytes."""
    if len(head) < HEAD_BYTES or not head[0]:
        return False
    try:
        checksum = int(head[148:156].strip(b" \0"), 8)
    except ValueError:
        return False
    return checksum == sum(head[:148]) + 8 * ord(" ") + sum(head[156:])


def _text_kind(text: bytes, *, is_whole: bool) -> str | None:
    line = text.strip()
    if is_whole and line[:1] in (b"/", b".") and b"\n" not in line and b"," not in line:
        return "a path as text, as a link becomes where links are not kept; fetch the file itself"
    first = text.partition(b"\n")[0]
    if b"\0" in first:
        return BINARY
    return None
