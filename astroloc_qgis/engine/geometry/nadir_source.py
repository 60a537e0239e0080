"""Who says where a nadir is; without numpy, for the installer's process."""

from __future__ import annotations

from typing import Literal

NadirSource = Literal["given", "exif", "tle", "nasa"]
"""The user, the photo's EXIF, orbital elements and the time of the camera's clock, or NASA's photo database."""
