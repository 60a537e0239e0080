"""The losses: multi-similarity (EarthLoc), photo-tile pairs (AstroLoc) and InfoNCE, one a file."""
