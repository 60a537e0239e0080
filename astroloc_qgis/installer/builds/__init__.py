"""The builds of torch: which there are, how large the engine is with each, and which one this machine gets."""
