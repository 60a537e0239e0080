"""A batch made of its photos and the work on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from astroloc_qgis.engine.batch.localizing import what_changes_results
from astroloc_qgis.engine.batch.photos import BatchPhoto, plan_units
from astroloc_qgis.engine.batch.runner import Batch
from astroloc_qgis.engine.units.units import Work


def plan_batch(
    work: Work, photos: Sequence[BatchPhoto], source: Path, out: Path, *, title: str = "", sequence: bool = False
) -> Batch:
    """The batch of these photos in a folder.

    Args:
        work: of its units.
        photos: each path once.
        source: the folder, or the table, that they came from.
        out: folder of the results.
        title: of the report; by default the name of the source.
        sequence: whether photos that follow each other are done together.
    """
    settings = what_changes_results(work)
    units = plan_units(photos, settings, source=source, sequence=sequence)
    return Batch(work, units, settings, out, title or source.resolve().name)
