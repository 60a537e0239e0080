"""The report and the GeoPackage: complete, self-contained, and safe against any name of a file."""

from __future__ import annotations

import base64
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from osgeo import ogr

from astroloc_qgis.engine.batch.entries import unfinished_entry
from astroloc_qgis.engine.batch.geopackage import write_footprints
from astroloc_qgis.engine.batch.localizing import THUMBNAIL_BYTES, thumbnail
from astroloc_qgis.engine.batch.report.footprint_map import Shown, draw_map
from astroloc_qgis.engine.batch.report.html_report import MOST_ROWS, write_report
from astroloc_qgis.engine.batch.report.land_outline import land_outline
from astroloc_qgis.engine.batch.report.reasons import grouped, kind_of
from tests.engine.batch.fast import located
from tests.engine.synthetic import write_image

HOSTILE = (
    "<script>alert(1)</script>.jpg",
    '"><img src=x onerror=alert(1)>.jpg',
    "' onmouseover='alert(1).jpg",
    "{{ 7 * 7 }}{% raw %}.jpg",
    "]]></svg></style></title>&amp;<!--.jpg",
    "javascript:alert(1).jpg",
    "a\nb\t\u202egpj.exe.jpg",
    "\udcff\udc80.jpg",
)
THUMBNAIL = base64.b64encode(b"\xff\xd8" + bytes(4000)).decode()


