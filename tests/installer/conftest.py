"""An install of three tiny packages into a real environment, by the installer's own process."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from astroloc_qgis.worker.protocol import Result
from tests.worker.process import Process

from .wheels import hashed_line, make_wheel, serve

LAUNCHER = Path(__file__).resolve().parents[2] / "astroloc_qgis" / "worker" / "launch.py"
PAYLOAD = bytes(range(256)) * 4000
"""A megabyte, so that an install takes a moment and a small disk is filled."""


class World:
    """A lock file, its wheels, an index that serves them, and a folder to install into."""

    def __init__(self, folder: Path, index) -> None:
        self.folder = folder
        self.root = folder / "engine"
        self.index = index
        self.wheels = index.folder
        self.lock, self.weights = folder / "lock.txt", folder / "weights.txt"
        made = [make_wheel(self.wheels, name, files={f"{name}/data.bin": PAYLOAD}) for name in ("alpha", "beta")]
        self.lock.write_text("# a comment\n" + "".join(map(hashed_line, made)))
        self.weights.write_text(hashed_line(make_wheel(self.wheels, "gamma")))

    @property
    def params(self):
        return {
            "root": str(self.root),
            "lock": str(self.lock),
            "weights": str(self.weights),
            "use_uv": False,
            "prove": False,
        }

    @property
    def environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "PYTHON"))}
        kept = {name: value for name, value in kept.items() if not name.lower().endswith("_proxy")}
        own = {"PIP_INDEX_URL": f"{self.index.address}/simple", "PIP_CONFIG_FILE": os.devnull, "UV_HTTP_RETRIES": "0"}
        return {**kept, **own}

    @property
    def site(self):
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        return self.root / "env" / "lib" / version / "site-packages"

    def process(self, **environment):
        return Process("-I", str(LAUNCHER), "--installer", environment={**self.environment, **environment})

    def install(self, environment=None, **changes):
        """Install in a process of its own; returns the answer."""
        with self.process(**(environment or {})) as process:
            process.next()
            process.send(1, "install", {**self.params, **changes})
            return process.answer(1, timeout=120)

    def is_whole(self):
        journal = json.loads((self.root / "env" / "install.json").read_text())
        there = all((self.site / name / "__init__.py").is_file() for name in ("alpha", "beta", "gamma"))
        left = [name for name in ("env.part", "env.old", "cache") if (self.root / name).exists()]
        return journal["proved"] and there and left == []


@contextlib.contextmanager
def a_world(folder):
    wheels = folder / "wheels"
    wheels.mkdir()
    with serve(wheels) as index:
        yield World(folder, index)


@contextlib.contextmanager
def an_interrupted_install(folder):
    """A world whose install was interrupted before its first package; copies of it save seconds."""
    with a_world(folder) as made:
        made.index.status = 404
        made.install()
        yield made


@pytest.fixture
def world(tmp_path):
    """Nothing installed yet."""
    with a_world(tmp_path) as new:
        yield new


@pytest.fixture(scope="session")
def templates(tmp_path_factory):
    """An environment without packages, as an interrupted install leaves it, and a whole one: copies take no seconds."""
    folder = tmp_path_factory.mktemp("templates")
    with an_interrupted_install(folder) as made:
        shutil.copytree(made.root, folder / "begun", symlinks=True)
        made.index.status = 0
        assert isinstance(made.install(), Result)
        made.root.rename(folder / "whole")
    return folder


@pytest.fixture
def begun(world, templates):
    """An install that was interrupted before its first package."""
    shutil.copytree(templates / "begun", world.root, symlinks=True)
    return world


@pytest.fixture
def whole(world, templates):
    """A finished install."""
    shutil.copytree(templates / "whole", world.root, symlinks=True)
    return world
