"""The index of database descriptors: planned, built, stored and searched."""
