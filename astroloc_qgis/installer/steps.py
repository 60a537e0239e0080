"""The install, step by step; each step looks first at what is already done, so that a broken-off install goes on."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import astroloc_qgis
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.installer import child, machine
from astroloc_qgis.installer.causes import may_differ_with_pip, told
from astroloc_qgis.installer.gdal import link_gdal
from astroloc_qgis.installer.journal import Journal
from astroloc_qgis.installer.lock import only_one
from astroloc_qgis.installer.packages import Requirement, missing, read_requirements, write_requirements
from astroloc_qgis.installer.places import CACHE, ENVIRONMENT, OLD, TOOLS, UNFINISHED, python_of, state
from astroloc_qgis.installer.plan import PACKAGE, UV, Plan, check_python, free_bytes
from astroloc_qgis.installer.socks import bridged
from astroloc_qgis.worker.site_packages import damaged

STEPS = ("check", "python", "tools", "packages", "weights", "proof")
"""The steps, in order: the stages of an install's progress."""
RESERVE_BYTES = 100_000_000
RENAMES = 20
RETRIES = "2"
TIMEOUT_S = "30"


class Report(Protocol):
    """Takes how far the install is; raises ``Cancelled`` to stop it."""

    def __call__(self, stage: str, fraction: float, text: str = "") -> None:
        """Report a stage, how far it is (0 to 1), and a line of the log."""


