"""What the documents name exists: files, folders, links, and a file for each step of the papers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HELP = ROOT / "resources" / "help"
README = ROOT / "README.md"
HOW_IT_WORKS = HELP / "how-it-works.md"
MODEL_CARD = ROOT / "resources" / "models" / "MODEL_CARD.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "resources").rglob("*.md")])
documents = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)

MOST_LINES = 200
MADE_BY_MAKE = {".venv/", "build/", "build/screenshots/", "demo-output/", "dist/"}

STEPS = (
    "year-wise augmentation",
    "neutral-aware multi-similarity mask",
    "k-means hard batches",
    "photo-tile pair loss",
    "the recipe by name",
    "the networks in training",
    "full footprints",
    "earthloc's benchmark",
    "lost in space",
    "photos of the film era",
    "its benchmark",
    "relevance-weighted clusters",
    "database descriptors",
    "query rotation",
    "iterative coregistration",
    "per-matcher threshold",
    "working plane",
    "uncertainty",
    "output renormalisation",
    "database-side augmentation",
    "texture",
    "nadir prior",
    "cascade",
    "georeferencing",
    "exports",
)
"""The steps of the papers, and of ours, that a reader looks for."""


def without_code_blocks(text: str) -> str:
    """A document without its blocks of code, in which nothing is a link."""
    return re.sub(r"^(```.*?^```|(?: {4}|\t).*?)$", "", text, flags=re.MULTILINE | re.DOTALL)


def named_files(text: str) -> list[str]:
    """Every file (Python, JSON or Markdown) and folder that a text names between backticks; commands are no names."""
    spans = re.findall(r"`([^`\n]+)`", without_code_blocks(text))
    return [span for span in spans if re.fullmatch(r"[\w./*-]+(\.py|\.json|\.md|/)", span)]


def exists(name: str, document: Path) -> bool:
    """Whether there is a file or folder of that name, which may be a pattern, seen from where documents count from."""
    bases = [ROOT, ROOT / "astroloc_qgis", ROOT / "astroloc_qgis" / "engine", document.parent]
    return any(any(base.glob(name.rstrip("/"))) for base in bases)


def slug(heading: str) -> str:
    """The anchor that a heading gets on a web page of the repository."""
    kept = re.sub(r"[^\w\s-]", "", heading.replace("`", "").strip().lower())
    return re.sub(r"\s", "-", kept)


def anchors(document: Path) -> set[str]:
    text = without_code_blocks(document.read_text(encoding="utf-8"))
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def steps(text: str) -> dict[str, list[str]]:
    """The rows of all tables with a column "our file": the first cell, in lower case, and the files named there."""
    found: dict[str, list[str]] = {}
    column = None
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            column = None
        elif "our file" in cells:
            column = cells.index("our file")
        elif column is not None and not set(line) <= set("|-: "):
            found.setdefault(cells[0].lower(), []).extend(named_files(cells[column]))
    return found


def test_names_of_files_are_told_from_commands_and_other_code():
    text = "`a/b.py`, `c.json` and `d/`; `make test`, `--json FILE.json`, `x.y`, `a_*.json`\n\n    `in/code.py`\n"
    assert named_files(text) == ["a/b.py", "c.json", "d/", "a_*.json"]


def test_steps_are_read_from_tables_of_files_only():
    text = "| step | our file |\n| --- | --- |\n| A loss | `a.py`, `b.py` |\n\n| px |\n| --- |\n| `c.py` |\n"
    assert steps(text) == {"a loss": ["a.py", "b.py"]}


def test_the_readme_is_short():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@documents
def test_every_file_that_a_document_names_exists(document):
    names = set(named_files(document.read_text(encoding="utf-8"))) - MADE_BY_MAKE
    assert sorted(name for name in names if not exists(name, document)) == []


@documents
def test_every_relative_link_of_a_document_leads_somewhere(document):
    targets = re.findall(r"\]\(([^)\s]+)\)", without_code_blocks(document.read_text(encoding="utf-8")))
    dead = []
    for target in targets:
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = document.parent / name if name else document
        if not file.exists() or (anchor and anchor not in anchors(file)):
            dead.append(target)
    assert dead == []


def test_the_picture_of_every_page_exists():
    pages = sorted(HELP.glob("*.html"))
    assert pages
    for page in pages:
        for source in re.findall(r'(?:src|href)="([^"]+)"', page.read_text(encoding="utf-8")):
            assert (page.parent / source).is_file(), f"{page.name}: {source}"


@pytest.mark.parametrize("step", STEPS)
def test_each_step_of_the_papers_names_its_file(step):
    named = [file for first, files in steps(HOW_IT_WORKS.read_text(encoding="utf-8")).items() if step in first
             for file in files]  # fmt: skip
    assert named, f"no row of a table in {HOW_IT_WORKS.name} is called {step}, with a file beside it"
    assert [file for file in named if not exists(file, HOW_IT_WORKS)] == []


def test_the_documents_that_people_look_for_are_linked_from_the_readme():
    text = README.read_text(encoding="utf-8")
    linked = {(ROOT / target.partition("#")[0]).resolve() for target in re.findall(r"\]\(([^)\s]+)\)", text)}
    assert sorted(str(page) for page in DOCUMENTS if page != README and page not in linked) == []
