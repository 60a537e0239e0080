"""What our widgets need of QGIS's widgets: the methods that they call, on the plainest widget that has them."""

from __future__ import annotations

import enum

from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QDialog,
    QDockWidget,
    QFrame,
    QGraphicsItem,
    QGraphicsScene,
    QGraphicsView,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QWidget,
)

from .core import QgsCoordinateReferenceSystem, QgsMapSettings, QgsRectangle
from .missing import missing


class QgsDockWidget(QDockWidget):
    """A dock."""


class QgsCollapsibleGroupBox(QGroupBox):
    """A group that folds away (this one does not)."""

    def setCollapsed(self, _collapsed):
        pass

    def setSaveCollapsedState(self, _save):
        pass


class QgsFileWidget(QWidget):
    """A box for a path."""

    fileChanged = pyqtSignal(str)

    class StorageMode(enum.Enum):
        """What is asked for."""

        GetFile, GetDirectory = range(2)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._edit = QLineEdit(self)
        QHBoxLayout(self).addWidget(self._edit)
        self._edit.textChanged.connect(self.fileChanged)

    def setStorageMode(self, mode):
        assert isinstance(mode, self.StorageMode)

    def setDialogTitle(self, _title):
        pass

    def lineEdit(self):
        return self._edit

    def filePath(self):
        return self._edit.text()

    def setFilePath(self, path):
        self._edit.setText(path)


class QgsMapLayerComboBox(QComboBox):
    """A box for the layers of a project without any."""

    def setFilters(self, _filters):
        pass

    def setAllowEmptyLayer(self, _allow, text):
        self.addItem(text)

    def setAdditionalItems(self, texts):
        self.addItems(texts)

    def setExceptedLayerList(self, _layers):
        pass

    def currentLayer(self):
        return None


class QgsProjectionSelectionWidget(QWidget):
    """A box for a CRS."""

    def crs(self):
        return self._crs

    def setCrs(self, crs):
        assert isinstance(crs, QgsCoordinateReferenceSystem)
        self._crs = crs


class QgsExtentWidget(QWidget):
    """Shows an extent."""

    extentChanged = pyqtSignal(object)

    def setNullValueAllowed(self, _allowed):
        pass

    def setOriginalExtent(self, extent, _crs):
        self._extent = extent

    def setCurrentExtent(self, _extent, _crs):
        pass

    def setOutputCrs(self, _crs):
        pass

    def setOutputExtentFromOriginal(self):
        pass

    def outputExtent(self):
        return self._extent


class QgsMessageBarItem(QWidget):
    """A message."""

    def __init__(self, text):
        super().__init__()
        self._text = text
        QHBoxLayout(self).addWidget(QLabel(text, self))

    def text(self):
        return self._text


class QgsMessageBar(QWidget):
    """The messages that were pushed, newest first."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._items = []

    @staticmethod
    def createMessage(_title, text):
        return QgsMessageBarItem(text)

    def pushWidget(self, item, level, _seconds=0):
        item.setParent(self)
        item.level = level
        self._items.insert(0, item)

    def popWidget(self, item):
        self._items.remove(item)

    def items(self):
        return list(self._items)


class QgsMessageViewer(QDialog):
    """A window with a long text."""

    def setTitle(self, title):
        self.setWindowTitle(title)

    def setMessageAsPlainText(self, text):
        QLabel(text, self)


class QgsMapCanvas(QGraphicsView):
    """A map without layers, whose tool gets the mouse."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setScene(QGraphicsScene(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setMouseTracking(True)
        self._extent, self._crs = QgsRectangle(0, 0, 1, 1), QgsCoordinateReferenceSystem("EPSG:3857")
        self._tool = None

    def setExtent(self, extent):
        self._extent = extent

    def extent(self):
        return self._extent

    def rotation(self):
        return 0.0

    def mapSettings(self):
        return QgsMapSettings(self._extent, self._crs, self.size())

    def mouseLastXY(self):
        return self._last

    def setMapTool(self, tool):
        if self._tool is not None:
            self._tool.deactivate()
        self._tool = tool
        if tool is not None:
            tool.activate()

    def resizeEvent(self, event):
        super().resizeEvent(event)
        self.setSceneRect(0, 0, self.width(), self.height())

    def mousePressEvent(self, event):
        self._tool.canvasPressEvent(QgsMapMouseEvent(self, event))

    def mouseMoveEvent(self, event):
        self._last = event.pos()
        self._tool.canvasMoveEvent(QgsMapMouseEvent(self, event))

    def mouseReleaseEvent(self, event):
        self._tool.canvasReleaseEvent(QgsMapMouseEvent(self, event))


class QgsMapMouseEvent(QMouseEvent):
    """An event of the mouse on the map, which snaps to nothing."""

    def __init__(self, canvas, event):
        super().__init__(
            event.type(),
            event.position(),
            event.globalPosition(),
            event.button(),
            event.buttons(),
            event.modifiers(),
        )
        self._canvas = canvas

    def snapPoint(self):
        return self._canvas.mapSettings().toMapCoordinates(self.pos().x(), self.pos().y())

    def mapPointMatch(self):
        return None


class QgsMapCanvasItem(QGraphicsItem):
    """Something that is drawn on the map."""

    def __init__(self, canvas):
        super().__init__()
        canvas.scene().addItem(self)


class QgsMapTool(QObject):
    """What the mouse does on the map."""

    class Flag(enum.Flag):
        """What kind of tool it is."""

        EditTool = 2

    def __init__(self, canvas):
        super().__init__(canvas)
        self._canvas = canvas
        self._cursor = None

    def canvas(self):
        return self._canvas

    def setCursor(self, cursor):
        assert isinstance(cursor, Qt.CursorShape)
        self._cursor = cursor

    def activate(self):
        if self._cursor is not None:
            self._canvas.setCursor(self._cursor)

    def deactivate(self):
        pass


class QgsSnapIndicator:
    """Shows what the mouse snaps to: nothing."""

    def __init__(self, canvas):
        pass

    def setMatch(self, match):
        pass

    def setVisible(self, visible):
        assert visible is False


class QgsOptionsPageWidget(QWidget):
    """A page of the options."""


class QgsOptionsWidgetFactory(QObject):
    """Makes a page of the options."""


def __getattr__(name):
    return missing(name)
