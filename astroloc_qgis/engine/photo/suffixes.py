"""The endings of the photo files that AstroLoc reads: one list for dialogs, drag and drop, batches and Processing."""

from __future__ import annotations

from pathlib import Path

PLAIN_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".jp2", ".j2k", ".jxl")
"""Read with GDAL; .jp2, .j2k and .webp where its build has their drivers, .jxl with libjxl where it has none."""
HEIF_SUFFIXES = (".heic", ".heif", ".hif", ".avif")
"""Of phones, and of Canon's, Nikon's and Sony's cameras (HIF)."""
RAW_SUFFIXES = (
    ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".k25", ".kdc", ".mef", ".mos", ".mrw",
    ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f",
)  # fmt: skip
"""Endings of camera makers' raw files; most are TIFFs whose first page is a thumbnail. (Not .fff: film scanners use it
for plain TIFFs.)"""
SUFFIXES = (*PLAIN_SUFFIXES, *HEIF_SUFFIXES, *RAW_SUFFIXES)


def is_photo_name(path: Path) -> bool:
    """Whether a file's name ends as a photo's does, in small letters or capitals."""
    return path.suffix.lower() in SUFFIXES


def name_patterns() -> str:
    """The patterns of a file dialog, "*.jpg *.JPG ...": some systems tell capitals from small letters."""
    return " ".join(f"*{suffix} *{suffix.upper()}" for suffix in SUFFIXES)
