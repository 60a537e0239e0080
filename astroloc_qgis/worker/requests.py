"""The parameters of each method of the engine process, as dataclasses: ``parameters.read`` makes them from JSON.

Where an optional parameter is None, the engine's own default holds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.worker.parameters import (
    AnyZooms,
    Areas,
    Count,
    Distance,
    Extent,
    Facts,
    FileName,
    Files,
    Footprint,
    LatLon,
    Matrix,
    Photos,
    Position,
    Positions,
    Source,
    Sources,
    TiePoints,
    Time,
    Zooms,
    read,
)


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Parameters of a request."""

    def optional(self) -> dict[str, Any]:
        """Return the optional parameters that are given, by name: keyword arguments for the engine."""
        optional = [field.name for field in dataclasses.fields(self) if field.default is None]
        return {name: value for name in optional if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, kw_only=True)
class OnDevice(Parameters):
    """Parameters of a request that may name the device to work on."""

    device: str | None = None


@dataclass(frozen=True, kw_only=True)
class GeoreferencePhoto(OnDevice):
    """Parameters of a request that georeferences a photo and writes the outputs to the folder ``out``."""

    photo: Path
    out: Path
    nadir: Position | None = None
    nadir_source: Source | None = None
    matcher: str | None = None
    thorough: bool | None = None
    seconds: float | None = None
    crs: str | None = None
    finer: str | None = None


@dataclass(frozen=True, kw_only=True)
class Localize(GeoreferencePhoto):
    """Find a photo with an index, in a folder or behind a service, and georeference it (``pipeline.localize``)."""

    index: str
    imagery: str | None = None
    radius_km: Distance | None = None
    centre: LatLon | None = None
    centre_km: Distance | None = None
    extent: Extent | None = None
    polygon: str | None = None


AREA = ("radius_km", "centre", "centre_km", "extent", "polygon")
"""The parameters of ``Localize`` that limit the search."""
EACH = {"outs": "out", "nadirs": "nadir", "nadir_sources": "nadir_source", "areas": "area"}
"""The lists of ``LocalizeSequence`` that have a value for each photo, and what one value is."""


@dataclass(frozen=True, kw_only=True)
class LocalizeSequence(OnDevice):
    """Localize photos that follow each other; ``areas`` have the names of ``AREA``."""

    photos: Photos
    outs: Files
    index: str
    imagery: str | None = None
    nadirs: Positions | None = None
    nadir_sources: Sources | None = None
    areas: Areas | None = None
    matcher: str | None = None
    thorough: bool | None = None
    seconds: float | None = None
    crs: str | None = None
    finer: str | None = None

    def one_by_one(self) -> list[Localize]:
        """The requests that would localize each photo by itself.

        Raises:
            InputError: a list has not one value for each photo, or an area is none.
        """
        own = {name: getattr(self, name) for name in EACH}
        count = len(self.photos)
        for name, values in own.items():
            if values is not None and len(values) != count:
                raise InputError(f"The parameter {name} of the request has {len(values)} values for {count} photos.")
        for area in own.pop("areas") or ():
            if unknown := sorted(set(area or ()) - set(AREA)):
                raise InputError(f"An area of the request has parameters that do not exist: {', '.join(unknown)}.")
        common = {name: value for name, value in self.optional().items() if name not in EACH}
        found = []
        for number, photo in enumerate(self.photos):
            values = {EACH[name]: values[number] for name, values in own.items() if values is not None}
            area = (self.areas[number] if self.areas is not None else None) or {}
            values["out"] = str(values["out"])
            found.append(read(Localize, {**common, **values, **area, "photo": str(photo), "index": str(self.index)}))
        return found


@dataclass(frozen=True, kw_only=True)
class BatchWork(OnDevice):
    """What all photos of a batch have in common; ``out`` is its folder, in which it goes on when it is run again.

    The entries of the report are written to the file ``entries``, a line of JSON for each photo.
    """

    out: Path
    entries: Path
    index: str
    imagery: str | None = None
    exif_nadir: bool | None = None
    matcher: str | None = None
    thorough: bool | None = None
    seconds: float | None = None
    workers: Count | None = None
    again: bool | None = None
    title: str | None = None

    def given(self, *names: str) -> dict[str, Any]:
        """Those of the optional parameters that are given."""
        return {name: value for name, value in self.optional().items() if name in names}


