"""The forms in which a photo can be exported, by name; each is loaded only when it is asked for.

A new form is a module of this package with a function that takes a ``PhotoExport``, writes one file into its temporary
folder and returns the path (or None where the photo gives no such file), and one line in ``FORMS``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Form:
    """A form of export.

    Attributes:
        module: its module in this package.
        function: its function there.
        label: its name in the export dialog, in English, for a form of which the dialog has no translated text.
        endings: of the names of the files that it writes, so that a bad name is found before the work.
    """

    module: str
    function: str
    label: str = ""
    endings: tuple[str, ...] = ()

    def load(self) -> Callable[[Any], Path | None]:
        """The function that writes it."""
        module = importlib.import_module(f"{__package__}.{self.module}")
        function: Callable[[Any], Path | None] = getattr(module, self.function)
        return function


SHAPEFILE = tuple(f"_footprint.{ending}" for ending in ("shp", "shx", "dbf", "prj", "cpg"))
FORMS = {
    "geotiff": Form("raster_forms", "export_geotiff", endings=(".tif",)),
    "cog": Form("raster_forms", "export_cog", endings=("_cog.tif",)),
    "gcp_photo": Form("ground_control", "export_photo_with_control_points", endings=("_untouched.tif",)),
    "world_file": Form("raster_forms", "export_world_file", endings=(".tif", ".tfw")),
    "vrt": Form("ground_control", "export_vrt", endings=(".vrt",)),
    "uncertainty": Form("uncertainty_raster", "export_uncertainty", endings=("_uncertainty.tif",)),
    "footprint_gpkg": Form("footprint_forms", "export_gpkg", endings=("_footprint.gpkg",)),
    "footprint_geojson": Form("footprint_forms", "export_geojson", endings=("_footprint.geojson",)),
    "footprint_kml": Form("footprint_forms", "export_kml", endings=("_footprint.kml",)),
    "footprint_shapefile": Form(
        "footprint_forms",
        "export_shapefile",
        endings=("_footprint.shp", "_footprint.shx", "_footprint.dbf", "_footprint.prj", "_footprint.cpg"),
    ),
    "points": Form("ground_control", "export_points", endings=(".points",)),
    "sidecar": Form("sidecar", "export_sidecar", endings=(".json",)),
    "stac": Form(
        "sidecar", "export_stac_item", endings=("_stac.json",)
    ),  # the last: it names the files of all the others
}
"""Name -> form, in the order in which they are written and shown."""
