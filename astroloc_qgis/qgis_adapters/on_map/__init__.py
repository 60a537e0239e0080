"""What lies on the map beside a photo: its CRS where there was none, and the reference below."""
