"""*Benchmark matchers* and *Benchmark retrieval*: the command line's protocols, with a page to read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingParameterBoolean

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.files import write_bytes
from astroloc_qgis.engine.matchers.registry import offered
from astroloc_qgis.processing_provider.algorithm import AstroLocAlgorithm, Parameters
from astroloc_qgis.processing_provider.html_report import drawing, page, printed
from astroloc_qgis.processing_provider.parameters import (
    FARTHEST_KM,
    advanced,
    enumeration,
    folder_parameter,
    html_parameter,
    index_parameter,
    number,
    report_parameter,
)
from astroloc_qgis.processing_provider.results import place_file, temporary_folder
from astroloc_qgis.processing_provider.values import Values
from astroloc_qgis.qgis_adapters.engine.command_line import run_command
from astroloc_qgis.qgis_adapters.text import tr


class Benchmark(AstroLocAlgorithm):
    """One protocol of ``benchmark``. ``read`` gives its arguments.

    Attributes:
        PLOT: whether it draws a plot.
        FILES: the files of which one must be in the folder of photos.
    """

    GROUP = "benchmarks"
    PLOT = False
    FILES: tuple[str, ...] = ()

    def folder(self, values: Values) -> Path:
        """The folder of photos with known footprints.

        Raises:
            InputError: it is no such folder.
        """
        folder = values.folder("FOLDER", tr("Folder of photos with known footprints"))
        if not any((folder / name).is_file() for name in self.FILES):
            sentence = tr("The folder {folder} has no {names}: choose one with photos of known footprints.")
            raise InputError(sentence.format(folder=folder, names=tr(" or ").join(self.FILES)))
        return folder

    def run_engine(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Parameters:
        """Run the command, and make the page of what it printed and drew."""
        html = self.parameterAsFileOutput(parameters, "HTML", context)
        report = self.parameterAsFileOutput(parameters, "REPORT", context)
        results = {}
        feedback.setProgressText(tr("measuring; this takes a while, and says nothing until it is done"))
        with temporary_folder() as folder:
            measured, plot = folder / "report.json", folder / "plot.svg"
            arguments = ["benchmark", *self.inputs["arguments"], "--json", str(measured)]
            text = run_command(arguments + (["--plot", str(plot)] if self.PLOT else []), feedback.isCanceled)
            for line in text.splitlines():
                feedback.pushConsoleInfo(line)
            if html:
                write_bytes(Path(html), page(self.title(), printed(text), drawing(plot)).encode())
                results["HTML"] = html
            if report:
                results["REPORT"] = str(place_file(measured, Path(report)))
        return results


class BenchmarkMatchers(Benchmark):
    """Registers photos of known footprints with several matchers."""

    NAME = "benchmarkmatchers"
    PLOT = True
    FILES = ("cases.json",)

    def title(self) -> str:
        """Its name in the toolbox."""
        return tr("Benchmark matchers")

    def explanation(self) -> str:
        """The help beside its dialog."""
        return tr(
            "Registers photos whose footprints are known to their reference imagery, with one or several matchers, and "
            "says which are right, how far off, and how long it takes. The folder holds a file cases.json that names "
            "photos, references and footprints."
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs (called by QGIS)."""
        for definition in [
            folder_parameter("FOLDER", tr("Folder of photos with known footprints")),
            enumeration("MATCHERS", tr("Matchers"), ["auto", *offered()], ["auto"], several=True),
            advanced(
                QgsProcessingParameterBoolean(
                    "CROSS",
                    tr("Also to the references of the other photos, where nothing is to be found"),
                    defaultValue=False,
                )
            ),
            html_parameter(),
            report_parameter(),
        ]:
            self.addParameter(definition)

    def read(self, values: Values) -> dict[str, Any]:
        """The arguments of the command."""
        matchers = values.choices("MATCHERS")
        if not matchers:
            raise InputError(tr("Choose at least one matcher."))
        arguments = ["coregistration", str(self.folder(values)), "--matcher", ",".join(matchers)]
        return {"arguments": arguments + ["--cross"] * values.truth("CROSS")}


class BenchmarkRetrieval(Benchmark):
    """Looks photos of known footprints up in an index."""

    NAME = "benchmarkretrieval"
    FILES = ("photos.csv", "cases.json")

    def title(self) -> str:
        """Its name in the toolbox."""
        return tr("Benchmark retrieval")

    def explanation(self) -> str:
        """The help beside its dialog."""
        return tr(
            "Looks photos whose footprints are known up in an index, and says for how many a right place is among the "
            "first 1, 5, 10, 20 and 100 candidates. The folder holds a table photos.csv or a file cases.json."
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs (called by QGIS)."""
        for definition in [
            folder_parameter("FOLDER", tr("Folder of photos with known footprints")),
            index_parameter(),
            number("RADIUS_KM", tr("Search only as far from the nadir, km (0: no limit)"), 0, FARTHEST_KM, 2500),
            number("LIMIT", tr("Only the first photos of each region"), 1, 1e6),
            html_parameter(),
            report_parameter(),
        ]:
            self.addParameter(definition)

    def read(self, values: Values) -> dict[str, Any]:
        """The arguments of the command."""
        index, _summary = values.index()
        arguments = ["retrieval", str(self.folder(values)), "--index", str(index)]
        for option, name in (("--radius-km", "RADIUS_KM"), ("--limit", "LIMIT")):
            value = values.number(name)
            if value is not None:
                arguments += [option, f"{value:g}" if name == "RADIUS_KM" else str(int(value))]
        return {"arguments": arguments}
