"""The window "Models and matchers": what there is, and fetching, giving and removing of weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qgis.PyQt.QtWidgets import QFileDialog, QInputDialog, QMessageBox, QWidget

from astroloc_qgis.gui.indexes.estimate_text import size_text
from astroloc_qgis.gui.job_window import JobWindow
from astroloc_qgis.gui.session import Session
from astroloc_qgis.gui.setup.models_table import BY_HAND, FETCH, READY, SET_UP, Model, ModelsTable, licence_text
from astroloc_qgis.qgis_adapters.engine.jobs import Job
from astroloc_qgis.qgis_adapters.text import tr

SIZE = (1080, 560)
WEIGHTS = "*.pth *.pt *.ckpt *.bin *.safetensors *.tar"


class ModelsPage(JobWindow):
    """Lists models and matchers, and gets and removes their weights; QGIS stays usable beside it.

    Args:
        session: has the queue of jobs for the engine.
        parent: a window.
    """

    METHODS = ("models", "models_fetch", "models_give", "models_remove")

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.setObjectName("AstroLocModelsPage")
        self._folder = ""
        self.setWindowTitle(tr("Models and matchers"))
        self.table = ModelsTable(self)
        self.fetch = self._button(tr("&Fetch…"), tr("Show the licence, then fetch the weights"), self._fetch)
        self.file = self._button(
            tr("Give f&ile…"), tr("Install the weights of the selected model from a file"), self._give_file
        )
        self.folder = self._button(
            tr("Give f&older…"), tr("Install the weights of the selected model from a folder"), self._give_folder
        )
        self.own = self._button(
            tr("&Own checkpoint…"), tr("Install a checkpoint of your own as a new model"), self._give_own
        )
        self.remove = self._button(tr("&Remove…"), tr("Delete the weights of the selected model"), self._remove)
        self._lay_out(self.table, (self.fetch, self.file, self.folder, self.own, self.remove))
        self.resize(*SIZE)
        self.table.itemSelectionChanged.connect(self._on_selection)
        session.busy_changed.connect(self._on_selection)

    def open_list(self) -> None:
        """Show the window with what is there now."""
        self._say("")
        super().open_list()

    def refresh(self) -> None:
        """Have the engine list the models anew."""

        def done(result: Mapping[str, Any]) -> None:
            self._folder = str(result["folder"])
            self.table.show_models(result["models"])
            self._on_selection()

        self._run(tr("Listing models and matchers"), "models", {}, done)

    def _on_selection(self) -> None:
        model, free = self.table.selected(), not self._session.busy
        self.fetch.setEnabled(free and model is not None and model["state"] == FETCH)
        takes = free and model is not None and model["takes_files"]
        self.file.setEnabled(takes)
        self.folder.setEnabled(takes)
        self.own.setEnabled(free)
        self.remove.setEnabled(free and model is not None and any(file["recorded"] for file in model["files"]))
        self.about.setText(_words(model) if model else tr("Weights are kept in {folder}.").format(folder=self._folder))

    def _fetch(self) -> None:
        model = self.table.selected()
        if model is None or not self._confirmed(tr("Fetch weights"), terms(model)):
            return
        title = tr("Fetching {name}").format(name=model["name"])
        self._change(title, "models_fetch", {"name": model["name"]}, self._told)

    def _give_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, tr("Weights"), "", f"{tr('Weights')} ({WEIGHTS});;* (*)")
        self._give(path)

    def _give_folder(self) -> None:
        self._give(QFileDialog.getExistingDirectory(self, tr("Folder with weights")))

    def _give(self, path: str) -> None:
        model = self.table.selected()
        if path and model is not None:
            title = tr("Installing {name}").format(name=model["name"])
            self._change(title, "models_give", {"name": model["name"], "path": path}, self._told)

    def _give_own(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, tr("Checkpoint"), "", f"{tr('Weights')} ({WEIGHTS});;* (*)")
        if not path:
            return
        label = tr("Name of the new model (small letters, digits, points and dashes):")
        name, given = QInputDialog.getText(self, tr("Own checkpoint"), label)
        if given and name.strip():
            title = tr("Installing {name}").format(name=name.strip())
            self._change(title, "models_give", {"name": name.strip(), "path": path}, self._told)

    def _remove(self) -> None:
        model = self.table.selected()
        if model is None:
            return
        question = tr("Delete the weights of {name} ({size})?").format(
            name=model["name"], size=size_text(model["size"])
        )
        if not self._confirmed(tr("Remove weights"), question):
            return

        def done(result: Mapping[str, Any]) -> None:
            self._say(tr("Deleted: {files}").format(files=", ".join(result["files"])))

        self._change(tr("Removing {name}").format(name=model["name"]), "models_remove", {"name": model["name"]}, done)

    def _confirmed(self, title: str, text: str) -> bool:
        return QMessageBox.question(self, title, text) == QMessageBox.StandardButton.Yes

    def _told(self, result: Mapping[str, Any]) -> None:
        self._say(str(result["said"]))

    def _change(
        self, title: str, method: str, params: Mapping[str, Any], done: Callable[[Mapping[str, Any]], None]
    ) -> None:
        """Have the engine do something to weights, and list the models anew, however it ends."""
        self._say("")
        self._run(title, method, params, done)
        self.refresh()

    def _begin(self, job: Job, number: int, total: int) -> None:
        if job.method != "models":
            super()._begin(job, number, 1 if total <= 2 else total)

    def _on_idle(self) -> None:
        super()._on_idle()
        self._on_selection()


def terms(model: Model) -> str:
    """What a user should know before the weights of a model are fetched: licence, source, size and checksum of each."""
    parts = []
    for file in model["files"]:
        if file["recorded"]:
            continue
        lines = [
            tr("{name}: licence {licence}").format(name=file["name"], licence=licence_text(file["licence"])),
            tr("From {source}").format(source=file["source"]),
        ]
        if file["size"]:
            lines.append(tr("About {size}").format(size=size_text(file["size"])))
        known = file["sha256"] or tr("not published: that of this download is recorded and held to")
        lines.append(tr("sha256: {sha256}").format(sha256=known))
        parts.append("\n".join(lines))
    if any(file["licence"] == "not stated" for file in model["files"]):
        parts.append(tr("Where no licence is stated, ask the authors before you pass the weights on."))
    return "\n\n".join([*parts, tr("Fetch?")])


def _words(model: Model) -> str:
    """The selected model in words: what it needs, and how to get that."""
    lines = [f"{model['name']}: {model['good_for']}"]
    if model["dimensions"]:
        lines.append(tr("{n} numbers a picture").format(n=model["dimensions"]))
    for file in model["files"]:
        what = f"{file['name']}, {licence_text(file['licence'])}"
        lines.append(what + (f", {file['source']}" if file["source"] else ""))
        if file["by_hand"] and model["state"] == BY_HAND:
            lines.append(file["by_hand"])
    if model["state"] == SET_UP:
        lines.append(tr("It comes with the engine: press “Set up the engine…” in AstroLoc's options."))
    elif model["state"] == READY and not model["takes_files"]:
        lines.append(tr("It comes with AstroLoc or its engine, or is your own."))
    return "\n".join(lines)
