"""What our widgets and the engine process need of QGIS's core."""

from __future__ import annotations

import enum
from typing import ClassVar

from PyQt6.QtCore import QObject, QPointF, QSettings, pyqtSignal
from PyQt6.QtGui import QIcon
from PyQt6.QtWidgets import QApplication

from .missing import missing


class Qgis:
    """Enumerations, with QGIS's values, and the version."""

    QGIS_VERSION = "4.0.0-stand-in"

    class MessageLevel(enum.IntEnum):
        """How serious a message is."""

        Info, Warning, Critical, Success, NoLevel = range(5)

    class LayerFilter(enum.IntFlag):
        """Which layers a box offers."""

        RasterLayer = 1

    class LayoutUnit(enum.IntEnum):
        """The units of a page."""

        Millimeters = 0

    class CrsWktVariant(enum.IntEnum):
        """How a CRS is written."""

        Preferred = 4


class QgsSettings(QSettings):
    """Settings."""


class QgsApplication(QApplication):
    """The application."""

    @staticmethod
    def authManager():
        return None

    @staticmethod
    def getThemeIcon(_name):
        return QIcon()

    @staticmethod
    def prefixPath():
        return "/usr"

    @staticmethod
    def qgisSettingsDirPath():
        return QSettings().fileName() + ".profile"


class QgsMessageLog:
    """The message log; it keeps what was written."""

    lines: ClassVar[list[tuple[str, str, Qgis.MessageLevel]]] = []

    @classmethod
    def logMessage(cls, text, tag, level, notifyUser=True):
        cls.lines.append((text, tag, Qgis.MessageLevel(level)))


class QgsCoordinateReferenceSystem:
    """A CRS by its name alone."""

    def __init__(self, name=""):
        self._name = name

    def isValid(self):
        return bool(self._name)

    def isGeographic(self):
        return self._name == "EPSG:4326"

    def authid(self):
        return self._name

    def srsid(self):
        return 0


class QgsRectangle:
    """An extent."""

    def __init__(self, *sides):
        self._sides = sides

    def xMinimum(self):
        return self._sides[0]

    def yMinimum(self):
        return self._sides[1]

    def xMaximum(self):
        return self._sides[2]

    def yMaximum(self):
        return self._sides[3]

    def width(self):
        return self._sides[2] - self._sides[0]

    def height(self):
        return self._sides[3] - self._sides[1]

    def isEmpty(self):
        return self.width() <= 0 or self.height() <= 0


class QgsMapSettings:
    """A map without layers, at its extent, not rotated."""

    def __init__(self, extent, crs, size):
        self._extent, self._crs, self._size = extent, crs, size

    def destinationCrs(self):
        return self._crs

    def outputSize(self):
        return self._size

    def mapToPixel(self):
        return self

    def toMapCoordinates(self, x, y):
        left, top = self._extent.xMinimum(), self._extent.yMaximum()
        step = (self._extent.xMaximum() - left) / self._size.width()
        return QPointF(left + x * step, top - y * step)


class QgsLayerTree(QObject):
    """A layer tree without layers."""

    visibilityChanged = pyqtSignal(object)

    def findLayer(self, _name):
        return None


class QgsProject(QObject):
    """An empty project that is never saved."""

    readProject = pyqtSignal()
    cleared = pyqtSignal()
    writeProject = pyqtSignal()
    projectSaved = pyqtSignal()
    layersAdded = pyqtSignal(list)
    layersRemoved = pyqtSignal(list)
    _instance: ClassVar[QgsProject | None] = None

    @classmethod
    def instance(cls):
        cls._instance = cls._instance or cls()
        return cls._instance

    def __init__(self):
        super().__init__()
        self._root = QgsLayerTree(self)

    def layerTreeRoot(self):
        return self._root

    def fileName(self):
        return ""

    def absoluteFilePath(self):
        return ""

    def homePath(self):
        return ""

    def crs(self):
        return QgsCoordinateReferenceSystem()

    def mapLayers(self):
        return {}

    def mapLayer(self, _name):
        return None

    def readEntry(self, _scope, _key, default):
        return default, False


def __getattr__(name):
    return missing(name)
