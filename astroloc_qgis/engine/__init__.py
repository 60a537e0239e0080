"""Ring 1: the science. Knows nothing of QGIS or Qt."""
