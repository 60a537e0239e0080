"""Reference imagery: windows of it in any projection, at any scale."""
