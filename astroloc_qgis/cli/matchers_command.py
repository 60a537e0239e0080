"""``matchers``: list the matchers, and get their weights."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.values import sha256


def add_matchers(commands: Any) -> None:
    """Add the grammar of ``matchers`` to the subparsers of the command line."""
    parser: ArgumentParser = commands.add_parser("matchers", help="list the matchers, and give them weights")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    show: ArgumentParser = actions.add_parser("list", help="show each matcher's licence, weights and cost")
    show.add_argument(
        "--measure", action="store_true", help="measure the cost of those that are ready, on this machine"
    )
    fetch: ArgumentParser = actions.add_parser("fetch", help="fetch weights; resumes an interrupted download")
    fetch.add_argument("name", metavar="NAME", help="of a matcher or of weights")
    fetch.add_argument("--sha256", type=sha256, metavar="HEX", help="of the file, where AstroLoc does not know it")
    add: ArgumentParser = actions.add_parser("add", help="add weights from a local file, and record their sha256")
    add.add_argument("name", metavar="NAME", help="of weights (see list), or a new name together with --like")
    add.add_argument("file", type=Path, metavar="FILE", help="PyTorch state dict")
    add.add_argument("--like", metavar="WEIGHTS", help="makes a matcher NAME of the one that uses these weights")
    add.add_argument("--sha256", type=sha256, metavar="HEX", help="refuse the file if it has another one")
    add.add_argument("--licence", metavar="TEXT", help="of the weights")
    add.add_argument("--source", metavar="TEXT", help="where they are from")


def run_matchers(options: Namespace) -> None:
    """Do what the action says.

    Raises:
        InputError: a name or a file cannot be used.
    """
    from astroloc_qgis.cli import matchers

    if options.action == "list":
        if options.measure:
            from astroloc_qgis.engine.device import limit_threads

            limit_threads()
        print(matchers.table(measure=options.measure))
    elif options.action == "add":
        about = {"sha256": options.sha256, "licence": options.licence, "source": options.source}
        print(matchers.add(options.name, options.file, like=options.like, **about))
    else:
        for needed in matchers.weights_of(options.name, options.sha256):
            print(matchers.announce(needed, options.sha256), flush=True)
            with progress_bar(needed) as progress:
                print(f"  {matchers.fetch(needed, options.sha256, progress)}")
