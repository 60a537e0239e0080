"""NASA's photo numbers: found in a name in any spelling, and what they say of the spacecraft."""

from __future__ import annotations

import re
from pathlib import Path

# mission-roll-frame, as the Gateway to Astronaut Photography of Earth names photos. The mission is that of the Space
# Station (ISS), a Shuttle (STS), Apollo (AS), Skylab (SL) or NASA's crews on Mir (NM). The roll of digital cameras is E
# (ESC in the Shuttle's first years), that of film a number, or letters and a number, or M or P for the mapping and
# panoramic cameras of Apollo. Without hyphens only E is unambiguous.
_MISSION = r"(?<![A-Za-z0-9])(?:(ISS|STS)[-_ ]?(\d{1,3}[A-Z]?)|(AS)-?(0?[1-9]|1[0-7])|(SL)-?([1-4])|(NM)-?(\d\d))"
_WITH_HYPHENS = re.compile(
    _MISSION + r"[-_ ](E|ESC|M|P|[A-Z]{0,2}\d{1,4}[A-Z]?)[-_ ](\d{1,7})(?!\d)",
    re.IGNORECASE,
)
_COMPACT = re.compile(
    r"(?<![A-Za-z0-9])(ISS|STS|NM)[-_ ]?(\d{1,3})[-_ ]?(E|ESC)[-_ ]?(\d{1,7})(?!\d)",
    re.IGNORECASE,
)
_DIGITS = {"ISS": 3, "STS": 3, "AS": 2, "SL": 1, "NM": 2}
"""How many digits NASA writes the number of a mission with."""


def nasa_photo_number(name: str) -> str | None:
    """Find NASA's photo number in a file's name.

    Args:
        name: such as "ISS056-E-181034_lrg.jpg", "iss073e0293986.jpg", "STS-106-718-28.tif", "AS17-148-22727.jpg".

    Returns:
        mission-roll-frame in capitals, in one spelling: as many digits for the mission as NASA writes (ISS 3, STS 3,
        AS 2, SL 1, NM 2) and no leading zeros in the frame ("ISS056-E-181034", "STS106-718-28"); or None.
    """
    found = _WITH_HYPHENS.search(name) or _COMPACT.search(name)
    if found is None:
        return None
    programme, mission, roll, frame = (part.upper() for part in found.groups() if part is not None)
    mission = f"{int(mission):0{_DIGITS[programme]}d}" if mission.isdigit() else mission
    return f"{programme}{mission}-{roll}-{int(frame)}"


def photo_name(path: Path) -> str:
    """What the names of a photo's results begin with: NASA's photo number, or the file's name without its ending."""
    return nasa_photo_number(path.name) or path.stem


def platform_of(number: str | None) -> str | None:
    """The spacecraft that a photo was taken from, as STAC's "platform" (a name in small letters).

    Args:
        number: as ``nasa_photo_number`` gives it.

    Returns:
        "iss", "sts-106", "apollo-17", "skylab" or "mir"; None for a photo without a number.
    """
    found = re.match(r"(ISS|STS|AS|SL|NM)(\w+)-", number or "")
    if found is None:
        return None
    programme, flight = found.groups()
    names = {"ISS": "iss", "STS": f"sts-{flight.lstrip('0')}", "AS": f"apollo-{flight.lstrip('0')}"}
    return (names | {"SL": "skylab", "NM": "mir"})[programme].lower()
