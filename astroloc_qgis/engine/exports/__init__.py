"""Writing results: the warped photo, its footprint, its tie points and a preview. One format a file."""
