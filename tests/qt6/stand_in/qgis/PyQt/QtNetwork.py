"""Qt's network."""

from PyQt6.QtNetwork import *
