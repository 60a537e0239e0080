"""Links QGIS's own GDAL into the engine's environment, and no other package of QGIS's Python."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

SHIM = '''\
"""GDAL's Python bindings as QGIS has them; made by AstroLoc, so that no other package of QGIS's Python comes along."""

import importlib.util
import os
import sys

FOLDER = {folder!r}
LIBRARIES = {libraries!r}

if hasattr(os, "add_dll_directory"):
    for library in LIBRARIES:
        if os.path.isdir(library):
            os.add_dll_directory(library)
_spec = importlib.util.spec_from_file_location(
    "osgeo", os.path.join(FOLDER, "__init__.py"), submodule_search_locations=[FOLDER]
)
_module = importlib.util.module_from_spec(_spec)
sys.modules["osgeo"] = _module
_spec.loader.exec_module(_module)
'''


def link_gdal(site: Path, osgeo: Path, libraries: Iterable[str]) -> None:
    """Write a package ``osgeo`` into ``site`` that loads QGIS's.

    Args:
        site: the environment's site-packages.
        osgeo: the folder of QGIS's package.
        libraries: folders of the DLLs that it needs; used on Windows only.
    """
    package = site / "osgeo"
    package.mkdir(exist_ok=True)
    text = SHIM.format(folder=str(osgeo), libraries=[str(library) for library in libraries])
    (package / "__init__.py").write_text(text, encoding="utf-8")
