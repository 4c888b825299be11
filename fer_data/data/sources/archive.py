"""A zip archive read in place: what its directory says, checked, and the bytes of one member.

The directory is read by `zipfile`, and the members by their places in it, so that another process
gets a few places and not the directory. Nothing is trusted: names that could lead elsewhere,
members that are encrypted or packed in rare ways, and sizes are refused before anything is read.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from fer_data.data.first_bytes import ZIP_START
from fer_data.errors import DataError

MAX_MEMBERS = 1 << 21
"""ImageNet has 1.3 million."""

MAX_MEMBER_BYTES = 1 << 28
"""Of one member, unpacked."""

MAX_DEPTH = 64
"""Folders in one another."""

_MAX_DIRECTORY_BYTES = 1 << 28
_ENCRYPTED = 0x1
_OFFICE = "[Content_Types].xml"
_DRIVE = re.compile(r"[A-Za-z]:")
_LOCAL = struct.Struct("<4s22xHH")
_END = struct.Struct("<4s8xL6x")  # of the directory: its size
_END_BYTES = 22
_COMMENT_BYTES = 1 << 16

_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError)
"""What `zipfile` raises of archives that it cannot list."""

BROKEN = "cannot be decoded (broken in its zip archive)"


class Member(NamedTuple):
    """Where the bytes of a member are.

    Attributes
    ----------
    offset : int
        Of its own header in the archive.
    packed, size : int
        Bytes in the archive, and unpacked.
    crc : int
    is_deflated : bool
    is_folder, is_link : bool
    """

    offset: int
    packed: int
    size: int
    crc: int
    is_deflated: bool = False
    is_folder: bool = False
    is_link: bool = False


def is_zip(path: Path) -> bool:
    """Whether a path is a file that begins as a zip archive does."""
    try:
        if not path.is_file():
            return False
        with open(path, "rb") as file:
            return file.read(len(ZIP_START)) == ZIP_START
    except OSError:
        return False


def holds_arrays(path: Path) -> bool:
    """Whether a zip archive is NumPy's ``.npz``: its members are arrays.

    One that cannot be listed is by its name.
    """
    try:
        with open(path, "rb") as file:
            if not _first_name(file).endswith(b".npy"):  # listing all takes long
                return path.suffix.lower() == ".npz"
            _check_directory(path, file)
            with zipfile.ZipFile(file) as archive:
                names = archive.namelist()
    except (DataError, OSError, *_ERRORS):
        return path.suffix.lower() == ".npz"
    return path.suffix.lower() == ".npz" or all(name.endswith(".npy") for name in names)


def _first_name(file: IO[bytes]) -> bytes:
    head = file.read(_LOCAL.size)
    return file.read(_LOCAL.unpack(head)[1]) if len(head) == _LOCAL.size else b""


def members_of(path: Path) -> dict[str, Member]:
    """Return the members of an archive by their paths, with ``/`` and without one at the end.

    Raises
    ------
    DataError
        If it is broken or encrypted, has too many members, one that is packed in another way than
        deflated, or a name that is absolute, leads upwards or comes twice.
    """
    members: dict[str, Member] = {}
    with _directory(path) as infos:
        for info in infos:
            name = _checked_name(path, info.filename)
            is_folder = info.filename.endswith(("/", "\\"))
            if not name and is_folder:
                continue
            if not name:
                raise DataError(f"{path}: a file without a name is in it; pack it again")
            if name in members:
                raise DataError(f"{path}: {name!r} is in it twice; pack it again")
            if info.flag_bits & _ENCRYPTED:
                raise DataError(
                    f"{path}: encrypted; unpack it with its password and name the folder"
                )
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise DataError(
                    f"{path}: {name!r} is packed in a way that is not read in place; unpack it "
                    "and name the folder"
                )
            members[name] = Member(
                info.header_offset,
                info.compress_size,
                info.file_size,
                info.CRC,
                info.compress_type == zipfile.ZIP_DEFLATED,
                is_folder,
                stat.S_ISLNK(info.external_attr >> 16),
            )
    if _OFFICE in members:
        raise DataError(f"{path}: an Office document; save the sheet as csv")
    if not members:
        raise DataError(f"{path}: an empty zip archive; fetch it again")
    return members


def read_member(file: IO[bytes], member: Member) -> bytes | str:
    """Return the bytes of a member, or what is wrong with it: it is too large, or broken."""
    if member.size > MAX_MEMBER_BYTES:
        return f"more than {MAX_MEMBER_BYTES:,} bytes in a zip archive; unpack it"
    data = head_of(file, member, member.size)
    if len(data) != member.size or zlib.crc32(data) != member.crc:
        return BROKEN
    return data


def head_of(file: IO[bytes], member: Member, size: int) -> bytes:
    """Return the first bytes of a member, fewer where it is shorter or broken."""
    file.seek(member.offset)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size:
        return b""
    start, name_bytes, extra_bytes = _LOCAL.unpack(head)
    if start != ZIP_START:
        return b""
    file.seek(name_bytes + extra_bytes, 1)
    size = min(size, member.size)
    if not member.is_deflated:
        return file.read(min(size, member.packed))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    parts, left, unread = [], size, member.packed
    try:
        while left > 0 and not inflater.eof:
            packed = inflater.unconsumed_tail
            if not packed:
                packed = file.read(min(unread, 1 << 16))
                unread -= len(packed)
                if not packed:
                    break
            parts.append(inflater.decompress(packed, left))
            left -= len(parts[-1])
    except zlib.error:
        pass
    return b"".join(parts)


@contextmanager
def _directory(path: Path) -> Iterator[list[zipfile.ZipInfo]]:
    try:
        with open(path, "rb") as file:
            size = _check_directory(path, file)
            with zipfile.ZipFile(file) as archive:
                infos = archive.infolist()
    except _ERRORS as error:
        raise DataError(f"{path}: broken zip archive ({error}); fetch it again") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    if len(infos) > MAX_MEMBERS:
        raise _too_many(path)
    if any(info.compress_size > size for info in infos):
        raise DataError(f"{path}: broken zip archive (a member longer than it); fetch it again")
    yield infos


def _check_directory(path: Path, file: IO[bytes]) -> int:
    """Refuse a directory of more bytes than so many members need; return the archive's bytes."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_BYTES - _COMMENT_BYTES))
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    file.seek(0)
    stated = 0
    if at >= 0 and len(tail) - at >= _END_BYTES:
        _, stated = _END.unpack_from(tail, at)
        if stated == 0xFFFFFFFF and at >= 76 and tail[at - 76 : at - 72] == b"PK\6\6":
            stated = int.from_bytes(tail[at - 76 + 40 : at - 76 + 48], "little")
    if min(stated, size) > _MAX_DIRECTORY_BYTES:
        raise _too_many(path)
    return size


def _too_many(path: Path) -> DataError:
    return DataError(
        f"{path}: a zip archive of more than {MAX_MEMBERS:,} files; unpack it and name the folder"
    )


def _checked_name(path: Path, name: str) -> str:
    r"""Return the path of a member, with ``/`` for Windows' ``\``, or refuse one that leads out."""
    name = name.replace("\\", "/")
    if name.startswith("/") or _DRIVE.match(name):
        raise DataError(f"{path}: {name!r} is an absolute path; unpack it with care")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise DataError(f"{path}: {name!r} leads out of the archive; unpack it with care")
    if len(parts) > MAX_DEPTH:
        raise DataError(f"{path}: folders in it are more than {MAX_DEPTH} deep; unpack it")
    return "/".join(parts)
