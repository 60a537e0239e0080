"""Ring 3: where the plugin meets QGIS's settings, processes, layers and layer sources. No widgets."""
