"""The translations have every text of the code, and travel with the plugin."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from string import Formatter

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAY = """
import sys
from qgis.PyQt.QtCore import QCoreApplication
from astroloc_qgis.qgis_adapters.text import install_translation, tr
app = QCoreApplication([])
kept = install_translation(sys.argv[1])
print(tr("Localize photo"))
"""


def load_tool():
    spec = importlib.util.spec_from_file_location("astroloc_ci_i18n", ROOT / ".ci" / "i18n.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


i18n = load_tool()
LANGUAGE_FILES = [ROOT / "i18n" / f"astroloc_{language}.ts" for language in i18n.LANGUAGES]
language_files = pytest.mark.parametrize("ts", LANGUAGE_FILES, ids=lambda path: path.stem)


def code(root: Path, source: str) -> Path:
    """A project of one source file."""
    file = root / "astroloc_qgis" / "gui" / "dock.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source, encoding="utf-8")
    return root


def values(text: str) -> list[tuple[str, str]]:
    """The names and formats of the values that are put into a text."""
    return sorted((name, form or "") for _, name, form, _ in Formatter().parse(text) if name is not None)


def said_by(folder: Path, locale: str) -> str:
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "QT_QPA_PLATFORM": "offscreen",
    }
    command = [sys.executable, "-c", SAY, locale]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


@language_files
def test_the_translation_has_the_texts_of_the_code_and_no_others(ts):
    in_code, in_file = set(i18n.texts()), set(i18n.read(ts))
    assert len(in_code) > 50
    assert sorted(in_code - in_file) == [], "texts are missing: run `make i18n`"
    assert sorted(in_file - in_code) == [], "texts have vanished from the code: run `make i18n`"


@language_files
def test_a_translation_takes_the_same_values_and_has_as_many_shortcuts(ts):
    translated = {source: entry.text for source, entry in i18n.read(ts).items() if entry.finished}
    assert translated
    assert {s: t for s, t in translated.items() if values(s) != values(t)} == {}
    assert {s: t for s, t in translated.items() if s.count("&") != t.count("&")} == {}


def test_texts_are_found_once_in_order_whole_and_nested(tmp_path):
    source = 'def f():\n    a(tr("one " "piece"), lambda: tr("late"))\n    b(tr("two"), tr("late"), self.tr("no"))\n'
    assert i18n.texts(code(tmp_path, source)) == ["one piece", "late", "two"]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ('def f(n):\n    return tr(f"{n} photos")\n', "dock.py:2: tr() takes one plain string"),
        ("def f(text):\n    return tr(text)\n", "dock.py:2: tr() takes one plain string"),
        ('TITLE = tr("AstroLoc")\n', "dock.py:1: this tr() runs before the translation is loaded"),
        ('class Dock:\n    title = tr("AstroLoc")\n', "dock.py:2: this tr() runs before"),
    ],
)
def test_a_text_that_cannot_be_translated_is_refused(tmp_path, source, problem):
    with pytest.raises(i18n.TextError) as refused:
        i18n.texts(code(tmp_path, source))
    assert problem in str(refused.value)


def test_an_update_keeps_translations_marks_new_texts_and_drops_vanished_ones(tmp_path):
    ts = tmp_path / "i18n" / "astroloc_de.ts"
    i18n.update(ts, "de", ["Build", "Gone"])
    ts.write_text(
        ts.read_text(encoding="utf-8").replace(
            '<translation type="unfinished" />', "<translation>Bauen</translation>", 1
        ),
        encoding="utf-8",
    )
    i18n.update(ts, "de", ["New & <now>", "Build"])
    assert list(i18n.read(ts).items()) == [
        ("New & <now>", i18n.Translation("", finished=False)),
        ("Build", i18n.Translation("Bauen", finished=True)),
    ]
    before = ts.read_bytes()
    i18n.update(ts, "de", ["New & <now>", "Build"])
    assert ts.read_bytes() == before


def test_a_checkout_speaks_german():
    assert said_by(ROOT, "de") == "Foto verorten"


def test_the_unpacked_zip_speaks_german(tmp_path):
    target = tmp_path / "astroloc_qgis.zip"
    subprocess.run([sys.executable, str(ROOT / ".ci" / "package.py"), str(target)], check=True, capture_output=True)
    with zipfile.ZipFile(target) as archive:
        archive.extractall(tmp_path / "plugins")
    assert said_by(tmp_path / "plugins", "de_AT") == "Foto verorten"
    assert said_by(tmp_path / "plugins", "fr") == "Localize photo"
