"""What the desk draws on the map, and its map tools."""
