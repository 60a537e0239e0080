"""Brings i18n/astroloc_<language>.ts up to date with the texts in the code, and compiles it to the .qm that Qt reads.

The .qm files are in the repository: a checkout and `make package` need no lrelease; a change of the texts does.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ["gui", "qgis_adapters", "processing_provider"]
LANGUAGES = ["de"]
CONTEXT = "AstroLoc"
COMPILERS = ["lrelease", "lrelease-qt5", "lrelease-qt6", "lrelease6"]


class TextError(Exception):
    """A tr() in the code cannot be translated; the message says which one, and what to write in its place."""


@dataclass(frozen=True)
class Translation:
    """A translated text; a translator still has to look at an unfinished one."""

    text: str = ""
    finished: bool = False


def texts(root: Path = ROOT) -> list[str]:
    """Returns every text that the code gives to tr(), once, in the order of files and lines.

    Raises:
        TextError: the argument of a tr() is not a plain string, or a tr() runs before the translation is loaded.
    """
    found: dict[str, None] = {}
    for folder in FOLDERS:
        for path in sorted((root / "astroloc_qgis" / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for call in _calls(tree, at_import=True):
                where = f"{path.relative_to(root).as_posix()}:{call.lineno}"
                raise TextError(f"{where}: this tr() runs before the translation is loaded: move it into a function.")
            for call in sorted(_calls(tree), key=lambda call: (call.lineno, call.col_offset)):
                text = call.args[0] if len(call.args) == 1 else None
                if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
                    where = f"{path.relative_to(root).as_posix()}:{call.lineno}"
                    raise TextError(f"{where}: tr() takes one plain string; put values in with .format() afterwards.")
                found[text.value] = None
    return list(found)


def read(ts: Path) -> dict[str, Translation]:
    """Reads the translations in a .ts file by their text in the code; a missing file has none."""
    if not ts.is_file():
        return {}
    found = {}
    for message in ElementTree.parse(ts).getroot().iter("message"):  # noqa: S314 - a file of this repository
        translation = message.find("translation")
        if translation is not None:
            text = translation.text or ""
            found[message.findtext("source", "")] = Translation(text, bool(text) and translation.get("type") is None)
    return found


def update(ts: Path, language: str, sources: list[str]) -> dict[str, Translation]:
    """Writes a .ts file with these texts: keeps known translations, marks new texts, drops those that are gone."""
    known = read(ts)
    translations = {source: known.get(source, Translation()) for source in sources}
    root = ElementTree.Element("TS", version="2.1", language=language, sourcelanguage="en")
    context = ElementTree.SubElement(root, "context")
    ElementTree.SubElement(context, "name").text = CONTEXT
    for source, translation in translations.items():
        message = ElementTree.SubElement(context, "message")
        ElementTree.SubElement(message, "source").text = source
        attributes = {} if translation.finished else {"type": "unfinished"}
        ElementTree.SubElement(message, "translation", attributes).text = translation.text
    ElementTree.indent(root, "    ")
    body = ElementTree.tostring(root, encoding="unicode")
    ts.parent.mkdir(parents=True, exist_ok=True)
    ts.write_bytes(f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n{body}\n'.encode())
    return translations


def main() -> int:
    """Updates and compiles every language; returns the exit status."""
    try:
        sources = texts()
    except TextError as error:
        print(error, file=sys.stderr)
        return 1
    compiler = next((path for name in COMPILERS if (path := shutil.which(name))), None)
    for language in LANGUAGES:
        ts = ROOT / "i18n" / f"astroloc_{language}.ts"
        unfinished = [text for text, translation in update(ts, language, sources).items() if not translation.finished]
        print(f"{ts.relative_to(ROOT)}: {len(sources)} texts, {len(unfinished)} still to translate")
        for text in unfinished:
            print(f"  {text!r}")
        if compiler is not None:
            command = [compiler, "-silent", str(ts), "-qm", str(ts.with_suffix(".qm"))]
            if subprocess.run(command, check=False).returncode != 0:
                print(f"{compiler} did not compile {ts.relative_to(ROOT)}.", file=sys.stderr)
                return 1
    if compiler is None:
        print(
            "The .qm files were not made: install lrelease (Debian: qttools5-dev-tools) and run this again.",
            file=sys.stderr,
        )
        return 1
    return 0


def _calls(node: ast.AST, *, at_import: bool = False) -> Iterator[ast.Call]:
    """Yields the calls of tr() below a node; with ``at_import`` only those that run when the module is imported."""
    for child in ast.iter_child_nodes(node):
        if at_import and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Name) and child.func.id == "tr":
            yield child
        yield from _calls(child, at_import=at_import)


if __name__ == "__main__":
    sys.exit(main())
