"""Small photos and indexes for the tests."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtGui import QColor, QImage


def make_photo(folder: Path, name: str) -> Path:
    image = QImage(90, 60, QImage.Format.Format_RGB32)
    image.fill(QColor("teal"))
    path = folder / f"{name}.jpg"
    assert image.save(str(path))
    return path


def make_index(folder: Path) -> Path:
    """An index as far as the dock looks into it."""
    folder.mkdir()
    (folder / "index.json").write_text(
        '{"format_version": 1, "title": "Generated", "model": "xfeat-vlad", "zooms": [9, 10], '
        '"counts": {"9": 4, "10": 16}, "imagery_uri": "x.tif", "attribution": "us"}'
    )
    return folder
