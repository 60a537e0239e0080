"""The plugin speaks the language that QGIS runs in, and leaves QGIS as it was."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from astroloc_qgis import classFactory
from astroloc_qgis.qgis_adapters.text import install_translation, remove_translation, tr

I18N = Path(__file__).resolve().parents[2] / "i18n"


@pytest.fixture
def button_text(settings, qgis_iface, qgis_new_project):
    """What the dock's button reads after the plugin is loaded in a QGIS of this locale."""
    loaded = []

    def load(locale):
        settings.setValue("locale/userLocale", locale)
        loaded.append(classFactory(qgis_iface))
        loaded[-1].initGui()
        return loaded[-1].dock.localize_button.text()

    yield load
    for plugin in loaded:
        plugin.unload()


@pytest.mark.parametrize("locale", ["de", "de_AT"])
def test_in_a_german_qgis_the_button_reads_german(button_text, locale):
    assert button_text(locale) == "Foto verorten"


@pytest.mark.parametrize("locale", ["en", "en_US", "C", "tlh"])
def test_in_any_other_language_the_button_reads_english(button_text, locale):
    assert button_text(locale) == "Localize photo"


def test_after_unloading_the_language_is_as_before(settings, qgis_iface, qgis_new_project):
    settings.setValue("locale/userLocale", "de")
    plugin = classFactory(qgis_iface)
    plugin.initGui()
    assert tr("Localize photo") == "Foto verorten"
    plugin.unload()
    assert tr("Localize photo") == "Localize photo"


@pytest.mark.parametrize("ts", sorted(I18N.glob("*.ts")), ids=lambda path: path.stem)
def test_the_compiled_translation_says_what_its_source_says(qgis_app, ts):
    messages = ElementTree.parse(ts).getroot().findall("context/message")  # noqa: S314 - a file of this repository
    expected = {m.findtext("source"): text for m in messages if (text := m.findtext("translation"))}
    assert len(expected) > 50
    translator = install_translation(ts.stem.removeprefix("astroloc_"))
    said = {source: tr(source) for source in expected}
    remove_translation(translator)
    assert said == expected, "the .qm is older than the .ts: run `make i18n`"
