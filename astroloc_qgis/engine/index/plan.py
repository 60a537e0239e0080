"""The plan of an index: its settings, and the blocks that they select."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine.block_table import Table
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.descriptors.registry import DEFAULT
from astroloc_qgis.engine.descriptors.texture import texture_path
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.coverage import Coverage
from astroloc_qgis.engine.imagery.folder_mosaic import folder_stamp
from astroloc_qgis.engine.imagery.land_mask import LandMask
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.format import INFO, read_info
from astroloc_qgis.engine.progress import Progress
from astroloc_qgis.engine.tiles import HALF_WORLD_M, Block, Extent, lonlat_to_mercator
from astroloc_qgis.engine.weights.array_files import recorded_sha256

MOST_BLOCKS = 20_000_000
"""Of a zoom; all of the world has 17 million at zoom 13, two tiles from one to the next."""
BLOCK_SIZE = 4
"""Tiles a side of a block."""
LEAST_VALID = 0.5
"""A block with less than this share of valid pixels is left out."""
LEAST_DETAIL = 0.25
"""A block with fewer source pixels a side than this share of the model's input is left out: it would be blurred."""
NO_DATA, NO_DETAIL, OPEN_SEA = "too little of it has data", "the imagery is too coarse for it", "open sea"
"""Reasons for leaving a block out."""

EVERYWHERE, LAND = "", "land"
"""Selections of blocks; a given table of blocks is a third one."""
EXACT = "Flat"
"""The kind of vector store that keeps exact vectors."""
_KINDS = re.compile(
    r"Flat|SQ8|SQfp16|IVF[1-9]\d*,Flat|(((OPQ[1-9]\d*(_[1-9]\d*)?|PCA[1-9]\d*),)?PQ[1-9]\d*(x[4-8])?np)"
)


@dataclass(frozen=True)
class Plan:
    """All settings that decide the content of an index; builds share pieces only if their plans are equal.

    Attributes:
        imagery: the reference imagery, as GDAL opens it.
        imagery_stamp: size and modification time of an imagery file or of a folder's rasters; empty for other imagery.
        zooms: web-map zooms of the blocks.
        extent: west, south, east, north in degrees.
        stride: tiles from one block to the next; the same at all zooms, or by zoom.
        selection: ``EVERYWHERE``, ``LAND``, or the sha256 of the table of blocks that was given.
        kind: kind of the vector store (see ``check_kind``).
        model: name of the descriptor.
        model_sha256: of the descriptor's weight file.
        model_settings: everything besidess the weights that shapes a vector.
        texture_zooms: zooms of the blocks that get texture codes.
        texture_sha256: of the texture model's file; empty without texture codes.
        northern_limits: by zoom, the latitude in degrees where the blocks of zooms end that end south of the extent.
    """

    imagery: str
    imagery_stamp: str
    zooms: tuple[int, ...]
    extent: Extent
    stride: int | Mapping[int, int]
    selection: str
    kind: str
    model: str
    model_sha256: str
    model_settings: dict[str, str | int | float]
    texture_zooms: tuple[int, ...] = ()
    texture_sha256: str = ""
    northern_limits: Mapping[int, float] = field(default_factory=dict)

    @property
    def strides(self) -> dict[int, int]:
        """Tiles from one block to the next, by zoom."""
        if isinstance(self.stride, int):
            return dict.fromkeys(self.zooms, self.stride)
        return {zoom: self.stride[zoom] for zoom in self.zooms}

    def extent_of(self, zoom: int) -> Extent | None:
        """The extent of one zoom; None where the whole extent is north of that zoom's limit."""
        west, south, east, north = self.extent
        north = min(north, self.northern_limits.get(zoom, north))
        return (west, south, east, north) if south < north else None

    def as_json(self) -> str:
        """The plan as it is stored beside the pieces of an unfinished index."""
        return json.dumps(dataclasses.asdict(self), indent=2)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Plan:
        """The plan that ``as_json`` wrote, from the object that it holds."""
        west, south, east, north = map(float, stored["extent"])
        stride = stored["stride"]
        changed = {
            "zooms": tuple(stored["zooms"]),
            "extent": (west, south, east, north),
            "stride": stride if isinstance(stride, int) else {int(zoom): step for zoom, step in stride.items()},
            "texture_zooms": tuple(stored["texture_zooms"]),
            "northern_limits": {int(zoom): limit for zoom, limit in stored["northern_limits"].items()},
        }
        return cls(**{**stored, **changed})

    def of_a_piece(self) -> dict[str, Any]:
        """What the description of a block depends on besides its pixels, as JSON knows it."""
        names = ("model", "model_sha256", "model_settings", "texture_sha256")
        return {name: getattr(self, name) for name in names} | {"texture_zooms": list(self.texture_zooms)}

    def differences(self, other: dict[str, Any]) -> list[str]:
        """Names of the fields in which a stored plan differs."""
        mine = json.loads(self.as_json())
        return [key.replace("_", " ") for key in mine if mine[key] != other.get(key)]


