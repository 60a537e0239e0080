"""The stages of the engine's methods, in the user's words."""

from __future__ import annotations

from astroloc_qgis.qgis_adapters.text import tr

NEIGHBOURS = "neighbours"
"""The stage in which photos that follow each other are compared and placed by each other."""


def stage_texts(method: str) -> dict[str, str]:
    """Return the stages of an engine's method, in order, by the names that the engine gives them."""
    if method == "index_build":
        return {"read": tr("reading the reference"), "describe": tr("describing the reference")}
    if method in ("index_check", "index_merge"):
        return {"read": tr("reading the index")}
    if method == "index_install":
        return {"fetch": tr("fetching the archive"), "read": tr("unpacking and checking")}
    if method == "models_fetch":
        return {"fetch": tr("fetching weights"), "check": tr("checking the weights")}
    if method in ("models", "models_give", "models_remove"):
        return {"read": tr("reading the weights")}
    if method == "imagery_keep":
        return {"fetch": tr("fetching tiles")}
    stages = {
        "read": tr("reading the photo"),
        "describe": tr("describing the photo"),
        "search": tr("searching the index"),
        "match": tr("matching with the reference"),
        "georeference": tr("georeferencing"),
    }
    return stages | {NEIGHBOURS: tr("comparing the photos")} if method == "localize_sequence" else stages
