"""Numbers and coordinates as people and spreadsheets write them: 46.5 and 46,5."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")


def read_number(text: str) -> float:
    """Read a number with a decimal point or a decimal comma.

    Raises:
        ValueError: the text is something else, such as a number with separators between thousands.
    """
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    if not _NUMBER.fullmatch(plain):
        raise ValueError(f"“{text}” is not a number")
    return float(plain.replace(",", "."))


def read_coordinates(text: str) -> list[float]:
    """Read numbers that are separated by commas, semicolons or spaces; the last may have the unit km.

    A comma is a decimal one where the text makes sense in no other way: "46,5; 7,2", "46,5 7,2" and "46,5,7,2" are
    46.5 and 7.2, but "46,5" is 46 and 5.

    Raises:
        ValueError: the text is something else.
    """
    plain = re.sub(r"\s*km$", "", text.strip())
    parts = [part for part in re.split(r"[,;\s]+", plain) if part]
    if len(parts) == 2:
        return [read_number(part) for part in parts]
    words = [word for word in (word.strip(",") for word in re.split(r"[;\s]+", plain)) if word]
    if len(words) == 1 and len(parts) == 4 and "." not in plain:
        parts = [f"{parts[0]},{parts[1]}", f"{parts[2]},{parts[3]}"]
    elif len(words) > 1 and not any(re.search(r",.*[,.]|\..*,", word) for word in words):
        parts = words
    return [read_number(part) for part in parts]