@dataclass
class Install:
    """One install: its plan, and where it is with it.

    Attributes:
        plan: what to do.
        report: takes the progress.
        repair: put the environment that is there in order, instead of making another beside it.
    """

    plan: Plan
    report: Report
    repair: bool = False
    _stage: str = field(default=STEPS[0], init=False)
    _fraction: float = field(default=0.0, init=False)
    _free_before: int = field(default=0, init=False)
    _proxies: dict[str, str] = field(default_factory=dict, init=False)

    @property
    def folder(self) -> Path:
        """The environment that is worked on."""
        return self.plan.root / (ENVIRONMENT if self.repair else UNFINISHED)

    @property
    def python(self) -> Path:
        """Its Python."""
        return python_of(self.folder)

    @property
    def site(self) -> Path:
        """Its site-packages."""
        if os.name == "nt":
            return self.folder / "Lib" / "site-packages"
        return self.folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"

    def run(self) -> Journal:
        """Do all that is left to do.

        Returns:
            The journal of the environment, which is then in use.

        Raises:
            InputError: something is in the way; what has been done is kept for the next try.
            Cancelled: the user stopped it; likewise.
        """
        if PACKAGE.resolve() in [(root := self.plan.root).resolve(), *root.resolve().parents]:
            raise InputError(f"The folder {root} is inside the plugin's own, which QGIS deletes at every update.")
        with only_one(self.plan.root), _disk_full_told(), bridged(os.environ) as self._proxies:
            steps = (self._check, self._python, self._tools, self._packages, self._weights, self._proof)
            for stage, step in zip(STEPS, steps, strict=True):
                self._stage, self._fraction = stage, 0.0
                self.report(stage, 0.0)
                step()
            return self._finish()

    def _check(self) -> None:
        check_python()
        root = self.plan.root
        self.repair = self.repair and (root / ENVIRONMENT).is_dir()
        done = sum(_size(root / name) for name in (UNFINISHED, CACHE))
        needed = 0 if self.repair else max(0, self.plan.disk_bytes() - done) + RESERVE_BYTES
        self._free_before = free_bytes(root)
        if self._free_before < needed:
            raise InputError(
                f"The engine needs {gigabytes(needed)} and there are {gigabytes(self._free_before)} free in {root}: "
                "free some space, or choose another folder."
            )
        self._say(f"Installing from {self.plan.source} into {root}")

    def _python(self) -> None:
        """Make the environment, over QGIS's Python, with nothing of its packages but GDAL."""
        journal = Journal.read(self.folder)
        if not self.repair and self.folder.exists() and journal.made_from != self.plan.digest():
            self._say("What an earlier install left was made of something else: beginning anew")
            shutil.rmtree(self.folder)
        if not self._works(self.python, "-I", "-c", "import pip._internal"):
            for remains in self.site.glob("pip*"):  # or venv takes it for whole
                shutil.rmtree(remains, ignore_errors=True)
            self._call([sys.executable, "-I", "-m", "venv", str(self.folder)], "make the environment", _without_venv)
        journal.now(made_from=self.plan.digest(), source=self.plan.source, proved=False).write(self.folder)
        if self.plan.osgeo is not None:
            link_gdal(self.site, self.plan.osgeo, self.plan.libraries)

    def _tools(self) -> None:
        """Get uv, which installs several times faster than pip; where it cannot be had, pip does it."""
        if not self.plan.use_uv or self._uv is not None:
            return
        target = ["--target", str(self.plan.root / TOOLS), "--upgrade"]
        try:
            self._pip(["--require-hashes", "--no-deps", "-r", str(UV), *target])
        except child.ChildFailed as failure:
            if not may_differ_with_pip(failure.output):
                raise told("install uv", failure.output) from failure
            self._say("uv cannot be had here: installing with pip, which takes longer")

    def _packages(self) -> None:
        wanted = self.plan.hashed()
        self._install(wanted, self.plan.lock.name)
        torch = self.plan.torch()
        if torch is not None and missing([torch], self.site):
            self._install_own_torch(torch)

    def _weights(self) -> None:
        self._install(read_requirements(self.plan.weights), self.plan.weights.name)

    def _proof(self) -> None:
        """See the engine work: a sum on the device, a search, a match, a raster."""
        proof: dict[str, Any] = {}
        if self.plan.prove:
            launcher = PACKAGE / "worker" / "launch.py"
            said: list[str] = []
            try:
                child.run([str(self.python), "-I", str(launcher), "--prove"], os.environ, said.append, self._tick)
            except child.ChildFailed as failure:
                raise told("see the engine work", failure.output) from failure
            with contextlib.suppress(ValueError, IndexError):
                proof = json.loads(said[-1])
            if not proof.get("works"):
                raise InputError("The engine was installed but does not work here: press Repair.", "\n".join(said))
            for part, seconds in proof["seconds"].items():
                self._say(f"{part}: {seconds:.2f} s")
        Journal.read(self.folder).now(
            proved=True, proof=proof, size=_size(self.folder), version=astroloc_qgis.__version__
        ).write(self.folder)

    def _finish(self) -> Journal:
        """Put the environment in the place of the one before, if there is one, and clean up."""
        root = self.plan.root
        place = root / ENVIRONMENT
        if not self.repair:
            shutil.rmtree(root / OLD, ignore_errors=True)
            if place.exists():
                _rename(place, root / OLD)
            _rename(self.folder, place)
        for name in (OLD, UNFINISHED, CACHE):
            shutil.rmtree(root / name, ignore_errors=True)
        self.report(STEPS[-1], 1.0, "The engine is ready")
        return Journal.read(place)

    def _install(self, wanted: list[Requirement], name: str) -> None:
        """Install what of ``wanted`` is missing or damaged, all checked by their hashes."""
        left = missing(wanted, self.site)
        if not left:
            return
        file = write_requirements(self.folder / f"missing-{name}", left)
        broken = damaged(self.site) & {requirement.name for requirement in left}
        options = ["--require-hashes", "--no-deps", "-r", str(file)]
        if self._uv is not None and self.plan.wheels is None:
            again = [f"--reinstall-package={name}" for name in sorted(broken)]
            command = [str(self._uv), "pip", "install", "--python", str(self.python), "--no-progress", *options, *again]
            try:
                self._run(command)
            except child.ChildFailed as failure:
                if not may_differ_with_pip(failure.output):
                    raise told("install the packages", failure.output) from failure
                self._say("uv gave up: trying pip")
            else:
                return
        try:
            self._pip([*options, *(["--force-reinstall"] if broken else [])])
        except child.ChildFailed as failure:
            raise told("install the packages", failure.output) from failure

    def _install_own_torch(self, torch: Requirement) -> None:
        """Install the torch of the user's choice, with what it says it needs; the address vouches for the bytes."""
        options = [torch.text, *(["--index-url", self.plan.index] if self.plan.index else ["--no-deps"])]
        try:
            self._pip(options)
        except child.ChildFailed as failure:
            raise told("install torch", failure.output) from failure

    def _pip(self, options: list[str]) -> str:
        command = [str(self.python), "-I", "-m", "pip", "install", "--progress-bar", "off", "--no-input"]
        command += ["--disable-pip-version-check", "--no-warn-script-location", "--only-binary", ":all:"]
        command += ["--retries", RETRIES, "--timeout", TIMEOUT_S, "--cache-dir", str(self.plan.root / CACHE / "pip")]
        if self.plan.wheels is not None:
            command += ["--no-index", "--find-links", str(self.plan.wheels)]
        return self._run([*command, *options])

    @property
    def _uv(self) -> Path | None:
        name = "uv.exe" if os.name == "nt" else "uv"
        path = self.plan.root / TOOLS / "bin" / name
        return path if path.is_file() else None

    def _call(self, command: list[str], what: str, explain: Callable[[str], InputError | None] | None = None) -> str:
        try:
            return self._run(command)
        except child.ChildFailed as failure:
            raise (explain(failure.output) if explain else None) or told(what, failure.output) from failure

    def _works(self, *command: str | Path) -> bool:
        try:
            child.run([str(part) for part in command], os.environ, _unheard, self._tick)
        except child.ChildFailed:
            return False
        return True

    def _run(self, command: list[str]) -> str:
        environment = dict(os.environ)
        temporary = self.plan.root / CACHE / "tmp"  # on the same disk, whose space has been checked
        temporary.mkdir(parents=True, exist_ok=True)
        environment |= {name: str(temporary) for name in ("TMPDIR", "TEMP", "TMP")}
        environment |= {"UV_CACHE_DIR": str(self.plan.root / CACHE / "uv"), "UV_HTTP_TIMEOUT": TIMEOUT_S}
        environment |= {"UV_NO_CONFIG": "1", "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
        if index := environment.get("PIP_INDEX_URL"):
            environment.setdefault("UV_DEFAULT_INDEX", index)
        environment |= self._proxies
        return child.run(command, environment, self._say, self._tick)

    def _say(self, line: str) -> None:
        self.report(self._stage, self._fraction, line)

    def _tick(self) -> None:
        """Ask whether to go on, and tell how much has arrived on the disk."""
        if self._stage == "packages" and (expected := self.plan.disk_bytes()):
            arrived = self._free_before - free_bytes(self.plan.root)
            self._fraction = max(self._fraction, min(0.99, arrived / expected))
        self.report(self._stage, self._fraction)


def gigabytes(size: float) -> str:
    """Return a size for people."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.0f} MB"


def describe(plan: Plan) -> dict[str, Any]:
    """Return what there is to know before an install, for the user to agree to."""
    check_python()
    gpus = machine.nvidia_gpus()
    outlook = machine.outlook(machine.system_key(), gpus, own_torch=plan.own_torch)
    now = state(plan.root)
    return {
        "root": str(plan.root),
        "source": plan.source,
        "download_bytes": plan.download_bytes(),
        "disk_bytes": plan.disk_bytes(),
        "free_bytes": free_bytes(plan.root),
        "device": outlook.device,
        "why": outlook.why,
        "packages": [f"{r.name} {r.version}" for r in [*plan.hashed(), *read_requirements(plan.weights)]],
        "state": now,
        "up_to_date": now == "ready" and Journal.read(plan.root / ENVIRONMENT).made_from == plan.digest(),
        "supported": plan.download_bytes() > 0 or plan.lock.name != "requirements-lock.txt",
        "system": machine.system_key(),
    }


def remove(root: Path) -> int:
    """Remove what an install made in a folder, and nothing else; returns the bytes freed."""
    with only_one(root):
        before = sum(_size(root / name) for name in (ENVIRONMENT, UNFINISHED, OLD, CACHE, TOOLS))
        for name in (ENVIRONMENT, UNFINISHED, OLD, CACHE, TOOLS):
            shutil.rmtree(root / name, ignore_errors=True)
    with contextlib.suppress(OSError):
        (root / "lock").unlink()
        root.rmdir()
    return before


def move(root: Path, target: Path, report: Report) -> Journal:
    """Move a proved environment to another folder; the old one goes when the new one is whole.

    Raises:
        InputError: there is none, the target is taken, or its disk is too small.
    """
    place = root / ENVIRONMENT
    journal = Journal.read(place)
    if not journal.proved:
        raise InputError(f"There is no finished engine in {root} to move: install or repair it first.")
    if (target / ENVIRONMENT).exists():
        raise InputError(f"The folder {target} already holds an engine: choose another one.")
    if free_bytes(target) < journal.size + RESERVE_BYTES:
        raise InputError(f"The engine needs {gigabytes(journal.size)} and {target} has not that much free.")
    with only_one(root), only_one(target), _disk_full_told():
        part = target / UNFINISHED
        shutil.rmtree(part, ignore_errors=True)
        report("packages", 0.0, f"Copying to {target}")

        def copy(source: str, destination: str) -> str:
            report("packages", 0.0)
            return shutil.copy2(source, destination)

        try:
            shutil.copytree(place, part, symlinks=True, copy_function=copy)
        except shutil.Error as error:
            raise told("copy the engine", str(error)) from error
        _rename(part, target / ENVIRONMENT)
    remove(root)
    return journal


@contextlib.contextmanager
def _disk_full_told() -> Any:
    try:
        yield
    except OSError as error:
        raise told("write to the disk", str(error)) from error


def _without_venv(output: str) -> InputError | None:
    if "ensurepip" in output or "No module named venv" in output:
        return InputError(
            "QGIS's Python cannot make environments: install the package python3-venv of your system "
            "(sudo apt install python3-venv), then press Retry.",
            output,
        )
    return None


def _unheard(_line: str) -> None:
    """Take a line that nobody needs."""


def _rename(source: Path, target: Path) -> None:
    """Rename a folder; on Windows another program may look into it for a moment."""
    for _ in range(RENAMES):
        with contextlib.suppress(PermissionError):
            source.rename(target)
            return
        time.sleep(0.25)
    source.rename(target)


def _size(folder: Path) -> int:
    """Return the bytes of a folder's files, links not followed, those linked twice counted once."""
    total, seen = 0, set()
    for path, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                status = os.lstat(os.path.join(path, name))  # noqa: PTH118 - tens of thousands of files
                if (status.st_dev, status.st_ino) not in seen:
                    seen.add((status.st_dev, status.st_ino))
                    total += status.st_size
    return total
