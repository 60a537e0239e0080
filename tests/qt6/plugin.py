"""Puts Qt 6 and the stand-in for QGIS 4 in place before any test is imported (``-p tests.qt6.plugin``).

With it tests of ``tests/qgis`` that need nothing but Qt run on Qt 6 as well; QGIS's own Qt 5 must not be loaded in the
same process.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

STAND_IN = Path(__file__).resolve().parent / "stand_in"

if "PyQt5" in sys.modules or "qgis" in sys.modules:
    raise pytest.UsageError("The tests on Qt 6 need a process without QGIS: run `python .ci/test.py qt6`.")
sys.path.insert(0, str(STAND_IN))

import PyQt6.QtCore  # noqa: E402, F401 - pytest-qt takes the Qt that is loaded


@pytest.fixture(scope="session")
def qapp_cls():
    """The class of the application that pytest-qt makes."""
    from qgis.core import QgsApplication

    return QgsApplication


@pytest.fixture
def qgis_app(qapp):
    """The application, by the name that pytest-qgis gives it."""
    return qapp
