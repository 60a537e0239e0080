"""``models``: list the models and matchers, and fetch or give their weights."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.shared_arguments import add_device
from astroloc_qgis.cli.values import positive, sha256


def add_models(commands: Any) -> None:
    """Add the grammar of ``models`` to the subparsers of the command line."""
    parser: ArgumentParser = commands.add_parser("models", help="list the models and matchers, and get their weights")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="show what each is good for, its licence and size, and whether it is installed")
    measure: ArgumentParser = actions.add_parser(
        "measure", help="measure seconds and memory of the published networks on this machine, beside astroloc-lite"
    )
    measure.add_argument(
        "networks", nargs="*", metavar="NETWORK", help="earthloc-320, astroloc-base-518, ... (default all)"
    )
    measure.add_argument("--pictures", type=positive, default=4, metavar="N", help="described at once (default 4)")
    add_device(measure)
    fetch: ArgumentParser = actions.add_parser("fetch", help="fetch weights; resumes an interrupted download")
    fetch.add_argument("name", metavar="NAME", help="of a model or matcher (see list)")
    fetch.add_argument("--sha256", type=sha256, metavar="HEX", help="of the file, where you know it")
    give: ArgumentParser = actions.add_parser("give", help="install weights that you have, and record their sha256")
    give.add_argument("name", metavar="NAME", help="of a model or matcher, or a new name for a checkpoint of your own")
    give.add_argument("path", type=Path, metavar="FILE|FOLDER", help="the weights, or a folder that has them")
    give.add_argument("--sha256", type=sha256, metavar="HEX", help="refuse the file if it has another one")
    give.add_argument("--licence", metavar="TEXT", help="of the weights")
    give.add_argument("--source", metavar="TEXT", help="where they are from")
    remove: ArgumentParser = actions.add_parser("remove", help="remove weights that were fetched or given")
    remove.add_argument("name", metavar="NAME", help="of a model or matcher")


def run_models(options: Namespace) -> None:
    """Do what the action says.

    Raises:
        InputError: a name or a file cannot be used.
    """
    from astroloc_qgis.cli.models import actions as models

    if options.action == "list":
        print(models.table())
    elif options.action == "measure":
        from astroloc_qgis.engine.device import resolve_device

        for line in models.costs(options.networks, resolve_device(options.device), options.pictures):
            print(line, flush=True)
    elif options.action == "remove":
        for path in models.remove(options.name):
            print(f"removed {path}")
    elif options.action == "give":
        about = {"sha256": options.sha256, "licence": options.licence, "source": options.source}
        print(models.give(options.name, options.path, **about))
    else:
        for needed in models.files_of(options.name, options.sha256):
            print(models.announce(needed), flush=True)
            with progress_bar(needed) as progress:
                print(models.fetch(needed, options.sha256, progress))