def make_plan(
    reference: Reference,
    descriptor: Descriptor,
    *,
    zooms: Sequence[int],
    extent: Extent | None,
    stride: int | Mapping[int, int],
    kind: str,
    land_only: bool,
    blocks: Table | None,
    texture_zooms: Sequence[int],
    northern_limits: Mapping[int, float],
) -> Plan:
    """Make the plan of an index (arguments as for ``builder.build_index``).

    Raises:
        InputError: texture zooms that do not suit the zooms.
    """
    if texture_zooms and not texture_suits(texture_zooms, zooms):
        raise InputError(
            f"Texture at zoom {', '.join(map(str, texture_zooms))} does not suit an index of zooms "
            f"{', '.join(map(str, zooms))}: choose among them, so that each is no more than one away from one of yours."
        )
    path = imagery_file(reference)
    return Plan(
        imagery=str(path.absolute()) if path else reference.uri,
        imagery_stamp=_stamp(path) if path else "",
        zooms=tuple(sorted({int(zoom) for zoom in zooms})),
        extent=extent or reference.extent_lonlat,
        stride=stride if isinstance(stride, int) else dict(stride),
        selection=digest_of(blocks) if blocks is not None else LAND if land_only else EVERYWHERE,
        kind=kind,
        model=descriptor.name,
        model_sha256=descriptor.model_sha256,
        model_settings=descriptor.settings,
        texture_zooms=tuple(sorted(set(texture_zooms))),
        texture_sha256=recorded_sha256(texture_path()) if texture_zooms else "",
        northern_limits=dict(northern_limits),
    )


def texture_suits(texture_zooms: Collection[int], zooms: Collection[int]) -> bool:
    """Whether every zoom of an index can have a bonus of texture, its own or that of the next coarser or finer zoom."""
    return set(texture_zooms) <= set(zooms) and all(
        any(abs(zoom - coded) <= 1 for coded in texture_zooms) for zoom in zooms
    )


