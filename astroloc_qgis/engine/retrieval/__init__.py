"""Retrieval: from a photo to ranked candidates."""
