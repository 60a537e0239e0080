"""``localize --nasa``: what NASA's photo database says of the photos, as evidence for their places."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.nasa.nasa_command import add_key, make_client, read_key
from astroloc_qgis.cli.terminal import complain, tell
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.photo.number import nasa_photo_number
from astroloc_qgis.engine.progress import Progress, part_of

if TYPE_CHECKING:
    from astroloc_qgis.engine.nasa.record import NasaRecord
    from astroloc_qgis.engine.pipeline import Localization


def add_nasa_option(parser: ArgumentParser) -> None:
    """Whether NASA's photo database is asked."""
    parser.add_argument(
        "--nasa", action="store_true", help="ask NASA's photo database for nadir and outline, by the photo's number"
    )
    add_key(parser)


class NasaOfPhotos:
    """What NASA's database says of photos.

    Args:
        options: ``nasa``, whether to ask; ``key_file``; the limits of the search.
        photos: those whose names have no photo number are left out.

    Attributes:
        records: by photo.

    Raises:
        InputError: there is no key, or it is wrong.
    """

    def __init__(self, options: Namespace, photos: Sequence[Path]) -> None:
        self.records: dict[Path, NasaRecord] = {}
        self._problems: dict[Path, str] = {}
        self._verified: dict[Path, bool] = {}
        self._asked = bool(options.nasa)
        self._free = options.radius_km is None and not (options.centre or options.extent or options.polygon)
        numbers = {photo: number for photo in photos if (number := nasa_photo_number(photo.name))}
        self._numbers: Mapping[Path, str] = numbers if self._asked else {}
        if self._asked:
            self._look_up(options)

    def nadirs(self) -> dict[Path, Nadir]:
        """The nadirs that NASA proposes."""
        proposed = {photo: record.proposed_nadir() for photo, record in self.records.items()}
        return {photo: nadir for photo, nadir in proposed.items() if nadir is not None}

    def limits(self, photo: Path) -> dict[str, Any]:
        """Where to search a photo whose nadir NASA does not know: about its centre, unless the user sets a limit."""
        record = self.records.get(photo)
        known = record is not None and record.nadir is None and record.centre is not None and self._free
        return {"centre": record.centre} if known and record is not None else {}

    def verify(
        self, photo: Path, options: Namespace, nadir: Nadir | None, common: Mapping[str, Any], progress: Progress
    ) -> Localization | None:
        """Register a photo from the outline that NASA's machine found, which is believed only if that succeeds.

        Returns:
            The localized photo; None where there is no outline, the user limits the search, or it is not confirmed.
        """
        from astroloc_qgis.engine import pipeline
        from astroloc_qgis.engine.nasa.outline import outline_starts
        from astroloc_qgis.engine.retrieval.remote_index import imagery_of, open_index

        starts = outline_starts(self.records.get(photo)) if self._free else []
        if not starts:
            return None
        imagery = imagery_of(open_index(options.index), options.imagery)
        for number, corners in enumerate(starts):
            step = part_of(progress, number / len(starts), (number + 1) / len(starts))
            self._verified[photo] = False
            try:
                found = pipeline.refine(
                    photo, imagery, options.out, footprint=corners, nadir=nadir, progress=step, **common
                )
            except InputError:  # of the outline; what is wrong with anything else, the search says
                return None
            if found.located:
                self._verified[photo] = True
                return found
        return None

    def entry(self, photo: Path) -> dict[str, Any]:
        """What it adds to a photo's entry of the report: the field "nasa", null for a photo without a number."""
        if not self._asked:
            return {}
        if photo not in self._numbers:
            return {"nasa": None}
        record = self.records.get(photo)
        found = {"number": self._numbers[photo], "found": record is not None, "problem": self._problems.get(photo)}
        own = {} if record is None else record.to_json() | {"outline_verified": self._verified.get(photo)}
        return {"nasa": found | own}

    def _look_up(self, options: Namespace) -> None:
        from astroloc_qgis.engine.nasa.several import look_up_all

        client = make_client(read_key(options.key_file))
        of: dict[str, list[Path]] = {}
        for photo, number in self._numbers.items():
            of.setdefault(number, []).append(photo)
        with progress_bar("NASA") as progress:
            for done, one in enumerate(look_up_all(client, of), start=1):
                if one.record is not None:
                    self.records |= dict.fromkeys(of[one.number], one.record)
                if one.problem:
                    self._problems |= dict.fromkeys(of[one.number], one.problem)
                progress("look up", done / len(of))
        for problem in dict.fromkeys(self._problems.values()):
            complain(f"{problem} What it would have said is left out.")
        for photo, record in self.records.items():
            if record.high_oblique:
                tell(f"{photo.name}: high oblique, says NASA: the horizon is in view; only the ground below it counts.")
