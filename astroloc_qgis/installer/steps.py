"""The steps of an install. Each step first finds what is already done, so that an interrupted install continues."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import astroloc_qgis
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.installer import child
from astroloc_qgis.installer.builds.choice import CPU, PYPI
from astroloc_qgis.installer.builds.sizes import WEIGHTS
from astroloc_qgis.installer.causes import explained, explained_disk_errors
from astroloc_qgis.installer.disk import folder_size, free_bytes, gigabytes, rename
from astroloc_qgis.installer.gdal import link_gdal
from astroloc_qgis.installer.journal import Journal
from astroloc_qgis.installer.lock import only_one
from astroloc_qgis.installer.machine import check_processor
from astroloc_qgis.installer.packages import missing, read_requirements
from astroloc_qgis.installer.path_lengths import check_path_lengths
from astroloc_qgis.installer.places import CACHE, ENVIRONMENT, OLD, UNFINISHED
from astroloc_qgis.installer.plan import PACKAGE, RESERVE_BYTES, Plan, check_python
from astroloc_qgis.installer.proving import proved_engine
from astroloc_qgis.installer.tools import PackageTools
from astroloc_qgis.worker.site_packages import installed

STEPS = ("check", "python", "tools", "packages", "weights", "proof")
"""The steps, in order: the stages of an install's progress."""
IN_USE = "The engine in {place} is in use: end AstroLoc's work in every QGIS on this computer, then press Retry."
OUT_OF_REACH = (
    "PyTorch's own index ({index}), which has the small build of torch, is out of reach: installing PyPI's build, "
    "which comes with CUDA. That is {download} to download and {disk} on the disk; Cancel stops it."
)
TOOLS_BYTES = 60_000_000
"""Approximate size of uv on the disk."""
UNKNOWN_BYTES = 3_000_000_000
"""Size of the environment on systems whose packages have not been measured."""
EXPECTED_SHARE = 0.95
"""Share of the progress when as much as expected has arrived."""


class Report(Protocol):
    """Takes the progress of an install; raises ``Cancelled`` to stop it."""

    def __call__(self, stage: str, fraction: float, text: str = "") -> None:
        """Report the stage, its fraction (0 to 1) and a line of the log."""


