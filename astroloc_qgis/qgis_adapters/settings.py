"""The settings that the plugin remembers; the keys are defined here only."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsSettings

PREFIX = "astroloc"


class Setting:
    """One remembered text, an attribute of ``Settings``."""

    def __init__(self, key: str, default: str = "") -> None:
        self._key = f"{PREFIX}/{key}"
        self._default = default

    def __get__(self, instance: Settings | None, owner: type | None = None) -> str:
        """Read the text."""
        return str(QgsSettings().value(self._key, self._default) or self._default)

    def __set__(self, instance: Settings, value: Any) -> None:
        """Keep the text."""
        QgsSettings().setValue(self._key, str(value))


class Settings:
    """The remembered settings; reading and writing an attribute goes straight to QGIS's settings."""

    python = Setting("engine/python")
    threads = Setting("engine/threads")
    engine_folder = Setting("engine/folder")
    device = Setting("engine/device", "auto")
    memory = Setting("engine/memory_mb")
    timeout = Setting("engine/timeout_s", "600")
    log_level = Setting("engine/log_level", "INFO")
    torch_index = Setting("engine/torch_index")
    torch_build = Setting("engine/torch_build")
    wheels = Setting("engine/wheels")
    weights = Setting("engine/weights_folder")
    preload = Setting("engine/preload", "yes")
    """Whether the engine starts and loads its models as soon as photos are on the list: "yes" or "no"."""
    index = Setting("last/index")
    indexes = Setting("indexes/known")
    """Folders of indexes that were chosen, built or installed: a list in JSON, the newest first."""
    reference = Setting("last/reference")
    imagery_with_engine = Setting("imagery/with_engine", "yes")
    """Whether Blue Marble is kept on this computer with the engine's install: "yes" or "no"."""
    finer = Setting("last/finer")
    licences = Setting("imagery/licences")
    tile_cache = Setting("imagery/tile_cache_mb")
    photos = Setting("last/photo_folder")
    output = Setting("output/folder")
    matcher = Setting("matcher", "auto")
    thorough = Setting("matching/thorough")
    seconds = Setting("matching/seconds", "0")
    sequence = Setting("matching/sequence")
    nasa = Setting("nasa/allowed")
    nasa_automatic = Setting("nasa/automatic")
    nasa_folder = Setting("nasa/picture_folder")
    under = Setting("map/reference_under", "yes")
    """Whether the reference is shown under the result: "yes" or "no"."""
