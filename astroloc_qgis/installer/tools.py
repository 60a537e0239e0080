"""pip and uv: the commands and variables with which they install into an environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from astroloc_qgis.installer import child
from astroloc_qgis.installer.causes import explained, is_out_of_reach, may_differ_with_pip
from astroloc_qgis.installer.packages import Requirement, missing, read_requirements, write_requirements
from astroloc_qgis.installer.path_lengths import uv_fits
from astroloc_qgis.installer.places import CACHE, TOOLS, python_of, site_of
from astroloc_qgis.installer.plan import UV, Plan
from astroloc_qgis.installer.socks import socks_variables
from astroloc_qgis.worker.site_packages import damaged

DOWNLOADER = Path(__file__).with_name("download_with_gdal.py")
RETRIES = "2"
TIMEOUT_S = "30"
IMPATIENT = ("--retries", "1", "--timeout", "15")
"""Where another index can serve too, one that does not answer costs half a minute."""


@dataclass(frozen=True)
class PackageTools:
    """pip and uv for one environment.

    Attributes:
        plan: what is installed, and from where.
        folder: the environment.
        say: takes each line that they print.
        tick: called ten times a second; raises to stop.
    """

    plan: Plan
    folder: Path
    say: Callable[[str], None]
    tick: Callable[[], None]

    @property
    def python(self) -> Path:
        """The environment's Python."""
        return python_of(self.folder)

    @property
    def site(self) -> Path:
        """The environment's site-packages."""
        return site_of(self.folder)

    @property
    def uv(self) -> Path | None:
        """The program uv, if it has been installed."""
        path = self.plan.root / TOOLS / "bin" / ("uv.exe" if os.name == "nt" else "uv")
        return path if path.is_file() else None

    def get_pysocks(self) -> None:
        """Install PySocks where pip needs it: behind a SOCKS proxy (see ``socks``).

        Raises:
            InputError: it cannot be downloaded or installed.
        """
        offline = self.plan.wheels is not None
        if offline or not socks_variables(os.environ) or self.works("-I", "-c", "import socks"):
            return
        (wanted,) = read_requirements(self.plan.socks)
        folder = self.plan.root / CACHE / "socks"
        wheel = f"PySocks-{wanted.version}-py3-none-any.whl"
        try:
            self.say(f"Getting {wheel}, with which pip goes through the SOCKS proxy")
            self.run([str(self.python), "-I", str(DOWNLOADER), wheel, str(folder)], quiet=True)
            self.pip(["--require-hashes", "--no-index", "--find-links", str(folder), "-r", str(self.plan.socks)])
        except child.ChildFailed as failure:
            raise explained("get PySocks, with which pip goes through the SOCKS proxy", failure.output) from failure

    def get_uv(self) -> None:
        """Install uv, which installs several times faster than pip; where it cannot be had, pip does it.

        Raises:
            InputError: pip would fail for the same reason.
        """
        if not self.plan.use_uv or self.uv is not None:
            return
        if not uv_fits(self.plan.root):
            self.say("uv's paths would be too long for Windows here: installing with pip, which takes longer")
            return
        target = ["--target", str(self.plan.root / TOOLS), "--upgrade"]
        try:
            self.pip(["--require-hashes", "--no-deps", "-r", str(UV), *target])
        except child.ChildFailed as failure:
            if not may_differ_with_pip(failure.output):
                raise explained("install uv", failure.output) from failure
            self.say("uv cannot be had here: installing with pip, which takes longer")

    def install(self, wanted: list[Requirement], name: str) -> None:
        """Install those of ``wanted`` that are missing or damaged, all checked by their hashes.

        Args:
            wanted: the requirements.
            name: the name of the file that lists the missing ones.

        Raises:
            InputError: a package cannot be installed.
        """
        left = missing(wanted, self.site)
        if not left:
            return
        file = write_requirements(self.folder / f"missing-{name}", left)
        broken = damaged(self.site) & {requirement.name for requirement in left}
        options = ["--require-hashes", "--no-deps", "-r", str(file)]
        if self.uv is not None and self.plan.wheels is None and uv_fits(self.plan.root):
            again = [f"--reinstall-package={name}" for name in sorted(broken)]
            command = [str(self.uv), "pip", "install", "--python", str(self.python), "--no-progress", *options, *again]
            try:
                self.run(command)
            except child.ChildFailed as failure:
                if not may_differ_with_pip(failure.output):
                    raise explained("install the packages", failure.output) from failure
                self.say("uv gave up: trying pip")
            else:
                return
        try:
            self.pip([*options, *(["--force-reinstall"] if broken else [])])
        except child.ChildFailed as failure:
            raise explained("install the packages", failure.output) from failure

    def install_cpu_torch(self) -> bool:
        """Install torch's build for the processor alone from PyTorch's own index, checked by its hash.

        Returns:
            Whether it is there now; where not, the index, or the build in it, is out of reach.

        Raises:
            InputError: it is not the one that is known here, its download broke off, or the disk is full.
        """
        torch = self.plan.cpu.requirement()
        if torch is None:
            return False
        left = missing([torch], self.site)
        if not left:
            return True
        file = write_requirements(self.folder / "missing-torch.txt", left)
        options = ["--require-hashes", "--no-deps", "--no-cache-dir", "-r", str(file)]
        if self.plan.wheels is None:
            options += ["--index-url", self.plan.cpu.index, *IMPATIENT]
        try:
            self.pip([*options, *(["--force-reinstall"] if torch.name in damaged(self.site) else [])])
        except child.ChildFailed as failure:
            if self.plan.wheels is None and is_out_of_reach(failure.output):
                return False
            raise explained("install torch", failure.output) from failure
        return True

    def install_own_torch(self, torch: Requirement) -> None:
        """Install the torch that the user chose, and what it needs; its bytes are not checked by a hash.

        Raises:
            InputError: it cannot be installed.
        """
        options = [torch.text, *(["--index-url", self.plan.index] if self.plan.index else ["--no-deps"])]
        try:
            self.pip(options)
        except child.ChildFailed as failure:
            raise explained("install torch", failure.output) from failure

    def pip(self, options: list[str]) -> str:
        """Run ``pip install``; returns its last lines.

        Raises:
            ChildFailed: it fails.
        """
        command = [str(self.python), "-I", "-m", "pip", "install", "--progress-bar", "off", "--no-input"]
        command += ["--disable-pip-version-check", "--no-warn-script-location", "--only-binary", ":all:"]
        command += ["--retries", RETRIES, "--timeout", TIMEOUT_S, "--cache-dir", str(self.plan.root / CACHE / "pip")]
        if self.plan.wheels is not None:
            command += ["--no-index", "--find-links", str(self.plan.wheels)]
        return self.run([*command, *options])

    def works(self, *arguments: str) -> bool:
        """Whether the environment's Python, run with some arguments, ends well."""
        try:
            child.run([str(self.python), *arguments], os.environ, _ignore, self.tick)
        except child.ChildFailed:
            return False
        return True

    def run(self, command: list[str], *, quiet: bool = False) -> str:
        """Run a program with the variables for pip and uv; returns its last lines.

        Args:
            command: the program and its arguments.
            quiet: whether its lines stay out of the log.

        Raises:
            ChildFailed: it fails.
        """
        environment = dict(os.environ)
        temporary = self.plan.root / CACHE / "tmp"  # on the same disk, whose space has been checked
        temporary.mkdir(parents=True, exist_ok=True)
        environment |= {name: str(temporary) for name in ("TMPDIR", "TEMP", "TMP")}
        environment |= {"UV_CACHE_DIR": str(self.plan.root / CACHE / "uv"), "UV_HTTP_TIMEOUT": TIMEOUT_S}
        environment |= {"UV_NO_CONFIG": "1", "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
        if index := environment.get("PIP_INDEX_URL"):
            environment.setdefault("UV_DEFAULT_INDEX", index)
        environment |= socks_variables(environment)
        return child.run(command, environment, _ignore if quiet else self.say, self.tick)


def _ignore(_line: str) -> None:
    """Take a line that nobody needs."""
