"""The settings that the desk remembers."""

from __future__ import annotations

from astroloc_qgis.qgis_adapters.settings import Setting, Settings


class DeskSettings(Settings):
    """The remembered settings; reading and writing an attribute goes straight to QGIS's settings."""

    export = Setting("desk/export")
    """The last choices of the export dialog, JSON."""
    export_folder = Setting("desk/export_folder")
    tables = Setting("desk/tables")
    """The folder of the last metadata table, elements or control points."""
