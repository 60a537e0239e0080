"""What the tests of looking photos up at NASA do again and again: add photos, click, wait."""

from __future__ import annotations

from tests.qgis.files import make_photo

SECOND = 1000


def add(dock, folder, *names):
    dock.add_photos([make_photo(folder, name) for name in names])
    return dock.session.photos.items


def click(qtbot, dock):
    dock.nasa.button.click()
    wait(qtbot, dock)


def wait(qtbot, dock):
    qtbot.waitUntil(lambda: not dock.nasa.lookups.busy, timeout=20 * SECOND)
