"""The box of the set-up window that has Blue Marble kept on this computer once the engine is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.PyQt.QtWidgets import QCheckBox, QWidget

from astroloc_qgis.engine.imagery.catalogue import BLUE_MARBLE
from astroloc_qgis.gui.blue_marble import EXPECTED, BlueMarble, megabytes
from astroloc_qgis.installer.plan import RESERVE_BYTES
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.qgis_adapters.text import tr


class ImageryBox(QCheckBox):
    """Ticked where there are room and network, unless the user has once unticked it; can be used before an install.

    Args:
        marble: what is kept of the imagery.
        settings: remember the user's choice.
        parent: a window.
    """

    def __init__(self, marble: BlueMarble, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._marble, self._settings = marble, settings
        self.setToolTip(
            tr(
                "The imagery of the world index, fetched from NASA once the engine is there: photos are found without "
                "internet then. Without it, tiles are fetched as they are needed.\n{credit}"
            ).format(credit=BLUE_MARBLE.attribution)
        )
        self.clicked.connect(self._remember)

    @property
    def is_wanted(self) -> bool:
        """Whether the imagery is to be fetched after an install."""
        return self.isChecked() and not self._marble.is_whole

    def show_plan(self, plan: Mapping[str, Any], *, can_install: bool) -> None:
        """Show whether it can be had with this install.

        Args:
            plan: as the installer describes it; empty while there is none.
            can_install: whether the install can begin.
        """
        whole = self._marble.is_whole
        room = self._marble.has_room(int(plan.get("disk_bytes", 0)) + RESERVE_BYTES if can_install else 0)
        possible = room and not self._settings.wheels  # a folder of packages is for a computer without network
        self.setEnabled(can_install and possible and not whole)
        self.setChecked(whole or (possible and self._settings.imagery_with_engine == "yes"))
        self.setText(
            tr("Blue Marble is on this computer")
            if whole
            else tr("&Keep Blue Marble on this computer too ({size}; NASA's, free to use with credit)").format(
                size=megabytes(EXPECTED)
            )
            if room
            else tr("No room for Blue Marble ({size}) on this disk").format(size=megabytes(EXPECTED))
        )

    def _remember(self, wanted: bool) -> None:
        self._settings.imagery_with_engine = "yes" if wanted else "no"
