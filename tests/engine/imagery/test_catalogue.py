"""The catalogue of services, logins that are not written down, and the cache of tiles with its limit."""

from __future__ import annotations

import http.server
import os
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery import tile_cache
from astroloc_qgis.engine.imagery.catalogue import (
    SERVICES,
    imagery_name,
    service_of,
    service_uri,
    tms_description,
)
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.web_service import adapted, without_login
from astroloc_qgis.engine.imagery.window import Window
from astroloc_qgis.engine.tiles import HALF_WORLD_M
from tests.engine.imagery.tile_server import png, tile_server
from tests.engine.scene import Run

DAY = date(2020, 5, 1)
GREY = np.full((256, 256, 3), 120, np.uint8)


@pytest.mark.parametrize("key", SERVICES)
def test_gdal_opens_every_service_of_the_catalogue(key: str) -> None:
    service = SERVICES[key]
    reference = Reference.open(service.uri(DAY))  # the description says it all: nobody is asked
    assert reference.native_gsd_m(0.0, 0.0) == pytest.approx(service.resolution_m, rel=0.01)
    assert reference.attribution == service.attribution
    reference.close()
    assert service_of(service.uri(DAY)) is service
    assert service.licence
    assert service.address.startswith("https://")


def test_a_daily_service_has_its_day_in_the_address_and_in_its_name() -> None:
    uri = service_uri("viirs-snpp@2020-05-01")
    assert uri == service_uri("viirs-snpp", DAY)
    assert "/default/2020-05-01/GoogleMapsCompatible_Level9/" in uri
    assert imagery_name(uri) == "VIIRS Suomi NPP, that day (NASA): 2020-05-01"
    for wrong, words in (
        ("modis-terra", "is not known: write modis-terra@2020-05-01"),
        ("modis-terra@May", "'May' in 'modis-terra@May' is no day"),
        ("modis-terra@1999-01-01", "begins on 2000-02-24"),
    ):
        with pytest.raises(InputError, match=words):
            Reference.open(wrong)


def test_what_is_not_in_the_catalogue_stays_as_it_is() -> None:
    for name in ("/maps/a@b.tif", "https://a.org/x.tif", tms_description("https://a.org/${z}/${x}/${y}.png", 3)):
        assert service_uri(name) == name
        assert service_of(name) is None
        assert imagery_name(name) == ""


def test_a_licence_that_binds_is_shown_on_the_command_line(run: Run, tmp_path: Path) -> None:
    _, said, errors = run(
        "localize", tmp_path / "a.jpg", "--index", tmp_path, "--out", tmp_path / "out", "--finer", "sentinel-2"
    )
    assert "CC BY-NC-SA 4.0" in said
    assert "EOX IT Services GmbH" in said
    assert "a.jpg" in errors


class Guarded(http.server.BaseHTTPRequestHandler):
    """Gives a tile to who has the key."""

    def do_GET(self) -> None:
        known = (
            "right" in self.headers.get("X-Key", "")
            or self.headers.get("Authorization") == "Basic bWU6dG9wLXNlY3JldA=="
        )
        content = png(GREY) if known else b""
        self.send_response(200 if known else 401)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def guarded() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Guarded)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield tms_description(f"http://127.0.0.1:{server.server_port}/${{z}}/${{x}}/${{y}}.png", 3).replace("<Cache/>", "")
    server.shutdown()
    server.server_close()


WINDOW = Window("EPSG:3857", (0.0, 0.0, HALF_WORLD_M / 4, HALF_WORLD_M / 4), 64, 64)


@pytest.mark.parametrize(
    "login", ["<UserPwd>me:top-secret</UserPwd>", "<HttpHeaders>X-Key: right,X-Other: &quot;a&quot;</HttpHeaders>"]
)
def test_a_login_is_sent_to_the_service_and_written_nowhere(guarded: str, login: str) -> None:
    uri = guarded.replace("</GDAL_WMS>", f"{login}</GDAL_WMS>")
    reference = Reference.open(uri)
    assert reference.read(WINDOW).mask.all()
    assert reference.again().read(WINDOW).mask.all()
    assert reference.uri == without_login(uri) == guarded
    assert gdal.GetThreadLocalConfigOption("GDAL_HTTP_HEADERS") is None
    plain = Reference.open(guarded)
    with pytest.raises(InputError, match="wants a login"):
        plain.read(WINDOW)


