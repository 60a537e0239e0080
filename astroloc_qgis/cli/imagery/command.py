"""``imagery``: the catalogue of services, Blue Marble kept on this computer, and the cache of tiles."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar


def add_imagery(commands: Any) -> None:
    """Add the grammar of ``imagery`` to the subparsers of the command line."""
    parser: ArgumentParser = commands.add_parser("imagery", help="list services of imagery, keep one on this computer")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="show the services, their licences, what is kept, and the cache of tiles")
    keep: ArgumentParser = actions.add_parser(
        "keep", help="keep Blue Marble on this computer, about 170 MB; resumes an interrupted download"
    )
    source = keep.add_mutually_exclusive_group()
    source.add_argument("--from", dest="file", type=Path, metavar="FILE.mbtiles", help="take it from this file")
    source.add_argument(
        "--address", metavar="URL", help="of the same tiles elsewhere, with {z}, {y} and {x} (default: NASA's service)"
    )
    actions.add_parser("remove", help="delete Blue Marble from this computer")
    actions.add_parser("clear", help="delete the cache of tiles that were fetched from services")


def run_imagery(options: Namespace) -> None:
    """Do what the action says.

    Raises:
        InputError: the service does not answer, or a file cannot be used or written.
    """
    from astroloc_qgis.engine.imagery import tile_cache
    from astroloc_qgis.engine.imagery.catalogue import BLUE_MARBLE
    from astroloc_qgis.engine.imagery.kept.places import bytes_kept, remove_kept

    if options.action == "list":
        print(_table())
    elif options.action == "keep":
        print(_keep(options))
    elif options.action == "remove":
        size = bytes_kept(BLUE_MARBLE)
        remove_kept(BLUE_MARBLE)
        print(f"{BLUE_MARBLE.title}: {_mb(size)} deleted." if size else f"{BLUE_MARBLE.title} is not kept here.")
    else:
        size = tile_cache.cached_bytes()
        tile_cache.clear_cache()
        print(f"{_mb(size)} of tiles deleted.")


def _keep(options: Namespace) -> str:
    from astroloc_qgis.engine.imagery.catalogue import BLUE_MARBLE
    from astroloc_qgis.engine.imagery.kept.keeping import adopt_file, checked_address, keep_service
    from astroloc_qgis.engine.imagery.kept.places import KEPT_BYTES, bytes_kept, kept_file

    service = BLUE_MARBLE
    if options.file is None and kept_file(service).is_file():
        return f"{service.title} is kept already: {kept_file(service)} ({_mb(bytes_kept(service))})."
    address = None if options.address is None else checked_address(options.address)
    what = str(options.file or (address or service.address).replace("$", ""))
    print(f"{service.title}, about {_mb(KEPT_BYTES[service.key])}, from {what}; {service.licence}", flush=True)
    if have := bytes_kept(service):
        print(f"  {_mb(have)} are there already", flush=True)
    with progress_bar(service.title) as progress:
        if options.file is not None:
            path = adopt_file(options.file, service, progress=progress)
        else:
            path = keep_service(service, address=address, progress=progress)
    return f"  {path} ({_mb(bytes_kept(service))}): read from now on wherever {service.title} is named."


def _table() -> str:
    from astroloc_qgis.engine.imagery import tile_cache
    from astroloc_qgis.engine.imagery.catalogue import SERVICES
    from astroloc_qgis.engine.imagery.kept.places import KEEPABLE, bytes_kept, kept_file

    lines = []
    for service in SERVICES.values():
        lines.append(f"{service.key:16}{service.title}, {service.resolution_m:.0f} m a pixel at the equator")
        lines.append(f"{'':16}{service.licence}{f' ({service.licence_url})' if service.licence_url else ''}")
        lines.append(f"{'':16}{service.attribution}")
        if service.since is not None:
            lines.append(f"{'':16}from {service.since} on; of another day than the photo's: {service.key}@2020-05-01")
        if service.key in KEEPABLE:
            whole, size = kept_file(service), bytes_kept(service)
            part = f"{_mb(size)} are there; 'imagery keep' fetches the rest" if size else "not kept on this computer"
            lines.append(f"{'':16}{f'kept: {whole} ({_mb(size)})' if whole.is_file() else part}")
    cached, limit = tile_cache.cached_bytes(), tile_cache.limit_bytes()
    lines.append(f"cache of tiles: {tile_cache.tiles_folder()}, {_mb(cached)} of at most {_mb(limit)}")
    return "\n".join(lines)


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
