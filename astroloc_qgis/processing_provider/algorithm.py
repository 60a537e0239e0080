"""What all algorithms have in common: names, icon, checks with sentences, errors and progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qgis.core import QgsProcessingAlgorithm, QgsProcessingContext, QgsProcessingException, QgsProcessingFeedback
from qgis.PyQt.QtGui import QIcon

from astroloc_qgis.engine.errors import AstroLocError, Cancelled, InputError
from astroloc_qgis.gui.model.stages import stage_texts
from astroloc_qgis.processing_provider.values import Values, is_acceptable, refusal
from astroloc_qgis.qgis_adapters.files import resource
from astroloc_qgis.qgis_adapters.text import tr
from astroloc_qgis.worker.protocol import ProgressEvent

SHARES = {"read": 0.02, "describe": 0.1, "search": 0.03, "match": 0.75, "georeference": 0.1}
"""The usual shares of the stages in the time of a localization."""

Parameters = dict[str, Any]


class AstroLocAlgorithm(QgsProcessingAlgorithm):
    """An algorithm of AstroLoc. A subclass says what it is, reads its parameters, and runs.

    Attributes:
        NAME: its name after ``astroloc:``.
        GROUP: "photos", "index" or "benchmarks".
        inputs: what ``read`` gave, while it runs.
    """

    NAME = ""
    GROUP = "photos"

    def __init__(self) -> None:
        super().__init__()
        self.inputs: dict[str, Any] = {}

    def title(self) -> str:
        """Its name in the toolbox."""
        raise NotImplementedError

    def explanation(self) -> str:
        """What it does, in a few sentences: the help beside its dialog."""
        raise NotImplementedError

    def read(self, values: Values) -> dict[str, Any]:
        """Read the parameters, in the main thread.

        Raises:
            InputError: one of them is wrong; the sentence says which and what to do.
        """
        raise NotImplementedError

    def run_engine(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Parameters:
        """Do the work on ``inputs``, and return the outputs.

        Raises:
            AstroLocError: it cannot be done.
            Cancelled: the user has cancelled.
        """
        raise NotImplementedError

    def createInstance(self) -> AstroLocAlgorithm:
        """Another one of the same kind (called by QGIS for each run)."""
        return type(self)()

    def name(self) -> str:
        """Its name in scripts and models."""
        return self.NAME

    def displayName(self) -> str:
        """Its name in the toolbox."""
        return self.title()

    def groupId(self) -> str:
        """The name of its group in scripts."""
        return self.GROUP

    def group(self) -> str:
        """The name of its group in the toolbox."""
        names = {"photos": tr("Photos"), "index": tr("Imagery index"), "benchmarks": tr("Benchmarks")}
        return names[self.GROUP]

    def icon(self) -> QIcon:
        """Its icon."""
        return QIcon(self.svgIconPath())

    def svgIconPath(self) -> str:
        """The file of its icon."""
        return str(resource("icons", f"processing-{self.NAME}.svg"))

    def shortHelpString(self) -> str:
        """The help beside its dialog."""
        return self.explanation()

    def tags(self) -> list[str]:
        """Further words that find it in the toolbox."""
        return ["astroloc", "astronaut", "iss", "georeference", "photo"]

    def checkParameterValues(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[bool, str]:
        """Whether the parameters are right; if not, a sentence that says which is wrong and what to do."""
        for definition in self.parameterDefinitions():
            if not is_acceptable(definition, parameters.get(definition.name()), context):
                return False, refusal(definition, parameters.get(definition.name()))
        accepted, sentence = super().checkParameterValues(parameters, context)
        if not accepted:
            return False, sentence
        try:
            self.read(Values(self, parameters, context))
        except InputError as error:
            return False, str(error)
        return True, ""

    def prepareAlgorithm(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        """Read the parameters (in the main thread: layers of the project are at hand there)."""
        try:
            self.inputs = self.read(Values(self, parameters, context))
        except InputError as error:
            feedback.reportError(str(error), True)
            return False
        return True

    def processAlgorithm(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Parameters:
        """Do the work (in a thread of QGIS's)."""
        try:
            return self.run_engine(parameters, context, feedback)
        except Cancelled:
            return {}
        except AstroLocError as error:
            if error.details:
                feedback.pushDebugInfo(error.details)
            raise QgsProcessingException(str(error)) from error


def teller(
    feedback: QgsProcessingFeedback, method: str, start: float = 0.0, end: float = 1.0
) -> Callable[[ProgressEvent], None]:
    """Shows the progress of one request to the engine.

    Args:
        feedback: of the algorithm.
        method: of the engine.
        start: where the request begins in the whole work, 0 to 1.
        end: where it ends.
    """
    texts = stage_texts(method)
    shares: Mapping[str, float] = SHARES if method in ("localize", "refine") else {}
    names, said, highest = list(texts), "", start

    def tell(event: ProgressEvent) -> None:
        nonlocal said, highest
        part = event.fraction
        if shares and event.stage in shares:
            before = sum(shares[name] for name in names[: names.index(event.stage)] if name in shares)
            part = before + shares[event.stage] * event.fraction
        highest = max(highest, start + (end - start) * min(max(part, 0.0), 1.0))
        feedback.setProgress(100 * highest)
        text = texts.get(event.stage, "")
        if text and text != said:
            said = text
            feedback.setProgressText(text)

    return tell
