"""The text of tables that spreadsheets write."""

from __future__ import annotations

import codecs


def table_text(data: bytes) -> str:
    """The text of a table of coordinates: UTF-16 or UTF-8 where it is one, else Windows' Western European."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
