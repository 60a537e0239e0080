"""NASA's server as it is on good and bad days: each trouble has its sentence, and the next request works."""

from __future__ import annotations

import logging
import os
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from astroloc_qgis.engine.errors import Cancelled
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.nasa import client as client_module
from astroloc_qgis.engine.nasa.addresses import Addresses
from astroloc_qgis.engine.nasa.cache import OLDEST_S, RecordCache
from astroloc_qgis.engine.nasa.client import Answer, NasaClient, retry_after
from astroloc_qgis.engine.nasa.direct import direct
from astroloc_qgis.engine.nasa.errors import NasaError
from astroloc_qgis.engine.nasa.record import NasaRecord
from astroloc_qgis.engine.nasa.several import look_up_all
from astroloc_qgis.engine.progress import asking
from tests.engine.nasa.nasa_server import (
    KEY,
    NUMBER,
    Fault,
    NasaServer,
    Photo,
    another,
    hanging_up,
    refusing,
    saying,
    slow,
    usual,
)


def test_a_photo_is_looked_up_in_all_tables(client: NasaClient, server: NasaServer) -> None:
    record = client.look_up(NUMBER)
    assert record is not None
    assert record.nadir == (12.3, -45.6)
    assert record.altitude_km == pytest.approx(416.7)
    assert record.proposed_nadir() == Nadir(12.3, -45.6, 416_700.0, source="nasa")
    assert record.centre == (13.5, -44.0)
    assert record.outline == ((-44.3, 13.7), (-43.7, 13.7), (-43.7, 13.3), (-44.3, 13.3))
    assert (record.focal_length_mm, record.camera, record.tilt, record.high_oblique) == (400, "N5", "24", False)
    assert record.time == datetime(2020, 11, 7, 13, 45, 1)
    assert (record.region, record.features, record.cloud_percent) == ("BRAZIL", "RIVER", 25)
    assert (record.sun_azimuth_deg, record.sun_elevation_deg) == (120, 41)
    assert {(one.filename, one.width) for one in record.pictures} == {
        ("ISS064-E-358.JPG", 640), ("ISS064-E-358.JPG", 5568), ("ISS064-E-358.NEF", 5568)
    }  # fmt: skip
    assert len(server.asked) == 3  # nadir, frames, outline; the lens is among the frames


def test_a_photo_that_only_has_files_is_found(client: NasaClient, server: NasaServer) -> None:
    server.photos = [Photo(nadir=None, frames=None, mlcoord=None)]
    record = client.look_up(NUMBER)
    assert record is not None
    assert (record.nadir, record.centre, record.outline, record.taken) == (None, None, None, None)
    assert len(record.pictures) == 3


def test_the_lens_is_taken_from_the_table_of_cameras_where_the_frames_lack_it(client, server) -> None:
    server.photos = [Photo(frames=None, camera={"fclt": "50", "camera": "N9"})]
    record = client.look_up(NUMBER)
    assert (record.focal_length_mm, record.camera) == (50, "N9")


def test_a_field_that_the_database_does_not_have_costs_one_request_only(client, server) -> None:
    server.unknown = {"frames.alt"}
    server.photos.append(another("ISS064-E-359"))
    record = client.look_up(NUMBER)
    assert (record.altitude_km, record.focal_length_mm) == (None, 400)
    before = len(server.asked)
    assert client.look_up("ISS064-E-359").camera == "N5"
    assert len(server.asked) == before + 3


def test_longer_numbers_that_begin_alike_are_other_photos(client, server) -> None:
    server.photos = [another("ISS064-E-3580", nadir={"lat": "1", "lon": "1"})]
    assert client.look_up(NUMBER) is None
    server.photos.append(Photo())
    assert client.look_up(NUMBER).nadir == (12.3, -45.6)


def test_no_such_photo_is_no_error(client: NasaClient) -> None:
    assert client.look_up("ISS064-E-999999") is None


def test_what_is_known_is_not_asked_again_until_it_is_old(client, server, tmp_path: Path) -> None:
    first = client.look_up(NUMBER)
    asked = len(server.asked)
    assert client.look_up(NUMBER) == first
    assert len(server.asked) == asked
    assert client.look_up(NUMBER, fresh=True) == first
    assert len(server.asked) > asked
    (file,) = (tmp_path / "records").iterdir()
    assert KEY not in file.read_text()
    old = time.time() - OLDEST_S - 60
    os.utime(file, (old, old))
    assert RecordCache(tmp_path / "records").read(NUMBER) is None


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"format_version": 1, "record": {"number": 3}}', '{"format_version": 9}']
)
def test_a_damaged_record_is_asked_for_again(client, tmp_path: Path, content: str) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / f"{NUMBER}.json").write_text(content)
    assert client.look_up(NUMBER).nadir == (12.3, -45.6)


def test_a_record_is_the_same_after_it_was_kept(client: NasaClient) -> None:
    record = client.look_up(NUMBER)
    assert NasaRecord.from_json(record.to_json()) == record


