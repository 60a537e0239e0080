"""The Python API: the engine's work on photos as files, numpy arrays or PIL images."""
