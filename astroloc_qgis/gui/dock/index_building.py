"""Builds an index of the reference: shows the dialog, has the engine build the index, and chooses it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgis.PyQt.QtWidgets import QDialog, QWidget

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.gui.dock.index_dialog import IndexDialog, Suggestion
from astroloc_qgis.gui.model.photo_list import PhotoItem
from astroloc_qgis.gui.session import Session
from astroloc_qgis.qgis_adapters.engine.jobs import Job
from astroloc_qgis.qgis_adapters.index_list import remember_index
from astroloc_qgis.qgis_adapters.text import tr


def ask_for_index(session: Session, photo: Path | None, parent: QWidget) -> None:
    """Ask what index to build of the reference, and build it.

    Args:
        session: has the reference, and takes the index.
        photo: suggests where the index goes.
        parent: of the dialog.
    """
    reference = session.reference
    try:
        layer, imagery = reference.layer(), reference.uri()
        if layer is None or imagery is None:
            raise InputError(tr("Choose the reference imagery first: a raster layer, or a file."))
        if not layer.isValid():
            raise InputError(tr("QGIS cannot open the reference {file}.").format(file=imagery))
    except InputError as error:
        session.messages.warning(str(error), error.details)
        return
    name = f"index-{Path(imagery).stem}" if reference.is_file else f"index-{layer.name()}"
    dialog = IndexDialog(layer, session.output_folder(photo) / name, parent, imagery)
    if dialog.exec() == QDialog.DialogCode.Accepted:
        build_index(session, {"imagery": imagery, **dialog.params()})
    dialog.deleteLater()


def ask_for_index_about(
    session: Session, item: PhotoItem, suggestion: Suggestion, imagery: str, parent: QWidget
) -> None:
    """Ask what index to build around a photo's nadir, and build it.

    Args:
        session: takes the index.
        item: the photo.
        suggestion: extent and zooms.
        imagery: what is indexed, as the engine opens it.
        parent: of the dialog.
    """
    dialog = IndexDialog(suggestion, session.output_folder(item.path) / f"index-about-{item.name}", parent, imagery)
    if dialog.exec() == QDialog.DialogCode.Accepted:
        build_index(session, {"imagery": imagery, **dialog.params()})
    dialog.deleteLater()


def build_index(session: Session, params: Mapping[str, Any]) -> None:
    """Build an index, and choose it.

    Args:
        session: has the queue of jobs, and takes the index.
        params: of the engine's method "index_build".
    """

    def done(result: Mapping[str, Any]) -> None:
        session.index.choose(Path(result["index"]))
        session.messages.success(tr("The index is ready: now photos can be localized."))

    remember_index(session.settings, Path(params["out"]))
    session.run([Job(tr("Building the index"), "index_build", params, done, session.tell_failure)])
