"""Whether class folders are meant where a table lies next to them, and what their files are."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

from fer_data.data.first_bytes import HEAD_BYTES, ZIP_START, is_lfs_pointer, kind_of
from fer_data.data.options import CLASS_FOLDERS
from fer_data.data.sources import image_tables
from fer_data.data.sources.files import Entry, Files
from fer_data.data.sources.folder_listing import is_skipped
from fer_data.data.sources.layout_checks import TYPE_IT
from fer_data.data.sources.tree import Layout
from fer_data.data.sources.tree_paths import SUFFIXES, ending
from fer_data.errors import DataError

_XLSX_TEXTS = "xl/sharedStrings.xml"
_MAX_XLSX_BYTES = 1 << 26


def refuse_tables(files: Files, layout: Layout) -> None:
    """Refuse class folders next to a table that names their images and other classes.

    Raises
    ------
    DataError
        If there is such a table.
    """
    tables = [
        entry
        for parent in layout.parents
        for entry in files.children(parent)
        if image_tables.is_table(entry.name) and not is_skipped(entry) and entry.kind == "file"
    ]
    if not tables:
        return
    tables.sort(key=lambda entry: (ending(entry.name) == ".txt", -files.size(entry.path)))
    images = image_tables.Images(
        (
            (folder.name, _image_names(files, folder.path))
            for folder in layout.folders
            if folder.name is not None
        ),
        (
            name
            for folder in layout.folders
            if folder.name is None
            for name in _image_names(files, folder.path)
        ),
    )
    names = {folder.name for folder in layout.folders if folder.name is not None}
    for entry in tables[: image_tables.MOST_TABLES]:
        text = _table_text(files, entry)
        has_rows = ending(entry.name) not in (".xlsx", ".parquet")
        if has_rows and image_tables.labels_folders(text, names):
            raise DataError(
                f"{files.root}: {entry.path} has a row for each of the folders, and groups them, "
                "so the folders may be patients or the like, and no classes; sort the images "
                f"into one folder a class; {TYPE_IT}",
                fix={"layout": (CLASS_FOLDERS,)},
            )
        if image_tables.contradicts(text, images, has_rows=has_rows):
            fix = {"layout": (CLASS_FOLDERS,)}
            if image_tables.is_labels_table(entry.name):
                fix = {"labels": (str(files.root / entry.path),)} | fix
            raise DataError(
                f"{files.root}: {entry.path} next to the folders names their images, so the "
                "folders may be no classes; name it as the table of labels, or sort the images "
                f"into one folder a class; {TYPE_IT}",
                fix=fix,
            )


def refuse_pointer(files: Files, path: str) -> None:
    """Refuse a class whose first image is a pointer of Git LFS: as a rule all of them are."""
    head = files.head(path, HEAD_BYTES)
    if is_lfs_pointer(head):
        raise DataError(f"{files.root / path}: {kind_of(head)}")


def _image_names(files: Files, folder: str) -> Iterator[str]:
    return (entry.name for entry in files.children(folder) if ending(entry.name) in SUFFIXES)


def _table_text(files: Files, entry: Entry) -> str:
    """Return the beginning of a table as text, or of what an .xlsx says; nothing of others."""
    data = files.head(entry.path, image_tables.BYTES_READ)
    if data.startswith(ZIP_START):
        try:
            packed = io.BytesIO(files.head(entry.path, _MAX_XLSX_BYTES))
            with zipfile.ZipFile(packed) as archive, archive.open(_XLSX_TEXTS) as texts:
                data = re.sub(rb"<[^>]*>", b"\n", texts.read(image_tables.BYTES_READ))
        except Exception:  # a broken archive raises what each of its kinds of compression does
            return ""
    return data.decode("utf-8-sig", "replace")
