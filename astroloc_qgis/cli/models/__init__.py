"""``models`` and ``index import``: published models and their index."""
