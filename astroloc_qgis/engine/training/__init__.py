"""How the retrieval model is trained: the methods of EarthLoc and AstroLoc, and the run that puts them together."""