def test_a_cache_that_cannot_be_written_keeps_nothing(server, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    asking_again = NasaClient(KEY, direct, RecordCache(tmp_path / "file"), interval_s=0.0)
    assert asking_again.look_up(NUMBER) == asking_again.look_up(NUMBER)
    assert len(server.asked) == 6


# ---------------------------------------------------------------- troubles


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ([refusing(500)] * 3, "fails at the moment (HTTP 500): try again later"),
        ([refusing(503)] * 3, "fails at the moment (HTTP 503)"),
        ([refusing(429)] * 3, "asked too often (HTTP 429): try again in a few minutes"),
        ([refusing(429, Retry_After="600")], "asked too often (HTTP 429): try again in 10 min"),
        ([refusing(403)], "does not take this key"),
        ([refusing(404)], "refuses the request (HTTP 404)"),
        ([saying(b"[{\"nadir.lat\": 12")], "cannot be understood"),
        ([saying(b"[1, 2]")], "cannot be understood"),
        ([saying(b"[" * 100_000)], "cannot be understood"),
        ([saying(b"{\"result\": \"SQL syntax error\"}")], "cannot be understood"),
        ([saying(b"<!DOCTYPE html><html>Log in</html>", "text/html")], "does this network ask you to log in"),
        ([saying(b"\xff\xfe\x00", "application/json")], "cannot be understood"),
        ([hanging_up] * 3, "broke off its answer: try again"),
        ([saying(b"[{}", length=4000)] * 3, "broke off its answer: try again"),
    ],
    ids=["500", "503", "429", "429 long", "403", "404", "half", "numbers", "deep", "sql", "html", "bytes", "hung up",
         "short"],
)  # fmt: skip
def test_each_trouble_has_its_sentence_and_the_next_request_works(
    client: NasaClient, server: NasaServer, faults: list[Fault], words: str
) -> None:
    server.faults = list(faults)
    with pytest.raises(NasaError) as caught:
        client.look_up(NUMBER)
    assert words in str(caught.value)
    assert KEY not in f"{caught.value} {caught.value.details}"
    assert server.faults == []
    client._not_before = 0.0  # the pause that the server asked for is over
    assert client.look_up(NUMBER).nadir == (12.3, -45.6)


def test_without_a_key_nothing_is_sent(server: NasaServer) -> None:
    with pytest.raises(NasaError, match="asks for a key of your own: https://eol") as caught:
        NasaClient("", direct).look_up(NUMBER)
    assert caught.value.key
    assert server.asked == []


def test_a_wrong_key_is_named_as_such(server: NasaServer) -> None:
    with pytest.raises(NasaError, match="does not take this key") as caught:
        NasaClient("wrong", direct).look_up(NUMBER)
    assert caught.value.key
    assert len(server.asked) == 1


def test_a_slow_server(client, server, monkeypatch) -> None:
    monkeypatch.setattr(client_module, "TIMEOUT_S", 0.2)
    server.faults = [slow(0.6)] * 3
    with pytest.raises(NasaError, match=r"did not answer within 0\.2 s"):
        client.look_up(NUMBER)


def test_no_network(tmp_path: Path, server: NasaServer) -> None:
    nowhere = NasaClient(KEY, direct, base=Addresses("http://127.0.0.1:9/api", "http://127.0.0.1:9"), interval_s=0.0)
    started = time.monotonic()
    with pytest.raises(NasaError, match=r"cannot be reached \(Connection refused\): check the network"):
        nowhere.look_up(NUMBER)
    assert time.monotonic() - started < 5


def test_a_moment_of_trouble_is_not_even_noticed(client, server) -> None:
    server.faults = [refusing(500), hanging_up]
    assert client.look_up(NUMBER).nadir == (12.3, -45.6)


def test_a_pause_that_is_asked_for_is_kept(client, server) -> None:
    server.faults = [refusing(429, Retry_After="1")]
    assert client.look_up(NUMBER) is not None
    assert server.asked[1][1] - server.asked[0][1] >= 0.95


def test_requests_are_never_closer_than_the_interval(server) -> None:
    times: list[float] = []

    def timed(*arguments: Any) -> Answer:
        times.append(time.monotonic())
        return direct(*arguments)

    NasaClient(KEY, timed, interval_s=0.1).look_up(NUMBER)
    assert len(times) == 3
    assert min(after - before for before, after in pairwise(times)) >= 0.099


def test_a_pause_is_ended_by_cancelling(client, server) -> None:
    server.faults = [refusing(429, Retry_After="50")]

    def cancel() -> None:
        if server.asked:
            raise Cancelled

    started = time.monotonic()
    with pytest.raises(Cancelled), asking(cancel):
        client.look_up(NUMBER)
    assert time.monotonic() - started < 5


def test_retry_after_is_a_number_or_a_date() -> None:
    assert retry_after("12") == 12
    later = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=90))
    assert 85 < retry_after(later) <= 90
    assert retry_after("Thu, 01 Jan 1970 00:00:00 GMT") == 0
    assert retry_after("soon") is retry_after(None) is None


def test_a_table_that_fails_leaves_what_is_known_and_is_asked_again(client, server) -> None:
    server.faults = [usual, saying(b"{"), saying(b"{")]
    record = client.look_up(NUMBER)
    assert (record.nadir, record.centre) == ((12.3, -45.6), None)
    assert client.look_up(NUMBER).centre == (13.5, -44.0)


def test_the_key_is_in_no_log_and_no_repr(client, server, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    server.faults = [hanging_up, refusing(500)]
    client.look_up(NUMBER)
    assert "Pausing" in caplog.text
    for form in (KEY, "sEcret"):
        assert form not in caplog.text
        assert form not in repr(client)


# ---------------------------------------------------------------- several photos


def test_one_bad_photo_stops_no_other_but_a_server_that_fails_does(client, server) -> None:
    numbers = [f"ISS064-E-{number}" for number in (358, 360, 361, 362)]
    server.photos += [another(number) for number in numbers[1:]]
    server.faults = [saying(b"{")]
    first, *others = look_up_all(client, numbers)
    assert first.record is None
    assert "cannot be understood" in first.problem
    assert all(one.record is not None for one in others)
    server.faults = [refusing(500)] * 3
    before = len(server.asked)
    found = list(look_up_all(client, numbers, fresh=True))
    assert {one.problem for one in found} == {
        "NASA's server 127.0.0.1 fails at the moment (HTTP 500): try again later."
    }
    assert len(server.asked) == before + 3
