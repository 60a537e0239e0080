"""The page of models and matchers: what it lists, and weights that the real engine fetches, takes and removes."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from qgis.PyQt.QtWidgets import QFileDialog, QInputDialog, QMessageBox, QPushButton

from astroloc_qgis.cli.models import listing
from astroloc_qgis.gui.setup import models_table
from astroloc_qgis.gui.setup.models_page import terms
from astroloc_qgis.gui.setup.models_table import BY_HAND, FETCH, READY

from .conftest import ENGINE_SECONDS, SECOND

ENGINE = Path(__file__).with_name("models_engine.py")
NAME = "earthloc2"
MODELS = [
    {
        "name": "quick", "kind": "matcher", "state": READY, "size": 0, "exact": True, "dimensions": 0,
        "licence": "GPL-2.0-or-later", "good_for": "everything", "files": [], "takes_files": False,
    },
    {
        "name": "large", "kind": "descriptor", "state": FETCH, "size": 353_000_000, "exact": False, "dimensions": 3072,
        "licence": "not stated", "good_for": "finer imagery", "takes_files": True,
        "files": [{"name": "large", "licence": "not stated", "source": "https://example.org/large", "size": 353_000_000,
                   "sha256": "", "recorded": False, "by_hand": ""}],
    },
    {
        "name": "rare", "kind": "descriptor", "state": BY_HAND, "size": 0, "exact": False, "dimensions": 0,
        "licence": "MIT", "good_for": "a paper's numbers", "takes_files": True,
        "files": [{"name": "rare", "licence": "MIT", "source": "https://example.org/rare", "size": 0, "sha256": "12ab",
                   "recorded": False, "by_hand": "its authors give it by rsync alone"}],
    },
]  # fmt: skip


class Shop(http.server.ThreadingHTTPServer):
    """Serves one file, in two parts where it breaks off."""

    daemon_threads = True

    def __init__(self, content):
        super().__init__(("127.0.0.1", 0), Answer)
        self.content, self.status, self.breaks, self.asked = content, 200, 1, []

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}/model.pth"


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        shop, wanted = self.server, self.headers.get("Range")
        shop.asked.append(wanted)
        if shop.status != 200:
            self.send_error(shop.status)
            return
        start = int(wanted.split("=")[1].split("-")[0]) if wanted else 0
        rest = shop.content[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(shop.content) - 1}/{len(shop.content)}")
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if shop.breaks:
            shop.breaks -= 1
            rest = rest[: len(rest) // 2]
        self.wfile.write(rest)

    def log_message(self, *_arguments):
        """Quiet."""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "best.pth"
    subprocess.run([sys.executable, str(ENGINE), "--make", str(path)], check=True, timeout=300)
    return path


@pytest.fixture
def shop(checkpoint, monkeypatch):
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with Shop(checkpoint.read_bytes()) as running:
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def page(plugin, monkeypatch):
    monkeypatch.setattr(QMessageBox, "question", answer_with(QMessageBox.StandardButton.Yes, asked := []))
    plugin.engine_parts.open_models()
    plugin.engine_parts.models.asked = asked
    return plugin.engine_parts.models


def answer_with(button, asked):
    def question(_parent, _title, text):
        asked.append(text)
        return button

    return question


@pytest.fixture
def real(qtbot, dock, shop, tmp_path, monkeypatch):
    """The real engine, with a folder of weights of this test alone."""
    monkeypatch.setenv("ASTROLOC_WEIGHTS", str(tmp_path / "weights"))
    dock.session.engine._command = lambda: [sys.executable, str(ENGINE), shop.address]
    return tmp_path / "weights"


def wait_until_done(qtbot, page):
    qtbot.waitUntil(lambda: not page._session.busy, timeout=ENGINE_SECONDS * SECOND)


def select(page, name):
    page.table.selectRow([model["name"] for model in page.table.models].index(name))


def state(page, name):
    return next(model["state"] for model in page.table.models if model["name"] == name)


@pytest.mark.slow
def test_weights_are_fetched_after_their_licence_resumed_given_and_removed(qtbot, real, shop, checkpoint, page):
    wait_until_done(qtbot, page)
    assert state(page, "sift") == state(page, "astroloc-lite") == READY
    assert state(page, NAME) == FETCH
    select(page, NAME)
    page.fetch.click()
    wait_until_done(qtbot, page)
    assert "licence MIT" in page.asked[-1]
    assert shop.address in page.asked[-1]
    assert state(page, NAME) == READY, page.outcome.text()
    assert len(shop.asked) == 2
    assert shop.asked[1].startswith("bytes=")
    assert sorted(path.name for path in real.iterdir()) == ["earthloc2.pt", "weights.json"]
    assert not page.fetch.isEnabled()

    page.remove.click()
    wait_until_done(qtbot, page)
    assert state(page, NAME) == FETCH
    assert [path.name for path in real.iterdir()] == ["weights.json"]

    shop.status = 404
    page.fetch.click()
    wait_until_done(qtbot, page)
    assert "404" in page.outcome.text()
    assert state(page, NAME) == FETCH

    page._give(str(checkpoint.parent))
    wait_until_done(qtbot, page)
    assert state(page, NAME) == READY
    assert "sha256" in page.outcome.text()


@pytest.mark.slow
def test_a_checkpoint_of_ones_own_becomes_a_model_and_a_wrong_file_is_refused(
    qtbot, real, checkpoint, page, tmp_path, monkeypatch
):
    wait_until_done(qtbot, page)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(checkpoint), ""))
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("my-model", True))
    page.own.click()
    wait_until_done(qtbot, page)
    assert state(page, "my-model") == READY, page.outcome.text()
    (tmp_path / "notes.pth").write_text("no weights")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "notes.pth"), ""))
    select(page, NAME)
    page.file.click()
    wait_until_done(qtbot, page)
    assert "notes.pth" in page.outcome.text()
    assert state(page, NAME) == FETCH


@pytest.fixture
def shown(qtbot, scripted, page):
    """The page with three models, and the scripted engine."""
    wait_until_done(qtbot, page)
    page.table.show_models(MODELS)
    return page


def test_each_model_is_listed_with_state_size_licence_and_use(shown):
    rows = [[shown.table.item(row, column).text() for column in range(6)] for row in range(3)]
    assert rows[0] == ["quick", "matcher", "yes", "–", "everything", "GPL-2.0-or-later"]
    assert rows[1] == ["large", "finds the place", "no: can be fetched", "about 353 MB", "finer imagery", "not stated"]
    assert rows[2][2] == "no: by hand"


def test_the_buttons_are_for_what_the_selected_model_takes(shown):
    def enabled():
        return [button.isEnabled() for button in (shown.fetch, shown.file, shown.folder, shown.own, shown.remove)]

    assert enabled() == [False, False, False, True, False]
    select(shown, "quick")
    assert enabled() == [False, False, False, True, False]
    select(shown, "large")
    assert enabled() == [True, True, True, True, False]
    select(shown, "rare")
    assert enabled() == [False, True, True, True, False]
    assert "its authors give it by rsync alone" in shown.about.text()
    shown.table.show_models([{**MODELS[1], "state": READY, "files": [{**MODELS[1]["files"][0], "recorded": True}]}])
    select(shown, "large")
    assert enabled() == [False, True, True, True, True]


def test_the_licence_comes_first_and_without_a_yes_nothing_is_fetched(shown, monkeypatch):
    ran = []
    monkeypatch.setattr(shown._session, "run", ran.extend)
    text = terms(MODELS[1])
    assert text.splitlines()[0] == "large: licence not stated"
    assert "https://example.org/large" in text
    assert "that of this download is recorded" in text
    assert "ask the authors" in text
    monkeypatch.setattr(QMessageBox, "question", answer_with(QMessageBox.StandardButton.No, asked := []))
    select(shown, "large")
    shown.fetch.click()
    assert (asked, ran) == ([text], [])


def test_the_states_are_those_that_the_engine_tells():
    names = ("READY", "SET_UP", "FETCH", "BY_HAND")
    assert [getattr(models_table, name) for name in names] == [getattr(listing, name) for name in names]


def test_the_page_opens_from_the_menu_and_the_options_and_closes_with_the_plugin(qtbot, scripted, plugin):
    {action.objectName(): action for action in plugin.menu_actions}["AstroLocModelsAction"].trigger()
    page = plugin.engine_parts.models
    assert page.isVisible()
    page.close()
    options = plugin._options.createWidget(None)
    qtbot.addWidget(options)
    texts = [button.text() for button in options.findChildren(QPushButton)]
    assert "&Models and matchers…" in texts
    options.models.click()
    assert plugin.engine_parts.models is page
    assert page.isVisible()
