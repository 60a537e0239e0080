"""The simulator of astronaut photos.

Where they look: ``places``; what the camera sees there: ``mosaic``; how it looks: ``appearance`` and ``clouds``; all of
it together: ``photos``.
"""
