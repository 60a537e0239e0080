"""Georeferencing: from a homography to the files of one photo."""
