"""Training of the retrieval model: the methods of EarthLoc and AstroLoc, one a file, and the training run."""
