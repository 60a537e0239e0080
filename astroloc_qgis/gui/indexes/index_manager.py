"""The window "Indexes": what indexes there are, where they are, and what can be done with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QDialog, QMessageBox, QWidget

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.upkeep.removal import PARTIAL, remove_index
from astroloc_qgis.gui.dock.index_building import build_index
from astroloc_qgis.gui.indexes.coverage import CoverageOutline, group_by_extent
from astroloc_qgis.gui.indexes.estimate_text import size_text
from astroloc_qgis.gui.indexes.index_table import IndexTable
from astroloc_qgis.gui.indexes.install_dialog import InstallDialog, NewIndexDialog
from astroloc_qgis.gui.job_window import JobWindow
from astroloc_qgis.gui.session import Session
from astroloc_qgis.qgis_adapters.engine.jobs import Job
from astroloc_qgis.qgis_adapters.index_folder import world_index
from astroloc_qgis.qgis_adapters.index_list import (
    IndexState,
    ListedIndex,
    forget_index,
    indexes_folder,
    list_indexes,
    remember_index,
)
from astroloc_qgis.qgis_adapters.text import tr
from astroloc_qgis.worker.protocol import Failure, ProgressEvent

SIZE = (940, 420)


class IndexManager(JobWindow):
    """Lists indexes, and builds, resumes, checks, merges, installs and deletes them; the map stays usable beside it.

    Args:
        session: has the chosen index, the map, and the queue of jobs.
        parent: a window.
    """

    METHODS = ("index_build", "index_check", "index_merge", "index_install")

    build_requested = pyqtSignal()
    """The user wants to build an index of the reference."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self._outline: CoverageOutline | None = None
        self._unwanted: Path | None = None
        self.setWindowTitle(tr("Indexes"))
        self.table = IndexTable(self)
        self.use = self._button(tr("&Use"), tr("Look photos up in the selected index"), self._use)
        self.on_map = self._button(tr("&Show on map"), tr("Outline what the selected index covers"), self._show_on_map)
        self.on_map.setCheckable(True)
        self.build = self._button(
            tr("&Build…"), tr("Build an index of the reference imagery"), self.build_requested.emit
        )
        self.resume = self._button(tr("&Resume"), tr("Go on building an unfinished index"), self._resume)
        self.check = self._button(
            tr("&Check"), tr("Read all of the index and compare it with its checksums"), self._check
        )
        self.merge = self._button(tr("&Merge…"), tr("Make one index of the selected ones (of one model)"), self._merge)
        self.install = self._button(
            tr("&Install…"), tr("Install a prebuilt index from a file or an address"), self._install
        )
        self.delete = self._button(tr("&Delete…"), tr("Delete the files of the selected index"), self._delete)
        self.discard = self._button(tr("Ca&ncel…"), tr("Stop the build, and delete what is done of it"), self._discard)
        self.discard.hide()
        side = (self.use, self.on_map, self.build, self.resume, self.check, self.merge, self.install, self.delete)
        self._lay_out(self.table, side, beside_progress=self.discard)
        self.resize(*SIZE)
        self.table.itemSelectionChanged.connect(self._on_selection)
        session.index.changed.connect(self.refresh)
        session.busy_changed.connect(self.refresh)

    def refresh(self) -> None:
        """List the indexes anew, and say what can be done."""
        chosen = "" if self._session.index.is_service else str(self._session.index.path)
        self.table.show_indexes(list_indexes(self._session.settings, world_index()), chosen)
        self._on_selection()

    def stop(self) -> None:
        """Take the outline off the map (the plugin is being switched off)."""
        if self._outline is not None:
            self._outline.clear()

    def hideEvent(self, event: Any) -> None:
        """Take the outline off the map."""
        self.on_map.setChecked(False)
        self.stop()
        super().hideEvent(event)

    def _on_selection(self) -> None:
        selected, busy = self.table.selected(), self._session.busy
        one = selected[0] if len(selected) == 1 else None
        ready = one is not None and one.state is IndexState.READY
        self.use.setEnabled(ready)
        self.on_map.setEnabled(one is not None and bool(one.extents))
        self.build.setEnabled(not busy)
        self.resume.setEnabled(not busy and one is not None and one.state is IndexState.UNFINISHED)
        self.check.setEnabled(not busy and ready)
        self.merge.setEnabled(
            not busy and len(selected) > 1 and all(index.state is IndexState.READY for index in selected)
        )
        self.install.setEnabled(not busy)
        self.delete.setEnabled(not busy and one is not None and not one.is_world)
        self.about.setText(_words(one) if one else tr("Select an index. Several can be merged."))
        if self.on_map.isChecked():
            self._show_on_map()

    def _use(self) -> None:
        (index,) = self.table.selected()
        self._session.index.choose("" if index.is_world else index.folder)

    def _show_on_map(self) -> None:
        selected = self.table.selected()
        if self._outline is None:
            self._outline = CoverageOutline(self._session.iface.mapCanvas())
        if self.on_map.isChecked() and len(selected) == 1:
            self._outline.show(selected[0].extents)
        else:
            self._outline.clear()

    def _resume(self) -> None:
        (index,) = self.table.selected()
        out = index.folder.with_name(index.folder.name.removesuffix(PARTIAL))
        names = ("imagery", "zooms", "extent", "model")
        try:
            params = {name: index.plan[name] for name in names} | {"out": str(out)}
        except KeyError as error:
            self._say(tr("The unfinished index lacks {what}: delete it and build it again.").format(what=error))
            return
        if isinstance(index.plan.get("stride"), int):
            params["stride"] = index.plan["stride"]
        params |= {name: index.plan[name] for name in ("kind", "texture_zooms") if name in index.plan}
        if index.plan.get("selection") == "land":
            params["land_only"] = True
        build_index(self._session, params)

    def _check(self) -> None:
        (index,) = self.table.selected()

        def done(_result: Mapping[str, Any]) -> None:
            self._say(tr("{index} is whole: all its files are as they were built.").format(index=index.title))

        self._run(tr("Checking {index}").format(index=index.title), "index_check", {"index": str(index.folder)}, done)

    def _merge(self) -> None:
        selected = self.table.selected()
        names = ", ".join(index.title for index in selected)
        about = tr("One new index with the blocks of {names}; they stay as they are.").format(names=names)
        dialog = NewIndexDialog(tr("Merge indexes"), about, tr("Merge"), _free_name("merged"), self)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            folders = [str(index.folder) for index in selected]
            self._make(tr("Merging the indexes"), "index_merge", {"folders": folders, **dialog.params()})
        dialog.deleteLater()

    def _install(self) -> None:
        dialog = InstallDialog(indexes_folder(), self)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self._make(tr("Installing the index"), "index_install", dialog.params())
        dialog.deleteLater()

    def _delete(self) -> None:
        (index,) = self.table.selected()
        question = tr("Delete {index} ({size}) for good?\n\n{folder}").format(
            index=index.title, size=size_text(index.size), folder=index.folder
        )
        if QMessageBox.question(self, tr("Delete index"), question) != QMessageBox.StandardButton.Yes:
            return
        try:
            remove_index(index.folder)
        except InputError as error:
            self._say(str(error))
        else:
            self._say(tr("{index} is deleted.").format(index=index.title))
        partial = index.state is IndexState.UNFINISHED
        if not partial and not index.folder.with_name(index.folder.name + PARTIAL).exists():
            forget_index(self._session.settings, index.folder)
        if str(index.folder) == self._session.index.folder and not index.folder.exists():
            self._session.index.choose("")
        self.refresh()

    def _discard(self) -> None:
        """Stop a build, and delete what is done of it when it has stopped."""
        if self._work is None or self._work.method != "index_build":
            return
        out = Path(self._work.params["out"])
        question = tr("Stop building {index}, and delete what is done of it?").format(index=out.name)
        answer = QMessageBox.question(self, tr("Cancel the build"), question)
        if answer != QMessageBox.StandardButton.Yes or self._work is None:
            return
        self._unwanted = out.with_name(out.name + PARTIAL)
        self._session.cancel()

    def _remove_unwanted(self) -> None:
        partial, self._unwanted = self._unwanted, None
        if partial is None or not partial.is_dir():
            return
        try:
            remove_index(partial)
        except InputError as error:
            self._say(str(error))
            return
        out = partial.with_name(partial.name.removesuffix(PARTIAL))
        if not out.exists():
            forget_index(self._session.settings, out)
        self._say(tr("The build is cancelled, and what was done of it is deleted."))

    def _make(self, title: str, method: str, params: Mapping[str, Any]) -> None:
        """Have the engine make a new index, and list it."""

        def done(_result: Mapping[str, Any]) -> None:
            remember_index(self._session.settings, Path(params["out"]))
            self.refresh()
            self._say(
                tr("The index is ready in {folder}. Press Use to look photos up in it.").format(folder=params["out"])
            )

        self._run(title, method, params, done)

    def _failed(self, failure: Failure) -> None:
        self._session.tell_failure(failure)
        self._say(failure.message)

    def _begin(self, job: Job, number: int, total: int) -> None:
        self._say("")
        super()._begin(job, number, total)
        building = job.method == "index_build"
        self.discard.setVisible(building)
        self.progress.cancel_button.setText(tr("&Pause") if building else tr("&Cancel"))
        if building:
            self.progress.cancel_button.setToolTip(tr("Stop now; what is done stays, and Resume goes on from there"))

    def _on_progress(self, event: ProgressEvent) -> None:
        super()._on_progress(event)
        if self._work is not None and self._work.method == "index_build":
            partial = Path(self._work.params["out"] + PARTIAL)
            if partial.is_dir() and partial not in [index.folder for index in self.table.indexes]:
                self.refresh()

    def _on_idle(self) -> None:
        super()._on_idle()
        self._remove_unwanted()
        self.refresh()

    def _rest(self) -> None:
        super()._rest()
        self.discard.hide()


def _words(index: ListedIndex) -> str:
    """The selected index in words: its folder, and where it is."""
    lines = [str(index.folder)]
    for (west, south, east, north), zooms in group_by_extent(index.extents).items():
        lines.append(
            tr("Zooms {zooms}: {west}° to {east}° east, {south}° to {north}° north").format(
                zooms=_list(zooms), west=f"{west:g}", east=f"{east:g}", south=f"{south:g}", north=f"{north:g}"
            )
        )
    return "\n".join(lines)


def _list(zooms: Sequence[int]) -> str:
    return ", ".join(map(str, zooms))


def _free_name(name: str) -> Path:
    folder, number = indexes_folder() / name, 2
    while folder.exists():
        folder, number = indexes_folder() / f"{name}-{number}", number + 1
    return folder
