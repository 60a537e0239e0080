"""The commands ``benchmark ...``, one protocol a file."""
