"""The stages of the engine's methods, in the user's words."""

from __future__ import annotations

from astroloc_qgis.qgis_adapters.text import tr


def stage_texts(method: str) -> dict[str, str]:
    """Return the stages of an engine's method, in order, by the names that the engine gives them."""
    if method == "index_build":
        return {"read": tr("reading the reference"), "describe": tr("describing the reference")}
    return {
        "read": tr("reading the photo"),
        "describe": tr("describing the photo"),
        "search": tr("searching the index"),
        "match": tr("matching with the reference"),
        "georeference": tr("georeferencing"),
    }
