"""Ring 3: QGIS's settings, processes, layers and layer sources. No widgets."""
