"""The command line of imagery: the catalogue, what is kept, the cache of tiles."""
