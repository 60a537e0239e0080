"""Ring 2: the engine in a process of its own, speaking JSON lines."""
