"""The grammar of the command line."""

from __future__ import annotations

import argparse
import re
from typing import Any, NoReturn

from astroloc_qgis.cli.batch.command import add_batch
from astroloc_qgis.cli.batch.label_command import add_label
from astroloc_qgis.cli.benchmark.commands import add_benchmark
from astroloc_qgis.cli.imagery.command import add_imagery
from astroloc_qgis.cli.index_command import add_index_actions
from astroloc_qgis.cli.localize_command import add_localize
from astroloc_qgis.cli.matchers_command import add_matchers
from astroloc_qgis.cli.models.command import add_models
from astroloc_qgis.cli.nasa.nasa_command import add_nasa
from astroloc_qgis.cli.refine_command import add_refine
from astroloc_qgis.cli.retrieve_command import add_retrieve
from astroloc_qgis.cli.serve_command import add_serve
from astroloc_qgis.cli.texture_command import add_texture
from astroloc_qgis.cli.train_command import add_train
from astroloc_qgis.engine.errors import InputError


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, and leaves the exit status to ``main``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # argparse takes "-19.3" for a value and "-19.3,-70" for an option; places south and west are both values.
        self._negative_number_matcher = re.compile(r"^-[\d.][\d.,;eE+-]*$")

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage.

        Raises:
            InputError: always.
        """
        raise InputError(f"{message[:1].upper()}{message[1:]} (try '{self.prog} --help').")


def make_parser() -> Parser:
    """The parser of all commands; their subparsers are of the same class."""
    parser = Parser(
        prog="python -m astroloc_qgis", description="Georeference photographs that astronauts took of Earth."
    )
    parser.add_argument("--verbose", action="store_true", help="log what the engine does on stderr")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_localize(commands)
    add_batch(commands)
    add_label(commands)
    add_refine(commands)
    add_retrieve(commands)
    add_index_actions(commands)
    add_serve(commands)
    add_imagery(commands)
    add_matchers(commands)
    add_nasa(commands)
    add_models(commands)
    add_benchmark(commands)
    add_train(commands)
    add_texture(commands)
    return parser
