"""The published retrieval models, EarthLoc and AstroLoc, in plain torch: one part of a network a file."""
