"""A thin stand-in for QGIS 4's Python package: Qt 6 as QGIS hands it on, and the few names of QGIS that are needed.

There is no QGIS 4 to install here, and this is none: it shows whether our widgets, models, drawing, map tools and the
engine process work on Qt 6, and says nothing about the rendering, layers and projects of QGIS 4.
"""
