"""Model weights: found in packages, fetched or made here, and always checked."""
