"""AstroLoc in QGIS's Processing: the toolbox, models, batches and ``qgis_process``."""
