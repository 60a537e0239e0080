"""The ways to compare the photo with the reference below it."""

from __future__ import annotations

import numpy as np
import pytest
from qgis.PyQt.QtGui import QColor, QImage, QPainter

from astroloc_qgis.gui.desk.canvas.appearance import Mode

from .hand import on_screen


def test_the_ways_to_compare_draw_the_photo_differently(qtbot, desk):
    def seen(mode, opacity=100):
        desk.dock.compare.opacity.setValue(opacity)
        desk.dock.compare.set_mode(mode)
        image = QImage(desk.canvas.size(), QImage.Format.Format_ARGB32)
        image.fill(QColor("white"))
        render(desk, image)
        return image

    left, right = on_screen(desk, [200, 300]), on_screen(desk, [700, 300])

    def colour(image, at):
        return QColor(image.pixel(*np.round(at).astype(int))).getRgb()[:3]

    plain = seen(Mode.PLAIN)
    assert colour(plain, left) == (200, 80, 40)
    half = seen(Mode.PLAIN, opacity=50)
    assert colour(half, left) == pytest.approx((227, 168, 148), abs=3)
    swiped = seen(Mode.SWIPE)
    assert colour(swiped, left) == (200, 80, 40)
    assert colour(swiped, right) == (255, 255, 255)
    desk.live.dark = True
    assert colour(seen_blinking(desk), left) == (255, 255, 255)
    assert colour(seen(Mode.EDGES), left) == (255, 255, 255)


def seen_blinking(desk):
    desk.dock.compare.set_mode(Mode.BLINK)
    desk.live.dark = True
    image = QImage(desk.canvas.size(), QImage.Format.Format_ARGB32)
    image.fill(QColor("white"))
    render(desk, image)
    desk.dock.compare.set_mode(Mode.PLAIN)
    return image


def render(desk, image):
    painter = QPainter(image)
    desk.live.paint(painter)
    painter.end()


def test_brightness_and_contrast_change_the_picture_and_not_the_photo(desk):
    level = desk.current.pyramid.levels[0].copy()
    desk.dock.compare.brightness.setValue(50)
    desk.dock.compare.contrast.setValue(30)
    image = QImage(desk.canvas.size(), QImage.Format.Format_ARGB32)
    image.fill(QColor("white"))
    render(desk, image)
    shown = QColor(image.pixel(*np.round(on_screen(desk, [200, 300])).astype(int))).getRgb()[:3]
    assert shown != (200, 80, 40)
    np.testing.assert_array_equal(desk.current.pyramid.levels[0], level)
