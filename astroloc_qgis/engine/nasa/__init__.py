"""NASA's database of astronaut photos: what it says of a photo, by its number, and the picture itself."""
