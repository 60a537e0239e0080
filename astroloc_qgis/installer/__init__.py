"""Makes the engine's environment, in a process of its own on QGIS's Python, with the standard library alone.

It speaks the protocol of the engine process (``worker``), so QGIS starts, watches and cancels both in the same way. It
imports the worker; the worker never imports it.
"""
