"""The simulator of astronaut photos.

``places`` draws where photos are taken, ``mosaic`` renders the ground, ``appearance`` and ``clouds`` give it the
appearance of a photo, ``photos`` does all of it; ``pinhole_camera`` renders photos of an exact camera.
"""