CAPABILITIES = """<?xml version="1.0"?>
<Capabilities xmlns="http://www.opengis.net/wmts/1.0" xmlns:ows="http://www.opengis.net/ows/1.1" version="1.0.0">
 <Contents>
  <Layer>
   <ows:Title>land</ows:Title><ows:Identifier>land</ows:Identifier>
   <Style isDefault="true"><ows:Identifier>default</ows:Identifier></Style>
   <Format>image/png</Format>
   <TileMatrixSetLink><TileMatrixSet>web</TileMatrixSet></TileMatrixSetLink>
   <ResourceURL format="image/png" resourceType="tile"
    template="ADDRESS/{TileMatrix}/{TileCol}/{TileRow}.png"/>
  </Layer>
  <TileMatrixSet>
   <ows:Identifier>web</ows:Identifier><ows:SupportedCRS>urn:ogc:def:crs:EPSG::3857</ows:SupportedCRS>MATRICES
  </TileMatrixSet>
 </Contents>
</Capabilities>"""
MATRIX = """
   <TileMatrix><ows:Identifier>{zoom}</ows:Identifier><ScaleDenominator>{scale}</ScaleDenominator>
    <TopLeftCorner>-20037508.342789244 20037508.342789244</TopLeftCorner><TileWidth>256</TileWidth>
    <TileHeight>256</TileHeight><MatrixWidth>{side}</MatrixWidth><MatrixHeight>{side}</MatrixHeight></TileMatrix>"""


@pytest.mark.parametrize("login", ["<UserPwd>me:top-secret</UserPwd>", "<HttpHeaders>X-Key: right</HttpHeaders>"])
def test_a_wmts_is_read_with_its_login(guarded: str, login: str, tmp_path: Path) -> None:
    address = guarded.split("<ServerUrl>")[1].split("/${z}")[0]
    scale = 559082264.0287178
    matrices = "".join(MATRIX.format(zoom=zoom, scale=scale / 2**zoom, side=2**zoom) for zoom in range(4))
    file = tmp_path / "capabilities.xml"
    file.write_text(CAPABILITIES.replace("ADDRESS", address).replace("MATRICES", matrices), encoding="utf-8")
    uri = (
        f"<GDAL_WMTS><GetCapabilitiesUrl>{file}</GetCapabilitiesUrl><Layer>land</Layer><Style>default</Style>"
        f"<TileMatrixSet>web</TileMatrixSet><BandsCount>4</BandsCount>{login}"
        f"<Cache><Path>{tmp_path / 'tiles'}</Path><Expires>{tile_cache.EXPIRES_S}</Expires></Cache></GDAL_WMTS>"
    )
    reference = Reference.open(uri)
    seen = reference.read(WINDOW)
    assert seen.mask.all()
    assert np.abs(seen.pixels.astype(int) - 120).max() <= 1
    assert "secret" not in reference.uri
    assert any(path.is_file() for path in (tmp_path / "tiles").rglob("*"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tile_cache.tiles_folder()


def fill(folder: Path, count: int, size: int = 1000) -> list[Path]:
    """Tiles, each used an hour before the next."""
    folder.mkdir(parents=True)
    paths = [folder / f"{number}" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(b"x" * size)
        used = time.time() - 3600 * (count - number)
        os.utime(path, (used, used))
    return paths


def test_beyond_its_limit_the_cache_loses_what_was_not_used_for_longest(cache: Path) -> None:
    paths = fill(cache / "a", 20)
    assert tile_cache.cached_bytes() == 20_000
    assert tile_cache.trim_cache(20_000) == 0
    assert tile_cache.trim_cache(10_000) == 11_000
    assert [path.exists() for path in paths] == [False] * 11 + [True] * 9
    tile_cache.clear_cache()
    assert tile_cache.cached_bytes() == 0


def test_the_limit_is_a_number_of_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tile_cache.LIMIT_VARIABLE, raising=False)
    assert tile_cache.limit_bytes() == 2_000_000_000
    monkeypatch.setenv(tile_cache.LIMIT_VARIABLE, "5")
    assert tile_cache.limit_bytes() == 5_000_000
    monkeypatch.setenv(tile_cache.LIMIT_VARIABLE, "much")
    with pytest.raises(InputError, match="whole number of MB"):
        tile_cache.limit_bytes()


def test_the_cache_is_cut_back_when_a_service_is_opened(
    cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fill(cache / "a", 20, size=100_000)
    monkeypatch.setenv(tile_cache.LIMIT_VARIABLE, "1")
    monkeypatch.setattr(tile_cache, "_trimmed_at", -1e9)
    adapted(gdal.Open(tms_description("https://a.org/${z}/${x}/${y}.png", 3)))
    deadline = time.monotonic() + 10
    while tile_cache.cached_bytes() > 1_000_000 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert tile_cache.cached_bytes() == 900_000


def test_a_tile_that_was_fetched_last_month_is_not_fetched_again(tmp_path: Path) -> None:
    with tile_server(lambda *_: png(GREY)) as server:
        uri = server.description(3, more=f"<Cache><Path>{tmp_path}</Path></Cache>")
        Reference.open(uri).read(WINDOW)
        once = len(server.asked)
        assert once
        for path in (path for path in tmp_path.rglob("*") if path.is_file()):
            os.utime(path, (time.time() - 40 * 86_400,) * 2)
        assert Reference.open(uri).read(WINDOW).mask.all()
        assert len(server.asked) == once
