"""``index``: build, update, import, pack, install, merge, check or show an index; describe the land of the world."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.models.index_build import add_build, run_build, run_update
from astroloc_qgis.cli.models.index_import import add_import, run_import
from astroloc_qgis.cli.models.index_package import add_package, run_estimate, run_install, run_pack
from astroloc_qgis.cli.models.index_shards import add_shards, run_export, run_shard
from astroloc_qgis.cli.report import describe_index
from astroloc_qgis.cli.shared_arguments import add_out
from astroloc_qgis.cli.world_command import add_world, run_world


def add_index_actions(commands: Any) -> None:
    """Add the grammar of ``index`` to the subparsers of the command line."""
    index: ArgumentParser = commands.add_parser("index", help="build, import or look at an index")
    actions = index.add_subparsers(dest="action", required=True, metavar="ACTION")
    add_build(actions)
    info: ArgumentParser = actions.add_parser("info", help="show what an index holds")
    info.add_argument("folder", type=Path, metavar="DIR")
    check: ArgumentParser = actions.add_parser("check", help="read all of an index and compare it with its checksums")
    check.add_argument("folder", type=Path, metavar="DIR")
    merge: ArgumentParser = actions.add_parser(
        "merge", help="make one index of several of the same model, or of shards"
    )
    merge.add_argument("folders", type=Path, nargs="+", metavar="DIR")
    merge.add_argument("--kind", default="", metavar="KIND", help="vector store (default: the first index's)")
    merge.add_argument("--imagery", default="", metavar="URI", help="imagery that shows all their blocks")
    merge.add_argument("--title", default="", help="default: the titles of all")
    add_out(merge)
    add_world(actions)
    add_import(actions)
    add_package(actions)
    add_shards(actions)


def run_index(options: Namespace) -> None:
    """Do what the action says, and show the index.

    Raises:
        InputError: an input is wrong.
    """
    from astroloc_qgis.engine.device import limit_threads
    from astroloc_qgis.engine.index.sharded.opening import check_index, open_local

    if options.action in ("info", "check"):
        is_check = options.action == "check"
        print(describe_index(check_index(options.folder) if is_check else open_local(options.folder, thorough=True)))
        return
    if options.action in ("pack", "estimate", "export"):
        print({"pack": run_pack, "estimate": run_estimate, "export": run_export}[options.action](options))
        return
    limit_threads()
    make = {
        "world": run_world, "import": run_import, "merge": _merge, "build": run_build, "update": run_update,
        "install": run_install, "shard": run_shard,
    }[options.action]  # fmt: skip
    print(describe_index(make(options)))


def _merge(options: Namespace) -> Any:
    from astroloc_qgis.engine.index.merge import merge_indexes

    with progress_bar(options.out.name) as progress:
        return merge_indexes(
            options.folders, options.out, kind=options.kind, imagery=options.imagery, title=options.title,
            progress=progress,
        )  # fmt: skip
