"""What an index is to be built of: the plan, and the blocks that it comes to."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from astroloc_qgis.engine.block_table import Table, block_table
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.coverage import Coverage
from astroloc_qgis.engine.imagery.land_mask import LandMask
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.progress import Progress
from astroloc_qgis.engine.tiles import Block, Extent

BLOCK_SIZE = 4
LEAST_VALID = 0.5
"""A block with less than this share of valid pixels is left out."""
LEAST_DETAIL = 0.25
"""A block with fewer source pixels a side than this share of the model's input is left out: it would be blur."""
NO_DATA, NO_DETAIL, OPEN_SEA = "too little of it has data", "the imagery is too coarse for it", "open sea"
"""Why a block is left out."""

EVERYWHERE, LAND = "", "land"
EXACT = "Flat"
"""The kind of vector store that keeps every number as it is."""
_KINDS = re.compile(
    r"Flat|SQ8|SQfp16|IVF[1-9]\d*,Flat|(((OPQ[1-9]\d*(_[1-9]\d*)?|PCA[1-9]\d*),)?PQ[1-9]\d*(x[4-8])?np)"
)


@dataclass(frozen=True)
class Plan:
    """All that decides what comes out of a build; two builds may share their pieces only when it is the same.

    Attributes:
        imagery: what GDAL opens.
        imagery_stamp: size and time of a file.
        zooms: of the blocks.
        extent: west, south, east, north in degrees.
        stride: tiles from one block to the next; the same at all zooms, or by zoom.
        selection: ``EVERYWHERE``, ``LAND``, or the sha256 of the table of blocks that was given.
        kind: of vector store (see ``check_kind``).
        model, model_sha256, model_settings: of the descriptor.
        texture_zoom: whose blocks get texture codes; None for none.
        texture_sha256: of the texture model's file.
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
    texture_zoom: int | None = None
    texture_sha256: str = ""

    @property
    def strides(self) -> dict[int, int]:
        """Tiles from one block to the next, by zoom."""
        if isinstance(self.stride, int):
            return dict.fromkeys(self.zooms, self.stride)
        return {zoom: self.stride[zoom] for zoom in self.zooms}

    def as_json(self) -> str:
        """The plan as it is stored beside unfinished work."""
        return json.dumps(dataclasses.asdict(self), indent=2)

    def differences(self, other: dict[str, Any]) -> list[str]:
        """Names of the fields in which a stored plan is another one."""
        mine = json.loads(self.as_json())
        return [key.replace("_", " ") for key in mine if mine[key] != other.get(key)]


def check_kind(kind: str) -> None:
    """Refuse kinds of vector store that an index cannot have.

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
    """Whether vectors of that kind of store are kept as codes of a product quantiser."""
    return kind.endswith("np")


def digest_of(blocks: Table) -> str:
    """What stands for a given table of blocks in a plan."""
    return hashlib.sha256(np.ascontiguousarray(blocks, dtype="<i4").tobytes()).hexdigest()


def select_blocks(
    plan: Plan, reference: Reference, given: Table | None, model_px: int, progress: Progress
) -> tuple[list[Block], Counter[str]]:
    """List the blocks of a plan that have data and detail, as far as the raster's structure (and land) tells.

    Args:
        plan: what to build.
        reference: the imagery.
        given: (N, 3) the blocks to build, where the plan does not say them by zooms and extent.
        model_px: side of the model's input.
        progress: told the stage "read".

    Returns:
        The blocks, and how many were left out by reason.

    Raises:
        InputError: the extent or the zooms make no sense, or the imagery cannot be read.
    """
    coverage = Coverage(reference)
    skipped: Counter[str] = Counter()
    if given is not None:
        blocks = [Block(int(zoom), int(row), int(column), BLOCK_SIZE) for zoom, row, column in given]
    else:
        blocks = [
            block
            for zoom, stride in plan.strides.items()
            for block in coverage.blocks(plan.extent, [zoom], BLOCK_SIZE, stride)
        ]
    if plan.selection == LAND and blocks:
        near = LandMask.of(reference).touches(block_table(blocks), BLOCK_SIZE)
        skipped[OPEN_SEA] = int((~near).sum())
        blocks = [block for block, is_near in zip(blocks, near, strict=True) if is_near]
    kept = []
    for number, block in enumerate(blocks):
        if number % 200 == 0:
            progress("read", number / len(blocks))
        look = coverage.of_block(block)
        if look.fraction < LEAST_VALID:
            skipped[NO_DATA] += 1
        elif look.pixels < LEAST_DETAIL * model_px:
            skipped[NO_DETAIL] += 1
        else:
            kept.append(block)
    return kept, +skipped
