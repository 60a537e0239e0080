"""Where training reads photos and tiles from, and how it groups them."""
