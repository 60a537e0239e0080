"""The training data: sources, training places, rendering and overlap of photos and tiles."""
