"""The units of a build: each describes the blocks of one square of tiles, and leaves one file that is whole or absent.

A unit may be done by this process, by another one of this machine, or by a worker of Dask, and twice without harm. All
of them write into the same folder; what travels are a few hundred bytes a unit, each way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np

from astroloc_qgis.engine.block_table import Table
from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.device import limit_threads, resolve_device
from astroloc_qgis.engine.imagery.opening import limit_raster_cache
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.block_reader import Sheets
from astroloc_qgis.engine.index.building.kept_pieces import KeptPiece, KeptPieces
from astroloc_qgis.engine.index.building.pieces import PieceFolder
from astroloc_qgis.engine.index.database_descriptors import BlockDescriber, Spent
from astroloc_qgis.engine.index.format import VOCABULARY
from astroloc_qgis.engine.index.plan import Plan, imagery_file
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.units.units import DoUnit, Task, Unit, Work, key_of

OPENER = f"{__name__}:open_describing"


def describing(plan: Plan, out: Path, reference: Reference, device: str, kept: Path | None = None) -> Work:
    """The work of a build.

    Args:
        plan: of the index.
        out: folder of the index; those who do the work see it under the same path.
        reference: the imagery; its address travels with its login, where it has one.
        device: for torch, "auto" for the best that each has.
        kept: folder of the pieces of the index that is updated.
    """
    imagery = plan.imagery if imagery_file(reference) else reference.address
    settings = {"out": str(out), "imagery": imagery, "device": device, "kept": str(kept) if kept else ""}
    return Work(OPENER, {"plan": json.loads(plan.as_json()), **settings})


def open_describing(settings: Mapping[str, Any]) -> DoUnit:
    """Get ready to describe blocks in this process.

    Raises:
        InputError: the imagery or the model cannot be opened.
    """
    limit_threads()
    limit_raster_cache()
    plan, folder = Plan.from_json(settings["plan"]), PieceFolder(Path(settings["out"]))
    vocabulary = folder.path / VOCABULARY
    descriptor = descriptors.create(plan.model, device=resolve_device(settings["device"]))
    if descriptor.needs_vocabulary:
        descriptor.load_vocabulary(vocabulary)
    reference = Reference.open(settings["imagery"])
    kept = KeptPieces(Path(settings["kept"]), plan) if settings["kept"] else None
    return PieceWriter(BlockDescriber(reference, descriptor, plan.texture_zooms), folder, plan, kept).do


@dataclass(frozen=True)
class PieceWriter:
    """Does units: describes their blocks, and writes what comes of it into the work folder.

    Attributes:
        describer: of the blocks.
        folder: the work folder.
        plan: of the index.
        kept: the pieces of the index that is updated; None where none is.
    """

    describer: BlockDescriber
    folder: PieceFolder
    plan: Plan
    kept: KeptPieces | None = None

    def do(self, task: Task, progress: Progress = no_progress) -> dict[str, Any]:
        """Do a unit; the result says how many blocks it had, whether they were described, and what the time went to."""
        self.describer.spent = spent = Spent()
        number, sheet = task["number"], sheet_of(task)
        kept = self.kept.find(unit_key(self.plan, task)) if self.kept else None
        described = True
        if kept is not None and kept.same_imagery:
            self._take(kept, number)
            described = False
        else:
            read = self.describer.read(sheet, progress)
            seen = read.sha256
            if kept is not None and kept.seen == seen:
                self._take(kept, number)
                described = False
            else:
                arrays = self.describer.describe(read)
                with spent.on("write"):
                    self.folder.write_piece(number, {**arrays, "seen": np.array(seen)})
        return {"number": number, "blocks": len(sheet), "described": described, "spent": asdict(spent)}

    def _take(self, kept: KeptPiece, number: int) -> None:
        with self.describer.spent.on("write"):
            self.folder.take_piece(number, kept.path)


class Units(Sequence[Unit]):
    """The units of some sheets of blocks, each made when it is asked for: millions of them take no memory.

    Args:
        sheets: of all blocks.
        numbers: of the sheets that are to be described.
        plan: of the index.
    """

    def __init__(self, sheets: Sheets, numbers: Sequence[int], plan: Plan) -> None:
        self._sheets, self._numbers, self._plan = sheets, numbers, plan

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Unit]:
        return (self[place] for place in range(len(self)))

    @overload
    def __getitem__(self, place: int) -> Unit: ...

    @overload
    def __getitem__(self, place: slice) -> list[Unit]: ...

    def __getitem__(self, place: int | slice) -> Unit | list[Unit]:
        """A unit by its place among those that are to be done."""
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        number = self._numbers[place]
        task = task_of(number, self._sheets[number])
        return Unit(unit_key(self._plan, task), task)


def task_of(number: int, sheet: Table) -> dict[str, Any]:
    """What a unit is to do: describe the blocks of a sheet (n, 3), all of one zoom."""
    return {
        "number": number,
        "zoom": int(sheet[0, 0]),
        "rows": sheet[:, 1].tolist(),
        "columns": sheet[:, 2].tolist(),
    }


def unit_key(plan: Plan, task: Task) -> str:
    """The key of a unit: of its blocks and of the model, whatever the imagery and wherever in the build it comes."""
    return key_of({"plan": plan.of_a_piece(), "blocks": [task["zoom"], task["rows"], task["columns"]]})


def sheet_of(task: Task) -> Table:
    """(n, 3) the blocks of a unit."""
    rows, columns = task["rows"], task["columns"]
    return np.column_stack((np.full(len(rows), task["zoom"]), rows, columns)).astype(np.int32)
