"""Qt 6 under the names by which QGIS 4 hands it on; what QGIS adds for old plugins is left out."""
