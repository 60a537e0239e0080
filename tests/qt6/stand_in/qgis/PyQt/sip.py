"""The module that knows whether an object of Qt still exists."""

from PyQt6.sip import *
