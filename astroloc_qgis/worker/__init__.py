"""Ring 2: the engine in a process of its own, which QGIS talks to in lines of JSON."""
