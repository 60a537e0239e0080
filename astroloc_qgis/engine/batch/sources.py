"""Where the photos of a batch come from: a folder, or a table."""

from __future__ import annotations

from pathlib import Path

from astroloc_qgis.engine.batch.photos import BatchPhoto
from astroloc_qgis.engine.batch.table import read_table
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.photo.suffixes import RAW_SUFFIXES, is_photo_name


def photos_of(source: Path, out: Path, *, recursive: bool = True) -> list[BatchPhoto]:
    """The photos of a folder or a table.

    Args:
        source: a folder, searched with all folders in it but hidden ones; or a table (see ``table.read_table``).
        out: folder of the results; what lies in it is no photo.
        recursive: whether photos in the folders of a folder count.

    Raises:
        InputError: there is no such folder or table, or no photo in it.
    """
    if source.is_dir():
        photos = photos_in_folder(source, out, recursive=recursive)
        if not photos:
            raise InputError(f"The folder {source} has no photos: name another folder, or a table (CSV).")
        return photos
    return read_table(source)


def photos_in_folder(folder: Path, out: Path, *, recursive: bool = True) -> list[BatchPhoto]:
    """The photos of a folder and, if wanted, of the folders in it, by name; not hidden ones, nor those in ``out``.

    Of a raw file and a picture of the same name, as cameras write them, the picture is taken.
    """
    results = out.resolve()
    found = []
    for path in sorted(folder.resolve().rglob("*") if recursive else folder.resolve().iterdir()):
        inside = path.relative_to(folder.resolve()).parts
        if not is_photo_name(path) or any(part.startswith(".") for part in inside):
            continue
        if results not in path.parents and path.is_file():
            found.append(path)
    pictures = {path.with_suffix("") for path in found if not _is_raw(path)}
    return [BatchPhoto(path) for path in found if not (_is_raw(path) and path.with_suffix("") in pictures)]


def _is_raw(path: Path) -> bool:
    return path.suffix.lower() in RAW_SUFFIXES
