"""Homographies, projections, working planes, distances and polygons; float64 throughout."""
