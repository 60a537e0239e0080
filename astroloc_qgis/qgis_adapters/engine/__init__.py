"""QGIS's side of the engine process and the installer: their Python, jobs, log, network settings and caches."""
