"""Runs inside QGIS (``--code``) for the walk through the desk: as ``start``, and tells where the desk's things are."""

import faulthandler
import os
import sys

import numpy as np
from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import QPoint
from qgis.PyQt.QtWidgets import QApplication
from qgis.utils import iface, plugins

sys.path.insert(0, os.environ["ASTROLOC_DESKTOP_FOLDER"])

import start

plain_status = start.status
errors = []
QgsApplication.messageLog().messageReceived.connect(
    lambda text, tag, _level: errors.append(f"{tag}: {text}") if "ython" in tag or "Traceback" in text else None
)


def middle(widget, at=None):
    """A place of a widget in pixels of the screen."""
    point = widget.mapToGlobal(QPoint(widget.width() // 2, widget.height() // 2) if at is None else at)
    return [round(point.x() * widget.devicePixelRatioF()), round(point.y() * widget.devicePixelRatioF())]


def on_screen(pixels):
    port = iface.mapCanvas().viewport()
    return [middle(port, QPoint(round(float(x)), round(float(y)))) for x, y in pixels]


def desk_status():
    main = plugins["astroloc_qgis"].dock
    desk = plugins["astroloc_qgis"].desk
    dock = desk.dock
    found = {}
    if dock.isVisible():
        for name in ("place", "correct", "tie", "undo", "redo", "refine", "fit", "accept", "reject", "export"):
            widget = dock.bar.widgetForAction(getattr(dock, name))
            if widget is not None and widget.isVisible():
                found[name] = middle(widget)
        for number in range(dock.tabs.count()):
            area = dock.tabs.tabBar().tabRect(number)
            found[f"tab {dock.tabs.tabText(number)}"] = middle(dock.tabs.tabBar(), area.center())
        for mode, button in dock.compare.mode_buttons.items():
            if button.isVisible():
                found[f"mode {mode.value}"] = middle(button)
        for row in range(min(4, dock.candidates.table.rowCount())):
            if dock.candidates.table.isVisible():
                rect = dock.candidates.table.visualItemRect(dock.candidates.table.item(row, 1))
                found[f"candidate {row}"] = middle(dock.candidates.table.viewport(), rect.center())
    for row, item in enumerate(main.photos.photos.items):
        rect = main.photos.visualRect(main.photos.photos.index(row))
        found[f"photo {item.name}"] = middle(main.photos.viewport(), rect.center())
    found["review"] = middle(main.desk_button)
    work = desk.current.work
    place = work.placement if work else None
    told = {
        "widgets": found,
        "open": desk.is_open,
        "read": desk.current.pyramid is not None,
        "status": dock.status.text(),
    }
    told["on desk"] = desk.current.item.name if desk.current.item else ""
    told["work"] = {}
    for item in main.photos.photos.items:
        one = item.desk.work
        told["work"][item.name] = {
            "state": item.state.value,
            "footprint": one.placement.footprint().tolist() if one.placement else None,
            "ties": len(one.tie_points),
            "by hand": sum(point.by_hand for point in one.tie_points),
            "stale": one.stale,
            "history": len(item.desk.history()),
            "basis": one.placement.basis if one.placement else "",
        }
    if place is not None:
        width, height = place.size
        parts = np.linspace(0, 1, 5)
        grid = np.array([[x * width, y * height] for y in parts for x in parts])
        told["grid"] = on_screen(np.nan_to_num(desk.live.screen.from_photo(place, grid), nan=-1))
        if (handles := desk.live.handles()) is not None:
            told["turn"], told["edges"] = on_screen([handles.turn])[0], on_screen(handles.edges)
    told["canvas"] = [middle(iface.mapCanvas().viewport(), QPoint(0, 0)), middle(iface.mapCanvas().viewport())]
    told["warp ms"] = round(desk.live.warp_seconds * 1000, 1)
    told["errors"] = errors
    told["focus"] = str(QApplication.focusWidget())
    told["theme"] = QgsApplication.themeName()
    told["project"] = QgsProject.instance().fileName()
    return told


def status():
    faulthandler.dump_traceback_later(15)  # where QGIS hangs, if it hangs, is in its log then
    return {**plain_status(), "desk": desk_status()}


start.status = status
