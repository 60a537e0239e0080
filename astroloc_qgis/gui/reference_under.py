"""Shows the reference that photos are matched with below them."""

from __future__ import annotations

from qgis.core import QgsProject

from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.engine.imagery.kept.places import kept_copy
from astroloc_qgis.gui.session import Session
from astroloc_qgis.qgis_adapters.index_folder import read_index_summary
from astroloc_qgis.qgis_adapters.on_map.kept_view import view_of
from astroloc_qgis.qgis_adapters.on_map.reference_layer import show_reference


def is_wanted(session: Session) -> bool:
    """Whether the user wants to see the reference under the result."""
    return session.settings.under == "yes"


def show_under(session: Session) -> None:
    """Add the reference below all layers, unless it is a layer of the project itself, or QGIS cannot show it.

    Of imagery that is kept on this computer the kept file is shown.
    """
    try:
        imagery, chosen = session.imagery(), session.reference.uri()
        summary = None if chosen is not None else read_index_summary(session.index.path)
    except AstroLocError:
        return
    if chosen is not None and not session.reference.is_file:
        return
    kept = kept_copy(imagery)
    show_reference(
        str(kept or imagery),
        QgsProject.instance(),
        shown="" if kept is None else str(view_of(kept)),
        name="" if summary is None else summary.title.split(",")[0],
        attribution="" if summary is None else summary.attribution,
    )


def show_under_if_wanted(session: Session) -> None:
    """Add the reference below all layers, if the user wants that."""
    if is_wanted(session):
        show_under(session)
