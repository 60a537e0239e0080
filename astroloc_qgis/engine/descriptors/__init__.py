"""Global descriptors, one file for each model; ``registry`` finds them by name."""
