"""A page of HTML that can be read without a network: facts, tables, texts and drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

STYLE = (
    "body{font-family:sans-serif;margin:2em;color:#222}table{border-collapse:collapse;margin:1em 0}"
    "td,th{border:1px solid #bbb;padding:.3em .6em;text-align:left;vertical-align:top}th{background:#eef3f8}"
    "pre{background:#f5f5f5;padding:1em;overflow:auto}svg{max-width:100%;height:auto}"
)


def page(title: str, *parts: str) -> str:
    """A whole page.

    Args:
        title: its heading.
        parts: HTML, of the functions below.
    """
    body = "\n".join(part for part in parts if part)
    return (
        f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )


def facts(values: Mapping[str, object]) -> str:
    """A table of names and values."""
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in values.items())
    return f"<table>{rows}</table>"


def table(heads: Sequence[str], rows: Sequence[tuple[str, Sequence[object]]]) -> str:
    """A table; each row has a class, for its colour, and its cells."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    lines = [
        f'<tr class="{escape(kind)}">' + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"
        for kind, cells in rows
    ]
    return f"<table><tr>{head}</tr>\n" + "\n".join(lines) + "</table>"


def printed(text: str) -> str:
    """What a command printed: its tables as tables, all else as it is."""
    parts: list[str] = []
    for is_table, group in groupby(text.strip().splitlines(), key=lambda line: line.startswith("|")):
        lines = list(group)
        if is_table:
            head, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
            parts.append(table(head, [("", cells) for cells in rows if not set("".join(cells)) <= set("-:")]))
        elif words := "\n".join(lines).strip():
            parts.append(f"<pre>{escape(words)}</pre>")
    return "\n".join(parts)


def drawing(svg: Path) -> str:
    """A drawing that was written as SVG; nothing where it was not."""
    if not svg.is_file():
        return ""
    text = svg.read_text(encoding="utf-8")
    return text[max(0, text.find("<svg")) :]
