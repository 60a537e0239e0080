"""Qt's pictures, fonts, events and actions."""

from PyQt6.QtGui import *
