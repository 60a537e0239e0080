"""QGIS's side of the engine's process: its Python, its jobs, its log and its reports."""
