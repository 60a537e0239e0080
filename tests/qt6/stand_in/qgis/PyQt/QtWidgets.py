"""Qt's widgets, and the three classes that Qt 6 moved and QGIS 4 keeps here as well."""

from PyQt6.QtGui import QAction, QActionGroup, QShortcut
from PyQt6.QtWidgets import *
