"""Global descriptors, one file a model; ``registry`` finds them by name."""
