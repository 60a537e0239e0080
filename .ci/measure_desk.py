"""Measures live editing on the desk: frames a second while a large photo is dragged by a corner, and its memory.

    .venv/bin/python .ci/measure_desk.py [MEGAPIXELS]

A canvas of 1280 x 720 pixels without a screen; a photo of 40 megapixels of noise, read from a JPEG; a corner dragged in
steps, each drawn at once. Two passes: the photo filling the map, and zoomed in to its own pixels.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from osgeo import gdal
from qgis.core import QgsApplication, QgsCoordinateReferenceSystem, QgsRectangle
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QCoreApplication, QEvent, QPoint, QPointF, QSize, Qt
from qgis.PyQt.QtGui import QMouseEvent

SIZE = QSize(1280, 720)
STEPS = 60


def memory_mb() -> float:
    """Resident memory of this process."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024


def make_photo(folder: Path, megapixels: float) -> Path:
    """A JPEG of noise, 3 : 2."""
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    width = round(height * 1.5)
    rng = np.random.default_rng(0)
    dataset = gdal.GetDriverByName("MEM").Create("", width, height, 3)
    small = rng.integers(0, 255, (3, height // 8 + 1, width // 8 + 1), dtype=np.uint8)
    for band in range(3):
        values = np.repeat(np.repeat(small[band], 8, axis=0), 8, axis=1)[:height, :width]
        dataset.GetRasterBand(band + 1).WriteRaster(0, 0, width, height, np.ascontiguousarray(values).tobytes())
    path = folder / "photo.jpg"
    gdal.GetDriverByName("JPEG").CreateCopy(str(path), dataset)
    return path


def send(canvas: QgsMapCanvas, kind: QEvent.Type, at: np.ndarray) -> None:
    """One event of the mouse."""
    point = QPoint(*np.round(at).astype(int))
    port = canvas.viewport()
    none, left = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton
    button = none if kind == QEvent.Type.MouseMove else left
    where = QPointF(port.mapToGlobal(point))
    event = QMouseEvent(kind, QPointF(point), where, button, left, Qt.KeyboardModifier.NoModifier)
    QCoreApplication.sendEvent(port, event)


def drag(canvas: QgsMapCanvas, live: Any, corner: np.ndarray) -> np.ndarray:
    """Drag a corner back and forth; returns the seconds of each step, drawing included."""
    times = []
    send(canvas, QEvent.Type.MouseButtonPress, corner)
    for step in range(1, STEPS + 1):
        offset = 40 * np.array([np.sin(step / 6), np.cos(step / 6) - 1])
        started = time.perf_counter()
        send(canvas, QEvent.Type.MouseMove, corner + offset)
        canvas.viewport().repaint()
        times.append(time.perf_counter() - started)
    send(canvas, QEvent.Type.MouseButtonRelease, corner)
    if not live.warp_seconds:
        raise RuntimeError("nothing was drawn")
    return np.array(times)


def main(megapixels: float) -> None:
    """Measure, and print the results."""
    app = QgsApplication([], True)
    app.initQgis()
    from astroloc_qgis.gui.desk.canvas.footprint_tool import FootprintTool
    from astroloc_qgis.gui.desk.canvas.live_item import LiveItem
    from astroloc_qgis.gui.desk.canvas.screen import Screen
    from astroloc_qgis.gui.desk.current_photo import CurrentPhoto
    from astroloc_qgis.gui.desk.placing import place_in_view
    from astroloc_qgis.gui.model.photo_list import PhotoItem
    from astroloc_qgis.qgis_adapters.desk_photo import read_pyramid

    canvas = QgsMapCanvas()
    canvas.setFixedSize(SIZE)
    canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    canvas.setExtent(QgsRectangle(1_000_000, 5_700_000, 1_200_000, 5_812_000))
    canvas.show()
    app.processEvents()
    with tempfile.TemporaryDirectory() as folder:
        path = make_photo(Path(folder), megapixels)
        before, started = memory_mb(), time.perf_counter()
        pyramid = read_pyramid(path)
        seconds = time.perf_counter() - started
    width, height = pyramid.size
    print(f"photo        {width} x {height} = {width * height / 1e6:.1f} megapixels, read in {seconds:.1f} s")
    print(f"memory       {pyramid.bytes / 2**20:.0f} MB for the photo at all sizes")
    print(f"             the process went from {before:.0f} to {memory_mb():.0f} MB")
    current = CurrentPhoto()
    current.put(PhotoItem(Path("photo.jpg")))
    desk = current.desk
    if desk is None:
        raise RuntimeError("no photo is on the desk")
    live = LiveItem(canvas)
    desk.previewed.connect(lambda: live.show_photo(pyramid, desk.placement, desk.work))
    tool = FootprintTool(canvas, current, live)
    canvas.setMapTool(tool)
    placement = place_in_view(Screen.of(canvas.mapSettings()), pyramid.size, None)
    if placement is None:
        raise RuntimeError("the photo could not be placed")
    for name, zoom in (("photo fills half the map", 1.0), ("photo fills the map", 0.5), ("its own pixels", 0.08)):
        desk.change(desk.work.moved_to(placement), "place")
        canvas.setExtent(QgsRectangle(1_000_000, 5_700_000, 1_200_000, 5_812_000))
        app.processEvents()
        if zoom < 1:
            corner = np.array([640.0, 360.0])
            if zoom < 0.2:
                corner = live.screen.from_photo(placement, np.array([[0.0, 0.0]]))[0]
            at = canvas.getCoordinateTransform().toMapCoordinates(*np.round(corner).astype(int))
            canvas.setCenter(at)
            canvas.zoomByFactor(zoom)
        app.processEvents()
        live.show_photo(pyramid, desk.placement, desk.work)
        canvas.viewport().repaint()
        handles = live.handles()
        corners: Any = [] if handles is None else handles.corners
        inside = [corner for corner in corners if (corner > 45).all() and (corner < (1230, 670)).all()]
        start = inside[0] if inside else np.array([640.0, 360.0])  # no corner in view: the photo is moved
        times = drag(canvas, live, start)
        print(f"{name:27}{1 / np.median(times):5.1f} frames a second (median), {1000 * times.max():.0f} ms the slowest")
    os._exit(0)  # QGIS is not taken down in order here


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 40.0)
