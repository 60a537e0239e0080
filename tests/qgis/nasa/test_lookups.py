"""Photos are looked up at NASA with one click, and no trouble loses anything."""

from __future__ import annotations

import json

import pytest
from qgis.core import QgsApplication

from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.nasa import client as client_module
from astroloc_qgis.engine.nasa.addresses import DATABASE_VARIABLE
from astroloc_qgis.gui.model.work import Work
from tests.engine.nasa.nasa_server import FRAMES, NUMBER, another, hanging_up, refusing, saying, slow
from tests.qgis.conftest import SUCCESS, WARNING
from tests.qgis.nasa.lookups import SECOND, add, click, wait


def test_one_click_fills_in_what_nasa_says_of_all_photos(qtbot, allowed, server, messages, tmp_path):
    server.photos.append(another("ISS064-E-359", frames={**FRAMES, "tilt": "HO", "lat": None}, mlcoord=None))
    first, second, third = add(allowed, tmp_path, NUMBER, "iss064e000359_lrg", "holiday")
    assert allowed.nasa.button.text() == "Look up 2 photos at NASA"
    click(qtbot, allowed)
    assert first.nadir == Nadir(12.3, -45.6, 416_700.0, source="nasa")
    assert first.desk.work.centre == (13.5, -44.0)
    assert first.desk.work.search == {}  # a centre read off a map limits nothing where the nadir is known
    assert second.nadir.source == "nasa"
    assert (first.high_oblique, second.high_oblique) == (False, True)
    assert second.state_line == "new · high oblique"
    assert third.nadir is None
    assert messages()[-1] == (SUCCESS, "NASA knows 2 of 2 photos.")
    assert allowed.options.title() == "Options (nadir: NASA)"
    assert Work.from_json(first.desk.work.to_json()) == first.desk.work
    params = allowed.jobs.photo_job(first, "x.tif").params
    assert (params["nadir_source"], params["nadir"]) == ("nasa", (12.3, -45.6, 416_700.0))
    asked = [path for path, _ in server.asked]
    assert len(asked) == 6
    assert all("holiday" not in path and str(tmp_path) not in path for path in asked)


def test_what_the_user_gave_stays(qtbot, allowed, server, tmp_path):
    (item,) = add(allowed, tmp_path, NUMBER)
    item.desk.change(Work(nadir=Nadir(1.0, 2.0), centre=(3.0, 4.0)), "typed")
    click(qtbot, allowed)
    assert (item.nadir, item.desk.work.centre) == (Nadir(1.0, 2.0), (3.0, 4.0))
    item.desk.stack.undo()
    assert item.desk.work == Work(nadir=Nadir(1.0, 2.0), centre=(3.0, 4.0))


def test_a_second_click_asks_for_what_is_missing_then_for_all_again(qtbot, allowed, server, tmp_path):
    add(allowed, tmp_path, NUMBER)
    click(qtbot, allowed)
    server.photos.append(another("ISS064-E-359"))
    add(allowed, tmp_path, "ISS064-E-359")
    before = len(server.asked)
    click(qtbot, allowed)
    assert len(server.asked) == before + 3
    click(qtbot, allowed)
    assert len(server.asked) == before + 9


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ([refusing(500)] * 3, "fails at the moment (HTTP 500)"),
        ([refusing(429, Retry_After="600")], "asked too often (HTTP 429): try again in 10 min"),
        ([saying(b"{")], "cannot be understood"),
        ([saying(b"<html>Log in</html>", "text/html")], "does this network ask you to log in"),
        ([hanging_up] * 30, "broke off"),  # Qt itself tries again a few times
        ([saying(b"[{}", length=400)] * 3, "broke off"),
        ([slow(1.5)] * 3, "did not answer within 0.5 s"),
    ],
    ids=["500", "429", "half", "html", "hung up", "short", "slow"],
)
def test_each_trouble_is_told_and_the_next_click_works(
    qtbot, allowed, server, messages, tmp_path, monkeypatch, faults, words
):
    if words.startswith("did not"):
        monkeypatch.setattr(client_module, "TIMEOUT_S", 0.5)
    (item,) = add(allowed, tmp_path, NUMBER)
    lines = []
    QgsApplication.messageLog().messageReceived.connect(lambda text, _tag, _level: lines.append(text))
    server.faults = list(faults)
    click(qtbot, allowed)
    level, sentence = messages()[-1]
    assert (level, words in sentence) == (WARNING, True), sentence
    assert item.nadir is None
    assert lines
    assert "sEcret" not in "\n".join(lines)
    server.faults = []
    monkeypatch.setattr(client_module, "TIMEOUT_S", 30.0)
    allowed.nasa.lookups._client._not_before = 0.0
    click(qtbot, allowed)
    assert item.nadir.source == "nasa"


def test_no_network_is_told(qtbot, allowed, server, messages, tmp_path, monkeypatch):
    monkeypatch.setenv(DATABASE_VARIABLE, "http://127.0.0.1:9/api")
    (item,) = add(allowed, tmp_path, NUMBER)
    click(qtbot, allowed)
    assert "127.0.0.1 cannot be reached (Connection refused)" in messages()[-1][1]
    assert item.nadir is None


def test_a_photo_that_nasa_does_not_have_is_named(qtbot, allowed, server, messages, tmp_path):
    add(allowed, tmp_path, "ISS064-E-999999")
    click(qtbot, allowed)
    assert messages()[-1] == (WARNING, "NASA's photo database does not have ISS064-E-999999: check the number.")


def test_cancelling_keeps_what_has_arrived(qtbot, allowed, server, tmp_path):
    items = add(allowed, tmp_path, NUMBER, "ISS064-E-359")
    server.faults = [lambda handler: handler.usual()] * 3 + [slow(20)]
    allowed.nasa.button.click()
    qtbot.waitUntil(lambda: items[0].nadir is not None, timeout=10 * SECOND)
    assert allowed.nasa.button.text() == "Cancel (1 of 2 at NASA)"
    allowed.nasa.button.click()
    wait(qtbot, allowed)
    assert items[0].nadir.source == "nasa"
    assert allowed.nasa.button.text() == "Look up 2 photos at NASA"


def test_once_allowed_photos_are_looked_up_as_they_are_added(qtbot, allowed, server, tmp_path):
    allowed.session.settings.nasa_automatic = "yes"
    (item,) = add(allowed, tmp_path, NUMBER)
    qtbot.waitUntil(lambda: item.nadir is not None, timeout=10 * SECOND)
    wait(qtbot, allowed)


def test_a_record_of_another_version_is_as_if_there_were_none(tmp_path):
    from astroloc_qgis.gui.model.nasa_facts import record_in

    for plain in ({"number": 5}, {"number": NUMBER, "pictures": [{"x": 1}]}, [], None):
        assert record_in(Work.from_json(json.dumps({"clues": {"nasa": plain}}))) is None
