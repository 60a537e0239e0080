"""NASA's photo numbers in every spelling, and the spacecraft they name."""

from __future__ import annotations

import pytest

from astroloc_qgis.engine.photo.number import nasa_photo_number, platform_of

NUMBERS = {
    "iss073e0293986.jpg": "ISS073-E-293986",
    "ISS073-E-0918643": "ISS073-E-918643",
    "ISS073-E-1918643_lrg.JPG": "ISS073-E-1918643",
    "iss073e1293986_small.jpg": "ISS073-E-1293986",
    "STS-106-718-28": "STS106-718-28",
    "STS106-718-28": "STS106-718-28",
    "sts-106-718-028_lrg.jpg": "STS106-718-28",
    "STS-51B-38-45": "STS51B-38-45",
    "STS-9-33-1271.tif": "STS009-33-1271",
    "AS17-148-22727": "AS17-148-22727",
    "as17-148-22727_small.jpg": "AS17-148-22727",
    "as17-148-22727~orig.jpg": "AS17-148-22727",
    "AS17-148-22727HR.jpg": "AS17-148-22727",
    "AS7-03-1545": "AS07-03-1545",
    "as16-m-0129.tif": "AS16-M-129",
    "SL4-137-3655": "SL4-137-3655",
    "sl4-137-3655_lrg.jpg": "SL4-137-3655",
    "SL3-028-0059.tif": "SL3-028-59",
    "NM23-725-500": "NM23-725-500",
    "nm23-725-500_small.png": "NM23-725-500",
    "NM22-E-12": "NM22-E-12",
}


@pytest.mark.parametrize(("name", "number"), NUMBERS.items())
def test_numbers_of_all_spacecraft_are_found(name: str, number: str) -> None:
    assert nasa_photo_number(name) == number
    assert nasa_photo_number(name.swapcase()) == number
    assert nasa_photo_number(number) == number  # it names itself
    assert nasa_photo_number(f"{number}_lrg.tif") == nasa_photo_number(f"{number.lower()}_small.jpg") == number


@pytest.mark.parametrize(
    "name",
    [
        "AS18-1-1.jpg", "AS0-1-1", "SL5-1-2", "SL44-1-2", "NM3-1-2", "was17-148-22727.jpg", "as17148-22727.jpg",
        "as 17-148-22727", "ISS-E-12", "ISS073-E-12345678", "SL4-137", "AS17_DEM.tif", "NM-2023-05-01.jpg",
    ],
)  # fmt: skip
def test_other_names_are_none(name: str) -> None:
    assert nasa_photo_number(name) is None


@pytest.mark.parametrize(
    ("number", "platform"),
    [
        ("ISS056-E-181034", "iss"),
        ("STS106-718-28", "sts-106"),
        ("STS009-33-1271", "sts-9"),
        ("STS51B-38-45", "sts-51b"),
        ("AS17-148-22727", "apollo-17"),
        ("AS07-03-1545", "apollo-7"),
        ("SL4-137-3655", "skylab"),
        ("NM23-725-500", "mir"),
        (None, None),
    ],
)
def test_a_number_names_the_spacecraft(number: str | None, platform: str | None) -> None:
    assert platform_of(number) == platform
