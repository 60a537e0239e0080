"""Imagery of a service that is kept on this computer whole, as one MBTiles file, and read in the service's place."""
