"""Makes the engine's environment, in a process of its own that runs on QGIS's Python; standard library only.

Like the engine's process (``worker``) it speaks JSON lines, so that QGIS's side starts, watches, cancels and outlives
it in the same way.
"""
