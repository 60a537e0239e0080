"""The work of labelling: a unit of a batch for each photo, localized about its centre and judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.batch.localizing import Localizer, localizing, open_localizing
from astroloc_qgis.engine.labelling.judgement import LEAST_CONFIDENCE, Judgement, WeakLabel, judge, settle
from astroloc_qgis.engine.photo.number import nasa_photo_number
from astroloc_qgis.engine.result import Localization
from astroloc_qgis.engine.units.units import DoUnit, Work
from astroloc_qgis.engine.verification import Verdict

OPENER = f"{__name__}:open_labelling"


def labelling(
    index: Path | str,
    out: Path,
    *,
    imagery: str | None,
    limits: Mapping[str, Any],
    options: Mapping[str, Any],
    least: float = LEAST_CONFIDENCE,
) -> Work:
    """The work of labelling photos.

    Args:
        index: folder of the index, or the address of its service.
        out: folder of the batch.
        imagery: the reference; None for the index's own.
        limits: of ``pipeline.localize``; ``centre_km`` is that of photos without a radius of their own.
        options: of ``pipeline.Options``.
        least: confidence that a label needs.
    """
    work = localizing(index, out, imagery=imagery, limits=limits, options=options, kinds=())
    return replace(work, opener=OPENER, settings={**work.settings, "least": least})


def open_labelling(settings: Mapping[str, Any]) -> DoUnit:
    """Get ready to label photos in this process.

    Raises:
        InputError: the index cannot be opened.
    """
    open_localizing(settings)
    return Labeller(settings).do


class Labeller(Localizer):
    """Labels the photos of units. Their entries have ``label``: the best solution's place, and the given centre.

    Args:
        settings: of ``labelling``.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self._least: float = settings["least"]
        self._radius_km = float(settings["limits"]["centre_km"])
        self._accepted: dict[Path, Verdict] = {}
        self._judged: dict[Path, Judgement] = {}
        self._options["doubt"] = self._remember

    def _remember(self, result: Localization) -> str:
        """Keep the verdict of an accepted photo; the doubt keeps the pipeline from writing what no label needs."""
        self._accepted[result.photo] = result.verdict
        return "not judged yet"

    def _localized(self, path: Path, photo: Mapping[str, Any], out: Path) -> Localization | dict[str, Any]:
        """The result of a photo, judged; or the entry of one that cannot be read."""
        found = super()._localized(path, photo, out)
        verdict = self._accepted.pop(path, None)
        if isinstance(found, Localization):
            verdict = verdict or found.verdict
            known = WeakLabel(tuple(photo["centre"]), photo.get("radius_km") or self._radius_km)
            self._judged[path] = judge(found, verdict, known, self._least)
            settle(found, verdict, self._judged[path])
        return found

    def _entry(self, path: Path, photo: Mapping[str, Any], result: Localization) -> dict[str, Any]:
        lat, lon = photo["centre"]
        said = {"photo_id": photo["number"] or nasa_photo_number(path.name) or path.stem, "centre": [lon, lat]}
        return super()._entry(path, photo, result) | {"label": self._judged.pop(path).summary() | said}
