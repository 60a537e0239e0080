"""The AstroLoc dock: photos, reference, index, options, and the button that localizes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from qgis.core import QgsApplication, QgsProject
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.catalogue import SERVICES
from astroloc_qgis.engine.photo.suffixes import HEIF_SUFFIXES, PLAIN_SUFFIXES, name_patterns
from astroloc_qgis.gui.dock.index_building import ask_for_index, ask_for_index_about
from astroloc_qgis.gui.dock.index_chooser import IndexChooser
from astroloc_qgis.gui.dock.nasa_bar import NasaBar
from astroloc_qgis.gui.dock.nasa_clues import CluePanel
from astroloc_qgis.gui.dock.options_box import OptionsBox
from astroloc_qgis.gui.dock.photo_list_view import PhotoListView
from astroloc_qgis.gui.dock.progress_panel import ProgressPanel
from astroloc_qgis.gui.dock.reference_chooser import ReferenceChooser
from astroloc_qgis.gui.dock.reference_finer import FINEST, FinerChooser
from astroloc_qgis.gui.dock.reference_keeping import KeepingRow
from astroloc_qgis.gui.dock.reference_narrow import NarrowHint, suggest_for
from astroloc_qgis.gui.dock.result_panel import ResultPanel
from astroloc_qgis.gui.indexes.index_manager import IndexManager
from astroloc_qgis.gui.localization_jobs import LocalizationJobs
from astroloc_qgis.gui.model.photo_list import PhotoItem, PhotoState
from astroloc_qgis.gui.session import Session
from astroloc_qgis.gui.widgets import ColumnScroll
from astroloc_qgis.qgis_adapters.desk_layers import image_layers
from astroloc_qgis.qgis_adapters.engine.jobs import Job
from astroloc_qgis.qgis_adapters.files import default_output_folder
from astroloc_qgis.qgis_adapters.text import tr


class AstroLocDock(QgsDockWidget):
    """The widgets that localize photos, from top to bottom in the order of use.

    Args:
        session: what the dock shares with the desk.
        jobs: localizes photos.
        parent: QGIS's main window.
    """

    def __init__(self, session: Session, jobs: LocalizationJobs, parent: QWidget | None = None) -> None:
        super().__init__(tr("AstroLoc"), parent)
        self.setObjectName("AstroLocDock")
        self.session, self.jobs = session, jobs
        self.photos = PhotoListView(session.photos, self)
        self.nasa = NasaBar(session, self)
        self.clues = CluePanel(self)
        self.reference = ReferenceChooser(session.reference, self)
        self.finer = FinerChooser(session.finer, self)
        self.keeping = KeepingRow(session, self)
        self.narrow = NarrowHint(self)
        self.index = IndexChooser(session.index, self)
        self.indexes: IndexManager | None = None
        self.options = OptionsBox(session.settings, self)
        self.hint = QLabel(self)
        self.hint.setWordWrap(True)
        self.localize_button = QPushButton(self)
        self.localize_button.setObjectName("AstroLocLocalize")
        self.localize_button.setMinimumHeight(round(1.6 * self.localize_button.sizeHint().height()))
        font = self.localize_button.font()
        font.setBold(True)
        self.localize_button.setFont(font)
        self.progress = ProgressPanel(self)
        self.result = ResultPanel(session, jobs, self)
        self._lay_out()
        self._connect()
        self.refresh()

    def target_photos(self) -> list[PhotoItem]:
        """Return the photos that the button works on: the selected ones, else all new or failed ones, else the only."""
        if selected := list(self.session.selected):
            return selected
        items = self.session.photos.items
        open_states = (PhotoState.NEW, PhotoState.ERROR)
        return [item for item in items if item.state in open_states] or (items if len(items) == 1 else [])

    def add_photos(self, paths: list[Path]) -> None:
        """Put photos on the list, from files and folders."""
        if added := self.session.photos.add(paths):
            self.session.settings.photos = str(added[0].path.parent)
        elif paths and not any(item.path in paths for item in self.session.photos.items):
            sentence = tr("No photos there: AstroLoc reads {suffixes} and cameras' raw files.")
            suffixes = ", ".join((*PLAIN_SUFFIXES, *HEIF_SUFFIXES))
            self.session.messages.info(sentence.format(suffixes=suffixes))
        self.refresh()

    def add_banner(self, banner: QWidget) -> None:
        """Show a widget above the hint and the button."""
        layout = self.widget().layout()
        layout.insertWidget(layout.indexOf(self.hint), banner)

    def begin(self) -> None:
        """Have the keyboard write a photo's number where there is no photo yet (the engine was set up)."""
        if not self.session.photos.items and self.isVisible():
            self.activateWindow()
            self.nasa.number.setFocus()

    def stop(self) -> None:
        """Stop loading thumbnails and disconnect from the project (the plugin is being switched off)."""
        self.photos.stop()
        self.nasa.stop()
        self.reference.stop()
        self.finer.stop()
        self.result.stop()
        if self.indexes is not None:
            self.indexes.stop()

    def refresh(self) -> None:
        """Update the button, the hint and the options."""
        targets = self.target_photos()
        busy = self.session.busy
        text = tr("Localize {n} photos").format(n=len(targets)) if len(targets) > 1 else tr("Localize photo")
        self.localize_button.setText(text)
        ready = self.session.takes_photos
        hint = self._next_step(targets) if ready else ""
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        self.localize_button.setEnabled(ready and not hint)
        self.localize_button.setToolTip(hint or tr("Find where the photo was taken and put it on the map"))
        self.remove_button.setEnabled(bool(self.session.selected) and not busy)
        self.index.build_button.setEnabled(not busy)
        self.options.show_nadir(targets[0].nadir if targets else None)
        self.clues.show_photo(targets[0] if targets else None, idle=not busy)
        self.options.nadir.setEnabled(bool(targets))
        self.desk_button.setEnabled(bool(self.session.photos.items))
        selected = self.session.selected[0] if len(self.session.selected) == 1 else None
        only = self.session.photos.items[0] if len(self.session.photos.items) == 1 else None
        self.narrow.show_for(selected or only, with_world=not self.session.index.folder, busy=busy)
        self.result.refresh()
        self.options.show_default_output(default_output_folder(targets[0].path if targets else None))

    def _next_step(self, targets: list[PhotoItem]) -> str:
        """Return the next step before a photo can be localized; empty when there is none."""
        if not self.session.photos.items:
            return tr("To begin, add a photo.")
        if not targets:
            return tr("Select the photos to localize again.")
        if problem := self.session.index.problem:
            return problem
        try:
            self.session.reference.uri()
        except InputError as error:
            return str(error)
        return ""

    def _choose_photos(self) -> None:
        kinds = tr("Photos ({patterns})").format(patterns=name_patterns())
        short = QFileDialog.Option.HideNameFilterDetails
        chosen, _ = QFileDialog.getOpenFileNames(
            self, tr("Add photos"), self.session.settings.photos, kinds, options=short
        )
        self.add_photos([Path(name) for name in chosen])

    def _choose_folder(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, tr("Add a folder of photos"), self.session.settings.photos):
            self.add_photos([Path(folder)])

    def _fill_add_menu(self) -> None:
        """Offer files, a folder, and the images that are layers of the project already."""
        menu = self.add_button.menu()
        menu.clear()
        menu.addAction(tr("Files…"), self._choose_photos)
        menu.addAction(tr("A folder…"), self._choose_folder)
        menu.addAction(tr("By NASA's photo number…"), self.nasa.add_by_number)
        images = menu.addMenu(tr("A layer of the project"))
        for layer, path in image_layers(QgsProject.instance()):
            images.addAction(layer.name(), partial(self.add_photos, [path]))
        images.setEnabled(not images.isEmpty())

    def _remove_photos(self) -> None:
        if not self.session.busy:
            self.session.photos.remove(self.session.selected)
            self.refresh()

    def _keep_nadir(self) -> None:
        if not self.options.nadir.isModified():  # the field was only left: the photos may have nadirs of their own
            return
        try:
            nadir = self.options.read_nadir()
        except InputError as error:
            self.session.messages.warning(str(error))
            self.refresh()
            return
        for item in self.target_photos():
            if item.nadir != nadir:
                item.desk.change(replace(item.desk.work, nadir=nadir), tr("Change the nadir"))
        self.refresh()

    def _build_index(self) -> None:
        targets = self.target_photos()
        ask_for_index(self.session, targets[0].path if targets else None, self)

    def _manage_indexes(self) -> None:
        if self.indexes is None:
            self.indexes = IndexManager(self.session, self)
            self.indexes.build_requested.connect(self._build_index)
        self.indexes.open_list()

    def _index_about(self, item: PhotoItem) -> None:
        """Index finer imagery around the nadir of a photo; the chosen one, else Sentinel-2 cloudless."""
        try:
            imagery = self.session.finer.uri()
        except InputError as error:
            self.session.messages.warning(str(error), error.details)
            return
        if imagery is None or (imagery in SERVICES and SERVICES[imagery].is_daily):
            imagery = FINEST
            if not self.finer.choose(FINEST):
                return
        ask_for_index_about(self.session, item, suggest_for(item, self.finer.box.currentText()), imagery, self)

    def _on_started(self, job: Job, number: int, total: int) -> None:
        self.progress.begin(job.title, job.method, number, total)

    def _on_selection(self) -> None:
        self.session.select(self.photos.selected())

    def _review(self, item: PhotoItem | None) -> None:
        """Open the desk on a photo: the one given, the one selected, else the first that waits for a decision."""
        items = self.session.photos.items
        if item is None:
            waiting = [one for one in items if one.state in (PhotoState.LOCALIZED, PhotoState.NEEDS_REVIEW)]
            item = next(iter([*self.session.selected, *waiting, *items]), None)
        if item is None:
            return
        if list(self.session.selected) != [item]:
            self.photos.setCurrentIndex(self.session.photos.index(items.index(item)))
        self.session.review_requested.emit(item)

    def _lay_out(self) -> None:
        self.add_button = self._tool_button(tr("&Add…"), "symbologyAdd.svg", tr("Add photos to the list"))
        self.remove_button = self._tool_button(
            tr("&Remove"), "symbologyRemove.svg", tr("Take the selected photos off the list; the files stay")
        )
        self.add_button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.add_button.setMenu(QMenu(self.add_button))
        self.add_button.menu().aboutToShow.connect(self._fill_add_menu)
        photo_label = QLabel(tr("&Photos"), self)
        photo_label.setBuddy(self.photos)
        header = QHBoxLayout()
        header.addWidget(photo_label, 1)
        header.addWidget(self.add_button)
        header.addWidget(self.remove_button)
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("R&eference"), self.reference)
        form.addRow("", self.keeping)
        form.addRow(tr("Finer re&ference"), self.finer)
        form.addRow(tr("&Index"), self.index)
        upper = QWidget(self)
        layout = QVBoxLayout(upper)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(header)
        layout.addWidget(self.photos, 1)
        layout.addWidget(self.nasa)
        layout.addWidget(self.clues)
        layout.addLayout(form)
        layout.addWidget(self.options)
        content = QWidget(self)
        outer = QVBoxLayout(content)
        outer.setContentsMargins(6, 6, 6, 6)
        outer.addWidget(ColumnScroll(upper, self), 1)
        self.desk_button = QPushButton(
            QgsApplication.getThemeIcon("mActionMoveFeature.svg"), tr("Re&view and correct"), self
        )
        self.desk_button.setObjectName("AstroLocReview")
        self.desk_button.setToolTip(tr("Open the desk: look at the photo on the map, correct it, accept it, export it"))
        for widget in (self.narrow, self.hint, self.localize_button, self.progress, self.result, self.desk_button):
            outer.addWidget(widget)
        content.setMinimumWidth(280)
        self.setWidget(content)

    def _connect(self) -> None:
        self.add_button.clicked.connect(self._choose_photos)
        self.remove_button.clicked.connect(self._remove_photos)
        self.photos.dropped.connect(self.add_photos)
        self.photos.remove_requested.connect(self._remove_photos)
        self.photos.selection_changed.connect(self._on_selection)
        self.photos.doubleClicked.connect(lambda index: self._review(self.session.photos.items[index.row()]))
        self.desk_button.clicked.connect(lambda: self._review(None))
        self.nasa.fetched.connect(lambda path: self.add_photos([path]))
        self.clues.used.connect(self.refresh)
        self.clues.verify_requested.connect(self.jobs.verify)
        self.index.build_requested.connect(self._build_index)
        self.index.manage_requested.connect(self._manage_indexes)
        self.narrow.index_requested.connect(self._index_about)
        self.options.nadir_edited.connect(self._keep_nadir)
        self.localize_button.clicked.connect(lambda: self.jobs.localize(self.target_photos()))
        session = self.session
        for changed in (
            session.selection_changed,
            session.nadir_changed,
            session.busy_changed,
            session.reference.changed,
            session.finer.changed,
            session.index.changed,
            session.project_store.restored,
        ):
            changed.connect(self.refresh)
        session.jobs.started.connect(self._on_started)
        session.jobs.progressed.connect(self.progress.update_progress)
        session.jobs.idle.connect(self.progress.hide)
        self.progress.cancel_requested.connect(session.cancel)
        self.visibilityChanged.connect(lambda visible: self.refresh() if visible else None)

    def _tool_button(self, text: str, icon: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setIcon(QgsApplication.getThemeIcon(icon))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setAutoRaise(True)
        button.setToolTip(tip)
        return button
