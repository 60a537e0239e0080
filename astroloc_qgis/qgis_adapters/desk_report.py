"""A one-page report of a georeferenced photo: map, photo, tie points and errors, as PDF."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsLayoutExporter,
    QgsLayoutItemLabel,
    QgsLayoutItemMap,
    QgsLayoutItemPicture,
    QgsLayoutItemScaleBar,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsMapLayer,
    QgsMarkerSymbol,
    QgsPointXY,
    QgsPrintLayout,
    QgsProject,
    QgsRectangle,
    QgsTextFormat,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QColor, QFont

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.qgis_adapters.pictures import large_pictures
from astroloc_qgis.qgis_adapters.text import tr

PAGE = (210.0, 297.0)
EDGE = 12.0
MM = Qgis.LayoutUnit.Millimeters


@large_pictures()
def write_report(
    path: Path,
    *,
    title: str,
    photo: Path,
    layers: Sequence[QgsMapLayer],
    extent: QgsRectangle,
    crs: QgsCoordinateReferenceSystem,
    facts: Sequence[tuple[str, str]],
    tie_points: Sequence[tuple[float, float, bool, float, float]],
    note: str,
) -> Path:
    """Write the report.

    Args:
        path: ".pdf", or ".png" for a picture of the page.
        title: the photo's name.
        photo: its file.
        layers: of the map, the uppermost first.
        extent: of the map, in its CRS.
        crs: of the map.
        facts: name and value of each line.
        tie_points: longitude, latitude, whether it is on, residual in pixels and in metres; the worst are listed.
        note: last line.

    Returns:
        ``path``.

    Raises:
        InputError: the file cannot be written.
    """
    layout = QgsPrintLayout(QgsProject.instance())
    layout.initializeDefaults()
    layout.pageCollection().page(0).setPageSize(QgsLayoutSize(*PAGE, MM))
    layout.renderContext().setDpi(150)
    width = PAGE[0] - 2 * EDGE
    _label(layout, title, (EDGE, EDGE, width, 9), 16, bold=True)
    ties = _tie_point_layer(tie_points)
    shown = QgsLayoutItemMap(layout)
    layout.addLayoutItem(shown)
    shown.attemptMove(QgsLayoutPoint(EDGE, 24, MM))
    shown.attemptResize(QgsLayoutSize(width, 120, MM))
    shown.setCrs(crs)
    shown.setLayers([ties, *layers])
    shown.zoomToExtent(extent)
    shown.setFrameEnabled(True)
    bar = QgsLayoutItemScaleBar(layout)
    layout.addLayoutItem(bar)
    bar.setLinkedMap(shown)
    bar.applyDefaultSize(Qgis.DistanceUnit.Kilometers)
    bar.setTextFormat(_format(8))
    bar.setHeight(2)
    bar.setBackgroundEnabled(True)
    bar.attemptMove(QgsLayoutPoint(EDGE + 3, 24 + 120 - 15, MM))
    picture = QgsLayoutItemPicture(layout)
    picture.setPicturePath(str(photo))
    picture.setFrameEnabled(False)
    picture.setResizeMode(QgsLayoutItemPicture.ResizeMode.Zoom)
    layout.addLayoutItem(picture)
    picture.attemptMove(QgsLayoutPoint(EDGE, 150, MM))
    picture.attemptResize(QgsLayoutSize(width / 2 - 3, 62, MM))
    names = "\n".join(name for name, _ in facts)
    values = "\n".join(value for _, value in facts)
    _label(layout, names, (EDGE + width / 2 + 3, 150, 32, 62), 8.5, bold=True)
    _label(layout, values, (EDGE + width / 2 + 36, 150, width / 2 - 36, 62), 8.5)
    _tie_point_text(layout, tie_points, width)
    _label(layout, note, (EDGE, PAGE[1] - EDGE - 5, width, 6), 7.5)
    exporter = QgsLayoutExporter(layout)
    if path.suffix.lower() == ".pdf":
        result = exporter.exportToPdf(str(path), QgsLayoutExporter.PdfExportSettings())
    else:
        result = exporter.exportToImage(str(path), QgsLayoutExporter.ImageExportSettings())
    if result != QgsLayoutExporter.ExportResult.Success:
        raise InputError(tr("The report {file} cannot be written: choose another folder.").format(file=path))
    return path


def _tie_point_text(
    layout: QgsPrintLayout, tie_points: Sequence[tuple[float, float, bool, float, float]], width: float
) -> None:
    """The worst tie points, in two columns."""
    on = [point for point in tie_points if point[2]]
    top = 217.0
    if not on:
        _label(layout, tr("No tie points: the photo was placed by hand."), (EDGE, top, width, 6), 9, bold=True)
        return
    heading = tr("Tie points: {on} on, {off} off; the worst of those that are on").format(
        on=len(on), off=len(tie_points) - len(on)
    )
    _label(layout, heading, (EDGE, top, width, 6), 9, bold=True)
    worst = sorted(on, key=lambda point: -point[3])[:24]
    rows = [f"{lat:10.5f}  {lon:11.5f}  {px:7.2f} px  {m:8.1f} m" for lon, lat, _, px, m in worst]
    for column in range(2):
        listed = rows[column * 12 : column * 12 + 12]
        if not listed:
            continue
        text = "\n".join([f"{tr('Latitude'):>10}  {tr('Longitude'):>11}  {tr('Off by'):>10}", *listed])
        _label(layout, text, (EDGE + column * width / 2, top + 7, width / 2 - 2, 50), 7.5, family="monospace")


def _tie_point_layer(tie_points: Sequence[tuple[float, float, bool, float, float]]) -> QgsVectorLayer:
    layer = QgsVectorLayer("Point?crs=EPSG:4326", tr("Tie points"), "memory")
    features = []
    for lon, lat, on, *_ in tie_points:
        if on:
            feature = QgsFeature()
            feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(lon, lat)))
            features.append(feature)
    layer.dataProvider().addFeatures(features)
    symbol = QgsMarkerSymbol.createSimple({"color": "60,200,255", "size": "1.1", "outline_color": "0,0,0,150"})
    layer.renderer().setSymbol(symbol)
    return layer


def _format(size: float) -> QgsTextFormat:
    """Dark text of a size in points."""
    form = QgsTextFormat()
    form.setSize(size)
    form.setSizeUnit(Qgis.RenderUnit.Points)
    form.setColor(QColor(30, 30, 30))
    return form


def _label(
    layout: QgsPrintLayout,
    text: str,
    box: tuple[float, float, float, float],
    size: float,
    *,
    bold: bool = False,
    family: str = "sans-serif",
) -> None:
    label = QgsLayoutItemLabel(layout)
    label.setText(text)
    font = QFont(family)
    font.setBold(bold)
    form = _format(size)
    form.setFont(font)
    form.setSize(size)  # a font has a size of its own
    label.setTextFormat(form)
    layout.addLayoutItem(label)
    label.attemptMove(QgsLayoutPoint(box[0], box[1], MM))
    label.attemptResize(QgsLayoutSize(box[2], box[3], MM))
