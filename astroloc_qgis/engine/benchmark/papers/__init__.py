"""The benchmarks of the papers: EarthLoc's dataset, lost in space, and photos of the film era."""