@dataclass
class Install:
    """One install.

    Attributes:
        plan: what is installed, where and from where.
        report: takes the progress.
        repair: whether to repair the environment that is there, instead of making another beside it.
    """

    plan: Plan
    report: Report
    repair: bool = False
    _stage: str = field(default=STEPS[0], init=False)
    _fraction: float = field(default=0.0, init=False)
    _free_before: int = field(default=0, init=False)
    _free_at_stage: int = field(default=0, init=False)

    @property
    def folder(self) -> Path:
        """The environment that the install works on."""
        return self.plan.root / (ENVIRONMENT if self.repair else UNFINISHED)

    @property
    def tools(self) -> PackageTools:
        """pip and uv for that environment."""
        return PackageTools(self.plan, self.folder, self._say, self._tick)

    def run(self) -> Journal:
        """Do all steps that are not done yet.

        Returns:
            The journal of the environment, which is now the one in use.

        Raises:
            InputError: a step fails; what is done is kept for the next try.
            Cancelled: the user stopped it; what is done is kept.
        """
        if PACKAGE.resolve() in [(root := self.plan.root).resolve(), *root.resolve().parents]:
            raise InputError(f"The folder {root} is inside the plugin's own, which QGIS deletes at every update.")
        with only_one(self.plan.root), explained_disk_errors():
            steps = (self._check, self._python, self._tools, self._packages, self._weights, self._proof)
            for stage, step in zip(STEPS, steps, strict=True):
                self._stage, self._fraction, self._free_at_stage = stage, 0.0, free_bytes(root)
                self.report(stage, 0.0)
                step()
            return self._finish()

    def _check(self) -> None:
        check_processor()
        check_python()
        root = self.plan.root
        check_path_lengths(root)
        self.repair = self.repair and (root / ENVIRONMENT).is_dir()
        if self.repair:
            self.plan = self.plan.with_build(self._build_there())
        self._free_before = free_bytes(root)
        self._check_disk()
        self._say(f"Installing from {self.plan.source} into {root}")

    def _build_there(self) -> str:
        """Return the build of torch that a repair keeps: the one that is there, unless the user's own is wanted."""
        there = installed(self.tools.site).get("torch", "")
        if self.plan.own_torch or not there:
            return self.plan.build
        return CPU if there == self.plan.cpu.version else PYPI

    def _check_disk(self) -> None:
        """Check that the disk takes what is still to come."""
        root = self.plan.root
        done = sum(folder_size(root / name) for name in (UNFINISHED, CACHE))
        needed = 0 if self.repair else max(0, self.plan.sizes.disk - done) + RESERVE_BYTES
        if (free := free_bytes(root)) < needed:
            raise InputError(
                f"The engine needs {gigabytes(needed)} and there are {gigabytes(free)} free in {root}: "
                "free some space, or choose another folder."
            )

    def _python(self) -> None:
        """Make the environment on QGIS's Python; of that Python's packages it has GDAL alone."""
        journal = Journal.read(self.folder)
        if not self.repair and self.folder.exists() and journal.made_from != self.plan.digest():
            self._say("An earlier install was interrupted and had another plan: starting again")
            shutil.rmtree(self.folder)
        if not self.tools.works("-I", "-c", "import pip._internal"):
            for remains in self.tools.site.glob("pip*"):  # or venv thinks that pip is whole
                shutil.rmtree(remains, ignore_errors=True)
            try:
                self.tools.run([sys.executable, "-I", "-m", "venv", str(self.folder)])
            except child.ChildFailed as failure:
                raise explained("make the environment", failure.output) from failure
        self._note_plan(journal)
        if self.plan.osgeo is not None:
            link_gdal(self.tools.site, self.plan.osgeo, self.plan.libraries)

    def _tools(self) -> None:
        """Get what installs the packages: uv, and PySocks where pip needs it."""
        self.tools.get_pysocks()
        self.tools.get_uv()

    def _packages(self) -> None:
        torch = self.plan.torch()
        if self.plan.build == CPU and not self.tools.install_cpu_torch():
            self._fall_back()
        self.tools.install(self.plan.hashed(), self.plan.lock.name)
        if self.plan.own_torch and torch is not None and missing([torch], self.tools.site):
            self.tools.install_own_torch(torch)

    def _fall_back(self) -> None:
        """Go on with PyPI's build of torch instead of the small one.

        Raises:
            InputError: the disk is too small for it.
        """
        index, self.plan = self.plan.cpu.index, self.plan.with_build(PYPI)
        size = self.plan.sizes
        told = [gigabytes(each) if each else "more" for each in (size.download, size.disk)]
        self._say(OUT_OF_REACH.format(index=index, download=told[0], disk=told[1]))
        self._check_disk()
        self._note_plan(Journal.read(self.folder))

    def _note_plan(self, journal: Journal) -> None:
        """Write into the journal what is being made."""
        plan = self.plan
        journal.now(made_from=plan.digest(), source=plan.source, build=plan.build, proved=False).write(self.folder)

    def _weights(self) -> None:
        self.tools.install(read_requirements(self.plan.weights), self.plan.weights.name)

    def _proof(self) -> None:
        """Prove that the engine works: a sum on the device, a search, a match, a raster."""
        proof = proved_engine(self.tools.python, self._tick) if self.plan.prove else {}
        for part, seconds in proof.get("seconds", {}).items():
            self._say(f"{part}: {seconds:.2f} s")
        if failed := proof.get("failed"):
            self._say(f"The engine works on the CPU: {failed['why']}")
        Journal.read(self.folder).now(
            proved=True, proof=proof, size=folder_size(self.folder), version=astroloc_qgis.__version__
        ).write(self.folder)

    def _finish(self) -> Journal:
        """Replace the environment before, if there is one, and remove what the install leaves."""
        root = self.plan.root
        place = root / ENVIRONMENT
        if not self.repair:
            shutil.rmtree(root / OLD, ignore_errors=True)
            self._replace(place, root / OLD)
        for name in (OLD, UNFINISHED, CACHE):
            shutil.rmtree(root / name, ignore_errors=True)
        self.report(STEPS[-1], 1.0, "The engine is ready")
        return Journal.read(place)

    def _replace(self, place: Path, old: Path) -> None:
        """Put the new environment into the place of the one before; on an error that one stays."""
        if place.exists():
            try:
                rename(place, old)
            except PermissionError as error:  # Windows renames no folder of which a program runs
                raise InputError(IN_USE.format(place=place), str(error)) from error
        try:
            rename(self.folder, place)
        except OSError:
            if old.exists() and not place.exists():
                rename(old, place)
            raise

    def _say(self, line: str) -> None:
        self.report(self._stage, self._fraction, line)

    def _tick(self) -> None:
        """Report how much has arrived on the disk, which changes as long as a download goes on.

        Raises:
            Cancelled: by the report.
        """
        before = self._free_before if self._stage == "packages" else self._free_at_stage
        expected = {"tools": TOOLS_BYTES, "packages": self.plan.sizes.disk, "weights": WEIGHTS[1]}
        if self._stage in expected:
            arrived = before - free_bytes(self.plan.root)
            self._fraction = max(self._fraction, share_of(arrived, expected[self._stage] or UNKNOWN_BYTES))
        self.report(self._stage, self._fraction)


def share_of(arrived: int, expected: int) -> float:
    """The share of a download, 0 to 1, which rises with each byte, also after more than expected has arrived."""
    if arrived <= expected:
        return EXPECTED_SHARE * max(0, arrived) / expected
    return 1 - (1 - EXPECTED_SHARE) * expected / arrived