class Page(HTMLParser):
    """What a browser sees: elements with their attributes, and the texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        self.texts.append(data)

    def count(self, tag: str) -> int:
        return sum(each == tag for each, _ in self.elements)


def report(path: Path, entries: list[dict], **more) -> str:
    settings = {"title": "Batch", "total": len(entries), "crew": [], "seconds": 60.0, "done_now": len(entries)}
    return write_report(path, entries, **{**settings, **more}).read_text(encoding="utf-8")


def entries(count: int) -> list[dict]:
    found = []
    for number in range(count):
        path = Path(f"/photos/ISS056-E-{number}.jpg")
        if number % 4 == 3:
            found.append(unfinished_entry(path, f"only {number} tie points agree on the best solution"))
        else:
            found.append(located(path) | {"thumbnail": THUMBNAIL})
    return found


def test_names_of_files_and_messages_are_nothing_but_text(tmp_path):
    def page_of(name: str) -> Page:
        path = Path(f"/p/{name}")
        lost = unfinished_entry(path, f"The photo {path} is empty.", "error") | {"note": name}
        return Page(report(tmp_path / "r.html", [located(path), lost], title=name))

    plain = page_of("plain.jpg")
    for name in HOSTILE:
        page = page_of(name)
        assert Counter(tag for tag, _ in page.elements) == Counter(tag for tag, _ in plain.elements), name
        assert {key for _, found in page.elements for key in found} == {
            key for _, found in plain.elements for key in found
        }, name
        shown = name.encode("utf-8", "backslashreplace").decode()
        assert shown in page.texts, name


def test_the_page_needs_nothing_from_outside_and_forbids_it(tmp_path):
    text = report(tmp_path / "r.html", entries(8))
    page = Page(text)
    for tag, found in page.elements:
        assert tag not in {"link", "iframe", "object", "embed", "base", "form"}
        for name in ("src", "href", "action", "data"):
            value = found.get(name)
            assert value is None or value.startswith(("data:image/jpeg;base64,", "#")), (tag, value)
    assert "@import" not in text
    assert "url(" not in text
    policy = next(found["content"] for tag, found in page.elements if found.get("http-equiv"))
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "script-src 'sha256-" in policy


def test_every_link_of_the_map_leads_to_a_row(tmp_path):
    page = Page(report(tmp_path / "r.html", entries(12)))
    rows = {found["id"] for tag, found in page.elements if tag == "tr" and "id" in found}
    links = [found["href"] for tag, found in page.elements if tag == "a"]
    assert len(links) == 9
    assert {link.removeprefix("#") for link in links} < rows


def test_it_says_how_many_why_not_and_how_long(tmp_path):
    crew = [{"name": "1", "photos": 8, "seconds": 50.0, "peak_memory": 812_000_000}]
    words = " ".join(" ".join(Page(report(tmp_path / "r.html", entries(8), total=10, crew=crew)).texts).split())
    assert "8 of 10 photos are done; run the same command again to go on" in words
    assert "60 s for 8 photos, 8.0 a minute" in words
    assert re.search(r"\b2 not localized only … tie points agree on the best solution", words)
    assert "such as: only 3 tie points agree" in words
    assert "812 MB" in words


def test_a_thousand_photos_fit(tmp_path):
    path = tmp_path / "r.html"
    page = Page(report(path, entries(1000)))
    assert page.count("img") == 750
    assert path.stat().st_size < 8_000_000


def test_of_very_many_photos_the_table_has_the_first_and_says_so(tmp_path):
    every = [unfinished_entry(Path(f"/p/{number}.jpg"), "no") for number in range(MOST_ROWS + 5)]
    text = report(tmp_path / "r.html", every)
    assert text.count('<tr id="photo-') == MOST_ROWS
    assert f"The first {MOST_ROWS} of {MOST_ROWS + 5}; the GeoPackage has all of them." in text


def test_a_batch_of_which_nothing_is_done_has_a_report(tmp_path):
    assert "0 of 5 photos are done" in report(tmp_path / "r.html", [], total=5, done_now=0)


def test_land_and_sea_are_where_they_are():
    land = np.zeros((180, 360), np.uint8)
    for ring in land_outline():
        one = np.zeros_like(land)
        cv2.fillPoly(one, [np.round([(lon + 180, 90 - lat) for lon, lat in ring]).astype(np.int32)], 1)
        land ^= one
    for lon, lat in [(10, 48), (-100, 40), (-60, -10), (25, -25), (135, -25), (100, 60), (20, 10)]:
        assert land[90 - lat, lon + 180], (lon, lat)
    for lon, lat in [(-40, 30), (-150, 0), (80, -30), (-20, -20), (160, 40), (5, -40), (3, 57)]:
        assert not land[90 - lat, lon + 180], (lon, lat)


def test_a_footprint_across_the_antimeridian_stays_whole_on_the_map():
    ring = np.array([[179.0, -17.0], [181.0, -17.0], [181.0, -18.0], [179.0, -18.0]])
    text = draw_map([Shown(ring, "Fiji", "", 0.99)])
    assert text.count('class="footprint') == 1
    paths = re.findall(r'<g class="footprint.*?<path d="M(.*?)Z"', text)
    xs = [float(point.split()[0]) for point in paths[0].split("L")]
    assert 20 < max(xs) - min(xs) < 400


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("only 12 tie points agree on the best solution", "only … tie points agree on the best solution"),
        ("night: 94% of the photo is dark; nothing was matched", "night: …% of the photo is dark"),
        ("The photo /p/a 7.jpg is empty (0 bytes): copy it again.", "The photo … is empty (… bytes): copy it again."),
    ],
)
def test_reasons_are_grouped_without_names_and_numbers(sentence, kind):
    assert kind_of(sentence, "/p/a 7.jpg") == kind


def test_the_commonest_reason_comes_first():
    said = [("/p/a.jpg", "error", "x 1"), ("/q/b.jpg", "not_localized", "y 1"), ("/q/c.jpg", "not_localized", "y 2")]
    first, second = grouped(said)
    assert (first.kind, first.count, first.names, first.example) == ("y …", 2, ["q/b.jpg", "q/c.jpg"], "y 1")
    assert (second.kind, second.count) == ("x …", 1)


def test_thumbnails_are_small(tmp_path):
    noise = np.random.default_rng(3).integers(0, 255, (600, 900, 3), np.uint8)
    data = base64.b64decode(thumbnail(write_image(tmp_path / "noise.png", noise)) or "")
    assert len(data) <= THUMBNAIL_BYTES
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape == (75, 112, 3)
    assert thumbnail(tmp_path / "none.png") is None


def test_the_geopackage_has_a_row_a_photo_and_polygons_past_180_degrees(tmp_path):
    ring = [[179.5, 10.0], [-179.5, 10.0], [-179.5, 9.0], [179.5, 9.0]]
    across = located(Path("/p/across.jpg")) | {"footprint": ring, "outline": ring, "taken": "2020-01-02T03:04:05"}
    lost = unfinished_entry(Path("/p/\udcff.jpg"), "The photo /p/\udcff.jpg is empty.", "error")
    write_footprints(tmp_path / "f.gpkg", [across, lost])
    source = ogr.Open(str(tmp_path / "f.gpkg"))
    layer = source.GetLayer(0)
    assert (layer.GetName(), layer.GetFeatureCount(), layer.GetSpatialRef().GetAuthorityCode(None)) == (
        "footprints", 2, "4326",
    )  # fmt: skip
    first, second = list(layer)
    assert first.GetGeometryRef().GetEnvelope() == (179.5, 180.5, 9.0, 10.0)
    row = first.items()
    assert (row["status"], row["error_m"], row["candidate"], row["candidate_rank"]) == (
        "localized",
        310.0,
        "10/365/540",
        2,
    )
    assert row["taken"].startswith("2020/01/02 03:04:05")
    assert row["seconds"] == pytest.approx(row["seconds_read"] + row["seconds_search"] + row["seconds_match"])
    assert second.GetGeometryRef() is None
    assert (second["status"], second["name"]) == ("error", "\\udcff.jpg")
