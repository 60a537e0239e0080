"""What the algorithms for whole archives share: a batch in a folder, done by the engine, and its rows as layers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFile,
)
from qgis.core import QgsProcessingParameterDefinition as Definition

from astroloc_qgis.cli.report import write_json
from astroloc_qgis.engine.batch.rate import duration
from astroloc_qgis.engine.batch.rows import row_of
from astroloc_qgis.processing_provider.algorithm import AstroLocAlgorithm, Parameters
from astroloc_qgis.processing_provider.parameters import advanced, number
from astroloc_qgis.processing_provider.results import place_file, say, temporary_folder
from astroloc_qgis.processing_provider.sinks import PhotoSinks
from astroloc_qgis.processing_provider.values import Values
from astroloc_qgis.qgis_adapters.engine.calling import WaitingEngine
from astroloc_qgis.qgis_adapters.text import tr
from astroloc_qgis.worker.protocol import ProgressEvent

STOP_MS = 30_000
"""The time that a cancelled batch may take to end its processes and to write what it has."""
MOST_WORKERS = 256
COUNTS = {"LOCALIZED": ("localized",), "NOT_LOCALIZED": ("not_localized",), "ERRORS": ("error", "failed")}
"""The outputs that are numbers of photos, and the statuses of these."""

Entry = dict[str, Any]


def running_parameters() -> list[Definition]:
    """WORKERS and AGAIN."""
    return [
        advanced(number("WORKERS", tr("Processes (empty: as many as the cores)"), 1, MOST_WORKERS, whole=True)),
        advanced(QgsProcessingParameterBoolean("AGAIN", tr("Try photos again that failed"), defaultValue=False)),
    ]


def table_parameter(description: str, *, optional: bool) -> Definition:
    """TABLE: a table of photos."""
    return QgsProcessingParameterFile("TABLE", description, optional=optional, extension="csv")


class BatchAlgorithm(AstroLocAlgorithm):
    """Many photos, done by a batch of the engine. ``read`` gives the parameters of the engine's method.

    Attributes:
        METHOD: the engine's method.
        FOLDER: the output that is the folder of the batch; where the user gives none, a temporary one is used.
    """

    METHOD = "batch"
    FOLDER = "FILES"

    def running(self, values: Values) -> dict[str, Any]:
        """How the work runs, as the engine takes it."""
        workers = values.number("WORKERS")
        return {"workers": None if workers is None else int(workers), "again": values.truth("AGAIN")}

    def take(self, entry: Entry) -> None:
        """Take an entry, for outputs of the subclass's own."""

    def begin(self, parameters: Parameters, context: QgsProcessingContext) -> None:
        """Make the outputs of the subclass's own."""

    def finish(self, _answer: Mapping[str, Any], /) -> Parameters:
        """The outputs of the subclass's own, after the engine's answer."""
        return {}

    def run_engine(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Parameters:
        """Have the engine do the batch, then write a row for each photo that is done."""
        sinks = PhotoSinks(self, "FOOTPRINTS", parameters, context)
        self.begin(parameters, context)
        given = self.parameterAsString(parameters, self.FOLDER, context)
        folder = Path(given).absolute() if given else None
        results: Parameters = {} if folder is None else {self.FOLDER: str(folder)}
        with temporary_folder() as temporary, WaitingEngine(feedback.isCanceled, patience_ms=STOP_MS) as engine:
            out, rows = folder or temporary / "batch", temporary / "entries"
            params = {**self.inputs, "out": str(out), "entries": str(rows)}
            answer = engine.ask(self.METHOD, params, batch_teller(feedback))
            if not answer["complete"]:
                feedback.pushWarning(tr("Cancelled: the layer has the photos that were done until then."))
            for entry in _entries(rows, out):
                raster = entry["outputs"].get("geotiff") if folder is not None else None
                sinks.add({**entry, "reason": row_of(entry)["message"]}, None if raster is None else Path(raster))
                self.take(entry)
            results |= self._files(parameters, context, _entries(rows, out), answer)
        counts = {name: sum(answer["counts"].get(one, 0) for one in statuses) for name, statuses in COUNTS.items()}
        return {**results, **sinks.close(), **counts, **self.finish(answer)}

    def _files(
        self,
        parameters: Parameters,
        context: QgsProcessingContext,
        entries: Iterator[Entry],
        answer: Mapping[str, Any],
    ) -> Parameters:
        results: Parameters = {}
        if report := self.parameterAsFileOutput(parameters, "REPORT", context):
            write_json(Path(report), list(entries))
            results["REPORT"] = report
        if html := self.parameterAsFileOutput(parameters, "HTML", context):
            results["HTML"] = str(place_file(Path(answer["files"]["report"]), Path(html), keep=True))
        return results


def _entries(rows: Path, out: Path) -> Iterator[Entry]:
    """The entries that the engine has written, the paths of their files whole."""
    with rows.open(encoding="ascii") as file:
        for line in file:
            entry = json.loads(line)
            yield {**entry, "outputs": {kind: str(out / name) for kind, name in entry["outputs"].items()}}


def batch_teller(feedback: QgsProcessingFeedback) -> Callable[[ProgressEvent], None]:
    """Shows the progress of a batch: a line for each photo, the pace and the expected end.

    Args:
        feedback: of the algorithm.
    """

    def tell(event: ProgressEvent) -> None:
        feedback.setProgress(100 * event.fraction)
        if event.stage == "photo":
            say(json.loads(event.text), feedback)
        elif event.stage == "pace":
            feedback.setProgressText(pace_text(json.loads(event.text), datetime.now()))

    return tell


def pace_text(pace: Mapping[str, Any], clock: datetime) -> str:
    """How far a batch is, its pace and its expected end, in a line.

    Args:
        pace: as the engine tells it.
        clock: the time of day.
    """
    sentence = tr("{done} of {total} photos ({localized} localized)")
    parts = [sentence.format(**{name: pace[name] for name in ("done", "total", "localized")})]
    if pace["per_minute"] is not None:
        parts.append(tr("{n} a minute").format(n=f"{pace['per_minute']:.1f}"))
    left = pace["seconds_left"]
    if left is not None and pace["done"] < pace["total"]:
        end = clock + timedelta(seconds=left)
        day = "" if end.date() == clock.date() else f"{end:%d.%m.} "
        parts.append(tr("ends about {time} (in {duration})").format(time=f"{day}{end:%H:%M}", duration=duration(left)))
    return ", ".join(parts)
