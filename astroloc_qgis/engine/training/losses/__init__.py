"""The losses of EarthLoc and AstroLoc, one a file."""
