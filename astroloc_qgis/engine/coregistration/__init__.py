"""Registration as in EarthMatch: from a candidate to a homography."""
