"""Paths of the plugin's own files and of its outputs."""

from __future__ import annotations

import os
from pathlib import Path

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QStandardPaths

import astroloc_qgis

PACKAGE = Path(astroloc_qgis.__file__).resolve().parent


def resource(*parts: str) -> Path:
    """Return the path of a resource: inside the installed plugin, beside the package in a checkout."""
    return _beside_or_inside("resources", *parts)


def translations() -> Path:
    """Return the folder of the translations: inside the installed plugin, beside the package in a checkout."""
    return _beside_or_inside("i18n")


def user_data_folder() -> Path:
    """Return the folder of this user, outside QGIS's profiles, that holds the engine's environment."""
    location = QStandardPaths.StandardLocation.GenericDataLocation
    return Path(QStandardPaths.writableLocation(location)) / "astroloc_qgis"


def pictures_folder() -> Path:
    """Return the folder of the copies of photos that only the engine can read, among the user's caches."""
    location = QStandardPaths.StandardLocation.GenericCacheLocation
    return Path(QStandardPaths.writableLocation(location)) / "astroloc_qgis" / "pictures"


def default_output_folder(photo: Path | None) -> Path:
    """Return where results go unless the user chose: beside the project, else beside the photo, else in documents."""
    home = QgsProject.instance().homePath()
    places = [Path(home)] if home else []
    if photo is not None:
        places.append(photo.parent)
    for place in places:
        if os.access(place, os.W_OK):
            return place / "astroloc"
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(documents) / "astroloc"


def _beside_or_inside(*parts: str) -> Path:
    inside = PACKAGE.joinpath(*parts)
    return inside if inside.exists() else PACKAGE.parent.joinpath(*parts)
