"""Qt's core; a null in QGIS 4 is None."""

from PyQt6.QtCore import *

NULL = None