@dataclass(frozen=True, kw_only=True)
class Batch(BatchWork):
    """Localize the photos of a folder, of a table, or of a folder of whose photos a table knows more."""

    folder: Path | None = None
    table: Path | None = None
    recursive: bool | None = None
    nadir: Position | None = None
    radius_km: Distance | None = None
    centre: LatLon | None = None
    centre_km: Distance | None = None
    extent: Extent | None = None
    crs: str | None = None
    finer: str | None = None
    keep: tuple[str, ...] | None = None
    sequence: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Label(BatchWork):
    """Make footprints to train on of a table of photos whose centres are roughly known; ``least`` is the confidence."""

    table: Path
    centre_km: Distance
    least: float | None = None


@dataclass(frozen=True, kw_only=True)
class Refine(GeoreferencePhoto):
    """Register a photo whose place is roughly known (``pipeline.refine``); ``block`` is "zoom/row/column"."""

    imagery: str
    block: str | None = None
    footprint: Footprint | None = None


@dataclass(frozen=True, kw_only=True)
class BuildIndex(OnDevice):
    """Describe imagery into an index folder (``build_index``); without texture zooms, the usual ones."""

    imagery: str
    zooms: Zooms
    extent: Extent
    out: Path
    model: str | None = None
    title: str | None = None
    stride: int | None = None
    kind: str | None = None
    land_only: bool | None = None
    texture_zooms: AnyZooms | None = None
    keep_units: bool | None = None


@dataclass(frozen=True, kw_only=True)
class KeepImagery(Parameters):
    """Keep a service of the catalogue on this computer: from a file, an address with {z}, {y} and {x}, or itself."""

    service: str
    file: Path | None = None
    address: str | None = None


@dataclass(frozen=True, kw_only=True)
class Retrieve(OnDevice):
    """Rank the places of an index, in a folder or behind a service, by their similarity to a photo (``retrieve``)."""

    photo: Path
    index: str
    top: int | None = None
    imagery: str | None = None
    nadir: Position | None = None
    nadir_source: Source | None = None
    radius_km: Distance | None = None
    centre: LatLon | None = None
    centre_km: Distance | None = None
    extent: Extent | None = None
    polygon: str | None = None


@dataclass(frozen=True, kw_only=True)
class CheckIndex(Parameters):
    """Check that the files of an index are those that it was built with."""

    index: Path


@dataclass(frozen=True, kw_only=True)
class MergeIndexes(Parameters):
    """Make one index of several of the same model (``merge_indexes``)."""

    folders: Files
    out: Path
    kind: str | None = None
    imagery: str | None = None
    title: str | None = None


@dataclass(frozen=True, kw_only=True)
class InstallIndex(Parameters):
    """Install an index from a ZIP archive or its address (``install_index``)."""

    source: str
    out: Path
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class ListModels(Parameters):
    """List the models and matchers."""


@dataclass(frozen=True, kw_only=True)
class FetchModel(Parameters):
    """Fetch the weights of a model or matcher."""

    name: str
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class GiveModel(Parameters):
    """Install weights from a file or a folder, of a model or matcher, or under a new name."""

    name: str
    path: Path
    sha256: str | None = None
    licence: str | None = None
    source: str | None = None


@dataclass(frozen=True, kw_only=True)
class RemoveModel(Parameters):
    """Remove the weights of a model or matcher that were fetched or given."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Ping(OnDevice):
    """Ask for versions and devices."""


@dataclass(frozen=True, kw_only=True)
class Preload(OnDevice):
    """Load what the next photo needs; what is not named is left out."""

    index: Path | None = None
    matcher: str | None = None


@dataclass(frozen=True, kw_only=True)
class Unload(Parameters):
    """Let the models go."""


@dataclass(frozen=True, kw_only=True)
class Export(Parameters):
    """Write a placed photo; ``options`` are those of ``ExportOptions``, ``name`` is the files' without ending."""

    photo: Path
    homography: Matrix
    plane: str
    out: Path
    name: FileName
    options: Mapping[str, Any]
    tie_points: TiePoints | None = None
    facts: Facts | None = None


@dataclass(frozen=True, kw_only=True)
class CandidatePictures(Parameters):
    """Draw blocks ("zoom/row/column") of the imagery into a folder."""

    imagery: str
    blocks: tuple[str, ...]
    folder: Path


@dataclass(frozen=True, kw_only=True)
class ComputeNadir(Parameters):
    """Compute the nadir at a time from a file of orbital elements."""

    tle: Path
    time: Time
