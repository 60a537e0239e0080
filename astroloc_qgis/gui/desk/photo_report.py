"""The one-page report of a photo: the map with the photo on it, its facts and its tie points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer, QgsRectangle
from qgis.gui import QgsMapCanvas

from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.engine.geometry.projection import WGS84, transform_points
from astroloc_qgis.gui.desk.canvas.screen import Screen
from astroloc_qgis.gui.desk.panels.details_panel import describe
from astroloc_qgis.gui.model.engine_report import by_neighbours
from astroloc_qgis.gui.model.photo_list import PhotoItem, state_texts
from astroloc_qgis.gui.model.places import nadir_origin, place_name
from astroloc_qgis.qgis_adapters.desk_layers import footprint_layer, raster_layers
from astroloc_qgis.qgis_adapters.desk_report import write_report
from astroloc_qgis.qgis_adapters.layers import all_photo_layers
from astroloc_qgis.qgis_adapters.text import tr


def write_photo_report(item: PhotoItem, path: Path, raster: Path | None, canvas: QgsMapCanvas) -> Path:
    """Write the one-page report of a photo.

    Args:
        item: the photo.
        path: ".pdf".
        raster: its georeferenced raster, for the map; by default the one on the map.
        canvas: the map, whose CRS and other layers the report shows.

    Raises:
        AstroLocError: it cannot be written.
    """
    work, project = item.desk.work, QgsProject.instance()
    placement = work.placement
    if placement is None:
        raise AstroLocError(tr("{name} lies nowhere: there is nothing to report.").format(name=item.name))
    crs = canvas.mapSettings().destinationCrs()
    corners = transform_points(placement.footprint(), WGS84, Screen.of(canvas.mapSettings()).crs)
    extent = QgsRectangle(*corners.min(axis=0), *corners.max(axis=0))
    extent.scale(1.25)
    ours = {layer.id() for layer in all_photo_layers(project)}
    own: list[QgsMapLayer] = [layer for layer in [footprint_layer(item.path, project)] if layer is not None]
    shown = QgsRasterLayer(str(raster), item.name) if raster is not None else None
    own += [shown] if shown is not None and shown.isValid() else raster_layers(item.path, project)
    below = [layer for layer in canvas.layers() if layer.id() not in ours]
    pixels, metres = work.residuals()
    points = [
        (point.lon, point.lat, point.on, float(np.hypot(*px)), float(np.hypot(*m)))
        for point, px, m in zip(work.tie_points, pixels, metres, strict=True)
    ]
    return write_report(
        path,
        title=item.name,
        photo=item.path,
        layers=[*own, *below],
        extent=extent,
        crs=crs,
        facts=_facts(item),
        tie_points=points,
        note=describe(item.path, placement.size) + tr("  ·  written by AstroLoc for QGIS"),
    )


def _facts(item: PhotoItem) -> list[tuple[str, str]]:
    work = item.desk.work
    placement = work.placement
    facts = [(tr("State"), state_texts()[work.state])]
    if placement is None:
        return facts
    lon, lat = placement.to_lonlat(placement.centre[None])[0]
    facts.append((tr("Centre"), place_name(float(lon), float(lat))))
    names = ("TL", "TR", "BR", "BL")
    facts += [(name, f"{y:.5f}, {x:.5f}") for name, (x, y) in zip(names, placement.footprint(), strict=True)]
    if (rms := work.rms()) is not None:
        facts.append((tr("RMS error"), f"{rms[0]:.2f} px, {rms[1]:.1f} m"))
    if work.nadir:
        origin = nadir_origin(work.nadir)
        where = place_name(work.nadir.longitude, work.nadir.latitude)
        facts.append((tr("Nadir"), f"{where} ({origin})" if origin else where))
        if work.nadir.known_altitude_m is not None:
            facts.append((tr("Height of the camera"), f"{work.nadir.known_altitude_m / 1000:.0f} km"))
    if placement.basis == "machine":
        facts += [
            (text, f"{work.facts[name]}")
            for name, text in (
                ("confidence", tr("Confidence")),
                ("inliers", tr("Inliers")),
                ("matcher", tr("Matcher")),
            )
            if work.facts.get(name) is not None
        ]
        if placed := by_neighbours(work.facts):
            facts.append((tr("Place"), placed))
    else:
        basis = tr("tie points") if placement.basis == "tie points" else tr("by hand")
        facts.append((tr("Placed by"), basis))
    facts.append((tr("Written"), f"{np.datetime64('now')}Z".replace("T", " ")))
    return facts
