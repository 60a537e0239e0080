"""The WGS84 ellipsoid, for tests that compute on it in their own way."""

A, F = 6_378_137.0, 1 / 298.257223563
"""Equatorial radius in metres, and flattening, of the WGS84 ellipsoid."""
E2 = F * (2 - F)
"""First eccentricity, squared."""
