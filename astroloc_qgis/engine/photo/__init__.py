"""The photo: its pixels and what its file says of it."""