def usual_texture_zooms(model: str, zooms: Sequence[int]) -> tuple[int, ...]:
    """The zoom that gets texture where none is named: the middle one, of two the coarser.

    Returns:
        Empty where no zoom is within one of all others, or for another model than the default: the bonus of texture is
        weighed against the similarities of that.
    """
    found = sorted(set(zooms))
    suited = [zoom for zoom in found if texture_suits([zoom], found)]
    if model != DEFAULT or not suited:
        return ()
    return (suited[(len(suited) - 1) // 2],)


def imagery_file(reference: Reference) -> Path | None:
    """The file or the folder of the imagery; None for a service or a description in XML."""
    path = Path(reference.uri)
    return path if "<" not in reference.uri and path.exists() else None


def _stamp(path: Path) -> str:
    return folder_stamp(path) if path.is_dir() else f"{path.stat().st_size} {path.stat().st_mtime_ns}"


def already_built(out: Path, plan: Plan, imagery_uri: str) -> bool:
    """Whether ``out`` is an index of this plan.

    Raises:
        InputError: it is another index, a file, or a folder with other files in it.
    """
    if not out.exists():
        return False
    if not out.is_dir():
        raise InputError(f"The index cannot be written to {out}: there is a file of that name.")
    if not (out / INFO).is_file():
        if any(out.iterdir()):
            raise InputError(f"The index cannot be written to {out}: the folder has other files in it.")
        return False
    info = read_info(out)
    there = (
        *(info.imagery_uri, info.zooms, info.extent, info.northern_limits, info.stride, info.selection, info.kind),
        info.texture_zooms,
    )
    asked = (
        *(imagery_uri, plan.zooms, tuple(plan.extent), plan.northern_limits, plan.stride, plan.selection, plan.kind),
        plan.texture_zooms,
    )
    same_model = (info.model, info.model_sha256, info.model_settings, info.texture_sha256) == (
        plan.model,
        plan.model_sha256,
        plan.model_settings,
        plan.texture_sha256,
    )
    if same_model and there == asked:
        return True
    what = "other imagery, zooms or extent" if same_model else f"the model {info.model}"
    raise InputError(f"There is already an index in {out}, built with {what}: delete it or choose another folder.")


def check_kind(kind: str) -> None:
    """Check the kind of a vector store.

    Raises:
        InputError: none of "Flat", "SQ8", "SQfp16", "IVF<lists>,Flat", "PQ<parts>np", "PQ<parts>x<bits>np",
            "OPQ<parts>,PQ<parts>np" and "PCA<dimensions>,PQ<parts>np".
    """
    if not _KINDS.fullmatch(kind):
        raise InputError(
            f"An index cannot be of kind '{kind}': choose Flat, SQ8, SQfp16, IVF<lists>,Flat, PQ<parts>np, "
            "PQ<parts>x<bits>np, OPQ<parts>,PQ<parts>np or PCA<dimensions>,PQ<parts>np."
        )


def is_product_quantised(kind: str) -> bool:
    """Whether a store of that kind keeps vectors as codes of a product quantiser."""
    return kind.endswith("np")


def digest_of(blocks: Table) -> str:
    """Sha256 of a table of blocks, which stands for it in a plan."""
    return hashlib.sha256(np.ascontiguousarray(blocks, dtype="<i4").tobytes()).hexdigest()


def select_blocks(
    plan: Plan, reference: Reference, given: Table | None, model_px: int, progress: Progress
) -> tuple[Table, Counter[str]]:
    """List the blocks of a plan that have data and detail, judged by the raster's structure and the land mask.

    Args:
        plan: of the index.
        reference: the imagery.
        given: (N, 3) the blocks to describe, in place of those of zooms and extent.
        model_px: side of the model's input.
        progress: told the stage "read".

    Returns:
        (N, 3) zoom, row, column of the blocks, and the number of blocks left out by reason.

    Raises:
        InputError: the extent or the zooms make no sense, or the imagery cannot be read.
    """
    coverage = Coverage(reference)
    skipped: Counter[str] = Counter()
    if given is not None:
        blocks = np.array(given, dtype=np.int32).reshape(-1, 3)
        blocks[:, 2] %= np.left_shift(1, np.clip(blocks[:, 0], 0, 30))
    else:
        _check_number(plan, coverage.parts(plan.extent))
        parts = [
            coverage.table(extent, zoom, BLOCK_SIZE, stride)
            for zoom, stride in plan.strides.items()
            if (extent := plan.extent_of(zoom)) is not None
        ]
        blocks = np.concatenate([np.empty((0, 3), dtype=np.int32), *parts])
    if plan.selection == LAND and len(blocks):
        near = LandMask.of(reference).touches(blocks, BLOCK_SIZE)
        skipped[OPEN_SEA] = int((~near).sum())
        blocks = blocks[near]
    kept = np.zeros(len(blocks), dtype=bool)
    for number, (zoom, row, column) in enumerate(blocks):
        if number % 200 == 0:
            progress("read", number / len(blocks))
        covered = coverage.of_block(Block(int(zoom), int(row), int(column), BLOCK_SIZE))
        if covered.fraction < LEAST_VALID:
            skipped[NO_DATA] += 1
        elif covered.pixels < LEAST_DETAIL * model_px:
            skipped[NO_DETAIL] += 1
        else:
            kept[number] = True
    return blocks[kept], +skipped


def _check_number(plan: Plan, parts: Iterable[Extent]) -> None:
    """Refuse zooms that are too high for the extent before blocks are listed, which takes memory for each.

    Args:
        plan: of the index.
        parts: of its extent that may have data.

    Raises:
        InputError: there would be too many blocks.
    """
    area_m2 = sum(map(_mercator_m2, parts))
    for zoom, stride in plan.strides.items():
        count = area_m2 / (stride * 2 * HALF_WORLD_M / 2**zoom) ** 2
        if count > MOST_BLOCKS:
            raise InputError(
                f"At zoom {zoom} the extent has {count / 1e6:,.0f} million blocks: choose lower zooms or a smaller "
                f"extent, of at most {MOST_BLOCKS // 1_000_000} million blocks."
            )


def _mercator_m2(extent: Extent) -> float:
    """Square metres of an extent in EPSG:3857."""
    west, south, east, north = extent
    (xmin, ymin), (xmax, ymax) = lonlat_to_mercator([(west, south), (east if east > west else east + 360, north)])
    return float((xmax - xmin) * (ymax - ymin))
