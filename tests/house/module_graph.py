"""Which module of the package imports which, read from the sources without importing them."""

from __future__ import annotations

import ast
from pathlib import Path

Graph = dict[str, set[str]]
"""Each module, by its dotted name without the package's, and the modules that it imports anywhere in its source: in
functions and under ``TYPE_CHECKING`` too."""


def module_files(package: Path) -> dict[str, Path]:
    """The source of each module below a package by its dotted name; a package's ``__init__`` has the package's name."""
    files = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        files[".".join(part for part in parts if part != "__init__")] = path
    return files


def module_graph(package: Path) -> Graph:
    """The imports between the modules of a package.

    The package's own ``__init__`` (the version, and QGIS's entry point, which imports the plugin when QGIS calls it) is
    left out: who imports the package for its version or its folder does not import the plugin.
    """
    files = {name: path for name, path in module_files(package).items() if name}
    return {
        name: _imported(path.read_text(encoding="utf-8"), package.name, name, path, set(files)) - {name}
        for name, path in files.items()
    }


def circles(graph: Graph) -> list[list[str]]:
    """The groups of modules that import each other, directly or through others; each sorted (Tarjan, 1972)."""
    found: list[list[str]] = []
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_modules: list[str] = []

    def visit(module: str) -> None:
        number[module] = lowest[module] = len(number)
        open_modules.append(module)
        for imported in sorted(graph[module]):
            if imported not in number:
                visit(imported)
                lowest[module] = min(lowest[module], lowest[imported])
            elif imported in open_modules:
                lowest[module] = min(lowest[module], number[imported])
        if lowest[module] == number[module]:
            group = open_modules[open_modules.index(module) :]
            del open_modules[open_modules.index(module) :]
            if len(group) > 1:
                found.append(sorted(group))

    for module in sorted(graph):
        if module not in number:
            visit(module)
    return found


def _imported(source: str, package: str, module: str, path: Path, known: set[str]) -> set[str]:
    """The modules of the package that the source of a module imports."""
    inside = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name.removeprefix(f"{package}.") for alias in node.names if alias.name.startswith(package)]
        elif isinstance(node, ast.ImportFrom):
            base = (node.module or "").split(".") if node.module else []
            if node.level:
                base = [*inside[: len(inside) - node.level + 1], *base]
            elif base[:1] == [package]:
                base = base[1:]
            else:
                continue
            names = [name for alias in node.names for name in (".".join([*base, alias.name]), ".".join(base))]
            # ``from package import module`` is an import of the module; of anything else, one of the package.
            names = [first if first in known else second for first, second in zip(names[::2], names[1::2], strict=True)]
        else:
            continue
        found |= {name for name in names if name in known}
    return found
