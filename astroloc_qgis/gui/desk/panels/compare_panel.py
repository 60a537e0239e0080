"""The controls for comparing photo and reference on the map."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QSlider,
    QWidget,
)

from astroloc_qgis.gui.desk.canvas.appearance import Appearance, Mode
from astroloc_qgis.qgis_adapters.text import tr

BLINK_MS = 450


class ComparePanel(QWidget):
    """Opacity, swipe, blink and edges; brightness and contrast; the length of the residual arrows."""

    appearance_changed = pyqtSignal(object)
    """The appearance of the photo was changed (``Appearance``)."""
    blinked = pyqtSignal(bool)
    """A blinking photo disappears (True) or comes back (False)."""
    exaggeration_changed = pyqtSignal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dark = False
        self.opacity = self._slider(0, 100, 100, tr("How much of the reference shines through the photo"))
        self.swipe = self._slider(0, 1000, 500, tr("Where the photo ends and the reference begins"))
        self.brightness = self._slider(-100, 100, 0, tr("Brightness of the photo, on the map and in its window"))
        self.contrast = self._slider(-100, 100, 0, tr("Contrast of the photo, on the map and in its window"))
        self.modes = QButtonGroup(self)
        modes = QHBoxLayout()
        names = {
            Mode.PLAIN: (tr("Overlay"), tr("The photo over the reference, as opaque as the slider says")),
            Mode.SWIPE: (tr("Swipe"), tr("The photo on the left of a line, the reference on the right")),
            Mode.BLINK: (tr("Blink"), tr("Photo and reference in turn: what is off jumps")),
            Mode.EDGES: (tr("Edges"), tr("Only the photo's edges, over the reference")),
        }
        self.mode_buttons: dict[Mode, QRadioButton] = {}
        for number, (mode, (text, tip)) in enumerate(names.items()):
            button = QRadioButton(text, self)
            button.setToolTip(tip)
            self.modes.addButton(button, number)
            self.mode_buttons[mode] = button
            modes.addWidget(button)
        self.mode_buttons[Mode.PLAIN].setChecked(True)
        modes.addStretch(1)
        self.arrows = QComboBox(self)
        for factor in (1, 5, 20, 100):
            self.arrows.addItem(tr("{factor} times").format(factor=factor), float(factor))
        self.arrows.setToolTip(tr("How much longer than they are the residual arrows are drawn"))
        self.reset_button = QPushButton(tr("Reset"), self)
        self.reset_button.setToolTip(tr("Show the photo as it is again"))
        rows = (
            (tr("Opacity"), self.opacity),
            (tr("Swipe"), self.swipe),
            (tr("Brightness"), self.brightness),
            (tr("Contrast"), self.contrast),
        )
        layout = QGridLayout(self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.addLayout(modes, 0, 0, 1, 4)
        for number, (text, slider) in enumerate(rows):
            label = QLabel(text, self)
            label.setBuddy(slider)
            row, column = 1 + number % 2, 2 * (number // 2)
            layout.addWidget(label, row, column)
            layout.addWidget(slider, row, column + 1)
        below = QHBoxLayout()
        below.addWidget(QLabel(tr("Residual arrows"), self))
        below.addWidget(self.arrows)
        below.addStretch(1)
        below.addWidget(self.reset_button)
        layout.addLayout(below, 3, 0, 1, 4)
        layout.setRowStretch(4, 1)
        layout.setColumnStretch(1, 1)
        layout.setColumnStretch(3, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(BLINK_MS)
        self._timer.timeout.connect(self._on_blink)
        for slider in (self.opacity, self.swipe, self.brightness, self.contrast):
            slider.valueChanged.connect(self._emit)
        self.modes.buttonClicked.connect(self._on_mode)
        self.arrows.currentIndexChanged.connect(lambda: self.exaggeration_changed.emit(self.arrows.currentData()))
        self.reset_button.clicked.connect(self.reset)
        self.swipe.setEnabled(False)

    def appearance(self) -> Appearance:
        """Return the chosen appearance of the photo."""
        mode = list(self.mode_buttons)[self.modes.checkedId()]
        return Appearance(
            mode, self.opacity.value() / 100, self.swipe.value() / 1000, self.brightness.value(), self.contrast.value()
        )

    def set_mode(self, mode: Mode) -> None:
        """Choose another way to compare."""
        self.mode_buttons[mode].setChecked(True)
        self._on_mode()

    def reset(self) -> None:
        """Reset all controls."""
        for slider, value in ((self.opacity, 100), (self.swipe, 500), (self.brightness, 0), (self.contrast, 0)):
            slider.setValue(value)
        self.set_mode(Mode.PLAIN)

    def stop(self) -> None:
        """Stop blinking."""
        self._timer.stop()

    def _on_mode(self) -> None:
        mode = self.appearance().mode
        self.swipe.setEnabled(mode is Mode.SWIPE)
        self._dark = False
        self.blinked.emit(False)
        if mode is Mode.BLINK:
            self._timer.start()
        else:
            self._timer.stop()
        self._emit()

    def _on_blink(self) -> None:
        self._dark = not self._dark
        self.blinked.emit(self._dark)

    def _emit(self) -> None:
        self.appearance_changed.emit(self.appearance())

    def _slider(self, low: int, high: int, value: int, tip: str) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal, self)
        slider.setRange(low, high)
        slider.setValue(value)
        slider.setToolTip(tip)
        return slider
