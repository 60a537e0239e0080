"""The simulator of astronaut photos.

``places`` draws where photos are taken, ``formats`` their shape, ``mosaic`` renders the ground. ``appearance`` and
``clouds`` give it the appearance of an ordinary photo, ``conditions`` of any: ``near_infrared``, ``snow``, ``light``,
``air``, ``surroundings``. ``photos`` does all of it; ``pinhole_camera`` renders photos of an exact camera.
"""
