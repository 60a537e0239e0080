"""The benchmark of indexes at size: synthetic descriptors, every storage, and what a search in each costs."""
