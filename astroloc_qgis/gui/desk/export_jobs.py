"""Jobs for the engine that write a photo's files: updates of the files on the map, and exports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import QgsProject

from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.gui.model.placement import Placement
from astroloc_qgis.gui.model.work import PhotoState, Work
from astroloc_qgis.qgis_adapters.engine.jobs import Job
from astroloc_qgis.qgis_adapters.layers import add_photo_layers, has_unsaved_edits
from astroloc_qgis.qgis_adapters.text import tr
from astroloc_qgis.worker.protocol import CANCELLED, Failure

if TYPE_CHECKING:
    from astroloc_qgis.gui.model.photo_list import PhotoItem
    from astroloc_qgis.gui.session import Session

MAP_FORMS = ("geotiff", "footprint_gpkg")


def export_params(
    item: PhotoItem, placement: Placement, out: Path, name: str, options: Mapping[str, Any]
) -> dict[str, Any]:
    """The parameters of the engine's method "export".

    Args:
        item: the photo.
        placement: where it lies.
        out: folder.
        name: of the files, without ending.
        options: forms, crs, resolution, ... as the engine's ``ExportOptions``.
    """
    work = item.desk.work
    return {
        "photo": str(item.path),
        "homography": [list(row) for row in placement.homography],
        "plane": placement.plane,
        "out": str(out),
        "name": name,
        "options": dict(options),
        "tie_points": [asdict(point) for point in work.tie_points],
        "facts": facts_of(work),
    }


def facts_of(work: Work) -> dict[str, Any]:
    """The facts about a photo beside its placement."""
    names = ("confidence", "inliers", "matcher", "rmse_px", "rmse_m")
    facts = {name: work.facts[name] for name in names if work.facts.get(name) is not None}
    basis = work.placement.basis if work.placement else ""
    if basis != "machine":  # the machine's numbers belong to another placement
        facts = {"basis": basis}
    facts["status"] = work.state.value
    if work.nadir:
        facts["nadir"] = (work.nadir.latitude, work.nadir.longitude)
        if work.nadir.known_altitude_m is not None:
            facts["altitude_km"] = work.nadir.known_altitude_m / 1000
    return facts


def update_job(session: Session, item: PhotoItem) -> Job:
    """The job that writes the files on the map again, for the present placement, and shows them."""
    work = item.desk.work
    placement = work.placement
    if placement is None:
        raise ValueError("a photo that lies nowhere has no files")
    crs = QgsProject.instance().crs().authid() or "EPSG:4326"
    options = {"forms": list(MAP_FORMS), "crs": crs if crs.startswith("EPSG:") else "EPSG:4326"}
    params = export_params(item, placement, session.output_folder(item.path), f"{item.name}_corrected", options)

    def done(result: Mapping[str, Any]) -> None:
        outputs = {str(kind): str(path) for kind, path in result["outputs"].items()}
        project = QgsProject.instance()
        if not has_unsaved_edits(item.path, project):
            try:
                add_photo_layers({"outputs": outputs}, item.path, project)
            except AstroLocError as error:
                session.messages.error(str(error), error.details)
        item.desk.note(tr("Files brought up to date"), outputs={**item.desk.work.outputs, **outputs}, written=placement)
        session.messages.success(tr("The files of {name} are up to date.").format(name=item.name))

    return Job(item.name, "export", params, done, _teller(session))


def export_jobs(
    session: Session,
    items: Sequence[PhotoItem],
    folder: Path,
    names: Sequence[str],
    options: Mapping[str, Any],
    finished: Callable[[PhotoItem, dict[str, Path]], None],
) -> list[Job]:
    """One job for each photo: it writes the photo in all chosen forms.

    Args:
        session: tells messages.
        items: photos that lie somewhere.
        folder: where the files go.
        names: of each photo's files.
        options: as the engine's ``ExportOptions``.
        finished: called with each photo and its files.
    """

    def job(item: PhotoItem, name: str) -> Job | None:
        placement = item.desk.work.placement
        if placement is None:
            return None
        params = export_params(item, placement, folder, name, options)

        def done(result: Mapping[str, Any]) -> None:
            outputs = {str(kind): Path(path) for kind, path in result["outputs"].items()}
            work = replace(item.desk.work, state=PhotoState.EXPORTED, note="")
            item.desk.change(work, tr("Export to {folder}").format(folder=folder))
            finished(item, outputs)

        return Job(item.name, "export", params, done, _teller(session))

    return [made for item, name in zip(items, names, strict=True) if (made := job(item, name)) is not None]


def _teller(session: Session) -> Callable[[Failure], None]:
    def tell(failure: Failure) -> None:
        if failure.kind != CANCELLED:
            session.messages.warning(failure.message, failure.details)

    return tell
