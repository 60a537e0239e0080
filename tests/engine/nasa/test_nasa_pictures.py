"""The picture of a photo comes whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.nasa.addresses import Addresses
from astroloc_qgis.engine.nasa.errors import NasaError
from astroloc_qgis.engine.nasa.pictures import fetch_picture, largest
from astroloc_qgis.engine.nasa.record import NasaRecord, Picture
from tests.engine.nasa.nasa_server import FILE, JPEG, LARGE, NUMBER, hanging_up, refusing, saying


def test_the_largest_that_can_be_read_is_fetched_and_not_twice(client, server, tmp_path: Path) -> None:
    record = client.look_up(NUMBER)
    seen: list[float] = []
    path = fetch_picture(client, record, tmp_path / "new" / "pictures", progress=lambda _, part: seen.append(part))
    assert path == tmp_path / "new" / "pictures" / FILE
    assert path.read_bytes() == JPEG
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    asked = len(server.asked)
    assert fetch_picture(client, record, path.parent) == path
    assert len(server.asked) == asked
    path.write_bytes(JPEG[:1000])  # an earlier program left a part of it
    assert fetch_picture(client, record, path.parent).read_bytes() == JPEG
    assert [each.name for each in path.parent.iterdir()] == [FILE]


def test_where_the_database_gives_no_sizes_the_folder_tells() -> None:
    pictures = (Picture("ESC/small/ISS064", FILE), Picture(LARGE, FILE), Picture("ESC/large/ISS064", "a.NEF"))
    assert largest(pictures) == pictures[1]
    assert largest(()) is None


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        (
            [saying(JPEG[:50_000], "image/jpeg", len(JPEG))] * 6,
            r"broke off after 50,000 of 90,013 bytes: fetch it again",
        ),
        ([saying(JPEG[:50_000], "image/jpeg")] * 2, "broke off after 50,000 of 50,000 bytes"),
        ([saying(b"<html>Log in</html>", "text/html")], "sent text/html instead of the picture ISS064-E-358.JPG"),
        ([saying(b"<html>Log in</html>", "image/jpeg")], "sent something else instead of the picture"),
        ([saying(b"", "image/jpeg")] * 2, "broke off"),
        ([refusing(404)], r"refuses the request \(HTTP 404\)"),
        ([refusing(500)] * 3, "fails at the moment"),
        ([hanging_up] * 3, "broke off its answer"),
    ],
    ids=["short", "cut", "html", "html as jpeg", "empty", "404", "500", "hung up"],
)
def test_each_trouble_has_its_sentence_leaves_nothing_and_the_next_fetch_works(
    client, server, tmp_path: Path, faults, words: str
) -> None:
    record = client.look_up(NUMBER)
    server.faults = list(faults)
    with pytest.raises(NasaError, match=words):
        fetch_picture(client, record, tmp_path / "pictures")
    assert list((tmp_path / "pictures").iterdir()) == []
    server.faults = []
    assert fetch_picture(client, record, tmp_path / "pictures").read_bytes() == JPEG


def test_a_break_in_the_middle_begins_again(client, server, tmp_path: Path) -> None:
    record = client.look_up(NUMBER)
    server.faults = [saying(JPEG[:50_000], "image/jpeg", len(JPEG)), refusing(500)]
    assert fetch_picture(client, record, tmp_path).read_bytes() == JPEG


def test_cancelling_leaves_nothing(client, tmp_path: Path) -> None:
    def cancel(_stage: str, _part: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        fetch_picture(client, client.look_up(NUMBER), tmp_path / "pictures", progress=cancel)
    assert list((tmp_path / "pictures").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(client, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written .* choose another folder"):
        fetch_picture(client, client.look_up(NUMBER), tmp_path / "file" / "pictures")


def test_a_photo_without_a_readable_picture(client, tmp_path: Path) -> None:
    with pytest.raises(NasaError, match="no picture of ISS064-E-358 in a form that AstroLoc reads"):
        fetch_picture(client, NasaRecord(NUMBER, pictures=(Picture("a", "b.NEF"),)), tmp_path)


def test_a_name_with_a_path_in_it_stays_in_the_folder(client, server, tmp_path: Path) -> None:
    server.files["a/x/evil.JPG"] = JPEG
    record = NasaRecord(NUMBER, pictures=(Picture("a/../x", "../evil.JPG"),))
    assert fetch_picture(client, record, tmp_path / "pictures") == tmp_path / "pictures" / f"{NUMBER}.jpg"
    assert Addresses("https://a", "https://a/i/").picture("b c/..", "d?.jpg") == "https://a/i/b%20c/d%3F.jpg"
