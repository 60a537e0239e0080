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
    """

    module: str
    function: str
    label: str = ""

    def load(self) -> Callable[[Any], Path | None]:
        """The function that writes it."""
        module = importlib.import_module(f"{__package__}.{self.module}")
        function: Callable[[Any], Path | None] = getattr(module, self.function)
        return function


FORMS = {
    "geotiff": Form("raster_forms", "export_geotiff"),
    "cog": Form("raster_forms", "export_cog"),
    "gcp_photo": Form("ground_control", "export_photo_with_control_points"),
    "world_file": Form("raster_forms", "export_world_file"),
    "vrt": Form("ground_control", "export_vrt"),
    "uncertainty": Form("uncertainty_raster", "export_uncertainty"),
    "footprint_gpkg": Form("footprint_forms", "export_gpkg"),
    "footprint_geojson": Form("footprint_forms", "export_geojson"),
    "footprint_kml": Form("footprint_forms", "export_kml"),
    "footprint_shapefile": Form("footprint_forms", "export_shapefile"),
    "points": Form("ground_control", "export_points"),
    "sidecar": Form("sidecar", "export_sidecar"),
    "stac": Form("sidecar", "export_stac_item"),  # the last: it names the files of all the others
}
"""Name -> form, in the order in which they are written and shown."""
